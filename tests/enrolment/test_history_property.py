"""Random histories: after every step the stored periods equal the fold, now and at every past moment, and the cube
equals a plain count.
"""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kontingent.enrolment import actions as enrolment
from kontingent.enrolment import contingent, rules
from kontingent.enrolment.check import check
from kontingent.enrolment.codes import MovementKind, OrderKind
from kontingent.enrolment.contingent import Dimension
from kontingent.enrolment.models import Enrolment, Group, Movement, Order, Placement
from kontingent.kernel import clock
from kontingent.kernel.errors import KontingentError
from kontingent.kernel.school_year import SchoolYear
from tests import builders as b
from tests.clocks import Ticking

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

START = date(2024, 9, 1)
DAYS = 420
#: After every day of a history, so that no order waits for its date, whenever the tests are run.
AFTERWARDS = datetime(2026, 3, 2, 7, tzinfo=UTC)


@pytest.fixture(autouse=True)
def held(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold the clock: what a history does depends on its seed alone."""
    monkeypatch.setattr(clock, "now", Ticking(AFTERWARDS))


def stored_at(moment: datetime) -> dict[UUID, list[tuple[Any, ...]]]:
    """Placements as known at a moment, read from the projection."""
    rows = Placement.objects.filter(recorded_at__lte=moment).exclude(superseded_at__lte=moment)
    found: dict[UUID, list[tuple[Any, ...]]] = {}
    for row in rows.order_by("starts_on"):
        found.setdefault(row.enrolment_id, []).append(
            (row.starts_on, row.ends_on, row.group_id, row.grade, row.state)
        )
    return found


def folded_at(moment: datetime) -> dict[UUID, list[tuple[Any, ...]]]:
    """The same, folded from the log."""
    streams: dict[UUID, list[rules.MovementFacts]] = {}
    log = (
        Movement.objects.filter(recorded_at__lte=moment)
        .exclude(cancelled_at__lte=moment)
        .select_related("programme")
    )
    for m in log:
        streams.setdefault(m.enrolment_id, []).append(
            rules.MovementFacts(
                m.id, m.kind, m.effective_on, m.order_id, m.group_id, m.grade, m.programme_id,
                m.programme.kind_code if m.programme else "", "1", m.study_form_code, m.funding_code, m.reason_code,
            )
        )  # fmt: skip
    return {
        key: [(p.starts_on, p.ends_on, p.group_id, p.grade, p.state) for p in folded.placements]
        for key, folded in ((key, rules.fold(stream)) for key, stream in streams.items())
        if folded.placements
    }


class World:
    """Two schools, a handful of children, and whatever an operator might do to them.

    A seed is a history: ids sort by birth, so what is chosen from is asked for in their order, and the clock is held (``held``).
    """

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.schools = [b.school("Школа № 5"), b.school("Школа № 7")]
        self.groups = [
            b.group(school, f"{grade}{letter}", year=year)
            for school in self.schools
            for year, grade in ((2024, 4), (2025, 5))
            for letter in "АБ"
        ]
        self.people = [
            b.person(f"Волков Иван {name}", born=date(2014, 3, 1 + i))
            for i, name in enumerate(("Ильич", "Львович", "Юрьевич", "Фомич", "Лукич"))
        ]
        self.moments: list[datetime] = []

    def step(self) -> None:
        """Try one thing; a refusal is as good as a success."""
        action = self.random.choice(
            [self.admit, self.admit, self.move, self.move, self.move, self.move, self.leave, self.cancel]
        )
        with contextlib.suppress(KontingentError):
            action()
        self.moments.append(clock.now())

    def day(self) -> date:
        return START + timedelta(days=self.random.randrange(DAYS))

    def day_of(self, group: Group) -> date:
        """Mostly a day of the class's own year, sometimes any."""
        start = SchoolYear(group.school_year).starts_on
        return (
            start + timedelta(days=self.random.randrange(300)) if self.random.random() < 0.9 else self.day()
        )

    def admit(self) -> None:
        group = self.random.choice(self.groups)
        line = enrolment.LineDraft(
            person_id=self.random.choice(self.people),
            kind=MovementKind.ADMISSION,
            effective_on=self.day_of(group),
            group_id=group.id,
        )
        b.signed(group.organisation, OrderKind.ADMISSION, [line])

    def _stream(self) -> Enrolment:
        current = Enrolment.objects.filter(superseded_at__isnull=True)
        rows = list(current.select_related("organisation").order_by("enrolment_id"))
        if not rows:
            raise KontingentError("test.nobody", "nobody")
        return self.random.choice(rows)

    def move(self) -> None:
        stream = self._stream()
        own = [group for group in self.groups if group.organisation_id == stream.organisation_id]
        group = self.random.choice(own)
        kind = self.random.choice(
            [MovementKind.PLACEMENT, MovementKind.REPEAT]
            if group.school_year == 2024
            else [MovementKind.PROMOTION, MovementKind.CONDITIONAL_PROMOTION, MovementKind.PLACEMENT]
        )
        day = self.day_of(group)
        b.moved(stream.person_id, stream.enrolment_id, stream.organisation, kind, on=day, group_id=group.id)

    def leave(self) -> None:
        stream = self._stream()
        b.left(stream.person_id, stream.enrolment_id, stream.organisation, on=self.day())

    def cancel(self) -> None:
        orders = list(Order.objects.filter(status="signed").order_by("pk"))
        if orders:
            enrolment.cancel_order(actor=b.ROOT, order_id=self.random.choice(orders).id, reason="Проверка")


def plain_count(on: date) -> Counter[tuple[Any, ...]]:
    rows = Placement.objects.filter(superseded_at__isnull=True, starts_on__lte=on).exclude(ends_on__lte=on)
    return Counter((row.grade, row.sex) for row in rows)


def cube_count(on: date) -> Counter[tuple[Any, ...]]:
    return Counter(
        {row.key: row.number for row in contingent.count(b.ROOT, on=on, by=(Dimension.GRADE, Dimension.SEX))}
    )


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 10**9))
def test_after_every_step_the_periods_equal_the_fold(seed: int) -> None:
    mark = transaction.savepoint()
    try:
        _live_through(World(seed))
    finally:
        transaction.savepoint_rollback(mark)


def _live_through(world: World) -> None:
    asked = world.day()
    for _ in range(25):
        world.step()
        report = check()
        assert report.is_clean, report.differences
        assert cube_count(asked) == plain_count(asked)
    other = world.day()
    assert contingent.total(b.ROOT, on=other) == sum(plain_count(other).values())
    for moment in world.random.sample(world.moments, 6):
        assert stored_at(moment) == folded_at(moment)
        on = world.day()
        at_the_time = contingent.total(b.ROOT, on=on, known_at=moment)
        spans = [span for spans in folded_at(moment).values() for span in spans]
        assert at_the_time == sum(s[0] <= on and (s[1] is None or on < s[1]) for s in spans)


def test_most_histories_really_move(db: None) -> None:
    """The generator is worth its name: enough steps succeed, and some orders are cancelled."""
    world = World(59)
    for _ in range(150):
        world.step()
    assert Movement.objects.count() > 12
    assert Movement.objects.filter(cancelled_at__isnull=False).count() > 1
    assert Placement.objects.filter(superseded_at__isnull=False).count() > 3
