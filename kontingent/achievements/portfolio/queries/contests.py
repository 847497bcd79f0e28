"""Files of results on their way in: the latest, why rows were refused and how often, the rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Q

from kontingent.achievements.files import is_reached
from kontingent.achievements.portfolio.models import Achievement, ContestFile, ContestRow
from kontingent.achievements.portfolio.permissions import PortfolioPermission
from kontingent.achievements.portfolio.rules import Facts
from kontingent.audit import reads
from kontingent.audit.reads import ReadKind
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotFound

PAGE = 100


class Cause(NamedTuple):
    """All rows refused for one reason: what, how many, an example, the first lines."""

    field: str
    message: str
    number: int
    value: str
    lines: str


def files(actor: Actor) -> list[ContestFile]:
    """Return the latest files of the actor and of the organisation they work in."""
    actor.require(PortfolioPermission.IMPORT)
    asked = Q(sent_by=actor.code)
    if actor.organisation_id is not None:
        asked |= Q(organisation_id=actor.organisation_id)
    return list(ContestFile.objects.filter(asked).order_by("-created_at")[:PAGE])


def file(actor: Actor, file_id: UUID) -> ContestFile:
    """Return a file of the scope."""
    actor.require(PortfolioPermission.IMPORT)
    one = ContestFile.objects.filter(pk=file_id).first()
    if one is None or not is_reached(actor, one):
        raise NotFound("portfolio.no_such_file", "Такой загрузки нет.")
    return one


def causes(one: ContestFile) -> list[Cause]:
    """Return why rows were refused, the most frequent first; what differs in the line it points to alone is one cause."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p->>0, regexp_replace(p->>3, 'в строке [0-9]+', 'в другой строке'), count(*), min(p->>1), (array_agg(r.line ORDER BY r.id))[1:5] "
            "FROM portfolio_contestrow r CROSS JOIN jsonb_array_elements(r.problems) p WHERE r.delivery_id = %s GROUP BY 1, 2 ORDER BY 3 DESC, 2 LIMIT 200",
            [one.id],
        )
        return [
            Cause(field, message, number, value, ", ".join(map(str, lines)))
            for field, message, number, value, lines in cursor.fetchall()
        ]


def rows(actor: Actor, one: ContestFile, *, outcome: str = "", after: int = 0) -> list[ContestRow]:
    """Return a page of rows in file order, those of corrections with what stands; whom they matched is noted."""
    found = ContestRow.objects.filter(delivery=one, pk__gt=after)
    if outcome == "refused":
        found = found.filter(outcome__in=["refused", "unread"])
    elif outcome:
        found = found.filter(outcome=outcome)
    shown = list(found.order_by("pk")[:PAGE])
    stands = {
        each["id"]: each
        for each in Achievement.objects.filter(
            pk__in=[row.standing_id for row in shown if row.standing_id]
        ).values("id", *Facts._fields)
    }
    for row in shown:
        row.standing = stands.get(row.standing_id) if row.standing_id else None
    named = [row.person_id for row in shown if row.person_id]
    reads.note(actor, ReadKind.COMPARE, named, object_id=one.id, organisation_id=one.organisation_id, what="загрузка олимпиад и конкурсов")  # fmt: skip
    return shown


def refused_rows(actor: Actor, one: ContestFile) -> Iterator[ContestRow]:
    """Yield the refused rows in file order; whom they matched is noted."""
    found = ContestRow.objects.filter(delivery=one, outcome__in=["refused", "unread"])
    named = [each for each in found.values_list("person_id", flat=True) if each is not None]
    reads.note(actor, ReadKind.EXPORT, named, object_id=one.id, organisation_id=one.organisation_id, what="отклонённые строки загрузки олимпиад и конкурсов")  # fmt: skip
    yield from found.order_by("pk").iterator(chunk_size=2000)
