"""Lists of a set against the register: refused with their places, compared, applied as a draft, taken back."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import time_machine

from kontingent.enrolment.models import Enrolment, Group, Order
from kontingent.exchange.oneroster import checking, rostering
from kontingent.exchange.oneroster.rostering import RosterRefused
from kontingent.exchange.oneroster.rosters import Known, Listed, Roster, changes_of, is_changes, roster_of
from kontingent.exchange.staging import applying, reading
from kontingent.exchange.staging.models import Batch, Row
from kontingent.kernel.errors import NotAllowed
from kontingent.organisations.models import Organisation
from kontingent.persons.models import Person
from tests import builders as b
from tests.oneroster.sets import files_of, zipped

NOW = "2026-10-20T09:00:00+05:00"
PEOPLE = (
    ("u1", "Иванова", "Анна", "Петровна", "2015-03-04", "female", "c5a"),
    ("u2", "Носков", "Пётр", "Ильич", "2015-02-01", "male", "c5a"),
    ("u3", "Зубова", "Вера", "", "2015-07-09", "female", "c5b"),
)


def files(ogrn: str = "1025900000001", people: Any = PEOPLE) -> dict[str, str | bytes]:
    """A set of a school with two classes and these learners."""
    found: dict[str, str | bytes] = dict(files_of())
    heads = {
        name: str(found[f"{name}.csv"]).split("\r\n")[0]
        for name in ("users", "demographics", "enrollments", "roles", "classes")
    }
    rows = {
        "users": [f"{k},,,true,{k},,{given},{family},{middle},,,,,,05,,,,,,s1," for k, family, given, middle, *_ in people],
        "demographics": [f"{k},,,{born},{sex},,,,,,,,,,," for k, _, _, _, born, sex, _ in people],
        "enrollments": [f"e-{k},,,{place},s1,{k},student,true,2026-09-01," for k, *_, place in people],
        "roles": [f"o-{k},,,{k},primary,student,2026-09-01,,s1," for k, *_ in people],
        "classes": [f'{key},,,{title},05,m5,,homeroom,,s1,"y27,q1",,,' for key, title in (("c5a", "5А"), ("c5b", "5 «Б»"))],
    }  # fmt: skip
    for name, lines in rows.items():
        found[f"{name}.csv"] = "\r\n".join([heads[name], *lines, ""])
    found["orgs.csv"] = str(found["orgs.csv"]).replace("1025900000001", ogrn)
    return found


def _roster(changes: dict[str, tuple[str, str]] | None = None, people: Any = PEOPLE) -> Roster:
    made = files(people=people)
    for name, (old, new) in (changes or {}).items():
        text = str(made[f"{name}.csv"])
        assert old in text
        made[f"{name}.csv"] = text.replace(old, new)
    read = checking.check(zipped(made))
    assert read.content is not None, [str(one) for one in read.defects]
    return roster_of(read.content, "1025900000001")


def test_a_set_is_a_class_list() -> None:
    found = _roster()
    assert found.defects == []
    assert [(one.line, one.family_name, one.sex, one.class_title) for one in found.learners] == [
        (2, "Иванова", "ж", "5А"), (3, "Носков", "м", "5А"), (4, "Зубова", "ж", "5Б"),
    ]  # fmt: skip
    assert (found.classes, found.school_year) == ({"5А": 2, "5Б": 1}, 2026)


@pytest.mark.parametrize(
    ("changes", "file", "line", "column"),
    [
        ({"orgs": ("1025900000001", "1025900000002")}, "orgs.csv", 2, "identifier"),
        ({"orgs": (",school,", ",district,")}, "orgs.csv", 0, "type"),
        ({"classes": ("5А", "пятый")}, "classes.csv", 2, "title"),
        ({"classes": ("5 «Б»", "5-а")}, "classes.csv", 3, "title"),
        ({"demographics": ("2015-02-01", "")}, "demographics.csv", 3, "birthDate"),
        ({"enrollments": ("e-u3,,,c5b,s1,u3", "e-u3,,,c5b,s1,u1")}, "enrollments.csv", 4, "userSourcedId"),
        ({"classes": ("homeroom", "scheduled")}, "enrollments.csv", 0, "role"),
        ({"academicSessions": (",y27,2027", ",y27,2028")}, "classes.csv", 0, "termSourcedIds"),
    ],
)  # fmt: skip
def test_what_is_no_class_list_is_told_with_its_place(
    changes: dict[str, tuple[str, str]], file: str, line: int, column: str
) -> None:
    places = [(one.file, one.line, one.column) for one in _roster(changes).defects]
    assert (file, line, column) in places


# -- changes ----------------------------------------------------------------------------------------

STAMP = ",2026-10-19T10:00:00Z,"
HERE = Known(
    "school-id", {"g5a": "5А"}, {"p1": Listed(0, "p1", "Тиунов", "Олег", "Игоревич", "2015-05-05", "м", "5А")}
)


def changes(ogrn: str, **rows: list[str]) -> dict[str, str | bytes]:
    """A set of changes: files with these rows, «+» before what is active, «-» before what is to be deleted."""
    found: dict[str, str | bytes] = dict(files_of(delta=True))
    for name in [one.removesuffix(".csv") for one in found if one != "manifest.csv"]:
        if name not in rows:
            del found[f"{name}.csv"]
            found["manifest.csv"] = str(found["manifest.csv"]).replace(
                f"file.{name},delta", f"file.{name},absent"
            )
            continue
        head = files_of()[f"{name}.csv"].split("\r\n")[0]
        said = [
            row[1:].replace(",,,", f",{'active' if row[0] == '+' else 'tobedeleted'}{STAMP}", 1)
            for row in rows[name]
        ]
        found[f"{name}.csv"] = "\r\n".join([head, *said, ""]).replace("1025900000001", ogrn)
    return found


def user(key: str, family: str, given: str, middle: str = "", sign: str = "+") -> str:
    return f"{sign}{key},,,true,{key},,{given},{family},{middle},,,,,,05,,,,,,s1,"


def seat(key: str, place: str, school: str = "s1", sign: str = "+") -> str:
    return f"{sign}e-{key}-{place},,,{place},{school},{key},student,true,2026-09-01,"


SCHOOL = ["+s1,,,Школа,school,1025900000001,"]
FIVE_A = ['+c5a,,,5А,05,m5,,homeroom,,s1,"y27,q1",,,']


def read_changes(**rows: list[str]) -> Roster:
    read = checking.check(zipped(changes("1025900000001", **rows)))
    assert read.content is not None, [str(one) for one in read.defects]
    assert is_changes(read.content)
    return changes_of(read.content, "1025900000001", HERE)


def test_changes_are_completed_by_what_the_register_knows_under_its_own_ids() -> None:
    found = read_changes(
        users=[user("p1", "Тиунов", "Олег", "Ильич"), user("u9", "Зубова", "Вера")],
        demographics=["+u9,,,2015-07-09,female,,,,,,,,,,,"],
        enrollments=[seat("u9", "g5a", "school-id")],
    )
    assert found.defects == []
    assert [one[2:] for one in found.learners] == [
        ("Тиунов", "Олег", "Ильич", "2015-05-05", "м", "5А"), ("Зубова", "Вера", "", "2015-07-09", "ж", "5А"),
    ]  # fmt: skip
    assert (found.classes, found.gone, found.of_nobody) == ({"5А": 2}, [], 0)


def test_who_moved_to_another_class_has_not_left_and_who_left_is_told_with_the_place() -> None:
    found = read_changes(
        orgs=SCHOOL, classes=['+c5b,,,5Б,05,m5,,homeroom,,s1,"y27,q1",,,'],
        users=[user("u3", "Носков", "Пётр", sign="-")],
        enrollments=[seat("p1", "g5a", "school-id", "-"), seat("p1", "c5b"), seat("u2", "c5b", sign="-"), seat("x", "c1", "other", "-")],
    )  # fmt: skip
    assert found.defects == []
    assert [(one.key, one.class_title) for one in found.learners] == [("p1", "5Б")]
    assert [(one.file, one.line, one.key, one.name[:2]) for one in found.gone] == [
        ("enrollments.csv", 4, "u2", ("", "")), ("users.csv", 2, "u3", ("Носков", "Пётр")),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "file", "line", "column"),
    [
        ({"enrollments": [seat("p1", "c7", "school-id")]}, "enrollments.csv", 2, "classSourcedId"),
        ({"enrollments": [seat("u9", "g5a", "school-id")]}, "users.csv", 0, "sourcedId"),
        ({"enrollments": [seat("u9", "g5a", "school-id")], "users": [user("u9", "Зубова", "Вера")]}, "demographics.csv", 0, "birthDate"),
        ({"enrollments": [seat("u9", "c1", "other")]}, "enrollments.csv", 0, ""),
        ({"users": [user("t1", "Учителева", "Нина")]}, "enrollments.csv", 0, ""),
        ({"orgs": SCHOOL, "classes": [FIVE_A[0].replace("5А", "пятый")], "enrollments": [seat("p1", "g5a", "school-id")]}, "classes.csv", 2, "title"),
    ],
    ids=["unknown class", "nobody", "no birthday", "another school", "only strangers", "class without a number"],
)  # fmt: skip
def test_changes_that_cannot_be_completed_are_told_with_their_place(
    rows: dict[str, list[str]], file: str, line: int, column: str
) -> None:
    assert (file, line, column) in [(one.file, one.line, one.column) for one in read_changes(**rows).defects]


def test_half_in_full_and_half_as_changes_is_no_list() -> None:
    made = files()
    made["manifest.csv"] = str(made["manifest.csv"]).replace("file.users,bulk", "file.users,delta")
    made["users.csv"] = str(made["users.csv"]).replace(",,,true", f",active{STAMP}true")
    read = checking.check(zipped(made))
    assert read.content is not None, [str(one) for one in read.defects]
    assert not is_changes(read.content)
    assert {one.file for one in roster_of(read.content, "1025900000001").defects} == {"users.csv"}


# -- with the register ---------------------------------------------------------------------------


@pytest.fixture
def school(settings: Any, tmp_path: Any) -> Any:
    settings.VAR_DIR = tmp_path
    with time_machine.travel(NOW, tick=True):
        found = b.school("СОШ № 12")
        at_home = b.person("Иванова Анна Петровна", born=date(2015, 3, 4), sex="2")
        gone = b.person("Тиунов Олег Игоревич", born=date(2015, 5, 5), sex="1")
        group = b.group(found, "5А", year=2026)
        b.admitted(at_home, group, on=date(2026, 9, 1))
        b.admitted(gone, group, on=date(2026, 9, 1))
        yield found


def compared(at: Organisation, **facts: Any) -> Batch:
    packed = zipped(files(at.ogrn, **facts))
    batch = rostering.receive(actor=b.ROOT, organisation_id=at.pk, packed=packed, filename="набор.zip")
    return reading.read(batch.id)


@pytest.mark.django_db
def test_it_is_compared_without_writing_anything(school: Organisation) -> None:
    people, groups = Person.objects.count(), Group.objects.count()
    batch = compared(school)
    assert (batch.state, batch.refusal) == ("checked", "")
    found = {one.parsed["family_name"]: one.status for one in Row.objects.filter(batch=batch)}
    assert found == {"Иванова": "unchanged", "Носков": "create", "Зубова": "create"}
    seen = rostering.overview(b.ROOT, batch)
    assert seen is not None
    assert list(map(list, seen.classes)) == [["5А", 2, True], ["5Б", 1, False]]
    assert [(one.name, one.class_title) for one in seen.absent] == [("Тиунов Олег Игоревич", "5А")]
    assert (Person.objects.count(), Group.objects.count(), Order.objects.filter(status="draft").count()) == (
        people,
        groups,
        0,
    )


@pytest.mark.django_db
def test_applied_it_leaves_a_draft_and_nobody_is_enrolled_by_it_and_it_is_taken_back(
    school: Organisation,
) -> None:
    enrolled = Enrolment.objects.filter(superseded_at__isnull=True).count()
    batch = applying.apply(actor=b.ROOT, batch_id=compared(school).id)
    assert (batch.result["create"], batch.result["drafts"], batch.result.get("admitted", 0)) == (2, 1, 0)
    assert Enrolment.objects.filter(superseded_at__isnull=True).count() == enrolled
    order = Order.objects.get(import_batch=batch.id)
    assert order.status == "draft"
    assert sorted(line.person.family_name for line in order.lines.all()) == ["Зубова", "Носков"]
    undone = applying.undo(actor=b.ROOT, batch_id=batch.id)
    assert undone.state == "undone"
    assert not Order.objects.filter(import_batch=batch.id, status="draft").exists()


@pytest.mark.django_db
def test_a_defective_set_and_a_stranger_leave_nothing(school: Organisation) -> None:
    spoilt = files(school.ogrn)
    spoilt["users.csv"] = str(spoilt["users.csv"]).replace("true", "да", 1)
    with pytest.raises(RosterRefused) as told:
        rostering.receive(actor=b.ROOT, organisation_id=school.pk, packed=zipped(spoilt), filename="x.zip")
    assert [(one.file, one.line, one.column) for one in told.value.defects] == [
        ("users.csv", 2, "enabledUser")
    ]
    other = b.school("СОШ № 13")
    with pytest.raises(RosterRefused):
        rostering.receive(
            actor=b.ROOT, organisation_id=other.pk, packed=zipped(files(school.ogrn)), filename="x.zip"
        )
    with pytest.raises(NotAllowed):
        rostering.receive(
            actor=b.actor_of(other),
            organisation_id=school.pk,
            packed=zipped(files(school.ogrn)),
            filename="x.zip",
        )
    assert not Batch.objects.exists()


def received(at: Organisation, packed: bytes) -> Batch:
    batch = rostering.receive(actor=b.ROOT, organisation_id=at.pk, packed=packed, filename="изменения.zip")
    return reading.read(batch.id)


@pytest.mark.django_db
def test_changes_are_compared_and_move_nobody(school: Organisation) -> None:
    anna, oleg = Person.objects.get(family_name="Иванова"), Person.objects.get(family_name="Тиунов")
    group = Group.objects.get()
    left = b.person("Рожков Илья Олегович", born=date(2015, 6, 6), sex="1")
    b.admitted(left, group, on=date(2026, 9, 1))
    before = (Person.objects.count(), Enrolment.objects.count(), Order.objects.count())
    packed = zipped(changes(
        school.ogrn,
        users=[user(str(anna.pk), "Иванова", "Анна", "Павловна"), user("u9", "Зубова", "Вера"), user("r1", "Рожков", "Илья", "Олегович", "-"),
               user("r2", "Никитин", "Никто", "", "-"), user("t1", "Учителева", "Нина")],
        demographics=["+u9,,,2015-07-09,female,,,,,,,,,,,"],
        enrollments=[seat("u9", str(group.pk), str(school.pk)), seat(str(oleg.pk), str(group.pk), str(school.pk), "-")],
    ))  # fmt: skip
    batch = received(school, packed)
    assert (batch.state, batch.refusal) == ("checked", "")
    found = {row.parsed["family_name"]: row for row in Row.objects.filter(batch=batch)}
    assert set(found) == {"Иванова", "Зубова"}, "whom changes do not name, nothing became otherwise of"
    assert found["Зубова"].status == "create"
    assert found["Иванова"].status in {"update", "possible"}
    seen = rostering.overview(b.ROOT, batch)
    assert seen is not None
    assert (seen.is_changes, list(map(list, seen.classes)), seen.absent_in_all) == (
        True,
        [["5А", 2, True]],
        2,
    )
    assert [(one.name, one.class_title) for one in seen.absent] == [
        ("Рожков Илья Олегович", "5А"), ("Тиунов Олег Игоревич", "5А"),
    ]  # fmt: skip
    assert (seen.unknown, seen.of_nobody) == (["users.csv, строка 5"], 1)
    assert (Person.objects.count(), Enrolment.objects.count(), Order.objects.count()) == before
    applied = applying.apply(actor=b.ROOT, batch_id=batch.id)
    assert applied.result["drafts"] == 1
    assert Enrolment.objects.count() == before[1], "nobody is enrolled or sent away by a set"


@pytest.mark.django_db
def test_changes_that_only_tell_who_left_are_shown_and_those_of_another_school_leave_nothing(
    school: Organisation,
) -> None:
    oleg, group = Person.objects.get(family_name="Тиунов"), Group.objects.get()
    only_left = zipped(
        changes(school.ogrn, enrollments=[seat(str(oleg.pk), str(group.pk), str(school.pk), "-")])
    )
    batch = received(school, only_left)
    assert (batch.state, batch.refusal, batch.totals.get("rows", 0)) == ("checked", "", 0)
    seen = rostering.overview(b.ROOT, batch)
    assert seen is not None
    assert [one.person_id for one in seen.absent] == [oleg.pk]
    other = b.school("СОШ № 13")
    with pytest.raises(RosterRefused):
        rostering.receive(actor=b.ROOT, organisation_id=other.pk, packed=only_left, filename="x.zip")
    # An id of ours of another school recognises nobody there.
    theirs = zipped(changes(other.ogrn, orgs=SCHOOL, enrollments=[seat(str(oleg.pk), "c5a", sign="-")]))
    told = rostering.overview(b.ROOT, received(other, theirs))
    assert told is not None
    assert (list(told.absent), told.unknown) == ([], ["enrollments.csv, строка 2"])
    assert Batch.objects.count() == 2
