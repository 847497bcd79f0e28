"""What the worker does for this room: answers requests that lie as files, wipes answers that have surely arrived."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.utils.module_loading import import_string
from procrastinate.contrib.django import app

from kontingent.exchange.epgu import actions, dropping
from kontingent.kernel.actor import Actor, system_actor
from kontingent.kernel.errors import NotAllowed
from kontingent.storage.scope import at_the_door, scoped

WORKER = system_actor("epgu", "Обработчик запросов ЕПГУ")
_LOG = logging.getLogger(__name__)


@app.periodic(cron="50 * * * *")
@app.task(name="epgu.wipe", queue="epgu")
def wipe(timestamp: int) -> None:
    """Every hour."""
    with scoped(WORKER):
        actions.wipe()
    for folder in _folders():
        dropping.wipe(folder)


@app.periodic(cron="* * * * *")
@app.task(name="epgu.take_files", queue="epgu", queueing_lock="epgu.take_files")
def take_files(timestamp: int) -> None:
    """Every minute. A folder that stands for no system is left alone and said in the log."""
    for folder in _folders():
        try:
            with at_the_door():
                actor: Actor = import_string(settings.EPGU_CLIENT)(folder.name)
        except NotAllowed as refusal:
            _LOG.warning("ЕПГУ: папка обмена не принимается: %s", refusal.message)
            continue
        try:
            dropping.take(folder, actor, settings.EPGU_NAMESPACE)
        except OSError as wrong:  # the next folder is not to suffer; names of files are not for the log
            _LOG.error("ЕПГУ: обмен с папкой %s прерван: %s", folder.name, wrong.strerror)


def _folders() -> Iterator[Path]:
    if settings.EPGU_DROP:
        yield from sorted(one for one in Path(settings.EPGU_DROP).iterdir() if one.is_dir() and not one.is_symlink())  # fmt: skip
