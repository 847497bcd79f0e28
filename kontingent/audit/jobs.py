"""What the worker does with the journal by the clock: seals every minute, anchors every day, makes months ahead."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from procrastinate.contrib.django import app

from kontingent.audit import sealing
from kontingent.kernel import clock
from kontingent.kernel.actor import system_actor
from kontingent.storage.scope import scoped

MONTHS_AHEAD = 3
WORKER = system_actor("journal", "Обработчик журнала")


@app.periodic(cron="* * * * *")
@app.task(name="audit.seal", queue="audit", queueing_lock="audit.seal")
def seal(timestamp: int) -> None:
    """Seal what finished transactions have written."""
    with scoped(WORKER):
        sealing.seal()


@app.periodic(cron="5 0 * * *")
@app.task(name="audit.anchor", queue="audit", queueing_lock="audit.anchor")
def anchor(timestamp: int) -> None:
    """Anchor the day that has ended, and see to the tables of the months to come."""
    with scoped(WORKER):
        sealing.seal()
    with scoped(WORKER):
        sealing.anchor(clock.today() - timedelta(days=1))
    with connection.cursor() as cursor:
        for ahead in range(MONTHS_AHEAD + 1):
            cursor.execute("SELECT audit_ensure_partition(%s)", [clock.today() + timedelta(days=31 * ahead)])
