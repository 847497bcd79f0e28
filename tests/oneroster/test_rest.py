"""What a stranger's client may count on: addresses, paging, filter, sort, fields, refusals, and whose data it gets."""

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
from kontingent.api import oneroster
from kontingent.audit.models import Entry
from kontingent.exchange.oneroster import checking, queries, rules, writing
from kontingent.exchange.oneroster.model import Edition, Mode
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.performance import actions
from kontingent.performance.actions import GradingPeriodDraft
from kontingent.persons.models import Person
from tests import builders as b
from tests.api import machine
from tests.machines import clients as m

pytestmark = [pytest.mark.django_db]
NAMES = (
    "Мальцева Анна Павловна",
    "Тиунов Олег Игоревич",
    "Гилёва Вера Ильинична",
    "О'Нил Пётр",
    "Чудинов Глеб Ильич",
)
NOW = "2025-10-01T09:00:00+05:00"
DAY = date(2025, 10, 1)


@pytest.fixture(autouse=True)
def autumn() -> Any:
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def town() -> dict[str, Any]:
    """Two schools in two municipalities: five children in two classes of the first, one in the second."""
    five, seven = (
        b.school("Школа № 5"),
        b.school("Школа № 7", where=b.municipality("lysva", "Лысьвенский округ")),
    )
    a, six, other = b.group(five, "5А"), b.group(five, "6А"), b.group(seven, "5Б")
    children = [
        b.person(name, born=date(2014, 5, day + 1), snils=b.snils_of(day + 1))
        for day, name in enumerate(NAMES)
    ]
    for place, child in enumerate(children):
        b.admitted(child, a if place < 4 else six)
    stranger = b.person("Зырянов Иван Ильич", snils=b.snils_of(77))
    b.admitted(stranger, other)
    return {
        "five": five,
        "seven": seven,
        "a": a,
        "six": six,
        "other": other,
        "children": children,
        "stranger": stranger,
    }


def token(at: Any = None, scope: str | None = None) -> str:
    client = m.client(at)
    form = {
        "grant_type": "client_credentials",
        "client_id": client.client_id,
        "client_secret": m.secret_of(client),
    }
    if scope:
        form["scope"] = scope
    answer = machine.posted(machine.TOKEN, form)
    assert answer.status_code == 200, answer.content
    return str(machine.read(answer)["access_token"])


def got(address: str, bearer: str, base: str = oneroster.V12, **parameters: Any) -> Any:
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    return Client().get(f"/ims/oneroster/{base}/{address}", parameters, headers=headers)


def read(answer: Any) -> Any:
    assert answer.status_code == 200, answer.content.decode()
    (content,) = json.loads(answer.content).values()
    return content


def refused(answer: Any, status: int, minor: str) -> None:
    told = json.loads(answer.content)
    assert answer.status_code == status, told
    assert answer.headers["Content-Type"] == "application/json"
    assert set(told) == {"imsx_codeMajor", "imsx_severity", "imsx_description", "imsx_CodeMinor"}
    (field,) = told["imsx_CodeMinor"]["imsx_codeMinorField"]
    assert field == {"imsx_codeMinorFieldName": "TargetEndSystem", "imsx_codeMinorFieldValue": minor}, told


def test_every_address_answers_a_region_with_its_objects_and_a_school_only_with_its_own(
    town: dict[str, Any],
) -> None:
    whole, mine = token(), token(town["five"])
    known = {
        "school": str(town["seven"].pk), "class_id": str(town["other"].pk), "user": str(town["stranger"]),
        "course": f"{town['seven'].pk}.{town['other'].programme_id}.5", "term": "year-2025",
    }  # fmt: skip
    of = {"orgs": known["school"], "schools": known["school"], "classes": known["class_id"], "courses": known["course"],
          "users": known["user"], "students": known["user"], "demographics": known["user"], "academicSessions": "year-2025",
          "terms": "year-2025"}  # fmt: skip
    served = 0
    for base in (oneroster.V12, oneroster.V11):
        for route in oneroster.ROUTES:
            if route.nobody and (route.is_one or "user" in route.within):
                continue
            ids = {**known, "source_id": of.get(route.address.split("/")[0], "")}
            address = re.sub(r"<str:(\w+)>", r"{\1}", route.address).format(**ids)
            if address.endswith("/"):
                continue  # enrollments and grading periods have ids of their own, below
            content = read(got(address, whole, base))
            assert content or "eachers" in address or "rading" in address, address
            told = got(address, mine, base)
            assert "Зырянов" not in told.content.decode(), address
            assert str(town["stranger"]) not in told.content.decode(), address
            if route.parents.keys() - {"term"} or (
                route.is_one and route.collection is not queries.ACADEMIC_SESSIONS
            ):
                refused(told, 404, "unknownobject")
            served += 1
    assert served > 45
    (enrolment,) = read(got("schools/{school}/enrollments".format(**known), whole))
    assert read(got(f"enrollments/{enrolment['sourcedId']}", whole)) == enrolment
    refused(got(f"enrollments/{enrolment['sourcedId']}", mine), 404, "unknownobject")


