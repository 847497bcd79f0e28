"""The cells of a form as CSV and JSON: one line a cell, with its titles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kontingent.kernel import spreadsheets
from kontingent.reports.output.subject import Subject
from kontingent.reports.rules.counting import Key

HEADS = ("Таблица", "Строка", "Графа", "Число", "Название строки", "Название графы", "Достоверность бланка")


def csv_of(subject: Subject) -> bytes:
    """Return the cells as CSV."""
    return spreadsheets.csv_of([HEADS, *(tuple(cell.values()) for cell in cells(subject))])


def cells(subject: Subject) -> Iterator[dict[str, Any]]:
    """Yield every cell that is no nought."""
    for table, variant in subject.tables():
        for row, column in table.cells():
            number = subject.cells.get(Key(variant.code, row.number, column.number), 0)
            if number:
                yield {
                    "table": variant.code, "row": row.number, "column": column.number, "number": number,
                    "row_title": row.title, "column_title": " / ".join((*column.path, column.title)),
                    "confidence": table.confidence,
                }  # fmt: skip
