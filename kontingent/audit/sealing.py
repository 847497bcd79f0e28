"""Sealing and verifying the journal (ADR 0013).

Writers never wait for each other: rows are sealed afterwards, when the transactions that wrote them are all over. The
horizon is the oldest transaction still under way; rows of older ones can neither come nor go any more.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from kontingent.audit import keys, rules
from kontingent.audit.keys import SealingKey
from kontingent.audit.models import Anchor, Horizon, Seal
from kontingent.audit.rules import Fault, FoundRow, SealedRow
from kontingent.kernel import clock
from kontingent.kernel.errors import RuleViolation

#: The text that a row's digest is taken over; the trigger of migration 0003 has the same expression.
TEXT = """jsonb_build_array(e.id, (extract(epoch from e.moment) * 1000000)::bigint, e.kind, e.actor_code, e.actor_name,
    e.actor_role, e.actor_post, e.organisation_id, to_jsonb(e.subjects), e.object_id, e.purpose, e.basis, e.data,
    e.request_id, host(e.address), e.transaction::text)::text"""
DIGEST = f"sha256(convert_to({TEXT}, 'UTF8'))"
_SEALABLE = """
SELECT e.tableoid::regclass::text, e.id, e.digest FROM audit_entry e
WHERE e.transaction >= %s::text::xid8 AND e.transaction < %s::text::xid8 ORDER BY e.transaction, e.id
"""
_FOUND = f"""
SELECT e.id, coalesce(e.digest, ''), {DIGEST}, e.transaction::text::bigint FROM ONLY {{partition}} e
WHERE e.transaction < %s::text::xid8 ORDER BY e.transaction, e.id
"""
HEADS_FILE, ANCHORS_FILE = "heads.json", "anchors.ndjson"


def folder() -> Path:
    """Return where the key, the heads and the copies of the anchors lie: outside the database."""
    return Path(settings.JOURNAL_DIR)


# -- sealing -----------------------------------------------------------------------------------


@transaction.atomic
def seal() -> int:
    """Seal every row whose transaction is over and return how many rows that were. One at a time, by a lock."""
    Horizon.objects.get_or_create(pk=1)
    horizon = Horizon.objects.select_for_update().get(pk=1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        until = int(cursor.fetchone()[0])
        cursor.execute(_SEALABLE, [str(horizon.transaction), str(until)])
        rows: dict[str, list[SealedRow]] = defaultdict(list)
        for partition, entry_id, digest in cursor.fetchall():
            rows[partition].append(SealedRow(entry_id, bytes(digest)))
    if until < horizon.transaction:
        raise RuleViolation(
            "audit.transactions_went_back",
            "Счётчик транзакций меньше опечатанного: базу восстановили на другом сервере. Поднимите его командой pg_resetwal "
            "(docs/operations.md), до этого новые записи журнала не опечатываются.",
            counter=until, sealed=horizon.transaction,
        )  # fmt: skip
    key = keys.load(folder())
    for partition, sealed in sorted(rows.items()):
        _add(key, partition, sealed, from_transaction=horizon.transaction, until_transaction=until)
    horizon.transaction = until
    horizon.save()
    if rows:
        transaction.on_commit(_write_heads)
    return sum(map(len, rows.values()))


def _add(
    key: SealingKey, partition: str, rows: list[SealedRow], *, from_transaction: int, until_transaction: int
) -> None:
    last = Seal.objects.filter(partition=partition).order_by("-number").first()
    number, previous = (last.number + 1, bytes(last.hash)) if last else (1, rules.NOTHING)
    contents = rules.pack(rows)
    hashed = rules.seal_hash(
        partition=partition, number=number, from_transaction=from_transaction, until_transaction=until_transaction,
        previous=previous, contents=contents,
    )  # fmt: skip
    Seal.objects.create(
        partition=partition, number=number, sealed_at=clock.now(), from_transaction=from_transaction,
        until_transaction=until_transaction, rows=len(rows), contents=contents, previous=previous, hash=hashed,
        signature=key.sign(hashed), key=key.fingerprint,
    )  # fmt: skip


def heads() -> dict[str, dict[str, Any]]:
    """Return the last seal of every partition: its number and its hash."""
    last = Seal.objects.order_by("partition", "-number").distinct("partition")
    return {
        one.partition: {"number": one.number, "hash": bytes(one.hash).hex()} for one in last.defer("contents")
    }


def _write_heads() -> None:
    place = folder() / HEADS_FILE
    part = place.with_suffix(".part")
    part.write_text(json.dumps(heads(), indent=1), encoding="utf-8")
    part.replace(place)


@transaction.atomic
def anchor(day: date) -> Anchor:
    """Sign the heads of a day (поставить якорь) and keep a copy outside the database; once a day, repeated harmlessly."""
    Horizon.objects.select_for_update().get_or_create(pk=1)
    known = Anchor.objects.filter(day=day).first()
    if known is not None:
        return known
    key, last = keys.load(folder()), Anchor.objects.order_by("-id").first()
    previous = bytes(last.hash) if last else rules.NOTHING
    state = heads()
    hashed = rules.anchor_hash(day=day, heads=state, previous=previous)
    made = Anchor.objects.create(
        day=day, heads=state, previous=previous, hash=hashed, signature=key.sign(hashed), key=key.fingerprint
    )
    line = json.dumps(
        {"day": day.isoformat(), "hash": hashed.hex(), "signature": bytes(made.signature).hex(), "key": made.key,
         "heads": state},
    )  # fmt: skip
    transaction.on_commit(lambda: _append(folder() / ANCHORS_FILE, line))
    return made


def _append(place: Path, line: str) -> None:
    with place.open("a", encoding="utf-8") as file:
        file.write(line + "\n")


# -- verifying ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verification found: how much was looked at, and the first fault of each partition."""

    rows: int
    seals: int
    anchors: int
    unsealed: int
    faults: tuple[Fault, ...]


