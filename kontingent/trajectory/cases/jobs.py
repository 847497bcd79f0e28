"""What the worker does for this room: goes through the whole register every night, and follows orders every minute."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from procrastinate.contrib.django import app

from kontingent.kernel import clock
from kontingent.kernel.actor import system_actor
from kontingent.storage.scope import scoped
from kontingent.trajectory.cases import actions, finding
from kontingent.trajectory.cases.codes import RuleCode
from kontingent.trajectory.cases.finding import Counted
from kontingent.trajectory.cases.models import Case, Followed
from kontingent.trajectory.feed import actions as feed
from kontingent.trajectory.feed.models import Change, Horizon
from kontingent.trajectory.transfers.models import TransferStep

WORKER: Final = system_actor("cases", "Поиск детей вне поля зрения")
#: More persons than these at once are cheaper to find by going through everybody.
MANY = 20_000
#: What was written before the last look, but came to light after it, is looked at again.
OVERLAP = timedelta(minutes=10)
#: So many children claimed by two are looked at each minute; the others wait for the night.
CLAIMED_AT_ONCE = 2000
log = logging.getLogger(__name__)


@app.periodic(cron="10 3 * * *")
@app.task(name="cases.nightly", queue="performance", queueing_lock="cases.nightly")
def nightly(timestamp: int) -> None:
    """Every night, for the region."""
    find_everybody()


@app.periodic(cron="* * * * *")
@app.task(name="cases.follow", queue="performance", queueing_lock="cases.follow")
def follow_each_minute(timestamp: int) -> None:
    """Every minute, for whoever an order, a merge or a correction has touched since."""
    follow()


@app.periodic(cron="25 4 * * *")
@app.task(name="cases.sweep", queue="audit", queueing_lock="cases.sweep")
def sweep(timestamp: int) -> None:
    """Every night, contents of scans that no case names."""
    with scoped(WORKER):
        actions.sweep()


def find_everybody() -> Counted:
    """Go through the register, as the system."""
    with scoped(WORKER), transaction.atomic():
        feed.number()
        counted = finding.find()
        Followed.objects.update_or_create(
            id=1, defaults={"position": _newest(), "whole_at": clock.now(), "looked_at": clock.now()}
        )
    log.info("cases: %s opened, %s reopened, %s gone, %s stand", *counted)
    return counted


def follow() -> Counted | None:
    """Go through whom changes and transfers have touched since the last look; ``None`` when nobody was."""
    with scoped(WORKER), transaction.atomic():
        feed.number()
        followed, _ = Followed.objects.get_or_create(id=1)
        newest, began = _newest(), clock.now()
        changed = Change.objects.filter(position__gt=followed.position, position__lte=newest)
        touched = {
            one
            for pair in changed.values_list("person_id", "other_person_id").distinct()[: MANY + 1]
            for one in pair
            if one is not None
        }
        touched |= _moved_by_transfers((followed.looked_at or began) - OVERLAP) | _claimed()
        counted = finding.find(persons=touched if len(touched) <= MANY else None) if touched else None
        followed.position, followed.looked_at = newest, began
        followed.save(update_fields=["position", "looked_at"])
    return counted


def _moved_by_transfers(since: datetime) -> set[UUID]:
    """Return the children whose transfers have gone on: an approval puts a child on its way, a withdrawal takes it off."""
    steps = TransferStep.objects.filter(at__gte=since).values_list("transfer__person_id", flat=True)
    return set(steps.distinct()[: MANY + 1])


def _claimed() -> set[UUID]:
    """Return the children claimed by two: a draft that is thrown away is told by no change."""
    standing = Case.objects.filter(rule=RuleCode.CLAIMED_TWICE, stands=True).values_list(
        "person_id", flat=True
    )
    return set(standing[:CLAIMED_AT_ONCE])


def _newest() -> int:
    return int(Horizon.objects.filter(id=1).values_list("newest", flat=True).first() or 0)
