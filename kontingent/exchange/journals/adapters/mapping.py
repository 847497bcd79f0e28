"""How the files of a journal are laid out, as data: which sheets, which columns are which fields, what its marks are called. Pure.

A mapping is TOML, checked as a whole when it is read; whatever is wrong is told by its place in the mapping.
"""

from __future__ import annotations

import re
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from kontingent.exchange.journals.messages import MESSAGES
from kontingent.kernel.errors import InvalidValue
from kontingent.performance.records import ATTENDANCE, MARKS

PROFILES = Path(__file__).parent / "profiles"
#: Fields that a file has no need to say: they follow from the rest.
_DERIVED = frozenset({"id", "version"})
#: Fields of a learner's row beyond those of the message.
_SEEN = frozenset({"class", "learner_name"})
_WIDE_FIELDS = frozenset({"learner", "learner_name", "class", "subject", "organisation"})


class SheetMapping(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Sheets of one layout.

    ``rows``: one record a row. ``wide``: a row a learner, a column a day; a cell holds marks and absences together.
    ``columns`` tells for each field the titles of its column, whatever case; ``constants`` what is the same for all rows;
    ``from_sheet`` the field that the sheet's own name tells. ``values`` and ``absences`` are the journal's words for marks
    and absences; what is not there is taken as it stands.
    """

    records: Literal["marks", "attendance", "lessons", "finals"]
    layout: Literal["rows", "wide"] = "rows"
    sheets: str = "*"
    columns: dict[str, tuple[str, ...]]
    constants: dict[str, str] = {}
    from_sheet: str = ""
    values: dict[str, str] = {}
    absences: dict[str, str] = {}
    separators: str = " /,;"
    header_within: int = 20
    learner_within_class: bool = False

    def covers(self, sheet: str) -> bool:
        """Say whether a sheet is meant."""
        return fnmatchcase(sheet.casefold(), self.sheets.casefold())

    def yields(self, records: str) -> bool:
        """Say whether rows of a kind come from these sheets: wide ones hold marks and absences."""
        return records == self.records or (self.layout == "wide" and records in (MARKS.code, ATTENDANCE.code))

    @property
    def fields(self) -> set[str]:
        """Every field that is told, by whatever means."""
        return {*self.columns, *self.constants, *([self.from_sheet] if self.from_sheet else [])}


class Mapping(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """The layout of a journal's files. ``reconstructed`` says that nobody has given us a specification: people are told."""

    code: str
    title: str
    reconstructed: bool = False
    note: str = ""
    sheets: tuple[SheetMapping, ...]


def read_mapping(text: str) -> Mapping:
    """Read a mapping and check it whole; raise ``InvalidValue`` with all that is wrong."""
    try:
        mapping = msgspec.convert(tomllib.loads(text), Mapping)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, RecursionError) as error:
        raise InvalidValue(
            "journals.mapping_unread",
            f"Описание файлов не читается: {_in_words(str(error))}. Исправьте указанное место.",
        ) from error
    wrong = [said for number, sheet in enumerate(mapping.sheets, 1) for said in _wrong(number, sheet)]
    if wrong or not mapping.sheets:
        raise InvalidValue(
            "journals.mapping",
            " ".join(wrong) or "В описании нет ни одного листа: добавьте раздел [[sheets]].",
        )
    return mapping


#: What the readers of TOML and of its fields complain of.
_COMPLAINTS = (
    (re.compile(r"missing required field `(\w+)`"), "нет поля «{}»"),
    (re.compile(r"unknown field `(\w+)`"), "поля «{}» не бывает"),
    (re.compile(r"Invalid enum value '?(.*?)'?(?: - at|$)"), "значения «{}» не бывает"),
    (re.compile(r"Expected `"), "значение не того вида"),
    (re.compile(r"\(at line (\d+, column \d+)\)"), "это не TOML, строка {}"),
    (re.compile(r"\(at end of document\)"), "это не TOML: описание обрывается"),
)
_PLACE = re.compile(r"at `\$\.?(.+)`")


def _in_words(complaint: str) -> str:
    """Say a complaint in Russian, with its place."""
    found = ((pattern.search(complaint), told) for pattern, told in _COMPLAINTS)
    said = next((told.format(*match.groups()) for match, told in found if match), "оно слишком сложно")
    place = _PLACE.search(complaint)
    return said.replace(", column", ", столбец") + (f" ({place.group(1)})" if place else "")


def _wrong(number: int, sheet: SheetMapping) -> list[str]:
    if sheet.layout == "wide":
        if sheet.records not in (MARKS.code, ATTENDANCE.code):
            return [
                f"Раздел {number}: лист «ученик × дата» бывает для отметок и посещаемости, не для {sheet.records}."
            ]
        known, required = _WIDE_FIELDS, {"learner", "subject"}
    else:
        fields = msgspec.structs.fields(MESSAGES[sheet.records])
        known = frozenset(one.encode_name for one in fields) | _SEEN
        required = {one.encode_name for one in fields if one.required} - _DERIVED
    strange, missing = sorted(sheet.fields - known), sorted(required - sheet.fields)
    said = [f"Раздел {number}: поля «{name}» нет; бывают {', '.join(sorted(known))}." for name in strange]
    said += [
        f"Раздел {number}: не сказано, где взять поле «{name}»: назовите столбец, постоянное значение или имя листа."
        for name in missing
    ]
    if not sheet.columns:
        said.append(f"Раздел {number}: не назван ни один столбец.")
    if sheet.learner_within_class and "class" not in sheet.fields:
        said.append(f"Раздел {number}: ученик различается внутри класса, а класс не указан.")
    return said


def shipped() -> dict[str, Mapping]:
    """Return the profiles that come along, by code."""
    read = [read_mapping(path.read_text(encoding="utf-8")) for path in sorted(PROFILES.glob("*.toml"))]
    return {one.code: one for one in read}
