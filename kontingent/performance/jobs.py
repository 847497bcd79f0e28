"""What the worker does for this room: makes the coming school year's partitions ahead."""

from __future__ import annotations

from procrastinate.contrib.django import app

from kontingent.performance import actions


@app.periodic(cron="20 2 * * 0")
@app.task(name="performance.make_years", queue="performance")
def make_years(timestamp: int) -> None:
    """Every Sunday, so that 1 September finds its tables."""
    actions.make_years()
