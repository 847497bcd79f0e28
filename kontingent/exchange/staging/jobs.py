"""Reading and applying as background jobs: the page shows progress, the worker works.

A worker that is killed leaves nothing half done: reading starts anew, applying is one transaction. What it had claimed is
given back by ``resume``, which the worker runs when it starts.
"""

from __future__ import annotations

from uuid import UUID

from procrastinate.contrib.django import app

from kontingent.exchange.staging import applying, reading, wire
from kontingent.exchange.staging.models import Batch
from kontingent.kernel.errors import KontingentError


@app.task(name="staging.read", queue="staging")
def read(batch_id: str) -> None:
    """Read a batch."""
    reading.read(UUID(batch_id))


@app.task(name="staging.reread", queue="staging")
def reread(batch_id: str) -> None:
    """Read a batch again after the user's decisions."""
    batch = Batch.objects.get(pk=batch_id)
    reading.reread(actor=wire.actor_from_json(batch.actor), batch_id=batch.id)


@app.task(name="staging.apply", queue="staging")
def apply(batch_id: str) -> None:
    """Do the work of a batch that the page has claimed; a refusal is kept for the page to show."""
    batch = Batch.objects.get(pk=batch_id)
    try:
        applying.finish(
            actor=wire.actor_from_json(batch.actor),
            batch_id=batch.id,
            report=applying.report_beside(batch.id),
        )
    except KontingentError as refusal:
        Batch.objects.filter(pk=batch.id, state="applying").update(state="checked", refusal=refusal.message)
    except BaseException:
        applying.release(batch.id)
        raise


def resume() -> int:
    """Give back what a killed worker had claimed; return how many batches."""
    interrupted = Batch.objects.filter(state="applying").update(
        state="checked", refusal="Применение было прервано. Ничего не записано: примените ещё раз."
    )
    waiting = list(Batch.objects.filter(state="reading").values_list("id", flat=True))
    for batch_id in waiting:
        read.defer(batch_id=str(batch_id))
    return interrupted + len(waiting)
