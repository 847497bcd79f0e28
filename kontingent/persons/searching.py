"""Running a regional search for duplicates: apart from the queue, since it loads Splink and DuckDB."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction

from kontingent.audit import actions as audit
from kontingent.kernel import clock
from kontingent.kernel.actor import system_actor
from kontingent.persons import duplicates, regional
from kontingent.persons.duplicates import GOING_ON, Likeness
from kontingent.persons.events import DuplicatesSearched
from kontingent.persons.models import DuplicatePair, DuplicateSearch
from kontingent.persons.regional import Pair, Report
from kontingent.storage.scope import scoped

CHUNK = 5000
WORKER = system_actor("duplicates", "Поиск дублей")


def silent(_stage: str, _done: int) -> None:
    """Tell nobody but the page."""


def run(search_id: UUID, *, say: Report = silent) -> DuplicateSearch:
    """Do the search: what is found goes into the queue, what was told apart stays apart."""
    search = DuplicateSearch.objects.get(pk=search_id)
    if search.state not in GOING_ON:
        return search

    def report(stage: str, done: int) -> None:
        say(stage, done)
        search.state, search.stage, search.done = "running", stage, done
        search.save(update_fields=["state", "stage", "done"])

    report("Выгрузка", 2)
    began = time.monotonic()
    found: Counter[str] = Counter()
    try:
        with regional.private_folder(Path(settings.VAR_DIR)) as folder:
            path = Path(folder) / "people.csv"
            with scoped(WORKER):
                regional.extract(path)
            chunk: list[Likeness] = []
            for pair in _not_told_apart(regional.find(path, Path(folder), report=report)):
                chunk.append(Likeness(*regional.as_ids(pair), pair.verdict, pair.weight))
                found[pair.verdict.level.value] += 1
                if len(chunk) == CHUNK:
                    _note(chunk)
                    chunk = []
            _note(chunk)
    except BaseException:
        search.state, search.finished_at = "failed", clock.now()
        search.refusal = "Поиск прервался из-за сбоя; найденное до него в очереди. Запустите ещё раз, сбой записан в журнал сервера."
        search.save()
        raise
    search.figures = {**found, "seconds": round(time.monotonic() - began)}
    search.state, search.stage, search.done, search.finished_at = "done", "Готово", 100, clock.now()
    with transaction.atomic():
        search.save()
        audit.record(
            DuplicatesSearched(object_id=search.id, figures=search.figures),
            actor=system_actor("duplicates", search.started_by_name),
        )
    return search


def _note(chunk: list[Likeness]) -> None:
    with scoped(WORKER):
        duplicates.note(chunk, found_by="region")


def _not_told_apart(pairs: Iterator[Pair]) -> Iterator[Pair]:
    """Leave out the records that were found to be different people, though one may have been merged since."""
    with scoped(WORKER):
        apart = {
            frozenset((str(one), str(other)))
            for one, other in DuplicatePair.objects.filter(state="distinct").values_list("one_id", "other_id")
        }
    return (pair for pair in pairs if frozenset((pair.record, pair.other_record)) not in apart)
