"""What the room records in the journal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from kontingent.audit.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupOpened(Event):
    """A class or group was opened."""

    kind: ClassVar[str] = "enrolment.group_opened"
    title: ClassVar[str] = "Открыт класс (группа)"
    name: str
    school_year: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupChanged(Event):
    """Attributes of a class changed from a day on: ``changes`` maps a field to [old, new]."""

    kind: ClassVar[str] = "enrolment.group_changed"
    title: ClassVar[str] = "Изменены сведения о классе (группе)"
    since: date
    changes: dict[str, list[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyConditionsChanged(Event):
    """How learners study was entered or corrected from a day on: ``changes`` maps a person to {fact: [old, new]}."""

    kind: ClassVar[str] = "enrolment.conditions_changed"
    title: ClassVar[str] = "Изменены условия обучения"
    since: date
    changes: dict[str, dict[str, list[object]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDrafted(Event):
    """A draft was made."""

    kind: ClassVar[str] = "enrolment.order_drafted"
    title: ClassVar[str] = "Создан черновик приказа"
    order_kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLinesChanged(Event):
    """Lines were added to, changed in or taken from a draft."""

    kind: ClassVar[str] = "enrolment.order_lines_changed"
    title: ClassVar[str] = "Изменён состав черновика приказа"
    added: int = 0
    changed: int = 0
    removed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftDiscarded(Event):
    """A draft was thrown away."""

    kind: ClassVar[str] = "enrolment.draft_discarded"
    title: ClassVar[str] = "Удалён черновик приказа"
    order_kind: str
    lines: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSigned(Event):
    """An order was signed and its movements took effect."""

    kind: ClassVar[str] = "enrolment.order_signed"
    title: ClassVar[str] = "Подписан приказ"
    order_kind: str
    number: str
    dated: date
    lines: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancelled(Event):
    """A signed order was cancelled with its movements."""

    kind: ClassVar[str] = "enrolment.order_cancelled"
    title: ClassVar[str] = "Отменён приказ"
    order_kind: str
    number: str
    reason: str
    lines: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnerFactsProjected(Event):
    """Placements were written anew after a correction of the learner's sex or birth date."""

    kind: ClassVar[str] = "enrolment.learner_facts_projected"
    title: ClassVar[str] = "Пересчитаны периоды после исправления данных ученика"
    placements: int
