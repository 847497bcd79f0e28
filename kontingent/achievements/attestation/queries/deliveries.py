"""Files on their way in: the latest, what is wrong and how often, the rows, the refused ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Q

from kontingent.achievements.attestation.bringing import NEEDS
from kontingent.achievements.attestation.codes import DeliveryKind
from kontingent.achievements.attestation.models import DeliveredRow, Delivery
from kontingent.achievements.files import is_reached
from kontingent.audit import reads
from kontingent.audit.reads import ReadKind
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotAllowed, NotFound

PAGE = 100


class Cause(NamedTuple):
    """All rows refused for one reason: what, how many, an example, the first lines."""

    code: str
    field: str
    message: str
    number: int
    value: str
    lines: str


def may_bring(actor: Actor) -> list[DeliveryKind]:
    """Return which files the actor may bring."""
    return [kind for kind, (permission, _) in NEEDS.items() if actor.may(permission)]


def deliveries(actor: Actor) -> list[Delivery]:
    """Return the latest files of the actor and of the organisation they work in."""
    _require_some(actor)
    asked = Q(sent_by=actor.code)
    if actor.organisation_id is not None:
        asked |= Q(organisation_id=actor.organisation_id)
    elif actor.scope.whole_region:
        asked |= Q(organisation__isnull=True)
    return list(Delivery.objects.filter(asked, kind__in=may_bring(actor)).order_by("-created_at")[:PAGE])


def _require_some(actor: Actor) -> None:
    if not may_bring(actor):
        raise NotAllowed("access.no_permission", "Загрузка результатов и документов недоступна вашей роли.")


def delivery(actor: Actor, delivery_id: UUID) -> Delivery:
    """Return a file of the scope."""
    _require_some(actor)
    one = Delivery.objects.filter(pk=delivery_id).first()
    if one is None or DeliveryKind(one.kind) not in may_bring(actor) or not is_reached(actor, one):
        raise NotFound("attestation.no_such_delivery", "Такой загрузки нет.")
    return one


def causes(one: Delivery) -> list[Cause]:
    """Return why rows were refused, the most frequent first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p->>2, p->>0, CASE WHEN p->>2 = 'twice' THEN 'Строка повторяет другую строку файла. Оставьте одну из них.' ELSE p->>3 END, "
            "count(*), min(p->>1), (array_agg(r.line ORDER BY r.id))[1:5] FROM attestation_deliveredrow r "
            "CROSS JOIN jsonb_array_elements(r.problems) p WHERE r.delivery_id = %s GROUP BY 1, 2, 3 ORDER BY 4 DESC, 3 LIMIT 200",
            [one.id],
        )
        return [
            Cause(code, where, message, number, value, ", ".join(map(str, lines)))
            for code, where, message, number, value, lines in cursor.fetchall()
        ]


def rows(actor: Actor, one: Delivery, *, outcome: str = "", after: int = 0) -> list[DeliveredRow]:
    """Return a page of rows in file order; whom they matched is noted."""
    found = DeliveredRow.objects.filter(delivery=one, pk__gt=after)
    if outcome == "refused":
        found = found.filter(outcome__in=["refused", "unread"])
    elif outcome:
        found = found.filter(outcome=outcome)
    shown = list(found.order_by("pk")[:PAGE])
    reads.note(
        actor, ReadKind.COMPARE, [row.person_id for row in shown if row.person_id], object_id=one.id, organisation_id=one.organisation_id, what="загрузка об аттестации",
    )  # fmt: skip
    return shown


def refused_rows(actor: Actor, one: Delivery) -> Iterator[DeliveredRow]:
    """Yield the refused rows in file order; whom they matched is noted."""
    found = DeliveredRow.objects.filter(delivery=one, outcome__in=["refused", "unread"])
    named = [one for one in found.values_list("person_id", flat=True) if one is not None]
    reads.note(actor, ReadKind.EXPORT, named, object_id=one.id, organisation_id=one.organisation_id, what="отклонённые строки загрузки об аттестации")  # fmt: skip
    yield from found.order_by("pk").iterator(chunk_size=2000)
