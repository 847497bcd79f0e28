"""What the journal records of itself and of refusals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from kontingent.audit.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(Event):
    """Somebody signed in was refused an act or a page; ``code`` says why."""

    kind: ClassVar[str] = "audit.refused"
    title: ClassVar[str] = "Отказ в доступе или в действии"

    code: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalSearched(Event):
    """The security officer searched the journal or took rows out of it."""

    kind: ClassVar[str] = "audit.searched"
    title: ClassVar[str] = "Просмотр журнала"

    filters: dict[str, str]
    exported: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthArchived(Event):
    """A month was written out for the archive."""

    kind: ClassVar[str] = "audit.month_archived"
    title: ClassVar[str] = "Месяц журнала выгружен в архив"

    month: date
    rows: int
    digest: str
    detached: bool
