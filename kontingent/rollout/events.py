"""What the room records in the journal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from kontingent.audit.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSet(Event):
    """The ministry set the plan of a stage for a territory (``basis``: by which order)."""

    kind: ClassVar[str] = "rollout.plan_set"
    title: ClassVar[str] = "Установлен план внедрения"

    stage: str
    municipality: str
    due_on: date
    target: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanWithdrawn(Event):
    """The ministry withdrew the plan of a stage for a territory."""

    kind: ClassVar[str] = "rollout.plan_withdrawn"
    title: ClassVar[str] = "Снят план внедрения"

    stage: str
    municipality: str
