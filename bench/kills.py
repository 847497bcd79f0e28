"""Kills the web server, the worker and PostgreSQL in turn amid an intake of marks, and counts what came of it.

Each round sends a batch of its own, kills one of the three with ``kill -9`` at a moment of chance, starts it again and
sends the same batch under the same key until it is taken. At the end every mark of every file must stand in the database once,
as it was sent. ``python -m bench.kills --rounds 100``; the suite runs a few rounds.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import json
import os
import random
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psutil

from bench.installation import wait_until_up
from bench.journal import Journal, NotTaken
from runtime import home, processes, supervisor
from runtime.postgres import EmbeddedPostgres

ROWS = 60_000
VICTIMS = ("web", "postgres", "worker")
PATIENCE = 120


class Installation:
    """A database, a web server and a worker that can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        """Start the database and fill it."""
        os.environ |= {
            "KONTINGENT_VAR": str(folder),
            "KONTINGENT_DEMO": "yes",
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }
        os.environ["KONTINGENT_SECRET_KEY"] = home.secret_key()
        self.database = EmbeddedPostgres(folder / "postgres", options=supervisor.DATABASE_OPTIONS)
        self.database.start()
        os.environ["DATABASE_URL"] = self.database.url
        from runtime import cli

        cli.prepare(demo_size="XS", say=print)
        self.port = supervisor.free_port("127.0.0.1", 8750, exactly=False)
        self.children = {
            "web": supervisor.web_child(
                "127.0.0.1", self.port, threads=4, database=self.database.application_url
            ),
            "worker": supervisor.worker_child(self.database.application_url),
        }
        for child in self.children.values():
            child.start()
        wait_until_up(self.port)

    def kill(self, name: str) -> None:
        """Kill one with all its processes, at once."""
        if name == "postgres":
            root = psutil.Process(int((self.database.data / "postmaster.pid").read_text().split("\n", 1)[0]))
            family = root.children(recursive=True)
            root.send_signal(signal.SIGKILL)
            psutil.wait_procs(family, timeout=PATIENCE)
            self.database.stop()
        else:
            process = self.children[name].process
            if process is not None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def start(self, name: str) -> None:
        """Start it again, from the main thread: a child's life hangs on the thread that made it (``PR_SET_PDEATHSIG``)."""
        if name == "postgres":
            self.database.start()
        else:
            self.children[name].start()

    def stop(self) -> None:
        """Stop everything."""
        for child in self.children.values():
            if child.process is not None:
                processes.stop(child.process)
        self.database.stop()


@contextmanager
def installation(folder: Path | None) -> Iterator[Installation]:
    """Yield an installation in a folder, or in one of its own that goes afterwards."""
    place = folder or Path(tempfile.mkdtemp(prefix="kontingent-kills-"))
    place.mkdir(parents=True, exist_ok=True)
    made = Installation(place)
    try:
        yield made
    finally:
        made.stop()
        if folder is None:
            shutil.rmtree(place, ignore_errors=True)


def run(place: Installation, rounds: int, *, rows: int = ROWS, seed: int = 3) -> Counter[str]:
    """Kill so many times; return how often each was killed, and how often a batch was interrupted and went on."""
    from django.db import connection

    from bench.marks import write_marks
    from kontingent.kernel import clock
    from kontingent.kernel.school_year import SchoolYear
    from kontingent.performance import queries

    rng = random.Random(seed)
    year = SchoolYear.of(clock.today()).begins_in
    journal = Journal(place.port)
    journal_id = queries.journal(journal.code).pk
    happened: Counter[str] = Counter()
    sent = hashlib.sha256()
    usual = 2.0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            path = Path(folder) / "batch.zst"
            for line in write_marks(path, rows, year, first=number * rows):
                sent.update(line)
            victim = VICTIMS[number % len(VICTIMS)]
            connection.close()
            with ThreadPoolExecutor(1) as sender:
                sending = sender.submit(until_taken, journal, path, f"round-{number}", year)
                time.sleep(rng.uniform(0.05, usual))
                place.kill(victim)
                place.start(victim)
                tries, taken = sending.result()
            usual = taken if tries == 1 else usual
            happened[victim] += 1
            happened["interrupted"] += tries > 1
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(DISTINCT external_id), encode(sha256(convert_to(string_agg(external_id || '=' || value || E'\\n', '' "
            "ORDER BY external_id), 'UTF8')), 'hex') FROM performance_mark WHERE journal_id = %s AND school_year = %s",
            [journal_id, year],
        )
        found = cursor.fetchone()
        cursor.execute(
            "SELECT count(*) FILTER (WHERE state = 'done' AND taken_rows = %s AND outcomes = %s::jsonb), count(*), "
            "(SELECT count(*) FROM performance_formerrecord WHERE journal_id = %s) FROM journals_journalbatch WHERE journal_id = %s",
            [rows, json.dumps({"n": rows}), journal_id, journal_id],
        )
        receipts = cursor.fetchone()
    expected = (rounds * rows, rounds * rows, sent.hexdigest())
    if found != expected:
        raise RuntimeError(f"sent {expected}, found {found}")
    if receipts != (rounds, rounds, 0):
        raise RuntimeError(f"batches whole, batches, former states: {receipts}")
    return happened


def until_taken(journal: Journal, path: Path, key: str, year: int) -> tuple[int, float]:
    """Send a batch until it is taken; return how many times it was sent and how long the last one took."""
    deadline = time.monotonic() + PATIENCE
    for tries in count(1):
        started = time.monotonic()
        try:
            journal.send(path, key, year)
        except (OSError, http.client.HTTPException, NotTaken):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return tries, time.monotonic() - started
    raise AssertionError("unreachable")


def main() -> None:
    """Run and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--seed", type=int, default=3, help="another seed, other moments")
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    with installation(arguments.folder) as place:
        happened = run(place, arguments.rounds, rows=arguments.rows, seed=arguments.seed)
    killed = ", ".join(f"{name} {happened[name]}" for name in VICTIMS)
    print(
        f"убито: {killed}; прервано и продолжено порций: {happened['interrupted']}; "
        f"отметок послано и найдено по одной: {arguments.rounds * arguments.rows}"
    )


if __name__ == "__main__":
    main()
