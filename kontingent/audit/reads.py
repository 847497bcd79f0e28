"""Reads of personal data: noted by the queries that return people, written in one batch when the request ends.

A query of any room that returns people calls ``note``. Inside a request the note waits (``context.within``); the journal
middleware writes all of them with one statement before the answer leaves. Outside a request it is written at once.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from kontingent.audit import context, writing
from kontingent.audit.models import Entry
from kontingent.kernel.actor import Actor


class ReadKind(StrEnum):
    """How people were shown; the value is the kind of the journal's row."""

    CARD = "read.card"
    RELATIVE = "read.relative"
    LIST = "read.list"
    SEARCH = "read.search"
    EXPORT = "read.export"
    FAMILY = "read.family"
    API = "read.api"
    COMPARE = "read.compare"
    HEALTH = "read.health"


TITLES = {
    ReadKind.CARD: "Открыта карточка",
    ReadKind.RELATIVE: "Показан в карточке родственника",
    ReadKind.LIST: "Показан список",
    ReadKind.SEARCH: "Показан результат поиска",
    ReadKind.EXPORT: "Выгружен файл",
    ReadKind.FAMILY: "Семья открыла свои сведения",
    ReadKind.API: "Сведения переданы внешней системе",
    ReadKind.HEALTH: "Показаны сведения о здоровье",
    ReadKind.COMPARE: "Показано сопоставление с записями реестра",
}


@dataclass(frozen=True, slots=True)
class Read:
    """One look at some people."""

    actor: Actor
    kind: ReadKind
    subjects: tuple[UUID, ...]
    object_id: UUID | None
    organisation_id: UUID | None
    what: str
    purpose: str


def note(
    actor: Actor,
    kind: ReadKind,
    subjects: Collection[UUID],
    *,
    object_id: UUID | None = None,
    organisation_id: UUID | None = None,
    what: str = "",
    purpose: str = "",
) -> None:
    """Note that these people were shown to the actor; nothing when nobody was.

    ``what`` says in a few words what was opened («класс 5А»); never names or numbers of people. ``purpose`` stands for
    that of the role where this look has one of its own.
    """
    if not subjects:
        return
    read = Read(
        actor,
        kind,
        tuple(dict.fromkeys(subjects)),
        object_id,
        organisation_id,
        what,
        purpose or actor.purpose,
    )
    request = context.current()
    if request is None:
        write([read])
    else:
        request.reads.append(read)


def flush(request: context.Request) -> int:
    """Write what waits in a request and return how many rows that were."""
    waiting, request.reads = request.reads, []
    write(waiting)
    return len(waiting)


def write(reads: Collection[Read]) -> None:
    """Write reads in one statement."""
    writing.write(
        [
            Entry(
                kind=read.kind.value,
                **writing.actor_fields(read.actor, organisation_id=read.organisation_id)
                | {"purpose": read.purpose},
                subjects=list(read.subjects),
                object_id=read.object_id,
                basis="",
                data={
                    name: said for name, said in (("what", read.what), ("place", read.actor.place)) if said
                },
            )
            for read in reads
        ]
    )
