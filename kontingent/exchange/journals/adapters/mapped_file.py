"""The adapter of files read by a mapping: long rows, or the wide sheet of a paper journal. Pure but for opening the file.

A file names its records by nothing, so a record's id is made of what it is about – the same cell gives the same id again –
and its version is the moment the file was made. A cell emptied since is not noticed: the file does not say what stood there.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as Facts
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple, cast

import msgspec

from kontingent.exchange.journals.adapters.boundary import (
    Asked,
    Finding,
    SeenClass,
    SeenEnrolment,
    SeenOrganisation,
    Stream,
)
from kontingent.exchange.journals.adapters.mapping import Mapping, SheetMapping
from kontingent.exchange.journals.adapters.sealing import Seal, is_name
from kontingent.exchange.journals.messages import (
    MESSAGES,
    AttendanceMessage,
    FinalMessage,
    LessonMessage,
    MarkMessage,
)
from kontingent.exchange.spreadsheets.cells import parse_day, plain
from kontingent.exchange.spreadsheets.reading import Sheet, open_sheets
from kontingent.exchange.spreadsheets.tables import letter_of
from kontingent.kernel.errors import InvalidValue
from kontingent.kernel.school_year import SchoolYear
from kontingent.performance.records import ATTENDANCE, FINALS, LESSONS, MARKS

MOST_BYTES = 100 * 1024 * 1024
_SHORT_DAY = re.compile(r"(\d{1,2})[./](\d{1,2})\.?")
#: Which field msgspec names, at whose place or for want of which.
_AT_FIELD, _NO_FIELD = re.compile(r"at `\$\.(\w+)"), re.compile(r"field `(\w+)`")
_MONTHS = ("янв", "фев", "мар", "апр", "мая", "июн", "июл", "авг", "сен", "окт", "ноя", "дек")


class _Row(NamedTuple):
    """A row of a mapped sheet below its header."""

    mapping: SheetMapping
    sheet: str
    line: int
    cells: Sequence[str]
    columns: Facts[str, int]
    days: Facts[int, date]
    seal: Seal

    def said(self, name: str) -> str:
        """Return what is told of a field: by its column, else by a constant, else by the sheet's name."""
        place = self.columns.get(name)
        if place is not None:
            return self.cells[place] if place < len(self.cells) else ""
        if name in self.mapping.constants:
            return self.mapping.constants[name]
        return self.sheet if name == self.mapping.from_sheet else ""

    @property
    def learner(self) -> str:
        """The learner's key; where names are all there is, sealed together with the class."""
        key = self.said("learner")
        by_name = bool(key) and (self.mapping.learner_within_class or is_name(key))
        return self.seal(self.said("class"), key) if by_name else key

    def place(self, column: int | None = None) -> str:
        """Tell where: sheet, and cell or row."""
        return f"лист «{self.sheet}», {f'строка {self.line}' if column is None else f'ячейка {letter_of(column)}{self.line}'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedFile:
    """A file, how it is laid out, when it was made, the school year whose days it names without a year, and what seals names."""

    path: Path
    filename: str
    mapping: Mapping
    made_at: datetime
    school_year: SchoolYear
    seal: Seal
    max_bytes: int = MOST_BYTES

    def list_orgs(self) -> Iterator[SeenOrganisation]:
        """Yield the organisations that rows name by ОГРН."""
        for ogrn in dict.fromkeys(
            row.said("organisation") for row in self._of(None) if isinstance(row, _Row)
        ):
            if ogrn:
                yield SeenOrganisation(ogrn, ogrn, ogrn)

    def list_classes(self) -> Iterator[SeenClass]:
        """Yield the classes that rows name."""
        rows = (row for row in self._of(None) if isinstance(row, _Row))
        for title, ogrn in dict.fromkeys((row.said("class"), row.said("organisation")) for row in rows):
            if title:
                yield SeenClass(title, title, ogrn)

    def list_enrollments(self) -> Iterator[SeenEnrolment]:
        """Yield the learners that rows name, each in a class once."""
        seen: set[tuple[str, str]] = set()
        for row in self._of(None):
            if isinstance(row, _Row) and row.learner and (row.learner, row.said("class")) not in seen:
                seen.add((row.learner, row.said("class")))
                yield SeenEnrolment(
                    row.learner, row.said("learner_name") or row.said("learner"), row.said("class")
                )

    def fetch_lessons(self, asked: Asked) -> Iterator[LessonMessage | Finding]:
        """Yield lessons."""
        return cast(Iterator[LessonMessage | Finding], self._fetch(LESSONS.code, asked))

    def fetch_marks(self, asked: Asked) -> Iterator[MarkMessage | Finding]:
        """Yield current marks, of long rows and of wide cells."""
        return cast(Iterator[MarkMessage | Finding], self._fetch(MARKS.code, asked))

    def fetch_attendance(self, asked: Asked) -> Iterator[AttendanceMessage | Finding]:
        """Yield absences, of long rows and of wide cells."""
        return cast(Iterator[AttendanceMessage | Finding], self._fetch(ATTENDANCE.code, asked))

    def fetch_finals(self, asked: Asked) -> Iterator[FinalMessage | Finding]:
        """Yield marks of periods."""
        return cast(Iterator[FinalMessage | Finding], self._fetch(FINALS.code, asked))

    def preview(self, asked: Asked, most: int = 50) -> list[tuple[str, Any]]:
        """Return the first rows of each kind, and findings, with the kind: what the mapping makes of this file. Writes nothing."""
        found: list[tuple[str, Any]] = []
        for kind in (LESSONS.code, MARKS.code, ATTENDANCE.code, FINALS.code):
            for number, row in enumerate(self._fetch(kind, asked)):
                if number == most:
                    break
                found.append((kind, row))
        return found

    # -- rows ----------------------------------------------------------------------------------

    def _fetch(self, kind: str, asked: Asked) -> Stream:
        repeated: Counter[str] = Counter()
        for row in self._of(kind):
            if isinstance(row, Finding):
                # What is wrong with a sheet is told once, by the kind the sheet is for.
                yield row
            elif row.mapping.layout == "wide":
                yield from self._of_cells(kind, row, asked)
            else:
                message = self._of_row(kind, row, asked, repeated)
                if message is not None:
                    yield message

    def _of(self, kind: str | None) -> Iterator[_Row | Finding]:
        """Yield the rows of the sheets that have rows of a kind; each sheet is read by the first mapping that covers it."""
        for sheet in open_sheets(self.path, self.filename, max_bytes=self.max_bytes):
            mapping = next((one for one in self.mapping.sheets if one.covers(sheet.name)), None)
            if mapping is not None and (kind is None or mapping.yields(kind)):
                yield from self._rows(sheet, mapping, tells=kind in (None, mapping.records))

    def _rows(self, sheet: Sheet, mapping: SheetMapping, *, tells: bool) -> Iterator[_Row | Finding]:
        columns: dict[str, int] | None = None
        days: dict[int, date] = {}
        above: Sequence[str] = ()
        looked = 0
        for line, raw in sheet.rows:
            cells = [_text(cell) for cell in raw]
            if columns is None:
                columns, looked = _columns(cells, mapping), looked + 1
                if columns is not None and mapping.layout == "wide":
                    days = _days(cells, above, set(columns.values()), self.school_year)
                above = cells
                if columns is None and looked >= mapping.header_within:
                    break
            elif any(cells):
                yield _Row(mapping, sheet.name, line, cells, columns, days, self.seal)
        if tells and columns is None:
            wanted = ", ".join("«" + " / ".join(titles) + "»" for titles in mapping.columns.values())
            yield Finding(
                f"лист «{sheet.name}»", "", "journals.no_header",
                f"Строка заголовка не найдена среди первых {mapping.header_within}. Ищутся столбцы {wanted}: исправьте описание или лист.",
            )  # fmt: skip
        elif tells and mapping.layout == "wide" and not days:
            yield Finding(
                f"лист «{sheet.name}»", "", "journals.no_days",
                "В строке заголовка нет ни одной даты. Дата – 05.09.2025, 05.09 или число под названием месяца.",
            )  # fmt: skip

    def _of_row(self, kind: str, row: _Row, asked: Asked, repeated: Counter[str]) -> Any:
        facts: dict[str, Any] = {}
        for one in msgspec.structs.fields(MESSAGES[kind]):
            said = row.said(one.encode_name)
            if said:
                facts[one.encode_name] = said
        if "learner" in facts:
            facts["learner"] = row.learner
        text = facts.get("date", "")
        day = _day(text, self.school_year)
        if day is None:
            return Finding(
                row.place(row.columns.get("date")), text, "journals.no_date",
                f"«{text}» – не дата. Напишите её как 05.09.2025." if text else "Нет даты: заполните ячейку.",
            )  # fmt: skip
        if not asked.wants(day, row.said("class")):
            return None
        facts["date"] = day.isoformat()
        if "value" in facts:
            facts["value"] = row.mapping.values.get(facts["value"].casefold(), facts["value"])
        if "code" in facts:
            facts["code"] = row.mapping.absences.get(facts["code"].casefold(), facts["code"])
        facts.setdefault("version", self._version)
        if "id" not in facts:
            facts["id"] = _numbered(repeated, kind, _about(kind, facts))
        return _message(kind, facts, row)

    def _of_cells(self, kind: str, row: _Row, asked: Asked) -> Stream:
        if not row.learner:
            if kind == row.mapping.records:
                yield Finding(
                    row.place(),
                    "",
                    "journals.no_learner",
                    "Не сказано, чей это ряд: заполните столбец ученика или уберите строку.",
                )
            return
        of_day: Counter[date] = Counter()
        for column, day in row.days.items():
            lesson = of_day[day]
            of_day[day] += 1
            cell = row.cells[column] if column < len(row.cells) else ""
            if not cell or not asked.wants(day, row.said("class")):
                continue
            for number, token in enumerate(_tokens(cell, row.mapping)):
                code = row.mapping.absences.get(token.casefold())
                if (code is not None) != (kind == ATTENDANCE.code):
                    continue
                facts: dict[str, Any] = {
                    "learner": row.learner, "date": day.isoformat(), "subject": row.said("subject"), "version": self._version,
                    "id": _id(kind, row.learner, day.isoformat(), row.said("subject"), str(lesson), str(number)),
                }  # fmt: skip
                if code is not None:
                    facts["code"] = code
                else:
                    facts["value"] = row.mapping.values.get(token.casefold(), token)
                yield _message(kind, facts, row, column)

    @property
    def _version(self) -> int:
        return int(self.made_at.timestamp())


