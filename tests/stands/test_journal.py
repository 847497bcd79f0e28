"""The stand of a journal: its days are a function of the seed, and it delivers them over the real API."""

from __future__ import annotations

import json
import urllib.error
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from email.message import Message
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from python_calamine import CalamineWorkbook

from kontingent.performance.models import Attendance, Lesson, Mark
from stands.journal import __main__ as stand
from stands.journal import export
from stands.journal.client import Api, Refused
from stands.journal.school import (
    LESSONS_A_DAY,
    Pupil,
    Rates,
    SchoolClass,
    classes_of,
    day_of,
    is_school_day,
    lessons_over,
    school_days,
)
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
    b.admitted(b.person("Орлов Глеб Ильич", born=date(2012, 5, 5)), at)
    assert stand.main(asked, say=said.append) == 0, "the class has grown: other rows, another batch"


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


def test_a_day_stands_as_far_as_its_lessons_are_over() -> None:
    morning = datetime(2025, 10, 15, 8, 0, tzinfo=UTC)
    over = [lessons_over(morning + timedelta(minutes=minutes)) for minutes in range(0, 360, 5)]
    assert (over[0], over[-1]) == (0, LESSONS_A_DAY)
    assert over == sorted(over)
    whole = day_of([CLASS], DAY, seed=1)
    rates = Rates(correction=1)
    corrections = day_of([CLASS], DAY, seed=1, rates=rates).as_of(DAY, 0).marks
    assert corrections, "what is corrected of the day before does not wait for a lesson"
    assert all(row["date"] < DAY.isoformat() for row in corrections)
    two = whole.as_of(DAY, 2)
    assert {row["number"] for row in two.lessons} == {1, 2}
    assert whole.as_of(DAY, LESSONS_A_DAY) == whole
    assert school_days(date(2025, 10, 19), 3) == [date(2025, 10, 15), date(2025, 10, 16), date(2025, 10, 17)]
    assert school_days(date(2026, 7, 20), 1) == [date(2026, 5, 29)]
    assert school_days(date(2025, 9, 2), 5) == [date(2025, 9, 1), date(2025, 9, 2)], (
        "of this school year alone"
    )


def test_a_workbook_names_pupils_and_classes_and_says_each_record_once(tmp_path: Path) -> None:
    named = SchoolClass("0" * 12, "7А", 7, tuple(Pupil(f"{n:012d}", 0.7, f"Носов Борис {n}") for n in range(9)), "1025900001016")  # fmt: skip
    rates = Rates(mark=1, correction=0.5, mistake=0.2)
    evening = datetime(2025, 10, 15, 20, tzinfo=UTC)
    said = export.days_of([named], evening, days=3, seed=2, rates=rates)
    book = CalamineWorkbook.from_path(export.write(tmp_path, "журнал.xlsx", [named], said))
    assert (tmp_path / "журнал.xlsx.done").exists()
    assert [one.name for one in tmp_path.iterdir() if "part" in one.name] == []
    head, *marks = book.get_sheet_by_name("Отметки").to_python()
    assert len({row[0] for row in marks}) == len(marks), "a correction takes the place of what it corrects"
    assert {row[head.index("ФИО")] for row in marks} == {pupil.name for pupil in named.pupils} | {
        "Неизвестный Ученик"
    }
    assert {row[head.index("Класс")] for row in marks} <= {"7А", ""}
    assert any(row[head.index("Удалена")] == "true" for row in marks)
    head, *lessons = book.get_sheet_by_name("Уроки").to_python()
    assert {(row[head.index("Класс")], str(row[head.index("ОГРН")])) for row in lessons} == {
        ("7А", "1025900001016")
    }
    assert len(lessons) == 3 * LESSONS_A_DAY
