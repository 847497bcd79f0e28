"""Rules of performance by table and property."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kontingent.codelists import queries as codelists
from kontingent.kernel.errors import InvalidValue
from kontingent.kernel.school_year import SchoolYear
from kontingent.performance import rules
from kontingent.performance.codes import WHOLE_YEAR, Absence, FinalKind, MarkSystem, Outcome, Refusal
from kontingent.performance.records import KINDS
from kontingent.performance.rules import Closing, Trend, Weighed

FIVE, HUNDRED, PASS = MarkSystem.FIVE, MarkSystem.HUNDRED, MarkSystem.PASS
LINES = rules.Thresholds(Decimal("2.50"), Decimal("3.20"), Decimal("0.30"), fewest=4, shown=5)


@pytest.mark.parametrize(
    ("text", "system", "kept", "score"),
    [
        ("5", FIVE, "5", 5),
        (" 2 ", FIVE, "2", 2),
        ("05", FIVE, "5", 5),
        ("Осв.", FIVE, "осв", None),
        ("н/а", FIVE, "н/а", None),
        ("освобождена", HUNDRED, "осв", None),
        ("100", HUNDRED, "100", 100),
        ("0", HUNDRED, "0", 0),
        ("Зачёт", PASS, "зач", None),
        ("незачет", PASS, "незач", None),
        ("не аттестован", PASS, "н/а", None),
    ],
)
def test_marks_that_there_are(text: str, system: MarkSystem, kept: str, score: int | None) -> None:
    assert rules.read_mark(text, system) == (kept, score)


@pytest.mark.parametrize(
    ("text", "system"),
    [("6", FIVE), ("0", FIVE), ("-1", FIVE), ("4,5", FIVE), ("5+", FIVE), ("", FIVE), ("зачёт", FIVE), ("101", HUNDRED),
     ("зач", HUNDRED), ("1e2", HUNDRED), ("5", PASS), ("²", FIVE), ("٥", FIVE)],
)  # fmt: skip
def test_marks_that_there_are_not(text: str, system: MarkSystem) -> None:
    with pytest.raises(InvalidValue) as refused:
        rules.read_mark(text, system)
    assert refused.value.code == Refusal.VALUE
    assert rules.ALLOWED[system] in refused.value.message


@given(st.text(max_size=12), st.sampled_from(MarkSystem))
def test_whatever_is_read_reads_the_same_again(text: str, system: MarkSystem) -> None:
    try:
        mark = rules.read_mark(text, system)
    except InvalidValue:
        return
    assert rules.read_mark(mark.text, system) == mark
    assert (mark.score is None) == (not mark.text.isdigit())


def weighed(*pairs: tuple[int, str]) -> list[Weighed]:
    return [Weighed(date(2025, 9, 1) + timedelta(days=i), s, Decimal(w)) for i, (s, w) in enumerate(pairs)]


def test_an_average_is_weighted_and_rounded_half_up() -> None:
    assert rules.average([]) is None
    assert rules.average(weighed((5, "0"))) is None
    assert rules.average(weighed((5, "1"), (4, "1"))) == Decimal("4.50")
    assert rules.average(weighed((5, "3"), (2, "1"))) == Decimal("4.25")
    assert rules.average(weighed((5, "1"), (4, "1"), (4, "6"))) == Decimal("4.13")  # 4.125


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 10)), min_size=1, max_size=40))
def test_an_average_lies_between_worst_and_best(pairs: list[tuple[int, int]]) -> None:
    marks = weighed(*[(score, str(weight)) for score, weight in pairs])
    found = rules.average(marks)
    assert found is not None
    assert min(score for score, _ in pairs) <= found <= max(score for score, _ in pairs)
    assert rules.average(reversed(marks)) == found


@pytest.mark.parametrize(
    ("scores", "expected"),
    [((5, 5, 5), None), ((3, 3, 5, 5), Trend.UP), ((5, 5, 3, 3), Trend.DOWN), ((4, 4, 4, 4), Trend.STEADY),
     ((4, 4, 4, 4, 4, 4, 4, 5), Trend.STEADY)],
)  # fmt: skip
def test_a_trend_compares_halves(scores: tuple[int, ...], expected: Trend | None) -> None:
    assert rules.trend(rules.halves(weighed(*[(score, "1") for score in scores])), LINES) is expected


@pytest.mark.parametrize(
    ("mean", "direction", "expected"),
    [(None, None, False), ("2.49", None, True), ("2.50", Trend.STEADY, False), ("3.19", Trend.DOWN, True),
     ("3.19", Trend.UP, False), ("3.20", Trend.DOWN, False)],
)  # fmt: skip
def test_who_slips(mean: str | None, direction: Trend | None, expected: bool) -> None:
    assert rules.slips(None if mean is None else Decimal(mean), direction, LINES) is expected
    assert "2,50" in rules.slipping_rule(LINES)


def test_quality_counts_only_the_attested() -> None:
    assert rules.quality([]) == (0, None, None)
    assert rules.quality([["5", "4"], ["5", "3"], ["2", "5"], [], ["осв", "5"]]) == (4, 75, 50)
    assert rules.quality([["н/а", "5"]]) == (1, 0, 0)


@pytest.mark.parametrize(
    ("numbers", "hidden"),
    [
        ({"а": 25, "б": 30}, set()),
        ({"а": 25, "б": 4}, {"а", "б"}),  # the total would give the other away
        ({"а": 25, "б": 4, "в": 7}, {"б", "в"}),
        ({"а": 25, "б": 2, "в": 2}, {"а", "б", "в"}),  # four together are still few
        ({"а": 25, "б": 3, "в": 3, "г": 0}, {"б", "в"}),
        ({"а": 1}, {"а"}),
        ({}, set()),
    ],
)
def test_few_learners_are_not_shown(numbers: dict[str, int], hidden: set[str]) -> None:
    assert rules.kept_back(numbers, 5) == hidden


@given(st.dictionaries(st.integers(), st.integers(0, 12), max_size=12))
def test_what_is_kept_back_cannot_be_had_by_subtraction(numbers: dict[int, int]) -> None:
    hidden = rules.kept_back(numbers, 5)
    assert all(number >= 5 or number == 0 for key, number in numbers.items() if key not in hidden)
    filled = {key for key, number in numbers.items() if number}
    assert not hidden or hidden == filled or (len(hidden) > 1 and sum(numbers[key] for key in hidden) >= 5)


def closing(kind: FinalKind, mark: str, day: date, *, system: MarkSystem = FIVE) -> Closing:
    return Closing(2025, "s09", kind, mark, system, day)


def test_a_debt_lasts_until_it_is_made_good() -> None:
    may, june, september = date(2026, 5, 30), date(2026, 6, 10), date(2026, 9, 20)
    assert rules.debts([closing(FinalKind.YEAR, "3", may)]) == []
    assert rules.debts([closing(FinalKind.PERIOD, "2", may)]) == []
    two = closing(FinalKind.YEAR, "2", may)
    assert [one.cleared_on for one in rules.debts([two])] == [None]
    failed, passed = closing(FinalKind.RETAKE, "2", june), closing(FinalKind.RETAKE, "3", september)
    assert [one.cleared_on for one in rules.debts([passed, two, failed])] == [september]
    before = closing(FinalKind.RETAKE, "5", date(2026, 5, 1))
    assert [one.cleared_on for one in rules.debts([two, before])] == [None]
    other = Closing(2025, "s10", FinalKind.RETAKE, "5", FIVE, september)
    assert [one.cleared_on for one in rules.debts([two, other])] == [None]


@given(st.integers(1, 11))
def test_only_the_first_grade_has_no_marks(grade: int) -> None:
    assert rules.has_marks(grade) is (grade != 1)


def test_a_year_is_kept_to_its_end_and_its_term_after() -> None:
    assert rules.kept_until(SchoolYear(2025), 5) == date(2031, 9, 1)
    assert rules.kept_until(SchoolYear(2025), 25) == date(2051, 9, 1)


def test_the_code_lists_hold_what_the_rules_branch_on() -> None:
    assert set(codelists.titles("mark_system")) == {str(one.value) for one in MarkSystem}
    assert set(codelists.titles("attendance_code")) == {one.value for one in Absence}
    assert set(codelists.titles("final_kind")) == {one.value for one in FinalKind}
    assert codelists.has("study_period", WHOLE_YEAR)
    assert {one.retention for one in KINDS.values()} <= set(codelists.titles("retention"))


def test_every_refusal_is_told() -> None:
    assert set(rules.TOLD) == set(Refusal)
    for told in rules.TOLD.values():
        assert all(told)
        assert not re.search(r"[a-z]{3,}|GET ", told.by_hand), (
            "a person on a page is not told to send a request"
        )
    assert len({one.value for one in Outcome}) == len(Outcome)
    assert all(len(one.value) == 1 for one in Outcome)
