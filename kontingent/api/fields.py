"""What of an organisation, of a place and of a learner goes out. A learner's fields come in groups, one a scope."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from kontingent.access.machines.rules import SCOPES, MachineScope
from kontingent.enrolment.models import Placement
from kontingent.organisations.models import Organisation
from kontingent.persons.queries import PersonFacts
from kontingent.reports import editions
from kontingent.reports.models import Report
from kontingent.reports.rules.cells import read as cells_of

Schema = Mapping[str, Any]
T = TypeVar("T")
_TEXT: Schema = {"type": "string"}
_ID: Schema = {"type": "string", "format": "uuid"}
_DAY: Schema = {"type": "string", "format": "date"}
_DAY_OR_NOT: Schema = {"type": ["string", "null"], "format": "date"}


def _of_list(list_name: str) -> Schema:
    return {"type": "string", "description": f"код справочника {list_name}"}


@dataclass(frozen=True, slots=True)
class Field(Generic[T]):
    """One field: its name outside, its schema, and how it is read."""

    name: str
    schema: Schema
    read: Callable[[T], Any]


ORGANISATION: tuple[Field[Organisation], ...] = (
    Field("id", _ID, lambda one: str(one.id)),
    Field("ogrn", _TEXT, lambda one: one.ogrn),
    Field("inn", _TEXT, lambda one: one.inn),
    Field("kpp", _TEXT, lambda one: one.kpp),
    Field("full_name", _TEXT, lambda one: one.full_name),
    Field("short_name", _TEXT, lambda one: one.short_name),
    Field(
        "parent",
        {"type": ["string", "null"], "format": "uuid"},
        lambda one: one.parent_id and str(one.parent_id),
    ),
    Field(
        "municipality",
        {"type": "string", "description": "код муниципалитета"},
        lambda one: one.municipality.code,
    ),
    Field("type", _of_list("organisation_type"), lambda one: one.type_code),
    Field("status", _of_list("organisation_status"), lambda one: one.status_code),
    Field("opened_on", _DAY_OR_NOT, lambda one: one.opened_on),
    Field("closed_on", _DAY_OR_NOT, lambda one: one.closed_on),
    Field("actual_address", _TEXT, lambda one: one.actual_address),
    Field("phone", _TEXT, lambda one: one.phone),
    Field("email", _TEXT, lambda one: one.email),
    Field("site", _TEXT, lambda one: one.site),
)

PLACE: tuple[Field[Placement], ...] = (
    Field("organisation", _ID, lambda one: str(one.organisation_id)),
    Field("ogrn", _TEXT, lambda one: one.organisation.ogrn),
    Field(
        "group",
        {"type": ["string", "null"], "format": "uuid"},
        lambda one: one.group_id and str(one.group_id),
    ),
    Field("group_title", _TEXT, lambda one: one.group.title if one.group else ""),
    Field("grade", {"type": ["integer", "null"]}, lambda one: one.grade),
    Field("programme_kind", _of_list("education_programme"), lambda one: one.programme_kind_code),
    Field("study_form", _of_list("study_form"), lambda one: one.study_form_code),
    Field("state", _of_list("learner_state"), lambda one: one.state),
    Field("is_main", {"type": "boolean"}, lambda one: one.is_main),
    Field("starts_on", _DAY, lambda one: one.starts_on),
)


@dataclass(frozen=True, slots=True)
class Learner:
    """All that is known of a learner before the fields are chosen."""

    facts: PersonFacts
    places: Sequence[Placement]


def _rows(**properties: Schema) -> Schema:
    return {
        "type": "array",
        "items": {"type": "object", "required": list(properties), "properties": properties},
    }


#: The first group makes a learner; the others are added by their scopes. Nothing else ever goes out.
LEARNER: dict[MachineScope, tuple[Field[Learner], ...]] = {
    MachineScope.LEARNERS: (
        Field("id", _ID, lambda one: str(one.facts.person.id)),
        Field("family_name", _TEXT, lambda one: one.facts.person.family_name),
        Field("given_name", _TEXT, lambda one: one.facts.person.given_name),
        Field("patronymic", _TEXT, lambda one: one.facts.person.patronymic),
        Field("birth_date", _DAY_OR_NOT, lambda one: one.facts.person.birth_date),
        Field("sex", _of_list("sex"), lambda one: one.facts.person.sex),
        Field(
            "places",
            {"type": "array", "items": {"$ref": "#/components/schemas/Place"}},
            lambda one: [written(PLACE, place) for place in one.places],
        ),
    ),
    MachineScope.SNILS: (
        Field(
            "snils", {"type": ["string", "null"], "pattern": r"^\d{11}$"}, lambda one: one.facts.person.snils
        ),
    ),
    MachineScope.DOCUMENTS: (
        Field(
            "documents",
            _rows(
                kind=_of_list("identity_document"), series=_TEXT, number=_TEXT, issued_on=_DAY_OR_NOT, issuer=_TEXT,
                issuer_code=_TEXT, valid_to=_DAY_OR_NOT, is_current={"type": "boolean"},
            ),
            lambda one: [
                {
                    "kind": document.kind_code, "series": document.series, "number": document.number,
                    "issued_on": document.issued_on, "issuer": document.issuer, "issuer_code": document.issuer_code,
                    "valid_to": document.valid_to, "is_current": document.is_current,
                }
                for document in one.facts.documents
            ],
        ),
    ),
    MachineScope.ADDRESSES: (
        Field(
            "addresses",
            _rows(kind=_of_list("address_kind"), text=_TEXT, postal_code=_TEXT, starts_on=_DAY_OR_NOT),
            lambda one: [
                {
                    "kind": address.kind_code, "text": address.text, "postal_code": address.postal_code,
                    "starts_on": address.starts_on,
                }
                for address in one.facts.addresses
            ],
        ),
    ),
    MachineScope.CONTACTS: (
        Field(
            "contacts",
            _rows(kind=_of_list("contact_kind"), value=_TEXT),
            lambda one: [{"kind": contact.kind_code, "value": contact.value} for contact in one.facts.contacts],
        ),
    ),
}  # fmt: skip


def written(fields: Iterable[Field[T]], one: T) -> dict[str, Any]:
    """Return fields of a thing by name."""
    return {field.name: field.read(one) for field in fields}


def learner(one: Learner, scopes: frozenset[MachineScope]) -> dict[str, Any]:
    """Return what the scopes let out of a learner."""
    return {
        name: value
        for scope, group in LEARNER.items()
        if scope in scopes
        for name, value in written(group, one).items()
    }


def schema(fields: Sequence[Field[Any]]) -> Schema:
    """Return the schema of a thing whose fields are always there."""
    return {
        "type": "object",
        "required": [field.name for field in fields],
        "properties": {field.name: field.schema for field in fields},
    }


def learner_schema() -> Schema:
    """Return the schema of a learner; what a scope adds says so."""
    always, *more = LEARNER.items()
    properties = {field.name: field.schema for field in always[1]}
    for scope, group in more:
        told = f"Только с областью {scope.value}: {SCOPES[scope].title}."
        properties |= {field.name: {**field.schema, "description": told} for field in group}
    return {"type": "object", "required": [field.name for field in always[1]], "properties": properties}


# -- forms ---------------------------------------------------------------------------------------


def report(one: Report) -> dict[str, Any]:
    """Write a form with the cells of its last version, in the order of the blank's addresses."""
    version = one.version
    assert version is not None  # noqa: S101 - the page asks for those that have one
    return {
        "id": str(one.id), "organisation": str(one.organisation_id), "form": one.form, "edition": one.edition,
        "year": one.year, "on": editions.get(one.edition).on(one.year), "state": one.state, "version": version.number,
        "known_at": version.known_at, "digest": version.digest,
        "cells": [{**key._asdict(), "number": number} for key, number in cells_of(version.cells).items()],
    }  # fmt: skip
