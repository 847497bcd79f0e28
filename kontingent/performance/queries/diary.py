"""A learner's studies: the diary of some days, the results of a school year, the closing marks of all years.

Whoever shows how a learner does reads it here: the pages, the printed ведомость, the service of ЕПГУ. Each reading costs a
fixed number of statements, names the school years it is about, so that PostgreSQL opens their partitions alone, and goes by
the index of a person's days.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Q

from kontingent.audit import reads
from kontingent.audit.reads import ReadKind
from kontingent.codelists import queries as codelists
from kontingent.enrolment import queries as enrolment
from kontingent.enrolment.models import Placement
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue, NotAllowed
from kontingent.kernel.school_year import SchoolYear
from kontingent.performance import rules
from kontingent.performance.codes import Absence, FinalKind, MarkSystem
from kontingent.performance.models import Attendance, Lesson, Mark, PeriodMark
from kontingent.performance.permissions import PerformancePermission
from kontingent.performance.rules import Trend, Weighed

#: A diary is asked for at most so many days at once: a quarter and its holidays.
LONGEST = 100


class GivenMark(NamedTuple):
    """A current mark with everything a family is told of it."""

    day: date
    lesson_number: int | None
    lesson_key: str
    subject_code: str
    value: str
    score: int | None
    system_code: int
    weight: Decimal
    work_code: str
    comment: str

    @property
    def subject(self) -> str:
        """The subject in words."""
        return codelists.title("subject", self.subject_code)

    @property
    def system(self) -> str:
        """The system of marks in words."""
        return codelists.title("mark_system", str(self.system_code))

    @property
    def work(self) -> str:
        """What the mark is for."""
        return codelists.title("work_kind", self.work_code)


class AttendanceNote(NamedTuple):
    """The learner was absent or late."""

    day: date
    lesson_number: int | None
    lesson_key: str
    subject_code: str
    code: str
    minutes: int | None
    comment: str

    @property
    def title(self) -> str:
        """What happened, in words."""
        return codelists.title("attendance_code", self.code)


@dataclass(slots=True)
class DiaryLesson:
    """A lesson of the learner's class as it concerns the learner; of a mark without a lesson, what is known of it."""

    day: date
    number: int | None
    subject_code: str
    external_id: str = ""
    topic: str = ""
    homework: str = ""
    teacher: str = ""
    part: str = ""
    marks: list[GivenMark] = field(default_factory=list)
    attendance: list[AttendanceNote] = field(default_factory=list)

    @property
    def subject(self) -> str:
        """The subject in words."""
        return codelists.title("subject", self.subject_code)


@dataclass(frozen=True, slots=True)
class DiaryDay:
    """A day on which something was."""

    day: date
    lessons: list[DiaryLesson]


@dataclass(frozen=True, slots=True)
class Diary:
    """Some days of a learner, ``[starts_on, ends_on)``; days without lessons are left out.

    ``latest`` is the last day with a mark before them, told only where they are empty.
    """

    person_id: UUID
    starts_on: date
    ends_on: date
    days: list[DiaryDay]
    groups: dict[UUID, str]
    latest: date | None = None


class ClosingMark(NamedTuple):
    """A mark that closes a period, a year, an exam or a subject."""

    school_year: int
    day: date
    subject_code: str
    kind: str
    period_code: str
    value: str
    score: int | None
    system_code: int
    organisation_id: UUID
    comment: str

    @property
    def subject(self) -> str:
        """The subject in words."""
        return codelists.title("subject", self.subject_code)

    @property
    def column(self) -> str:
        """Under which heading it stands: the period, or the kind where that is not a period's."""
        return self.period_code if self.kind == FinalKind.PERIOD else self.kind

    @property
    def is_unsatisfactory(self) -> bool:
        """True for a mark that is a debt until made good."""
        return rules.is_unsatisfactory(self.value, MarkSystem(self.system_code))


