"""The feed: nothing skipped, nothing told twice, nothing told to strangers; a subscriber's copy equals the register."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kontingent.audit.models import Entry
from kontingent.enrolment import actions as enrolment
from kontingent.enrolment import contingent
from kontingent.enrolment.actions.conditions import ConditionChange
from kontingent.enrolment.codes import CLOSING, OPENING
from kontingent.enrolment.contingent import Filter
from kontingent.enrolment.models import Group, Movement
from kontingent.kernel import clock
from kontingent.kernel.errors import Gone, InvalidValue, KontingentError
from kontingent.organisations.models import Organisation
from kontingent.persons import actions as persons
from kontingent.persons import civil, merging
from kontingent.persons.models import IdentityDocument, Merge, Person
from kontingent.persons.rules import Document
from kontingent.trajectory.feed import actions, rules
from kontingent.trajectory.feed.models import Change, Follower, Horizon
from tests import builders as b
from tests.api.machine import got, is_problem, read
from tests.enrolment.test_history_property import World
from tests.machines import clients as m

pytestmark = pytest.mark.django_db


def told(token: str, cursor: str = "", address: str = "changes", **parameters: Any) -> dict[str, Any]:
    answer = got(address, token, cursor=cursor, **parameters)
    assert answer.status_code == 200, answer.content.decode()
    return read(answer)


def everything(token: str, cursor: str = "", *, limit: int = 100) -> Iterator[dict[str, Any]]:
    while True:
        page = told(token, cursor, limit=limit)
        yield from page["items"]
        cursor = page["next_cursor"]
        if not page["more"]:
            return


def quiet(at: Organisation, title: str, **attributes: Any) -> Group:
    """A class that was there before: its opening is no change the test is about."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL kontingent.feed = 'off'")
        made = b.group(at, title, **attributes)
        cursor.execute("SET LOCAL kontingent.feed = 'on'")
    return made


class Copy:
    """A subscriber's own register: movements by id, made of nothing but the feed."""

    def __init__(self, token: str) -> None:
        self.token, self.cursor = token, ""
        self.movements: dict[int, dict[str, Any]] = {}
        self.successors: dict[str, str] = {}
        self.seen: list[int] = []

    def follow(self, *, limit: int = 3) -> None:
        while True:
            page = told(self.token, self.cursor, limit=limit)
            for change in page["items"]:
                self.take(change)
            self.cursor = page["next_cursor"]
            if not page["more"]:
                return

    def take(self, change: dict[str, Any]) -> None:
        self.seen.append(change["id"])
        movement = change["movement"]
        match change["kind"]:
            case "movement.recorded":
                self.movements[movement["id"]] = {
                    **movement, "person": change["person"], "organisation": change["organisation"],
                }  # fmt: skip
            case "movement.cancelled":
                del self.movements[movement["id"]]
            case "movement.reassigned":
                if movement["id"] in self.movements:  # not one that was cancelled before
                    self.movements[movement["id"]]["person"] = change["person"]
            case "person.merged":
                self.successors[change["person"]] = change["other_person"]
            case "person.unmerged":
                self.successors.pop(change["person"], None)  # merged before it was in reach

    def contingent(self, on: date) -> int:
        """Who is enrolled on a day, by nothing but openings and closings."""
        days: dict[str, list[str]] = {}
        for one in self.movements.values():
            if one["kind"] in OPENING | CLOSING:
                days.setdefault(one["enrolment"], ["", "9999"])[one["kind"] in CLOSING] = one["effective_on"]
        return sum(first <= on.isoformat() < last for first, last in days.values())


def registered(*organisations: Organisation) -> dict[int, tuple[Any, ...]]:
    rows = Movement.objects.filter(cancelled_at__isnull=True)
    if organisations:
        rows = rows.filter(organisation__in=organisations)
    return {
        row.id: (
            str(row.enrolment_id), str(row.person_id), str(row.organisation_id), row.kind, row.effective_on.isoformat(),
            row.group_id and str(row.group_id), row.grade,
        )
        for row in rows
    }  # fmt: skip


