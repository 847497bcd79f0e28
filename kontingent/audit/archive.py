"""A month of the journal as a file: gzip of lines, each line the very text that its row's digest is taken over.

The first line holds the seals. ``verify`` needs the file and the fingerprint of the key, no database: months are kept
for years after their tables are gone.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from django.db import connection, transaction

from kontingent.audit import actions, keys, rules, sealing
from kontingent.audit.events import MonthArchived
from kontingent.audit.models import Seal
from kontingent.audit.rules import Fault
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotFound, RuleViolation


@dataclass(frozen=True, slots=True)
class Archived:
    """A written file: how many rows, and the SHA-256 of the whole."""

    path: Path
    rows: int
    digest: str


@transaction.atomic
def export(*, actor: Actor, month: date, to: Path, detach: bool = False) -> Archived:
    """Write the sealed rows of a finished month; with ``detach`` its table leaves the journal (and stays in the database).

    Raises:
        NotFound: there is no partition of that month.
        RuleViolation: the month goes on, or some of its rows are not sealed yet.
    """
    partition = f"audit_entry_{month:%Y_%m}"
    if partition not in sealing.partitions():
        raise NotFound("audit.no_such_month", f"Раздела журнала за {month:%m.%Y} нет.")
    if month.replace(day=1) >= clock.today().replace(day=1):
        raise RuleViolation("audit.month_goes_on", f"Месяц {month:%m.%Y} ещё идёт. Выгружайте законченный.")
    seals = list(Seal.objects.filter(partition=partition).order_by("number"))
    expected = sum(one.rows for one in seals)
    part = to.with_name(to.name + ".part")
    with gzip.open(part, "wt", encoding="utf-8") as file:
        file.write(json.dumps({"partition": partition, "seals": [_told(one) for one in seals]}) + "\n")
        rows = 0
        for line in _texts(partition):
            file.write(line + "\n")
            rows += 1
    if rows != expected:
        part.unlink()
        raise RuleViolation(
            "audit.not_sealed",
            f"В разделе {rows} записей, опечатано {expected}. Подождите минуту и проверьте: kontingent audit verify.",
        )
    part.replace(to)
    digest = hashlib.sha256(to.read_bytes()).hexdigest()
    actions.record(MonthArchived(month=month, rows=rows, digest=digest, detached=detach), actor=actor)
    if detach:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE audit_entry DETACH PARTITION {connection.ops.quote_name(partition)}")
    return Archived(to, rows, digest)


def verify(path: Path, fingerprint: str) -> Fault | None:
    """Return the first fault of an archive, None when every row is as it was sealed by the key of that fingerprint."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        head = json.loads(file.readline())
        partition, previous, sealed = head["partition"], rules.NOTHING, list[rules.SealedRow]()
        for number, one in enumerate(head["seals"], start=1):
            contents = bytes.fromhex(one["contents"])
            hashed = rules.seal_hash(
                partition=partition, number=number, from_transaction=one["from"], until_transaction=one["until"],
                previous=previous, contents=contents,
            )  # fmt: skip
            if not keys.is_signed(fingerprint, bytes.fromhex(one["signature"]), hashed):
                return Fault(partition, None, f"печать {number} изменена или подписана другим ключом")
            sealed.extend(rules.unpack(contents))
            previous = hashed
        return rules.compare(partition, sealed, _found(file))


def _found(lines: Iterator[str]) -> Iterator[rules.FoundRow]:
    for line in lines:
        text = line.rstrip("\n")
        digest = hashlib.sha256(text.encode()).digest()
        row = json.loads(text)
        yield rules.FoundRow(row[0], digest, digest, int(row[-1]))


def _told(seal: Seal) -> dict[str, object]:
    return {
        "from": seal.from_transaction, "until": seal.until_transaction, "contents": bytes(seal.contents).hex(),
        "signature": bytes(seal.signature).hex(), "key": seal.key,
    }  # fmt: skip


def _texts(partition: str) -> Iterator[str]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(
            f"SELECT {sealing.TEXT} FROM ONLY {connection.ops.quote_name(partition)} e ORDER BY e.transaction, e.id"
        )
        for (text,) in cursor:
            yield text
