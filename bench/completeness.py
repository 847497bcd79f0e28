"""How complete the region is, by stage – beside one raw pass over the same learners (each required table read once, grouped by person).

``completeness`` counts the learners as they are now; ``completeness_kept`` is what the page of the rollout reads: the numbers kept last night.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial

from bench.measure import Result, interleaved

NAMES = {"completeness", "completeness_health", "completeness_kept"}
_FLOORS = {
    "completeness": (
        "SELECT p.organisation_id, count(*), count(h.snils) FROM enrolment_placement p JOIN persons_person h ON h.id = p.person_id "
        "WHERE p.superseded_at IS NULL AND p.is_main AND p.starts_on <= %(on)s AND (p.ends_on IS NULL OR p.ends_on > %(on)s) GROUP BY 1",
        "SELECT count(DISTINCT person_id) FROM persons_identitydocument",
        "SELECT count(DISTINCT person_id) FROM persons_address WHERE ends_on IS NULL",
        "SELECT count(DISTINCT child_id) FROM persons_representation WHERE ends_on IS NULL",
    ),
    "completeness_health": (
        "SELECT p.organisation_id, count(*) FROM enrolment_placement p "
        "WHERE p.superseded_at IS NULL AND p.is_main AND p.starts_on <= %(on)s AND (p.ends_on IS NULL OR p.ends_on > %(on)s) GROUP BY 1",
    ),
}  # fmt: skip


def run(size: str, only: str | None) -> Iterator[Result]:
    """Measure each stage against its pass, in turn."""
    from django.db import connection

    from kontingent.kernel import clock
    from kontingent.kernel.actor import system_actor
    from kontingent.reports import completeness
    from kontingent.rollout import measuring
    from kontingent.rollout import queries as rollout
    from kontingent.stages.fields import Stage
    from kontingent.storage.scope import scoped

    actor, on = system_actor("bench", "Замер"), clock.today()
    stages = {"completeness": Stage.PERSONAL, "completeness_health": Stage.HEALTH}

    def raw(statements: tuple[str, ...], on: date, _: int) -> None:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement, {"on": on})
                cursor.fetchall()

    questions: dict[str, Callable[[int], object]] = {
        name: lambda _, stage=stage: completeness.by_municipality(actor, stage, on)  # type: ignore[misc]
        for name, stage in stages.items()
    }
    questions["completeness_kept"] = lambda _: rollout.by_municipality(actor, Stage.PERSONAL, on, None, on)
    for name, asked in questions.items():
        if only not in (None, "completeness", name):
            continue
        if name == "completeness_kept":
            began = time.perf_counter()
            with scoped(actor):
                kept = measuring.keep(on)
            print(f"  сохранено за ночь: {kept} чисел за {time.perf_counter() - began:.1f} с")
        floor = _FLOORS.get(name, _FLOORS["completeness"])
        with scoped(actor):
            ours, pure = interleaved(asked, partial(raw, floor, on), repeat=5, warm_up=1)
        yield Result(
            name,
            size,
            figure=ours.p50,
            unit="ms, whole region",
            floor=pure.p50,
            ratio=ours.p50 / pure.p50,
            p50_ms=ours.p50,
            p95_ms=ours.p95,
        )
