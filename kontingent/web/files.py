"""A file the browser saves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from io import BytesIO
from typing import Any, Final

from django.http import HttpResponse, StreamingHttpResponse

from kontingent.kernel import spreadsheets
from kontingent.kernel.errors import NotFound

#: Content types by the ending of a file's name.
TYPES: Final = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xml": "application/xml",
    "csv": "text/csv; charset=utf-8",
    "pdf": "application/pdf",
    "zip": "application/zip",
}


def saved_as(content: bytes, name: str) -> HttpResponse:
    """Return an answer the browser saves under `name`, its type by the ending."""
    return HttpResponse(
        content,
        content_type=TYPES[name.rpartition(".")[2]],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def streamed_as(make: Callable[[], bytes], name: str) -> StreamingHttpResponse:
    """Return an answer the browser saves, made after the transaction of the page in one of its own: whatever it reads is of one moment."""

    def content() -> Iterator[bytes]:
        yield make()

    return StreamingHttpResponse(
        content(),
        content_type=TYPES[name.rpartition(".")[2]],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def scan_as(content: bytes, media_type: str, name: str) -> HttpResponse:
    """Return what somebody has uploaded, to be saved: it does nothing even where a browser opens it."""
    return HttpResponse(
        content,
        content_type=media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Content-Security-Policy": "sandbox; default-src 'none'",
        },
    )


def table_as(
    kind: str, name: str, title: str, head: Sequence[str], lines: Iterable[Sequence[Any]]
) -> HttpResponse:
    """Return a table as a workbook or as CSV; text never becomes a formula in either.

    Raises:
        NotFound: there is no such kind of file.
    """
    if kind == "csv":
        return saved_as(spreadsheets.csv_of([head, *lines]), f"{name}.csv")
    if kind != "xlsx":
        raise NotFound("files.no_such_kind", "В таком виде таблица не выгружается. Выберите Excel или CSV.")
    return tables_as(name, [(title, head, lines)])


def tables_as(
    name: str, tables: Iterable[tuple[str, Sequence[str], Iterable[Sequence[Any]]]]
) -> HttpResponse:
    """Return tables (title, head, lines) as the sheets of one workbook; text never becomes a formula in it."""
    output = BytesIO()
    book = spreadsheets.workbook(output)
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
    for title, head, lines in tables:
        sheet = book.add_worksheet(title[:31])
        sheet.set_column(0, 0, 34)
        sheet.freeze_panes(1, 1)
        sheet.write_row(0, 0, head, bold)
        for number, line in enumerate(lines, start=1):
            sheet.write_row(number, 0, line)
    book.close()
    return saved_as(output.getvalue(), f"{name}.xlsx")
