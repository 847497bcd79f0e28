"""Counting a form for many organisations as a background job, and closing what a killed worker had begun."""

from __future__ import annotations

from uuid import UUID

from procrastinate.contrib.django import app

from kontingent.reports import runs


@app.task(name="reports.run", queue="reports")
def run(run_id: str) -> None:
    """Count the form that the run asks for."""
    runs.run(UUID(run_id))


@app.periodic(cron="40 2 * * *")
@app.task(name="reports.recount_open", queue="reports")
def recount_open(timestamp: int) -> None:
    """Every night: open forms are counted anew, archives that nobody fetched are removed."""
    runs.recount_open()
    runs.remove_old_archives()


def resume() -> int:
    """Close the runs that a killed worker had begun; return how many."""
    return runs.close_interrupted()
