"""Успеваемость and качество of a period: by class, subject, school, municipality, each counted by the learner.

Whoever is not of the school sees no figure from which a child could be guessed (``rules.kept_back``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from kontingent.codelists import queries as codelists
from kontingent.enrolment import queries as enrolment
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue
from kontingent.performance import rules
from kontingent.performance.codes import FinalKind, MarkSystem
from kontingent.performance.permissions import PerformancePermission
from kontingent.performance.queries.diary import thresholds
from kontingent.performance.queries.periods import grading_periods
from kontingent.performance.rules import Quality


class By(StrEnum):
    """What a row is."""

    MUNICIPALITY = "municipality"
    SCHOOL = "school"
    CLASS = "class"
    SUBJECT = "subject"


_KEYS = {
    By.MUNICIPALITY: ("o.municipality_id", "u.name", "u.sort_key"),
    By.SCHOOL: ("o.id", "o.short_name", "o.name_key"),
    By.CLASS: ("g.id", "g.title", "g.title_key"),
    By.SUBJECT: ("one.subject_code", "one.subject_code", "one.subject_code"),
}


class Column(NamedTuple):
    """The closing marks that are counted: those of a period, or of the year."""

    code: str
    title: str

    @property
    def of(self) -> tuple[str, str | None]:
        """Kind and period of the marks."""
        return ("year", None) if self.code == FinalKind.YEAR else (FinalKind.PERIOD.value, self.code)


class QualityRow(NamedTuple):
    """One row; ``figures`` is None where they are kept back."""

    key: Any
    title: str
    figures: Quality | None


@dataclass(frozen=True, slots=True)
class QualityTable:
    """Rows, and all of them together; ``kept_back`` says how many rows are not shown, ``fewest`` from how many learners on they are."""

    rows: list[QualityRow]
    total: Quality | None
    kept_back: int
    fewest: int


def columns(school_year: int, on: date) -> list[Column]:
    """Return what can be counted of a school year: its periods begun by a day, and the year; the usual one comes first."""
    periods = [one for one in grading_periods(school_year) if one.starts_on <= on]
    ended = [one for one in periods if one.ends_on <= on]
    over = on >= date(school_year + 1, 5, 1)
    codes = list(dict.fromkeys(one.code for one in periods))
    usual = FinalKind.YEAR.value if over else ended[-1].code if ended else ""
    found = [Column(code, codelists.title("study_period", code)) for code in codes]
    found.append(Column(FinalKind.YEAR.value, codelists.title("final_kind", FinalKind.YEAR.value)))
    return sorted(found, key=lambda one: one.code != usual)


def quality(
    actor: Actor,
    school_year: int,
    column: Column,
    by: By,
    *,
    organisation_id: UUID | None = None,
    municipality_id: UUID | None = None,
    group_grade: int | None = None,
) -> QualityTable:
    """Count the closing marks of a column within the actor's scope, narrowed to a school or a municipality; one statement."""
    actor.require(PerformancePermission.VIEW)
    if not 1990 <= school_year <= 2200:
        raise InvalidValue("performance.school_year", "Такого учебного года нет. Выберите его из списка.")
    kind, period = column.of
    condition, parameters = enrolment.organisations_condition(actor, "m")
    given: list[Any] = [
        MarkSystem.FIVE.value, sorted(rules.UNSATISFACTORY_POINTS), sorted(rules.UNSATISFACTORY_WORDS),
        MarkSystem.FIVE.value, school_year, kind, MarkSystem.HUNDRED.value, *parameters,
    ]  # fmt: skip
    for asked, value in (
        (" AND m.period_code = %s", period),
        (" AND m.organisation_id = %s", organisation_id),
    ):
        if value is not None:
            condition += asked
            given.append(value)
    narrowed = ""
    for asked, narrow in (
        (" AND o.municipality_id = %s", municipality_id),
        (" AND g.grade = %s", group_grade),
    ):
        if narrow is not None:
            narrowed += asked
            given.append(narrow)
    key, title, order = _KEYS[by]
    subject = "m.subject_code" if by is By.SUBJECT else "''"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {key}, {title}, count(*), count(*) FILTER (WHERE NOT bad), count(*) FILTER (WHERE NOT bad AND NOT fair) "
            f"FROM (SELECT m.person_id, m.organisation_id, m.group_id, {subject} AS subject_code, "
            "bool_or(m.system_code = %s AND m.value = ANY(%s) OR m.value = ANY(%s)) AS bad, "
            "bool_or(m.system_code = %s AND m.value = '3') AS fair FROM performance_periodmark m "
            "WHERE m.school_year = %s AND m.kind = %s AND m.system_code <> %s AND m.withdrawn_at IS NULL"
            f"{condition} GROUP BY 1, 2, 3, 4) AS one JOIN organisations_organisation o ON o.id = one.organisation_id "
            "JOIN organisations_municipality u ON u.id = o.municipality_id "
            f"LEFT JOIN enrolment_group g ON g.id = one.group_id WHERE true{narrowed} "
            f"GROUP BY {key}, {title}, {order} ORDER BY {order}",
            given,
        )
        counted = [(row[0], row[1] or "без класса", tuple(row[2:])) for row in cursor.fetchall()]
    if by is By.SUBJECT:
        counted = sorted(
            ((code, codelists.title("subject", code), numbers) for code, _, numbers in counted),
            key=lambda one: one[1],
        )
    return _table(actor, counted, by)


def _table(actor: Actor, counted: list[tuple[Any, str, tuple[int, ...]]], by: By) -> QualityTable:
    lines = thresholds()
    is_own = bool(actor.scope.organisations) and not (actor.scope.municipalities or actor.scope.whole_region)
    hidden = (
        set() if is_own else rules.kept_back({key: numbers[0] for key, _, numbers in counted}, lines.shown)
    )
    rows = [
        QualityRow(key, title, None if key in hidden else rules.shares(*numbers))
        for key, title, numbers in counted
    ]
    sums = [sum(numbers[index] for _, _, numbers in counted) for index in range(3)]
    # A learner has many subjects: their sum is of marks, not of learners, and everybody kept back tells nothing in all.
    few = bool(hidden) and len(hidden) == len([one for one in counted if one[2][0]])
    total = None if by is By.SUBJECT or few else rules.shares(*sums)
    return QualityTable(rows, total, len(hidden), lines.shown)
