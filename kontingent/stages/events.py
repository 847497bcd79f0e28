"""What the room records in the journal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from kontingent.audit.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class _StageOrdered(Event):
    stage: str
    municipality: str
    starts_on: date
    order_number: str
    order_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class StageOpened(_StageOrdered):
    """An order opened a stage for a territory from a day on."""

    kind: ClassVar[str] = "stages.opened"
    title: ClassVar[str] = "Открыт этап"


@dataclass(frozen=True, slots=True, kw_only=True)
class StageClosed(_StageOrdered):
    """An order closed a stage for a territory from a day on."""

    kind: ClassVar[str] = "stages.closed"
    title: ClassVar[str] = "Закрыт этап"