def test_an_object_is_as_the_standard_says(town: dict[str, Any]) -> None:
    bearer = token(town["five"])
    (anna,) = read(got("users", bearer, filter="givenName='Анна'"))
    school = {
        "href": f"http://testserver/ims/oneroster/rostering/v1p2/orgs/{town['five'].pk}",
        "sourcedId": str(town["five"].pk),
        "type": "org",
    }
    moment = anna.pop("dateLastModified")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", moment)
    assert anna == {
        "sourcedId": str(town["children"][0]), "status": "active", "enabledUser": "true",
        "username": str(town["children"][0]), "givenName": "Анна", "familyName": "Мальцева", "middleName": "Павловна",
        "grades": ["05"], "primaryOrg": school,
        "roles": [{"roleType": "primary", "role": "student", "org": school, "beginDate": "2025-09-01"}],
    }  # fmt: skip
    (of_old,) = read(got("students", bearer, oneroster.V11, filter="givenName='Анна'"))
    assert (of_old["role"], of_old["orgs"][0]["sourcedId"], "roles" in of_old) == (
        "student",
        str(town["five"].pk),
        False,
    )
    one = read(got(f"classes/{town['a'].pk}", bearer))
    assert (one["title"], one["grades"], one["classType"], one["terms"][0]["sourcedId"]) == (
        "5А",
        ["05"],
        "homeroom",
        "year-2025",
    )
    assert read(got(f"demographics/{town['children'][0]}", bearer))["birthDate"] == "2014-05-01"


def test_pages_lead_to_one_another_and_hold_everybody_once(town: dict[str, Any]) -> None:
    bearer, seen, address = token(town["five"]), [], "students"
    answer = got(address, bearer, limit=2, sort="familyName", orderBy="desc")
    while True:
        assert answer.headers["X-Total-Count"] == "5"
        seen += [one["familyName"] for one in read(answer)]
        links = dict(
            reversed(found) for found in re.findall(r'<([^>]+)>; rel="(\w+)"', answer.headers["Link"])
        )
        assert {"first", "last"} <= set(links)
        assert ("prev" in links) is (len(seen) > 2)
        if "next" not in links:
            break
        answer = Client().get(
            links["next"].removeprefix("http://testserver"), headers={"Authorization": f"Bearer {bearer}"}
        )
    assert seen == sorted((name.split()[0] for name in NAMES), reverse=True)
    assert read(got("students", bearer, offset=50)) == []


@pytest.mark.parametrize("base", [oneroster.V12, oneroster.V11])
def test_a_session_says_which_period_it_is(town: dict[str, Any], base: str) -> None:
    """By УФТТ: its title is for people."""
    quarter = GradingPeriodDraft("1", date(2025, 9, 1), date(2025, 10, 27), date(2025, 11, 5))
    actions.set_periods(actor=b.ROOT, school_year=2025, periods=[quarter])
    bearer = token(town["five"])
    year, period = sorted(
        read(got("academicSessions", bearer, base)), key=lambda one: str(one["type"]), reverse=True
    )
    assert (year["metadata"], period["metadata"]) == ({"periodCode": "20"}, {"periodCode": "1"})
    assert read(got("gradingPeriods", bearer, base, fields="metadata")) == [{"metadata": {"periodCode": "1"}}]
    assert read(got("terms", bearer, base, fields="title")) == [{"title": year["title"]}]
    assert read(got("academicSessions", bearer, base, filter="metadata.periodCode='1'")) == [period]
    content = queries.bulk(b.ROOT, on=DAY, edition=Edition.V11 if base == oneroster.V11 else Edition.V12)
    checked = checking.check(writing.pack(content)).content
    assert checked is not None
    assert {row["metadata.periodCode"] for row in checked.rows["academicSessions"]} == {"20", "1"}


