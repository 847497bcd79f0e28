"""When a journal is late, and what a journal's word resembles."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kontingent.exchange.reconciliation import rules
from kontingent.exchange.reconciliation.codes import Kind, Pace
from kontingent.exchange.reconciliation.rules import Thresholds

LIMITS = Thresholds(late_after=4, silent_after=14, learner_days=30, share=50)
TODAY = date(2025, 11, 20)
SUBJECTS = [
    ("s01", "Русский язык"), ("s03", "Литература"), ("s09", "Математика"), ("s13", "Информатика"), ("s14", "Окружающий мир"),
    ("s06", "Иностранный язык (английский)"), ("s07", "Иностранный язык (немецкий)"), ("s20", "Физическая культура"), ("s18", "Физика"),
]  # fmt: skip


def test_every_kind_is_told_with_its_remedy() -> None:
    assert set(rules.TOLD) == set(Kind)
    assert all(all(one) for one in rules.TOLD.values())
    assert set(Kind) >= rules.MENDABLE


@pytest.mark.parametrize(
    ("days", "pace"),
    [(0, Pace.LIVE), (4, Pace.LIVE), (5, Pace.LATE), (14, Pace.LATE), (15, Pace.SILENT), (400, Pace.SILENT)],
)
def test_a_journal_is_late_then_silent(days: int, pace: Pace) -> None:
    assert rules.pace_of(TODAY - timedelta(days=days), TODAY, LIMITS) is pace


QUARTERS = [
    (1, date(2025, 11, 5), date(2025, 12, 31)), (1, date(2025, 9, 1), date(2025, 10, 27)), (1, date(2026, 1, 12), date(2026, 3, 23)),
    (10, date(2025, 9, 1), date(2025, 12, 31)), (10, date(2026, 1, 12), date(2026, 5, 27)),
]  # fmt: skip


def test_holidays_lie_between_the_periods_of_the_grades_that_have_most_of_them() -> None:
    off = rules.holidays(QUARTERS)
    autumn = {date(2025, 10, 27) + timedelta(days=n) for n in range(9)}
    winter = {date(2025, 12, 31) + timedelta(days=n) for n in range(12)}
    assert off == autumn | winter
    assert rules.holidays([]) == frozenset()
    assert rules.holidays(QUARTERS[:1]) == frozenset()


def test_nobody_is_late_in_the_holidays() -> None:
    off = rules.holidays(QUARTERS)
    friday, back = date(2025, 10, 24), date(2025, 11, 6)
    assert rules.pace_of(friday, back, LIMITS) is Pace.LATE
    assert rules.pace_of(friday, back, LIMITS, off) is Pace.LIVE
    assert rules.pace_of(friday, back + timedelta(days=1), LIMITS, off) is Pace.LATE
    assert rules.days_before(back, 3, off) == date(2025, 10, 25)
    assert rules.days_before(back, 0, off) == back


@given(st.dates(date(2025, 9, 1), date(2026, 3, 20)), st.integers(0, 60))
def test_so_many_days_back_are_so_many_days_of_study(today: date, days: int) -> None:
    off = rules.holidays(QUARTERS)
    found = rules.days_before(today, days, off)
    counted = [found + timedelta(days=n) for n in range((today - found).days)]
    assert sum(day not in off for day in counted) == days


def test_a_journal_that_never_spoke() -> None:
    assert rules.pace_of(None, TODAY, LIMITS) is Pace.NEVER


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("7-В класс", "7В"), ("7 «В»", "7В"), ("7B", "7В"), ("07в", "7В"), ("10 A", "10А"), ("Группа П-21", "группа П21"),
    ],
)  # fmt: skip
def test_a_class_is_known_by_what_people_vary(said: str, title: str) -> None:
    assert rules.folded_class(said) == rules.folded_class(title)


def test_other_classes_stay_others() -> None:
    assert len({rules.folded_class(one) for one in ("7А", "7Б", "17А", "А7", "8А")}) == 5


def test_one_click_only_where_one_class_is_meant() -> None:
    assert rules.only_match("7-B", [("a", "7Б"), ("b", "7В")]) == "b"
    assert rules.only_match("7-B", [("a", "7Б")]) is None
    assert rules.only_match("7-B", [("a", "7 В"), ("b", "7В")]) is None


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ("Матем. (баз.)", "s09"), ("МАТЕМАТИКА", "s09"), ("Рус. яз.", "s01"), ("Русский язык 2", "s01"), ("Окруж. мир", "s14"),
        ("Англ. яз.", "s06"), ("Английский язык", "s06"), ("Немецкий язык", "s07"), ("Физкультура", "s20"), ("Информ.", "s13"),
    ],
)  # fmt: skip
def test_a_subject_is_found_by_what_a_journal_calls_it(said: str, key: str) -> None:
    assert rules.resembling(said, SUBJECTS)[:1] == [key]


@pytest.mark.parametrize("said", ["Ритмика", "ПДО", "", "!!!"])
def test_what_resembles_nothing_is_not_proposed(said: str) -> None:
    assert rules.resembling(said, SUBJECTS, least=0.75) == []


@given(st.text(max_size=40))
def test_any_word_is_ranked_without_error(said: str) -> None:
    found = rules.resembling(said, SUBJECTS, least=0)
    assert len(found) == len(set(found))
    rules.folded_class(said)
