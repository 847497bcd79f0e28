"""How the service works: numbers without people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection

from kontingent.exchange.epgu.codes import Refusal
from kontingent.exchange.epgu.permissions import EpguPermission
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor

SHOWN_DAYS = 30


@dataclass(frozen=True, slots=True)
class Work:
    """Requests of one day, or of all of them: how many, how many refused, milliseconds of processing."""

    day: Any
    number: int
    refused: int
    p50_ms: float
    p95_ms: float

    @property
    def refused_share(self) -> float:
        """The share of refusals, in per cent."""
        return 100 * self.refused / self.number if self.number else 0.0


@dataclass(frozen=True, slots=True)
class Overview:
    """The service over the last days."""

    total: Work
    days: list[Work]
    refusals: list[tuple[str, int]]


def overview(actor: Actor) -> Overview:
    """Return how the service worked in the last days; two statements, however many requests."""
    actor.require(EpguPermission.WATCH)
    since = clock.now() - timedelta(days=SHOWN_DAYS)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (received_at AT TIME ZONE %s)::date, count(*), count(*) FILTER (WHERE refusal <> ''), "
            "percentile_cont(0.5) WITHIN GROUP (ORDER BY took_ms), percentile_cont(0.95) WITHIN GROUP (ORDER BY took_ms) "
            "FROM epgu_servicerequest WHERE received_at >= %s GROUP BY GROUPING SETS ((1), ()) ORDER BY 1 DESC NULLS FIRST",
            [clock.REGION_ZONE.key, since],
        )
        total, *days = [Work(*row) for row in cursor.fetchall()]
        cursor.execute(
            "SELECT refusal, count(*) FROM epgu_servicerequest WHERE received_at >= %s AND refusal <> '' GROUP BY 1 ORDER BY 2 DESC, 1",
            [since],
        )
        refusals = [(Refusal(code).value, number) for code, number in cursor.fetchall()]
    return Overview(total, days, refusals)
