"""What a stranger's client may count on when it reads marks: addresses, paging, filter, sort, fields, refusals, and whose marks it gets."""

from __future__ import annotations

import json
import random
import re
from datetime import date
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kontingent.access.machines.rules import ONEROSTER_PREFIX
from kontingent.api import gradebook as door
from kontingent.audit.models import Entry
from kontingent.exchange.oneroster import books, rules, works
from kontingent.exchange.oneroster.queries import Asked
from kontingent.persons.models import Person
from tests import builders as b
from tests.exchange.journals.journal import Sender
from tests.machines import clients as m
from tests.oneroster.test_rest import refused

pytestmark = [pytest.mark.django_db]
NOW = "2025-10-20T09:00:00+05:00"
DAY = date(2025, 10, 20)
BASE = {one: f"/ims/oneroster/{one}" for one in (door.GRADEBOOK, door.EXTENSION)}
READS = tuple(f"{ONEROSTER_PREFIX}{one}" for one in ("gradebook-core.readonly", "gradebook.readonly"))
SHELVES = {
    one.name: one
    for one in (books.CATEGORIES, books.LINE_ITEMS, books.RESULTS, books.LESSONS, books.ATTENDANCE)
}


@pytest.fixture(autouse=True)
def autumn() -> Any:
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def town(transactional_db: None) -> dict[str, Any]:
    """A school with two classes whose journal delivered marks of every sort, and another school with a journal of its own."""
    five = b.school("Школа № 5")
    seven = b.school("Школа № 7", where=b.municipality("lysva", "Лысьвенский округ"))
    a, six, other = b.group(five, "5А"), b.group(five, "6А"), b.group(seven, "5Б")
    anna = b.person("Мальцева Анна Павловна", snils=b.snils_of(1))
    oleg, vera = b.person("Тиунов Олег Игоревич"), b.person("Гилёва Вера Ильинична")
    stranger = b.person("Зырянов Иван Ильич", snils=b.snils_of(77))
    for child, seat in ((anna, a), (oleg, a), (vera, six), (stranger, other)):
        b.admitted(child, seat)
    sender, elsewhere = Sender(five), Sender(seven, code="other")
    day = {"version": 1, "date": "2025-10-06", "subject": "Математика"}
    of = {**day, "learner": str(anna)}
    delivered = {
        "marks": [
            {"id": "m1", **of, "value": "5", "work": "control", "weight": 2, "lesson": "L1"},
            {"id": "m2", **of, "learner": str(oleg), "value": "3", "work": "control", "weight": 2, "lesson": "L1", "comment": "спешил"},
            {"id": "m3", **of, "value": "осв", "work": "answer", "lesson": "L2"},
            {"id": "m4", **of, "value": "4", "work": "homework", "lesson": "L2", "number": 3},
            {"id": "m5", **of, "value": "зач", "system": "pass", "work": "project"},
            {"id": "m6", **of, "value": "87", "system": "6", "date": "2025-10-07"},
            {"id": "m7", **of, "learner": str(vera), "value": "н/а"},
            {"id": "f1", **of, "learner": str(vera), "value": "4"},
        ],
        "finals": [{"id": "f1", **of, "kind": "period", "period": "1", "value": "4"}, {"id": "f2", **of, "kind": "year", "period": "20", "value": "5"}],
        "lessons": [{"id": "L1", **day, "class": str(a.pk), "number": 2, "topic": "Дроби", "homework": "№ 12, 14"}],
        "attendance": [{"id": "a1", **of, "code": "о", "minutes": 10, "number": 2}],
    }  # fmt: skip
    for records, rows in delivered.items():
        sender.send(rows, key=records, records=records)
    sender.send([{"id": "m8", **of, "value": "2"}], key="k8")
    sender.send([{"id": "m8", **of, "version": 2, "deleted": True}], key="k9")
    elsewhere.send([{"id": "m1", **day, "learner": str(stranger), "value": "2"}], key="marks")
    return {
        "five": five, "seven": seven, "a": a, "six": six, "other": other, "anna": anna, "oleg": oleg, "vera": vera,
        "stranger": stranger, "sender": sender,
    }  # fmt: skip


def token(at: Any = None, *scopes: str) -> str:
    """A token of a client that is no journal."""
    short = tuple(one.removeprefix(ONEROSTER_PREFIX) for one in scopes or READS)
    return m.token_of(m.client(at, scopes=short, rate=6000))


def journals_own(town: dict[str, Any], *more: str) -> str:
    """A token of the journal's client."""
    client = town["sender"].client
    client.scopes = [*client.scopes, "gradebook.readonly", "gradebook-core.readonly", *more]
    client.save(update_fields=["scopes"])
    return m.token_of(client)


