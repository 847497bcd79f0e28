"""The stand of a journal: its days are a function of the seed, and it delivers them over the real API."""

from __future__ import annotations

import json
import urllib.error
from collections import Counter
from datetime import date, timedelta
from email.message import Message
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from kontingent.performance.models import Attendance, Lesson, Mark
from stands.journal import __main__ as stand
from stands.journal.client import Api, Refused
from stands.journal.school import Pupil, Rates, SchoolClass, classes_of, day_of, is_school_day
from tests import builders as b
from tests.exchange.journals.journal import Sender
from tests.machines import clients as m

DAY = date(2025, 10, 15)
CLASS = SchoolClass("0" * 12, "7А", 7, tuple(Pupil(f"{n:012d}", 0.7) for n in range(25)))


def test_a_day_comes_out_the_same_again_and_differs_from_others() -> None:
    one, again = day_of([CLASS], DAY, seed=1), day_of([CLASS], DAY, seed=1)
    assert one == again
    assert one != day_of([CLASS], DAY, seed=2)
    assert one.marks != day_of([CLASS], DAY + timedelta(days=1), seed=1).marks
    assert not day_of([CLASS], date(2025, 10, 18), seed=1).lessons, "a Saturday"
    assert not is_school_day(date(2026, 7, 1))


def test_ids_are_those_of_one_record_and_corrections_are_next_versions() -> None:
    rates, marks = Rates(correction=0.2), dict[str, dict[str, Any]]()
    counted: Counter[int] = Counter()
    for back in range(20):
        found = day_of([CLASS], DAY + timedelta(days=back), seed=3, rates=rates)
        assert len({one["id"] for one in found.lessons}) == len(found.lessons)
        for row in found.marks:
            counted[row["version"]] += 1
            if row["version"] == 2:
                assert row["date"] < (DAY + timedelta(days=back)).isoformat()
                assert row["id"] in marks or back == 0 or row["date"] < DAY.isoformat()
            else:
                assert row["id"] not in marks
                marks[row["id"]] = row
    assert counted[1] > 300
    assert 0.1 < counted[2] / counted[1] < 0.3


def test_first_grade_has_no_marks_and_teachers_err_at_their_rate() -> None:
    first = SchoolClass("1" * 12, "1А", 1, CLASS.pupils)
    assert not day_of([first], DAY, seed=1).marks
    assert day_of([first], DAY, seed=1).lessons
    wrong = day_of([CLASS], DAY, seed=1, rates=Rates(mark=1, mistake=1, correction=0)).marks
    assert all(
        row["value"] == "6" or row["learner"] == "00000000" or row["subject"].startswith("Матем. (") or row["weight"] == 99
        for row in wrong
    )  # fmt: skip


def through_django(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the stand speak to the product in this process: every byte goes through the real doors."""

    def send(
        _api: Api, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> dict[str, Any]:
        kind = headers.get("Content-Type", "application/json")
        answer = Client(enforce_csrf_checks=True).generic(method, path, body or b"", kind, headers=headers)
        content = b"".join(answer) if answer.streaming else answer.content
        if answer.status_code >= 400:
            told = Message()
            for name, value in answer.headers.items():
                told[name] = value
            raise urllib.error.HTTPError(urlsplit(path).path, answer.status_code, "", told, BytesIO(content))
        found = json.loads(content)
        assert isinstance(found, dict)
        return found

    monkeypatch.setattr(Api, "_send", send)


@pytest.mark.django_db
def test_it_learns_the_lists_and_delivers_days_with_corrections_and_mistakes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    through_django(monkeypatch)
    school = b.school()
    at = b.group(school, "7А")
    for number in range(12):
        b.admitted(
            b.person(
                f"Мальцева Анна{'абвгдежзикл м'[number].strip() or 'н'} Павловна",
                born=date(2012, 3, 1 + number),
            ),
            at,
        )
    monkeypatch.setattr("tests.exchange.journals.journal.SCOPES", ("journals.write", "learners.read"))
    sender = Sender(school)
    monkeypatch.setenv("JOURNAL_STAND_SECRET", m.secret_of(sender.client))
    said: list[str] = []
    asked = [
        "--journal",
        "epos",
        "--client-id",
        sender.client.client_id,
        "--until",
        "2025-10-17",
        "--days",
        "33",
    ]
    assert stand.main(asked, say=said.append) == 0, said
    assert "классов 1, учеников 12" in said[0]
    # Five weeks: what happens by chance to two marks in a hundred has happened to some of them, whoever the learners are.
    assert Lesson.objects.count() == 125
    marks, absences = Mark.objects.count(), Attendance.objects.count()
    assert marks > 40
    assert absences > 3
    assert Mark.objects.filter(version=2).exists() or any("withdrawn" in one for one in said)
    assert stand.main(asked, say=said.append) == 0
    assert (Mark.objects.count(), Attendance.objects.count()) == (marks, absences), "the same days again"


@pytest.mark.django_db
def test_a_refusal_is_told_and_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    through_django(monkeypatch)
    sender = Sender(b.school())
    monkeypatch.setenv("JOURNAL_STAND_SECRET", "wrong")
    said: list[str] = []
    assert stand.main(["--journal", "epos", "--client-id", sender.client.client_id], say=said.append) == 1
    assert "токен не выдан: 401" in said[0]
    with pytest.raises(Refused):
        Api("file:///etc/passwd", "x", "y")
    monkeypatch.delenv("JOURNAL_STAND_SECRET")
    with pytest.raises(SystemExit):
        stand.main(["--journal", "epos", "--client-id", "x"])


def test_classes_are_made_of_places() -> None:
    place = {"is_main": True, "group": "g", "group_title": "7А", "grade": 7}
    found = classes_of(
        [{"id": "b", "places": [place]}, {"id": "a", "places": [place]}, {"id": "c", "places": [place | {"grade": None}]}], 1
    )  # fmt: skip
    assert [[pupil.id for pupil in one.pupils] for one in found] == [["a", "b"]]
