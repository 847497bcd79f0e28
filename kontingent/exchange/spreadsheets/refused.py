"""The rows that were not taken, as the user's own workbook with the reasons beside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from typing import NamedTuple

from kontingent.kernel import spreadsheets


class RefusedRow(NamedTuple):
    """One line of the user's file with why it was refused and what to do."""

    sheet: str
    line: int
    cells: Sequence[str]
    reasons: Sequence[str]
    remedies: Sequence[str]


def workbook(headings: Mapping[str, Sequence[str]], rows: Iterable[RefusedRow]) -> bytes:
    """Return an xlsx: sheets as in the file, their columns, then «Строка», «Причина» and «Что сделать».

    Every cell is written as text, so that nothing from a file is ever a formula in ours.
    """
    output = BytesIO()
    book = spreadsheets.workbook(output)
    bold = book.add_format({"bold": True, "text_wrap": True, "bg_color": "#E7EEF7"})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    red = book.add_format({"text_wrap": True, "valign": "top", "font_color": "#B42318"})
    sheets = {}
    for name, columns in headings.items():
        sheet = book.add_worksheet(name[:31].translate({ord(c): "_" for c in "[]:*?/\\'"}) or "Лист")
        sheet.freeze_panes(1, 0)
        for index, title in enumerate((*columns, "Строка файла", "Причина", "Что сделать")):
            sheet.write_string(0, index, title, bold)
        sheet.set_column(0, max(0, len(columns) - 1), 16)
        sheet.set_column(len(columns) + 1, len(columns) + 2, 60)
        sheets[name] = (sheet, len(columns), [0])
    for row in rows:
        sheet, width, count = sheets[row.sheet]
        count[0] += 1
        for index in range(width):
            sheet.write_string(count[0], index, row.cells[index] if index < len(row.cells) else "", wrapped)
        sheet.write_number(count[0], width, row.line)
        sheet.write_string(count[0], width + 1, "\n".join(row.reasons), red)
        sheet.write_string(count[0], width + 2, "\n".join(dict.fromkeys(row.remedies)), wrapped)
    book.close()
    return output.getvalue()
