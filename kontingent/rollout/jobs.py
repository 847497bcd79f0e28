"""What the worker does for this room: every night it keeps the numbers of the day."""

from __future__ import annotations

import logging
from datetime import date
from typing import Final

from procrastinate.contrib.django import app

from kontingent.kernel import clock
from kontingent.kernel.actor import system_actor
from kontingent.rollout import measuring
from kontingent.storage.scope import scoped

WORKER: Final = system_actor("rollout", "Ежедневный счёт наполненности")
log = logging.getLogger(__name__)


@app.periodic(cron="40 4 * * *")
@app.task(name="rollout.count", queue="reports", queueing_lock="rollout.count")
def count_today(timestamp: int) -> None:
    """Every night, for the region."""
    count()


def count(on: date | None = None) -> int:
    """Keep the numbers of a day, today by default, as the system; a second run of the day takes the place of the first."""
    with scoped(WORKER):
        kept = measuring.keep(on or clock.today())
    log.info("completeness: %s numbers kept", kept)
    return kept
