"""What the worker does with the feed by the clock: forgets, once a night."""

from __future__ import annotations

from procrastinate.contrib.django import app

from kontingent.kernel.actor import system_actor
from kontingent.storage.scope import scoped
from kontingent.trajectory.feed import actions

WORKER = system_actor("feed", "Лента изменений")


@app.periodic(cron="40 2 * * *")
@app.task(name="feed.forget", queue="feed", queueing_lock="feed.forget")
def forget(timestamp: int) -> None:
    """Delete changes older than they are kept."""
    with scoped(WORKER):
        actions.forget()
