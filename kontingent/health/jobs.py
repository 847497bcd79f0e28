"""What the worker does for this room: every night it withdraws what was entered of children who were not admitted after all."""

from __future__ import annotations

import logging
from typing import Final

from procrastinate.contrib.django import app

from kontingent.health import actions
from kontingent.kernel.actor import system_actor
from kontingent.storage.scope import scoped

WORKER: Final = system_actor("health", "Отзыв сведений о здоровье незачисленных")
log = logging.getLogger(__name__)


@app.periodic(cron="50 2 * * *")
@app.task(name="health.withdraw_not_admitted", queue="health", queueing_lock="health.withdraw_not_admitted")
def withdraw_not_admitted(timestamp: int) -> None:
    """Every night; where the stage has been closed, once it is open again."""
    with scoped(WORKER):
        number = actions.withdraw_not_admitted(actor=WORKER)
    log.info("health: %s records of nobody admitted withdrawn", number)
