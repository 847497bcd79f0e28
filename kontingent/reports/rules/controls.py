"""Controls of a form: evaluates the expressions of an edition over its cells and says which do not hold, and where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kontingent.reports.rules import expressions
from kontingent.reports.rules.counting import Key, Values
from kontingent.reports.rules.editions import Control, Edition, Table, Variant
from kontingent.reports.rules.expressions import Cell, Comparison, Span, Term, evaluate
from kontingent.reports.rules.vocabulary import Source


@dataclass(frozen=True, slots=True)
class Failure:
    """A control that does not hold: where, and what stands on its sides."""

    control: Control
    table: str
    line: str  # the row or the column it was evaluated for, "" when for neither
    left: int
    right: int
    cells: tuple[Key, ...]

    @property
    def code(self) -> str:
        """A stable name for the explanation that travels with the form."""
        return f"{self.table}:{self.control.code}:{self.line}"


def failures(edition: Edition, values: Values) -> list[Failure]:
    """Return what does not hold, in the order of the form.

    Most of a form is nought, and most controls hold of noughts: such a control looks only at the lines that have a number.
    """
    filled = {(key.table, place) for key, value in values.items() if value for place in _places(key)}
    return [
        failure
        for table in edition.tables
        for variant in table.variants
        for control in table.controls
        for line in _lines(table, control)
        if not control.sleeps_on_noughts or (variant.code, (control.over, line)) in filled
        for failure in _at(edition, table, variant, control, values, line)
    ]


def _places(key: Key) -> Iterator[tuple[str, str]]:
    """Where controls of a cell's table are evaluated that name the cell: its row, its column, the table as a whole."""
    yield from (("rows", key.row), ("columns", key.column), ("once", ""))


def _lines(table: Table, control: Control) -> list[str]:
    """Return the rows or columns that a control is evaluated for; "" is the table as a whole."""
    if control.over == "once":
        return [""]
    lines = table.columns if control.over == "columns" else table.rows
    return [
        line.number
        for line in lines
        if not line.printed and (not control.lines or line.number in control.lines)
    ]


def _at(
    edition: Edition, table: Table, variant: Variant, control: Control, values: Values, line: str
) -> Iterator[Failure]:
    place = _Place(edition, table, variant, control.over, line, values)
    if place.is_left_out(control.comparison):
        return
    left = evaluate(control.comparison.left, place.value, place.span)
    right = evaluate(control.comparison.right, place.value, place.span)
    if not expressions.SIGNS[control.comparison.sign](left, right):
        yield Failure(control, variant.code, line, left, right, tuple(place.keys(control.comparison)))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an expression is evaluated: it completes references and looks cells up."""

    edition: Edition
    table: Table
    variant: Variant
    over: str
    line: str
    values: Values

    def span(self, what: Span) -> list[Cell]:
        """Return the cells of a span, of this table or of another."""
        table = self.edition.by_number[what.first.table or self.table.number]
        lines = table.rows if what.first.row != what.last.row else table.columns
        return expressions.span(what.first, what.last, [line.number for line in lines])

    def value(self, cell: Cell) -> int:
        return self.values.get(self.key(cell), 0)

    def key(self, cell: Cell) -> Key:
        """Return the address of a reference; a table of another form of study is the like of this one."""
        row = cell.row or (self.line if self.over == "rows" else "")
        column = cell.column or (self.line if self.over == "columns" else "")
        if cell.table in {"", self.table.number}:
            return Key(self.variant.code, row, column)
        other = self.edition.by_number[cell.table]
        like = [one for one in other.variants if one.title == self.variant.title] or list(other.variants[:1])
        return Key(like[0].code, row, column)

    def keys(self, comparison: Comparison) -> Iterator[Key]:
        return (self.key(cell) for cell in expressions.cells_of(comparison))

    def is_left_out(self, comparison: Comparison) -> bool:
        """Say whether the blank crosses out («х») all that stands on a side: then there is nothing to check."""
        return any(self._is_crossed_out(side) for side in (comparison.left, comparison.right))

    def _is_crossed_out(self, side: Term) -> bool:
        own = (cell for cell in expressions.cells_of(side) if cell.table in {"", self.table.number})
        keys = [self.key(cell) for cell in own]
        return bool(keys) and all((row, column) in self.table.blocked for _, row, column in keys)


# -- against last year -------------------------------------------------------------------------

#: What is told of: a change by more than this share and by more than this number (reconstructed: no act sets it).
UNUSUAL_SHARE, UNUSUAL_NUMBER = 0.3, 10


@dataclass(frozen=True, slots=True)
class Change:
    """A cell that changed unusually since last year."""

    key: Key
    former: int
    now: int


def unusual(edition: Edition, values: Values, former: Values) -> list[Change]:
    """Return the totals of tables that changed unusually since last year, the greatest change first."""
    found = []
    for table in edition.tables:
        for variant in table.variants:
            for row, column in table.cells():
                if (
                    column is not table.columns[0]
                    or row.level > 0
                    or table.source_of(row, column) is Source.SETS
                ):
                    continue
                key = Key(variant.code, row.number, column.number)
                was, now = former.get(key, 0), values.get(key, 0)
                if abs(now - was) > max(UNUSUAL_NUMBER, UNUSUAL_SHARE * max(was, now)):
                    found.append(Change(key, was, now))
    return sorted(found, key=lambda one: -abs(one.now - one.former))
