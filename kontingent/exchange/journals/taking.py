"""A batch from its first line to its receipt.

Each chunk is one transaction together with its receipt and the count of rows dealt with, so that whatever dies in
between, the same key sent again goes on where the last commit stood. At most some batches are taken at once, of one
journal one: the others are asked to wait.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import OperationalError, connection, transaction

from kontingent.audit import actions as audit
from kontingent.exchange.journals.chunks import Chunk, Known, ahead, chunks
from kontingent.exchange.journals.messages import Format, Lexicon, Reader, RefusedLine, RowRefused
from kontingent.exchange.journals.models import LARGE, ChunkReceipt, JournalBatch, RefusedRow
from kontingent.exchange.journals.streams import Body, Encoding, StreamRefused, blocks
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import Conflict, InvalidValue, KontingentError, TryLater, Unavailable
from kontingent.kernel.school_year import SchoolYear
from kontingent.organisations import queries as organisations
from kontingent.performance import queries as performance
from kontingent.performance.actions import Delivery, Span, Taken, make_years, still_stands, take_copied
from kontingent.performance.codes import Outcome, Refusal
from kontingent.performance.events import BatchTaken
from kontingent.performance.models import Journal
from kontingent.performance.records import KINDS, Records
from kontingent.storage.scope import scoped

#: Advisory locks: a place among those taken at once, and a journal.
_PLACES, _JOURNAL = 0x6A70, 0x6A71
#: How many school years back a journal may deliver.
YEARS_BACK = 11


@dataclass(frozen=True, slots=True, kw_only=True)
class Consignment:
    """What is delivered: the batch's key, the kind of its records, the school year, and how it is written.

    ``must_agree``: under the key of a batch that is done already nothing else may come. Whoever makes the key of the content
    itself need not have it read again.
    """

    key: str
    records: Records
    school_year: int
    written_as: Format
    encoding: Encoding
    must_agree: bool = False


def deliver(*, actor: Actor, journal_code: str, consignment: Consignment, body: Body) -> JournalBatch:
    """Take a batch (принять порцию): all of it, or what is still missing of one that was interrupted.

    Raises:
        NotFound: no such journal for the actor.
        TryLater: others are being taken, nothing was read; Unavailable: the database went away, what was committed stands.
        Conflict: the key belongs to a batch of other content.
        StreamRefused: the body cannot be read on; what came before stands.
    """
    with scoped(actor):
        journal = performance.journal_of(actor, journal_code)
    _check_year(consignment.school_year)
    with place_for(journal):
        with scoped(actor):
            batch = _open(journal, consignment)
            is_done = batch.state == "done"
            if is_done and not consignment.must_agree:
                return batch
            make_years(consignment.school_year)
            known, reader, said = _known(batch), reader_for(actor, journal, consignment), _said(batch)
        if is_done:
            _check_agrees(batch, chunks(blocks(body, consignment.encoding), reader, known))
            return batch
        try:
            for chunk in ahead(chunks(blocks(body, consignment.encoding), reader, known, said)):
                _take(actor, journal, batch, consignment, chunk, reader, said)
        except (StreamRefused, RowRefused) as refused:
            _close(actor, journal, batch, "broken", broken_by=_code_of(refused))
            raise _told(refused) from refused
        except OperationalError as error:
            raise Unavailable(
                "journals.interrupted",
                "База данных была недоступна, передача прервана. Продолжите порцию с тем же ключом: принятое не потеряно.",
            ) from error
        _close(actor, journal, batch, "done")
    return batch


def may_be_delivered(school_year: int) -> bool:
    """Say whether a journal may deliver of a school year at all."""
    present = SchoolYear.of(clock.today()).begins_in
    return present - YEARS_BACK <= school_year <= present


def _check_year(school_year: int) -> None:
    present = SchoolYear.of(clock.today()).begins_in
    if not may_be_delivered(school_year):
        raise InvalidValue(
            "journals.school_year",
            f"Учебный год {school_year} не принимается. Укажите школьный год от {present - YEARS_BACK} до {present}: "
            "год, в котором он начался.",
        )


def delivery_of(actor: Actor, journal: Journal, batch: JournalBatch, records: Records) -> Delivery:
    """Return what rows of a batch are taken as; closed periods may come until the day that the journal was given for its history."""
    return Delivery(
        actor=actor, journal_id=journal.pk, source=journal.source, batch_id=batch.pk, records=records,
        school_year=batch.school_year,
        may_be_late=journal.history_until is not None and clock.today() < journal.history_until,
    )  # fmt: skip


@contextmanager
def place_for(journal: Journal) -> Iterator[None]:
    """Hold a place among those taken at once, and the journal; locks of the session, which a crash lets go."""
    with connection.cursor() as cursor:
        held: list[tuple[int, int]] = []

        def hold(kind: int, number: int) -> bool:
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [kind, number])
            row = cursor.fetchone()
            if row and row[0]:
                held.append((kind, number))
                return True
            return False

        try:
            if not hold(_JOURNAL, journal.pk) or not any(
                hold(_PLACES, place) for place in range(settings.JOURNALS_AT_ONCE)
            ):
                raise TryLater(
                    "journals.busy",
                    f"Сейчас принимаются другие порции. Повторите через {TryLater.retry_after} с; порции одного журнала передавайте по одной.",
                )
            yield
        finally:
            _let_go(held)


def _let_go(held: Sequence[tuple[int, int]]) -> None:
    try:
        with connection.cursor() as cursor:
            for lock in held:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", list(lock))
    except OperationalError:
        connection.close()  # the locks went with the session


def _open(journal: Journal, consignment: Consignment) -> JournalBatch:
    now = clock.now()
    batch, made = JournalBatch.objects.get_or_create(
        journal=journal, key=consignment.key,
        defaults={
            "records": consignment.records.code, "school_year": consignment.school_year, "started_at": now, "touched_at": now,
        },
    )  # fmt: skip
    if not made and (batch.records, batch.school_year) != (consignment.records.code, consignment.school_year):
        raise Conflict(
            "journals.key_taken",
            f"Порция с ключом «{batch.key}» уже есть: {batch.records}, {batch.school_year}. Дайте новой порции другой ключ.",
        )
    return batch


def _known(batch: JournalBatch) -> list[Known]:
    rows = batch.receipts.order_by("first_row").values_list("rows", "digest")
    return [Known(count, bytes(digest)) for count, digest in rows]


#: Of so many large batches the chunks are remembered.
_REMEMBERED = 20


def _said(batch: JournalBatch) -> dict[bytes, int]:
    """Return what the newest large batches of the same kind said, where sending it again may change nothing, with the receipts."""
    large = JournalBatch.objects.filter(
        journal=batch.journal_id, records=batch.records, school_year=batch.school_year, taken_rows__gte=LARGE
    )
    newest = list(large.order_by("-pk").values_list("pk", flat=True)[:_REMEMBERED])
    rows = ChunkReceipt.objects.filter(batch__in=newest, said__isnull=False).order_by("pk")
    return {bytes(said or b""): receipt for said, receipt in rows.values_list("said", "pk")}


def reader_for(actor: Actor, journal: Journal, consignment: Consignment) -> Reader:
    """Return what reads the lines of a consignment, by the journal's own words as they are now."""
    own = actor.scope.organisations if not actor.scope.whole_region and not actor.scope.municipalities else ()
    lexicon = Lexicon(
        SchoolYear(consignment.school_year), clock.today(), performance.subject_names(journal.pk),
        ogrn=organisations.get(next(iter(own))).ogrn if len(own) == 1 else "",
    )  # fmt: skip
    return Reader(consignment.records, lexicon, consignment.written_as)


