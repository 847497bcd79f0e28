"""``python -m stands.journal``: learns the lists, then delivers day after day what its school writes, or exports it as workbooks."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from datetime import time as hour
from pathlib import Path
from zoneinfo import ZoneInfo

from stands.journal import export
from stands.journal.client import Api, Refused
from stands.journal.gradebook import Row, Writing, as_of, collections_of
from stands.journal.oneroster import Face, Server
from stands.journal.school import LESSONS_A_DAY, USUAL, Rates, SchoolClass, classes_of, day_of, lessons_over

_ZONE, _EVENING = ZoneInfo("Asia/Yekaterinburg"), hour(20)


def _say(text: str) -> None:
    print(text, flush=True)


def main(arguments: Sequence[str] | None = None, *, say: Callable[[str], None] = _say) -> int:
    """Read the arguments, live."""
    parser = argparse.ArgumentParser(
        prog="stands.journal",
        description="Стенд электронного журнала: имитация для проверки, отметки вымышлены.",
    )
    parser.add_argument("--address", default="http://127.0.0.1:8000", help="where the register is")
    parser.add_argument("--journal", default="", help="code of the journal in the register")
    parser.add_argument("--client-id", default="", help="the secret is read from JOURNAL_STAND_SECRET")
    parser.add_argument("--lists", type=Path, help="learners as the API tells them, from a file instead")
    parser.add_argument(
        "--rosters", action="store_true", help="learn the lists by OneRoster REST, not by the API"
    )
    parser.add_argument(
        "--export", type=Path, metavar="FOLDER", help="write workbooks into a folder, deliver nothing"
    )
    parser.add_argument("--days", type=int, default=5, help="so many days back are delivered at once")
    parser.add_argument(
        "--until", type=date.fromisoformat, default=None, help="the last day; today by default"
    )
    parser.add_argument(
        "--every", type=float, default=0, help="then go on: look every so many seconds whether there is news"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mistakes", type=float, default=USUAL.mistake, help="mistakes per mark")
    parser.add_argument(
        "--serve", type=int, default=0, metavar="PORT",
        help="deliver nothing: be asked by OneRoster REST there; the secret of whoever asks is read from JOURNAL_STAND_FACE_SECRET",
    )  # fmt: skip
    parser.add_argument("--face-client-id", default="kontingent", help="who may ask")
    a = parser.parse_args(arguments)
    secret = os.environ.get("JOURNAL_STAND_SECRET", "")
    speaks = not (a.lists and (a.export or a.serve))
    if speaks and not (secret and a.client_id):
        parser.error(
            "--client-id and JOURNAL_STAND_SECRET are needed, unless --lists with --export or --serve are given"
        )
    if not (a.export or a.serve or a.journal):
        parser.error("--journal is needed, unless --export or --serve is given")
    api = Api(a.address, a.client_id, secret) if speaks else None
    try:
        if a.serve:
            return _serve(a, api, say)
        if a.export:
            _export(a, api, say)
        elif api is not None:
            _deliver(a, api, say)
    except (Refused, OSError, ValueError) as refused:
        say(f"✗ {refused}")
        return 1
    except KeyboardInterrupt:
        pass
    return 0


def _classes(a: argparse.Namespace, api: Api | None) -> list[SchoolClass]:
    if a.lists:
        return classes_of(json.loads(a.lists.read_text(encoding="utf-8")), a.seed)
    if api is None:
        return []
    return classes_of(list(api.rosters() if a.rosters else api.learners()), a.seed)


def _begin(a: argparse.Namespace, api: Api | None, say: Callable[[str], None]) -> list[SchoolClass]:
    classes = _classes(a, api)
    pupils = sum(len(one.pupils) for one in classes)
    name = a.journal or (a.export.name if a.export else "OneRoster")
    say(f"Стенд журнала «{name}» (имитация): классов {len(classes)}, учеников {pupils}.")
    return classes


def _deliver(a: argparse.Namespace, api: Api, say: Callable[[str], None]) -> None:
    """Deliver over the API: the days up to now, then every lesson when it is over."""
    classes, rates = _begin(a, api, say), Rates(mistake=a.mistakes)
    now = _moment(a)
    for back in range(a.days - 1, -1, -1):
        deliver(
            api, a.journal, classes, now.date() - timedelta(days=back), now, say, seed=a.seed, rates=rates
        )
    for one in api.refused(a.journal)[:10]:
        say(f"  отклонено {one['code']}: {one['place']} {one['remedy']}")
    while a.every:
        time.sleep(a.every)
        before, now = now, _moment(a)
        if (now.date(), lessons_over(now)) == (before.date(), lessons_over(before)):
            continue
        if now.date() > before.date():
            classes = _classes(a, api)
        for ahead in range((now.date() - before.date()).days + 1):
            day = before.date() + timedelta(days=ahead)
            deliver(api, a.journal, classes, day, now, say, seed=a.seed, rates=rates)


def _moment(a: argparse.Namespace) -> datetime:
    """Now, or the evening of the day that was asked for."""
    return datetime.now(_ZONE) if a.until is None else datetime.combine(a.until, _EVENING, _ZONE)


def _export(a: argparse.Namespace, api: Api | None, say: Callable[[str], None]) -> None:
    """Write a workbook now, and again after every lesson."""
    classes, told = _begin(a, api, say), None
    while True:
        now = _moment(a)
        news = (now.date(), lessons_over(now))
        if news != told:
            rates = Rates(mistake=a.mistakes)
            told, said = news, export.days_of(classes, now, days=a.days, seed=a.seed, rates=rates)
            path = export.write(a.export, f"журнал {now:%Y-%m-%d %H-%M-%S}.xlsx", classes, said)
            say(
                f"{path.name}: уроков {len(said.lessons)}, отметок {len(said.marks)}, пропусков {len(said.attendance)}"
            )
        if not a.every:
            return
        time.sleep(a.every)


def _serve(a: argparse.Namespace, api: Api | None, say: Callable[[str], None]) -> int:
    """Be asked until stopped: what has been written until the last day, or until now, which goes on."""
    secret = os.environ.get("JOURNAL_STAND_FACE_SECRET", "")
    if not secret:
        say("✗ JOURNAL_STAND_FACE_SECRET не задан: без секрета спрашивать некому.")
        return 2
    classes, now = _begin(a, api, say), _moment(a)
    face = Face(_written(a, classes, now), a.face_client_id, secret)
    told = (now.date(), now.hour)

    def go_on() -> None:
        nonlocal told
        now = _moment(a)
        if (now.date(), now.hour) != told:
            told = (now.date(), now.hour)
            face.tables = _written(a, classes, now)

    server = Server(face, port=a.serve, meanwhile=go_on)
    say(
        f"Стенд журнала, OneRoster 1.2 (имитация): {server.address}, результатов {len(face.tables['results'])}."
    )
    try:
        server.serve_forever(poll_interval=0.2)
    finally:
        server.server_close()
    return 0


def _written(a: argparse.Namespace, classes: Sequence[SchoolClass], now: datetime) -> dict[str, list[Row]]:
    return as_of(collections_of(Writing(classes, now.date(), a.days, a.seed)), now)


def deliver(
    api: Api,
    journal: str,
    classes: Sequence[SchoolClass],
    day: date,
    now: datetime,
    say: Callable[[str], None],
    *,
    seed: int,
    rates: Rates = USUAL,
) -> None:
    """Deliver a day as far as its lessons are over, kind by kind; so far the batch has a key of its own."""
    year = day.year if day.month >= 9 else day.year - 1
    over = LESSONS_A_DAY if day < now.date() else lessons_over(now)
    part = "" if over == LESSONS_A_DAY else f":{over}"
    for records, rows in day_of(classes, day, seed=seed, rates=rates).as_of(day, over).by_records():
        taken = api.deliver(journal, f"stand:{seed}:{day}:{records}{part}", records, year, rows)
        told = ", ".join(f"{name} {count}" for name, count in taken["outcomes"].items() if count)
        say(f"{day} {records:<10} строк {len(rows)}: {told}")


if __name__ == "__main__":
    sys.exit(main())
