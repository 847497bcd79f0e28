"""A journal delivers: what is taken, what is refused and why, in which order, and what the receipts say."""

from __future__ import annotations

import gzip
import io
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
import pytest
from backports import zstd
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kontingent.api import declarations
from kontingent.audit.models import Entry
from kontingent.enrolment.codes import MovementKind
from kontingent.exchange.journals import chunks, taking
from kontingent.exchange.journals.chunks import Chunk
from kontingent.exchange.journals.messages import Reader
from kontingent.exchange.journals.models import ChunkReceipt, JournalBatch
from kontingent.kernel.errors import Conflict, InvalidValue, NotAllowed, RuleViolation
from kontingent.organisations.models import Organisation
from kontingent.performance import actions
from kontingent.performance.actions import GradingPeriodDraft
from kontingent.performance.models import (
    Attendance,
    FormerRecord,
    LateCorrection,
    Lesson,
    Mark,
    PeriodMark,
)
from kontingent.persons import merging
from kontingent.persons.models import SourceKey
from kontingent.storage.scope import scoped
from tests import builders as b
from tests.api.machine import is_problem
from tests.api.test_openapi import fits
from tests.exchange.journals.journal import Sender, counted, lines, mark, packed
from tests.machines import clients as m

pytestmark = pytest.mark.django_db


class Scene(NamedTuple):
    """A school with a class of two, and its journal."""

    school: Organisation
    anna: UUID
    boris: UUID
    journal: Sender


@pytest.fixture
def scene() -> Scene:
    school = b.school()
    group = b.group(school, "5А")
    anna = b.person("Мальцева Анна Павловна")
    boris = b.person("Носов Борис Ильич", born=date(2014, 2, 2))
    for who in (anna, boris):
        b.admitted(who, group)
    return Scene(school, anna, boris, Sender(school))


@pytest.mark.parametrize("encoding", ["", "gzip", "zstd"])
def test_marks_come_in(scene: Scene, encoding: str) -> None:
    rows = [
        mark(1, scene.anna, work="control", weight=2, comment="молодец"),
        mark(2, scene.boris, value="н/а"),
    ]
    answer = scene.journal.post(packed(lines(rows), encoding), encoding=encoding)
    assert answer.status_code == 200, answer.content.decode()
    assert counted(answer.json()) == {"created": 2}
    assert answer.json()["state"] == "done"
    found = {one.external_id: one for one in Mark.objects.all()}
    assert (found["m1"].value, found["m1"].score, found["m1"].work_code) == ("5", 5, "control")
    assert found["m1"].person_id == scene.anna
    assert found["m1"].organisation_id == scene.school.id
    assert (found["m2"].value, found["m2"].score) == ("н/а", None)


def test_a_csv_says_the_same(scene: Scene) -> None:
    text = (
        "\ufeffversion;id;date;learner;subject;value;comment\r\n"
        f'1;m1;2025-10-10;{scene.anna};Математика;4;"с точкой; и ""кавычкой"""\r\n'
        f"1;m2;2025-10-10;{scene.boris};s09;3;путь C:\\tмп\r\n"
    )
    answer = scene.journal.post(text.encode(), kind="text/csv")
    assert counted(answer.json()) == {"created": 2}
    kept = dict(Mark.objects.values_list("external_id", "comment"))
    assert kept == {"m1": 'с точкой; и "кавычкой"', "m2": "путь C:\\tмп"}


@pytest.mark.parametrize("kind", ["application/x-ndjson", "text/csv"])
def test_a_byte_order_mark_is_no_part_of_the_first_row(scene: Scene, kind: str) -> None:
    sheet = f"id,version,learner,date,subject,value\nm0,1,{scene.anna},2025-10-10,s09,5\n".encode()
    body = sheet if kind == "text/csv" else lines([mark(0, scene.anna)])
    answer = scene.journal.post(b"\xef\xbb\xbf" + body, kind=kind)
    assert counted(answer.json()) == {"created": 1}
    assert Mark.objects.get().external_id == "m0"


def test_texts_come_as_they_were_sent(scene: Scene) -> None:
    comments = [
        "табуляция\tздесь",
        "обратная \\ черта",
        "две\nстроки\r",
        "\\N",
        "\\.",
        "😀 и ё",
        '"',
        "'; DROP TABLE",
    ]
    scene.journal.send(mark(n, scene.anna, comment=text) for n, text in enumerate(comments))
    found = dict(Mark.objects.values_list("external_id", "comment"))
    assert found == {f"m{n}": text for n, text in enumerate(comments)}


def test_a_newer_version_replaces_and_an_older_one_never_does(scene: Scene) -> None:
    scene.journal.send([mark(1, scene.anna, version=3, value="3")])
    again = scene.journal.send([mark(1, scene.anna, version=3, value="3")], key="k2")
    assert counted(again) == {"unchanged": 1}
    old = scene.journal.send([mark(1, scene.anna, version=2, value="2")], key="k3")
    assert counted(old) == {"stale": 1}
    assert Mark.objects.get().value == "3"
    assert not FormerRecord.objects.exists()
    new = scene.journal.send([mark(1, scene.anna, version=4, value="4")], key="k4")
    assert counted(new) == {"changed": 1}
    assert Mark.objects.get().value == "4"
    former = FormerRecord.objects.get()
    assert (former.version, former.row["value"], former.person_id) == (3, "3", scene.anna)
    assert former.replaced_by == f"client:{scene.journal.client.id}"


