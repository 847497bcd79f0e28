"""How the service works: numbers without people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from kontingent.exchange.epgu.codes import Refusal, Right
from kontingent.exchange.epgu.models import ServiceRequest
from kontingent.exchange.epgu.permissions import EpguPermission
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotAllowed

SHOWN_DAYS = 30
#: A family is shown so many requests about a child, the latest.
MOST_ASKED = 50


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


@dataclass(frozen=True, slots=True)
class AskedAbout:
    """A request about one's own child: through whom and when, who asked by which right, about which days, and what came of it."""

    through: str
    at: datetime
    applicant_id: UUID | None
    right: Right
    starts_on: date
    last_day: date
    refusal: Refusal | None


def asked_about(actor: Actor, child_id: UUID) -> list[AskedAbout]:
    """Return what was asked through ЕПГУ about one's own child or oneself, the latest first; one statement.

    A stranger's request about the child is not among them: it was refused before anybody said whether the child is here.

    Raises:
        NotAllowed: the child is not one's own.
    """
    if not actor.scope.is_family or child_id not in actor.scope.persons:
        raise NotAllowed("access.not_own", "Эти сведения не о вашем ребёнке. Вернитесь к списку.")
    found = ServiceRequest.objects.filter(child_id=child_id).exclude(right="").order_by("-received_at", "-id")
    return [
        AskedAbout(
            through=one.client_name, at=one.received_at, applicant_id=one.applicant_id, right=Right(one.right),
            starts_on=one.starts_on, last_day=one.ends_on - timedelta(days=1), refusal=Refusal(one.refusal) if one.refusal else None,
        )
        for one in found[:MOST_ASKED]
    ]  # fmt: skip
