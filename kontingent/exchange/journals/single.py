"""One row that somebody waits for an answer about: judged and written as a chunk of one, refused without a trace.

Rows that come one by one on a day are a batch of their kind. It has no receipts and its rows are not counted as taken: whoever sent one was told at once.
Its key has a sign that no journal may use in a key of its own.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec

from kontingent.exchange.journals.messages import MESSAGES, Format, Read, RowRefused, is_plain
from kontingent.exchange.journals.models import JournalBatch
from kontingent.exchange.journals.streams import Encoding
from kontingent.exchange.journals.taking import Consignment, delivery_of, mend, reader_for
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import RuleViolation
from kontingent.performance import rules
from kontingent.performance.actions import make_years, take_copied
from kontingent.performance.codes import Outcome, Refusal
from kontingent.performance.models import Journal
from kontingent.performance.records import Records


class SingleRefused(RuleViolation):
    """The row is refused; nothing of it was written."""

    def __init__(self, refusal: Refusal, place: str = "") -> None:
        """Say what a receipt would say."""
        told = rules.TOLD[refusal]
        where = f" ({place})" if place else ""
        super().__init__(f"journals.{refusal}", f"{told.detail}{where}", remedy=told.remedy)
        self.refusal = refusal


def take_one(
    *, actor: Actor, journal: Journal, records: Records, school_year: int, facts: dict[str, Any]
) -> Outcome:
    """Take one row (принять одну запись) in the caller's transaction; ``facts`` are the fields of its message.

    Raises:
        SingleRefused: the row cannot be taken; the caller may go on, nothing was written.
    """
    consignment = Consignment(
        key=f"single/{clock.today()}/{records.code}/{school_year}", records=records, school_year=school_year,
        written_as=Format.NDJSON, encoding=Encoding.IDENTITY,
    )  # fmt: skip
    try:
        line = msgspec.json.encode(msgspec.convert(facts, MESSAGES[records.code], strict=False))
    except msgspec.ValidationError as error:
        raise SingleRefused(Refusal.FIELD, str(error)) from error
    read = Read()
    try:
        reader_for(actor, journal, consignment).read([line], read, plain=is_plain(line), first=0)
    except RowRefused as refused:
        raise SingleRefused(refused.refusal, refused.place) from refused
    if read.refused:
        raise SingleRefused(read.refused[0].why.refusal, read.refused[0].why.place)
    make_years(school_year)
    batch = _batch(journal, consignment)
    taken = take_copied(delivery_of(actor, journal, batch, records), read.texts[0].encode())
    if taken.refused:
        raise SingleRefused(taken.refused[0].refusal)
    batch.outcomes, batch.touched_at = dict(Counter(batch.outcomes) + Counter(taken.outcomes)), clock.now()
    batch.save(update_fields=["outcomes", "touched_at"])
    mend(journal, batch)
    return Outcome(taken.outcomes)


def _batch(journal: Journal, consignment: Consignment) -> JournalBatch:
    now = clock.now()
    found, _ = JournalBatch.objects.select_for_update().get_or_create(
        journal=journal, key=consignment.key,
        defaults={
            "records": consignment.records.code, "school_year": consignment.school_year, "state": "done", "started_at": now,
            "touched_at": now,
        },
    )  # fmt: skip
    return found
