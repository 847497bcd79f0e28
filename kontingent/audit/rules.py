"""The chain of the journal: what a seal and an anchor hash, and how a sealed partition is compared with its rows. Pure."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

NOTHING = bytes(32)
_ENTRY = struct.Struct(">q32s")


@dataclass(frozen=True, slots=True)
class SealedRow:
    """A row as it was when it was sealed."""

    id: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class FoundRow:
    """A row as it lies in the table now: the digest that is kept and the one its columns give."""

    id: int
    kept: bytes
    computed: bytes
    transaction: int


def pack(rows: Iterable[SealedRow]) -> bytes:
    """Return the contents of a seal: ids and digests, 40 octets a row."""
    return b"".join(_ENTRY.pack(row.id, row.digest) for row in rows)


def unpack(contents: bytes) -> Iterator[SealedRow]:
    """Return the rows of a seal; raise ``ValueError`` when the contents are cut."""
    if len(contents) % _ENTRY.size:
        raise ValueError("the contents of a seal are cut")
    return (SealedRow(*found) for found in _ENTRY.iter_unpack(contents))


def seal_hash(
    *,
    partition: str,
    number: int,
    from_transaction: int,
    until_transaction: int,
    previous: bytes,
    contents: bytes,
) -> bytes:
    """Return the hash of a seal over everything it says and the seal before it."""
    head = f"{partition}|{number}|{from_transaction}|{until_transaction}|".encode()
    return hashlib.sha256(head + previous + contents).digest()


def anchor_hash(*, day: date, heads: Mapping[str, Any], previous: bytes) -> bytes:
    """Return the hash of an anchor over the heads of all partitions and the anchor before it."""
    text = json.dumps(heads, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{day.isoformat()}|{text}|".encode() + previous).digest()


@dataclass(frozen=True, slots=True)
class Fault:
    """The first thing in a partition that is not as it was sealed."""

    partition: str
    entry_id: int | None
    what: str

    def __str__(self) -> str:
        """Return it for the administrator, in Russian."""
        row = f", запись {self.entry_id}" if self.entry_id is not None else ""
        return f"{self.partition}{row}: {self.what}"


def compare(partition: str, sealed: Sequence[SealedRow], found: Iterable[FoundRow]) -> Fault | None:
    """Return the first difference between what was sealed and what lies there, in the order of transaction and id."""
    expected = iter(sealed)
    known = {row.id for row in sealed}
    for row in found:
        if row.id not in known:
            return Fault(partition, row.id, "вставлена после того, как её время было опечатано")
        want = next(expected, None)
        if want is None:
            return Fault(partition, row.id, "лишняя: такая запись опечатана один раз")
        if want.id != row.id:
            return Fault(partition, want.id, "удалена или переставлена")
        if row.computed != want.digest or row.kept != want.digest:
            return Fault(partition, row.id, "изменена после записи")
    rest = next(expected, None)
    return None if rest is None else Fault(partition, rest.id, "удалена")