# -- cells -------------------------------------------------------------------------------------


def _text(cell: Any) -> str:
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, date) else " ".join(plain(cell).split())


def _columns(cells: Sequence[str], mapping: SheetMapping) -> dict[str, int] | None:
    """Return the places of the mapped columns, or nothing where the row is no header: every column a record needs must stand there."""
    titles = {cell.casefold(): place for place, cell in reversed(list(enumerate(cells))) if cell}
    found: dict[str, int] = {}
    for name, ways in mapping.columns.items():
        place = next((titles[way.casefold()] for way in ways if way.casefold() in titles), None)
        if place is not None:
            found[name] = place
    required = {"learner", "subject"} if mapping.layout == "wide" else {
        one.encode_name for one in msgspec.structs.fields(MESSAGES[mapping.records]) if one.required
    }  # fmt: skip
    return found if found and (required & set(mapping.columns)) <= set(found) else None


def _days(cells: Sequence[str], above: Sequence[str], taken: set[int], year: SchoolYear) -> dict[int, date]:
    """Return the days of a wide sheet by column: a date, a date without its year, or a number under the name of a month."""
    found: dict[int, date] = {}
    month = 0
    for column, cell in enumerate(cells):
        word = above[column].casefold()[:3] if column < len(above) else ""
        word = "мая" if word == "май" else word
        month = _MONTHS.index(word) + 1 if word in _MONTHS else month
        if column in taken or not cell:
            continue
        day = (
            _in_year(int(cell), month, year)
            if month and cell.isdecimal() and int(cell) <= 31
            else _day(cell, year)
        )
        if day is not None:
            found[column] = day
    return found


