"""The diary of a learner: what was on which lesson, who may read it, what it costs."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kontingent.audit.models import Entry
from kontingent.enrolment.models import Group
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue, NotAllowed
from kontingent.kernel.scope import Scope
from kontingent.performance import queries
from kontingent.performance.rules import Trend
from tests import builders as b
from tests.performance import records as r

pytestmark = pytest.mark.django_db
MONDAY = date(2025, 10, 6)
RUSSIAN, MATHS = "s01", "s09"


@pytest.fixture
def mine() -> Group:
    """5А of a school."""
    return b.group(b.school(), "5А")


@pytest.fixture
def anna(mine: Group) -> UUID:
    """A learner of 5А since September."""
    who = b.person()
    b.admitted(who, mine)
    return who


def week(actor: Actor, who: UUID) -> list[queries.DiaryLesson]:
    found = queries.diary(actor, who, MONDAY, MONDAY + timedelta(days=7))
    return [lesson for day in found.days for lesson in day.lessons]


def family(*who: UUID) -> Actor:
    return Actor(
        "account:1", "Мать", "Представитель", frozenset({"access.family"}), Scope(persons=frozenset(who))
    )


def test_marks_and_absences_find_their_lesson(mine: Group, anna: UUID) -> None:
    first = r.lesson(mine, MONDAY, 1, MATHS, "Дроби", homework="№ 5", teacher_name="Тиунова В. П.")
    r.lesson(mine, MONDAY, 2, RUSSIAN, "Имя")
    r.lesson(mine, MONDAY, 3, MATHS, "Задачи")
    r.lesson(mine, MONDAY + timedelta(days=1), None, RUSSIAN, "Глагол")
    r.mark(anna, mine, MONDAY, MATHS, "5", lesson_key=first.external_id, weight="2", comment="Молодец")
    r.mark(anna, mine, MONDAY, MATHS, "3", lesson_number=3, work_code="control")
    r.mark(anna, mine, MONDAY + timedelta(days=1), RUSSIAN, "4")
    r.absence(anna, mine, MONDAY, RUSSIAN, "о", lesson_number=2, minutes=10)
    told = [
        (one.number, one.topic, [mark.value for mark in one.marks], [(a.code, a.minutes) for a in one.attendance])
        for one in week(b.ROOT, anna)
    ]  # fmt: skip
    assert told == [
        (1, "Дроби", ["5"], []), (2, "Имя", [], [("о", 10)]), (3, "Задачи", ["3"], []), (None, "Глагол", ["4"], []),
    ]  # fmt: skip
    given = week(b.ROOT, anna)[0].marks[0]
    assert (str(given.weight), given.comment, given.work, given.system) == (
        "2.00", "Молодец", "Ответ на уроке", "Пятибалльная",
    )  # fmt: skip


def test_a_mark_without_a_lesson_stands_alone(mine: Group, anna: UUID) -> None:
    r.mark(anna, mine, MONDAY, MATHS, "5", lesson_number=4)
    r.mark(anna, mine, MONDAY, MATHS, "2", lesson_number=4)
    assert [(one.number, one.topic, len(one.marks)) for one in week(b.ROOT, anna)] == [(4, "", 2)]


def test_lessons_are_those_of_the_class_one_was_in(mine: Group, anna: UUID) -> None:
    other = b.group(mine.organisation, "5Б")
    r.lesson(other, MONDAY, 1, MATHS, "чужой")
    r.lesson(mine, MONDAY, 1, MATHS, "свой")
    late = b.person("Тиунов Олег Игоревич")
    b.admitted(late, mine, on=MONDAY + timedelta(days=1))
    r.lesson(mine, MONDAY + timedelta(days=1), 1, MATHS, "первый")
    assert [one.topic for one in week(b.ROOT, anna)] == ["свой", "первый"]
    assert [one.topic for one in week(b.ROOT, late)] == ["первый"]


def test_what_the_journal_took_back_is_not_shown(mine: Group, anna: UUID) -> None:
    gone = r.mark(anna, mine, MONDAY, MATHS, "2")
    type(gone).objects.filter(external_id=gone.external_id).update(withdrawn_at=gone.recorded_at)
    assert week(b.ROOT, anna) == []


def test_the_year_by_subject(mine: Group, anna: UUID) -> None:
    for days, value, weight in ((0, "3", "1"), (7, "3", "1"), (14, "4", "1"), (21, "5", "2")):
        r.mark(anna, mine, MONDAY + timedelta(days=days), MATHS, value, weight=weight)
    r.mark(anna, mine, MONDAY, MATHS, "осв")
    r.mark(anna, mine, MONDAY, MATHS, "70", system_code=6)
    r.absence(anna, mine, MONDAY, MATHS, "б")
    r.absence(anna, mine, MONDAY, MATHS, "о")
    r.closing(anna, mine, date(2025, 10, 25), MATHS, "4", period="1")
    r.closing(anna, mine, date(2026, 5, 25), RUSSIAN, "2", kind="year", period="20")
    r.closing(anna, mine, date(2025, 5, 25), RUSSIAN, "5", kind="year", period="20")
    found = queries.year_results(b.ROOT, anna, 2025)
    maths, russian = found.subjects
    assert (maths.subject, maths.average, maths.trend, maths.slips, maths.absences) == (
        "Математика", Decimal("4.00"), Trend.UP, False, 1,
    )  # fmt: skip
    assert maths.closing["1"].value == "4"
    assert russian.closing["year"].is_unsatisfactory
    assert found.columns == [("1", "1-я четверть"), ("year", "Годовая")]
    assert found.absences == {"б": 1, "о": 1}
    assert (found.grade, found.groups) == (5, {mine.id: "5А"})
    years = [(one.school_year, one.value) for one in queries.closing_marks(b.ROOT, anna)]
    assert years == [(2024, "5"), (2025, "4"), (2025, "2")]


def test_a_family_reads_its_own_and_nobody_elses(mine: Group, anna: UUID) -> None:
    stranger = b.person("Тиунов Олег Игоревич")
    b.admitted(stranger, mine)
    r.mark(anna, mine, MONDAY, MATHS)
    assert len(week(family(anna), anna)) == 1
    noted = Entry.objects.filter(kind="read.family", subjects=[anna])
    assert [one.data["what"] for one in noted] == ["дневник"]
    for ask in (
        lambda: week(family(anna), stranger),
        lambda: queries.year_results(family(anna), stranger, 2025),
        lambda: queries.closing_marks(family(anna), stranger),
    ):
        with pytest.raises(NotAllowed, match="не о вашем ребёнке"):
            ask()
    assert not Entry.objects.filter(subjects=[stranger], kind__startswith="read.").exists()


def test_staff_read_their_learners_with_the_permission(mine: Group, anna: UUID) -> None:
    other = b.school("Школа № 7")
    permissions = ("performance.view", "person.view")
    assert week(b.actor_of(mine.organisation, *permissions), anna) == []
    with pytest.raises(NotAllowed):
        week(b.actor_of(other, *permissions), anna)
    with pytest.raises(NotAllowed):
        week(b.actor_of(mine.organisation, "person.view"), anna)


@pytest.mark.parametrize("days", [0, -1, 101])
def test_days_have_bounds(anna: UUID, days: int) -> None:
    with pytest.raises(InvalidValue, match="не более чем за 100 дней"):
        queries.diary(b.ROOT, anna, MONDAY, MONDAY + timedelta(days=days))


def test_the_cost_does_not_grow_with_marks(mine: Group, anna: UUID) -> None:
    def statements() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            week(family(anna), anna)
            queries.year_results(family(anna), anna, 2025)
            queries.closing_marks(family(anna), anna)
        return len([q for q in asked if "audit_" not in q["sql"] and not b.is_bookkeeping(q["sql"])])

    r.mark(anna, mine, MONDAY, MATHS)
    r.lesson(mine, MONDAY, 1, MATHS)
    few = statements()
    for days in range(5):
        r.lesson(mine, MONDAY + timedelta(days=days), 1, RUSSIAN)
        r.mark(anna, mine, MONDAY + timedelta(days=days), RUSSIAN)
        r.absence(anna, mine, MONDAY + timedelta(days=days), RUSSIAN)
    assert statements() == few == 9


def test_only_the_partition_of_the_year_is_opened(mine: Group, anna: UUID) -> None:
    for year in range(2020, 2026):
        r.mark(anna, mine, date(year, 10, 6), MATHS)
    with CaptureQueriesContext(connection) as asked:
        week(b.ROOT, anna)
    statement = next(q["sql"] for q in asked if 'FROM "performance_mark"' in q["sql"])
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {statement}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "performance_mark_2025" in plan
    assert "performance_mark_2024" not in plan


def test_periods_are_the_organisations_own_else_the_regions(mine: Group) -> None:
    from kontingent.performance import actions

    def period(code: str, month: int) -> actions.GradingPeriodDraft:
        return actions.GradingPeriodDraft(
            code=code, grade_from=1, grade_to=9, starts_on=date(2025, month, 1), ends_on=date(2025, month, 25),
            closes_on=date(2025, month, 28),
        )  # fmt: skip

    actions.set_periods(actor=b.ROOT, school_year=2025, periods=[period("1", 9), period("2", 11)])
    assert [one.code for one in queries.grading_periods(2025, organisation_id=mine.organisation_id)] == [
        "1", "2",
    ]  # fmt: skip
    own = [period("5", 10)]
    actions.set_periods(actor=b.ROOT, school_year=2025, periods=own, organisation_id=mine.organisation_id)
    assert [one.code for one in queries.grading_periods(2025, organisation_id=mine.organisation_id)] == ["5"]
    assert queries.grading_periods(2025, organisation_id=mine.organisation_id, grade=10) == []
