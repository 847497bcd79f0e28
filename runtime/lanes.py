"""The worker's lanes: what somebody has just pressed for does not wait behind what runs for minutes.

Two workers of procrastinate in one process, each doing one job at a time. The queue ``AT_ONCE`` holds acts that take a second or so and that a
person watches for on a page; whatever else there is – class lists, reports, journals, the search for duplicates, the work of the
night – goes one after the other in the other lane.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Collection
from typing import Final

from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector

#: The queue of acts that a person waits for.
AT_ONCE: Final = "at_once"
_POLL_SECONDS: Final = 2.0


def run() -> None:
    """Work until asked to stop; jobs that run are finished first.

    Raises:
        ExceptionGroup: a lane has failed; the supervisor starts the worker again, both lanes with it.
    """
    connector = app.connector
    assert isinstance(connector, DjangoConnector)  # noqa: S101 - procrastinate.contrib.django gives no other
    with app.replace_connector(connector.get_worker_connector()):
        asyncio.run(_both())


def other_queues() -> Collection[str]:
    """Return the queues of every job that is known, but ``AT_ONCE``."""
    return sorted({task.queue for task in app.tasks.values()} - {AT_ONCE})


async def _both() -> None:
    app.perform_import_paths()  # type: ignore[no-untyped-call]
    async with app.open_async():
        lanes = [
            asyncio.create_task(_lane("at once", [AT_ONCE])),
            asyncio.create_task(_lane("in turn", other_queues())),
        ]
        loop = asyncio.get_running_loop()
        for asked in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(asked, _stop, lanes)
        # A lane that ends takes the other along: a worker with half its lanes would look alive.
        await asyncio.wait(lanes, return_when=asyncio.FIRST_COMPLETED)
        _stop(lanes)
        ended = await asyncio.gather(*lanes, return_exceptions=True)
    failed = [one for one in ended if isinstance(one, Exception)]
    if failed:
        raise ExceptionGroup("worker", failed)


async def _lane(name: str, queues: Collection[str]) -> None:
    await app.run_worker_async(
        name=name, queues=queues, concurrency=1, fetch_job_polling_interval=_POLL_SECONDS, install_signal_handlers=False
    )  # fmt: skip


def _stop(lanes: Collection[asyncio.Task[None]]) -> None:
    """Cancel the lanes, each once: it finishes the job it does, and ends. Cancelled again it would leave the job as it is."""
    for lane in lanes:
        if not lane.cancelling():
            lane.cancel()
