"""Reading and applying as background jobs; a worker that is killed leaves nothing half done."""

from __future__ import annotations

from uuid import UUID

from procrastinate.contrib.django import app

from kontingent.achievements.attestation import actions
from kontingent.exchange.attestation import receiving
from kontingent.exchange.staging.reading import WORKER
from kontingent.kernel.errors import KontingentError
from kontingent.storage.scope import scoped


@app.task(name="attestation.read", queue="staging")
def read(delivery_id: str) -> None:
    """Read a file."""
    receiving.read(UUID(delivery_id))


@app.task(name="attestation.apply", queue="staging")
def apply(delivery_id: str) -> None:
    """Apply a file; a refusal is kept for the page to show."""
    try:
        receiving.apply(UUID(delivery_id))
    except KontingentError:
        return


def resume() -> int:
    """Give back what a killed worker had claimed; return how many files."""
    with scoped(WORKER):
        interrupted, waiting = actions.give_back()
    for one in waiting:
        read.defer(delivery_id=str(one))
    return interrupted + len(waiting)
