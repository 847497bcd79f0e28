"""What the worker does for this room: wipes answers that have surely arrived."""

from __future__ import annotations

from procrastinate.contrib.django import app

from kontingent.exchange.epgu import actions
from kontingent.kernel.actor import system_actor
from kontingent.storage.scope import scoped

WORKER = system_actor("epgu", "Обработчик запросов ЕПГУ")


@app.periodic(cron="50 * * * *")
@app.task(name="epgu.wipe", queue="epgu")
def wipe(timestamp: int) -> None:
    """Every hour."""
    with scoped(WORKER):
        actions.wipe()
