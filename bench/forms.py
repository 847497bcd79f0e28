"""Statistics: ОО-1 of every school at once, and of one school; the floor is the raw GROUP BY pass of each table over the same facts.

`forms_kept` is what the button «Сформировать» does: the same count with the controls, the versions and the journal, taken back afterwards.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import psutil
from django.db import connection, transaction

from bench.measure import Result, milliseconds
from kontingent.kernel import clock
from kontingent.kernel.actor import system_actor
from kontingent.reports import actions, editions, engine, facts, queries
from kontingent.reports.facts import Asked
from kontingent.reports.rules.counting import Plan, plans
from kontingent.reports.rules.editions import Edition
from kontingent.reports.rules.predicates import sql

FORM, REPEAT = "oo-1", 5
NAMES = {"forms", "forms_kept", "form_one"}


def run(size: str, only: str | None) -> Iterator[Result]:
    """Count the form of this year for all schools, then for each of some schools."""
    year = clock.today().year
    edition = editions.in_force(FORM, year)
    ids = queries.ids_of(queries.fillers_of(system_actor("bench", "Измерение"), edition, year))
    with transaction.atomic():
        if only in (None, "forms"):
            yield from _all(size, edition, engine.asked(edition, year, organisations=ids), len(ids))
        if only in (None, "forms_kept"):
            yield _kept(size, edition, year, ids)
        if only in (None, "form_one"):
            taken = milliseconds(
                lambda i: engine.count(
                    edition, engine.asked(edition, year, organisations=[ids[i % len(ids)]])
                ),
                repeat=30,
            )
            yield Result(
                "form_one",
                size,
                taken.p50 / 1000,
                "s, ОО-1 of one school",
                p50_ms=taken.p50,
                p95_ms=taken.p95,
            )


def _all(size: str, edition: Edition, question: Asked, schools: int) -> Iterator[Result]:
    work = plans(edition)
    with facts.built(question, {plan.source for plan in work}):
        _raw_pass(work)  # warm
        ours, raw = [], []
        for _ in range(REPEAT):
            ours.append(_timed(lambda: engine.counted(edition, work)))
            raw.append(_timed(lambda: _raw_pass(work)))
    whole = min(_timed(lambda: engine.count(edition, question)) for _ in range(2))
    memory = psutil.Process().memory_info().rss / 1e6
    counting, floor = min(ours), min(raw)
    yield Result(
        "forms",
        size,
        whole,
        f"s, ОО-1 of {schools} schools",
        floor,
        counting / floor,
        counting * 1000,
        rss_mb=memory,
    )


def _kept(size: str, edition: Edition, year: int, ids: list[UUID]) -> Result:
    actor = system_actor("bench", "Измерение")
    counting = _timed(lambda: engine.count(edition, engine.asked(edition, year, organisations=ids)))
    with transaction.atomic():
        whole = _timed(lambda: actions.prepare_many(actor=actor, organisation_ids=ids, form=FORM, year=year))
        transaction.set_rollback(True)
    return Result(
        "forms_kept", size, whole, f"s, ОО-1 of {len(ids)} schools, kept", counting, whole / counting
    )


def _timed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _raw_pass(work: list[Plan]) -> None:
    """The same groups of the same facts, read and thrown away."""
    for plan in work:
        parameters: list[Any] = []
        where = sql(plan.where, parameters)
        named = ", ".join(("organisation_id", *plan.facts))
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {named}, count(*) FROM {facts.table_of(plan.source)} WHERE {where} GROUP BY {named}",
                parameters,
            )
            cursor.fetchall()
