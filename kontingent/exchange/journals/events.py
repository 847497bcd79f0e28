"""What the room records in the journal of acts about sources; batches are recorded by ``performance``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kontingent.audit.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceMade(Event):
    """Somebody made a source: from now on the register fetches for its journal."""

    kind: ClassVar[str] = "sources.made"
    title: ClassVar[str] = "Создан источник журнала"
    source: str
    adapter: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceChanged(Event):
    """Somebody changed how, how often or whether a source is read."""

    kind: ClassVar[str] = "sources.changed"
    title: ClassVar[str] = "Изменён источник журнала"
    source: str
    fields: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingKept(Event):
    """A version of a mapping was kept, or an earlier one taken up again."""

    kind: ClassVar[str] = "sources.mapping_kept"
    title: ClassVar[str] = "Сохранено описание файлов журнала"
    source: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAsked(Event):
    """Somebody asked for a run, or for the refused rows to be taken again."""

    kind: ClassVar[str] = "sources.run_asked"
    title: ClassVar[str] = "Запрошено чтение источника журнала"
    source: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLeft(Event):
    """Somebody put a file into the folder of a source."""

    kind: ClassVar[str] = "sources.file_left"
    title: ClassVar[str] = "Передан файл журнала"
    source: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnersNamed(Event):
    """Learners whom a file calls by class and name were found in that class; the subjects are they."""

    kind: ClassVar[str] = "sources.learners_named"
    title: ClassVar[str] = "Ученики журнала узнаны по классу и имени"
    source: str
