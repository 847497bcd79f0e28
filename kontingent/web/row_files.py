"""What the pages of files of rows have in common: the columns a profile knows, how the file calls them, the refused rows as a workbook."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from django.http import HttpResponse

from kontingent.exchange.spreadsheets.profiles import Profile
from kontingent.exchange.spreadsheets.refused import RefusedRow, workbook
from kontingent.web.files import saved_as


class Row(Protocol):
    """A row that was not taken: where it stands, what it holds, and its problems as (field, value, code, remedy)."""

    sheet: str
    line: int
    raw: str
    problems: Any


def columns(profile: Profile) -> list[tuple[str, str, bool]]:
    """Return the columns that a profile knows: its name, its other names, whether it must be there."""
    return [
        (texts[0], ", ".join(texts[1:]), field in profile.required)
        for field, texts in profile.columns.items()
    ]


def titles(profile: Profile, headings: Sequence[Sequence[str]]) -> dict[str, str]:
    """Field → how the file itself calls its column, with the column's number; ``headings`` are pairs of heading and field."""
    found = {field: profile.title_of(field) for field in profile.columns}
    return found | {
        field: f"{heading} (столбец {index})"
        for index, (heading, field) in enumerate(headings, start=1)
        if field
    }


def problems(row: Row, titles: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Return what is wrong with a row: column, value, what to do."""
    return [(titles.get(field, "Строка"), value, remedy) for field, value, _, remedy in row.problems]


def refused(
    rows: Iterable[Row], headings: Sequence[Sequence[str]], titles: Mapping[str, str]
) -> HttpResponse:
    """Return the refused lines as they were, with column, value and remedy beside."""
    named = [heading for heading, _ in headings]
    sheets: dict[str, list[str]] = {}
    found = []
    for row in rows:
        sheets.setdefault(row.sheet, named)
        reasons = [
            f"{title}{f' «{value}»' if value else ''}: {remedy}"
            for title, value, remedy in problems(row, titles)
        ]
        found.append(RefusedRow(row.sheet, row.line, row.raw.split("\t"), reasons, []))
    return saved_as(workbook(sheets or {"Лист": named}, found), "refused.xlsx")
