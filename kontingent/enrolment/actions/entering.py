"""Entering a learner whole (внести ученика целиком): person, representatives, address, contacts, document and the draft of an admission.

Every part is written by the action that writes it elsewhere; one refusal takes all of it back, so that no half of a child is left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple
from uuid import UUID

from django.db import transaction

from kontingent.enrolment.actions.orders import LineDraft, add_lines, draft_order
from kontingent.enrolment.codes import MovementKind, OrderKind
from kontingent.kernel.actor import Actor
from kontingent.organisations import queries as organisations
from kontingent.persons import actions as persons
from kontingent.persons.actions import PersonDraft, RepresentationDraft
from kontingent.persons.permissions import PersonPermission


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperEntry:
    """An identity document as it was typed."""

    kind_code: str
    series: str
    number: str
    issued_on: date | None = None
    issuer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepresentativeEntry:
    """Who represents the learner: somebody known (``adult_id``), or somebody new."""

    adult: PersonDraft
    adult_id: UUID | None = None
    kind_code: str = "1"
    kinship_code: str = ""
    document_kind_code: str = ""
    document_requisites: str = ""
    contacts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnerEntry:
    """All that is known of a learner who comes to an organisation, and the class the draft admits to."""

    person: PersonDraft
    group_id: UUID
    effective_on: date
    representatives: tuple[RepresentativeEntry, ...] = ()
    addresses: Mapping[str, str] = field(default_factory=dict)
    contacts: tuple[tuple[str, str], ...] = ()
    document: PaperEntry | None = None
    order_number: str = ""
    order_dated: date | None = None
    order_basis: str = ""


class Entered(NamedTuple):
    """What came of it."""

    person_id: UUID
    order_id: UUID


@transaction.atomic
def enter_learner(*, actor: Actor, organisation_id: UUID, entry: LearnerEntry) -> Entered:
    """Write all of it, or nothing. The caller has matched the learner and each new adult first (ADR 0009)."""
    organisation = organisations.get(organisation_id)
    actor.require(
        PersonPermission.EDIT, organisation_id=organisation.id, municipality_id=organisation.municipality_id
    )
    person_id = persons.create_person(actor=actor, draft=entry.person)
    for one in entry.representatives:
        _represent(actor, person_id, one)
    for kind_code, text in entry.addresses.items():
        persons.set_address(actor=actor, person_id=person_id, kind_code=kind_code, text=text)
    _contacts(actor, person_id, entry.contacts)
    if (paper := entry.document) is not None:
        persons.add_document(
            actor=actor, person_id=person_id, kind_code=paper.kind_code, series=paper.series, number=paper.number,
            issued_on=paper.issued_on, issuer=paper.issuer,
        )  # fmt: skip
    order = draft_order(
        actor=actor, organisation_id=organisation_id, kind=OrderKind.ADMISSION, number=entry.order_number,
        dated=entry.order_dated, basis=entry.order_basis,
    )  # fmt: skip
    line = LineDraft(
        person_id=person_id,
        kind=MovementKind.ADMISSION,
        effective_on=entry.effective_on,
        group_id=entry.group_id,
    )
    add_lines(actor=actor, order_id=order.id, lines=[line])
    return Entered(person_id, order.id)


def _represent(actor: Actor, child_id: UUID, one: RepresentativeEntry) -> None:
    if one.adult_id is None:
        adult_id = persons.create_person(actor=actor, draft=one.adult)
    else:
        adult_id = one.adult_id
        persons.introduce(actor=actor, person_ids=[adult_id], basis="Выбран представителем ребёнка")
    persons.add_representation(
        actor=actor,
        draft=RepresentationDraft(
            child_id=child_id, adult_id=adult_id, kind_code=one.kind_code, kinship_code=one.kinship_code,
            document_kind_code=one.document_kind_code, document_requisites=one.document_requisites,
        ),
    )  # fmt: skip
    _contacts(actor, adult_id, one.contacts)


def _contacts(actor: Actor, person_id: UUID, contacts: tuple[tuple[str, str], ...]) -> None:
    for kind_code, value in contacts:
        persons.add_contact(actor=actor, person_id=person_id, kind_code=kind_code, value=value)
