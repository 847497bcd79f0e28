"""What the worker does for this room: goes through the whole register every night, and follows orders every minute."""

from __future__ import annotations

import logging
from typing import Final

from django.db import transaction
from procrastinate.contrib.django import app

from kontingent.kernel import clock
from kontingent.kernel.actor import system_actor
from kontingent.storage.scope import scoped
from kontingent.trajectory.cases import finding
from kontingent.trajectory.cases.finding import Counted
from kontingent.trajectory.cases.models import Followed
from kontingent.trajectory.feed import actions as feed
from kontingent.trajectory.feed.models import Change, Horizon

WORKER: Final = system_actor("cases", "Поиск детей вне поля зрения")
#: More persons than these at once are cheaper to find by going through everybody.
MANY = 20_000
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


def find_everybody() -> Counted:
    """Go through the register, as the system."""
    with scoped(WORKER), transaction.atomic():
        feed.number()
        counted = finding.find()
        Followed.objects.update_or_create(id=1, defaults={"position": _newest(), "whole_at": clock.now()})
    log.info("cases: %s opened, %s reopened, %s gone, %s stand", *counted)
    return counted


def follow() -> Counted | None:
    """Go through the persons of the changes since the last look; ``None`` when nothing has changed."""
    with scoped(WORKER), transaction.atomic():
        feed.number()
        followed, _ = Followed.objects.get_or_create(id=1)
        newest = _newest()
        if newest <= followed.position:
            return None
        changed = Change.objects.filter(position__gt=followed.position, position__lte=newest)
        touched = {
            one
            for pair in changed.values_list("person_id", "other_person_id").distinct()[: MANY + 1]
            for one in pair
            if one is not None
        }
        counted = finding.find(persons=touched if len(touched) <= MANY else None)
        followed.position = newest
        followed.save(update_fields=["position"])
    return counted


def _newest() -> int:
    return int(Horizon.objects.filter(id=1).values_list("newest", flat=True).first() or 0)