def test_only_the_wanted_fields_go_out(town: dict[str, Any]) -> None:
    rows = read(got("users", token(town["five"]), fields="sourcedId,familyName"))
    assert {tuple(sorted(one)) for one in rows} == {("familyName", "sourcedId")}


def test_a_user_of_1_1_is_asked_for_by_the_fields_of_1_1(town: dict[str, Any]) -> None:
    bearer, base = token(town["five"]), oneroster.V11
    everybody = {one["sourcedId"] for one in read(got("users", bearer, base))}
    for wanted in ("givenName", "role", "orgs", "sourcedId,role,orgs"):
        rows = read(got("users", bearer, base, fields=wanted))
        assert {tuple(sorted(one)) for one in rows} == {tuple(sorted(wanted.split(",")))}
    for text, found in (
        ("role='student'", everybody),
        ("role='teacher'", set()),
        ("role!='teacher'", everybody),
    ):
        assert {one["sourcedId"] for one in read(got("users", bearer, base, filter=text))} == found
    assert len(read(got("users", bearer, base, sort="role", orderBy="desc"))) == len(everybody)
    for name in ("roles", "primaryOrg"):
        refused(got("users", bearer, base, fields=name), 400, "invalid_selection_field")
    refused(got("users", bearer, base, filter="primaryOrg.sourcedId='x'"), 400, "invalid_filter_field")
    refused(got("users", bearer, fields="role"), 400, "invalid_selection_field")
    refused(got("users", bearer, filter="role='student'"), 400, "invalid_filter_field")


@pytest.mark.parametrize(
    ("parameters", "minor"),
    [
        ({"filter": "snils='1'"}, "invalid_filter_field"),
        ({"filter": "familyName=1"}, "invalid_data"),
        ({"sort": "snils"}, "invalid_sort_field"),
        ({"orderBy": "up"}, "invalid_data"),
        ({"fields": "snils"}, "invalid_selection_field"),
        ({"fields": ""}, "invalid_blank_selection_field"),
        ({"limit": "0"}, "invalid_data"),
        ({"limit": "1001"}, "invalid_data"),
        ({"offset": "-1"}, "invalid_data"),
        ({"page": "2"}, "invalid_data"),
    ],
)
def test_a_wrong_parameter_is_refused(town: dict[str, Any], parameters: dict[str, str], minor: str) -> None:
    refused(got("users", token(town["five"]), **parameters), 400, minor)


def test_other_refusals_have_the_payload_of_the_standard(town: dict[str, Any]) -> None:
    bearer = token(town["five"])
    refused(got("users", ""), 401, "unauthorisedrequest")
    refused(got("users", "nobody"), 401, "unauthorisedrequest")
    for unknown in ("users/x", "users/018f0000-0000-7000-8000-000000000000", "classes/x/students", "enrollments/99999999999999999999",
                    "enrollments/²", "teachers/x", "schools/x/classes", "courses/x", "academicSessions/x", "lessons"):  # fmt: skip
        refused(got(unknown, bearer), 404, "unknownobject")
    answer = Client().post(
        "/ims/oneroster/rostering/v1p2/users", headers={"Authorization": f"Bearer {bearer}"}
    )
    refused(answer, 405, "invalid_data")
    assert answer.headers["Allow"] == "GET"
    # A class of one school is not found within another, though both may be read.
    refused(got(f"schools/{town['seven'].pk}/classes/{town['a'].pk}/students", token()), 404, "unknownobject")


def test_a_scope_of_the_standard_opens_what_it_says(town: dict[str, Any]) -> None:
    core = token(town["five"], f"{ONEROSTER_PREFIX}roster-core.readonly")
    assert len(read(got("users", core))) == 5
    refused(got(f"schools/{town['five'].pk}/students", core), 403, "forbidden")
    refused(got("demographics", core), 403, "forbidden")
    whole = token(
        town["five"], f"{ONEROSTER_PREFIX}roster.readonly {ONEROSTER_PREFIX}roster-demographics.readonly"
    )
    for address in ("users", f"schools/{town['five'].pk}/students", "demographics"):
        assert len(read(got(address, whole))) == 5
    refused(got("users", token(town["five"], "journals.write")), 403, "forbidden")