def test_an_equal_mark_of_a_newer_version_is_unchanged_and_its_version_is_noted(scene: Scene) -> None:
    scene.journal.send([mark(n, scene.anna, value="3") for n in (1, 2, 3)])
    before = {one.external_id: one.recorded_at for one in Mark.objects.all()}
    night = [
        mark(1, scene.anna, version=9, value="3"),
        mark(2, scene.anna, version=9, value="4"),
        mark(3, scene.anna, value="3"),
    ]
    assert counted(scene.journal.send(night, key="k2")) == {"unchanged": 2, "changed": 1}
    assert list(FormerRecord.objects.values_list("external_id", flat=True)) == ["m2"]
    stands = {one.external_id: one for one in Mark.objects.all()}
    assert {key: one.version for key, one in stands.items()} == {"m1": 9, "m2": 9, "m3": 1}
    assert stands["m1"].recorded_at == before["m1"], "nothing has happened to it"
    between = scene.journal.send([mark(1, scene.anna, version=5, value="5")], key="k3")
    assert counted(between) == {"stale": 1}, "said before the night"
    assert Mark.objects.get(external_id="m1").value == "3"
    scene.journal.send([mark(3, scene.anna, version=2, deleted=True)], key="k4")
    assert counted(scene.journal.send([mark(3, scene.anna, version=7, deleted=True)], key="k5")) == {
        "unchanged": 1
    }
    assert counted(scene.journal.send([mark(3, scene.anna, version=7)], key="k6")) == {"refused": 1}


def test_what_stands_said_again_takes_a_refused_correction_off_the_list(scene: Scene) -> None:
    scene.journal.send([mark(1, scene.anna, value="3")])
    scene.journal.send([mark(1, scene.anna, version=2, value="6")], key="k2")
    assert len(scene.journal.refusals()) == 1
    assert counted(scene.journal.send([mark(1, scene.anna, version=3, value="3")], key="k3")) == {
        "unchanged": 1
    }
    assert scene.journal.refusals() == []


def test_a_late_correction_that_the_journal_took_back_is_not_written(scene: Scene) -> None:
    scene.journal.send([mark(1, scene.anna, value="3")])
    actions.set_periods(actor=b.ROOT, school_year=2025, periods=QUARTERS)
    assert counted(scene.journal.send([mark(1, scene.anna, version=2, value="5")], key="k2")) == {"late": 1}
    back = scene.journal.send([mark(1, scene.anna, version=3, value="3")], key="k3")
    assert counted(back) == {"unchanged": 1}, "nothing of a closed period changes by it"
    late = LateCorrection.objects.get()
    with pytest.raises(RuleViolation, match="более новую"):
        actions.decide_late(
            actor=b.actor_of(scene.school), correction_id=late.id, accept=True, reason="приказ"
        )
    assert Mark.objects.get().value == "3"


def test_one_version_cannot_say_two_things(scene: Scene) -> None:
    scene.journal.send([mark(1, scene.anna, value="3")])
    answer = scene.journal.send([mark(1, scene.anna, value="5")], key="k2")
    assert counted(answer) == {"refused": 1}
    assert Mark.objects.get().value == "3"
    assert [one["code"] for one in scene.journal.refusals()] == ["version_reused"]


def test_one_version_cannot_be_of_two_learners(scene: Scene) -> None:
    scene.journal.send([mark(1, scene.anna)])
    assert counted(scene.journal.send([mark(1, scene.boris)], key="k2")) == {"refused": 1}
    assert Mark.objects.get().person_id == scene.anna
    twin = b.person("Мальцева Анна Павловна", born=date(2014, 5, 20), snils=b.snils_of(9))
    merging.merge(actor=b.ROOT, survivor_id=scene.anna, merged_id=twin, basis="одно свидетельство")
    assert counted(scene.journal.send([mark(1, twin)], key="k3")) == {"unchanged": 1}


def test_a_deleted_mark_stays_dead(scene: Scene) -> None:
    scene.journal.send([mark(1, scene.anna)])
    gone = scene.journal.send([mark(1, scene.anna, version=2, deleted=True)], key="k2")
    assert counted(gone) == {"withdrawn": 1}
    assert Mark.objects.get().withdrawn_at is not None
    assert counted(scene.journal.send([mark(1, scene.anna)], key="k3")) == {"stale": 1}
    assert counted(scene.journal.send([mark(1, scene.anna, version=2, deleted=True)], key="k4")) == {
        "unchanged": 1
    }
    back = scene.journal.send([mark(1, scene.anna, version=3)], key="k5")
    assert counted(back) == {"changed": 1}
    assert Mark.objects.get().withdrawn_at is None


def test_a_deletion_that_overtakes_its_mark_wins(scene: Scene) -> None:
    assert counted(scene.journal.send([mark(1, scene.anna, version=2, deleted=True)])) == {"withdrawn": 1}
    assert counted(scene.journal.send([mark(1, scene.anna, version=1)], key="k2")) == {"stale": 1}
    assert Mark.objects.get().withdrawn_at is not None


def test_a_mark_may_turn_out_to_be_anothers(scene: Scene) -> None:
    scene.journal.send([mark(1, scene.anna)])
    scene.journal.send([mark(1, scene.boris, version=2)], key="k2")
    assert [one.person_id for one in Mark.objects.all()] == [scene.boris]
    assert FormerRecord.objects.get().person_id == scene.anna


