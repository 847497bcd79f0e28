"""A class and a school by their marks: the sheet of a subject, the class as a whole, who slips, who owes.

Learners come from the contingent, their records by the index of a person's days within the partition of the year; halves
of marks are averaged by PostgreSQL and judged by the same rules as on a learner's own page.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from kontingent.audit import reads
from kontingent.audit.reads import ReadKind
from kontingent.codelists import queries as codelists
from kontingent.enrolment.models import Group
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotFound
from kontingent.kernel.school_year import SchoolYear
from kontingent.organisations import queries as organisations
from kontingent.performance import rules
from kontingent.performance.codes import Absence, FinalKind, MarkSystem
from kontingent.performance.models import Attendance, Lesson, Mark, PeriodMark
from kontingent.performance.permissions import PerformancePermission
from kontingent.performance.queries.diary import closing_marks_of, columns_of, thresholds
from kontingent.performance.rules import Closing, Debt, Halves, Quality, Thresholds, Trend, Weighed

#: A sheet shows at most so many lessons, the latest.
WIDEST = 120


class Learner(NamedTuple):
    """Somebody of a class, as lists name them."""

    person_id: UUID
    name: str
    group_id: UUID | None
    group: str


class SheetLesson(NamedTuple):
    """A column of the sheet."""

    day: date
    number: int | None
    topic: str


class SheetMark(NamedTuple):
    """A mark in a cell of the sheet."""

    value: str
    weight: Decimal
    work_code: str

    @property
    def work(self) -> str:
        """What the mark is for."""
        return codelists.title("work_kind", self.work_code)


@dataclass(slots=True)
class SheetCell:
    """What one learner has of one lesson."""

    marks: list[SheetMark] = field(default_factory=list)
    absences: list[tuple[str, int | None]] = field(default_factory=list)


class SheetRow(NamedTuple):
    """One learner of the sheet."""

    learner: Learner
    cells: list[SheetCell | None]
    average: Decimal | None
    trend: Trend | None
    slips: bool
    absences: int
    closing: dict[str, str]


@dataclass(frozen=True, slots=True)
class ClassSheet:
    """Class × lessons of a subject within some days; ``left_out`` lessons are earlier than those shown."""

    group: Group
    subject_code: str
    lessons: list[SheetLesson]
    rows: list[SheetRow]
    columns: list[tuple[str, str]]
    left_out: int


class Standing(NamedTuple):
    """How a learner does in a subject."""

    mean: Decimal | None
    trend: Trend | None
    slips: bool
    number: int


class ClassRow(NamedTuple):
    """One learner of the class as a whole."""

    learner: Learner
    standings: dict[str, Standing]
    closing: dict[str, str]
    absences: int

    @property
    def slipping(self) -> list[str]:
        """The subjects in which the learner slips."""
        return [code for code, one in self.standings.items() if one.slips]


@dataclass(frozen=True, slots=True)
class ClassResults:
    """Class × subjects: averages of the year so far and, where a column is chosen, its closing marks."""

    group: Group
    subjects: list[str]
    rows: list[ClassRow]
    columns: list[tuple[str, str]]
    column: str
    quality: Quality
    by_subject: dict[str, Quality]


class Slipping(NamedTuple):
    """A learner who slips in a subject."""

    learner: Learner
    subject_code: str
    mean: Decimal
    trend: Trend | None
    number: int


class Owing(NamedTuple):
    """A learner with an academic debt."""

    learner: Learner
    debt: Debt
    mark: str


def subjects_of(group: Group) -> list[str]:
    """Return the subjects that a class has lessons of, by title."""
    found = Lesson.objects.filter(group_id=group.id, school_year=group.school_year, withdrawn_at__isnull=True)
    codes = found.values_list("subject_code", flat=True).distinct().order_by()
    return sorted(codes, key=lambda code: codelists.title("subject", code))


def group_of(actor: Actor, group_id: UUID) -> Group:
    """Return a class whose marks the actor may see."""
    group = Group.objects.select_related("organisation").filter(pk=group_id).first()
    if group is None:
        raise NotFound("performance.no_such_group", "Такого класса нет. Обновите страницу.")
    actor.require(
        PerformancePermission.VIEW,
        organisation_id=group.organisation_id,
        municipality_id=group.organisation.municipality_id,
        group_id=group.id,
    )
    return group


def class_sheet(
    actor: Actor, group_id: UUID, subject_code: str, starts_on: date, ends_on: date, *, as_file: bool = False
) -> ClassSheet:
    """Return the sheet of a class and subject within ``[starts_on, ends_on)``, in six statements."""
    group = group_of(actor, group_id)
    learners = _learners("p.group_id = %s", [group_id], starts_on, ends_on)
    who, year = list(learners), group.school_year
    days = {"subject_code": subject_code, "school_year": year, "withdrawn_at__isnull": True}
    taught = [
        SheetLesson(*row)
        for row in Lesson.objects.filter(
            group_id=group_id, held_on__gte=starts_on, held_on__lt=ends_on, **days
        )
        .order_by("held_on", "number")
        .values_list("held_on", "number", "topic")
    ]
    marks = list(
        Mark.objects.filter(person_id__in=who, given_on__gte=starts_on, given_on__lt=ends_on, **days)
        .order_by("person_id", "given_on", "lesson_number", "external_id")
        .values_list("person_id", "given_on", "lesson_number", "value", "score", "system_code", "weight", "work_code")
    )  # fmt: skip
    absences = list(
        Attendance.objects.filter(person_id__in=who, held_on__gte=starts_on, held_on__lt=ends_on, **days)
        .order_by("held_on", "lesson_number", "external_id")
        .values_list("person_id", "held_on", "lesson_number", "code", "minutes")
    )
    closing = closing_marks_of(who, school_year=year, subject_code=subject_code)
    told = [(one[1], one[2]) for one in marks] + [(one[1], one[2]) for one in absences]
    lessons = _columns(taught, told)
    place = _places(lessons)
    cells: dict[UUID, dict[int, SheetCell]] = defaultdict(lambda: defaultdict(SheetCell))
    weighed: dict[UUID, list[Weighed]] = defaultdict(list)
    missed: dict[UUID, int] = defaultdict(int)
    for person_id, own_marks in groupby(marks, key=itemgetter(0)):
        own, counted = cells[person_id], weighed[person_id]
        for _, day, number, value, score, system, weight, work in own_marks:
            own[place(day, number)].marks.append(SheetMark(value, weight, work))
            if score is not None and system == MarkSystem.FIVE:
                counted.append(Weighed(day, score, weight))
    for person_id, day, number, code, minutes in absences:
        cells[person_id][place(day, number)].absences.append((code, minutes))
        missed[person_id] += code != Absence.LATE
    first, lines = max(0, len(lessons) - WIDEST), thresholds()
    rows = []
    for person_id, learner in learners.items():
        standing = _standing(rules.halves(weighed[person_id]), lines)
        own = cells.get(person_id, {})
        rows.append(
            SheetRow(
                learner, [own.get(index) for index in range(first, len(lessons))], standing.mean, standing.trend,
                standing.slips, missed[person_id], {one.column: one.value for one in closing[person_id]},
            )
        )  # fmt: skip
    columns = columns_of(one for found in closing.values() for one in found)
    subject = codelists.title("subject", subject_code)
    _note(actor, group, who, f"журнал класса {group.title}, {subject}", as_file=as_file)
    return ClassSheet(group, subject_code, lessons[first:], rows, columns, first)


def class_results(
    actor: Actor, group_id: UUID, on: date, *, column: str = "", as_file: bool = False
) -> ClassResults:
    """Return a class by all its subjects: averages of the year, the closing marks of a column, quality; five statements."""
    group = group_of(actor, group_id)
    year = SchoolYear(group.school_year)
    on = min(max(on, year.starts_on), year.ends_on)
    learners = _learners("p.group_id = %s", [group_id], on, None)
    who = list(learners)
    standings = _standings(who, group.school_year)
    closing = closing_marks_of(who, school_year=group.school_year)
    columns = columns_of(one for found in closing.values() for one in found)
    if column not in {code for code, _ in columns}:
        column = columns[-1][0] if columns else ""
    missed: dict[UUID, int] = defaultdict(int)
    found = Attendance.objects.filter(
        person_id__in=who, school_year=group.school_year, withdrawn_at__isnull=True
    )
    for person_id in found.exclude(code=Absence.LATE.value).values_list("person_id", flat=True):
        missed[person_id] += 1
    rows = []
    marks_by_subject: dict[str, list[list[str]]] = defaultdict(list)
    for person_id, learner in learners.items():
        closed = {one.subject_code: one.value for one in closing[person_id] if one.column == column}
        for subject, value in closed.items():
            marks_by_subject[subject].append([value])
        rows.append(ClassRow(learner, standings.get(person_id, {}), closed, missed[person_id]))
    occur = {code for row in rows for code in (*row.standings, *row.closing)}
    _note(actor, group, who, f"успеваемость класса {group.title}", as_file=as_file)
    return ClassResults(
        group, sorted(occur, key=lambda code: codelists.title("subject", code)), rows, columns, column,
        rules.quality([list(row.closing.values()) for row in rows]),
        {subject: rules.quality(marks) for subject, marks in marks_by_subject.items()},
    )  # fmt: skip


def slipping(
    actor: Actor, organisation_id: UUID, on: date, *, grade: int | None = None, as_file: bool = False
) -> list[Slipping]:
    """Return who slips in a school, by class and name; two statements."""
    learners = _of_school(actor, organisation_id, on, grade)
    found = [
        Slipping(learners[person_id], subject, one.mean, one.trend, one.number)
        for person_id, standings in _standings(list(learners), SchoolYear.of(on).begins_in).items()
        for subject, one in standings.items()
        if one.slips and one.mean is not None
    ]
    order = {person_id: number for number, person_id in enumerate(learners)}
    found.sort(key=lambda one: (order[one.learner.person_id], codelists.title("subject", one.subject_code)))
    reads.note(
        actor, ReadKind.EXPORT if as_file else ReadKind.LIST, [one.learner.person_id for one in found],
        object_id=organisation_id, organisation_id=organisation_id, what="кто требует внимания",
    )  # fmt: skip
    return found


def debts(
    actor: Actor, organisation_id: UUID, on: date, *, grade: int | None = None, as_file: bool = False
) -> list[Owing]:
    """Return the academic debts not yet made good of a school's learners (273-ФЗ, art. 58); two statements."""
    learners = _of_school(actor, organisation_id, on, grade)
    marks: dict[UUID, list[Closing]] = defaultdict(list)
    kinds = [FinalKind.YEAR.value, FinalKind.RETAKE.value, FinalKind.EXAM.value]
    rows = PeriodMark.objects.filter(
        person_id__in=list(learners), kind__in=kinds, given_on__lte=on, withdrawn_at__isnull=True
    ).values_list("person_id", "school_year", "subject_code", "kind", "value", "system_code", "given_on")
    for person_id, year, subject, kind, value, system, day in rows:
        marks[person_id].append(Closing(year, subject, FinalKind(kind), value, MarkSystem(system), day))
    found = [
        Owing(learners[person_id], debt, _value_of(marks[person_id], debt))
        for person_id in learners
        for debt in rules.debts(marks[person_id])
        if debt.cleared_on is None
    ]
    reads.note(
        actor, ReadKind.EXPORT if as_file else ReadKind.LIST, [one.learner.person_id for one in found],
        object_id=organisation_id, organisation_id=organisation_id, what="академическая задолженность",
    )  # fmt: skip
    return found


