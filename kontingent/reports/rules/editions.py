"""A form's edition: what its blank prints and how its cells are counted, read from two files and checked whole.

``form.yaml`` is the blank as published: tables, rows, columns, «х» cells, addresses in the workbook, controls, each with how
sure it is. ``rules.yaml`` is our reading of it: when the edition holds, who fills it, what is counted where. A new edition is
a new folder; no Python is touched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from kontingent.kernel.errors import InvalidValue
from kontingent.reports.rules import expressions
from kontingent.reports.rules.expressions import Cell, Comparison, Term
from kontingent.reports.rules.predicates import (
    ALWAYS,
    All,
    Has,
    Predicate,
    Reader,
    awaited,
    facts_of,
    fault,
    standing_in,
)
from kontingent.reports.rules.vocabulary import FACTS, SOURCE_TITLES, Source

SOURCED, RECONSTRUCTED = "sourced", "reconstructed"


@dataclass(frozen=True, slots=True)
class Line:
    """A row or a column of a table.

    ``source`` is what is counted, where the line says it; ``term`` computes the line from others; ``manual`` says why the
    line is entered by hand; ``printed`` cells are filled by the blank itself.
    """

    number: str
    title: str
    path: tuple[str, ...] = ()
    level: int = 0
    address: str = ""
    source: Source | None = None
    where: Predicate = ALWAYS
    term: Term | None = None
    manual: str = ""
    printed: bool = False


@dataclass(frozen=True, slots=True)
class Variant:
    """A copy of a table for a part of the learners, usually a form of study; its code is the table's own when there is one."""

    code: str
    title: str
    sheet: str
    where: Predicate = ALWAYS


@dataclass(frozen=True, slots=True)
class Control:
    """An expression that must hold of a table's cells."""

    code: str
    text: str
    comparison: Comparison
    confidence: str
    origin: str
    over: str  # rows, columns, once
    lines: tuple[str, ...] = ()
    #: It names cells of its own table alone and holds where all of them are nought: empty lines need no look.
    sleeps_on_noughts: bool = False

    @property
    def is_error(self) -> bool:
        """Sourced expressions block signing; reconstructed ones ask for an explanation."""
        return self.confidence == SOURCED


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the form with its variants."""

    number: str
    title: str
    unit: str
    confidence: str
    rows: tuple[Line, ...]
    columns: tuple[Line, ...]
    variants: tuple[Variant, ...]
    controls: tuple[Control, ...]
    blocked: frozenset[tuple[str, str]]
    source: Source
    where: Mapping[Source, Predicate]
    manual: str
    remarks: tuple[str, ...] = ()
    #: Fields whose stage is not open for whoever fills the form: what asks for them is entered by hand.
    closed: frozenset[str] = frozenset()

    def where_closed(self, closed: frozenset[str]) -> Table:
        """Return the table as it is filled where these fields are closed."""
        return replace(
            self, closed=closed, rows=_otherwise(self.rows, closed), columns=_otherwise(self.columns, closed),
            where={source: standing_in(where, closed) for source, where in self.where.items()},
        )  # fmt: skip

    def source_of(self, row: Line, column: Line) -> Source:
        """Return what a cell counts: as its column says, or its row, or the table."""
        return column.source or row.source or self.source

    def manual_of(self, row: Line, column: Line) -> str:
        """Return why a cell is entered by hand, "" when it is counted."""
        return (
            self.manual or row.manual or column.manual or awaited(All((row.where, column.where)), self.closed)
        )

    def cells(self) -> Iterator[tuple[Line, Line]]:
        """Yield the rows and columns of the cells that are filled in."""
        for row in self.rows:
            for column in self.columns:
                if (row.number, column.number) not in self.blocked and not column.printed:
                    yield row, column


def _otherwise(lines: tuple[Line, ...], closed: frozenset[str]) -> tuple[Line, ...]:
    return tuple(replace(one, where=standing_in(one.where, closed)) for one in lines)


@dataclass(frozen=True, slots=True)
class Watch:
    """Records that a form of this kind should not meet: whom it would leave out or count amiss, and what to do about it."""

    title: str
    remedy: str
    where: Predicate


@dataclass(frozen=True, slots=True)
class Moment:
    """A day of a year, relative to the reporting one."""

    month: int
    day: int
    year: int = 0

    def of(self, year: int) -> date:
        """Return the day."""
        return date(year + self.year, self.month, self.day)


@dataclass(frozen=True, slots=True)
class Edition:
    """An edition of a form."""

    code: str
    form: str
    title: str
    okud: str
    order: str
    confidence: str
    valid_from: date
    valid_to: date | None
    snapshot: Moment
    flows_from: Moment
    flows_to: Moment
    deadline: Moment
    organisation_types: frozenset[str]
    who: Predicate
    tables: tuple[Table, ...]
    notes: tuple[str, ...] = ()
    watches: tuple[Watch, ...] = ()
    by_code: Mapping[str, tuple[Table, Variant]] = field(default_factory=dict)
    by_number: Mapping[str, Table] = field(default_factory=dict)

    def on(self, year: int) -> date:
        """Return the form's date in a reporting year."""
        return self.snapshot.of(year)

    def period(self, year: int) -> tuple[date, date]:
        """Return the form's period, half-open."""
        return self.flows_from.of(year), self.flows_to.of(year)

    def cell(self, table: str, row: str, column: str) -> tuple[Table, Variant, Line, Line] | None:
        """Return a cell by its address, None where the form has none that is filled in."""
        found = self.by_code.get(table)
        if found is None:
            return None
        lines = [pair for pair in found[0].cells() if (pair[0].number, pair[1].number) == (row, column)]
        return (*found, *lines[0]) if lines else None

    def holds_on(self, on: date) -> bool:
        """Say whether the edition is the one in force for a form of this date."""
        return self.valid_from <= on and (self.valid_to is None or on < self.valid_to)


