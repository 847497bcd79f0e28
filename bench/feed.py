"""What the change feed costs an order: 10,000 admissions signed with its triggers at work, and as the floor with the feed switched off.

Both are signed in turn within one transaction that is taken back, so that the register stays as it was; the commit, which is one
flush either way, is not in the figure. Giving the changes of the order their places (``number``), which a subscriber's next page does, is told apart.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from datetime import date
from uuid import UUID

from django.db import connection, transaction

from bench.measure import Result, interleaved
from demo.personas import snils_of
from kontingent.access.models import Appointment
from kontingent.enrolment import actions as enrolment
from kontingent.enrolment.codes import MovementKind, OrderKind
from kontingent.enrolment.models import Group
from kontingent.kernel import clock
from kontingent.kernel.actor import system_actor
from kontingent.kernel.school_year import SchoolYear
from kontingent.persons import actions as persons
from kontingent.persons.actions import PersonDraft
from kontingent.trajectory.feed import actions as feed
from kontingent.trajectory.feed.models import Change

SIGNING, NUMBERING = "feed_signing", "feed_numbering"
NAMES = {SIGNING, NUMBERING, "feed"}
ACTOR = system_actor("bench", "Измерение")
MOVEMENTS, REPEAT = 10_000, 5
_TOUCHED = (
    "persons_person", "enrolment_orderline", "enrolment_movement", "enrolment_enrolment", "enrolment_placement",
    "enrolment_studycondition", "feed_change",
)  # fmt: skip


def run(size: str) -> Iterator[Result]:
    """Sign the order both ways in turn, then number its changes; leave nothing."""
    movements = MOVEMENTS if size != "XS" else 1_000
    with transaction.atomic():
        order = _order(movements)
        gc.collect()
        gc.disable()  # else its full passes fall on every other signing, which is always the same one of the two
        try:
            ours, floor = interleaved(
                lambda _: _signed(order, feed_is="on"),
                lambda _: _signed(order, feed_is="off"),
                repeat=REPEAT,
                warm_up=1,
            )
        finally:
            gc.enable()
        yield Result(
            SIGNING, size, ours.p50 / 1000, f"s, {movements} movements", floor=floor.p50 / 1000, ratio=ours.p50 / floor.p50,
            p95_ms=ours.p95,
        )  # fmt: skip
        seconds = _numbered(order, movements)
        yield Result(
            NUMBERING,
            size,
            seconds,
            f"s, {movements} changes",
            floor=floor.p50 / 1000,
            ratio=seconds * 1000 / floor.p50,
        )
        transaction.set_rollback(True)
    with connection.cursor() as cursor:  # what was taken back is dead weight to whatever is measured next
        cursor.execute(f"VACUUM {', '.join(_TOUCHED)}")


def _order(movements: int) -> UUID:
    """A draft that admits so many new children to a class of the personas' school."""
    school = Appointment.objects.get(snils=snils_of("secretary")).organisation_id
    assert school is not None  # noqa: S101 - appointed in a school
    year = SchoolYear.of(clock.today()).begins_in
    group = Group.objects.filter(organisation_id=school, school_year=year, grade=5, closed_on=None).earliest(
        "id"
    )
    children = persons.create_many(
        actor=ACTOR,
        drafts=[
            PersonDraft(family_name=f"Измеров{one}", given_name="Иван", sex="1", birth_date=date(2015, 1 + one % 12, 1 + one % 28))
            for one in range(movements)
        ],
    )  # fmt: skip
    made = enrolment.draft_order(actor=ACTOR, organisation_id=school, kind=OrderKind.ADMISSION)
    lines = [
        enrolment.LineDraft(person_id=who, kind=MovementKind.ADMISSION, effective_on=clock.today(), group_id=group.pk)
        for who in children
    ]  # fmt: skip
    enrolment.add_lines(actor=ACTOR, order_id=made.pk, lines=lines)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE persons_person; ANALYZE enrolment_orderline")
    return made.pk


def _sign(order: UUID, *, feed_is: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL kontingent.feed = '{feed_is}'")
    enrolment.sign_order(actor=ACTOR, order_id=order, number="замер", dated=clock.today())


def _signed(order: UUID, *, feed_is: str) -> None:
    """Sign and take it back."""
    with transaction.atomic():
        _sign(order, feed_is=feed_is)
        transaction.set_rollback(True)


def _numbered(order: UUID, movements: int) -> float:
    """Return how many seconds it took to give the changes of the order their places."""
    with transaction.atomic():
        feed.number()
        _sign(order, feed_is="on")
        waiting = Change.objects.filter(position__isnull=True).count()
        if waiting < movements:
            raise RuntimeError(f"the feed was told of {waiting} changes of {movements}")
        began = time.perf_counter()
        feed.number()
        seconds = time.perf_counter() - began
        transaction.set_rollback(True)
    return seconds
