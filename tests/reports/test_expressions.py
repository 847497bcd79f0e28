"""The language of controls: read as the forms write it, refused with what is wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kontingent.kernel.errors import InvalidValue
from kontingent.reports.rules import expressions
from kontingent.reports.rules.expressions import Cell, Comparison, Span, Truth, compare, evaluate

ROWS = [f"{n:02d}" for n in range(1, 8)]


def span_of(what: Span) -> list[Cell]:
    return expressions.span(what.first, what.last, ROWS)


@pytest.mark.parametrize(
    ("text", "values", "holds"),
    [
        ("r09 = r01 + r03", {"09": 5, "01": 2, "03": 3}, True),
        ("r09 = r01 + r03", {"09": 5, "01": 2, "03": 4}, False),
        ("r02 <= r01", {"02": 3, "01": 3}, True),
        ("r02 <= r01 - r03", {"02": 3, "01": 3, "03": 1}, False),
        ("r01 = sum(r02..r04)", {"01": 6, "02": 1, "03": 2, "04": 3}, True),
        ("(r01 > 0) == (r02 > 0)", {"01": 4}, False),
        ("(r01 > 0) == (r02 > 0)", {"01": 4, "02": 1}, True),
        ("(r01 > 0) == (r02 > 0)", {}, True),
        ("r01 + 2 = r02", {"01": 1, "02": 3}, True),
    ],
)
def test_a_control_says_what_it_means(text: str, values: dict[str, int], holds: bool) -> None:
    (comparison,) = expressions.read(text)
    assert compare(comparison, lambda cell: values.get(cell.row, 0), span_of) is holds


def test_references_to_other_tables_keep_what_they_name() -> None:
    first, second = expressions.read("[2.3 r01 c3] = [2.1.1 r10 c3]; sum([2.15 r01..r84 c4]) = [2.1.1 r10]")
    assert first == Comparison(Cell("2.3", "01", "3"), "=", Cell("2.1.1", "10", "3"))
    assert second.left == Span(Cell("2.15", "01", "4"), Cell("2.15", "84", "4"))
    assert second.right == Cell("2.1.1", "10", "")


@given(
    st.lists(st.tuples(st.sampled_from(ROWS), st.sampled_from([1, -1])), min_size=1, max_size=6), st.data()
)
def test_a_sum_adds_with_its_signs(parts: list[tuple[str, int]], data: st.DataObject) -> None:
    values = {row: data.draw(st.integers(0, 1000)) for row in ROWS}
    text = " ".join(f"{'+' if sign > 0 else '-'} r{row}" for row, sign in parts).removeprefix("+ ")
    term = expressions.read_term(text)
    assert evaluate(term, lambda cell: values[cell.row], span_of) == sum(
        values[row] * sign for row, sign in parts
    )


@pytest.mark.parametrize(
    "text", ["r01", "r01 =", "= r01", "r01 = r02 r03", "r01 ? r02", "[] = r01", "sum(r01) = r02", "sum(r01..5) = r02",
             "(r01 > 0 == (r02 > 0)", "c3 = c4 + … + c17", "[2.1.1] = r01"],
)  # fmt: skip
def test_what_is_no_expression_is_refused_by_its_text(text: str) -> None:
    with pytest.raises(InvalidValue, match="Выражение «"):
        expressions.read(text)


def test_truths_nest_only_as_pairs() -> None:
    (comparison,) = expressions.read("(r01 > 0) == (r02 > 0)")
    assert isinstance(comparison.left, Truth)
    assert isinstance(comparison.right, Truth)