def copied(copy: Copy) -> dict[int, tuple[Any, ...]]:
    return {
        key: tuple(
            one[name]
            for name in (
                "enrolment", "person", "organisation", "kind", "effective_on", "group", "grade",
            )
        )
        for key, one in copy.movements.items()
    }  # fmt: skip


class Life(World):
    """The world of enrolment, in which records are also corrected, merged and unmerged."""

    def step(self) -> None:
        action = self.random.choice([super().step] * 6 + [self.correct, self.merge, self.unmerge])
        with contextlib.suppress(KontingentError):
            action()

    def correct(self) -> None:
        person = Person.objects.get(pk=self.random.choice(self.people))
        Person.objects.filter(pk=person.id).update(birth_place=f"г. Пермь, {self.random.random()}")

    def merge(self) -> None:
        one, other = self.random.sample(self.people, 2)
        merging.merge(actor=b.ROOT, survivor_id=one, merged_id=other, basis="Проверка")

    def unmerge(self) -> None:
        made = Merge.objects.filter(undone_at__isnull=True).order_by("-made_at").first()
        if made is not None:
            merging.unmerge(actor=b.ROOT, merge_id=made.id, basis="Проверка")


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 10**9))
def test_a_copy_made_of_the_feed_equals_the_register(seed: int) -> None:
    mark = transaction.savepoint()
    try:
        life = Life(seed)
        one = life.schools[0]
        copies = {
            (): Copy(m.token_of(m.client(rate=6000))),
            (one,): Copy(m.token_of(m.client(one, rate=6000))),
        }
        for _ in range(4):
            for _ in range(8):
                life.step()
            for places, copy in copies.items():
                copy.follow()
                assert copied(copy) == registered(*places)
                assert copy.seen == sorted(set(copy.seen))
        merged = {str(p.id): str(p.merged_into_id) for p in Person.objects.filter(merged_into__isnull=False)}
        assert copies[()].successors == merged
        for _ in range(5):
            on = life.day()
            assert copies[()].contingent(on) == contingent.total(b.ROOT, on=on)
            mine = contingent.total(b.ROOT, on=on, where=Filter(organisation_id=one.id))
            assert copies[(one,)].contingent(on) == mine
    finally:
        transaction.savepoint_rollback(mark)


# -- order and late commits --------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_what_commits_late_is_told_later_and_never_skipped() -> None:
    school = b.school()
    group = quiet(school, "5А")
    early, late = b.person("Вяткин Иван Ильич"), b.person("Тиунов Олег Ильич", born=date(2014, 3, 3))
    token = m.token_of(m.client(school))
    start = told(token, "now")["next_cursor"]
    written, may_commit = threading.Event(), threading.Event()

    def admit_and_wait() -> None:
        try:
            with transaction.atomic():
                b.admitted(early, group)
                written.set()
                assert may_commit.wait(20)
        finally:
            connection.close()

    slow = threading.Thread(target=admit_and_wait)
    slow.start()
    assert written.wait(20)
    b.admitted(late, group)  # begun after, written after, committed before
    first = told(token, start)
    assert [one["person"] for one in first["items"]] == [str(late)]
    assert told(token, first["next_cursor"])["items"] == []
    may_commit.set()
    slow.join()
    second = told(token, first["next_cursor"])
    assert [one["person"] for one in second["items"]] == [str(early)]
    ids = dict(Change.objects.values_list("person_id", "id"))
    assert ids[early] < ids[late], "the one that was skipped by ids is the one that matters"
    assert [one["person"] for one in everything(token, start)] == [str(late), str(early)]


