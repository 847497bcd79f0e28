"""A file the browser saves."""

from __future__ import annotations

from typing import Final

from django.http import HttpResponse

#: Content types by the ending of a file's name.
TYPES: Final = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xml": "application/xml",
    "csv": "text/csv; charset=utf-8",
    "pdf": "application/pdf",
}


def saved_as(content: bytes, name: str) -> HttpResponse:
    """Return an answer the browser saves under `name`, its type by the ending."""
    return HttpResponse(
        content,
        content_type=TYPES[name.rpartition(".")[2]],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
