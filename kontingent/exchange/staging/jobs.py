"""Reading and applying as background jobs: the page shows progress, the worker works.

A worker that is killed leaves nothing half done: reading starts anew, applying is one transaction. What it had claimed is
given back by ``resume``, which the worker runs when it starts. Every transaction works within the scope of whoever asked;
only to find out who that was, the worker looks as itself.
"""

from __future__ import annotations

from uuid import UUID

from procrastinate.contrib.django import app

from kontingent.exchange.staging import applying, reading, wire
from kontingent.exchange.staging.models import Batch
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import KontingentError
from kontingent.storage.scope import scoped


@app.task(name="staging.read", queue="staging")
def read(batch_id: str) -> None:
    """Read a batch."""
    reading.read(UUID(batch_id))


@app.task(name="staging.reread", queue="staging")
def reread(batch_id: str) -> None:
    """Read a batch again after the user's decisions."""
    reading.reread(actor=_asked_by(batch_id), batch_id=UUID(batch_id))


@app.task(name="staging.apply", queue="staging")
def apply(batch_id: str) -> None:
    """Do the work of a batch that the page has claimed; a refusal is kept for the page to show."""
    actor, number = _asked_by(batch_id), UUID(batch_id)
    try:
        with scoped(actor):
            applying.finish(actor=actor, batch_id=number, report=applying.report_beside(number))
    except KontingentError as refusal:
        with scoped(actor):
            Batch.objects.filter(pk=number, state="applying").update(state="checked", refusal=refusal.message)
    except BaseException:
        with scoped(actor):
            applying.release(number)
        raise


def _asked_by(batch_id: str) -> Actor:
    with scoped(reading.WORKER):
        return wire.actor_from_json(Batch.objects.only("actor").get(pk=batch_id).actor)


def resume() -> int:
    """Give back what a killed worker had claimed; return how many batches."""
    with scoped(reading.WORKER):
        interrupted = Batch.objects.filter(state="applying").update(
            state="checked", refusal="Применение было прервано. Ничего не записано: примените ещё раз."
        )
        waiting = list(Batch.objects.filter(state="reading").values_list("id", flat=True))
    for batch_id in waiting:
        read.defer(batch_id=str(batch_id))
    return interrupted + len(waiting)
