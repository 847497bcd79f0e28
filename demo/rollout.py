"""The plan of the invented region and how it was being filled: today as it is, the weeks before as it might have gone."""

from __future__ import annotations

import random
from datetime import date, timedelta
from uuid import UUID

from kontingent.kernel import clock
from kontingent.rollout import jobs
from kontingent.rollout.models import CompletenessCount, PlanLine

MINISTRY = "Вымышленный регион"
WEEKS = 11
#: (stage, municipality or the region, days from today, percent, basis): one deadline has passed, one is near, one is far.
PLAN = (
    ("1", False, -12, 99, "Приказ № 26-01-06-701 от 20.08.2026"),
    ("1", True, 20, 100, "Приказ № 26-01-06-790 от 12.10.2026"),
    ("2", False, 9, 90, "Приказ № 26-01-06-812 от 20.08.2026"),
    ("3", False, 60, 80, "Приказ № 26-01-06-844 от 01.09.2026"),
)


def write(municipality_id: UUID, *, seed: int) -> None:
    """Set the plan, one line of it for the municipality of the demonstration, and count today and the weeks before."""
    today = clock.today()
    for stage, own, days, target, basis in PLAN:
        PlanLine.objects.create(
            stage=stage, municipality_id=municipality_id if own else None, due_on=today + timedelta(days), target=target,
            basis=basis, recorded_at=clock.now() - timedelta(90), recorded_by=MINISTRY,
        )  # fmt: skip
    jobs.count(today)
    rng = random.Random(seed)
    now = list(CompletenessCount.objects.filter(on=today))
    for weeks in range(1, WEEKS + 1):
        CompletenessCount.objects.bulk_create(
            [_before(rng, one, today - timedelta(days=7 * weeks), weeks) for one in now], batch_size=5000
        )


def _before(rng: random.Random, one: CompletenessCount, day: date, weeks: int) -> CompletenessCount:
    """What might have been weeks ago: a little less of everything, never more."""
    part = max(0.0, 1 - weeks * (0.012 + 0.01 * rng.random()))
    less = {
        name: None if (number := getattr(one, name)) is None else int(number * part)
        for name in ("filled", "valid", "confirmed", "fresh")
    }
    return CompletenessCount(
        on=day,
        organisation_id=one.organisation_id,
        stage=one.stage,
        field=one.field,
        required=one.required,
        **less,
    )