def _take(
    actor: Actor,
    journal: Journal,
    batch: JournalBatch,
    consignment: Consignment,
    chunk: Chunk,
    reader: Reader,
    said: Mapping[bytes, int],
) -> None:
    if chunk.known is not None:
        if (chunk.rows, chunk.digest) != chunk.known:
            raise _other_content(batch, chunk.first_row)
        return
    delivery = delivery_of(actor, journal, batch, consignment.records)
    with scoped(actor), transaction.atomic():
        _commit_with_the_next()
        receipt_id = said.get(chunk.said)
        outcomes = None if receipt_id is None else _as_before(delivery, batch, chunk, receipt_id)
        if outcomes is None:
            chunk.read(reader)
            outcomes = _take_now(delivery, journal, batch, chunk)
        batch.taken_rows = chunk.first_row + chunk.rows
        batch.outcomes = dict(Counter(batch.outcomes) + Counter(outcomes))
        batch.state, batch.broken_by, batch.touched_at = "taking", "", clock.now()
        batch.save(update_fields=["taken_rows", "outcomes", "state", "broken_by", "touched_at"])


def _check_agrees(batch: JournalBatch, found: Iterator[Chunk]) -> None:
    """Refuse other content under the key of a batch that is done: nobody would take it, and nobody would be told."""
    rows = 0
    try:
        for chunk in found:
            if (chunk.rows, chunk.digest) != chunk.known:
                raise _other_content(batch, chunk.first_row)
            rows += chunk.rows
    except RowRefused as refused:
        raise _told(refused) from refused
    if rows < batch.taken_rows:
        raise _other_content(batch, rows)


