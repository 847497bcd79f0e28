"""Rows that were refused and kept are taken again once the register has what they lacked: a subject, a learner's key, an order.

The journal need not send them a second time. What is still refused stays on the list, under the reason of today.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from django.db import transaction
from django.db.models import QuerySet

from kontingent.audit import actions as audit
from kontingent.exchange.journals.messages import Format, Read, RowRefused
from kontingent.exchange.journals.models import JournalBatch, RefusedRow
from kontingent.exchange.journals.streams import Encoding
from kontingent.exchange.journals.taking import Consignment, delivery_of, place_for, reader_for
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.performance import queries as performance
from kontingent.performance.actions import Delivery, Taken, make_years, take_copied, take_staged
from kontingent.performance.codes import OUTCOME_NAMES, Outcome, Refusal
from kontingent.performance.events import BatchTaken
from kontingent.performance.models import Journal
from kontingent.performance.records import KINDS
from kontingent.storage.scope import scoped

#: Rows of one transaction.
ROWS: Final = 5000
#: What a change of the register can mend. The rest is wrong in the row itself and must come corrected.
MENDABLE: Final = frozenset(
    {Refusal.LEARNER_UNKNOWN, Refusal.LEARNER_NOT_ENROLLED, Refusal.CLASS_UNKNOWN, Refusal.SUBJECT_UNKNOWN, Refusal.GRADE_ONE}
)  # fmt: skip


class Retaken(NamedTuple):
    """How many kept rows were looked at, how many of them are off the list now, and what became of the newest of each id."""

    looked_at: int
    repaired: int
    outcomes: dict[str, int]


def retake(*, actor: Actor, journal_code: str) -> Retaken:
    """Take kept rows again (принять отклонённое повторно), oldest first, some thousands a transaction.

    Raises:
        NotFound: no such journal for the actor.
        TryLater: the journal is delivering, or too many others are; nothing was changed.
    """
    with scoped(actor):
        journal = performance.journal_of(actor, journal_code)
    looked_at, repaired, outcomes = 0, 0, Counter[str]()
    with place_for(journal):
        with scoped(actor):
            kinds = list(
                _open(journal)
                .order_by("records", "school_year")
                .values_list("records", "school_year")
                .distinct()
            )
        for records, school_year in kinds:
            after = 0
            while page := _page(actor, journal, records, school_year, after):
                after = page.last
                looked_at, repaired, outcomes = (
                    looked_at + page.looked_at,
                    repaired + page.repaired,
                    outcomes + page.outcomes,
                )
    return Retaken(
        looked_at, repaired, {OUTCOME_NAMES[Outcome(letter)]: count for letter, count in outcomes.items()}
    )


class _Page(NamedTuple):
    last: int
    looked_at: int
    repaired: int
    outcomes: Counter[str]


def _open(journal: Journal) -> QuerySet[RefusedRow]:
    return RefusedRow.objects.filter(journal=journal, repaired_at__isnull=True, code__in=MENDABLE).exclude(
        external_id=""
    )


def _page(actor: Actor, journal: Journal, records: str, school_year: int, after: int) -> _Page | None:
    with scoped(actor), transaction.atomic():
        rows = list(
            _open(journal)
            .select_for_update()
            .filter(records=records, school_year=school_year, pk__gt=after)
            .order_by("pk")[:ROWS]
        )
        if not rows:
            return None
        make_years(school_year)
        batch = _batch(journal, records, school_year, rows[0].pk)
        delivery = delivery_of(actor, journal, batch, KINDS[records])
        told = _of_lines(delivery, journal, batch, [one for one in rows if one.staged is None])
        told |= _of_staged(delivery, [one for one in rows if one.staged is not None])
        repaired = _settle(rows, told)
        batch.outcomes = dict(Counter(one.letter for one in told.values()))
        batch.taken_rows, batch.state, batch.touched_at = len(told), "done", clock.now()
        batch.save(update_fields=["taken_rows", "outcomes", "state", "touched_at"])
        if repaired:
            audit.record(
                BatchTaken(
                    journal=journal.code, batch=batch.key, records=records, school_year=school_year,
                    rows=batch.taken_rows, outcomes=batch.outcomes, broken_by="", basis=actor.purpose,
                ),
                actor=actor,
            )  # fmt: skip
        else:
            batch.delete()
        return _Page(rows[-1].pk, len(rows), repaired, Counter(batch.outcomes))


def _batch(journal: Journal, records: str, school_year: int, first: int) -> JournalBatch:
    now = clock.now()
    return JournalBatch.objects.create(
        journal=journal, key=f"repair:{now:%Y%m%dT%H%M%S%f}:{first}", records=records, school_year=school_year,
        started_at=now, touched_at=now,
    )  # fmt: skip


class _Told(NamedTuple):
    """What became of the newest row of an id."""

    letter: str
    code: str = ""
    place: str = ""


def _of_staged(delivery: Delivery, rows: Sequence[RefusedRow]) -> dict[str, _Told]:
    """Take rows that lacked something of the register; of one id the newest."""
    newest: dict[str, RefusedRow] = {}
    for one in rows:
        before = newest.get(one.external_id)
        if before is None or int((one.staged or {})["version"]) >= int((before.staged or {})["version"]):
            newest[one.external_id] = one
    if not newest:
        return {}
    return _told(list(newest), take_staged(delivery, [one.staged or {} for one in newest.values()]))


def _of_lines(
    delivery: Delivery, journal: Journal, batch: JournalBatch, rows: Sequence[RefusedRow]
) -> dict[str, _Told]:
    """Take lines whose words were not known. A line of CSV was kept without its header and must come again."""
    consignment = Consignment(
        key=batch.key, records=delivery.records, school_year=delivery.school_year,
        written_as=Format.NDJSON, encoding=Encoding.IDENTITY,
    )  # fmt: skip
    reader, told = reader_for(delivery.actor, journal, consignment), dict[str, _Told]()
    newest: dict[str, tuple[int, str]] = {}
    for one in rows:
        if not one.line.startswith("{"):
            continue
        read = Read()
        reader.read([one.line.encode()], read, plain=False, first=0)
        for refused in read.refused:
            told.setdefault(refused.external_id, _refused(refused.why))
        for key, version, text in zip(read.ids, read.versions, read.texts, strict=True):
            if key not in newest or version >= newest[key][0]:
                newest[key] = version, text
    if newest:
        texts = [f"{number}\t{text.partition(chr(9))[2]}" for number, (_, text) in enumerate(newest.values())]
        told |= _told(list(newest), take_copied(delivery, "".join(texts).encode()))
    return told


def _refused(why: RowRefused) -> _Told:
    return _Told(Outcome.REFUSED.value, why.refusal, why.place)


def _told(ids: Sequence[str], taken: Taken) -> dict[str, _Told]:
    told = {key: _Told(letter) for key, letter in zip(ids, taken.outcomes, strict=True)}
    return told | {one.external_id: _Told(Outcome.REFUSED.value, one.refusal) for one in taken.refused}


def _settle(rows: Iterable[RefusedRow], told: dict[str, _Told]) -> int:
    """Take off the list what was taken, with what it replaces; tell the others their reason of today."""
    now, done, changed = clock.now(), list[int](), list[RefusedRow]()
    for one in rows:
        fate = told.get(one.external_id)
        if fate is None:
            continue
        if fate.letter != Outcome.REFUSED.value:
            done.append(one.pk)
        elif fate.code != one.code:
            one.code, one.place = fate.code, fate.place
            changed.append(one)
    RefusedRow.objects.filter(pk__in=done).update(repaired_at=now)
    RefusedRow.objects.bulk_update(changed, ["code", "place"], batch_size=1000)
    return len(done)