def test_of_one_id_in_a_batch_the_newest_stays(scene: Scene) -> None:
    rows = [
        mark(1, scene.anna, version=v, value=value) for v, value in ((2, "2"), (5, "5"), (3, "3"), (5, "4"))
    ]
    answer = scene.journal.send([*rows, mark(2, scene.anna)])
    assert counted(answer) == {"created": 2, "stale": 3}
    assert Mark.objects.get(external_id="m1").value == "5"
    told = scene.journal.get("batches/k1/receipts").json()["items"]
    assert [one["outcome"] for one in told] == ["stale", "created", "stale", "stale", "created"]


def test_a_mark_in_the_years_own_partition(scene: Scene) -> None:
    scene.journal.send([mark(1, scene.anna)])
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM performance_mark_2025")
        assert cursor.fetchone() == (1,)


BAD_ROWS: list[tuple[dict[str, Any], str]] = [
    ({"value": "6"}, "value"),
    ({"value": ""}, "value"),
    ({"value": "50"}, "value"),
    ({"system": "7"}, "system"),
    ({"date": "2024-10-10"}, "outside_year"),
    ({"date": "2026-09-01"}, "outside_year"),
    ({"date": "2025-02-30"}, "date"),
    ({"date": "10.10.2025"}, "date"),
    ({"learner": "5d6b1a40-0000-7000-8000-000000000000"}, "learner_unknown"),
    ({"learner": "ученик-17"}, "learner_unknown"),
    ({"subject": "Магия"}, "subject_unknown"),
    ({"weight": 11}, "weight"),
    ({"weight": -1}, "weight"),
    ({"work": "подвиг"}, "work_unknown"),
    ({"version": -1}, "field"),
    ({"version": "1"}, "field"),
    ({"version": 2**63}, "field"),
    ({"comment": "\x00"}, "field"),
    ({"comment": "я" * 501}, "field"),
    ({"id": ""}, "field"),
    ({"id": "x" * 65}, "field"),
    ({"what": 1}, "field"),
    ({"number": 100}, "field"),
    ({"deleted": "yes"}, "field"),
]
BAD_LINES = [
    (b"{", "malformed"), (b"[]", "field"), (b"null", "field"), (b"{}", "field"), (b'{"id":"\xff"}', "not_utf8"),
    (b'\xd0{"id":"1"}', "malformed"), (b'{"id":"\\ud800"}', "malformed"), (b"[" * 5000, "field"),
]  # fmt: skip


def test_bad_rows_are_refused_and_hinder_nobody(scene: Scene) -> None:
    bad = [lines([mark(1000 + n, scene.anna) | facts]) for n, (facts, _) in enumerate(BAD_ROWS)]
    bad += [line + b"\n" for line, _ in BAD_LINES]
    body = b"".join(row + lines([mark(n, scene.boris)]) for n, row in enumerate(bad))
    answer = scene.journal.post(body)
    assert counted(answer.json()) == {"created": len(bad), "refused": len(bad)}
    assert {one.external_id for one in Mark.objects.all()} == {f"m{n}" for n in range(len(bad))}
    refused = scene.journal.refusals()
    expected = [code for _, code in [*BAD_ROWS, *BAD_LINES]]
    assert sorted((one["row"], one["code"]) for one in refused) == [
        (2 * n + 1, code) for n, code in enumerate(expected)
    ]
    assert all(one["detail"] and one["remedy"] and one["batch"] == "k1" for one in refused)


ODD: list[dict[str, Any]] = [
    {"value": 5},
    {"note": "лишнее"},
    {"learner": None},
    {"version": "два"},
    {"note": {"a": []}, "id": "ю\\\t"},
]


def test_a_row_with_a_wrong_field_is_off_the_list_once_it_comes_again(scene: Scene) -> None:
    scene.journal.send(mark(n, scene.anna) | facts for n, facts in enumerate(ODD))
    keys = ["m0", "m1", "m2", "m3", "ю\\\t"]
    assert [one["external_id"] for one in scene.journal.refusals()] == keys
    scene.journal.send([mark(0, scene.anna, id=key) for key in keys], key="k2")
    assert scene.journal.refusals() == []
    sheet = f"id;version;learner;date;subject;value\nc1;один;{scene.anna};2025-10-10;s09;5\nc2;1;{scene.anna};2025-10-10;s09;5;и ещё\n"
    scene.journal.post(sheet.encode(), key="k3", kind="text/csv")
    assert [(one["external_id"], one["code"]) for one in scene.journal.refusals()] == [
        ("c1", "field"),
        ("", "malformed"),
    ]


@pytest.mark.parametrize(
    "line",
    [b"{", b"{}", b'{"id":7}', b'{"id":"a\\u0000"}', b'{"x":' + b"[" * 30_000, b'{"id":"%s"}' % (b"i" * 65)],
)
def test_a_line_without_an_id_is_kept_without_one(scene: Scene, line: bytes) -> None:
    scene.journal.post(line + b"\n" + lines([mark(1, scene.anna)]))
    assert [one["external_id"] for one in scene.journal.refusals()] == [""]
    assert Mark.objects.count() == 1


def test_a_learner_of_another_school_is_as_unknown_as_nobody(scene: Scene) -> None:
    other = b.school("Школа № 9")
    vera = b.person("Яковлева Вера Олеговна", born=date(2014, 3, 3))
    b.admitted(vera, b.group(other, "5Б"))
    assert counted(scene.journal.send([mark(1, vera)])) == {"refused": 1}
    assert scene.journal.refusals()[0]["code"] == "learner_unknown"
    assert not Mark.objects.exists()


