"""Study periods: what a year may be divided into, asked of thousands of random calendars against a day-by-day count."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest

from kontingent.audit.models import Entry
from kontingent.codelists import actions as codelists
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import Conflict, InvalidValue, KontingentError, NotAllowed
from kontingent.kernel.school_year import SchoolYear
from kontingent.kernel.scope import Scope
from kontingent.performance import actions, periods, queries
from kontingent.performance.models import GradingPeriod
from kontingent.performance.periods import GradingPeriodDraft
from tests import builders as b

YEAR = SchoolYear(2025)
TITLES = {"1": "1-я четверть", "2": "2-я четверть", "8": "1-е полугодие", "20": "Год"}
FIRST = GradingPeriodDraft("1", date(2025, 9, 1), date(2025, 10, 27), date(2025, 11, 6))
SECOND = GradingPeriodDraft("2", date(2025, 11, 5), date(2025, 12, 31), date(2026, 1, 10))


def said(*wanted: GradingPeriodDraft) -> str:
    """What is refused, and why: the code of the refusal and its words."""
    with pytest.raises(InvalidValue) as refused:
        periods.check(wanted, YEAR, TITLES)
    return f"{refused.value.code} {refused.value.message}"


def test_quarters_beside_half_years_of_other_classes_and_a_year_above_all() -> None:
    lower = [FIRST._replace(grade_to=9), SECOND._replace(grade_to=9)]
    upper = GradingPeriodDraft("8", date(2025, 9, 1), date(2025, 12, 31), date(2026, 1, 10), 10, 11)
    year = GradingPeriodDraft("20", date(2025, 9, 1), date(2026, 5, 27), date(2026, 6, 10))
    periods.check([*lower, upper, year], YEAR, TITLES)
    periods.check([], YEAR, TITLES)


def test_what_is_wrong_is_said_with_the_period_and_the_days() -> None:
    assert "performance.period Периода «77»" in said(FIRST._replace(code="77"))
    backwards = said(FIRST._replace(ends_on=date(2025, 8, 31)))
    assert "«1-я четверть»: последний день (30.08.2025) раньше первого (01.09.2025)" in backwards
    assert "закрывается 01.10.2025, раньше своего последнего дня (26.10.2025)" in said(FIRST._replace(closes_on=date(2025, 10, 1)))  # fmt: skip
    assert "вне 2025/26 учебного года (01.09.2025 – 31.08.2026)" in said(FIRST._replace(starts_on=date(2025, 8, 1)))  # fmt: skip
    assert "performance.period_grades" in said(FIRST._replace(grade_from=5, grade_to=4))
    assert "performance.period_grades" in said(FIRST._replace(grade_to=13))
    assert "performance.period_twice" in said(FIRST, FIRST._replace(grade_from=12))
    overlap = said(SECOND._replace(starts_on=date(2025, 10, 26)), FIRST)
    assert "Период «2-я четверть» начинается 26.10.2025, раньше, чем кончился период «1-я четверть» (26.10.2025)" in overlap  # fmt: skip
    assert "performance.periods_many" in said(*[FIRST] * 41)


def test_thousands_of_calendars_against_a_count_of_days() -> None:
    """Accepted is what gives no class two periods on a day, and nothing else."""
    chance, accepted = random.Random(28), 0
    for _ in range(3000):
        wanted = []
        for code in chance.sample(["1", "2", "8", "20"], chance.randint(1, 3)):
            start = chance.choice((date(2025, 9, 1), date(2026, 5, 1))) + timedelta(
                days=chance.randrange(0, 120, 30)
            )
            end = start + timedelta(days=chance.choice((30, 60)))
            grade = chance.randint(1, 6)
            wanted.append(GradingPeriodDraft(code, start, end, end, grade, grade + chance.randint(0, 6)))
        taken = [
            (grade, one.starts_on + timedelta(days=n)) for one in wanted if one.code != "20"
            for grade in range(one.grade_from, one.grade_to + 1) for n in range((one.ends_on - one.starts_on).days)
        ]  # fmt: skip
        fits = len(taken) == len(set(taken)) and all(one.ends_on <= YEAR.ends_on for one in wanted)
        try:
            periods.check(wanted, YEAR, TITLES)
        except KontingentError:
            assert not fits, wanted
        else:
            assert fits, wanted
            accepted += 1
    assert 500 < accepted < 2500


def test_a_year_on() -> None:
    leap = GradingPeriodDraft("2", date(2024, 2, 29), date(2024, 3, 20), date(2024, 3, 30))
    assert periods.a_year_on([leap]) == [
        GradingPeriodDraft("2", date(2025, 2, 28), date(2025, 3, 20), date(2025, 3, 30))
    ]


@pytest.mark.django_db
class TestSaying:
    """The action, against the database."""

    @pytest.fixture(autouse=True)
    def _lists(self) -> None:
        codelists.load_all()

    def test_a_schools_own_stand_for_it_alone_and_are_in_the_journal(self) -> None:
        school = b.school("Школа № 5")
        head = Actor("account:h", "Голова", "Руководитель", frozenset({"performance.periods"}), Scope(organisations=frozenset({school.id})), organisation_id=school.id)  # fmt: skip
        actions.set_periods(actor=b.ROOT, school_year=2025, periods=[FIRST])
        actions.set_periods(actor=head, school_year=2025, periods=[FIRST, SECOND], organisation_id=school.id)
        assert [one.code for one in queries.grading_periods(2025, organisation_id=school.id)] == ["1", "2"]
        assert [one.code for one in queries.grading_periods(2025)] == ["1"]
        entry = Entry.objects.filter(kind="performance.periods_set").latest("id")
        assert (entry.organisation_id, entry.data["before"]) == (school.id, [])
        assert entry.data["after"][0] == {
            "code": "1", "from": "2025-09-01", "last": "2025-10-26", "closes": "2025-11-06", "grades": "1–12",
        }  # fmt: skip
        actions.set_periods(actor=head, school_year=2025, periods=[], organisation_id=school.id)
        assert [one.code for one in queries.grading_periods(2025, organisation_id=school.id)] == ["1"]

    def test_a_period_that_stays_keeps_its_id(self) -> None:
        actions.set_periods(actor=b.ROOT, school_year=2025, periods=[FIRST, SECOND])
        before = dict(GradingPeriod.objects.values_list("code", "pk"))
        moved = SECOND._replace(ends_on=date(2025, 12, 28))
        actions.set_periods(actor=b.ROOT, school_year=2025, periods=[moved])
        row = GradingPeriod.objects.get()
        assert (row.pk, row.ends_on) == (before["2"], date(2025, 12, 28))

    def test_the_same_again_is_no_act(self) -> None:
        actions.set_periods(actor=b.ROOT, school_year=2025, periods=[SECOND, FIRST])
        actions.set_periods(actor=b.ROOT, school_year=2025, periods=[FIRST, SECOND])
        assert Entry.objects.filter(kind="performance.periods_set").count() == 1

    def test_refusals_change_nothing(self) -> None:
        school, other = b.school("Школа № 5"), b.school("Школа № 7")
        actions.set_periods(actor=b.ROOT, school_year=2025, periods=[FIRST])
        head = Actor("account:h", "Голова", "Руководитель", frozenset({"performance.periods"}), Scope(organisations=frozenset({school.id})), organisation_id=school.id)  # fmt: skip
        with pytest.raises(NotAllowed):
            actions.set_periods(actor=head, school_year=2025, periods=[SECOND])
        with pytest.raises(NotAllowed):
            actions.set_periods(actor=head, school_year=2025, periods=[SECOND], organisation_id=other.id)
        with pytest.raises(InvalidValue):
            actions.set_periods(actor=b.ROOT, school_year=2025, periods=[FIRST, FIRST])
        with pytest.raises(Conflict) as late:
            actions.set_periods(actor=b.ROOT, school_year=2025, periods=[SECOND], seen=[])
        assert late.value.code == "performance.periods_changed"
        assert [(one.code, one.organisation_id) for one in GradingPeriod.objects.all()] == [("1", None)]
        assert Entry.objects.filter(kind="performance.periods_set").count() == 1
