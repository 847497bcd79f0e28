"""One year's flows between municipalities and between levels, a cohort, coverage – beside one raw pass over the year's movements."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

from bench.measure import Result, interleaved

NAMES = {"flows", "flows_levels", "flows_cohort", "flows_coverage"}
SINCE, UNTIL = date(2025, 9, 1), date(2026, 8, 31)
_SCAN = (
    "SELECT organisation_id, kind, count(*) FROM enrolment_movement WHERE cancelled_at IS NULL "
    "AND effective_on BETWEEN %s AND %s GROUP BY 1, 2"
)


def run(size: str, only: str | None) -> Iterator[Result]:
    """Measure each question against the pass, in turn."""
    from django.db import connection

    from kontingent.kernel.actor import system_actor
    from kontingent.storage.scope import scoped
    from kontingent.trajectory.cases.queries import coverage_by_age
    from kontingent.trajectory.flows.codes import By
    from kontingent.trajectory.flows.queries.cohorts import cohort
    from kontingent.trajectory.flows.queries.flows import Asked, flows

    actor = system_actor("bench", "Замер")

    def floor(_: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute(_SCAN, [SINCE, UNTIL])
            cursor.fetchall()

    days = [date(year, 9, 20) for year in range(2022, 2027)]
    asked: dict[str, Callable[[int], object]] = {
        "flows": lambda _: flows(actor, Asked(SINCE, UNTIL, By.MUNICIPALITY)),
        "flows_levels": lambda _: flows(actor, Asked(SINCE, UNTIL, By.LEVEL)),
        "flows_cohort": lambda _: cohort(actor, grade=1, on=days[0], days=days),
        "flows_coverage": lambda _: coverage_by_age(actor, UNTIL),
    }
    for name, call in asked.items():
        if only in (None, "flows", name):
            with scoped(actor):
                ours, raw = interleaved(call, floor, repeat=7, warm_up=1)
            yield Result(
                name,
                size,
                figure=ours.p50,
                unit="ms",
                floor=raw.p50,
                ratio=ours.p50 / raw.p50,
                p50_ms=ours.p50,
                p95_ms=ours.p95,
            )
