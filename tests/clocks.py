"""A clock that a test holds: it ticks so that moments differ, and days pass only when the test says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Ticking:
    """Stands in for ``clock.now``: ``monkeypatch.setattr(clock, "now", Ticking(...))``."""

    def __init__(self, at: datetime = datetime(2025, 10, 6, 7, tzinfo=UTC)) -> None:
        """Begin on a Monday in October, unless told another moment."""
        self.at = at

    def __call__(self) -> datetime:
        """Return the present moment, a millisecond after the one told before."""
        self.at += timedelta(milliseconds=1)
        return self.at

    def pass_days(self, number: int) -> None:
        """Let days go by."""
        self.at += timedelta(days=number)
