"""What the worker does for this room: settles what is due, at once when somebody has answered, and every hour for terms.

One transfer is settled in the queue ``at_once``, which no longer job holds up (``runtime.lanes``).
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Final, Literal
from uuid import UUID

from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from kontingent.kernel import clock
from kontingent.trajectory.transfers import moving, settling

log = logging.getLogger(__name__)
#: So long a page says that a transfer is being settled; what a killed worker left behind is done by the hour's job.
SHOWN: Final = timedelta(minutes=10)
#: After so long the page says that no worker answers.
PATIENCE: Final = timedelta(minutes=1)
Waiting = Literal["", "queued", "doing", "late"]


@app.task(name="transfers.settle", queue="at_once")
def settle(transfer_id: str) -> None:
    """Settle one transfer."""
    settling.settle(UUID(transfer_id))


def waiting(transfer_id: UUID) -> Waiting:
    """Return whether the worker was asked to settle a transfer and has not yet: in the queue, at work, or late."""
    found = (
        ProcrastinateJob.objects.filter(
            task_name=settle.name, status__in=["todo", "doing"], args__transfer_id=str(transfer_id),
            procrastinateevent__type="deferred", procrastinateevent__at__gt=clock.now() - SHOWN,
        )
        .order_by("pk")
        .values_list("status", "procrastinateevent__at")
        .first()
    )  # fmt: skip
    if found is None:
        return ""
    status, since = found
    if clock.now() - since > PATIENCE:
        return "late"
    return "doing" if status == "doing" else "queued"


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