# -- reading -----------------------------------------------------------------------------------


def read(code: str, form: Mapping[str, Any], rules: Mapping[str, Any], *, has: Has) -> Edition:
    """Return the edition of two files; raise ``InvalidValue`` with the place of the first fault."""
    place = f"Редакция {code}"
    defined: dict[str, Predicate] = {}
    reader = Reader(has, defined)
    for name, data in (rules.get("define") or {}).items():
        defined[name] = reader.read(data, source=Source.LEARNERS, place=f"{place}, define {name}")
    sections = {str(one["number"]): one for one in form["sections"]}
    counted = {str(number): told for number, told in (rules.get("tables") or {}).items()}
    for number in counted.keys() - sections.keys():
        raise fault(f"{place}, подраздел {number}", "такого подраздела в бланке нет")
    tables = tuple(
        _table(reader, sections[number], told or {}, f"{place}, {number}") for number, told in counted.items()
    )
    by_code: dict[str, tuple[Table, Variant]] = {}
    for table in tables:
        for variant in table.variants:
            if variant.code in by_code:
                raise fault(place, f"код таблицы {variant.code} встречается дважды")
            by_code[variant.code] = (table, variant)
    flows = rules.get("flows") or {}
    edition = Edition(
        code=code,
        form=str(form["form"]),
        title=str(form["title"]),
        okud=str(form.get("okud") or ""),
        order=str(form["edition"]["order"]),
        confidence=str(form["edition"].get("confidence", RECONSTRUCTED)),
        valid_from=rules["valid_from"],
        valid_to=rules.get("valid_to"),
        snapshot=_moment(rules["snapshot"], f"{place}, snapshot"),
        flows_from=_moment(flows.get("from") or rules["snapshot"] | {"year": -1}, f"{place}, flows"),
        flows_to=_moment(flows.get("to") or rules["snapshot"], f"{place}, flows"),
        deadline=_moment(rules["deadline"], f"{place}, deadline"),
        organisation_types=frozenset(map(str, rules["organisation_types"])),
        who=reader.read(rules.get("who"), source=Source.LEARNERS, place=f"{place}, who"),
        tables=tables,
        notes=tuple(map(str, rules.get("notes") or ())),
        watches=tuple(
            Watch(
                str(one["title"]),
                str(one["remedy"]),
                reader.read(one.get("where"), source=Source.LEARNERS, place=f"{place}, watch {one['title']}"),
            )
            for one in rules.get("watch") or ()
        ),
        by_code=by_code,
        by_number={table.number: table for table in tables},
    )
    _check_references(edition)
    return edition


def _moment(data: Mapping[str, int], place: str) -> Moment:
    try:
        moment = Moment(**data)
        moment.of(2024)
    except (TypeError, ValueError) as error:
        raise fault(place, f"не день года: {dict(data)}") from error
    return moment


