"""How tables are laid out, as data: which heading is which field, which fields a table cannot do without."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

from kontingent.exchange.spreadsheets import cells
from kontingent.exchange.spreadsheets.problems import FileRefused
from kontingent.exchange.spreadsheets.reading import Sheet
from kontingent.kernel import names

Row = tuple[int, Sequence[Any]]

#: The headings stand within so many lines.
LOOKED_AT: Final = 20
#: A table is recognised by so many known headings at least.
LEAST_RECOGNISED: Final = 4
NAME_FIELDS: Final = frozenset({"full_name", "family_name"})


@dataclass(frozen=True, slots=True)
class Profile:
    """One layout: the title of each field is its first heading."""

    title: str
    is_confirmed: bool
    columns: dict[str, tuple[str, ...]]
    required: tuple[str, ...]
    absent: dict[str, str]

    def title_of(self, field: str) -> str:
        """Return what a field is called in a table."""
        return (
            self.columns[field][0]
            if field in self.columns
            else {"name": "ФИО", "day": "Дата"}.get(field, "Строка")
        )

    @property
    def wanted(self) -> str:
        """Say which columns a table must have."""
        titles = ", ".join(f"«{self.title_of(one)}»" for one in ("family_name", *self.required))
        return f"нужны столбцы {titles}."

    def recognise(self, headings: Sequence[str]) -> dict[int, str]:
        """Return column index → field for a row of headings; of two columns for one field the first counts."""
        known = {names.fold(text): field for field, texts in self.columns.items() for text in reversed(texts)}
        found: dict[int, str] = {}
        for index, heading in enumerate(headings):
            field = known.get(names.fold(heading))
            if field is not None and field not in found.values():
                found[index] = field
        return found

    def missing(self, fields: Sequence[str]) -> list[str]:
        """Return the titles of what a table with these columns lacks."""
        lacks = [self.title_of(one) for one in self.required if one not in fields]
        return lacks if NAME_FIELDS & set(fields) else ["Фамилия (или ФИО)", *lacks]


def lines_under_headings(
    profile: Profile, sheet: Sheet
) -> tuple[dict[int, str], list[list[str]], Iterator[Row]] | None:
    """Return the columns that a sheet has, its headings with their fields, and the lines below; None where it is no such table.

    Raises:
        FileRefused: the table lacks a column; the message says where and which.
    """
    head = [(line, [cells.plain(cell) for cell in row]) for line, row in islice(sheet.rows, LOOKED_AT)]
    best = max(range(len(head)), key=lambda index: len(profile.recognise(head[index][1])), default=None)
    if best is None or len(mapping := profile.recognise(head[best][1])) < LEAST_RECOGNISED:
        return None
    if missing := profile.missing(list(mapping.values())):
        raise FileRefused(
            "no_columns",
            f"Лист «{sheet.name}», строка {head[best][0]}: нет столбцов {', '.join(f'«{one}»' for one in missing)}. Добавьте их и загрузите снова.",
        )
    headings = [[text, mapping.get(index, "")] for index, text in enumerate(head[best][1])]
    return mapping, headings, chain(head[best + 1 :], sheet.rows)


@cache
def read_profile(path: Path) -> Profile:
    """Return the layout that a file keeps."""
    told = tomllib.loads(path.read_text(encoding="utf-8"))
    return Profile(
        told["title"],
        told["confidence"] == "sourced",
        {field: tuple(texts) for field, texts in told["columns"].items()},
        tuple(told["required"]["fields"]),
        dict(told["absent"]),
    )
