"""Finding the list on a sheet: header row, columns, what the title rows say, where the list ends."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import chain, islice
from typing import Any

from kontingent.exchange.spreadsheets import cells, fields
from kontingent.exchange.spreadsheets.reading import Sheet
from kontingent.kernel import names
from kontingent.kernel.errors import InvalidValue

LOOKED_AT = 40
LEAST_RECOGNISED = 3
_CLASS_IN_TITLE = re.compile(r"(\d{1,2})\s*[-–]?\s*[«\"„]?\s*([А-ЯЁA-Z])\s*[»\"“]?\s*класс", re.IGNORECASE)
_DAY_IN_TITLE = re.compile(r"на\s+(\d{1,2}\.\d{1,2}\.\d{4})")
_END = re.compile(
    r"^(итого|всего|директор|заведующ|кл(ассный|\.)\s*рук|подпись|исполнитель|секретарь|м\.?\s?п\.?$)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heading, the field it was recognised as, how surely."""

    index: int
    letter: str
    heading: str
    field: str | None
    confidence: int


@dataclass(slots=True)
class Table:
    """A list found on a sheet. ``rows`` yields (line number, cells) of learners only."""

    sheet: str
    header_line: int
    columns: list[Column]
    defaults: dict[str, str]
    rows: Iterator[tuple[int, list[Any]]]
    day: date | None = None
    school: str = ""

    @property
    def mapping(self) -> dict[int, str]:
        """Column index → field code."""
        return {column.index: column.field for column in self.columns if column.field}

    @property
    def fingerprint(self) -> str:
        """What a remembered mapping is found by: the headings in their order."""
        return hashlib.sha256("|".join(names.fold(c.heading) for c in self.columns).encode()).hexdigest()[:32]

    @property
    def conflicts(self) -> list[str]:
        """Fields that two columns claim."""
        claimed = [column.field for column in self.columns if column.field]
        return sorted({code for code in claimed if claimed.count(code) > 1})


def letter_of(index: int) -> str:
    """Return the column letter of a spreadsheet: 0 → A, 26 → AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


@dataclass(slots=True)
class _Peeked:
    rows: list[tuple[int, list[Any]]] = field(default_factory=list)


def find_table(sheet: Sheet, *, remembered: Mapping[str, Mapping[str, str]] | None = None) -> Table | None:
    """Return the list on a sheet, or None where there is none (an empty sheet, a cover page).

    ``remembered`` maps fingerprints of headings to {column letter: field code} that the user confirmed before.
    """
    head = list(islice(sheet.rows, LOOKED_AT))
    position = _header(head)
    if position is None:
        return None
    line, headings = head[position]
    columns = _columns([cells.plain(cell) for cell in headings])
    table = Table(sheet.name, line, columns, _defaults(sheet.name, head[:position]), iter(()))
    table.day = _title_day(head[:position])
    table.school = _title_school(head[:position])
    if remembered and (known := remembered.get(table.fingerprint)):
        table.columns = [
            Column(c.index, c.letter, c.heading, known.get(c.letter) or None, 100) for c in table.columns
        ]
    name_columns = [c.index for c in table.columns if c.field in fields.NAME_FIELDS]
    table.rows = _learners(chain(head[position + 1 :], sheet.rows), name_columns)
    return table


def _header(head: list[tuple[int, list[Any]]]) -> int | None:
    best, best_score = None, LEAST_RECOGNISED - 1
    for position, (_, row) in enumerate(head):
        codes = [
            found[0]
            for cell in row
            if isinstance(cell, str) and len(cell) < 80 and (found := fields.recognise(cell))
        ]
        if len(set(codes)) > best_score and set(codes) & fields.NAME_FIELDS:
            best, best_score = position, len(set(codes))
    return best


def _columns(headings: list[str]) -> list[Column]:
    columns: list[Column] = []
    taken: dict[str, int] = {}
    for index, heading in enumerate(headings):
        code, confidence = fields.recognise(heading) or (None, 0)
        if code is not None and code in taken and taken[code] >= confidence:
            code, confidence = None, 0
        if code is not None:
            taken[code] = confidence
        columns.append(Column(index, letter_of(index), heading, code, confidence))
    return columns


def _defaults(sheet: str, titles: list[tuple[int, list[Any]]]) -> dict[str, str]:
    """The class that the title rows or the name of the sheet tell for every row."""
    for text in (*(_text(row) for _, row in titles), sheet):
        if match := _CLASS_IN_TITLE.search(text):
            return {"grade": f"{match.group(1)}{match.group(2).upper()}"}
    try:
        return {"grade": cells.read_class(sheet).title}
    except InvalidValue:
        return {}


def _text(row: list[Any]) -> str:
    return " ".join(cells.plain(cell) for cell in row if cell not in (None, ""))


def _title_day(titles: list[tuple[int, list[Any]]]) -> date | None:
    for _, row in titles:
        if match := _DAY_IN_TITLE.search(_text(row)):
            try:
                return cells.parse_day(match.group(1))
            except InvalidValue:
                return None
    return None


def _title_school(titles: list[tuple[int, list[Any]]]) -> str:
    return next((text[:300] for _, row in titles if "учрежден" in (text := _text(row)).lower()), "")


def _learners(
    rows: Iterator[tuple[int, list[Any]]], name_columns: list[int]
) -> Iterator[tuple[int, list[Any]]]:
    """Leave out empty lines, totals and signatures; a line without a name but with data goes on, to be refused."""
    for line, row in rows:
        filled = [cell for cell in row if cell not in (None, "")]
        if not filled:
            continue
        first = next(
            (cells.plain(row[i]) for i in name_columns if i < len(row) and row[i] not in (None, "")), ""
        )
        if _END.match(first) or (not first and (len(filled) < 3 or _END.match(cells.plain(filled[0])))):
            continue
        yield line, row
