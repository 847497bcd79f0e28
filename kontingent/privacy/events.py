"""What the room records in the journal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from kontingent.audit.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionAsked(Event):
    """A family asked why their data were looked at."""

    kind: ClassVar[str] = "privacy.question_asked"
    title: ClassVar[str] = "Вопрос о просмотре сведений"

    due_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionAnswered(Event):
    """A question was answered."""

    kind: ClassVar[str] = "privacy.question_answered"
    title: ClassVar[str] = "Ответ на вопрос о просмотре сведений"

    in_time: bool
