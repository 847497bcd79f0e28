"""How a table is counted: which rows of which source fall into which of its cells, and which cells are sums of others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from kontingent.reports.rules import expressions
from kontingent.reports.rules.editions import Edition, Line, Table, Variant
from kontingent.reports.rules.expressions import Cell
from kontingent.reports.rules.predicates import ALWAYS, All, Predicate, facts_of
from kontingent.reports.rules.vocabulary import OF_PEOPLE, Source


class Key(NamedTuple):
    """The address of a cell: table (with its variant), row, column."""

    table: str
    row: str
    column: str

    def __str__(self) -> str:
        """Return «2.1.1.1/02/4»."""
        return "/".join(self)


def key_of(text: str) -> Key:
    """Read «2.1.1.1/02/4»; what is missing is empty, and no cell."""
    table, row, column = [*text.split("/"), "", ""][:3]
    return Key(table, row, column)


#: Cells by address; what is absent is nought.
Values = Mapping[Key, int]
#: Rows with the columns in which they are counted from this source.
Rows = tuple[tuple[str, Predicate, tuple[str, ...]], ...]
Columns = tuple[tuple[str, Predicate], ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """One pass: a table's cells that count rows of one source."""

    table: Table
    source: Source
    where: Predicate
    variants: Columns
    rows: Rows
    columns: Columns
    facts: tuple[str, ...]


def plans(edition: Edition) -> list[Plan]:
    """Return the passes of a form, one a table and source."""
    return [plan for table in edition.tables for plan in _plans(edition, table)]


def _plans(edition: Edition, table: Table) -> Iterator[Plan]:
    counted: dict[Source, dict[str, list[str]]] = {}
    rows = {line.number: line for line in table.rows}
    columns = {line.number: line for line in table.columns}
    for row, column in table.cells():
        if row.term is None and column.term is None and not table.manual_of(row, column):
            source = table.source_of(row, column)
            counted.setdefault(source, {}).setdefault(row.number, []).append(column.number)
    for source, allowed in counted.items():
        used = [number for number in columns if any(number in those for those in allowed.values())]
        plan_rows = tuple((number, rows[number].where, tuple(those)) for number, those in allowed.items())
        plan_columns = tuple((number, columns[number].where) for number in used)
        variants = tuple((one.code, one.where) for one in table.variants)
        conditions = [where for _, where, _ in plan_rows] + [where for _, where in (*plan_columns, *variants)]
        asked = {fact for condition in conditions for fact in facts_of(condition)}
        where = base_of(edition, table, source)
        yield Plan(table, source, where, variants, plan_rows, plan_columns, tuple(sorted(asked)))


def base_of(edition: Edition, table: Table, source: Source) -> Predicate:
    """Return what holds of whatever a table counts: whom the form is about, and the table's own condition."""
    parts = [edition.who if source in OF_PEOPLE else ALWAYS, table.where[source]]
    told = tuple(part for part in parts if part != ALWAYS)
    return told[0] if len(told) == 1 else All(told)


def rule_of(edition: Edition, table: Table, variant: Variant, row: Line, column: Line) -> Predicate:
    """Return the whole predicate of a cell that is counted."""
    base = base_of(edition, table, table.source_of(row, column))
    return All(tuple(one for one in (base, variant.where, row.where, column.where) if one != ALWAYS))


# -- sums --------------------------------------------------------------------------------------


def computed(edition: Edition, values: Values) -> Iterator[tuple[Key, int]]:
    """Yield the computed cells with their values, each after those it is made of."""
    for table in edition.tables:
        lines = [*table.rows, *table.columns]
        if not any(line.term for line in lines):
            continue
        for variant in table.variants:
            known: dict[Key, int] = {}
            for row, column in table.cells():
                if row.term is not None or column.term is not None:
                    key = Key(variant.code, row.number, column.number)
                    yield key, _valued(table, variant.code, row, column, values, known)


def _valued(table: Table, code: str, row: Line, column: Line, values: Values, known: dict[Key, int]) -> int:
    key = Key(code, row.number, column.number)
    term = row.term or column.term
    if term is None:
        return values.get(key, 0)
    if key not in known:
        by_row = row.term is not None
        lines = {line.number: line for line in (table.rows if by_row else table.columns)}

        def part(cell: Cell) -> int:
            other = lines[cell.row or cell.column]
            pair = (other, column) if by_row else (row, other)
            if (pair[0].number, pair[1].number) in table.blocked:
                return 0
            return _valued(table, code, *pair, values, known)

        known[key] = expressions.evaluate(
            term, part, lambda one: expressions.span(one.first, one.last, list(lines))
        )
    return known[key]