@pytest.mark.django_db(transaction=True)
def test_whoever_finds_somebody_numbering_does_not_wait() -> None:
    school = b.school()
    b.admitted(b.person(), quiet(school, "5А"))
    actions.number()
    b.admitted(b.person("Тиунов Олег Ильич"), quiet(school, "5Б"))
    token = m.token_of(m.client(school))
    locked, may_go = threading.Event(), threading.Event()

    def number_slowly() -> None:
        try:
            with transaction.atomic():
                actions.number()
                locked.set()
                assert may_go.wait(20)
        finally:
            connection.close()

    other = threading.Thread(target=number_slowly)
    other.start()
    assert locked.wait(20)
    assert len(told(token)["items"]) == 1
    may_go.set()
    other.join()
    assert [one["id"] for one in told(token)["items"]] == [1, 2]


def test_what_is_rolled_back_is_not_told() -> None:
    school = b.school()
    group = quiet(school, "5А")
    with contextlib.suppress(ZeroDivisionError), transaction.atomic():
        b.admitted(b.person(), group)
        raise ZeroDivisionError
    assert not Change.objects.exists()


def test_a_loader_of_history_is_silent() -> None:
    school = b.school()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL kontingent.feed = 'off'")
    b.admitted(b.person(), b.group(school, "5А"))
    assert not Change.objects.exists()


# -- what is told, and to whom -----------------------------------------------------------------


def test_a_change_names_no_more_than_ids_and_days_and_the_journal_keeps_of_whom() -> None:
    school, other = b.school("Школа № 5"), b.school("Школа № 7")
    anna = b.person("Мальцева Анна Павловна", snils=b.snils_of(9))
    stranger = b.person("Зырянов Иван Ильич")
    stream = b.admitted(anna, quiet(school, "5А"))
    b.admitted(stranger, quiet(other, "5А"))
    b.left(anna, stream, school, on=date(2025, 11, 1))
    persons.correct_person(
        actor=b.ROOT,
        person_id=anna,
        changes={"family_name": "Тиунова"},
        basis="Свидетельство о перемене имени",
    )
    token = m.token_of(m.client(school, scopes=("changes.read",)))
    answer = got("changes", token)
    text = answer.content.decode()
    changes = read(answer)["items"]
    assert [one["kind"] for one in changes] == ["movement.recorded", "movement.recorded", "person.corrected"]
    assert changes[2]["fields"] == ["name"]
    assert changes[2]["movement"] is None
    assert changes[1]["movement"]["effective_on"] == "2025-11-01"
    assert {one["learner"] for one in changes} == {f"/api/v1/learners/{anna}"}
    for word in ("Мальцева", "Тиунова", "Анна", b.snils_of(9), "2014", "Уфа", "T3", str(stranger)):
        assert word not in text
    entry = Entry.objects.filter(kind="feed.changes_given").get()
    assert (entry.subjects, entry.data["count"]) == ([anna], 1)
    assert entry.basis == "exchange"