@dataclass(frozen=True, slots=True)
class SubjectResult:
    """How a learner does in a subject this year; the average is of the marks of one system, the one most used."""

    subject_code: str
    marks: list[GivenMark]
    closing: dict[str, ClosingMark]
    absences: int
    system_code: int
    average: Decimal | None
    trend: Trend | None
    slips: bool

    @property
    def subject(self) -> str:
        """The subject in words."""
        return codelists.title("subject", self.subject_code)


@dataclass(frozen=True, slots=True)
class YearResults:
    """A school year of a learner by subject; ``columns`` are the closing marks that occur, in their order."""

    person_id: UUID
    school_year: int
    subjects: list[SubjectResult]
    columns: list[tuple[str, str]]
    absences: dict[str, int]
    organisation_id: UUID | None
    groups: dict[UUID, str]
    grade: int | None


def diary(
    actor: Actor, person_id: UUID, starts_on: date, ends_on: date, *, what: str = "дневник", purpose: str = ""
) -> Diary:
    """Return what was on some days of a learner, in four statements whatever the learner's age.

    Lessons are those of the classes in which the learner was on their day. Marks and absences find their lesson by the
    journal's key, then by number and subject, then by subject; what finds none stands as a lesson without a topic.
    """
    if not timedelta(0) < ends_on - starts_on <= timedelta(days=LONGEST):
        raise InvalidValue(
            "performance.diary_days",
            f"Дневник показывают не более чем за {LONGEST} дней. Выберите дни заново.",
        )
    _admit(actor, person_id, what=what, purpose=purpose)
    years = _years(starts_on, ends_on)
    stays = _stays(person_id, starts_on, ends_on)
    lessons = _lessons(stays, years, starts_on, ends_on)
    lesson_of = _finder(lessons)
    for mark in _marks(person_id, years, starts_on, ends_on):
        lesson_of(mark).marks.append(mark)
    for note in _attendance(person_id, years, starts_on, ends_on):
        lesson_of(note).attendance.append(note)
    days: dict[date, list[DiaryLesson]] = defaultdict(list)
    for lesson in sorted(
        lessons, key=lambda one: (one.day, one.number is None, one.number or 0, one.subject)
    ):
        days[lesson.day].append(lesson)
    return Diary(
        person_id, starts_on, ends_on, [DiaryDay(day, found) for day, found in days.items()],
        {one.group_id: one.title for one in stays}, None if days else _latest(person_id, years[0], ends_on),
    )  # fmt: skip


def year_results(
    actor: Actor, person_id: UUID, school_year: int, *, what: str = "успеваемость за год", purpose: str = ""
) -> YearResults:
    """Return a learner's school year by subject: marks, average, trend, closing marks, absences; four statements."""
    _admit(actor, person_id, what=what, purpose=purpose)
    year = SchoolYear(school_year)
    marks = _marks(person_id, [school_year], year.starts_on, year.ends_on)
    closing = closing_marks_of([person_id], school_year=school_year)[person_id]
    notes = _attendance(person_id, [school_year], year.starts_on, year.ends_on)
    stays = _stays(person_id, year.starts_on, year.ends_on)
    by_subject: dict[str, list[GivenMark]] = defaultdict(list)
    for mark in marks:
        by_subject[mark.subject_code].append(mark)
    finals: dict[str, dict[str, ClosingMark]] = defaultdict(dict)
    for final in closing:
        finals[final.subject_code][final.column] = final
    missed: dict[str, int] = defaultdict(int)
    counts: dict[str, int] = defaultdict(int)
    for note in notes:
        missed[note.subject_code] += note.code != Absence.LATE
        counts[note.code] += 1
    places = [one.organisation_id for one in closing] + [one.organisation_id for one in stays]
    lines = thresholds()
    subjects = sorted({*by_subject, *finals}, key=lambda code: codelists.title("subject", code))
    return YearResults(
        person_id,
        school_year,
        [_result(code, by_subject[code], finals[code], missed[code], lines) for code in subjects],
        columns_of(closing),
        dict(counts),
        places[-1] if places else None,
        {one.group_id: one.title for one in stays},
        max((one.grade for one in stays if one.grade is not None), default=None),
    )


