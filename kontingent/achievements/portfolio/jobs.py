"""What the worker does for this room: sweeps contents that no scan names."""

from __future__ import annotations

from procrastinate.contrib.django import app

from kontingent.achievements.portfolio import actions
from kontingent.kernel.actor import system_actor
from kontingent.storage.scope import scoped

WORKER = system_actor("portfolio", "Уборка файлов портфолио")


@app.periodic(cron="15 4 * * *")
@app.task(name="portfolio.sweep", queue="audit", queueing_lock="portfolio.sweep")
def sweep(timestamp: int) -> None:
    """Every night."""
    with scoped(WORKER):
        actions.sweep()
