"""Marks out and in by OneRoster: a set written, taken in by another journal and written again is the same."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine

from kontingent.access.machines.queries import actor_of
from kontingent.access.machines.rules import MachineScope
from kontingent.exchange.journals.adapters.boundary import Asked, Finding
from kontingent.exchange.journals.adapters.feeding import Run, run
from kontingent.exchange.journals.models import JournalBatch
from kontingent.exchange.oneroster import checking, cli, works, writing
from kontingent.exchange.oneroster.adapter import OneRosterSet
from kontingent.exchange.oneroster.model import Edition
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue
from kontingent.kernel.school_year import SchoolYear
from kontingent.performance.models import Attendance, Lesson, Mark, PeriodMark
from tests import builders as b
from tests.exchange.journals.journal import YEAR, Sender
from tests.oneroster.sets import files_of, zipped

DAY = date(2025, 10, 20)
NOW = "2025-10-20T09:00:00+05:00"
MADE_AT = datetime(2025, 10, 20, 4, tzinfo=UTC)
ASKED = Asked(school_year=SchoolYear(YEAR), since=SchoolYear(YEAR).starts_on, until=SchoolYear(YEAR).ends_on)
ASKED_2026 = Asked(
    school_year=SchoolYear(2026), since=SchoolYear(2026).starts_on, until=SchoolYear(2026).ends_on
)


# -- pure ----------------------------------------------------------------------------------------


def _adapter(**changes: tuple[str, str]) -> OneRosterSet:
    files: dict[str, str | bytes] = dict(files_of())
    files["lineItems.csv"] = (
        str(files["lineItems.csv"])
        .replace("schoolSourcedId\r", "schoolSourcedId,metadata.subject\r")
        .replace("5,s1\r", "5,s1,Математика\r")
    )
    for name, (old, new) in changes.items():
        text = str(files[f"{name}.csv"])
        assert old in text
        files[f"{name}.csv"] = text.replace(old, new, 1)
    read = checking.check(zipped(files))
    assert [str(one) for one in read.defects] == []
    assert read.content is not None
    return OneRosterSet(read.content, MADE_AT)


def test_a_set_is_a_journal() -> None:
    adapter = _adapter()
    assert [tuple(one) for one in adapter.list_orgs()] == [
        ("s1", 'МАОУ "СОШ № 1", г. Пермь', "1025900000001")
    ]
    assert [tuple(one) for one in adapter.list_classes()] == [("c5a", "5А", "s1")]
    assert [tuple(one) for one in adapter.list_enrollments()] == [
        ("u1", "Иванова Анна Петровна", "c5a", "5А")
    ]
    (mark,) = adapter.fetch_marks(ASKED_2026)
    assert not isinstance(mark, Finding)
    assert (mark.id, mark.learner, mark.value, mark.system, mark.work, mark.weight, mark.subject, mark.lesson) == (
        "r1", "u1", "4", "1", "control", 2.0, "Математика", "l1",
    )  # fmt: skip
    (lesson,) = adapter.fetch_lessons(ASKED_2026)
    assert not isinstance(lesson, Finding)
    assert (lesson.class_, lesson.organisation, lesson.homework) == ("5А", "1025900000001", "№ 12")
    (absence,) = adapter.fetch_attendance(ASKED_2026)
    assert not isinstance(absence, Finding)
    assert (absence.learner, absence.code) == ("u1", "н")
    assert list(adapter.fetch_finals(ASKED_2026)) == []
    assert list(adapter.fetch_marks(ASKED)) == [], "of another school year"


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("results", "fully graded,4,", "exempt,,", ("осв", "1", False)),
        ("results", "4,2026-09-11,молодец,", ",2026-09-11,молодец,н/а", ("н/а", "1", False)),
        ("results", "4,2026-09-11,молодец,", ",2026-09-11,молодец,зач", ("зач", "90", False)),
        ("results", "4,2026", "4.0,2026", ("4", "1", False)),
        ("results", "fully graded,4,", "submitted,,", ("", "1", True)),
        ("lineItems", "1,5,s1", "0,100,s1", ("4", "6", False)),
    ],
)
def test_a_result_is_a_mark_of_its_system(file: str, old: str, new: str, told: tuple[Any, ...]) -> None:
    (mark,) = _adapter(**{file: (old, new)}).fetch_marks(ASKED_2026)
    assert not isinstance(mark, Finding)
    assert (mark.value, mark.system, mark.deleted) == told


def test_a_result_of_a_closing_category_is_a_final_mark() -> None:
    adapter = _adapter(
        categories=("Контрольная работа,2.00", "За учебный период,"),
        academicSessions=("1 четверть", "1-я четверть"),
    )
    assert list(adapter.fetch_marks(ASKED_2026)) == []
    (final,) = adapter.fetch_finals(ASKED_2026)
    assert not isinstance(final, Finding)
    assert (final.kind, final.period, final.value) == ("period", "1", "4")


def test_what_is_no_mark_is_told_with_its_place() -> None:
    (nameless,) = _adapter(lineItems=("s1,Математика", "s1,"), courses=("Математика,MATH", ",")).fetch_marks(
        ASKED_2026
    )
    assert isinstance(nameless, Finding)
    assert (nameless.place, nameless.code) == ("results.csv, строка 2, metadata.subject", "oneroster.no_mark")
    (long,) = _adapter(results=("r1,", f"{'r' * 65},")).fetch_marks(ASKED_2026)
    assert isinstance(long, Finding)
    (unclosed,) = _adapter(
        categories=("Контрольная работа", "Годовая"), academicSessions=("1 четверть", "осень")
    ).fetch_finals(ASKED_2026)
    assert isinstance(unclosed, Finding)
    assert "metadata.periodCode" in unclosed.message


# -- with the register ---------------------------------------------------------------------------


@pytest.fixture
def school() -> Any:
    with time_machine.travel(NOW, tick=True):
        yield b.school("Школа № 5")


def _delivered(school: Any) -> Sender:
    five = b.group(school, "5А")
    anna, oleg = b.person("Мальцева Анна Павловна", snils=b.snils_of(1)), b.person("Тиунов Олег Игоревич")
    b.admitted(anna, five)
    b.admitted(oleg, five)
    sender = Sender(school)
    day = {"version": 1, "date": "2025-10-06", "subject": "Математика"}
    of = {**day, "learner": str(anna)}
    for records, rows in {
        "marks": [
            {"id": "m1", **of, "value": "5", "work": "control", "weight": 2, "lesson": "L1"},
            {"id": "m2", **of, "learner": str(oleg), "value": "3", "work": "control", "weight": 2, "lesson": "L1", "comment": "спешил, бывает"},
            {"id": "m3", **of, "value": "осв", "work": "answer", "lesson": "L2"},
            {"id": "m4", **of, "value": "4", "work": "homework", "lesson": "L2", "number": 3},
            {"id": "m5", **of, "value": "зач", "system": "pass", "work": "project"},
            {"id": "m6", **of, "value": "87", "system": "6"},
            {"id": "m7", **of, "learner": str(oleg), "value": "н/а"},
        ],
        "finals": [{"id": "f1", **of, "kind": "period", "period": "1", "value": "4"}],
        "lessons": [{"id": "L1", **day, "class": str(five.pk), "number": 2, "topic": "Дроби", "homework": "№ 12, 14"}],
        "attendance": [{"id": "a1", **of, "code": "о", "minutes": 10, "number": 2}],
    }.items():  # fmt: skip
        sender.send(rows, key=records, records=records)
    return sender


def _fed(sender: Sender, adapter: OneRosterSet, key: str = "or-1") -> Run:
    actor = actor_of(sender.client, frozenset({MachineScope.JOURNALS}))
    return run(actor=actor, journal_code=sender.journal.code, adapter=adapter, asked=ASKED, key=key)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("edition", list(Edition))
def test_marks_go_out_come_in_elsewhere_and_go_out_the_same(school: Any, edition: Edition) -> None:
    first = _delivered(school)
    reader = Actor("test:school", "Школа", "Школа", b.ROOT.permissions, b.actor_of(school).scope)
    packed = writing.pack(works.whole(reader, first.journal, on=DAY, edition=edition))
    read = checking.check(packed)
    assert [str(one) for one in read.defects] == []
    assert read.content is not None
    assert writing.pack(read.content) == packed
    assert (len(read.content.rows["results"]), len(read.content.rows["lineItems"])) == (8, 7)

    second = Sender(school, code="other")
    taken = _fed(second, OneRosterSet(read.content, MADE_AT))
    assert taken.findings == []
    assert [batch.outcomes for batch in taken.batches] == [{"n": 1}, {"n": 7}, {"n": 1}, {"n": 1}]
    assert writing.pack(works.whole(reader, second.journal, on=DAY, edition=edition)) == packed
    for kind in (Mark, PeriodMark, Lesson, Attendance):
        ids = [
            sorted(kind.objects.filter(journal_id=one.journal.pk).values_list("external_id", flat=True))
            for one in (first, second)
        ]
        assert ids[0] == ids[1]

    again = _fed(second, OneRosterSet(read.content, MADE_AT), key="or-2")
    assert {letter for batch in again.batches for letter in batch.outcomes} == {"u"}


@pytest.mark.django_db(transaction=True)
def test_the_command_line_shows_takes_and_refuses(school: Any, tmp_path: Path) -> None:
    sender = _delivered(school)
    path, said = tmp_path / "set.zip", list[str]()
    assert cli.export_set(path, ogrn=school.ogrn, edition="1.2", on=DAY, journal="epos", out=said.append) == 0
    assert "отметок 8" in said[-1]
    other = Sender(school, code="other")

    def standing() -> int:
        return Mark.objects.filter(journal_id=other.journal.pk).count()

    assert cli.load_set(path, journal="other", write=False, on=DAY, out=said.append) == 0
    assert ("отметки: 7" in said, standing(), JournalBatch.objects.filter(journal=other.journal).count()) == (
        True,
        0,
        0,
    )
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert cli.load_set(path, journal="other", write=True, on=DAY, out=said.append) == 1
    assert (said[-1], standing()) == ("Набор не принят, ничего не записано.", 0)
    path.write_bytes(whole)
    assert cli.load_set(path, journal="other", write=True, on=DAY, out=said.append) == 0
    assert standing() == 7
    with pytest.raises(InvalidValue, match="--since"):
        cli.export_set(path, ogrn=None, edition="1.2", on=DAY, since=MADE_AT, journal="epos", out=said.append)
    assert sender.journal.code == "epos"