def closing_marks(
    actor: Actor, person_id: UUID, *, what: str = "итоговые отметки", purpose: str = ""
) -> list[ClosingMark]:
    """Return the closing marks of all years of a learner, the earliest first; one statement."""
    _admit(actor, person_id, what=what, purpose=purpose)
    return closing_marks_of([person_id])[person_id]


def closing_marks_of(
    who: Collection[UUID], *, school_year: int | None = None, subject_code: str = ""
) -> defaultdict[UUID, list[ClosingMark]]:
    """Return the closing marks of learners in the order in which one takes the place of another; the caller has let the actor in."""
    found = PeriodMark.objects.filter(person_id__in=list(who), withdrawn_at__isnull=True)
    if school_year is not None:
        found = found.filter(school_year=school_year)
    if subject_code:
        found = found.filter(subject_code=subject_code)
    rows = found.order_by("school_year", "given_on", "subject_code", "version").values_list(
        "person_id", "school_year", "given_on", "subject_code", "kind", "period_code", "value", "score", "system_code",
        "organisation_id", "comment",
    )  # fmt: skip
    closing: defaultdict[UUID, list[ClosingMark]] = defaultdict(list)
    for row in rows:
        closing[row[0]].append(ClosingMark(*row[1:]))
    return closing


def thresholds() -> rules.Thresholds:
    """Return where the lines are drawn: the code list ``performance_threshold``."""

    def value(code: str) -> Decimal:
        return codelists.number("performance_threshold", code)

    return rules.Thresholds(
        value("failing"), value("watched"), value("noticeable"), int(value("fewest")), int(value("shown"))
    )


def columns_of(closing: Iterable[ClosingMark]) -> list[tuple[str, str]]:
    """Return the headings that closing marks stand under, periods first, then year, exam, retake, final."""
    occur = {one.column for one in closing}
    heads = [*codelists.titles("study_period").items(), *codelists.titles("final_kind").items()]
    return [(code, title) for code, title in heads if code in occur]


# -- within ------------------------------------------------------------------------------------


class _Stay(NamedTuple):
    """A class in which the learner was for some days."""

    group_id: UUID
    title: str
    grade: int | None
    organisation_id: UUID
    starts_on: date
    ends_on: date | None

    def holds(self, group_id: UUID, day: date) -> bool:
        return (
            group_id == self.group_id
            and self.starts_on <= day
            and (self.ends_on is None or day < self.ends_on)
        )


def _admit(actor: Actor, person_id: UUID, *, what: str, purpose: str) -> None:
    """Let in a family to its own and staff to their learners, and note it."""
    if actor.scope.is_family:
        if person_id not in actor.scope.persons:
            raise NotAllowed("access.not_own", "Эти сведения не о вашем ребёнке. Вернитесь к списку.")
        kind = ReadKind.FAMILY
    else:
        actor.require(PerformancePermission.VIEW)
        enrolment.require_visible(actor, person_id)
        kind = ReadKind.CARD
    reads.note(actor, kind, [person_id], object_id=person_id, what=what, purpose=purpose)


def _years(starts_on: date, ends_on: date) -> list[int]:
    first, last = SchoolYear.of(starts_on), SchoolYear.of(ends_on - timedelta(days=1))
    return list(range(first.begins_in, last.begins_in + 1))


def _stays(person_id: UUID, starts_on: date, ends_on: date) -> list[_Stay]:
    rows = (
        Placement.objects.filter(
            Q(ends_on__isnull=True) | Q(ends_on__gt=starts_on),
            person_id=person_id, superseded_at__isnull=True, starts_on__lt=ends_on, group__isnull=False,
        )
        .order_by("starts_on")
        .values_list("group_id", "group__title", "grade", "organisation_id", "starts_on", "ends_on")
    )  # fmt: skip
    return [_Stay(*row) for row in rows]


