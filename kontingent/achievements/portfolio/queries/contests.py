"""Files of results on their way in (``incoming.queries``), the rows of corrections with what stands."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from kontingent.achievements.incoming.queries import Files
from kontingent.achievements.portfolio.codes import FileKind
from kontingent.achievements.portfolio.models import Achievement, ContestFile, ContestRow
from kontingent.achievements.portfolio.permissions import PortfolioPermission
from kontingent.achievements.portfolio.queries.shown import FIELD
from kontingent.achievements.portfolio.rules import Facts
from kontingent.kernel.actor import Actor
from kontingent.stages import queries as stages

FILES: Final = Files(
    room="portfolio", file=ContestFile, row=ContestRow, field=FIELD, what="загрузка олимпиад и конкурсов"
)


def files(actor: Actor) -> list[ContestFile]:
    """Return the latest files of the actor and of the organisation they work in."""
    actor.require(PortfolioPermission.IMPORT)
    return FILES.latest(actor, list(FileKind))


def file(actor: Actor, file_id: UUID) -> ContestFile:
    """Return a file of the scope."""
    actor.require(PortfolioPermission.IMPORT)
    return FILES.one(actor, file_id, list(FileKind))


def rows(actor: Actor, one: ContestFile, *, outcome: str = "", after: int = 0) -> list[ContestRow]:
    """Return a page of rows in file order, those of corrections with what stands; whom they matched is noted."""
    shown = FILES.rows(actor, one, outcome=outcome, after=after)
    changed = [row.standing_id for row in shown if row.standing_id]
    standing = Achievement.objects.filter(stages.where_open(FIELD), pk__in=changed)
    stands = {each["id"]: each for each in standing.values("id", *Facts._fields)}
    for row in shown:
        row.standing = stands.get(row.standing_id) if row.standing_id else None
    return shown
