"""What the room records in the journal of acts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from kontingent.audit.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalConnected(Event):
    """A journal may deliver."""

    kind: ClassVar[str] = "performance.journal_connected"
    title: ClassVar[str] = "Подключён электронный журнал"
    journal: str
    name: str
    client: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectMapped(Event):
    """A journal's name of a subject was bound to the register's."""

    kind: ClassVar[str] = "performance.subject_mapped"
    title: ClassVar[str] = "Предмет журнала сопоставлен с предметом реестра"
    journal: str
    text: str
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassNamed(Event):
    """A journal's name of a class was bound to the register's class."""

    kind: ClassVar[str] = "performance.class_named"
    title: ClassVar[str] = "Класс журнала сопоставлен с классом реестра"
    journal: str
    text: str
    group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryOpened(Event):
    """A journal may deliver closed periods until a day."""

    kind: ClassVar[str] = "performance.history_opened"
    title: ClassVar[str] = "Журналу разрешена загрузка закрытых периодов"
    journal: str
    until: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodsSet(Event):
    """The study periods of a school year were said, for the region or by an organisation; what stood and what stands now."""

    kind: ClassVar[str] = "performance.periods_set"
    title: ClassVar[str] = "Заданы учебные периоды"
    school_year: int
    before: list[dict[str, str]]
    after: list[dict[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchTaken(Event):
    """A journal delivered a batch; ``outcomes`` counts its rows."""

    kind: ClassVar[str] = "performance.batch_taken"
    title: ClassVar[str] = "Принята порция сведений электронного журнала"
    journal: str
    batch: str
    records: str
    school_year: int
    rows: int
    outcomes: Mapping[str, int]
    broken_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LateCorrectionDecided(Event):
    """Somebody accepted or rejected a correction that came after the period was closed."""

    kind: ClassVar[str] = "performance.late_correction_decided"
    title: ClassVar[str] = "Решено о поздней правке отметки"
    records: str
    external_id: str
    accepted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class YearDestroyed(Event):
    """The records of a school year were destroyed, their term having passed."""

    kind: ClassVar[str] = "performance.year_destroyed"
    title: ClassVar[str] = "Уничтожены сведения об успеваемости за учебный год"
    school_year: int
    tables: list[str]
    kept_years: int


@dataclass(frozen=True, slots=True, kw_only=True)
class YearExpired(Event):
    """The term of a school year has passed: its records wait for an act of destruction."""

    kind: ClassVar[str] = "performance.year_expired"
    title: ClassVar[str] = (
        "Истёк срок хранения сведений об успеваемости за учебный год, нужен акт об уничтожении"
    )
    school_year: int
    tables: list[str]
    kept_years: int
