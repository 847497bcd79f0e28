"""What the room records in the journal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kontingent.audit.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class FormMoved(Event):
    """A form went from one state to another: checked, signed, accepted, returned, frozen, reopened."""

    kind: ClassVar[str] = "report.moved"
    title: ClassVar[str] = "Форма статистики: новое состояние"

    form: str
    year: int
    state: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FormsPrepared(Event):
    """Forms were counted: one organisation's, or those of many at once."""

    kind: ClassVar[str] = "report.prepared"
    title: ClassVar[str] = "Форма статистики сформирована"

    form: str
    year: int
    organisations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CellsEntered(Event):
    """Cells that the register does not know were entered by hand."""

    kind: ClassVar[str] = "report.entered"
    title: ClassVar[str] = "Форма статистики: введены данные"

    form: str
    year: int
    cells: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlExplained(Event):
    """A failed control was explained."""

    kind: ClassVar[str] = "report.explained"
    title: ClassVar[str] = "Форма статистики: пояснение к контролю"

    form: str
    year: int
    control: str