def _table(reader: Reader, section: Mapping[str, Any], told: Mapping[str, Any], place: str) -> Table:
    try:
        source = Source(told.get("count", Source.LEARNERS))
    except ValueError as error:
        raise fault(place, f"считать «{told.get('count')}» нельзя") from error
    manual = str(told.get("manual") or "")
    rows = _lines(reader, section["rows"], told.get("rows"), source, manual, f"{place}, строка", "xls_row")
    columns = _lines(
        reader, section["columns"], told.get("columns"), source, manual, f"{place}, графа", "xls_col"
    )
    blocked = frozenset(
        (str(row), str(column))
        for row, blocked_columns in (section.get("blocked_cells") or {}).items()
        for column in blocked_columns
    )
    controls, remarks = _controls(section, told.get("controls") or [], place)
    table = Table(
        number=str(section["number"]),
        title=str(section["title"]),
        unit=str(section.get("unit") or ""),
        confidence=str(section.get("confidence", RECONSTRUCTED)),
        rows=rows,
        columns=columns,
        variants=_variants(reader, section, told, source, place),
        controls=controls,
        blocked=blocked,
        source=source,
        where=_conditions(reader, told.get("where"), source, place),
        manual=manual,
        remarks=remarks,
    )
    _check_facts(table, place)
    return table


def _conditions(reader: Reader, told: Any, source: Source, place: str) -> dict[Source, Predicate]:
    """Read the table's own condition: one of its source, or one for each source that it counts."""
    by_source = told if isinstance(told, dict) and told and set(told) <= set(Source) else {source.value: told}
    return {
        Source(name): reader.read(data, source=Source(name), place=f"{place}, where")
        for name, data in by_source.items()
    }


def _check_facts(table: Table, place: str) -> None:
    """Raise where a cell asks of what it counts something that is not known of it."""
    for row, column in table.cells():
        if row.term or column.term or table.manual_of(row, column):
            continue
        source = table.source_of(row, column)
        if source not in table.where:
            raise fault(place, f"не сказано, какие {SOURCE_TITLES[source]} здесь считать: добавьте where")
        conditions = [row.where, column.where, *(one.where for one in table.variants)]
        asked = set().union(*(facts_of(one) for one in conditions))
        if strange := sorted(name for name in asked if source not in FACTS[name].sources):
            raise fault(
                f"{place}, строка {row.number}, графа {column.number}",
                f"факт «{strange[0]}» не известен о том, что здесь считают ({source.value})",
            )


def _lines(
    reader: Reader,
    printed: list[Mapping[str, Any]],
    told: Mapping[Any, Any] | None,
    source: Source,
    manual: str,
    place: str,
    address: str,
) -> tuple[Line, ...]:
    counted = {str(number): rule for number, rule in (told or {}).items()}
    lines: dict[str, Line] = {}
    for one in printed:
        number = str(one["n"])
        if number in lines:
            raise fault(f"{place} {number}", "номер встречается дважды")
        if number not in counted and not manual:
            raise fault(f"{place} {number}", "не сказано, что здесь считать")
        lines[number] = _line(
            reader, one, counted.pop(number, None) or {}, source, f"{place} {number}", address
        )
    for number in counted:
        raise fault(f"{place} {number}", "в бланке такой нет")
    return tuple(lines.values())


def _line(
    reader: Reader, printed: Mapping[str, Any], rule: Any, source: Source, place: str, address: str
) -> Line:
    if not isinstance(rule, dict):
        raise fault(place, f"ожидается условие, а стоит «{rule}»")
    known = {"count", "where", "sum", "manual", "printed"}
    if rule.keys() & known:
        if extra := rule.keys() - known:
            raise fault(place, f"непонятное слово «{min(extra)}»")
        rule = dict(rule)
    else:
        rule = {"where": rule}
    try:
        own = Source(rule["count"]) if "count" in rule else None
    except ValueError as error:
        raise fault(place, f"считать «{rule['count']}» нельзя") from error
    group = printed.get("group") or printed.get("group_inherited")
    return Line(
        number=str(printed["n"]),
        title=str(printed.get("title") or ""),
        path=tuple(printed.get("path") or ((str(group),) if group else ())),
        level=int(printed.get("level") or 0),
        address=str(printed.get(address) or ""),
        source=own,
        where=reader.read(rule.get("where"), source=own or source, place=place),
        term=expressions.read_term(str(rule["sum"])) if "sum" in rule else None,
        manual=str(rule.get("manual") or ""),
        printed=bool(rule.get("printed")),
    )


