"""A stream of blocks cut into chunks of a fixed number of rows, read ahead in a thread of its own. No database.

While one chunk is written by PostgreSQL the next is decompressed and parsed: the two cores of a small machine both work.
"""

from __future__ import annotations

import codecs
import hashlib
import queue
import threading
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeVar

from kontingent.exchange.journals.messages import Read, Reader, RefusedLine, is_plain

#: Rows of a chunk: one transaction. Bounds the memory and what a crash makes one send again.
ROWS: Final = 25_000
AHEAD: Final = 2
T = TypeVar("T")


class Known(NamedTuple):
    """A chunk that was taken before: how many rows, and their digest."""

    rows: int
    digest: bytes


@dataclass(slots=True)
class Chunk:
    """Rows of a delivery, counted from nought: those to take, those that stand later in the chunk too, those refused.

    ``said`` tells lines of the same meaning; those said before stay unread until ``read``. ``data`` is the rows to take as ``COPY``
    reads them: made here, in the reader's thread, to be handed on in one piece.
    """

    first_row: int
    rows: int
    digest: bytes
    known: Known | None = None
    said: bytes = b""
    parts: list[tuple[Sequence[bytes], bool]] = field(default_factory=list)
    data: bytes = b""
    numbers: list[int] = field(default_factory=list)
    superseded: list[int] = field(default_factory=list)
    refused: list[RefusedLine] = field(default_factory=list)

    def read(self, reader: Reader) -> None:
        """Read the lines, unless that is done."""
        if not self.parts:
            return
        read, number = Read(), 0
        for lines, plain in self.parts:
            reader.read(lines, read, plain=plain, first=number)
            number += len(lines)
        self.parts = []
        if len(set(read.ids)) < len(read.ids):
            self.superseded = _leave_newest(read)
        self.data = "".join(read.texts).encode()
        self.numbers, self.refused = read.numbers, read.refused


def chunks(
    blocks: Iterable[bytes], reader: Reader, known: Sequence[Known] = (), said: Container[bytes] = ()
) -> Iterator[Chunk]:
    """Yield chunks in order; those of ``known`` come back unread, with their digest to compare, and so do those said before."""
    sizes = [one.rows for one in known]
    first, index = 0, 0
    gathering = _Gathering(known[0] if known else None)
    mark = codecs.BOM_UTF8
    for block in blocks:
        lines = [line for line in block.removeprefix(mark).split(b"\n") if line and line != b"\r"]
        mark = b""
        plain = is_plain(block)
        if reader.needs_header and lines:
            reader.take_header(lines.pop(0))
        while lines:
            size = sizes[index] if index < len(sizes) else ROWS
            part, lines = lines[: size - gathering.rows], lines[size - gathering.rows :]
            gathering.add(part, plain=plain)
            if gathering.rows == size:
                yield gathering.chunk(first, reader, said)
                first, index = first + size, index + 1
                gathering = _Gathering(known[index] if index < len(known) else None)
    if gathering.rows:
        yield gathering.chunk(first, reader, said)


class _Gathering:
    """A chunk in the making."""

    def __init__(self, known: Known | None) -> None:
        self.rows = 0
        self._known = known
        self._digest = hashlib.sha256()
        self._parts: list[tuple[Sequence[bytes], bool]] = []

    def add(self, lines: Sequence[bytes], *, plain: bool) -> None:
        self._digest.update(b"\n".join(lines))
        self._digest.update(b"\n")
        if self._known is None:
            self._parts.append((lines, plain))
        self.rows += len(lines)

    def chunk(self, first_row: int, reader: Reader, said: Container[bytes]) -> Chunk:
        digest = self._digest.digest()
        made = Chunk(
            first_row,
            self.rows,
            digest,
            self._known,
            hashlib.sha256(digest + reader.signature).digest(),
            self._parts,
        )
        if self._known is None and made.said not in said:
            made.read(reader)
        return made


def _leave_newest(read: Read) -> list[int]:
    """Of rows with one id leave the one of the highest version, of equal ones the first; return the numbers of the others."""
    newest: dict[str, int] = {}
    for place, (key, version) in enumerate(zip(read.ids, read.versions, strict=True)):
        if key not in newest or version > read.versions[newest[key]]:
            newest[key] = place
    stay = set(newest.values())
    gone = [number for place, number in enumerate(read.numbers) if place not in stay]
    read.texts = [text for place, text in enumerate(read.texts) if place in stay]
    read.numbers = [number for place, number in enumerate(read.numbers) if place in stay]
    return gone


def ahead(source: Iterator[T], depth: int = AHEAD) -> Iterator[T]:
    """Yield what ``source`` yields, which runs in a thread and is up to ``depth`` items ahead."""
    made: queue.Queue[tuple[str, T | BaseException | None]] = queue.Queue(depth)
    given_up = threading.Event()

    def put(kind: str, item: T | BaseException | None) -> bool:
        while not given_up.is_set():
            try:
                made.put((kind, item), timeout=0.2)
            except queue.Full:
                continue
            return True
        return False

    def run() -> None:
        try:
            for item in source:
                if not put("item", item):
                    return
            put("end", None)
        except BaseException as error:  # noqa: BLE001 - carried over to whoever iterates
            put("error", error)

    thread = threading.Thread(target=run, name="journal-reader", daemon=True)
    thread.start()
    try:
        while True:
            kind, item = made.get()
            if kind == "error":
                assert isinstance(item, BaseException)  # noqa: S101 - put so above
                raise item
            if kind == "end":
                return
            yield item  # type: ignore[misc]
    finally:
        given_up.set()