def test_a_learner_has_marks_only_while_enrolled(scene: Scene) -> None:
    gleb = b.person("Орлов Глеб Ильич", born=date(2014, 4, 4))
    stream = b.admitted(gleb, b.group(scene.school, "5В"), on=date(2025, 9, 15))
    b.left(gleb, stream, scene.school, on=date(2025, 10, 15))
    days = ["2025-09-14", "2025-09-15", "2025-10-14", "2025-10-15"]
    answer = scene.journal.send(mark(n, gleb, date=day) for n, day in enumerate(days))
    assert counted(answer) == {"created": 2, "refused": 2}
    assert {one.given_on.isoformat() for one in Mark.objects.all()} == {"2025-09-15", "2025-10-14"}
    assert {one["code"] for one in scene.journal.refusals()} == {"learner_not_enrolled"}


def test_a_mark_goes_to_the_class_of_its_day(scene: Scene) -> None:
    gleb = b.person("Орлов Глеб Ильич", born=date(2014, 4, 4))
    former, present = b.group(scene.school, "5В"), b.group(scene.school, "5Г")
    stream = b.admitted(gleb, former)
    b.moved(gleb, stream, scene.school, MovementKind.PLACEMENT, on=date(2025, 10, 10), group_id=present.pk)
    days = ["2025-09-01", "2025-10-09", "2025-10-10", "2025-11-10"]
    assert counted(scene.journal.send(mark(n, gleb, date=day) for n, day in enumerate(days))) == {
        "created": 4
    }
    assert [one.group_id for one in Mark.objects.order_by("given_on")] == [former.pk] * 2 + [present.pk] * 2


def test_the_first_grade_has_no_marks(scene: Scene) -> None:
    little = b.person("Шилов Пётр Ильич", born=date(2018, 4, 4))
    b.admitted(little, b.group(scene.school, "1А"))
    assert counted(scene.journal.send([mark(1, little)])) == {"refused": 1}
    absence = {
        "id": "a1",
        "version": 1,
        "learner": str(little),
        "date": "2025-10-10",
        "subject": "s09",
        "code": "б",
    }
    assert counted(scene.journal.send([absence], key="k2", records="attendance")) == {"created": 1}
    assert [one["code"] for one in scene.journal.refusals()] == ["grade_one"]


def test_a_learner_may_be_named_by_the_journals_own_key_and_by_a_merged_record(scene: Scene) -> None:
    SourceKey.objects.create(source="journal:epos", external_id="ученик-17", person_id=scene.anna)
    twin = b.person("Мальцева Анна Павловна", born=date(2014, 5, 20), snils=b.snils_of(9))
    merging.merge(actor=b.ROOT, survivor_id=scene.anna, merged_id=twin, basis="одно свидетельство")
    scene.journal.send([mark(1, "ученик-17"), mark(2, str(twin).upper())])
    assert [one.person_id for one in Mark.objects.all()] == [scene.anna, scene.anna]


def test_marks_move_with_a_merged_record_and_back(scene: Scene) -> None:
    scene.journal.send([mark(1, scene.anna)])
    survivor = b.person("Мальцева Анна Павловна", born=date(2014, 5, 20), snils=b.snils_of(9))
    made = merging.merge(actor=b.ROOT, survivor_id=survivor, merged_id=scene.anna, basis="одно свидетельство")
    assert Mark.objects.get().person_id == survivor
    merging.unmerge(actor=b.ROOT, merge_id=made.id, basis="ошибка")
    assert Mark.objects.get().person_id == scene.anna


def test_every_kind_of_record_comes_in(scene: Scene) -> None:
    lesson = {
        "id": "l1", "version": 1, "class": "5А", "date": "2025-10-10", "subject": "Математика", "number": 2,
        "topic": "Дроби", "homework": "§ 5, № 12", "teacher": "Гилёва А. С.",
    }  # fmt: skip
    assert counted(scene.journal.send([lesson], records="lessons")) == {"created": 1}
    late = {
        "id": "a1",
        "version": 1,
        "learner": str(scene.anna),
        "date": "2025-10-10",
        "subject": "s09",
        "code": "о",
        "minutes": 10,
    }
    assert counted(scene.journal.send([late], key="k2", records="attendance")) == {"created": 1}
    final = {
        "id": "f1", "version": 1, "learner": str(scene.anna), "date": "2025-10-27", "subject": "s09", "kind": "period", "period": "1",
        "value": "4",
    }  # fmt: skip
    assert counted(scene.journal.send([final], key="k3", records="finals")) == {"created": 1}
    assert Lesson.objects.get().topic == "Дроби"
    assert Attendance.objects.get().minutes == 10
    assert PeriodMark.objects.get().period_code == "1"
    unknown = scene.journal.send([lesson | {"id": "l2", "class": "6Ж"}], key="k4", records="lessons")
    assert counted(unknown) == {"refused": 1}
    assert scene.journal.refusals()[0]["code"] == "class_unknown"


