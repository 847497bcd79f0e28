"""Counting a day: of every organisation and required field, of how many it is asked, filled, valid, confirmed and fresh.

One statement a stage lays the conditions of ``reports.completeness.REQUIRED`` out over the learners and counts them; where a
stage is not open nothing is counted. What is kept are numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple
from uuid import UUID

from django.db import connection, transaction

from kontingent.organisations.models import Organisation
from kontingent.reports.completeness import JOINED, LEARNERS, REQUIRED, Required, parameters_on
from kontingent.rollout import rules
from kontingent.rollout.codes import Measure
from kontingent.rollout.models import CompletenessCount
from kontingent.stages import queries as stages
from kontingent.stages.fields import Stage
from kontingent.stages.rules import is_open
from kontingent.storage import bulk

_COLUMNS = ("required", *(one.value for one in Measure))


class Counted(NamedTuple):
    """The numbers of one organisation and field; None for a measure that says nothing of the field."""

    organisation_id: UUID
    field: str
    required: int
    filled: int
    valid: int | None
    confirmed: int | None
    fresh: int | None


def count(stage: Stage, on: date) -> list[Counted]:
    """Count a stage of the whole region on a day; run as the system."""
    fields = REQUIRED[stage]
    facts = [(f"{name}{index}", said) for index, one in enumerate(fields) for name, said in _conditions(one)]
    numbers = [
        f"count(*) FILTER (WHERE {' AND '.join(names)})"
        for index, one in enumerate(fields)
        for names in _counts(index, one)
    ]
    statement = (
        f"WITH facts AS MATERIALIZED (SELECT p.organisation_id, {', '.join(f'({said}) AS {name}' for name, said in facts)} "
        f"{LEARNERS} {JOINED.get(stage, '')}) "
        f"SELECT organisation_id, {', '.join(numbers)} FROM facts GROUP BY organisation_id"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters_on(on))
        rows = cursor.fetchall()
    orders = stages.said()
    places = dict(Organisation.objects.values_list("id", "municipality_id"))
    return [
        one
        for row in rows
        if is_open(orders, stage, places[row[0]], on)
        for one in _told(row[0], row[1:], fields)
    ]


def _conditions(one: Required) -> Iterator[tuple[str, str]]:
    """What is asked of each learner about a field: a letter and a condition."""
    yield "a", one.applies
    yield "f", one.is_filled
    for letter, said in (("v", one.is_valid), ("c", one.is_confirmed), ("n", one.is_fresh)):
        if said:
            yield letter, said


def _counts(index: int, one: Required) -> Iterator[list[str]]:
    """Which of these hold together in each number of a field; a value that is not filled is neither valid nor fresh."""
    yield [f"a{index}"]
    yield [f"a{index}", f"f{index}"]
    for letter, said in (("v", one.is_valid), ("c", one.is_confirmed), ("n", one.is_fresh)):
        if said:
            yield [f"a{index}", f"f{index}", f"{letter}{index}"]


def _told(who: UUID, numbers: tuple[int, ...], fields: tuple[Required, ...]) -> Iterator[Counted]:
    following = iter(numbers)
    for one in fields:
        required, filled = next(following), next(following)
        more = [next(following) if said else None for said in (one.is_valid, one.is_confirmed, one.is_fresh)]
        if required:
            yield Counted(who, one.code, required, filled, *more)


@transaction.atomic
def keep(on: date) -> int:
    """Keep the numbers of a day in place of what was counted that day before; thin what is old; return how many rows."""
    CompletenessCount.objects.filter(on=on).delete()
    rows = [(on, stage.value, one) for stage in REQUIRED for one in count(stage, on)]
    bulk.copy_rows(
        CompletenessCount._meta.db_table, ["on", "stage", "organisation_id", "field", *_COLUMNS],
        ((day, stage, *one) for day, stage, one in rows),
    )  # fmt: skip
    old = CompletenessCount.objects.order_by("on").values_list("on", flat=True).distinct()
    gone = [day for day in old if day < on and not rules.is_kept(day, on)]
    CompletenessCount.objects.filter(on__in=gone).delete()
    return len(rows)
