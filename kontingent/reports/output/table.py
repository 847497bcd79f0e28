"""The cells of a form as CSV and JSON: one line a cell, with its titles."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from kontingent.reports.output.subject import Subject
from kontingent.reports.rules.counting import Key

HEADS = ("Таблица", "Строка", "Графа", "Число", "Название строки", "Название графы", "Достоверность бланка")


def csv_of(subject: Subject) -> bytes:
    """Return CSV with semicolons and a byte order mark, as spreadsheets of our offices open it."""
    output = io.StringIO(newline="")
    writer = csv.writer(output, delimiter=";")
    writer.writerow(HEADS)
    for cell in cells(subject):
        writer.writerow(cell.values())
    return output.getvalue().encode("utf-8-sig")


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