def test_a_class_of_another_school_is_refused(scene: Scene) -> None:
    other = b.group(b.school("Школа № 9"), "5Б")
    rows = [
        {"id": "l1", "version": 1, "class": str(other.id), "date": "2025-10-10", "subject": "s09"},
        {"id": "l2", "version": 1, "class": "5Б", "organisation": other.organisation.ogrn, "date": "2025-10-10", "subject": "s09"},
    ]  # fmt: skip
    assert counted(scene.journal.send(rows, records="lessons")) == {"refused": 2}
    assert not Lesson.objects.exists()


def test_a_subject_is_bound_once_and_the_row_comes_again(scene: Scene) -> None:
    scene.journal.send([mark(1, scene.anna, subject="Матем.")])
    with pytest.raises(InvalidValue):
        actions.map_subject(actor=b.ROOT, journal_code="epos", text="Матем.", subject_code="нет")
    actions.map_subject(actor=b.ROOT, journal_code="epos", text="Матем.", subject_code="s09")
    assert counted(scene.journal.send([mark(1, scene.anna, subject="матем")], key="k2")) == {"created": 1}
    assert scene.journal.refusals() == []


# -- closed periods ----------------------------------------------------------------------------

QUARTERS = [
    GradingPeriodDraft("1", date(2025, 9, 1), date(2025, 10, 27), date(2025, 11, 6)),
    GradingPeriodDraft("2", date(2025, 11, 5), date(2025, 12, 31), date(2099, 1, 1)),
]


def test_a_late_change_waits_for_a_human(scene: Scene) -> None:
    scene.journal.send([mark(1, scene.anna, value="3")])
    actions.set_periods(actor=b.ROOT, school_year=2025, periods=QUARTERS)
    rows = [
        mark(1, scene.anna, version=2, value="5"),
        mark(2, scene.boris),
        mark(3, scene.boris, date="2025-11-06"),
    ]
    answer = scene.journal.send(rows, key="k2")
    assert counted(answer) == {"late": 2, "created": 1}
    assert Mark.objects.get(external_id="m1").value == "3"
    waiting = {one.external_id: one for one in LateCorrection.objects.all()}
    assert (waiting["m1"].before or {})["value"] == "3"
    assert waiting["m2"].before is None
    newer = scene.journal.send([mark(1, scene.anna, version=3, value="4")], key="k3")
    assert counted(newer) == {"late": 1}
    older = scene.journal.send([mark(1, scene.anna, version=2, value="5")], key="k4")
    assert counted(older) == {"late": 1}
    late = LateCorrection.objects.get(external_id="m1")
    assert late.staged["value"] == "4"

    teacher = b.actor_of(b.school("Школа № 9"))
    with pytest.raises(NotAllowed):
        actions.decide_late(actor=teacher, correction_id=late.id, accept=True, reason="приказ")
    own = b.actor_of(scene.school)
    with pytest.raises(InvalidValue):
        actions.decide_late(actor=own, correction_id=late.id, accept=True, reason=" ")
    assert Mark.objects.get(external_id="m1").value == "3"
    actions.decide_late(actor=own, correction_id=late.id, accept=True, reason="приказ № 7")
    assert Mark.objects.get(external_id="m1").value == "4"
    with pytest.raises(Conflict):
        actions.decide_late(actor=own, correction_id=late.id, accept=False, reason="ещё раз")
    actions.decide_late(actor=own, correction_id=waiting["m2"].id, accept=False, reason="период закрыт")
    assert not Mark.objects.filter(external_id="m2").exists()


def test_a_mark_of_a_closed_period_is_not_taken_away_by_another_day(scene: Scene) -> None:
    """What stands is of the closed period, whatever day the newer message names."""
    scene.journal.send(
        [mark(n, scene.anna, value="2") for n in (1, 2, 3)] + [mark(4, scene.anna, deleted=True)]
    )
    actions.set_periods(actor=b.ROOT, school_year=2025, periods=QUARTERS)
    open_day = {"version": 2, "date": "2025-11-06"}
    rows = [
        mark(1, scene.anna, value="5", **open_day),
        mark(2, scene.anna, deleted=True, **open_day),
        mark(3, scene.boris, value="2", **open_day),
        mark(4, scene.anna, value="5", **open_day),
    ]
    assert counted(scene.journal.send(rows, key="k2")) == {"late": 3, "changed": 1}
    stands = Mark.objects.filter(withdrawn_at__isnull=True, given_on=date(2025, 10, 10), person_id=scene.anna)
    assert set(stands.values_list("external_id", "value")) == {("m1", "2"), ("m2", "2"), ("m3", "2")}
    late = LateCorrection.objects.get(external_id="m1")
    assert ((late.before or {})["given_on"], late.staged["given_on"]) == ("2025-10-10", "2025-11-06")
    actions.decide_late(
        actor=b.actor_of(scene.school), correction_id=late.id, accept=True, reason="приказ № 7"
    )
    moved = Mark.objects.get(external_id="m1")
    assert (moved.value, moved.given_on) == ("5", date(2025, 11, 6))


def test_what_is_closed_is_asked_where_the_replaced_mark_stands(scene: Scene) -> None:
    """The quarter of the fifth grade is closed; that of the learner of the tenth, to whom the mark would go, is not."""
    gleb = b.person("Орлов Глеб Ильич", born=date(2009, 4, 4))
    b.admitted(gleb, b.group(scene.school, "10А"))
    scene.journal.send([mark(1, scene.anna), mark(2, gleb)])
    actions.set_periods(
        actor=b.ROOT, school_year=2025, periods=[one._replace(grade_to=9) for one in QUARTERS]
    )
    rows = [mark(1, gleb, version=2), mark(2, scene.anna, version=2, date="2025-11-06")]
    assert counted(scene.journal.send(rows, key="k2")) == {"late": 1, "changed": 1}
    assert Mark.objects.get(external_id="m1").person_id == scene.anna
    assert Mark.objects.get(external_id="m2").person_id == scene.anna


