"""Reading batches: their state, receipts row by row, what was refused and waits for repair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import F

from kontingent.exchange.journals.models import ChunkReceipt, JournalBatch, RefusedRow
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotFound
from kontingent.performance import queries as performance
from kontingent.performance import rules
from kontingent.performance.codes import OUTCOME_NAMES, Outcome, Refusal


class RowReceipt(NamedTuple):
    """What became of one row, counted from one."""

    row: int
    outcome: str


class RepairRow(NamedTuple):
    """A refused row with what to do about it; ``position`` is the cursor after it."""

    position: int
    batch: str
    row: int
    external_id: str
    code: str
    place: str
    detail: str
    remedy: str


@dataclass(frozen=True, slots=True)
class ReceiptPage:
    """Some receipts, and after which row the next page begins; None when there is nothing more yet."""

    rows: list[RowReceipt]
    next_after: int | None


def batch(actor: Actor, journal_code: str, key: str) -> JournalBatch:
    """Return a batch of the actor's own journal."""
    journal = performance.journal_of(actor, journal_code)
    found = JournalBatch.objects.filter(journal=journal, key=key).first()
    if found is None:
        raise NotFound(
            "journals.no_such_batch", f"Порции «{key[:64]}» у этого журнала нет. Проверьте её ключ."
        )
    return found


def receipts(actor: Actor, journal_code: str, key: str, *, after: int, limit: int) -> ReceiptPage:
    """Return what became of up to ``limit`` rows that follow row ``after``."""
    of_batch = batch(actor, journal_code, key)
    found: list[RowReceipt] = []
    chunks = ChunkReceipt.objects.annotate(end=F("first_row") + F("rows"))
    for chunk in chunks.filter(batch=of_batch, first_row__lt=after + limit, end__gt=after).order_by(
        "first_row"
    ):
        start = max(0, after - chunk.first_row)
        for offset, letter in enumerate(chunk.outcomes[start : start + limit - len(found)], start):
            found.append(RowReceipt(chunk.first_row + offset + 1, OUTCOME_NAMES[Outcome(letter)]))
    last = after + len(found)
    return ReceiptPage(found, last if last < of_batch.taken_rows else None)


def to_repair(actor: Actor, journal_code: str, *, after: int, limit: int) -> list[RepairRow]:
    """Return refused rows of the actor's journal that nobody has repaired, in the order they came."""
    journal = performance.journal_of(actor, journal_code)
    rows = RefusedRow.objects.filter(journal=journal, repaired_at__isnull=True, pk__gt=after)
    return [
        RepairRow(
            one.pk,
            one.batch.key,
            one.number,
            one.external_id,
            one.code,
            one.place,
            *rules.TOLD[Refusal(one.code)][:2],
        )
        for one in rows.select_related("batch").order_by("pk")[:limit]
    ]


def counts(of_batch: JournalBatch) -> dict[str, int]:
    """Return how many rows came to what."""
    return {name: int(of_batch.outcomes.get(letter.value, 0)) for letter, name in OUTCOME_NAMES.items()}
