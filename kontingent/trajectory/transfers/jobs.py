"""What the worker does for this room: settles what is due, at once when somebody has answered, and every hour for terms."""

from __future__ import annotations

import logging
from uuid import UUID

from procrastinate.contrib.django import app

from kontingent.trajectory.transfers import moving, settling

log = logging.getLogger(__name__)


@app.task(name="transfers.settle", queue="orders")
def settle(transfer_id: str) -> None:
    """Settle one transfer."""
    settling.settle(UUID(transfer_id))


@app.task(name="transfers.move", queue="orders")
def move(succession_id: str) -> None:
    """Move the learners of an organisation to its successor."""
    moving.run(UUID(succession_id))


@app.periodic(cron="5 * * * *")
@app.task(name="transfers.settle_all", queue="orders", queueing_lock="transfers.settle_all")
def settle_all(timestamp: int) -> None:
    """Settle whatever is due: terms end at midnight, causes that held up are put right by day."""
    if done := settling.settle_all():
        log.info("transfers: %s settled", done)
