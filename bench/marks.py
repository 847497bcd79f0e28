"""Intake of marks through HTTP with OAuth2 and zstd, beside raw COPY of the same rows into the same partition.

Each round empties the partition, delivers, delivers the same again under another key, then without its first row, so that no chunk
is as it was and every row is compared, then in an order of chance (what a journal without order costs), copies the partition out, empties it and copies it back in with the same indexes: that is the
floor. The rounds' medians are told.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import psutil
from backports import zstd
from django.db import connection

from bench.installation import Site, resident_mb
from bench.journal import Journal
from bench.measure import Result
from kontingent.kernel import clock
from kontingent.kernel.school_year import SchoolYear
from kontingent.performance import actions
from kontingent.performance.records import MARKS

NAMES = {"marks", "marks_again", "marks_compared", "marks_shuffled"}
ROWS = {"XS": 100_000, "S": 500_000, "M": 1_000_000, "L": 10_000_000}
ROUNDS = {"XS": 2, "S": 3, "M": 3, "L": 1}


def run(size: str, site: Site, server: psutil.Process) -> Iterator[Result]:
    """Measure."""
    journal = Journal(site.connection.port)
    year = SchoolYear.of(clock.today()).begins_in
    actions.make_years(year)
    first: list[float] = []
    again: list[float] = []
    compared: list[float] = []
    shuffled: list[float] = []
    floor: list[float] = []
    grown: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        path, moved, in_disorder = (Path(folder) / f"{name}.zst" for name in ("marks", "moved", "shuffled"))
        rows = ROWS[size]
        for number in range(ROUNDS[size]):
            # Ids of its own, so that nothing of a round before is recognised: the first time is the first time.
            base = int(time.time()) % 80 * 10**8
            for file, numbers in (
                (path, range(rows)), (moved, range(1, rows)), (in_disorder, random.Random(1).sample(range(rows), rows)),
            ):  # fmt: skip
                sum(1 for _ in write_marks(file, rows, year, first=base, numbers=numbers))
            _empty(year)
            with _watched(server) as memory:
                first.append(rows / _timed(journal, path, f"{time.time_ns()}-{number}", year, created=rows))
            grown.append(memory[-1] - memory[0])
            again.append(
                rows / _timed(journal, path, f"{time.time_ns()}-{number}-again", year, unchanged=rows)
            )
            key = f"{time.time_ns()}-{number}-compared"
            compared.append((rows - 1) / _timed(journal, moved, key, year, unchanged=rows - 1))
            shuffled.append(
                rows
                / _timed(journal, in_disorder, f"{time.time_ns()}-{number}-shuffled", year, unchanged=rows)
            )
            floor.append(rows / _raw_copy(Path(folder) / "rows", year))
        _empty(year)
    told = {"первый раз": first, "снова": again, "со сдвигом": compared, "вразнобой": shuffled, "COPY": floor}
    print("  по кругам: " + "; ".join(f"{name} {[round(x) for x in found]}" for name, found in told.items()))
    one, two, three, four, raw = (statistics.median(found) for found in told.values())
    yield Result("marks", size, one, "marks/s through HTTP", raw, one / raw, rss_mb=max(grown))
    yield Result("marks_again", size, two, "unchanged marks/s", one, two / one)
    yield Result("marks_compared", size, three, "unchanged marks/s", one, three / one)
    yield Result("marks_shuffled", size, four, "unchanged marks/s", one, four / one)


def _timed(journal: Journal, path: Path, key: str, year: int, **expected: int) -> float:
    """Deliver, check what became of it, return the seconds it took."""
    started = time.perf_counter()
    answer = journal.send(path, key, year)
    taken = time.perf_counter() - started
    outcomes = {name: count for name, count in answer["outcomes"].items() if count}
    if answer["state"] != "done" or outcomes != expected:
        raise RuntimeError(f"unexpected: {answer}")
    return taken


def write_marks(
    path: Path, count: int, year: int, *, first: int = 0, numbers: Sequence[int] | None = None
) -> Iterator[bytes]:
    """Write so many marks of the region's learners in the order a journal exports them, by day, class by class; yield «id=value».

    ``numbers`` says which of them, and in which order.
    """
    learners = _learners(year)
    days = _days(year)
    per_day = max(1, count // len(days))
    with zstd.open(path, "wb", level=3) as file:
        for number in range(count) if numbers is None else numbers:
            key = 1_000_000_000 + first + number
            value = "2344555"[key * 2_654_435_761 % 2**32 % 7]
            file.write(
                f'{{"id":"{key}","version":1,"learner":"{learners[number % len(learners)]}",'
                f'"date":"{days[min(number // per_day, len(days) - 1)]}","subject":"s{1 + number // len(learners) % 24:02d}",'
                f'"value":"{value}","weight":1,"work":"answer","lesson":"{50_000_000 + number // 25}",'
                f'"number":{1 + number // 25 % 7}}}\n'.encode()
            )
            yield f"{key}={value}\n".encode()


def _learners(year: int) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT person_id FROM enrolment_placement WHERE is_main AND superseded_at IS NULL AND grade BETWEEN 2 AND 11 "
            "AND programme_kind_code IN ('12', '13', '14') AND starts_on <= %s AND ends_on IS NULL ORDER BY organisation_id, group_id",
            [date(year, 9, 1)],
        )
        return [str(row[0]) for row in cursor.fetchall()]


def _days(year: int) -> list[date]:
    """Working days of the year that have been."""
    start = date(year, 9, 1)
    count = min((clock.today() - start).days + 1, 240)
    return [day for day in (start + timedelta(days=n) for n in range(count)) if day.weekday() < 5]


def _raw_copy(path: Path, year: int) -> float:
    """Seconds that PostgreSQL needs to copy the same rows into the same empty partition with the same indexes."""
    partition = MARKS.partition(year)
    with connection.cursor() as cursor:
        with path.open("wb") as file, cursor.copy(f"COPY {partition} TO STDOUT") as copy:
            for data in copy:
                file.write(data)
        _empty(year)
        started = time.perf_counter()
        with path.open("rb") as file, cursor.copy(f"COPY {partition} FROM STDIN") as copy:
            while data := file.read(1 << 18):
                copy.write(data)
        return time.perf_counter() - started


def _empty(year: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {MARKS.partition(year)}")


@contextmanager
def _watched(server: psutil.Process) -> Iterator[list[float]]:
    """Note the memory of the web server; the first figure is taken when it has warmed up, the last is the peak since."""
    found: list[float] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.5):
            found.append(resident_mb(server))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()
        warm = found[min(2, len(found) - 1)] if found else 0.0
        found[:] = [warm, max(found, default=0.0)]