def test_a_school_does_not_decide_over_what_stands_in_another(scene: Scene) -> None:
    """It does not see the mark of a stranger's learner, and would write a second one under the same id."""
    other = b.school("Школа № 9")
    vera = b.person("Яковлева Вера Олеговна", born=date(2014, 3, 3))
    b.admitted(vera, b.group(other, "5Б"))
    region = Sender(code="region")
    region.send([mark(1, scene.anna)])
    actions.set_periods(actor=b.ROOT, school_year=2025, periods=QUARTERS)
    assert counted(region.send([mark(1, vera, version=2)], key="k2")) == {"late": 1}
    late, decider = LateCorrection.objects.get(), b.actor_of(other)
    assert late.organisation_id == other.id
    with scoped(decider), pytest.raises(RuleViolation, match="в другой организации"):
        actions.decide_late(actor=decider, correction_id=late.id, accept=True, reason="приказ № 7")
    assert [(one.person_id, one.version) for one in Mark.objects.all()] == [(scene.anna, 1)]
    assert LateCorrection.objects.get().state == "waiting"
    with scoped(decider):
        actions.decide_late(actor=decider, correction_id=late.id, accept=False, reason="чужая отметка")


def test_the_mark_of_a_closed_period_is_late_whatever_day_it_was_given(scene: Scene) -> None:
    final = {"subject": "s09", "kind": "period", "period": "1", "value": "3", "date": "2025-11-06"}
    usual = {"version": 1, "learner": str(scene.anna)} | final
    scene.journal.send([usual | {"id": "f1"}, usual | {"id": "f2"}], records="finals")
    year = GradingPeriodDraft("20", date(2025, 9, 1), date(2025, 10, 27), date(2025, 11, 5))
    actions.set_periods(actor=b.ROOT, school_year=2025, periods=[*QUARTERS, year])
    rows = [
        usual | {"id": "f1", "version": 2, "value": "5"},
        usual | {"id": "f2", "version": 2, "period": "2"},
        usual | {"id": "f3", "period": "2"},
        usual | {"id": "f4", "kind": "retake"},
        usual | {"id": "f5", "kind": "year", "period": "20"},
        usual | {"id": "f6", "kind": "exam", "period": "20"},
    ]
    assert counted(scene.journal.send(rows, key="k2", records="finals")) == {"late": 3, "created": 3}
    assert set(PeriodMark.objects.filter(period_code="1").values_list("external_id", "value")) == {
        ("f1", "3"), ("f2", "3"), ("f4", "3"),
    }  # fmt: skip


def test_a_school_may_have_periods_of_its_own_and_a_journal_its_history_opened(scene: Scene) -> None:
    actions.set_periods(actor=b.ROOT, school_year=2025, periods=QUARTERS)
    actions.set_periods(
        actor=b.ROOT, school_year=2025, organisation_id=scene.school.id,
        periods=[GradingPeriodDraft("8", date(2025, 9, 1), date(2026, 1, 1), date(2099, 1, 1))],
    )  # fmt: skip
    assert counted(scene.journal.send([mark(1, scene.anna)])) == {"created": 1}
    actions.set_periods(actor=b.ROOT, school_year=2025, organisation_id=scene.school.id, periods=[])
    assert counted(scene.journal.send([mark(2, scene.anna)], key="k2")) == {"late": 1}
    actions.open_history(actor=b.ROOT, journal_code="epos", until=date(2099, 1, 1))
    assert counted(scene.journal.send([mark(3, scene.anna)], key="k3")) == {"created": 1}


# -- doors -------------------------------------------------------------------------------------


def test_who_may_not_deliver(scene: Scene) -> None:
    other = Sender(b.school("Школа № 9"), code="other")
    body = lines([mark(1, scene.anna)])
    scene.journal.send([mark(1, scene.anna)], key="mine")
    is_problem(scene.journal.post(body, token=""), 401, "machines.token_missing")
    reader = m.token_of(m.client(scene.school, scopes=("organisations.read", "learners.read")))
    is_problem(scene.journal.post(body, token=reader), 403, "machines.scope_missing")
    is_problem(other.post(body, journal="epos", key="mine"), 404, "performance.no_such_journal")
    is_problem(scene.journal.post(body, journal="none"), 404, "performance.no_such_journal")
    assert counted(other.send([mark(1, scene.anna)], key="mine")) == {"refused": 1}
    assert Mark.objects.count() == 1


@pytest.mark.parametrize(
    ("how", "status", "code"),
    [
        ({"key": ""}, 400, "api.parameter"),
        ({"key": "пробел"}, 400, "api.parameter"),
        ({"records": "wishes"}, 400, "api.parameter"),
        ({"year": None}, 400, "journals.school_year"),
        ({"year": 1999}, 400, "journals.school_year"),
        ({"year": 2100}, 400, "journals.school_year"),
        ({"kind": "application/json"}, 400, "journals.content_type"),
        ({"encoding": "br"}, 400, "journals.content_encoding"),
        ({"encoding": "gzip"}, 422, "journals.not_compressed_so"),
    ],
)
def test_an_order_that_cannot_be(scene: Scene, how: dict[str, Any], status: int, code: str) -> None:
    is_problem(scene.journal.post(lines([mark(1, scene.anna)]), **how), status, code)
    assert not Mark.objects.exists()


