"""The school whose journal is asked: the stand's own command line, its lists by OneRoster from the register, its marks by OneRoster into it."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from demo import asked
from demo.personas import snils_of
from kontingent.access.models import Appointment
from kontingent.audit.models import Entry
from kontingent.exchange.journals.models import JournalSource
from kontingent.exchange.journals.sources import running
from kontingent.performance.models import Mark
from runtime import home, stand
from tests import builders as b

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@contextmanager
def running_stand(arguments: list[str], log: Path, **environment: str) -> Iterator[str]:
    """Run the command line of the stand until it says where it listens."""
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, *arguments], stdout=file, stderr=subprocess.STDOUT, cwd=home.repository(),
            env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
        )  # fmt: skip
        try:
            deadline = time.monotonic() + 60
            while "OneRoster 1.2" not in (said := log.read_text(encoding="utf-8")):
                assert process.poll() is None, said
                assert time.monotonic() < deadline, said
                time.sleep(0.1)
            yield said
        finally:
            process.terminate()
            process.wait(20)


def test_the_command_line_serves_lists_of_a_file_and_lets_in_who_knows_the_secret(tmp_path: Path) -> None:
    lists, port = tmp_path / "lists.json", stand._unused_port()
    place = {"is_main": True, "group": "g" * 12, "group_title": "7А", "grade": 7, "ogrn": "1025900000001"}
    lists.write_text(
        json.dumps([{"id": f"p-{n}", "family_name": "Мальцева", "given_name": "Анна", "places": [place]} for n in range(20)]),
        encoding="utf-8",
    )  # fmt: skip
    arguments = ["-m", "stands.journal", "--lists", str(lists), "--serve", str(port), "--until", "2026-11-20"]
    address = f"http://127.0.0.1:{port}"
    with running_stand(arguments, tmp_path / "log", JOURNAL_STAND_FACE_SECRET="hush") as said:
        assert "классов 1, учеников 20" in said
        ask = urllib.request.Request(  # noqa: S310 - the stand's own address
            f"{address}/token", b"grant_type=client_credentials&scope=gradebook.readonly",
            {"Authorization": f"Basic {base64.b64encode(b'kontingent:hush').decode()}"},
        )  # fmt: skip
        with urllib.request.urlopen(ask, timeout=10) as answer:  # noqa: S310
            token = json.loads(answer.read())["access_token"]
        results = urllib.request.Request(  # noqa: S310
            f"{address}/ims/oneroster/gradebook/v1p2/results?limit=3", headers={"Authorization": f"Bearer {token}"}
        )  # fmt: skip
        with urllib.request.urlopen(results, timeout=10) as answer:  # noqa: S310
            assert answer.headers["X-Stand"] == "journal; imitation"
            assert len(json.loads(answer.read())["results"]) == 3
    without = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, cwd=home.repository(), check=False,
        env={name: value for name, value in os.environ.items() if not name.startswith("JOURNAL_STAND")},
    )  # fmt: skip
    assert (without.returncode, "JOURNAL_STAND_FACE_SECRET не задан" in without.stdout) == (2, True)


@pytest.fixture
def municipality(tmp_path: Path, settings: Any) -> dict[str, Any]:
    settings.JOURNAL_SECRETS = str(tmp_path / "secrets")
    settings.JOURNAL_HOSTS = (asked.HOST,)
    where = b.municipality("lysva", "Лысьвенский округ")
    begins, living, other = (b.school(name, where=where) for name in ("Школа № 1", "Школа № 2", "Школа № 3"))
    elsewhere = b.school("Школа № 9")
    for school in (other, elsewhere):
        group = b.group(school, "7А", year=2026)
        for number in range(12):
            b.admitted(b.person(f"Мальцева Анна{'аеи'[number % 3]} Павловна", born=date(2013, 3, 1 + number)), group, on=date(2026, 9, 1))  # fmt: skip
    secretary = b.appointed("secretary", at=begins)
    Appointment.objects.filter(organisation=begins).update(snils=snils_of("secretary"))
    return {"begins": begins, "living": living, "other": other, "secretary": secretary}


def test_the_register_gives_its_lists_and_takes_marks_through_its_own_doors(
    municipality: dict[str, Any], live_server: Any, tmp_path: Path
) -> None:
    where = asked.school()
    assert where is not None
    assert where == municipality["other"], "another school of the municipality that the demonstration begins in"  # fmt: skip
    for start in range(
        2
    ):  # a demonstration that starts again: another port, other secrets, the same source and machine
        made = asked.prepare(where, stand._unused_port())
        source = JournalSource.objects.get()
        arguments = [*made.arguments, "--address", live_server.url]
        with running_stand(arguments, tmp_path / f"log-{start}", **made.environment) as said:
            assert "классов 1, учеников 12" in said, "learned by OneRoster"
            run = running.run(source.pk, asked_by_name="Проверка")
        assert run is not None
        assert (run.state, run.error) == ("done", "")
        assert run.taken > 10 if start == 0 else run.taken == run.refused == 0, (
            "what has not changed is not asked for"
        )
    assert Mark.objects.exclude(organisation_id=where.pk).count() == 0
    assert Mark.objects.filter(organisation_id=where.pk).count() > 10
    given = Entry.objects.filter(kind__icontains="given", subjects__isnull=False)
    assert given.exists(), "whom the machine was told of is in the journal"
    told = b.browser(b.appointed("municipal", where=where.municipality)).get("/oneroster/").content.decode()
    assert "Журнал по OneRoster (стенд): Школа № 3" in told
    security = b.browser(b.appointed("security")).get("/oneroster/").content.decode()
    assert "Электронный журнал (стенд): Школа № 3" in security
    assert (Path(tmp_path) / "secrets" / asked.CODE).stat().st_mode & 0o777 == 0o600
    assert source.next_at is not None
    assert source.next_at - source.made_at < timedelta(minutes=3)


def test_where_there_is_no_third_school_nothing_is_asked(tmp_path: Path, settings: Any) -> None:
    settings.JOURNAL_SECRETS = str(tmp_path)
    assert asked.school() is None
    assert stand.start_asked_journal("http://127.0.0.1:1/") == []
    assert not list(tmp_path.iterdir())
