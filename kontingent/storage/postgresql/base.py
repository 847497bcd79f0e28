"""Django's PostgreSQL, where a transaction begins in one round trip with what it has to say first.

Every request says its scope before anything else (``storage.scope``). ``BEGIN`` and that statement in two messages would cost each page
one more wait than it needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """The connection; the server's own autocommit stays on, and transactions are opened by a statement."""

    _opening = ""

    @contextmanager
    def opening_with(self, statement: str) -> Iterator[None]:
        """Let the next outermost transaction open with a statement of our own text (it is sent with no parameters)."""
        self._opening = statement
        try:
            yield
        finally:
            self._opening = ""

    def _start_transaction_under_autocommit(self) -> None:
        """Django calls this, where a backend has it, instead of switching autocommit off."""
        opening, self._opening = self._opening, ""
        with self.wrap_database_errors:
            self.connection.execute(f"BEGIN; {opening}" if opening else "BEGIN")
