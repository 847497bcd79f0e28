"""Cursors: after which id the next page begins. Opaque, and worth nothing to whoever finds one in a log."""

from __future__ import annotations

import base64
import re
from uuid import UUID

from django.http import HttpRequest

from kontingent.api.serving import bad_parameter

_CURSOR = re.compile(r"[A-Za-z0-9_-]{22}")


def write(after: UUID | None) -> str | None:
    """Return the cursor of the page after an id."""
    return None if after is None else base64.urlsafe_b64encode(after.bytes).rstrip(b"=").decode()


def read(request: HttpRequest) -> UUID | None:
    """Return the id in the parameter ``cursor``."""
    text = request.GET.get("cursor", "")
    if not text:
        return None
    if not _CURSOR.fullmatch(text):
        raise bad_parameter(
            "cursor", "cursor испорчен. Передайте next_cursor предыдущей страницы без изменений."
        )
    return UUID(bytes=base64.urlsafe_b64decode(text + "=="))
