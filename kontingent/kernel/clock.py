"""The only clock. Rules never ask it: they are given days and moments as arguments.

Perm Krai lives by UTC+5 (Asia/Yekaterinburg), so "today" is the local day, not the day in UTC.
"""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

REGION_ZONE = ZoneInfo("Asia/Yekaterinburg")


def now() -> datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """Return the present day in the region's time zone."""
    return now().astimezone(REGION_ZONE).date()
