"""The chain as arithmetic: what is sealed comes out again, and any difference is named."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from kontingent.audit import rules
from kontingent.audit.rules import FoundRow, SealedRow

rows = st.lists(st.integers(1, 10**12), unique=True, max_size=60).map(
    lambda ids: [SealedRow(i, hashlib.sha256(str(i).encode()).digest()) for i in ids]
)


def found(sealed: list[SealedRow]) -> list[FoundRow]:
    return [FoundRow(one.id, one.digest, one.digest, 1) for one in sealed]


@given(rows)
def test_contents_come_out_as_they_went_in(sealed: list[SealedRow]) -> None:
    assert list(rules.unpack(rules.pack(sealed))) == sealed


@given(rows)
def test_an_untouched_partition_has_no_fault(sealed: list[SealedRow]) -> None:
    assert rules.compare("p", sealed, found(sealed)) is None


@given(rows.filter(bool), st.data())
def test_every_change_is_named(sealed: list[SealedRow], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(sealed) - 1))
    there = found(sealed)
    match data.draw(st.sampled_from(["removed", "inserted", "changed", "recomputed", "swapped", "twice"])):
        case "removed":
            del there[at]
            expected = sealed[at].id
        case "inserted":
            there.insert(at, FoundRow(-1, b"x", b"x", 1))
            expected = -1
        case "changed":
            there[at] = FoundRow(sealed[at].id, sealed[at].digest, b"other", 1)
            expected = sealed[at].id
        case "recomputed":
            there[at] = FoundRow(sealed[at].id, b"other", b"other", 1)
            expected = sealed[at].id
        case "swapped" if len(there) > 1:
            other = (at + 1) % len(there)
            there[at], there[other] = there[other], there[at]
            expected = sealed[min(at, other)].id
        case _:
            there.append(there[at])
            expected = sealed[at].id
    fault = rules.compare("p", sealed, there)
    assert fault is not None
    assert fault.entry_id == expected


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200), st.integers(1, 9), st.integers(0, 9))
def test_a_seal_depends_on_everything_it_says(
    previous: bytes, contents: bytes, number: int, start: int
) -> None:
    def seal(**changes: object) -> bytes:
        told = {
            "partition": "p", "number": number, "from_transaction": start, "until_transaction": 20, "previous": previous,
            "contents": contents,
        }  # fmt: skip
        return rules.seal_hash(**(told | changes))  # type: ignore[arg-type]

    base = seal()
    changed = [
        seal(partition="q"), seal(number=number + 1), seal(from_transaction=start + 1), seal(until_transaction=21),
        seal(previous=bytes(32) if previous != bytes(32) else b"\1" * 32), seal(contents=contents + b"\0"),
    ]  # fmt: skip
    assert base not in changed
    assert len(set(changed)) == len(changed)