def got(address: str, bearer: str, base: str = door.GRADEBOOK, **parameters: Any) -> Any:
    return Client().get(f"{BASE[base]}/{address}", parameters, headers={"Authorization": f"Bearer {bearer}"})


def read(answer: Any) -> Any:
    assert answer.status_code == 200, answer.content.decode()
    (content,) = json.loads(answer.content).values()
    return content


def test_a_journal_reads_what_it_delivered_under_its_own_ids(town: dict[str, Any]) -> None:
    bearer = journals_own(town)
    results = {one["sourcedId"]: one for one in read(got("results", bearer))}
    assert set(results) == {"m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "f1", "final~f1", "f2"}
    first = dict(results["m1"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first.pop("dateLastModified"))
    lists = "http://testserver/ims/oneroster/rostering/v1p2"
    item = first.pop("lineItem")
    assert first == {
        "sourcedId": "m1", "status": "active", "scoreStatus": "fully graded", "score": 5, "scoreDate": "2025-10-06",
        "student": {"href": f"{lists}/users/{town['anna']}", "sourcedId": str(town["anna"]), "type": "user"},
        "class": {"href": f"{lists}/classes/{town['a'].pk}", "sourcedId": str(town["a"].pk), "type": "class"},
    }  # fmt: skip
    assert results["m2"]["lineItem"] == item, "marks of one work have it in common"
    assert item["href"] == f"http://testserver{BASE[door.GRADEBOOK]}/lineItems/{item['sourcedId']}"
    told = {key: (one["scoreStatus"], one.get("score"), one.get("textScore")) for key, one in results.items()}
    assert (told["m3"], told["m5"], told["m6"], told["m7"]) == (
        ("exempt", None, "осв"), ("fully graded", None, "зач"), ("fully graded", 87, None), ("fully graded", None, "н/а"),
    )  # fmt: skip
    assert (results["m8"]["status"], told["m8"]) == ("tobedeleted", ("not submitted", None, None))
    assert (results["final~f1"]["score"], results["f1"]["student"]["sourcedId"]) == (4, str(town["vera"]))
    assert all(read(got(f"results/{key}", bearer)) == one for key, one in results.items())

    work = read(got(f"lineItems/{item['sourcedId']}", bearer))
    assert (work["title"], work["assignDate"], work["resultValueMax"], work["metadata"]) == (
        "Контрольная работа, Математика", "2025-10-06", 5, {"subject": "s09"},
    )  # fmt: skip
    assert work["category"]["sourcedId"] == "control-2.00"
    assert read(got("categories/control-2.00", bearer))["weight"] == 2
    closing = read(got(f"lineItems/{results['f2']['lineItem']['sourcedId']}", bearer))
    assert (closing["title"], closing["category"]["sourcedId"], closing["metadata"]["periodCode"]) == (
        "Годовая: Год, Математика", "final-year", "20",
    )  # fmt: skip


def test_works_are_those_of_the_sets(town: dict[str, Any]) -> None:
    """Files and REST tell the same works, but that files call a lesson of one work by the lesson."""
    told = works.whole(b.ROOT, town["sender"].journal, on=DAY)
    of_sets = {row["sourcedId"]: row["title"] for row in told.rows["lineItems"]}
    of_rest = {one["sourcedId"]: one["title"] for one in read(got("lineItems", journals_own(town)))}
    assert len(of_rest) == 8
    assert {key: title for key, title in of_sets.items() if key != "L1"}.items() <= of_rest.items()
    assert sorted(of_sets.values()) == sorted(of_rest.values())
    categories = {row["sourcedId"] for row in told.rows["categories"]}
    assert {one["sourcedId"] for one in read(got("categories", journals_own(town)))} == categories


def test_somebody_else_reads_every_journal_of_the_scope_and_no_other(town: dict[str, Any]) -> None:
    whole, mine = token(), token(town["five"])
    assert {one["sourcedId"] for one in read(got("results", whole))} >= {"epos~m1", "other~m1"}
    for name, shelf in SHELVES.items():
        base = door.EXTENSION if shelf in (books.LESSONS, books.ATTENDANCE) else door.GRADEBOOK
        rows = read(got(name, mine, base))
        assert rows, name
        assert all(one["sourcedId"].startswith("epos~") for one in rows)
        for row in rows:
            assert read(got(f"{name}/{row['sourcedId']}", mine, base)) == row
        text = got(name, mine, base).content.decode()
        assert str(town["stranger"]) not in text
        assert str(town["seven"].pk) not in text
    (theirs,) = [one for one in read(got("results", whole)) if one["sourcedId"] == "other~m1"]
    assert read(got(f"lineItems/{theirs['lineItem']['sourcedId']}", whole))["class"]["sourcedId"] == str(
        town["other"].pk
    )
    for hidden in ("results/other~m1", f"lineItems/{theirs['lineItem']['sourcedId']}"):
        refused(got(hidden, mine), 404, "unknownobject")
    bearer = journals_own(town)
    assert not [one for one in read(got("results", bearer)) if "other" in one["sourcedId"]]


def test_addresses_narrow_to_a_class_a_learner_a_work_and_a_school(town: dict[str, Any]) -> None:
    bearer = journals_own(town)
    of_class = f"classes/{town['a'].pk}"

    def ids(address: str, base: str = door.GRADEBOOK) -> set[str]:
        return {one["sourcedId"] for one in read(got(address, bearer, base))}

    assert ids(f"classes/{town['six'].pk}/results") == {"m7", "f1"}
    assert ids(f"{of_class}/students/{town['oleg']}/results") == {"m2"}
    item = read(got("results/m1", bearer))["lineItem"]["sourcedId"]
    assert ids(f"{of_class}/lineItems/{item}/results") == {"m1", "m2"}
    assert item in ids(f"{of_class}/lineItems")
    assert ids(f"schools/{town['five'].pk}/lineItems") == ids("lineItems")
    assert ids(f"classes/{town['six'].pk}/categories") == {"other-1.00"}
    assert ids(f"{of_class}/lessons", door.EXTENSION) == {"L1"}
    assert ids(f"{of_class}/students/{town['anna']}/attendance", door.EXTENSION) == {"a1"}
    for unknown in (
        f"classes/{town['other'].pk}/results", f"classes/{town['six'].pk}/lineItems/{item}/results", "classes/x/lineItems",
        f"{of_class}/students/{town['stranger']}/results", f"schools/{town['seven'].pk}/lineItems", "results/m9", "lineItems/m1",
        "categories/x", "scoreScales/x", f"{of_class}/lineItems/x/results", "results/%00", "grades",
    ):  # fmt: skip
        refused(got(unknown, bearer), 404, "unknownobject")


def test_lessons_and_absences_are_our_extension(town: dict[str, Any]) -> None:
    (lesson,) = read(got("lessons", journals_own(town), door.EXTENSION))
    assert (lesson["class"]["sourcedId"], lesson["date"], lesson["number"], lesson["topic"], lesson["homework"]) == (
        str(town["a"].pk), "2025-10-06", 2, "Дроби", "№ 12, 14",
    )  # fmt: skip
    (absence,) = read(got("attendance", journals_own(town), door.EXTENSION))
    assert (absence["student"]["sourcedId"], absence["code"], absence["minutes"]) == (
        str(town["anna"]),
        "о",
        10,
    )


def test_pages_lead_to_one_another_and_hold_each_result_once(town: dict[str, Any]) -> None:
    bearer, seen = journals_own(town), []
    answer = got("results", bearer, limit=3, sort="scoreDate", orderBy="desc", filter="status='active'")
    while True:
        assert answer.headers["X-Total-Count"] == "10"
        seen += [(one["scoreDate"], one["sourcedId"]) for one in read(answer)]
        links = dict(
            reversed(found) for found in re.findall(r'<([^>]+)>; rel="(\w+)"', answer.headers["Link"])
        )
        assert {"first", "last"} <= set(links)
        assert ("prev" in links) is (len(seen) > 3)
        if "next" not in links:
            break
        answer = Client().get(
            links["next"].removeprefix("http://testserver"), headers={"Authorization": f"Bearer {bearer}"}
        )
    assert len(set(seen)) == 10
    assert [day for day, _ in seen] == sorted((day for day, _ in seen), reverse=True)
    assert read(got("results", bearer, offset=50)) == []
    assert got("results", bearer, offset=50).headers["X-Total-Count"] == "11"


@pytest.mark.parametrize("direction", ["asc", "desc"])
@pytest.mark.parametrize(
    "text", ["", "status='active'", "sourcedId>'epos~m3'", "scoreDate<'2025-10-07' OR score='2'"]
)
def test_pages_in_the_order_of_ids_cross_journals_and_miss_nothing(
    town: dict[str, Any], text: str, direction: str
) -> None:
    """Whether the whole is read along the index, journal by journal, or put in order: pages of any size are those of the list in order."""
    last = Sender(
        town["seven"], code="epos-2"
    )  # «-» comes before «~», so its ids come before those of «epos»
    day = {"version": 1, "date": "2025-10-08", "subject": "Математика", "value": "3"}
    last.send([{"id": f"m{number}", **day, "learner": str(town["stranger"])} for number in range(4)])
    wanted = rules.read_filter(text, books.RESULTS.comparable)
    order = rules.Order("sourcedId", direction == "desc")
    for journal, on in ((None, DAY), (town["sender"].journal, DAY)):
        book = books.Book(b.ROOT, on, journal)
        everything = books.page(
            book, books.RESULTS, Asked(order=rules.Order("dateLastModified"), limit=1000)
        ).rows
        expected = [row["sourcedId"] for row in rules.in_order(everything, order) if rules.holds(wanted, row)]
        for limit in (1, 3, 1000):
            seen: list[str] = []
            for offset in range(0, len(expected) + limit, limit):
                told = books.page(book, books.RESULTS, Asked(wanted, order, limit, offset))
                assert told.total == len(expected)
                assert len(told.rows) <= limit
                seen += [row["sourcedId"] for row in told.rows]
            assert seen == expected, (journal, limit)
        assert len(expected) > 3 or journal


FILTERS = (
    "sourcedId>'m3'", "status!='active'", "status='active' AND sourcedId<='m5'", "status='x' OR sourcedId~'M'",
    "dateLastModified>'2020-01-01T00:00:00Z'", "dateLastModified<'2020-01-01T00:00:00Z'",
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("results", (*FILTERS, "score>='4'", "score<'10' OR textScore='осв'", "score!='5'", "scoreDate>'2025-10-06'", "comment~'ПЕШ'")),
        ("lineItems", (*FILTERS, "resultValueMax='100'", "metadata.subject='s09'", "assignDate<='2025-10-06'", "title~'контр'")),
        ("categories", (*FILTERS, "weight>'1'", "title='Годовая'")),
        ("lessons", (*FILTERS, "number='2'", "homework~'12'")),
        ("attendance", (*FILTERS, "minutes>'5' AND code='о'")),
    ],
)  # fmt: skip
def test_the_database_filters_as_the_rules_say(
    town: dict[str, Any], name: str, texts: tuple[str, ...]
) -> None:
    shelf = SHELVES[name]
    book = books.Book(b.ROOT, DAY, town["sender"].journal)
    everything = books.page(book, shelf, Asked()).rows
    assert everything
    for text in texts:
        wanted = rules.read_filter(text, shelf.comparable)
        told = books.page(book, shelf, Asked(wanted))
        assert {row["sourcedId"] for row in told.rows} == {
            row["sourcedId"] for row in everything if rules.holds(wanted, row)
        }, text
        assert told.total == len(told.rows)


@pytest.mark.parametrize("name", list(SHELVES))
def test_every_field_sorts_and_may_be_asked_for_alone(town: dict[str, Any], name: str) -> None:
    shelf, bearer = SHELVES[name], token()
    base = door.EXTENSION if shelf in (books.LESSONS, books.ATTENDANCE) else door.GRADEBOOK
    number = len(read(got(name, bearer, base)))
    for field in rules.fields_of(shelf.comparable):
        assert len(read(got(name, bearer, base, sort=field, orderBy="desc"))) == number
    for one in read(got(name, bearer, base, fields="sourcedId,status")):
        assert set(one) == {"sourcedId", "status"}


@pytest.mark.parametrize(
    ("parameters", "minor"),
    [
        ({"filter": "snils='1'"}, "invalid_filter_field"),
        ({"filter": "score>'много'"}, "invalid_data"),
        ({"filter": "score~'4'"}, "invalid_data"),
        ({"filter": "score>4"}, "invalid_data"),
        ({"sort": "snils"}, "invalid_sort_field"),
        ({"fields": "snils"}, "invalid_selection_field"),
        ({"fields": "score,,comment"}, "invalid_blank_selection_field"),
        ({"limit": "0"}, "invalid_data"),
        ({"page": "2"}, "invalid_data"),
    ],
)
def test_a_wrong_parameter_is_refused(town: dict[str, Any], parameters: dict[str, str], minor: str) -> None:
    refused(got("results", token(town["five"]), **parameters), 400, minor)


def test_a_scope_of_the_standard_opens_what_it_says(town: dict[str, Any]) -> None:
    core, whole = token(town["five"], READS[0]), token(town["five"], READS[1])
    of_class = f"classes/{town['a'].pk}/results"
    assert read(got("results", core))
    assert read(got("results", whole))
    assert read(got(of_class, whole))
    refused(got(of_class, core), 403, "forbidden")
    refused(got("lessons", core, door.EXTENSION), 403, "forbidden")
    rosters = token(town["five"], "roster.readonly")
    refused(got("results", rosters), 403, "forbidden")
    refused(got("results", ""), 401, "unauthorisedrequest")
    refused(Client().post(f"{BASE[door.GRADEBOOK]}/results"), 405, "invalid_data")
    elsewhere = Client().get(
        "/ims/oneroster/rostering/v1p2/users", headers={"Authorization": f"Bearer {whole}"}
    )
    refused(elsewhere, 403, "forbidden")


def test_snils_never_leaves_and_whose_marks_went_out_is_written_down(town: dict[str, Any]) -> None:
    bearer = token()
    for base, names in ((door.GRADEBOOK, list(SHELVES)[:3]), (door.EXTENSION, list(SHELVES)[3:])):
        for name in names:
            text = got(name, bearer, base).content.decode()
            for number in filter(None, Person.objects.values_list("snils", flat=True)):
                assert number not in text
            assert "Мальцева" not in text, "a result names nobody but by the id"
    read(got(f"classes/{town['a'].pk}/students/{town['oleg']}/results", bearer))
    given = Entry.objects.filter(kind__icontains="given").order_by("pk").last()
    assert given is not None
    assert given.subjects == [town["oleg"]]


def test_a_page_costs_the_same_whatever_its_size(town: dict[str, Any]) -> None:
    bearer = token(town["five"])
    for name in ("results", "lineItems"):
        costs = set()
        for limit in (1, 5):
            with CaptureQueriesContext(connection) as seen:
                assert len(read(got(name, bearer, limit=limit))) == limit
            costs.add(len([one for one in seen if not b.is_bookkeeping(one["sql"])]))
        assert len(costs) == 1
        assert costs.pop() < 16


def test_no_address_fails_whatever_is_asked(town: dict[str, Any]) -> None:
    bearer, rng, asked = journals_own(town), random.Random(34), 0
    ids = [
        str(town["five"].pk),
        str(town["a"].pk),
        str(town["anna"]),
        "m1",
        "f1",
        "final~f1",
        "~",
        "²",
        "%00",
        "a'b",
        "x" * 300,
        "w" + "0" * 56,
    ]
    values = ["", "1", "-1", "9" * 30, "desc", "sourcedId", "status,sourcedId", "\x00", "score='\x00'", "status='active'", "student.sourcedId~'%'",
              "dateLastModified>'0001-01-01T00:00:00+23:59'", "score>'999999999.5'", "number<'-3'", "weight='2' OR title!='%s'", "metadata.subject='{}'"]  # fmt: skip
    for route in door.ROUTES:
        for _ in range(4):
            address = re.sub(r"<str:\w+>", lambda _: rng.choice(ids), route.address)
            names = rng.sample(
                ["limit", "offset", "sort", "orderBy", "filter", "fields", "other"], rng.randint(0, 3)
            )
            query = urlencode({name: rng.choice(values) for name in names})
            answer = Client(raise_request_exception=False).generic(
                "GET",
                f"/ims/oneroster/{route.base}/{address}?{query}",
                headers={"Authorization": f"Bearer {bearer}"},
            )
            expected = {200, 400, 403, 404} if route.is_read else {405, 404}
            assert answer.status_code in expected, (address, query, answer.content)
            assert isinstance(json.loads(answer.content), dict)
            asked += 1
    assert asked > 80


@pytest.mark.parametrize("direction", ["asc", "desc"])
@pytest.mark.parametrize("column", ["dateLastModified", "scoreDate", "score", "textScore", "status"])
def test_pages_in_another_order_are_the_list_in_that_order(
    town: dict[str, Any], column: str, direction: str
) -> None:
    """Each table gives no more than the page may need: pages of any size put together hold each result once, in order."""
    for journal in (None, town["sender"].journal):
        book = books.Book(b.ROOT, DAY, journal)
        everything = {row["sourcedId"]: row for row in books.page(book, books.RESULTS, Asked()).rows}
        order = rules.Order(column, direction == "desc")
        for limit in (1, 2, 5):
            seen: list[str] = []
            for offset in range(0, len(everything) + limit, limit):
                told = books.page(book, books.RESULTS, Asked(order=order, limit=limit, offset=offset))
                assert told.total == len(everything)
                seen += [row["sourcedId"] for row in told.rows]
            assert sorted(seen) == sorted(everything)
            expected = rules.in_order(list(everything.values()), order)
            assert [everything[key][column] for key in seen] == [row[column] for row in expected]
