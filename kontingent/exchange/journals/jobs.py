"""What the worker does for this room: reads sources whose time has come, and takes refused rows again when asked."""

from __future__ import annotations

import logging
from uuid import UUID

from django.db import transaction
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from kontingent.exchange.journals.deliverers import deliverer_of
from kontingent.exchange.journals.models import JournalSource
from kontingent.exchange.journals.repairing import retake
from kontingent.exchange.journals.sources import naming, running
from kontingent.kernel import clock
from kontingent.kernel.errors import TryLater
from kontingent.storage.scope import scoped

_LOG = logging.getLogger(__name__)


@app.periodic(cron="* * * * *")
@app.task(name="sources.due", queue="sources", queueing_lock="sources.due")
def due(timestamp: int) -> None:
    """Every minute: ask for a run of each source that is due."""
    with scoped(running.WORKER):
        waiting = list(
            JournalSource.objects.filter(is_on=True, next_at__lte=clock.now())
            .order_by("next_at")
            .values_list("pk", flat=True)
        )
    for one in waiting:
        ask(one)


def ask(source_id: UUID, asked_by_name: str = "") -> bool:
    """Ask the worker for a run; False where one is waiting already.

    Runs of one source do not meet by the lock of ``running``, which goes with a killed worker; a lock of the queue would stay.
    """
    try:
        with transaction.atomic():
            run.configure(queueing_lock=f"source:{source_id}").defer(
                source_id=str(source_id), asked_by_name=asked_by_name
            )
    except AlreadyEnqueued:
        return False
    return True


@app.task(name="sources.run", queue="sources")
def run(source_id: str, asked_by_name: str = "") -> None:
    """Read one source; how it went is in its record."""
    made = running.run(UUID(source_id), asked_by_name=asked_by_name)
    if made is not None and made.state == "failed":
        _LOG.warning("источник %s: %s", source_id, made.error_code)


@app.task(
    name="sources.retake", queue="sources",
    retry=RetryStrategy(max_attempts=20, wait=30, retry_exceptions=[TryLater]),
)  # fmt: skip
def again(source_id: str) -> None:
    """Take the refused rows of a source again."""
    with scoped(running.WORKER):
        source = JournalSource.objects.select_related("journal").get(pk=UUID(source_id))
        actor = deliverer_of(source.journal)
        naming.remember_refused(running.WORKER, source, running.opening_of(source).seal, clock.today())
    retake(actor=actor, journal_code=source.journal.code)
