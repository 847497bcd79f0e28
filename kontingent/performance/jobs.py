"""What the worker does for this room: makes the coming school year's partitions ahead, says which years' term has passed."""

from __future__ import annotations

from procrastinate.contrib.django import app

from kontingent.kernel.actor import system_actor
from kontingent.performance import actions
from kontingent.storage.scope import scoped

WORKER = system_actor("retention", "Обработчик сроков хранения")


@app.periodic(cron="20 2 * * 0")
@app.task(name="performance.make_years", queue="performance")
def make_years(timestamp: int) -> None:
    """Every Sunday, so that 1 September finds its tables."""
    actions.make_years()


@app.periodic(cron="40 2 2 9 *")
@app.task(name="performance.tell_expired", queue="performance")
def tell_expired(timestamp: int) -> None:
    """On 2 September, when terms end: only people destroy, by an act (``kontingent retention``)."""
    with scoped(WORKER):
        actions.tell_expired(actor=WORKER)