def _variants(
    reader: Reader, section: Mapping[str, Any], told: Mapping[str, Any], source: Source, place: str
) -> tuple[Variant, ...]:
    printed = section.get("variants") or []
    rules = {str(code): rule for code, rule in (told.get("variants") or {}).items()}
    sheet = str((section.get("xls") or {}).get("sheet") or f"Раздел {section['number']}")
    if not printed:
        return (Variant(str(section["number"]), "", sheet),)
    return tuple(
        Variant(
            str(one["code"]),
            str(one.get("study_form") or ""),
            str(one.get("sheet") or ""),
            reader.read(rules.get(str(one["code"])), source=source, place=f"{place}, вариант {one['code']}"),
        )
        for one in printed
    )


# -- controls ----------------------------------------------------------------------------------


def _controls(
    section: Mapping[str, Any], own: list[Mapping[str, Any]], place: str
) -> tuple[tuple[Control, ...], tuple[str, ...]]:
    """Return the expressions of the blank and those of the rules; what of the blank is a sentence stays a remark."""
    controls: list[Control] = []
    remarks: list[str] = []
    number = str(section["number"])
    for told in [*(section.get("controls") or []), *own]:
        text = str(told["expr"])
        said = _expressions(text, place, may_be_prose=told not in own)
        if not said:
            remarks.append(text)
        for comparison in said:
            controls.append(
                Control(
                    code=f"{number}/{len(controls) + 1}",
                    text=text,
                    comparison=comparison,
                    confidence=str(told.get("confidence", RECONSTRUCTED)),
                    origin=str(told.get("origin") or ""),
                    over=_over(comparison, number),
                    lines=_only(told),
                    sleeps_on_noughts=_sleeps(comparison, number),
                )
            )
    return tuple(controls), tuple(remarks)


def _expressions(text: str, place: str, *, may_be_prose: bool) -> list[Comparison]:
    """Return the comparisons of a control; some controls of a blank are sentences for people, and none come out."""
    try:
        return expressions.read(text)
    except InvalidValue as error:
        if may_be_prose:
            return []
        raise fault(f"{place}, контроль", error.message) from error


def _only(told: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the rows or columns that a control is limited to, none when it holds of all."""
    if span := re.search(r"columns (\d+)\.\.(\d+)", str(told.get("scope", ""))):
        return tuple(map(str, range(int(span[1]), int(span[2]) + 1)))
    return tuple(map(str, told.get("lines") or ()))


def _over(comparison: Comparison, number: str) -> str:
    """Say over what an expression runs: it names rows, so over columns; columns, so over rows; both, so once."""
    own = [one for one in expressions.cells_of(comparison) if one.table in {"", number}] or list(
        expressions.cells_of(comparison)
    )
    if all(one.row and one.column for one in own):
        return "once"
    return "columns" if any(one.row and not one.column for one in own) else "rows"


def _sleeps(comparison: Comparison, number: str) -> bool:
    own_alone = all(cell.table in {"", number} for cell in expressions.cells_of(comparison))
    return own_alone and expressions.compare(comparison, lambda _: 0, lambda _: [])


def _check_references(edition: Edition) -> None:
    """Raise for a control or a computed line that names a row, a column or a table that there is not, or goes in a circle."""
    for table in edition.tables:
        for control in table.controls:
            for cell in expressions.cells_of(control.comparison):
                _check_cell(
                    cell,
                    edition.by_number,
                    table,
                    f"Редакция {edition.code}, {table.number}, контроль «{control.text}»",
                )
        for lines, word in ((table.rows, "строка"), (table.columns, "графа")):
            _check_circles(lines, f"Редакция {edition.code}, {table.number}", word)


def _check_cell(cell: Cell, numbers: Mapping[str, Table], own: Table, place: str) -> None:
    table = numbers.get(cell.table, own if not cell.table else None)
    if table is None:
        raise fault(place, f"подраздела {cell.table} нет")
    if cell.row and cell.row not in {line.number for line in table.rows}:
        raise fault(place, f"строки {cell.row} в {table.number} нет")
    if cell.column and cell.column not in {line.number for line in table.columns}:
        raise fault(place, f"графы {cell.column} в {table.number} нет")


def _check_circles(lines: tuple[Line, ...], place: str, word: str) -> None:
    numbers = {line.number: line for line in lines}
    for line in lines:
        seen: set[str] = set()
        waiting = [line]
        while waiting:
            one = waiting.pop()
            if one.term is None:
                continue
            for cell in expressions.cells_of(one.term):
                other = cell.row or cell.column
                if other == line.number:
                    raise fault(f"{place}, {word} {line.number}", "вычисляется сама из себя")
                if other not in numbers:
                    raise fault(f"{place}, {word} {line.number}", f"нет слагаемого {other}")
                if other not in seen:
                    seen.add(other)
                    waiting.append(numbers[other])
