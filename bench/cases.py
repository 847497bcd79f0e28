"""Cases of children out of sight: the whole region gone through, and the persons of one order.

The floor of the first is one raw pass of the tables it reads (each read once, grouped by person); of the second the same laying
out of one person's rows by index. The first run of an installation opens its cases and is told apart from the nightly one,
which finds nothing new.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db import connection

from bench.measure import Result, interleaved
from kontingent.kernel import clock
from kontingent.kernel.school_year import SchoolYear
from kontingent.trajectory.cases import finding, jobs
from kontingent.trajectory.cases.models import Case

REGION, ORDER = "cases", "cases_order"
NAMES = {REGION, ORDER}
REPEAT, ORDERS = 3, 60
_PASS = (
    "SELECT person_id, count(*), max(ends_on) FROM enrolment_enrolment WHERE superseded_at IS NULL GROUP BY person_id",
    "SELECT person_id, count(*), max(starts_on) FROM enrolment_placement WHERE superseded_at IS NULL GROUP BY person_id",
    "SELECT count(*), max(birth_date) FROM persons_person",
    "SELECT person_id, count(*), count(DISTINCT held_on) FROM performance_attendance WHERE school_year = %(year)s GROUP BY person_id",
    "SELECT group_id, count(*), count(DISTINCT held_on) FROM performance_lesson WHERE school_year = %(year)s GROUP BY group_id",
    "SELECT person_id, count(*) FROM enrolment_orderline l JOIN enrolment_order o ON o.id = l.order_id WHERE o.status = 'draft' GROUP BY person_id",
)  # fmt: skip
_ONE = (
    "SELECT * FROM enrolment_enrolment WHERE person_id = ANY(%(whom)s::uuid[])",
    "SELECT * FROM enrolment_placement WHERE person_id = ANY(%(whom)s::uuid[])",
    "SELECT * FROM persons_person WHERE id = ANY(%(whom)s::uuid[])",
    "SELECT count(*) FROM performance_attendance WHERE school_year = %(year)s AND person_id = ANY(%(whom)s::uuid[])",
    "SELECT count(*) FROM enrolment_orderline WHERE person_id = ANY(%(whom)s::uuid[])",
)


def run(size: str) -> Iterator[Result]:
    """Measure the region, then orders of one person."""
    began = time.perf_counter()
    counted = jobs.find_everybody()
    print(
        f"  первый раз: {time.perf_counter() - began:.1f} с; открыто {counted.opened}, причин {counted.standing}"
    )
    year = SchoolYear.of(clock.today()).begins_in
    ours, floor = interleaved(
        lambda _: jobs.find_everybody(), lambda _: _read(_PASS, {"year": year}), repeat=REPEAT, warm_up=1
    )
    yield Result(
        REGION, size, ours.p50 / 1000, "s, whole region", floor=floor.p50 / 1000, ratio=ours.p50 / floor.p50
    )
    print(f"  дел в реестре: {Case.objects.count()}")
    whom = _learners(ORDERS + 10)
    ours, floor = interleaved(
        lambda i: finding.find(persons=[whom[i]]),
        lambda i: _read(_ONE, {"year": year, "whom": [whom[i]]}),
        repeat=ORDERS,
    )
    yield Result(
        ORDER,
        size,
        ours.p50,
        "ms, order of one",
        floor=floor.p50,
        ratio=ours.p50 / floor.p50,
        p50_ms=ours.p50,
        p95_ms=ours.p95,
    )


def _read(statements: tuple[str, ...], given: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(f"SELECT count(*) FROM ({statement}) AS s", given)
            cursor.fetchall()


def _learners(how_many: int) -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT person_id FROM enrolment_enrolment WHERE superseded_at IS NULL AND ends_on IS NULL ORDER BY enrolment_id LIMIT %s",
            [how_many],
        )
        return [row[0] for row in cursor.fetchall()]
