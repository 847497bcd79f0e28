"""A run of a source: its lock, its pieces, its record (запуск). One failing source stops no other, one piece no other piece.

What a killed run had begun is closed by the next one, which finds the lock free; what it had delivered is known by its keys.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from django.conf import settings
from django.db import OperationalError, connection

from kontingent.exchange.journals.adapters import feeding
from kontingent.exchange.journals.adapters.mapping import read_mapping
from kontingent.exchange.journals.adapters.sealing import sealer
from kontingent.exchange.journals.deliverers import deliverer_of
from kontingent.exchange.journals.models import JournalSource, RunFinding, SourceRun
from kontingent.exchange.journals.queries import counts
from kontingent.exchange.journals.sources import naming, registry, rules
from kontingent.exchange.journals.sources.registry import Opening, Piece, Receipt
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor, system_actor
from kontingent.kernel.errors import KontingentError, TryLater
from kontingent.storage.scope import scoped

WORKER = system_actor("sources", "Чтение источников журналов")
#: The advisory lock of a source.
_SOURCE = 0x6A72
#: So many findings are told in the receipt of a piece.
_TOLD = 100
_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class _Sum:
    pieces: int = 0
    taken: int = 0
    unchanged: int = 0
    refused: int = 0
    unread: int = 0
    named: int = 0
    error: KontingentError | None = None
    findings: list[RunFinding] = field(default_factory=list)


def run(source_id: UUID, *, asked_by_name: str = "") -> SourceRun | None:
    """Read a source now; None where it is being read already, or is off and nobody asked."""
    with _alone(source_id) as mine:
        if not mine:
            return None
        with scoped(WORKER):
            source = JournalSource.objects.select_related("journal").filter(pk=source_id).first()
            if source is None or not (source.is_on or asked_by_name):
                return None
            _close_interrupted(source)
            made = SourceRun.objects.create(
                source=source, started_at=clock.now(), asked_by_name=asked_by_name[:200]
            )
        found = _Sum()
        try:
            _take(source, made, found)
        except KontingentError as refusal:
            found.error = refusal
        except Exception as error:  # noqa: BLE001 - whatever a stranger's adapter does, the others go on
            _LOG.error("источник %s: %s", source.journal.code, type(error).__name__)
            found.error = KontingentError(
                "sources.broken",
                f"Чтение прервано ошибкой {type(error).__name__}. Принятое не потеряно, попытка будет повторена; "
                "если не поможет, покажите это администратору сервера.",
            )
        return _close(source, made, found)


def opening_of(source: JournalSource) -> Opening:
    """Return what a kind reads this source by."""
    kind = registry.kind(source.adapter)
    version = source.mappings.filter(number=source.mapping_number).first()
    return Opening(
        code=source.journal.code, settings=kind.read_settings(source.settings),
        mapping=read_mapping(version.text) if version else None, today=clock.today(),
        last_success_at=source.last_success_at, seal=sealer(settings.JOURNAL_NAMES_KEY, source.journal.code),
    )  # fmt: skip


def _take(source: JournalSource, made: SourceRun, found: _Sum) -> None:
    with scoped(WORKER):
        opening = opening_of(source)
        actor = deliverer_of(source.journal)
    for piece in registry.kind(source.adapter).pieces(opening):
        try:
            _take_piece(source, actor, made, piece, found)
        except TryLater:
            raise
        except KontingentError as refusal:
            piece.refused(refusal)
            found.error = found.error or refusal
        found.pieces += 1


def _take_piece(source: JournalSource, actor: Actor, made: SourceRun, piece: Piece, found: _Sum) -> None:
    with scoped(WORKER):
        named = naming.remember(WORKER, source, piece.adapter.list_enrollments(), clock.today())
    fed = feeding.run(
        actor=actor, journal_code=source.journal.code, adapter=piece.adapter, asked=piece.asked, key=piece.key
    )
    rows = {batch.records: {name: n for name, n in counts(batch).items() if n} for batch in fed.batches}
    for batch in fed.batches:
        of_kind = rows[batch.records]
        if batch.touched_at < made.started_at:  # delivered by a run before, under the same key
            found.unchanged += sum(n for name, n in of_kind.items() if name != "refused")
            found.refused += of_kind.get("refused", 0)
            continue
        found.taken += sum(of_kind.get(name, 0) for name in ("created", "changed", "withdrawn", "late"))
        found.unchanged += of_kind.get("unchanged", 0) + of_kind.get("stale", 0)
        found.refused += of_kind.get("refused", 0)
    found.unread += fed.unread
    found.named += named
    room = feeding.MOST_FINDINGS - len(found.findings)
    found.findings += [
        RunFinding(
            run=made, piece=piece.name[:200], place=one.place[:200], value=one.value[:80], code=one.code, message=one.message[:500],
        )
        for one in fed.findings[:room]
    ]  # fmt: skip
    told = tuple((one.place, one.message) for one in fed.findings[:_TOLD])
    piece.taken(Receipt(rows, fed.unread, told, named))


def _close_interrupted(source: JournalSource) -> None:
    source.runs.filter(state="running").update(
        state="failed", ended_at=clock.now(), error_code="sources.interrupted",
        error="Запуск был прерван остановкой сервера. Принятое не потеряно, чтение продолжено следующим запуском.",
    )  # fmt: skip


def _close(source: JournalSource, made: SourceRun, found: _Sum) -> SourceRun:
    now = clock.now()
    for name in ("pieces", "taken", "unchanged", "refused", "unread", "named"):
        setattr(made, name, getattr(found, name))
    made.ended_at, made.state = now, "failed" if found.error else "done"
    if found.error:
        made.error_code, made.error = found.error.code[:60], found.error.message[:1000]
    with scoped(WORKER):
        made.save()
        RunFinding.objects.bulk_create(found.findings, batch_size=500)
        fresh = JournalSource.objects.select_for_update().get(pk=source.pk)
        fresh.failures = fresh.failures + 1 if found.error else 0
        fresh.last_success_at = fresh.last_success_at if found.error else made.started_at
        fresh.next_at = rules.next_at(now, every_minutes=fresh.every_minutes, failures=fresh.failures)
        fresh.save(update_fields=["failures", "last_success_at", "next_at"])
    return made


@contextmanager
def _alone(source_id: UUID) -> Iterator[bool]:
    """Hold the source: a lock of the session, which a crash lets go."""
    number = source_id.int & 0x7FFF_FFFF
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_SOURCE, number])
        row = cursor.fetchone()
    if not (row and row[0]):
        yield False
        return
    try:
        yield True
    finally:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_SOURCE, number])
        except OperationalError:
            connection.close()  # the lock went with the session
