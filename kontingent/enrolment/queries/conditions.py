"""How learners study, for the pages and for the import: a class on a day, one enrolment through time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from kontingent.enrolment.models import Group, StudyCondition
from kontingent.enrolment.queries.learners import ListRow, class_list
from kontingent.enrolment.rules.conditions import BLANK, StudyFacts
from kontingent.enrolment.rules.timeline import Span
from kontingent.kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class Condition:
    """How one learner studies: through time, on the day asked for, and the number of the newest record."""

    spans: tuple[Span[StudyFacts], ...] = ()
    facts: StudyFacts = BLANK
    seen: int = 0


NOTHING = Condition()


@dataclass(frozen=True, slots=True)
class ClassConditions:
    """A class with how each of its learners studies on a day."""

    group: Group
    rows: list[tuple[ListRow, Condition]]

    @property
    def is_empty(self) -> bool:
        """True when nothing has been recorded of anybody."""
        return all(condition.seen == 0 for _, condition in self.rows)


def conditions_of(enrolment_ids: Collection[UUID], on: date) -> dict[UUID, Condition]:
    """Return what is recorded of enrolments, in one statement; who is absent has nothing recorded.

    Whether the actor may know is asked by the caller, who has the enrolments from a query of the actor's.
    """
    found: dict[UUID, list[StudyCondition]] = {}
    rows = StudyCondition.objects.filter(enrolment_id__in=list(enrolment_ids), superseded_at__isnull=True)
    for row in rows.order_by("starts_on"):
        found.setdefault(row.enrolment_id, []).append(row)
    return {enrolment_id: _condition(parts, on) for enrolment_id, parts in found.items()}


def _condition(rows: list[StudyCondition], on: date) -> Condition:
    spans = tuple(Span(row.starts_on, row.ends_on, _facts(row)) for row in rows)
    facts = next((span.facts for span in spans if span.holds(on)), BLANK)
    return Condition(spans, facts, max(row.id for row in rows))


def _facts(row: StudyCondition) -> StudyFacts:
    values: list[Any] = [getattr(row, name) for name in StudyFacts._fields[1:]]
    return StudyFacts(tuple(row.foreign_languages), *values)


def class_conditions(actor: Actor, group_id: UUID, on: date) -> ClassConditions:
    """Return a class and how its learners study on a day, by name."""
    group, rows = class_list(actor, group_id, on)
    known = conditions_of([row.enrolment_id for row in rows], on)
    return ClassConditions(group, [(row, known.get(row.enrolment_id, NOTHING)) for row in rows])