def _other_content(batch: JournalBatch, first_row: int) -> Conflict:
    return Conflict(
        "journals.other_content",
        f"Порция «{batch.key}» уже принималась с другим содержанием: строки с {first_row + 1} не те, что приняты. "
        "Передайте ту же порцию или дайте новой другой ключ.",
    )


def _take_now(delivery: Delivery, journal: Journal, batch: JournalBatch, chunk: Chunk) -> str:
    taken = take_copied(delivery, chunk.data)
    outcomes = _outcomes(chunk, taken)
    receipt = ChunkReceipt(
        batch=batch, first_row=chunk.first_row, rows=chunk.rows, outcomes=outcomes, digest=chunk.digest
    )
    if taken.span and chunk.rows >= LARGE and _STANDS.issuperset(outcomes):
        receipt.said, (receipt.lowest_id, receipt.highest_id) = chunk.said, taken.span
        receipt.taken_at = clock.now()
    receipt.save(force_insert=True)
    _keep_refused(journal, batch, chunk, taken)
    mend(journal, batch)
    return outcomes


#: Rows that have come to stand, and what they are when they come again.
_AGAIN = str.maketrans(
    "".join((Outcome.CREATED, Outcome.CHANGED, Outcome.WITHDRAWN)), Outcome.UNCHANGED.value * 3
)
_STANDS = frozenset((Outcome.CREATED, Outcome.CHANGED, Outcome.WITHDRAWN, Outcome.UNCHANGED, Outcome.STALE))


def _as_before(delivery: Delivery, batch: JournalBatch, chunk: Chunk, receipt_id: int) -> str | None:
    """Take a chunk that was taken before and still stands without reading it again; None where it has to be read.

    A journal that sends all it has every night says most of it in the words of the night before.
    """
    receipt = ChunkReceipt.objects.get(pk=receipt_id)
    if receipt.taken_at is None:
        return None
    span = Span(receipt.lowest_id, receipt.highest_id)
    standing = chunk.rows - receipt.outcomes.count(Outcome.STALE.value)
    if not still_stands(delivery, span, rows=standing, since=receipt.taken_at):
        return None
    outcomes = receipt.outcomes.translate(_AGAIN)
    ChunkReceipt.objects.create(
        batch=batch, first_row=chunk.first_row, rows=chunk.rows, outcomes=outcomes, digest=chunk.digest,
        said=chunk.said, lowest_id=span.lowest, highest_id=span.highest, taken_at=receipt.taken_at,
    )  # fmt: skip
    return outcomes


