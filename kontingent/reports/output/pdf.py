"""The form as PDF: typst lays out the tables that have a number, and names those that are empty."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kontingent.kernel.printing import pdf_of
from kontingent.reports.output.subject import Subject
from kontingent.reports.rules.counting import Key
from kontingent.reports.rules.editions import SOURCED, Table, Variant

TEMPLATE = Path(__file__).with_name("form.typ")


def write(subject: Subject) -> bytes:
    """Return the PDF."""
    edition = subject.edition
    told = {
        "form": edition.form, "title": edition.title, "okud": edition.okud, "order": edition.order,
        "on": f"{subject.on:%d.%m.%Y}", "name": subject.name, "place": subject.place, "ogrn": subject.ogrn,
        "inn": subject.inn, "head": subject.head, "version": subject.version, "notes": list(edition.notes),
        "confirmed": edition.confidence == SOURCED,
        "explanations": [list(pair) for pair in subject.explanations],
        "tables": [_table(subject, table, variant) for table, variant in subject.tables() if subject.is_filled(variant)],
        "empty": [variant.code for _, variant in subject.tables() if not subject.is_filled(variant)],
    }  # fmt: skip
    return pdf_of(TEMPLATE, told)


def _table(subject: Subject, table: Table, variant: Variant) -> dict[str, Any]:
    columns = [one for one in table.columns if not one.printed]
    rows = [
        row
        for row in table.rows
        if len(table.rows) <= LONG
        or any(subject.cells.get(Key(variant.code, row.number, one.number)) for one in columns)
    ]
    return {
        "code": variant.code, "title": table.title, "variant": variant.title, "unit": table.unit,
        "left_out": len(table.rows) - len(rows),
        "columns": [[one.number, " / ".join((*one.path, one.title))] for one in columns],
        "rows": [
            [row.number, row.level, row.title, [str(subject.text(table, variant, row, one)) for one in columns]] for row in rows
        ],
    }  # fmt: skip


#: Tables longer than this print only the rows that have a number (languages: 168 rows).
LONG = 60
