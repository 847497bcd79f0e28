"""How often a client may ask: a fixed window of a minute, kept by PostgreSQL for all web workers together."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import connection

from kontingent.access.machines.refusals import TooManyRequests

_HIT = """
INSERT INTO machines_ratewindow AS w (key, minute, hits) VALUES (%s, %s, 1)
ON CONFLICT (key) DO UPDATE SET
    hits = CASE WHEN EXCLUDED.minute > w.minute THEN 1 ELSE w.hits + 1 END,
    minute = greatest(w.minute, EXCLUDED.minute)
RETURNING hits
"""


def count_request(client: UUID, *, limit: int, now: datetime) -> None:
    """Count one request of a client; raise ``TooManyRequests`` above its limit."""
    if hit(f"client:{client}", now) > limit:
        raise TooManyRequests(limit, retry_after=60 - now.second)


def hit(key: str, now: datetime) -> int:
    """Count one more under a key and return how many there were in this minute, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_HIT, [key, now.replace(second=0, microsecond=0)])
        row = cursor.fetchone()
    return int(row[0]) if row else 0
