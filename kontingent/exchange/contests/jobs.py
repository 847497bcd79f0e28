"""Reading and applying as background jobs; a worker that is killed leaves nothing half done."""

from __future__ import annotations

from uuid import UUID

from procrastinate.contrib.django import app

from kontingent.achievements.portfolio.actions import contests
from kontingent.exchange.contests import receiving
from kontingent.exchange.staging.reading import WORKER
from kontingent.kernel.errors import KontingentError
from kontingent.storage.scope import scoped


@app.task(name="contests.read", queue="staging")
def read(file_id: str) -> None:
    """Read a file."""
    receiving.read(UUID(file_id))


@app.task(name="contests.apply", queue="staging")
def apply(file_id: str) -> None:
    """Apply a file; a refusal is kept for the page to show."""
    try:
        receiving.apply(UUID(file_id))
    except KontingentError:
        return


def resume() -> int:
    """Give back what a killed worker had claimed; return how many files."""
    with scoped(WORKER):
        interrupted, waiting = contests.give_back()
    for one in waiting:
        read.defer(file_id=str(one))
    return interrupted + len(waiting)