# -- within ------------------------------------------------------------------------------------


def _note(actor: Actor, group: Group, who: Collection[UUID], what: str, *, as_file: bool) -> None:
    reads.note(
        actor, ReadKind.EXPORT if as_file else ReadKind.LIST, who, object_id=group.id, organisation_id=group.organisation_id,
        what=what,
    )  # fmt: skip


def _of_school(actor: Actor, organisation_id: UUID, on: date, grade: int | None) -> dict[UUID, Learner]:
    organisation = organisations.get(organisation_id)
    actor.require(
        PerformancePermission.VIEW,
        organisation_id=organisation.id,
        municipality_id=organisation.municipality_id,
    )
    condition = "p.organisation_id = %s AND p.is_main AND p.grade " + (
        "IS NOT NULL" if grade is None else "= %s"
    )
    return _learners(condition, [organisation_id] if grade is None else [organisation_id, grade], on, None)


def _learners(
    condition: str, parameters: list[Any], starts_on: date, ends_on: date | None
) -> dict[UUID, Learner]:
    """Who is somewhere on a day, or was within some days: by class and name."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.person_id, concat_ws(' ', h.family_name, h.given_name, nullif(h.patronymic, '')), p.group_id, "
            "coalesce(g.title, '') FROM enrolment_placement p JOIN persons_person h ON h.id = p.person_id "
            "LEFT JOIN enrolment_group g ON g.id = p.group_id WHERE p.superseded_at IS NULL AND p.starts_on <= %s "
            f"AND (p.ends_on IS NULL OR p.ends_on > %s) AND {condition} "
            "ORDER BY g.title_key NULLS LAST, h.name_key, h.birth_date, p.starts_on",
            [ends_on or starts_on, starts_on, *parameters],
        )
        return {row[0]: Learner(*row) for row in cursor.fetchall()}


def _columns(taught: list[SheetLesson], told: list[tuple[date, int | None]]) -> list[SheetLesson]:
    """The lessons of a subject, and columns for the days that have marks but no lesson."""
    known = {(one.day, one.number) for one in taught}
    days = {one.day for one in taught}
    bare = {
        (day, number)
        for day, number in told
        if (day, number) not in known and not (number is None and day in days)
    }
    columns = [*taught, *(SheetLesson(day, number, "") for day, number in bare)]
    return sorted(columns, key=lambda one: (one.day, one.number is None, one.number or 0))


def _places(lessons: list[SheetLesson]) -> Any:
    exact = {(one.day, one.number): index for index, one in reversed(list(enumerate(lessons)))}
    by_day = {one.day: index for index, one in reversed(list(enumerate(lessons)))}

    def place(day: date, number: int | None) -> int:
        found = exact.get((day, number))
        return by_day[day] if found is None else found

    return place


def _standing(halved: Halves, lines: Thresholds) -> Standing:
    direction = rules.trend(halved, lines)
    return Standing(halved.mean, direction, rules.slips(halved.mean, direction, lines), halved.number)


def _standings(who: Sequence[UUID], school_year: int) -> dict[UUID, dict[str, Standing]]:
    """How learners do by subject: marks of five points in the order of ``rules.halves``, averaged by PostgreSQL."""
    if not who:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT person_id, subject_code, count(*), round(sum(score * weight) / nullif(sum(weight), 0), 2), "
            "round(sum(score * weight) FILTER (WHERE turn <= half) / nullif(sum(weight) FILTER (WHERE turn <= half), 0), 2), "
            "round(sum(score * weight) FILTER (WHERE turn > half) / nullif(sum(weight) FILTER (WHERE turn > half), 0), 2) "
            "FROM (SELECT person_id, subject_code, score, weight, row_number() OVER (PARTITION BY person_id, subject_code "
            "ORDER BY given_on, lesson_number, external_id) AS turn, count(*) OVER (PARTITION BY person_id, subject_code) / 2 AS half "
            "FROM performance_mark WHERE person_id = ANY(%s) AND school_year = %s AND system_code = %s AND score IS NOT NULL "
            "AND withdrawn_at IS NULL) AS one GROUP BY person_id, subject_code",
            [list(who), school_year, MarkSystem.FIVE.value],
        )
        found: dict[UUID, dict[str, Standing]] = defaultdict(dict)
        lines = thresholds()
        for person_id, subject, number, mean, before, after in cursor.fetchall():
            found[person_id][subject] = _standing(Halves(number, mean, before, after), lines)
        return found


def _value_of(marks: list[Closing], debt: Debt) -> str:
    return next(
        one.mark
        for one in marks
        if (one.year, one.subject, one.kind, one.day) == (debt.year, debt.subject, FinalKind.YEAR, debt.since)
    )
