"""Reading and applying as background jobs; a worker that is killed leaves nothing half done."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from procrastinate.contrib.django import app

from kontingent.exchange.incoming.receiving import Receiving
from kontingent.exchange.staging.reading import WORKER
from kontingent.kernel.errors import KontingentError
from kontingent.storage.scope import scoped


class Jobs:
    """The jobs of a room's files: ``jobs.read.defer(file_id=…)``, ``jobs.apply.defer(file_id=…)``."""

    def __init__(self, name: str, receiving: Receiving[Any]) -> None:
        """Register them under ``name``."""
        self._receiving = receiving
        self.read = app.task(name=f"{name}.read", queue="staging")(self._read)
        self.purge = app.periodic(cron="5 4 * * *")(
            app.task(name=f"{name}.purge", queue="audit", queueing_lock=f"{name}.purge")(self._purge)
        )
        self.apply = app.task(name=f"{name}.apply", queue="staging")(self._apply)

    def _read(self, file_id: str) -> None:
        self._receiving.read(UUID(file_id))

    def _apply(self, file_id: str) -> None:
        """A refusal is kept for the page to show."""
        try:
            self._receiving.apply(UUID(file_id))
        except KontingentError:
            return

    def _purge(self, timestamp: int) -> None:
        """Every night."""
        self._receiving.purge()

    def resume(self) -> int:
        """Give back what a killed worker had claimed; return how many files."""
        with scoped(WORKER):
            interrupted, waiting = self._receiving.intake.give_back()
        for one in waiting:
            self.read.defer(file_id=str(one))
        return interrupted + len(waiting)
