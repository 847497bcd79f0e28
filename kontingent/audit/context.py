"""The request within which something happens: its id and the address it came from, for every row of the journal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from kontingent.audit.reads import Read


@dataclass(slots=True)
class Request:
    """One request of a page or of the API, one job, one command."""

    id: UUID | None = None
    address: str | None = None
    reads: list[Read] = field(default_factory=list)


_current: ContextVar[Request | None] = ContextVar("audit_request", default=None)


def current() -> Request | None:
    """Return the request under way, None outside of one."""
    return _current.get()


@contextmanager
def within(request: Request) -> Iterator[Request]:
    """Make ``request`` the one under way; reads noted inside wait in it until they are written."""
    token = _current.set(request)
    try:
        yield request
    finally:
        _current.reset(token)
