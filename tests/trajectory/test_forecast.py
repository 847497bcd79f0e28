"""The forecast against series whose answer is known, and its interval against chance."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kontingent.trajectory.flows import forecasting as f


def grown(
    first: dict[int, int], ratio: dict[int, float], births: list[int], years: int
) -> dict[int, dict[int, int]]:
    """A territory in which every ratio is always the same."""
    history = {2020: dict(first)}
    for year in range(2021, 2020 + years):
        before = history[year - 1]
        history[year] = {
            stage + 1: round(number * ratio[stage]) for stage, number in before.items() if stage < 11
        }
        history[year][f.FIRST_STAGE] = births[year - 2021]
    return history


EVEN = dict.fromkeys(range(f.FIRST_STAGE, 12), 1.0)


def test_where_nobody_comes_or_leaves_everybody_is_a_grade_further() -> None:
    history = grown({stage: 100 + stage for stage in range(-4, 12)}, EVEN, [90, 91, 92, 93], 5)
    found = f.of_territory(history, 5)
    for year in range(2025, 2030):
        for grade, estimate in found[year].items():
            expected = history[2024][grade - (year - 2024)]
            assert (estimate.rounded, estimate.low, estimate.high) == (expected,) * 3
        assert set(found[year]) == set(f.GRADES)


def test_a_known_ratio_is_learnt_and_applied_each_year() -> None:
    ratio = {**EVEN, 9: 0.5, 0: 1.25}
    first = dict.fromkeys(range(-4, 12), 400)
    history = grown(first, ratio, [400] * 4, 5)
    found = f.of_territory(history, 2)
    assert found[2025][10].rounded == history[2024][9] // 2
    assert found[2025][1].rounded == history[2024][0] * 5 // 4
    assert found[2026][10].rounded == round(history[2024][8] * 0.5)
    assert found[2025][10].low < found[2025][10].rounded < found[2025][10].high


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    rng = random.Random(59)
    inside = tried = 0
    ratio = {stage: 0.97 if stage != 9 else 0.55 for stage in range(f.FIRST_STAGE, 12)}
    for _ in range(60):
        history: dict[int, dict[int, int]] = {2020: dict.fromkeys(range(-4, 12), 300)}
        for year in range(2021, 2028):
            before = history[year - 1]
            history[year] = {f.FIRST_STAGE: 300}
            for stage in range(f.FIRST_STAGE, 11):
                survived = sum(rng.random() < ratio[stage] for _ in range(before[stage]))
                history[year][stage + 1] = survived + sum(rng.random() < 0.02 for _ in range(before[stage]))
        past = {year: stages for year, stages in history.items() if year <= 2024}
        for year, grades in f.of_territory(past, 3).items():
            whole, truth = f.total(list(grades.values())), sum(history[year][one] for one in f.GRADES)
            tried += 1
            inside += whole.low <= truth <= whole.high
    assert 0.65 <= inside / tried <= 0.97, inside / tried


def test_a_small_school_leans_on_its_territory() -> None:
    territory = grown(dict.fromkeys(range(-4, 12), 500), EVEN, [500] * 4, 5)
    tiny = {year: {**dict.fromkeys(f.GRADES, 10), 5: 10 if year % 2 else 4} for year in territory}
    learnt = f.ratios(tiny, around=f.ratios(territory))
    alone = f.ratios(tiny)
    assert abs(learnt[4].value - 1) < abs(alone[4].value - 1)
    found = f.of_school(tiny, territory, 5)
    assert found[2025][1].rounded == 10  # its share of the entrants of the territory, as ever
    assert found[2029][6].number == pytest.approx(10, abs=2)


def test_a_school_without_entrants_runs_out_and_a_new_one_fills() -> None:
    territory = grown(dict.fromkeys(range(-4, 12), 100), EVEN, [100] * 4, 5)
    closing = {year: {grade: 20 for grade in f.GRADES if grade >= 9} for year in territory}
    found = f.of_school(closing, territory, 3)
    assert [sorted(found[year]) for year in (2025, 2026, 2027)] == [[10, 11], [11], []]
    new = {2024: {1: 25}}
    found = f.of_school(new, territory, 2)
    assert found[2025][2].rounded == 25
    assert found[2025][1].rounded == 25


@given(
    st.dictionaries(
        st.integers(2020, 2024),
        st.dictionaries(st.integers(-4, 11), st.integers(0, 200), max_size=16),
        min_size=1,
    )
)
def test_whatever_the_past_the_forecast_is_finite_and_ordered(history: dict[int, dict[int, int]]) -> None:
    for grades in f.of_territory(history, 5).values():
        for one in grades.values():
            assert 0 <= one.low <= one.rounded <= one.high < 10**12
    for grades in f.of_school(history, history, 5).values():
        assert all(0 <= one.low <= one.high for one in grades.values())
