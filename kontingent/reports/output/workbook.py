"""The form as a workbook in the layout of the blank: its sheet names, its cell addresses."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from xlsxwriter.utility import xl_cell_to_rowcol, xl_col_to_name

from kontingent.kernel import spreadsheets
from kontingent.reports.output.subject import Subject
from kontingent.reports.rules.editions import Table, Variant

#: Where a table lies that the blank gives no addresses for: rows from this line, cells from column C, their numbers before.
FIRST_ROW, FIRST_COLUMN = 21, 2
TITLE_ROW = 15


def write(subject: Subject) -> bytes:
    """Return an XLSX of the form."""
    output = BytesIO()
    book = spreadsheets.workbook(output)
    formats = {
        "title": book.add_format({"bold": True, "text_wrap": True, "valign": "top"}),
        "head": book.add_format({"text_wrap": True, "border": 1, "align": "center", "valign": "vcenter", "bg_color": "#F3F6FA"}),
        "text": book.add_format({"text_wrap": True, "border": 1, "valign": "top"}),
        "number": book.add_format({"border": 1, "align": "right"}),
        "crossed": book.add_format({"border": 1, "align": "center", "font_color": "#6B7280"}),
    }  # fmt: skip
    _front(book.add_worksheet("Титул"), subject, formats)
    for table, variant in subject.tables():
        _table(book.add_worksheet(variant.sheet[:31]), subject, table, variant, formats)
    book.close()
    return output.getvalue()


def _front(sheet: Any, subject: Subject, formats: dict[str, Any]) -> None:
    edition = subject.edition
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 1, 90)
    lines = [
        ("Форма", f"№ {edition.form}"),
        ("Название", edition.title),
        ("ОКУД", edition.okud),
        ("Утверждена", edition.order),
        ("Составлена на", f"{subject.on:%d.%m.%Y}"),
        ("Организация", subject.name),
        ("Адрес", subject.place),
        ("ОГРН", subject.ogrn),
        ("ИНН", subject.inn),
        ("Руководитель", subject.head),
        ("Версия", str(subject.version or "")),
        *((f"Пояснение к {control}", text) for control, text in subject.explanations),
        *(("Примечание", note) for note in edition.notes),
    ]
    for row, (name, value) in enumerate(lines):
        sheet.write_string(row, 0, name, formats["title"])
        sheet.write_string(row, 1, value)


def _table(sheet: Any, subject: Subject, table: Table, variant: Variant, formats: dict[str, Any]) -> None:
    places = Places(table)
    sheet.set_column(0, 0, 60)
    if places.number > 1:
        sheet.set_column(1, places.number - 1, None, None, {"hidden": True})
    sheet.write_string(TITLE_ROW, 0, f"{variant.code}. {table.title}", formats["title"])
    if variant.title:
        sheet.write_string(TITLE_ROW + 1, 0, f"Форма обучения: {variant.title}")
    head = places.first - 2
    sheet.set_row(head, 60)
    sheet.write_string(head, 0, "Показатель", formats["head"])
    sheet.write_string(head, places.number, "№ строки", formats["head"])
    sheet.write_string(head + 1, 0, "1", formats["head"])
    sheet.write_string(head + 1, places.number, "2", formats["head"])
    for column in table.columns:
        at = places.column(column.number)
        sheet.write_string(head, at, " / ".join((*column.path, column.title)), formats["head"])
        sheet.write_string(head + 1, at, column.number, formats["head"])
    for row in table.rows:
        line = places.row(row.number)
        sheet.write_string(line, 0, "    " * row.level + row.title, formats["text"])
        sheet.write_string(line, places.number, row.number, formats["text"])
        for column in table.columns:
            said = subject.text(table, variant, row, column)
            at = places.column(column.number)
            if isinstance(said, int):
                sheet.write_number(line, at, said, formats["number"])
            else:
                sheet.write_string(line, at, said, formats["crossed"])
    sheet.freeze_panes(places.first, places.number + 1)


class Places:
    """Where a table's cells lie in the workbook: the addresses of the blank, or a plain layout where it has none."""

    def __init__(self, table: Table) -> None:
        """Read the addresses."""
        has_rows = all(row.address for row in table.rows)
        has_columns = all(column.address for column in table.columns)
        self._rows = {
            row.number: int(row.address) - 1 if has_rows else FIRST_ROW - 1 + index
            for index, row in enumerate(table.rows)
        }
        self._columns = {
            column.number: xl_cell_to_rowcol(f"{column.address}1")[1] if has_columns else FIRST_COLUMN + index
            for index, column in enumerate(table.columns)
        }
        self.first = min(self._rows.values())
        self.number = min(self._columns.values()) - 1

    def row(self, number: str) -> int:
        """Return the row of the sheet, from nought."""
        return self._rows[number]

    def column(self, number: str) -> int:
        """Return the column of the sheet, from nought."""
        return self._columns[number]

    def address(self, row: str, column: str) -> str:
        """Return «P21»."""
        return f"{xl_col_to_name(self._columns[column])}{self._rows[row] + 1}"