@pytest.mark.parametrize("collection", ["users", "enrollments", "classes", "orgs"])
@pytest.mark.parametrize(
    "text",
    [
        "sourcedId>'5'", "status!='active'", "status='active' AND sourcedId<='c'", "status='x' OR sourcedId~'0'",
        "dateLastModified>'2020-01-01T00:00:00Z'", "dateLastModified<'2020-01-01T00:00:00Z'",
    ],
)  # fmt: skip
def test_the_database_filters_as_the_rules_say(town: dict[str, Any], collection: str, text: str) -> None:
    found = next(
        one
        for one in (queries.USERS, queries.ENROLLMENTS, queries.CLASSES, queries.ORGS)
        if one.name == collection
    )
    everything = queries.page(b.ROOT, found, queries.Asked(), on=DAY).rows
    wanted = rules.read_filter(text, found.columns)
    told = queries.page(b.ROOT, found, queries.Asked(wanted), on=DAY)
    assert everything
    assert {row["sourcedId"] for row in told.rows} == {
        row["sourcedId"] for row in everything if rules.holds(wanted, row)
    }
    assert told.total == len(told.rows)


def test_a_part_of_a_name_is_found_whatever_its_case(town: dict[str, Any]) -> None:
    rows = read(got("users", token(town["five"]), filter="familyName~'МАЛЬ' OR givenName~'вЕР'"))
    assert {one["familyName"] for one in rows} == {"Мальцева", "Гилёва"}


def test_who_left_is_there_to_be_deleted(town: dict[str, Any]) -> None:
    gone = b.person("Ушедший Егор Ильич")
    enrolment = b.admitted(gone, town["a"])
    b.left(gone, enrolment, town["five"], on=date(2025, 9, 20))
    rows = read(got("enrollments", token(town["five"]), filter="status='tobedeleted'"))
    assert {one["user"]["sourcedId"] for one in rows} == {str(gone)}
    assert "Ушедший" not in got("users", token(town["five"])).content.decode()


def test_a_page_costs_the_same_whatever_its_size(town: dict[str, Any]) -> None:
    bearer = token(town["five"])
    costs = set()
    for limit in (1, 5):
        with CaptureQueriesContext(connection) as seen:
            assert len(read(got("users", bearer, limit=limit))) == limit
        costs.add(len([one for one in seen if not b.is_bookkeeping(one["sql"])]))
    assert len(costs) == 1
    assert costs.pop() < 20


def test_whose_data_went_out_is_written_down(town: dict[str, Any]) -> None:
    read(got("users", token(town["five"]), filter="givenName='Анна'"))
    given = Entry.objects.filter(kind__icontains="given").order_by("pk").last()
    assert given is not None
    assert given.subjects == [town["children"][0]]


def test_a_learner_of_two_organisations_is_known_to_both_by_their_own_class(town: dict[str, Any]) -> None:
    """Neither is told of the other, nor of the class there."""
    both = town["children"][0]
    town["chess"] = b.group(town["seven"], "Шахматы", kind="411")
    b.admitted(both, town["chess"])
    for mine, theirs, seat in (("five", "seven", "a"), ("seven", "five", "chess")):
        bearer = token(town[mine])
        one = read(got(f"users/{both}", bearer))
        assert one["primaryOrg"]["sourcedId"] == str(town[mine].pk)
        assert [role["org"]["sourcedId"] for role in one["roles"]] == [str(town[mine].pk)]
        (enrolment,) = read(got("enrollments", bearer, filter=f"user.sourcedId='{both}'"))
        assert enrolment["class"]["sourcedId"] == str(town[seat].pk)
        (in_class,) = read(got(f"users/{both}/classes", bearer))
        assert in_class["sourcedId"] == str(town[seat].pk)
        for address in ("users", f"users/{both}", f"users/{both}/classes", "enrollments"):
            assert str(town[theirs].pk) not in got(address, bearer).content.decode()


