"""When a source is read next, and when its silence is too long. Pure: the moment is given."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

#: What a schedule may be, in minutes; nought is «only by hand».
SCHEDULES: Final = {
    0: "только вручную",
    5: "каждые 5 минут",
    15: "каждые 15 минут",
    60: "каждый час",
    360: "каждые 6 часов",
    1440: "раз в сутки",
}
#: After a failure the source is tried again sooner than its schedule says, then ever later.
FIRST_RETRY: Final = timedelta(minutes=2)
LAST_RETRY: Final = timedelta(hours=6)


def next_at(now: datetime, *, every_minutes: int, failures: int) -> datetime | None:
    """Return when to read next; after failures a source that is read only by hand waits for a hand."""
    if not every_minutes:
        return None
    if not failures:
        return now + timedelta(minutes=every_minutes)
    return now + min(FIRST_RETRY * (1 << min(failures - 1, 20)), LAST_RETRY)


def is_late(now: datetime, *, since: datetime, every_minutes: int) -> bool:
    """Say whether the last success is longer ago than two turns of the schedule."""
    return bool(every_minutes) and now - since > timedelta(minutes=2 * every_minutes)


def lag(now: datetime, since: datetime) -> str:
    """Say how long ago a success was, as coarsely as it matters: minutes, hours, days."""
    minutes = max(0, int((now - since).total_seconds() // 60))
    if minutes < 120:
        return f"{minutes} мин"
    return f"{minutes // 60} ч" if minutes < 48 * 60 else f"{minutes // (24 * 60)} дн"
