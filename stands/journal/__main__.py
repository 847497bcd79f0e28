"""``python -m stands.journal``: learns the lists, then delivers day after day what its school writes."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from stands.journal.client import Api, Refused
from stands.journal.gradebook import Writing, collections_of
from stands.journal.oneroster import Face, Server
from stands.journal.school import SchoolClass, classes_of, day_of


def main(arguments: Sequence[str] | None = None, *, say: Callable[[str], None] = print) -> int:
    """Read the arguments, live."""
    parser = argparse.ArgumentParser(
        prog="stands.journal",
        description="Стенд электронного журнала: имитация для проверки, отметки вымышлены.",
    )
    parser.add_argument("--address", default="http://127.0.0.1:8000", help="where the register is")
    parser.add_argument("--journal", required=True, help="code of the journal in the register")
    parser.add_argument("--client-id", required=True, help="the secret is read from JOURNAL_STAND_SECRET")
    parser.add_argument("--days", type=int, default=5, help="so many days back are delivered at once")
    parser.add_argument(
        "--until", type=date.fromisoformat, default=None, help="the last day; today by default"
    )
    parser.add_argument(
        "--every", type=float, default=0, help="then go on: look every so many seconds whether a day has come"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--serve", type=int, default=0, metavar="PORT",
        help="deliver nothing: be asked by OneRoster REST there; the secret of whoever asks is read from JOURNAL_STAND_FACE_SECRET",
    )  # fmt: skip
    parser.add_argument("--face-client-id", default="kontingent", help="who may ask")
    a = parser.parse_args(arguments)
    secret = os.environ.get("JOURNAL_STAND_SECRET", "")
    if not secret:
        parser.error("JOURNAL_STAND_SECRET is not set")
    try:
        api = Api(a.address, a.client_id, secret)
        classes = classes_of(list(api.learners()), a.seed)
        pupils = sum(len(one.pupils) for one in classes)
        say(f"Стенд журнала «{a.journal}» (имитация): классов {len(classes)}, учеников {pupils}.")
        last = a.until or _today()
        if a.serve:
            return serve(a, classes, last, say)
        for back in range(a.days - 1, -1, -1):
            deliver(api, a.journal, classes, last - timedelta(days=back), a.seed, say)
        for one in api.refused(a.journal)[:10]:
            say(f"  отклонено {one['code']}: {one['place']} {one['remedy']}")
        while a.every:
            time.sleep(a.every)
            if _today() > last:
                last = _today()
                classes = classes_of(list(api.learners()), a.seed)
                deliver(api, a.journal, classes, last, a.seed, say)
    except Refused as refused:
        say(f"✗ {refused}")
        return 1
    except KeyboardInterrupt:
        pass
    return 0


def serve(
    a: argparse.Namespace, classes: Sequence[SchoolClass], last: date, say: Callable[[str], None]
) -> int:
    """Be asked until stopped: what has been written until the last day, or until today."""
    secret = os.environ.get("JOURNAL_STAND_FACE_SECRET", "")
    if not secret:
        say("✗ JOURNAL_STAND_FACE_SECRET не задан: без секрета спрашивать некому.")
        return 2
    tables = collections_of(Writing(classes, last, a.days, a.seed))
    server = Server(Face(tables, a.face_client_id, secret), port=a.serve)
    say(f"Стенд журнала, OneRoster 1.2 (имитация): {server.address}, результатов {len(tables['results'])}.")
    try:
        server.serve_forever(poll_interval=0.2)
    finally:
        server.server_close()
    return 0


def _today() -> date:
    return datetime.now(ZoneInfo("Asia/Yekaterinburg")).date()


def deliver(
    api: Api, journal: str, classes: Sequence[SchoolClass], day: date, seed: int, say: Callable[[str], None]
) -> None:
    """Deliver a day, kind by kind."""
    year = day.year if day.month >= 9 else day.year - 1
    for records, rows in day_of(classes, day, seed=seed).by_records():
        taken = api.deliver(journal, f"stand:{seed}:{day}:{records}", records, year, rows)
        told = ", ".join(f"{name} {count}" for name, count in taken["outcomes"].items() if count)
        say(f"{day} {records:<10} строк {len(rows)}: {told}")


if __name__ == "__main__":
    sys.exit(main())