def _day(text: str, year: SchoolYear) -> date | None:
    if short := _SHORT_DAY.fullmatch(text):
        return _in_year(int(short[1]), int(short[2]), year)
    try:
        return parse_day(text) if text else None
    except InvalidValue:
        return None


def _in_year(day: int, month: int, year: SchoolYear) -> date | None:
    try:
        return date(year.begins_in if month >= year.starts_on.month else year.begins_in + 1, month, day)
    except ValueError:
        return None


def _tokens(cell: str, mapping: SheetMapping) -> list[str]:
    """Split a cell into marks and absences, unless the whole is one word of the journal's own: «н/а» is no «н» and «а»."""
    whole = cell.casefold()
    if whole in mapping.values or whole in mapping.absences or whole in ("н/а", "осв."):
        return [cell]
    return (
        [one for one in re.split(f"[{re.escape(mapping.separators)}]+", cell) if one]
        if mapping.separators
        else [cell]
    )


def _message(kind: str, facts: dict[str, Any], row: _Row, column: int | None = None) -> Any:
    try:
        return msgspec.convert(facts, MESSAGES[kind], strict=False)
    except msgspec.ValidationError as error:
        name = next(iter(_AT_FIELD.findall(str(error)) or _NO_FIELD.findall(str(error))), "")
        value = str(facts.get(name, ""))[:80]
        said = f"«{value}» не годится для поля «{name}»" if value else f"Нет значения поля «{name}»"
        at = row.columns.get(name) if column is None else column
        return Finding(
            row.place(at), value, "journals.row", f"{said}: исправьте ячейку или описание столбцов."
        )


def _about(kind: str, facts: Facts[str, Any]) -> tuple[str, ...]:
    """What a record is about, without what may be corrected about it."""
    names = {
        FINALS.code: ("learner", "subject", "kind", "period"),
        LESSONS.code: ("organisation", "class", "date", "subject", "number", "part"),
    }.get(kind, ("learner", "date", "subject", "number", "lesson"))
    return tuple(str(facts.get(name, "")) for name in names)


def _numbered(repeated: Counter[str], kind: str, about: tuple[str, ...]) -> str:
    """Return the id of a record, of several about the same the second, third…"""
    key = _id(kind, *about)
    repeated[key] += 1
    return key if repeated[key] == 1 else _id(kind, *about, str(repeated[key]))


def _id(*parts: str) -> str:
    return "f" + hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]
