"""The class sheet, the class as a whole, who slips, who owes, quality: against the plain rules, within scope, flat in cost."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kontingent.audit.models import Entry
from kontingent.enrolment.models import Group
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotAllowed, NotFound
from kontingent.kernel.scope import Scope
from kontingent.performance import queries, rules
from kontingent.performance.queries import By, Column
from kontingent.performance.rules import Weighed
from tests import builders as b
from tests.performance import records as r

pytestmark = pytest.mark.django_db
MONDAY = date(2025, 10, 6)
UNTIL = date(2025, 11, 1)
RUSSIAN, MATHS = "s01", "s09"
QUARTER = Column("1", "1-я четверть")


@pytest.fixture
def mine() -> Group:
    """5А of a school."""
    return b.group(b.school(), "5А")


def learner(at: Group, name: str = "Мальцева Анна Павловна") -> UUID:
    who = b.person(name)
    b.admitted(who, at)
    return who


def teacher(at: Group, *permissions: str) -> Actor:
    may = frozenset(permissions or ("performance.view", "person.view"))
    return Actor("account:t", "Учитель", "Классный руководитель", may, Scope(groups=frozenset({at.id})))


def test_the_sheet(mine: Group) -> None:
    anna, oleg = learner(mine), learner(mine, "Тиунов Олег Игоревич")
    r.lesson(mine, MONDAY, 1, MATHS, "Дроби")
    r.lesson(mine, MONDAY, 2, RUSSIAN, "Имя")
    r.lesson(mine, MONDAY + timedelta(days=2), 3, MATHS, "Задачи")
    r.mark(anna, mine, MONDAY, MATHS, "5", lesson_number=1, weight="2")
    r.mark(anna, mine, MONDAY, MATHS, "3", lesson_number=1)
    r.mark(oleg, mine, MONDAY + timedelta(days=3), MATHS, "2")  # of no lesson
    r.absence(oleg, mine, MONDAY + timedelta(days=2), MATHS, "б", lesson_number=3)
    r.absence(oleg, mine, MONDAY, MATHS, "о", lesson_number=1, minutes=5)
    r.closing(anna, mine, date(2025, 10, 25), MATHS, "4")
    sheet = queries.class_sheet(teacher(mine), mine.id, MATHS, MONDAY, UNTIL)
    assert [(one.day.day, one.number, one.topic) for one in sheet.lessons] == [
        (6, 1, "Дроби"), (8, 3, "Задачи"), (9, None, ""),
    ]  # fmt: skip
    first, second = sheet.rows
    assert (first.learner.name, first.average, first.closing) == (
        "Мальцева Анна Павловна", Decimal("4.33"), {"1": "4"},
    )  # fmt: skip
    assert first.cells[0] is not None
    assert [mark.value for mark in first.cells[0].marks] == ["5", "3"]
    assert first.cells[1:] == [None, None]
    assert second.cells[0] is not None
    assert second.cells[0].absences == [("о", 5)]
    assert second.cells[1] is not None
    assert second.cells[1].absences == [("б", None)]
    assert (second.absences, second.slips) == (1, True)
    assert queries.subjects_of(mine) == [MATHS, RUSSIAN]
    noted = Entry.objects.get(kind="read.list")
    assert set(noted.subjects) == {anna, oleg}
    assert noted.data["what"] == "журнал класса 5А, Математика"


def test_a_sheet_of_another_class_is_refused(mine: Group) -> None:
    other = b.group(mine.organisation, "5Б")
    learner(other)
    for ask in (
        lambda: queries.class_sheet(teacher(mine), other.id, MATHS, MONDAY, UNTIL),
        lambda: queries.class_results(teacher(mine), other.id, MONDAY),
        lambda: queries.slipping(teacher(mine), mine.organisation_id, MONDAY),
        lambda: queries.debts(teacher(mine), mine.organisation_id, MONDAY),
        lambda: queries.class_sheet(teacher(mine, "person.view"), mine.id, MATHS, MONDAY, UNTIL),
        lambda: queries.quality(b.actor_of(mine.organisation, "person.view"), 2025, QUARTER, By.CLASS),
    ):
        with pytest.raises(NotAllowed):
            ask()
    with pytest.raises(NotFound):
        queries.class_sheet(b.ROOT, mine.organisation_id, MATHS, MONDAY, UNTIL)
    assert not Entry.objects.filter(kind__startswith="read.").exists()


def test_statements_do_not_grow_with_the_class(mine: Group) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as asked:
            queries.class_sheet(teacher(mine), mine.id, MATHS, MONDAY, UNTIL)
            queries.class_results(teacher(mine), mine.id, MONDAY)
            queries.slipping(b.actor_of(mine.organisation), mine.organisation_id, MONDAY)
            queries.debts(b.actor_of(mine.organisation), mine.organisation_id, MONDAY)
            queries.quality(b.ROOT, 2025, QUARTER, By.MUNICIPALITY)
        return len([one for one in asked if "audit_" not in one["sql"]])

    def one_more(name: str) -> None:
        who = learner(mine, name)
        for days in range(4):
            r.lesson(mine, MONDAY + timedelta(days=days), 1, MATHS)
            r.mark(who, mine, MONDAY + timedelta(days=days), MATHS, "2")
        r.closing(who, mine, MONDAY, MATHS, "2", kind="year", period="20")

    one_more("Мальцева Анна Павловна")
    few = statements()
    one_more("Тиунов Олег Игоревич")
    one_more("Гилёв Пётр Ильич")
    assert statements() == few < 25


def test_postgresql_halves_marks_as_the_rules_do(mine: Group) -> None:
    rng, lines = random.Random(5), queries.thresholds()
    expected: dict[tuple[UUID, str], Any] = {}
    for name in ("Мальцева Анна Павловна", "Тиунов Олег Игоревич", "Гилёв Пётр Ильич"):
        who = learner(mine, name)
        for subject in (RUSSIAN, MATHS, "s24"):
            marks = []
            for days in sorted(rng.sample(range(20), rng.randint(1, 12))):
                score, weight = rng.randint(2, 5), rng.choice(["0.5", "1", "2"])
                r.mark(who, mine, MONDAY + timedelta(days=days), subject, str(score), weight=weight)
                marks.append(Weighed(MONDAY + timedelta(days=days), score, Decimal(weight)))
            halved = rules.halves(marks)
            direction = rules.trend(halved, lines)
            expected[who, subject] = (halved.mean, direction, rules.slips(halved.mean, direction, lines))
    found = queries.class_results(b.ROOT, mine.id, UNTIL)
    told = {
        (row.learner.person_id, subject): (one.mean, one.trend, one.slips)
        for row in found.rows
        for subject, one in row.standings.items()
    }
    assert told == expected
    slipping = queries.slipping(b.ROOT, mine.organisation_id, UNTIL)
    assert {(one.learner.person_id, one.subject_code) for one in slipping} == {
        key for key, (_, _, slips) in expected.items() if slips
    }
    assert slipping == [] or queries.slipping(b.ROOT, mine.organisation_id, UNTIL, grade=7) == []


def test_debts_of_a_school(mine: Group) -> None:
    anna, oleg = learner(mine), learner(mine, "Тиунов Олег Игоревич")
    r.closing(anna, mine, date(2025, 5, 26), MATHS, "2", kind="year", period="20")
    r.closing(oleg, mine, date(2025, 5, 26), MATHS, "2", kind="year", period="20")
    r.closing(oleg, mine, date(2025, 6, 20), MATHS, "3", kind="retake", period="20")
    owing = queries.debts(b.actor_of(mine.organisation), mine.organisation_id, UNTIL)
    assert [(one.learner.person_id, one.debt.subject, one.debt.year, one.mark) for one in owing] == [
        (anna, MATHS, 2024, "2")
    ]
    before = queries.debts(b.actor_of(mine.organisation), mine.organisation_id, date(2025, 6, 1))
    assert before == []  # nobody was in the school yet


def test_quality_is_counted_as_the_rules_do() -> None:
    rng = random.Random(3)
    near, far = (
        b.school("Школа № 1"),
        b.school("Школа № 2", where=b.municipality("lysva", "Лысьвенский округ")),
    )
    groups = [b.group(at, title) for at in (near, far) for title in ("5А", "6Б")]
    marks: dict[Group, dict[UUID, list[str]]] = defaultdict(dict)
    by_subject: dict[str, list[list[str]]] = defaultdict(list)
    for number in range(28):
        at = groups[number % 4]
        who = learner(at, f"Тиунов Олег Игоревич{'абвгдежзийклмнопрстуфхцчшщэюя'[number]}")
        marks[at][who] = []
        for subject in rng.sample([RUSSIAN, MATHS, "s24"], rng.randint(0, 3)):
            value = rng.choice(["5", "5", "4", "4", "3", "2", "осв", "н/а"])
            r.closing(who, at, date(2025, 10, 25), subject, value)
            r.closing(who, at, date(2026, 5, 25), subject, "2", kind="year", period="20")
            marks[at][who].append(value)
            by_subject[subject].append([value])
    inside = b.actor_of(near, "performance.view")
    table = queries.quality(inside, 2025, QUARTER, By.CLASS)
    assert {row.key: row.figures for row in table.rows} == {
        at.id: rules.quality(marks[at].values()) for at in groups[:2]
    }
    assert table.total == rules.quality([*marks[groups[0]].values(), *marks[groups[1]].values()])
    region = queries.quality(b.ROOT, 2025, QUARTER, By.MUNICIPALITY)
    both = {m: [v for g in groups if g.organisation.municipality_id == m for v in marks[g].values()]
            for m in (near.municipality_id, far.municipality_id)}  # fmt: skip
    assert {row.key: row.figures for row in region.rows} == {m: rules.quality(v) for m, v in both.items()}
    subjects = queries.quality(b.ROOT, 2025, QUARTER, By.SUBJECT)
    assert {row.key: row.figures for row in subjects.rows} == {
        code: rules.quality(values) for code, values in by_subject.items()
    }
    assert queries.quality(inside, 2025, QUARTER, By.CLASS, organisation_id=far.id).rows == []
    grade = queries.quality(inside, 2025, QUARTER, By.CLASS, group_grade=6)
    assert [row.title for row in grade.rows] == ["6Б"]


def test_figures_of_few_learners_stay_in_their_school(mine: Group) -> None:
    big = b.group(mine.organisation, "6А")
    r.closing(learner(mine), mine, MONDAY, MATHS, "2")
    for letter in "абвгде":
        r.closing(learner(big, f"Тиунов Олег{letter} Игоревич"), big, MONDAY, MATHS, "4")
    own = queries.quality(b.actor_of(mine.organisation, "performance.view"), 2025, QUARTER, By.CLASS)
    assert [row.figures for row in own.rows] == [(1, 0, 0), (6, 100, 100)]
    municipal = Actor(
        "account:m", "Специалист", "Специалист", frozenset({"performance.view"}),
        Scope.of_municipality(mine.organisation.municipality_id),
    )  # fmt: skip
    above = queries.quality(municipal, 2025, QUARTER, By.CLASS)
    assert [row.figures for row in above.rows] == [None, None]
    assert (above.total, above.kept_back, above.fewest) == (None, 2, 5)


def test_the_usual_column_is_the_last_period_that_ended() -> None:
    from demo.marks import periods
    from kontingent.performance import actions

    actions.set_periods(actor=b.ROOT, school_year=2025, periods=periods(2025))
    told = {
        on: [one.code for one in queries.columns(2025, on)]
        for on in (date(2025, 9, 5), date(2025, 11, 20), date(2026, 6, 1))
    }
    assert told == {
        date(2025, 9, 5): ["1", "8", "year"],
        date(2025, 11, 20): ["1", "8", "2", "year"],
        date(2026, 6, 1): ["year", "1", "8", "2", "3", "9", "4"],
    }
