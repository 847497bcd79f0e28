"""Runs an adapter and feeds the intake: the same chunks, receipts and refusals as if the journal had delivered by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

import msgspec

from kontingent.exchange.journals.adapters.boundary import FETCH, Asked, Finding, JournalAdapter, Stream
from kontingent.exchange.journals.messages import Format
from kontingent.exchange.journals.models import JournalBatch
from kontingent.exchange.journals.streams import Encoding
from kontingent.exchange.journals.taking import Consignment, deliver
from kontingent.kernel.actor import Actor
from kontingent.performance.records import KINDS

#: So many findings are kept word by word; all are counted.
MOST_FINDINGS = 500


@dataclass(slots=True)
class Run:
    """What came of a run: a batch for each kind of record there was, and what could not be read."""

    batches: list[JournalBatch] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    unread: int = 0

    def note(self, finding: Finding) -> None:
        """Count a finding, and keep it if there is room."""
        self.unread += 1
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(finding)


def run(*, actor: Actor, journal_code: str, adapter: JournalAdapter, asked: Asked, key: str) -> Run:
    """Take from a journal (забрать из журнала) all that is asked, kind by kind.

    The same key again goes on with a run that was interrupted, provided the source still says the same. Rights, the
    journal's own reach and the places among deliveries at once are those of ``deliver``.
    """
    made = Run()
    for code, fetch in FETCH.items():
        lines = _lines(fetch(adapter, asked), made)
        first = next(lines, None)
        if first is None:
            continue
        consignment = Consignment(
            key=f"{key}:{code}", records=KINDS[code], school_year=asked.school_year.begins_in,
            written_as=Format.NDJSON, encoding=Encoding.IDENTITY,
        )  # fmt: skip
        body = _Body(chain([first], lines))
        made.batches.append(
            deliver(actor=actor, journal_code=journal_code, consignment=consignment, body=body)
        )
    return made


def _lines(stream: Stream, made: Run) -> Iterator[bytes]:
    encode = msgspec.json.Encoder().encode
    for row in stream:
        if isinstance(row, Finding):
            made.note(row)
        else:
            yield encode(row) + b"\n"


class _Body:
    """Lines read as the body of a request is: never more than what was asked for and a line."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        self._rest = b""

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes, none at the end."""
        parts, length = [self._rest], len(self._rest)
        while length < size and (line := next(self._lines, b"")):
            parts.append(line)
            length += len(line)
        data = b"".join(parts)
        self._rest = data[size:]
        return data[:size]
