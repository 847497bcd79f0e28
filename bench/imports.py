"""Import of 100,000 learners by CSV with every check and matching, beside raw COPY of the same rows."""

from __future__ import annotations

import csv
import os
import tempfile
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import psutil
from django.db import connection

from bench.measure import Result
from demo import csvfile
from demo.territory import EMPTY_SCHOOL_OGRN
from kontingent.exchange.staging import applying, reading
from kontingent.kernel.actor import system_actor
from kontingent.organisations import queries as organisations

ROWS = {"XS": 1_000, "S": 100_000, "M": 100_000, "L": 100_000}


def run(size: str) -> Iterator[Result]:
    """Check the file, then apply it, then take it back, so that the next run finds the register as it was."""
    rows = ROWS[size]
    process = psutil.Process()
    actor = system_actor("bench", "Измерение")
    school = organisations.by_ogrn(EMPTY_SCHOOL_OGRN)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list.csv"
        csvfile.write_new_learners(path, rows)
        floor = rows / raw_copy(path)
        batch = reading.receive(
            actor=actor, organisation_id=school.id, file=BytesIO(path.read_bytes()), filename="list.csv"
        )
        before = process.memory_info().rss
        started = time.perf_counter()
        batch = reading.read(batch.id)
        taken = time.perf_counter() - started
        grown = (process.memory_info().rss - before) / 1e6
        if batch.totals.get("create", 0) < rows * 0.98:
            raise RuntimeError(f"unexpected check: {batch.totals}")
        yield Result(
            "import",
            size,
            rows / taken,
            "rows/s checked and matched",
            floor,
            rows / taken / floor,
            rss_mb=grown,
        )
        started = time.perf_counter()
        applying.apply(actor=actor, batch_id=batch.id)
        taken = time.perf_counter() - started
        yield Result(
            "import_apply", size, rows / taken, "rows/s applied and signed", floor, rows / taken / floor
        )
        if os.environ.get("BENCH_UNDO", "yes") == "yes":
            started = time.perf_counter()
            applying.undo(actor=actor, batch_id=batch.id)
            taken = time.perf_counter() - started
            yield Result("import_undo", size, rows / taken, "rows/s taken back", floor, rows / taken / floor)


def raw_copy(path: Path) -> float:
    """Seconds that PostgreSQL needs for the same rows as text with one key, nothing checked."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter=";"))[1:]
    columns = ", ".join(f"c{i} text" for i in range(len(rows[0])))
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bench_floor")
        cursor.execute(
            f"CREATE TABLE bench_floor (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, {columns})"
        )
        started = time.perf_counter()
        names = ", ".join(f"c{i}" for i in range(len(rows[0])))
        with cursor.copy(f"COPY bench_floor ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        taken = time.perf_counter() - started
        cursor.execute("DROP TABLE bench_floor")
    return taken
