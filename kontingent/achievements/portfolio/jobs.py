"""What the worker does for this room: destroys scans whose term has passed, removes contents that no scan names."""

from __future__ import annotations

from procrastinate.contrib.django import app

from kontingent.achievements.portfolio import actions
from kontingent.kernel.actor import system_actor
from kontingent.storage.scope import scoped

WORKER = system_actor("portfolio", "Уборка файлов портфолио")


@app.periodic(cron="15 4 * * *")
@app.task(name="portfolio.sweep", queue="audit", queueing_lock="portfolio.sweep")
def sweep(timestamp: int) -> None:
    """Every night; each step stands before the next one begins, and the next night takes up what was cut short."""
    with scoped(WORKER):
        due = actions.due_scans()
    for one in due:
        with scoped(WORKER):
            actions.destroy(actor=WORKER, scan_id=one)
    with scoped(WORKER):
        actions.tell_strays(actor=WORKER)
    with scoped(WORKER):
        actions.remove_strays()
