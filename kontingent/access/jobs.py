"""What the worker does about access by the clock."""

from __future__ import annotations

import logging

from django.conf import settings
from procrastinate.contrib.django import app

from kontingent.access import watching
from kontingent.access.esia import certificates
from kontingent.kernel import clock
from kontingent.kernel.actor import system_actor
from kontingent.storage.scope import scoped

WORKER = system_actor("watch", "Обработчик сигналов")
log = logging.getLogger(__name__)


@app.periodic(cron="*/5 * * * *")
@app.task(name="access.watch", queue="audit", queueing_lock="access.watch")
def watch(timestamp: int) -> None:
    """Raise alerts."""
    with scoped(WORKER):
        watching.watch()


@app.periodic(cron="0 7 * * *")
@app.task(name="access.certificates", queue="audit", queueing_lock="access.certificates")
def warn_of_certificates(timestamp: int) -> None:
    """Warn in the log of certificates of ЕСИА that lapse; the security officer sees the same on the first page."""
    if settings.ESIA is not None:
        for warning in certificates.lapsing(certificates.load(settings.ESIA.trusted), clock.now()):
            log.warning("%s", warning)
