"""Cells of a grid: what counts as a change, what is refused and in which words."""

from __future__ import annotations

from uuid import UUID

import pytest

from kontingent.kernel.cells import MOST_CELLS, Cell, check_number, check_same, differ
from kontingent.kernel.errors import InvalidValue, RuleViolation

WHO = UUID(int=1)


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [("", "", False), ("Пермь", " Пермь ", False), ("г.  Пермь", "г. Пермь", False), ("5", "", True), ("а", "А", True)],
)  # fmt: skip
def test_spaces_are_no_change(one: str, other: str, told: bool) -> None:
    assert differ(one, other) is told


@pytest.mark.parametrize(("shown", "stands", "now"), [("4", "5", "«5»"), ("4", "", "пусто")])
def test_a_conflict_is_seen_by_value_and_says_what_stands(shown: str, stands: str, now: str) -> None:
    check_same(Cell(WHO, "music", f" {stands}", "3"), stands)
    with pytest.raises(RuleViolation, match=f"записали другое: {now}"):
        check_same(Cell(WHO, "music", shown, "3"), stands)


def test_a_request_brings_a_thousand_cells_and_no_more() -> None:
    check_number([Cell(WHO, "music", "", "3")] * MOST_CELLS)
    with pytest.raises(InvalidValue, match="не больше 1000"):
        check_number([Cell(WHO, "music", "", "3")] * (MOST_CELLS + 1))
