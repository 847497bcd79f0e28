"""Records as a journal would have delivered them, written straight into the tables."""

from __future__ import annotations

import itertools
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from kontingent.enrolment.models import Group
from kontingent.kernel import clock
from kontingent.kernel.school_year import SchoolYear
from kontingent.performance import actions
from kontingent.performance.models import Attendance, Journal, Lesson, Mark, PeriodMark

_numbers = itertools.count(1)


def journal() -> Journal:
    """The journal that all records come from."""
    made, _ = Journal.objects.get_or_create(
        code="epos",
        defaults={"title": "Журнал", "client_code": "client:epos", "created_at": clock.now()},
    )
    return made


def _record(at: Group, day: date, subject: str, attributes: dict[str, Any]) -> dict[str, Any]:
    year = SchoolYear.of(day).begins_in
    actions.make_years(year)
    return {
        "journal_id": journal().id, "external_id": f"r{next(_numbers):06}", "school_year": year, "organisation_id": at.organisation_id,
        "group_id": at.id, "subject_code": subject, "version": 1, "batch_id": 1, "recorded_at": clock.now(),
    } | attributes  # fmt: skip


def lesson(
    at: Group, day: date, number: int | None, subject: str, topic: str = "", **attributes: Any
) -> Lesson:
    """A lesson of a class."""
    facts = {"held_on": day, "number": number, "topic": topic}
    return Lesson.objects.create(**(_record(at, day, subject, facts) | attributes))


def mark(
    who: UUID, at: Group, day: date, subject: str, value: str = "4", *, weight: str = "1", **attributes: Any
) -> Mark:
    """A current mark of the five-point system."""
    facts = {
        "person_id": who, "given_on": day, "value": value, "score": int(value) if value.isdigit() else None,
        "system_code": 1, "weight": Decimal(weight), "work_code": "answer",
    }  # fmt: skip
    return Mark.objects.create(**(_record(at, day, subject, facts) | attributes))


def absence(who: UUID, at: Group, day: date, subject: str, code: str = "н", **attributes: Any) -> Attendance:
    """The learner was absent or late."""
    facts = {"person_id": who, "held_on": day, "code": code}
    return Attendance.objects.create(**(_record(at, day, subject, facts) | attributes))


def closing(
    who: UUID, at: Group, day: date, subject: str, value: str, *, kind: str = "period", period: str = "1", **attributes: Any
) -> PeriodMark:  # fmt: skip
    """A mark that closes something."""
    facts = {
        "person_id": who, "given_on": day, "kind": kind, "period_code": period, "value": value,
        "score": int(value) if value.isdigit() else None, "system_code": 1,
    }  # fmt: skip
    return PeriodMark.objects.create(**(_record(at, day, subject, facts) | attributes))