def _commit_with_the_next() -> None:
    """Do not wait for the disk at the end of a chunk: nobody is told of it before ``_close``, which waits for all.

    If the machine fails before, the last chunks are gone together with the count of rows taken, and come again.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")


def _outcomes(chunk: Chunk, taken: Taken) -> str:
    """Return one letter for every row of the chunk."""
    if len(taken.outcomes) != len(chunk.numbers):
        raise RuntimeError(f"{len(chunk.numbers)} rows were staged, {len(taken.outcomes)} judged")
    if len(chunk.numbers) == chunk.rows:
        return taken.outcomes
    letters = [Outcome.REFUSED.value] * chunk.rows
    for number in chunk.superseded:
        letters[number] = Outcome.STALE.value
    for number, letter in zip(chunk.numbers, taken.outcomes, strict=True):
        letters[number] = letter
    return "".join(letters)


def _keep_refused(journal: Journal, batch: JournalBatch, chunk: Chunk, taken: Taken) -> None:
    common: dict[str, Any] = {
        "batch": batch, "journal": journal, "records": batch.records, "school_year": batch.school_year, "refused_at": clock.now(),
    }  # fmt: skip
    rows = [
        RefusedRow(
            number=chunk.first_row + one.number + 1,
            external_id=one.external_id,
            code=one.why.refusal,
            place=one.why.place,
            line=_kept(one),
            **common,
        )
        for one in chunk.refused
    ]
    rows += [
        RefusedRow(
            number=chunk.first_row + one.n + 1,
            external_id=one.external_id,
            code=one.refusal,
            staged=one.staged,
            **common,
        )
        for one in taken.refused
    ]
    RefusedRow.objects.bulk_create(rows, batch_size=2000)


#: So much of a refused line is kept.
LONGEST_KEPT = 4000


def _kept(refused: RefusedLine) -> str:
    try:
        text = refused.line.decode()
    except UnicodeDecodeError:
        return ""
    return text if len(text) <= LONGEST_KEPT and "\x00" not in text else ""


def mend(journal: Journal, batch: JournalBatch) -> None:
    """Take off the list of repairs what has come again and was taken: its record stands under this batch by now.

    A refused row that is newer than what was taken stays: the journal says more than the register has. So does one that says another
    thing by the version of what stands: the batch may have brought both, in different chunks.
    """
    open_rows = RefusedRow.objects.filter(
        journal=journal, records=batch.records, school_year=batch.school_year, repaired_at__isnull=True
    ).exclude(external_id="")
    if not open_rows.exists():
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE journals_refusedrow r SET repaired_at = %s WHERE r.journal_id = %s AND r.records = %s "
            "AND r.school_year = %s AND r.repaired_at IS NULL AND r.external_id <> '' "
            f"AND EXISTS (SELECT 1 FROM {KINDS[batch.records].table} e WHERE e.school_year = r.school_year "
            "AND e.journal_id = r.journal_id AND e.external_id = r.external_id AND e.batch_id = %s "
            "AND (r.staged IS NULL OR (r.staged ->> 'version')::bigint < e.version "
            "OR (r.staged ->> 'version')::bigint = e.version AND r.code <> %s))",
            [clock.now(), journal.pk, batch.records, batch.school_year, batch.pk, Refusal.VERSION_REUSED],
        )


def _close(actor: Actor, journal: Journal, batch: JournalBatch, state: str, *, broken_by: str = "") -> None:
    batch.state, batch.broken_by, batch.touched_at = state, broken_by[:40], clock.now()
    with scoped(actor), transaction.atomic():
        batch.save(update_fields=["state", "broken_by", "touched_at"])
        audit.record(
            BatchTaken(
                journal=journal.code, batch=batch.key, records=batch.records, school_year=batch.school_year,
                rows=batch.taken_rows, outcomes=batch.outcomes, broken_by=broken_by, basis=actor.purpose,
            ),
            actor=actor,
        )  # fmt: skip


def _code_of(refused: StreamRefused | RowRefused) -> str:
    return refused.code if isinstance(refused, StreamRefused) else "journals.header"


def _told(refused: StreamRefused | RowRefused) -> KontingentError:
    if isinstance(refused, StreamRefused):
        return refused
    return StreamRefused(
        "journals.header",
        f"Заголовок CSV не подходит: {refused.place}. Назовите столбцы так, как поля в описании интерфейса.",
    )
