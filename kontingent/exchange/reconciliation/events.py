"""What the room records in the journal of acts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kontingent.audit.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnerRecognised(Event):
    """Somebody said whose key in a journal it is; the learner is the subject."""

    kind: ClassVar[str] = "reconciliation.learner_recognised"
    title: ClassVar[str] = "Ученик журнала узнан"
    journal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscrepancyDismissed(Event):
    """Somebody said that a discrepancy is none, and why (``basis``)."""

    kind: ClassVar[str] = "reconciliation.dismissed"
    title: ClassVar[str] = "Расхождение с журналом признано несущественным"
    discrepancy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscrepancyReopened(Event):
    """Somebody took a dismissal back."""

    kind: ClassVar[str] = "reconciliation.reopened"
    title: ClassVar[str] = "Расхождение с журналом снова открыто"
    discrepancy: str
