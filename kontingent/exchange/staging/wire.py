"""A learner's row as JSON in the staging table, and back; the actor as JSON for the worker."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from kontingent.exchange.spreadsheets.rows import AdultRow, DocumentRow, LearnerRow
from kontingent.health.cipher import Sealed, cipher
from kontingent.health.codes import Kind
from kontingent.health.rules import Details, Record
from kontingent.kernel.actor import Actor
from kontingent.kernel.scope import Scope

_HEALTH = b"staging"
_DATES = ("birth_date", "admission_date", "order_date", "left_on")
_PLAIN = (
    "family_name", "given_name", "patronymic", "birth_place", "sex", "snils", "citizenship_code", "country_code", "phone",
    "grade", "letter", "order_number", "left_to", "left_order", "external_id",
)  # fmt: skip


def to_json(row: LearnerRow) -> dict[str, Any]:
    """Return a row as JSON; empty values are left out."""
    data: dict[str, Any] = {name: value for name in _PLAIN if (value := getattr(row, name))}
    for name in _DATES:
        if value := getattr(row, name):
            data[name] = value.isoformat()
    if row.addresses:
        data["addresses"] = row.addresses
    if row.conditions:
        data["conditions"] = row.conditions
    if row.health:
        sealed = cipher().seal(json.dumps([_told(one) for one in row.health]).encode(), about=_HEALTH)
        data["health"] = [sealed.key_id, base64.b64encode(sealed.blob).decode()]
    if row.documents:
        data["documents"] = [
            [d.kind_code, d.series, d.number, d.issued_on and d.issued_on.isoformat(), d.issuer]
            for d in row.documents
        ]
    if row.adults:
        data["adults"] = [
            [
                a.family_name, a.given_name, a.patronymic, a.sex, a.birth_date and a.birth_date.isoformat(), a.snils,
                a.kind_code, a.kinship_code, a.phone, a.document,
            ]
            for a in row.adults
        ]  # fmt: skip
    return data


def from_json(data: Mapping[str, Any]) -> LearnerRow:
    """Return the row kept as JSON."""
    row = LearnerRow(**{name: data[name] for name in _PLAIN if name in data})
    for name in _DATES:
        if name in data:
            setattr(row, name, date.fromisoformat(data[name]))
    row.addresses = dict(data.get("addresses", {}))
    row.conditions = dict(data.get("conditions", {}))
    if "health" in data:
        key_id, text = data["health"]
        told = json.loads(cipher().open(Sealed(key_id, base64.b64decode(text)), about=_HEALTH))
        row.health = [_record(one) for one in told]
    row.documents = [DocumentRow(d[0], d[1], d[2], _day(d[3]), d[4]) for d in data.get("documents", ())]
    row.adults = [
        AdultRow(a[0], a[1], a[2], a[3], _day(a[4]), a[5], a[6], a[7], a[8], a[9])
        for a in data.get("adults", ())
    ]
    return row


def _told(one: Record) -> list[Any]:
    return [
        one.kind.value, one.code, one.starts_on.isoformat(), one.ends_on and one.ends_on.isoformat(), one.category_code, one.reason_code,
        one.variant_code, one.details.document, one.details.issuer, one.details.note,
    ]  # fmt: skip


def _record(told: list[Any]) -> Record:
    kind, code, since, until, category, reason, variant, *details = told
    return Record(
        Kind(kind), code, date.fromisoformat(since), _day(until), category, reason, variant, Details(*details)
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def actor_to_json(actor: Actor) -> dict[str, Any]:
    """Return an actor as JSON, with the permissions and scope of the moment of asking."""
    return {
        "code": actor.code,
        "name": actor.name,
        "role": actor.role,
        "permissions": sorted(actor.permissions),
        "whole_region": actor.scope.whole_region,
        "municipalities": [str(one) for one in actor.scope.municipalities],
        "organisations": [str(one) for one in actor.scope.organisations],
        "post": actor.post,
        "purpose": actor.purpose,
        "place": actor.place,
        "organisation_id": str(actor.organisation_id) if actor.organisation_id else None,
    }


def actor_from_json(data: Mapping[str, Any]) -> Actor:
    """Return the actor kept as JSON."""
    scope = Scope(
        whole_region=data["whole_region"],
        municipalities=frozenset(UUID(one) for one in data["municipalities"]),
        organisations=frozenset(UUID(one) for one in data["organisations"]),
    )
    organisation = UUID(data["organisation_id"]) if data["organisation_id"] else None
    return Actor(
        data["code"],
        data["name"],
        data["role"],
        frozenset(data["permissions"]),
        scope,
        organisation,
        post=data.get("post", ""),
        purpose=data.get("purpose", ""),
        place=data.get("place", ""),
    )