def test_a_school_is_not_told_of_another_even_without_the_filter_of_python(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from kontingent.trajectory.feed import queries

    school, other = b.school("Школа № 5"), b.school("Школа № 7")
    mine, stranger = b.person("Вяткин Иван Ильич"), b.person("Зырянов Иван Ильич")
    b.admitted(mine, quiet(school, "5А"))
    b.admitted(stranger, quiet(other, "5А"))
    Person.objects.filter(pk__in=[mine, stranger]).update(birth_place="г. Пермь")
    monkeypatch.setattr(queries, "_within", lambda actor: ("", []))
    changes = list(everything(m.token_of(m.client(school))))
    assert {one["person"] for one in changes} == {str(mine)}
    assert {one["kind"] for one in changes} == {"movement.recorded", "person.corrected"}
    everybody = list(everything(m.token_of(m.client())))
    assert {one["person"] for one in everybody} == {str(mine), str(stranger)}


def test_nobody_writes_changes_but_the_triggers() -> None:
    from django.db import Error

    from kontingent.storage.scope import scoped

    school = b.school()
    b.admitted(b.person(), quiet(school, "5А"))
    for actor in (b.ROOT, b.actor_of(school)):
        with pytest.raises(Error, match="permission denied"), scoped(actor):
            Change.objects.create(kind="x", moment=clock.now(), transaction=1, person_id=school.id)
    with scoped(b.actor_of(school)):
        assert Change.objects.update(kind="x") == 0


@pytest.mark.parametrize(
    ("address", "scope"), [("changes", "changes.read"), ("foreign-minors", "foreign-minors.read")]
)
def test_the_scope_is_asked_for(address: str, scope: str) -> None:
    b.admitted(b.person(), quiet(b.school(), "5А"))
    token = m.token_of(m.client(scopes=("organisations.read",)))
    before = m.everything()
    answer = is_problem(got(address, token), 403, "machines.scope_missing")
    assert scope in answer["detail"]
    assert m.everything() == before


@pytest.mark.parametrize("cursor", ["x", "AAAAAAAAAAA=", "AAAAAAAAAAB", "__________8", "Now", "а" * 11])
def test_a_spoilt_cursor_is_refused(cursor: str) -> None:
    token = m.token_of(m.client())
    is_problem(got("changes", token, cursor=cursor), 400, "api.parameter")


def test_whoever_comes_too_late_begins_anew() -> None:
    school = b.school()
    group = quiet(school, "5А")
    token = m.token_of(m.client(school, rate=6000))
    first = told(token, "now")["next_cursor"]
    b.admitted(b.person("Вяткин Иван Ильич"), group)
    b.admitted(b.person("Тиунов Олег Ильич", born=date(2014, 3, 3)), group)
    page = told(token, first, limit=1)
    assert page["more"]
    with time_machine.travel(clock.now() + rules.KEPT + timedelta(days=1), tick=True):
        b.admitted(b.person("Чудинов Глеб Ильич", born=date(2014, 4, 3)), group)
        assert actions.forget() == 2
        assert actions.forget() == 0
        token = m.token_of(m.client(school))
        before = m.everything()
        for cursor in (first, page["next_cursor"]):
            answer = is_problem(got("changes", token, cursor=cursor), 410, "feed.cursor_too_old")
            assert "cursor=now" in answer["remedy"]
        assert m.everything() == before
        assert [one["id"] for one in told(token)["items"]] == [3]
    Horizon.objects.update(newest=2)
    is_problem(got("changes", token, cursor=page["next_cursor"][:-2] + "BA"), 410, "feed.cursor_ahead")


def test_a_quiet_feed_forgets_everything_and_goes_on() -> None:
    school = b.school()
    b.admitted(b.person(), quiet(school, "5А"))
    with time_machine.travel(clock.now() + rules.KEPT + timedelta(days=1), tick=True):
        assert actions.forget() == 1
        token = m.token_of(m.client(school))
        page = told(token)
        assert page["items"] == []
        b.admitted(b.person("Тиунов Олег Ильич", born=date(2014, 3, 3)), quiet(school, "5Б"))
        assert [one["id"] for one in told(token, page["next_cursor"])["items"]] == [2]


# -- conditions, groups, what hangs on a person --------------------------------------------------


def kinds(token: str, cursor: str) -> list[tuple[str, list[str]]]:
    return [(one["kind"], one["fields"]) for one in everything(token, cursor)]


def test_a_class_is_told_when_it_is_opened_renamed_and_closed_and_names_nobody() -> None:
    school, other = b.school("Школа № 5"), b.school("Школа № 7")
    token, strange = m.token_of(m.client(school)), m.token_of(m.client(other))
    start, elsewhere = told(token, "now")["next_cursor"], told(strange, "now")["next_cursor"]
    group = b.group(school, "5А")
    for changes in ({"teacher_name": "Гилёва Анна Сергеевна"}, {"title": "5В"}, {"capacity": 20}):
        actions.number()  # what one transaction amends of a class is one change, and a test is one transaction
        enrolment.change_group(actor=b.ROOT, group_id=group.id, changes=changes)
    actions.number()
    enrolment.close_group(actor=b.ROOT, group_id=group.id, closed_on=date(2026, 2, 1))
    answer = got("changes", token, cursor=start)
    told_of = read(answer)["items"]
    assert [(one["kind"], one["fields"]) for one in told_of] == [
        ("group.opened", []), ("group.amended", ["teacher"]), ("group.amended", ["title"]), ("group.amended", ["attributes"]),
        ("group.amended", ["closed_on"]),
    ]  # fmt: skip
    assert {(one["person"], one["learner"], one["movement"]) for one in told_of} == {(None, None, None)}
    assert told_of[0]["group"] == {
        "id": str(group.id), "title": "5В", "grade": 5, "school_year": 2025, "closed_on": "2026-02-01",
    }  # fmt: skip
    assert {one["organisation"] for one in told_of} == {str(school.id)}
    assert "Гилёва" not in answer.content.decode()
    assert kinds(strange, elsewhere) == []
    assert not Entry.objects.filter(kind="feed.changes_given").exists(), "there is nobody to record"


def test_amended_conditions_are_told_without_what_they_are() -> None:
    school = b.school()
    anna = b.person()
    stream = b.admitted(anna, quiet(school, "5А"))
    token = m.token_of(m.client(school))
    start = told(token, "now")["next_cursor"]
    change = ConditionChange(stream, {"extended_day": "ГПД-1", "boarding": "+"})
    enrolment.record_conditions(
        actor=b.ROOT, organisation_id=school.id, since=date(2025, 10, 1), changes=[change]
    )
    (one,) = everything(token, start)
    assert (one["kind"], one["person"], one["enrolment"], one["fields"]) == (
        "conditions.amended", str(anna), str(stream), [],
    )  # fmt: skip
    assert Entry.objects.get(kind="feed.changes_given").subjects == [anna]


def test_what_hangs_on_a_learner_is_told_by_name_and_of_nobody_who_does_not_study() -> None:
    school = b.school()
    anna = b.person("Мальцева Анна Павловна")
    b.admitted(anna, quiet(school, "5А"))
    token = m.token_of(m.client(school))
    start = told(token, "now")["next_cursor"]
    mother = b.person("Мальцева Ольга Юрьевна", born=date(1988, 2, 2))
    persons.add_documents([(mother, Document("21", "5704", "123456"), None)])
    persons.add_documents([(anna, Document("3", "II-ВГ", "654321"), None)])
    persons.set_address(actor=b.ROOT, person_id=anna, kind_code="residence", text="г. Пермь, ул. Ленина, 1")
    persons.add_representation(
        actor=b.ROOT, draft=persons.RepresentationDraft(child_id=anna, adult_id=mother)
    )
    answer = got("changes", token, cursor=start)
    changes = read(answer)["items"]
    assert {one["person"] for one in changes} == {str(anna)}
    assert {one["kind"] for one in changes} == {"person.corrected"}
    assert {field for one in changes for field in one["fields"]} == {
        "documents",
        "addresses",
        "representatives",
    }
    for word in ("654321", "Ленина", "123456", str(mother)):
        assert word not in answer.content.decode()


def test_how_far_a_subscriber_has_come_is_kept() -> None:
    school = b.school()
    client = m.client(school)
    token = m.token_of(client)
    told(token, "now")
    (idle,) = Follower.objects.all()
    assert (idle.actor_code, idle.reading, idle.until, idle.given_at) == (
        f"client:{client.id}",
        "changes",
        0,
        None,
    )
    b.admitted(b.person(), quiet(school, "5А"))
    told(token, limit=1)
    told(token, address="foreign-minors")
    far = {one.reading: (one.until, one.given_at is not None) for one in Follower.objects.all()}
    assert far == {"changes": (1, True), "foreign_minors": (1, False)}


# -- foreign minors ----------------------------------------------------------------------------


def test_mvd_is_told_of_foreign_minors_alone_with_child_and_parents() -> None:
    school, garden = b.school("Школа № 5"), b.school("Детский сад № 1")
    group, nursery = quiet(school, "5А"), quiet(garden, "Солнышко", kind="11")
    parent = b.person(
        "Рахимова Зарина Анваровна", born=date(1988, 2, 2), citizenship_code="1", country_code="762"
    )
    child = b.person("Рахимов Далер Рустамович", citizenship_code="1", country_code="762")
    persons.add_representation(
        actor=b.ROOT,
        draft=persons.RepresentationDraft(child_id=child, adult_id=parent, kinship_code="2"),
    )
    IdentityDocument.objects.create(
        person_id=child, kind_code="31", series="A", number="1234567", key="31:A:1234567"
    )
    dual = b.person(
        "Юсупов Тимур Рустамович", born=date(2014, 6, 6), citizenship_code="3", country_code="762"
    )
    grown = b.person(
        "Каримов Али Рустамович", born=date(2006, 6, 6), citizenship_code="1", country_code="762"
    )
    small = b.person(
        "Назаров Али Рустамович", born=date(2021, 6, 6), citizenship_code="1", country_code="762"
    )
    since = b.person("Саидов Али Рустамович", born=date(2014, 7, 7))
    civil.change_citizenship(
        actor=b.ROOT, person_id=since, citizenship_code="1", country_code="762", since=date(2025, 12, 1)
    )
    stream = b.admitted(child, group)
    for who in (dual, grown, since, b.person()):
        b.admitted(who, group)
    b.admitted(small, nursery)
    order = b.left(child, stream, school, on=date(2025, 11, 1), reason="T4")
    enrolment.cancel_order(actor=b.ROOT, order_id=order.id, reason="Ошибка")
    token = m.token_of(m.client(scopes=("foreign-minors.read",)))
    found = told(token, address="foreign-minors")
    assert "314-ФЗ" in found["basis"]
    assert [(one["kind"], one["on"], one["child"]["id"]) for one in found["items"]] == [
        ("enrolled", "2025-09-01", str(child)),
        ("left", "2025-11-01", str(child)),
        ("leaving_cancelled", "2025-11-01", str(child)),
    ]
    one = found["items"][0]
    assert (one["child"]["country"], one["child"]["documents"][0]["number"]) == ("762", "1234567")
    assert [(p["family_name"], p["country"]) for p in one["representatives"]] == [("Рахимова", "762")]
    assert found["items"][1]["leaving_reason"] == "T4"
    entry = Entry.objects.filter(kind="feed.foreign_minors_given").get()
    assert set(entry.subjects) == {child, parent}
    assert "314-ФЗ" in entry.basis
    other = m.token_of(m.client(b.school("Школа № 7"), scopes=("foreign-minors.read",)))
    assert told(other, address="foreign-minors")["items"] == []


@pytest.mark.parametrize(
    ("born", "citizenship", "expected"),
    [
        (date(2008, 9, 2), "1", True),  # turns 18 on the next day
        (date(2008, 9, 1), "1", False),
        (date(2014, 1, 1), "2", True),  # stateless
        (date(2014, 1, 1), "0", False),
        (date(2014, 1, 1), "3", False),  # a citizen of Russia besides
        (None, "1", False),
    ],
)
def test_who_is_a_foreign_minor(born: date | None, citizenship: str, expected: bool) -> None:
    assert rules.is_foreign_minor(born=born, citizenship=citizenship, on=date(2026, 9, 1)) is expected


def test_a_birthday_on_29_february() -> None:
    born = date(2008, 2, 29)
    assert rules.is_foreign_minor(born=born, citizenship="1", on=date(2026, 2, 28))
    assert not rules.is_foreign_minor(born=born, citizenship="1", on=date(2026, 3, 1))


def test_which_cursor_leads_on() -> None:
    rules.check_cursor(5, forgotten=5, newest=5)
    for position, error in ((4, Gone), (6, Gone), (-1, InvalidValue)):
        with pytest.raises(error):
            rules.check_cursor(position, forgotten=5, newest=5)
