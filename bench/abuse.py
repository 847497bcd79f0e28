"""Sends a living web server what a journal must not send, and looks whether it says why, stays up and keeps nothing by halves.

A line of a gigabyte, bombs of zstd and gzip, a body that ends amid a frame, one that breaks off with the connection, one that is no
text. After each the same processes answer, their memory has not grown, and a good batch is taken. ``python -m bench.abuse``; the suite
runs it.
"""

from __future__ import annotations

import argparse
import gzip
import http.client
import json
import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

import psutil
from backports import zstd

from bench.installation import resident_mb
from bench.journal import Journal
from bench.kills import Installation, installation, until_taken

GIGABYTE = 1 << 30
PIECE = b"x" * (1 << 20)
#: What a request may make the server grow by for good, MB: blocks, a window of zstd, what the allocator keeps.
GROWTH = 60


class Answer(NamedTuple):
    """What the server said; ``status`` is 0 where the connection was gone before."""

    status: int
    code: str
    detail: str


class Case(NamedTuple):
    """Something bad: what is sent how, and which code must stand in the answer and with the batch."""

    name: str
    encoding: str
    body: Callable[[Path], Iterator[bytes]]
    status: int
    code: str


def _line_of_a_gigabyte(good: Path) -> Iterator[bytes]:
    with zstd.open(good, "rb") as file:
        yield file.read()
    for _ in range(GIGABYTE // len(PIECE)):
        yield PIECE


def _zstd_bomb(good: Path) -> Iterator[bytes]:
    yield good.read_bytes()
    packer = zstd.ZstdCompressor(19)
    for _ in range(4 * GIGABYTE // (1 << 24)):
        yield packer.compress(b"\n" * (1 << 24))
    yield packer.flush()


def _gzip_bomb(good: Path) -> Iterator[bytes]:
    with zstd.open(good, "rb") as file:
        yield gzip.compress(file.read())
    yield gzip.compress(b"\n" * (GIGABYTE // 4), 9)


def _cut_short(good: Path) -> Iterator[bytes]:
    yield good.read_bytes()[:-7]


def _noise(good: Path) -> Iterator[bytes]:
    yield good.read_bytes()
    yield os.urandom(1 << 20)


CASES = (
    Case("строка в 1 ГБ", "", _line_of_a_gigabyte, 422, "journals.line_too_long"),
    Case("бомба zstd, 4 ГБ", "zstd", _zstd_bomb, 422, "journals.bomb"),
    Case("бомба gzip, 256 МБ", "gzip", _gzip_bomb, 422, "journals.bomb"),
    Case("обрыв внутри кадра", "zstd", _cut_short, 422, "journals.cut_short"),
    Case("шум вместо сжатия", "zstd", _noise, 422, "journals.not_compressed_so"),
)


def run(place: Installation) -> list[str]:
    """Send everything bad; return a line a case."""
    from bench.marks import write_marks
    from kontingent.exchange.journals.models import JournalBatch
    from kontingent.kernel import clock
    from kontingent.kernel.school_year import SchoolYear
    from kontingent.performance.models import Mark

    journal = Journal(place.port)
    year = SchoolYear.of(clock.today()).begins_in
    web = place.children["web"].process
    assert web is not None  # noqa: S101 - it was started
    server, told = psutil.Process(web.pid), []
    with tempfile.TemporaryDirectory() as folder:
        good, first = Path(folder) / "good.zst", 0
        size = sum(1 for _ in write_marks(good, 2000, year))
        journal.send(good, "warm-up", year)
        family, resident = _family(server), resident_mb(server)
        for number, case in enumerate((*CASES, None)):
            first += size
            sum(1 for _ in write_marks(good, size, year, first=first))
            key = f"bad-{number}"
            stood = Mark.objects.count()
            if case is None:
                name = "соединение пропало"
                _break_off(journal, place.port, key, year, good)
            else:
                name = case.name
                answer = _post(journal, place.port, key, year, case, good)
                if (answer.status, answer.code) not in {(case.status, case.code), (0, "")} or (
                    answer.status and not answer.detail
                ):
                    raise RuntimeError(f"{name}: {answer}")
                batch = JournalBatch.objects.get(key=key)
                if (batch.state, batch.broken_by, batch.taken_rows) != ("broken", case.code, 0):
                    raise RuntimeError(f"{name}: {batch.state} {batch.broken_by} {batch.taken_rows}")
            if Mark.objects.count() != stood:
                raise RuntimeError(f"{name}: half done")
            until_taken(journal, good, f"{key}-good", year)
            if Mark.objects.count() != stood + size:
                raise RuntimeError(f"{name}: a good batch after it was not taken")
            if _family(server) != family:
                raise RuntimeError(f"{name}: the server died and came back")
            grown = resident_mb(server) - resident
            if grown > GROWTH:
                raise RuntimeError(f"{name}: memory grew by {grown:.0f} MB")
            told.append(f"{name}: {answer.status if case else '–'}, память {grown:+.0f} МБ")
    return told


def _family(server: psutil.Process) -> set[int]:
    return {server.pid, *(one.pid for one in server.children(recursive=True))}


def _address(journal: Journal, key: str, year: int) -> str:
    return f"/api/v1/journals/{journal.code}/batches?{urlencode({'key': key, 'records': 'marks', 'school_year': year})}"


def _post(journal: Journal, port: int, key: str, year: int, case: Case, good: Path) -> Answer:
    headers = {"Authorization": f"Bearer {journal.token()}", "Content-Type": "application/x-ndjson"}
    if case.encoding:
        headers["Content-Encoding"] = case.encoding
    wire = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        with suppress(
            BrokenPipeError, ConnectionResetError
        ):  # the server has heard enough: read what it said
            wire.request("POST", _address(journal, key, year), case.body(good), headers, encode_chunked=True)
        said = wire.getresponse()
        content = json.loads(said.read())
    except (http.client.HTTPException, OSError):
        return Answer(0, "", "")
    finally:
        wire.close()
    return Answer(said.status, content.get("code", ""), content.get("detail", ""))


def _break_off(journal: Journal, port: int, key: str, year: int, good: Path) -> None:
    """Promise a body, send half of it and hang up."""
    body = good.read_bytes()
    head = (
        f"POST {_address(journal, key, year)} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {journal.token()}\r\n"
        f"Content-Type: application/x-ndjson\r\nContent-Encoding: zstd\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port)) as wire:
        wire.sendall(head.encode() + body[: len(body) // 2])


def main() -> None:
    """Run and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path)
    with installation(parser.parse_args().folder) as place:
        print("\n".join(run(place)))


if __name__ == "__main__":
    main()