def _lessons(
    stays: Sequence[_Stay], years: Sequence[int], starts_on: date, ends_on: date
) -> list[DiaryLesson]:
    if not stays:
        return []
    found = Lesson.objects.filter(
        group_id__in=[one.group_id for one in stays], school_year__in=years,
        held_on__gte=starts_on, held_on__lt=ends_on, withdrawn_at__isnull=True,
    )  # fmt: skip
    return [
        DiaryLesson(
            one.held_on, one.number, one.subject_code, one.external_id, one.topic, one.homework, one.teacher_name, one.part
        )
        for one in found.order_by("held_on", "number", "subject_code", "part")
        if any(stay.holds(one.group_id, one.held_on) for stay in stays)
    ]  # fmt: skip


def _marks(person_id: UUID, years: Sequence[int], starts_on: date, ends_on: date) -> list[GivenMark]:
    rows = (
        Mark.objects.filter(
            person_id=person_id, school_year__in=years, given_on__gte=starts_on, given_on__lt=ends_on,
            withdrawn_at__isnull=True,
        )
        .order_by("given_on", "lesson_number", "external_id")
        .values_list(
            "given_on", "lesson_number", "lesson_key", "subject_code", "value", "score", "system_code", "weight", "work_code",
            "comment",
        )
    )  # fmt: skip
    return [GivenMark(*row) for row in rows]


def _latest(person_id: UUID, school_year: int, before: date) -> date | None:
    found = Mark.objects.filter(
        person_id=person_id, school_year=school_year, given_on__lt=before, withdrawn_at__isnull=True
    )
    return found.order_by("-given_on").values_list("given_on", flat=True).first()


def _attendance(
    person_id: UUID, years: Sequence[int], starts_on: date, ends_on: date
) -> list[AttendanceNote]:
    rows = (
        Attendance.objects.filter(
            person_id=person_id, school_year__in=years, held_on__gte=starts_on, held_on__lt=ends_on,
            withdrawn_at__isnull=True,
        )
        .order_by("held_on", "lesson_number", "external_id")
        .values_list("held_on", "lesson_number", "lesson_key", "subject_code", "code", "minutes", "comment")
    )  # fmt: skip
    return [AttendanceNote(*row) for row in rows]


def _finder(lessons: list[DiaryLesson]) -> Callable[[GivenMark | AttendanceNote], DiaryLesson]:
    """Return what finds the lesson of a mark or an absence, and adds a bare lesson for what has none."""
    by_key: dict[tuple[date, str], DiaryLesson] = {}
    by_number: dict[tuple[date, str, int | None], DiaryLesson] = {}
    by_subject: dict[tuple[date, str], DiaryLesson] = {}

    def index(lesson: DiaryLesson) -> None:
        if lesson.external_id:
            by_key.setdefault((lesson.day, lesson.external_id), lesson)
        by_number.setdefault((lesson.day, lesson.subject_code, lesson.number), lesson)
        by_subject.setdefault((lesson.day, lesson.subject_code), lesson)

    def find(told: GivenMark | AttendanceNote) -> DiaryLesson:
        found = by_key.get((told.day, told.lesson_key)) if told.lesson_key else None
        found = found or by_number.get((told.day, told.subject_code, told.lesson_number))
        if found is None and told.lesson_number is None:
            found = by_subject.get((told.day, told.subject_code))
        if found is None:
            found = DiaryLesson(told.day, told.lesson_number, told.subject_code)
            lessons.append(found)
            index(found)
        return found

    for lesson in lessons:
        index(lesson)
    return find


def _result(
    code: str, marks: list[GivenMark], closing: dict[str, ClosingMark], absences: int, lines: rules.Thresholds
) -> SubjectResult:
    weighed: dict[int, list[Any]] = defaultdict(list)
    for mark in marks:
        if mark.score is not None:
            weighed[mark.system_code].append(Weighed(mark.day, mark.score, mark.weight))
    system = max(weighed, key=lambda one: (len(weighed[one]), -one), default=MarkSystem.FIVE.value)
    halved = rules.halves(weighed[system])
    mean, direction = halved.mean, rules.trend(halved, lines)
    return SubjectResult(
        code, marks, closing, absences, system, mean, direction,
        slips=system == MarkSystem.FIVE and rules.slips(mean, direction, lines),
    )  # fmt: skip