@pytest.mark.parametrize(
    "header",
    [
        "id;version;learner;date;value",
        "id;version;learner;date;subject;value;вес",
        "id;id;version;learner;date;subject",
    ],
)
def test_a_csv_of_other_columns_is_refused_whole(scene: Scene, header: str) -> None:
    answer = scene.journal.post(f"{header}\n1;2;3;4;5;6\n".encode(), kind="text/csv")
    is_problem(answer, 422, "journals.header")
    assert scene.journal.get("batches/k1").json()["broken_by"] == "journals.header"


@pytest.mark.parametrize(
    ("body", "encoding", "code"),
    [
        (b"x" * (1 << 20), "", "journals.line_too_long"),
        (zstd.compress(b"\n" * (1 << 27)), "zstd", "journals.bomb"),
        (gzip.compress(b"{}")[:-3], "gzip", "journals.cut_short"),
    ],
    ids=["endless line", "bomb", "cut short"],
)
def test_a_body_that_cannot_be_read_on_leaves_nothing_half_done(
    scene: Scene, body: bytes, encoding: str, code: str
) -> None:
    good = packed(lines(mark(n, scene.anna) for n in range(100)), encoding)
    is_problem(scene.journal.post(good + body, encoding=encoding), 422, code)
    assert not Mark.objects.exists()
    state = scene.journal.get("batches/k1").json()
    assert (state["state"], state["broken_by"], state["taken_rows"]) == ("broken", code, 0)
    assert counted(scene.journal.send([mark(1, scene.anna)])) == {"created": 1}


def test_a_body_that_breaks_off_is_not_taken_for_a_whole_one(scene: Scene) -> None:
    """A connection that dies at the end of a line looks like the end of the body, but for the length that was announced."""
    whole = lines([mark(n, scene.anna) for n in range(4)])
    half = lines([mark(n, scene.anna) for n in range(2)])
    environ: Any = {
        "CONTENT_LENGTH": str(len(whole)),
        "wsgi.input": io.BytesIO(half),
        "wsgi.input_terminated": True,
    }
    answer = Client().post(
        "/api/v1/journals/epos/batches?key=k1&records=marks&school_year=2025", half,
        content_type="application/x-ndjson", headers={"Authorization": f"Bearer {scene.journal.token}"}, **environ,
    )  # fmt: skip
    is_problem(answer, 422, "journals.cut_short")
    state = scene.journal.get("batches/k1").json()
    assert (state["state"], state["broken_by"], state["taken_rows"]) == ("broken", "journals.cut_short", 0)
    again = scene.journal.post(whole).json()
    assert (again["state"], again["taken_rows"], counted(again)) == ("done", 4, {"created": 4})


def test_a_key_belongs_to_one_delivery(scene: Scene) -> None:
    scene.journal.send([mark(1, scene.anna)])
    is_problem(scene.journal.post(b"{}", records="attendance"), 409, "journals.key_taken")
    again = scene.journal.send([mark(1, scene.anna)])
    assert (again["state"], counted(again)) == ("done", {"created": 1})
    assert Mark.objects.count() == 1