def test_no_address_fails_whatever_is_asked(town: dict[str, Any]) -> None:
    """Every address of both editions, with ids and parameters that are right, wrong and hostile: an answer or a refusal, no failure."""
    bearer = token(town["five"])
    headers = {"Authorization": f"Bearer {bearer}"}
    rng, asked = random.Random(21), 0
    ids = [
        str(town["five"].pk),
        str(town["a"].pk),
        str(town["children"][0]),
        "year-2025",
        "0",
        "²",
        "%00",
        "a'b",
        "x" * 300,
        "null",
    ]
    values = ["", "1", "-1", "9" * 30, "desc", "sourcedId", "status,sourcedId", "a,,b", "\x00", "familyName='\x00'", "status='active'", "user.sourcedId~'%'",
              "dateLastModified>'9999-99-99'", "dateLastModified>'0001-01-01T00:00:00+23:59'", "beginDate<'2025-09-01'",
              "primary='да' OR endDate!='2025-01-01'", "familyName='" + "'" * 40]  # fmt: skip
    for base in (oneroster.V12, oneroster.V11):
        for route in oneroster.ROUTES:
            for _ in range(3):
                address = re.sub(r"<str:\w+>", lambda _: rng.choice(ids), route.address)
                names = rng.sample(
                    ["limit", "offset", "sort", "orderBy", "filter", "fields", "other"], rng.randint(0, 3)
                )
                query = urlencode({name: rng.choice(values) for name in names})
                answer = Client(raise_request_exception=False).generic(
                    "GET", f"/ims/oneroster/{base}/{address}?{query}", headers=headers
                )
                assert answer.status_code in {200, 400, 403, 404}, (address, query, answer.content)
                assert isinstance(json.loads(answer.content), dict)
                asked += 1
    assert asked > 200


# -- files --------------------------------------------------------------------------------------


@pytest.mark.parametrize("edition", list(Edition))
def test_a_full_set_of_the_register_is_valid_comes_back_the_same_and_has_no_snils(
    town: dict[str, Any], edition: Edition
) -> None:
    school = Actor("test:school", "Школа", "Школа", b.ROOT.permissions, b.actor_of(town["five"]).scope)
    packed = writing.pack(queries.bulk(school, on=DAY, edition=edition))
    again = checking.check(packed)
    assert [str(one) for one in again.defects] == []
    assert again.content is not None
    assert writing.pack(again.content) == packed
    assert {row["familyName"] for row in again.content.rows["users"]} == {name.split()[0] for name in NAMES}
    text = json.dumps(again.content.rows, ensure_ascii=False)
    numbers = list(Person.objects.exclude(snils=None).values_list("snils", flat=True))
    assert len(numbers) == 6
    for number in filter(None, numbers):
        assert number not in text
        assert f"{number[:3]}-{number[3:6]}-{number[6:9]}" not in text
    assert str(town["stranger"]) not in text
    assert str(town["seven"].pk) not in text


def test_rows_of_a_set_are_read_as_they_are_written(town: dict[str, Any]) -> None:
    with CaptureQueriesContext(connection) as seen:
        users = queries.bulk(b.ROOT, on=DAY).rows["users"]
    statements = [one["sql"] for one in seen]
    assert any("COUNT(" in one for one in statements)
    assert not [one for one in statements if "family_name" in one], (
        "nobody is read before the file is written"
    )
    names = [row["familyName"] for row in users]
    assert (len(users), len(names), list(users) == list(users), users[0]["familyName"]) == (
        6,
        6,
        True,
        names[0],
    )


@pytest.mark.parametrize("edition", list(Edition))
def test_changes_since_a_moment_name_who_came_and_who_left(town: dict[str, Any], edition: Edition) -> None:
    gone = b.person("Ушедший Егор Ильич", snils=b.snils_of(50))
    enrolment = b.admitted(gone, town["a"])
    school = Actor("test:school", "Школа", "Школа", b.ROOT.permissions, b.actor_of(town["five"]).scope)
    since = clock.now()
    quiet = queries.delta(school, since=since, on=DAY, edition=edition)
    assert {name for name, mode in quiet.modes.items() if mode is Mode.DELTA} == {"academicSessions"}

    b.left(gone, enrolment, town["five"], on=date(2025, 9, 20))
    new = b.person("Новикова Яна Игоревна", snils=b.snils_of(51))
    b.admitted(new, town["six"])
    moved = writing.pack(queries.delta(school, since=since, on=DAY, edition=edition))
    read = checking.check(moved)
    assert [str(one) for one in read.defects] == []
    assert read.content is not None
    assert writing.pack(read.content) == moved
    rows = read.content.rows
    assert {row["sourcedId"] for row in rows["users"]} == {str(new)}
    said = {(row["userSourcedId"], row["status"]) for row in rows["enrollments"]}
    assert {(str(gone), "tobedeleted"), (str(new), "active")} <= said
    assert {who for who, _ in said} == {str(gone), str(new)}
    if edition is Edition.V12:
        assert {(row["userSourcedId"], row["status"]) for row in rows["roles"]} == said
    assert str(town["stranger"]) not in json.dumps(rows, ensure_ascii=False)
