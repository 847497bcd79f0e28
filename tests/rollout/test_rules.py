"""The plan and how one stands to it: by table."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kontingent.kernel.errors import InvalidValue
from kontingent.rollout import rules
from kontingent.rollout.codes import State
from kontingent.rollout.rules import Aim
from kontingent.stages.fields import Stage

TODAY = date(2026, 11, 26)


def aim(due_on: date, target: int) -> Aim:
    return Aim(Stage.PERSONAL, None, due_on, target, "приказ")


@pytest.mark.parametrize(
    ("due_on", "target", "part", "whole", "state"),
    [
        (TODAY, 90, 90, 100, State.REACHED),
        (TODAY - timedelta(1), 90, 90, 100, State.REACHED),
        (TODAY, 90, 89, 100, State.SOON),
        (TODAY - timedelta(1), 90, 89, 100, State.OVERDUE),
        (TODAY + timedelta(14), 90, 0, 100, State.SOON),
        (TODAY + timedelta(15), 90, 0, 100, State.ON_THE_WAY),
        (TODAY - timedelta(1), 100, 999, 1000, State.OVERDUE),
        (TODAY - timedelta(1), 90, 0, 0, State.REACHED),
    ],
)
def test_a_territory_stands_to_its_plan(
    due_on: date, target: int, part: int, whole: int, state: State
) -> None:
    assert rules.state_of(aim(due_on, target), part, whole, TODAY) is state


def test_without_a_plan_nobody_is_late() -> None:
    assert rules.state_of(None, 0, 100, TODAY) is State.NO_PLAN


def test_its_own_plan_goes_before_the_regions() -> None:
    here, there = uuid4(), uuid4()
    aims = [aim(TODAY, 90), Aim(Stage.PERSONAL, here, TODAY, 95, ""), Aim(Stage.HEALTH, there, TODAY, 50, "")]
    assert rules.aim_of(aims, Stage.PERSONAL, here) is aims[1]
    assert rules.aim_of(aims, Stage.PERSONAL, there) is aims[0]
    assert rules.aim_of(aims, Stage.HEALTH, here) is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"stage": "9"}, "stage"),
        ({"due_on": None}, "due_on"),
        ({"due_on": TODAY - timedelta(1)}, "due_on"),
        ({"target": None}, "target"),
        ({"target": 0}, "target"),
        ({"target": 101}, "target"),
        ({"basis": "  "}, "basis"),
        ({"basis": "х" * 301}, "basis"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_by_field(changes: dict[str, object], field: str) -> None:
    good: dict[str, object] = {"stage": "1", "due_on": TODAY, "target": 95, "basis": "приказ № 1"}
    rules.check_plan(today=TODAY, **good)  # type: ignore[arg-type]
    with pytest.raises(InvalidValue) as refused:
        rules.check_plan(today=TODAY, **(good | changes))  # type: ignore[arg-type]
    assert refused.value.facts["field"] == field


@given(st.integers(0, 5000), st.integers(0, 5000), st.integers(1, 100))
def test_share_and_rest_agree(part: int, more: int, target: int) -> None:
    whole = part + more
    share = rules.share(part, whole)
    assert (share == 100) is (part == whole > 0)
    assert (share == 0) is (part == 0 < whole)
    left = rules.left_to_fill(aim(TODAY, target), part, whole)
    assert rules.state_of(aim(TODAY, target), part + left, whole, TODAY) is State.REACHED
    assert left == 0 or rules.state_of(aim(TODAY, target), part + left - 1, whole, TODAY) is not State.REACHED


@given(st.lists(st.dates(), unique=True).map(sorted))
def test_a_drawing_is_thinned_evenly_and_keeps_its_ends(days: list[date]) -> None:
    drawn = rules.drawn(days)
    assert len(drawn) <= rules.MOST_POINTS
    assert drawn == sorted(set(drawn))
    assert drawn[:1] == days[:1]
    assert drawn[-1:] == days[-1:]


def test_old_days_are_thinned_to_mondays() -> None:
    old = [day for n in range(200) if rules.is_kept(day := TODAY - timedelta(n), TODAY)]
    assert len(old) == 92 + sum((TODAY - timedelta(n)).weekday() == 0 for n in range(92, 200))