@transaction.atomic
def verify() -> Verdict:
    """Compare every sealed row with its seal, every seal with its chain and key, every anchor with the seals.

    Nothing is changed, and the tail that no seal covers yet is counted, not judged. Sealing waits meanwhile, writers do not.
    """
    Horizon.objects.get_or_create(pk=1)
    horizon = Horizon.objects.select_for_update().get(pk=1).transaction
    trusted = keys.load(folder()).fingerprint
    faults: list[Fault] = []
    counted = seals = 0
    chains: dict[str, list[Seal]] = defaultdict(list)
    for one in Seal.objects.order_by("partition", "number").iterator(chunk_size=200):
        chains[one.partition].append(one)
    there = partitions()
    for partition in sorted({*chains, *there}):
        chain = chains.get(partition, [])
        seals += len(chain)
        fault, sealed = _chain_fault(partition, chain, trusted)
        counted += len(sealed)
        fault = fault or (
            rules.compare(partition, sealed, _found(partition, horizon))
            if partition in there
            else _gone_fault(partition)
        )
        if fault:
            faults.append(fault)
    anchors, broken = _anchor_faults(chains, trusted)
    return Verdict(counted, seals, anchors, _unsealed(horizon), (*faults, *broken))


def _chain_fault(partition: str, chain: list[Seal], trusted: str) -> tuple[Fault | None, list[SealedRow]]:
    previous, until, rows = rules.NOTHING, 0, list[SealedRow]()
    for expected, one in enumerate(chain, start=1):
        contents = bytes(one.contents)
        hashed = rules.seal_hash(
            partition=partition, number=one.number, from_transaction=one.from_transaction,
            until_transaction=one.until_transaction, previous=bytes(one.previous), contents=contents,
        )  # fmt: skip
        first = int.from_bytes(contents[:8], "big") if len(contents) >= 8 else None
        if one.number != expected:
            return Fault(partition, first, f"печать {expected} удалена"), rows
        if bytes(one.previous) != previous or one.from_transaction < until:
            return Fault(partition, first, f"печать {expected} не продолжает предыдущую"), rows
        if bytes(one.hash) != hashed or one.rows * 40 != len(contents):
            return Fault(partition, first, f"печать {expected} изменена"), rows
        if one.key != trusted or not keys.is_signed(one.key, bytes(one.signature), hashed):
            return Fault(partition, first, f"печать {expected} подписана не нашим ключом"), rows
        rows.extend(rules.unpack(contents))
        previous, until = hashed, one.until_transaction
    return None, rows


def _gone_fault(partition: str) -> Fault | None:
    """A month that was archived was detached with it, and its file is verified by itself; any other is missing."""
    return None if _is_archived(partition) else Fault(partition, None, "раздел журнала исчез")


def _found(partition: str, horizon: int) -> Iterator[FoundRow]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(_FOUND.format(partition=connection.ops.quote_name(partition)), [str(horizon)])
        for entry_id, kept, computed, transaction_id in cursor:
            yield FoundRow(entry_id, bytes(kept), bytes(computed), transaction_id)


def partitions() -> set[str]:
    """Return the tables that the journal consists of now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'audit_entry'::regclass"
        )
        return {row[0] for row in cursor.fetchall()}


def _is_archived(partition: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM audit_entry WHERE kind = 'audit.month_archived' "
            "AND data->>'detached' = 'true' AND 'audit_entry_' || to_char((data->>'month')::date, 'YYYY_MM') = %s)",
            [partition],
        )
        return bool(cursor.fetchone()[0])


def _anchor_faults(chains: dict[str, list[Seal]], trusted: str) -> tuple[int, list[Fault]]:
    kept = list(Anchor.objects.order_by("id"))
    outside = _lines(folder() / ANCHORS_FILE)
    faults: list[Fault] = []
    previous = rules.NOTHING
    for one in kept:
        hashed = rules.anchor_hash(day=one.day, heads=one.heads, previous=bytes(one.previous))
        is_ours = one.key == trusted and keys.is_signed(one.key, bytes(one.signature), hashed)
        if bytes(one.hash) != hashed or bytes(one.previous) != previous or not is_ours:
            faults.append(Fault(f"якорь {one.day:%d.%m.%Y}", None, "изменён"))
            break
        previous = hashed
    days = {one.day.isoformat(): bytes(one.hash).hex() for one in kept}
    for line in outside:
        if days.get(line["day"]) != line["hash"]:
            faults.append(Fault(f"якорь {line['day']}", None, "в базе не тот, что в копии вне базы"))
            break
    expected = [(f"якоре {one.day:%d.%m.%Y}", one.heads) for one in kept[-1:]]
    place = folder() / HEADS_FILE
    if place.exists():
        expected.append(("копии вне базы", json.loads(place.read_text(encoding="utf-8"))))
    for where, state in expected:
        for partition, head in state.items():
            chain = chains.get(partition, [])
            at = chain[head["number"] - 1] if len(chain) >= head["number"] else None
            if at is None or bytes(at.hash).hex() != head["hash"]:
                faults.append(
                    Fault(
                        partition, None, f"печати {head['number']}, названной в {where}, нет или она другая"
                    )
                )
    return len(kept), faults


def _lines(place: Path) -> list[dict[str, Any]]:
    if not place.exists():
        return []
    return [json.loads(line) for line in place.read_text(encoding="utf-8").splitlines() if line.strip()]


def _unsealed(horizon: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM audit_entry WHERE transaction >= %s::text::xid8", [str(horizon)])
        return int(cursor.fetchone()[0])