@pytest.mark.parametrize("encoding", ["", "zstd"])
def test_a_batch_that_is_done_is_told_from_another_under_its_key(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    """What would come of the other rows: nothing, and an answer that all is done."""
    monkeypatch.setattr(chunks, "ROWS", 10)
    rows = [mark(n, scene.anna) for n in range(25)]
    done = scene.journal.send(rows)
    others: tuple[list[dict[str, Any]], ...] = (
        [*rows, mark(25, scene.anna)], rows[:24], rows[:20], [], [mark(0, scene.boris), *rows[1:]], [*rows[:24], mark(24, scene.boris)]
    )  # fmt: skip
    for other in others:
        is_problem(
            scene.journal.post(packed(lines(other) or b"\n", encoding), encoding=encoding),
            409,
            "journals.other_content",
        )
    is_problem(scene.journal.post(lines(rows) + b"x" * (1 << 17)), 422, "journals.line_too_long")
    assert scene.journal.get("batches/k1").json() == done
    again = scene.journal.post(packed(lines(rows), encoding), encoding=encoding).json()
    assert again == done
    assert Mark.objects.count() == 25
    assert Entry.objects.filter(kind="performance.batch_taken").count() == 1


def test_the_busy_are_asked_to_wait(scene: Scene, settings: Any) -> None:
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": None}) as other:
        other.execute("SELECT pg_advisory_lock(%s, %s)", [0x6A71, scene.journal.journal.pk])
        answer = scene.journal.post(lines([mark(1, scene.anna)]))
        is_problem(answer, 429, "journals.busy")
        assert int(answer.headers["Retry-After"]) > 0
        other.execute("SELECT pg_advisory_unlock_all()")
    settings.JOURNALS_AT_ONCE = 0
    is_problem(scene.journal.post(lines([mark(1, scene.anna)])), 429, "journals.busy")
    assert not JournalBatch.objects.exists()
    settings.JOURNALS_AT_ONCE = 1
    assert counted(scene.journal.send([mark(1, scene.anna)])) == {"created": 1}


# -- going on ----------------------------------------------------------------------------------


def test_an_interrupted_batch_goes_on_where_it_stood(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "ROWS", 10)
    rows = [mark(n, scene.anna) for n in range(35)] + [mark(35, scene.anna, value="6")]
    whole = packed(lines(rows), "")
    is_problem(scene.journal.post(lines(rows[:25]) + b"x" * (1 << 17)), 422, "journals.line_too_long")
    state = scene.journal.get("batches/k1").json()
    assert (state["state"], state["taken_rows"]) == ("broken", 20)
    other = lines([mark(n, scene.boris) for n in range(36)])
    is_problem(scene.journal.post(other), 409, "journals.other_content")
    answer = scene.journal.post(whole)
    assert answer.json()["taken_rows"] == 36
    assert counted(answer.json()) == {"created": 35, "refused": 1}
    assert Mark.objects.count() == 35
    told: list[dict[str, Any]] = []
    cursor: str | None = "0"
    while cursor is not None:
        page = scene.journal.get("batches/k1/receipts", limit=7, cursor=cursor).json()
        told += page["items"]
        cursor = page["next_cursor"]
    assert [one["row"] for one in told] == list(range(1, 37))
    assert [one["outcome"] for one in told] == ["created"] * 35 + ["refused"]


def test_what_was_said_before_and_stands_is_not_read_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "ROWS", 10)
    monkeypatch.setattr(taking, "LARGE", 10)
    read: list[int] = []
    reads = Chunk.read

    def noted(chunk: Chunk, reader: Reader) -> None:
        if chunk.parts:
            read.append(chunk.first_row)
        reads(chunk, reader)

    monkeypatch.setattr(Chunk, "read", noted)

    def again(rows: list[dict[str, Any]], key: str) -> tuple[list[int], str]:
        read.clear()
        scene.journal.send(rows, key=key)
        receipts = ChunkReceipt.objects.filter(batch__key=key).order_by("first_row")
        return list(read), "".join(one.outcomes for one in receipts)

    rows = [mark(n, scene.anna) for n in range(100, 130)]
    rows[3] = rows[3] | {"id": "m104", "version": 0}
    first = "nnnsnnnnnn" + "n" * 20
    assert again(rows, "night-1") == ([0, 10, 20], first)
    assert again(rows, "night-2") == ([], first.replace("n", "u"))
    changed = [*rows[:15], rows[15] | {"version": 2, "value": "2"}, *rows[16:]]
    assert again(changed, "night-3") == ([10], first.replace("n", "u")[:15] + "c" + "u" * 14)
    assert again(rows, "night-4") == ([10], first.replace("n", "u")[:15] + "s" + "u" * 14)
    assert again(changed, "night-5") == ([], first.replace("n", "u"))
    scene.journal.send([mark(125, scene.anna, version=3, value="3")], key="day")
    assert again(changed, "night-6") == ([20], first.replace("n", "u")[:25] + "s" + "u" * 4)
    actions.map_subject(actor=b.ROOT, journal_code="epos", text="Матем.", subject_code="s09")
    assert again(changed, "night-7")[0] == [0, 10, 20]
    assert Mark.objects.count() == 29


def test_what_was_refused_is_read_again(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "ROWS", 10)
    monkeypatch.setattr(taking, "LARGE", 10)
    rows = [mark(n, scene.anna, subject="Матем.") for n in range(10)]
    assert counted(scene.journal.send(rows)) == {"refused": 10}
    assert not ChunkReceipt.objects.filter(said__isnull=False).exists()
    rows = [mark(n, "ученик-17") for n in range(10)]
    assert counted(scene.journal.send(rows, key="k2")) == {"refused": 10}
    SourceKey.objects.create(source="journal:epos", external_id="ученик-17", person_id=scene.anna)
    assert counted(scene.journal.send(rows, key="k3")) == {"created": 10}
    assert not ChunkReceipt.objects.filter(said__isnull=False).exists()


def test_answers_fit_their_schemas(scene: Scene) -> None:
    body = lines([mark(1, scene.anna), mark(2, scene.anna, value="6")])
    fits(scene.journal.post(body).json(), declarations.DELIVER.answer)
    for endpoint in (declarations.BATCH, declarations.RECEIPTS, declarations.REFUSED_ROWS):
        address = endpoint.path.split("{journal}/")[1].replace("{key}", "k1")
        fits(scene.journal.get(address).json(), endpoint.answer)
    is_problem(scene.journal.get("batches/none"), 404, "journals.no_such_batch")
    is_problem(scene.journal.get("batches/k1/receipts", cursor="x"), 400, "api.parameter")


def test_the_journal_of_acts_tells_of_a_batch(scene: Scene) -> None:
    scene.journal.send([mark(1, scene.anna), mark(2, scene.anna, value="6")])
    entry = Entry.objects.get(kind="performance.batch_taken")
    assert entry.actor_code == f"client:{scene.journal.client.id}"
    assert entry.data["outcomes"] == {"n": 1, "r": 1}
    assert (entry.data["rows"], entry.data["journal"]) == (2, "epos")


def test_the_number_of_statements_does_not_grow_with_rows(scene: Scene) -> None:
    scene.journal.send([mark(0, scene.anna)], key="warm-up")
    counts = []
    for count in (1, 500):
        with CaptureQueriesContext(connection) as asked:
            scene.journal.send((mark(n, scene.anna, version=2) for n in range(1, count + 1)), key=f"n{count}")
        counts.append(len(asked))
    assert counts[0] == counts[1] < 60
