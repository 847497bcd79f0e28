"""Reading over HTTP: pages, fields by scope, scope by reach, what is written down, what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kontingent.access.machines import actions
from kontingent.audit.models import Entry
from kontingent.codelists import actions as codelists
from kontingent.kernel import clock
from kontingent.organisations.models import Organisation
from kontingent.persons import merging
from kontingent.persons.models import Address, Contact, IdentityDocument, Person
from kontingent.reports import actions as reports
from tests import builders as b
from tests.api import machine
from tests.api.machine import got, is_problem, read
from tests.machines import clients as m

pytestmark = pytest.mark.django_db
DAY = "2025-10-01"
BASE_FIELDS = {"id", "family_name", "given_name", "patronymic", "birth_date", "sex", "places"}
GROUPS = {"learners.snils": "snils", "learners.documents": "documents", "learners.addresses": "addresses",
          "learners.contacts": "contacts"}  # fmt: skip
NAMES = (
    "Мальцева Анна Павловна",
    "Тиунов Олег Игоревич",
    "Гилёва Вера Ильинична",
    "Пермяков Пётр Ильич",
    "Чудинов Глеб Ильич",
)


@pytest.fixture
def town() -> dict[str, Any]:
    """Two schools in two municipalities: five children in the first, one in the second."""
    five, seven = (
        b.school("Школа № 5"),
        b.school("Школа № 7", where=b.municipality("lysva", "Лысьвенский округ")),
    )
    mine, other = b.group(five, "5А"), b.group(seven, "5Б")
    children = [b.person(name, born=date(2014, 5, day + 1)) for day, name in enumerate(NAMES)]
    for child in children:
        b.admitted(child, mine)
    stranger = b.person("Зырянов Иван Ильич", snils=b.snils_of(77))
    b.admitted(stranger, other)
    anna = children[0]
    Person.objects.filter(pk=anna).update(snils=b.snils_of(5))
    IdentityDocument.objects.create(
        person_id=anna, kind_code="12", series="II-ВГ", number="123456", key="12:IIВГ:123456"
    )
    Address.objects.create(person_id=anna, kind_code="residence", text="г. Пермь, ул. Ленина, 1")
    Contact.objects.create(person_id=anna, kind_code="1", value="+79020000000")
    return {"five": five, "seven": seven, "children": children, "anna": anna, "stranger": stranger}


def items(answer: Any) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.content.decode()
    found: list[dict[str, Any]] = read(answer)["items"]
    return found


def ids(answer: Any) -> list[str]:
    return [one["id"] for one in items(answer)]


def pages(address: str, token: str, **parameters: Any) -> Iterator[list[str]]:
    cursor = ""
    while True:
        answer = got(address, token, cursor=cursor, **parameters)
        yield ids(answer)
        cursor = read(answer)["next_cursor"]
        if cursor is None:
            return


# -- who may -----------------------------------------------------------------------------------


def test_without_a_token_nothing_is_read_and_nothing_redirects(town: dict[str, Any]) -> None:
    for address in ("organisations", "learners", f"learners/{town['anna']}", "contingent"):
        answer = got(address)
        is_problem(answer, 401, "machines.token_missing")
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="kontingent"'


@pytest.mark.parametrize("header", ["Basic abc", "Bearer", "Bearer a b", "Token x", "Bearer токен"])
def test_a_header_of_another_kind_is_no_token(header: str) -> None:
    answer = Client().get("/api/v1/organisations", headers={"Authorization": header})
    is_problem(answer, 401, "machines.token_missing")


def test_a_dead_token_opens_nothing(town: dict[str, Any]) -> None:
    one = m.client(town["five"])
    token = m.token_of(one)
    assert got("learners", token, on=DAY).status_code == 200
    with time_machine.travel(clock.now() + timedelta(minutes=16), tick=False):
        answer = got("learners", token, on=DAY)
    is_problem(answer, 401, "machines.token_invalid")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    is_problem(got("learners", "kgt_" + "A" * 43, on=DAY), 401, "machines.token_invalid")
    token = m.token_of(one)
    actions.revoke_client(actor=b.ROOT, client_id=one.client_id, reason="Утечка")
    before = m.everything()
    is_problem(got("learners", token, on=DAY), 401, "machines.token_invalid")
    assert m.everything() == before


def test_a_session_of_a_person_is_no_token(town: dict[str, Any]) -> None:
    client = Client()
    session = client.session
    session["sign_in"] = str(uuid4())
    session.save()
    is_problem(client.get("/api/v1/learners"), 401, "machines.token_missing")


@pytest.mark.parametrize(
    ("held", "address", "needed"),
    [
        ("contingent.read", "organisations", "organisations.read"),
        ("contingent.read", "learners", "learners.read"),
        ("organisations.read", "learners/{anna}", "learners.read"),
        ("learners.read", "contingent", "contingent.read"),
    ],
)
def test_each_address_asks_for_its_scope(town: dict[str, Any], held: str, address: str, needed: str) -> None:
    token = m.token_of(m.client(town["five"]), held)
    before = m.everything()
    answer = got(address.format(anna=town["anna"]), token)
    is_problem(answer, 403, "machines.scope_missing")
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]
    assert f'scope="{needed}"' in answer.headers["WWW-Authenticate"]
    assert m.everything() == before


def test_too_many_requests_are_told_when_to_come_again(town: dict[str, Any]) -> None:
    token = m.token_of(m.client(town["five"], rate=3))
    with time_machine.travel(clock.now().replace(second=15) + timedelta(minutes=1), tick=False):
        assert [got("organisations", token).status_code for _ in range(3)] == [200, 200, 200]
        before = m.everything()
        answer = got("learners", token, on=DAY)
        is_problem(answer, 429, "machines.too_many_requests")
        assert answer.headers["Retry-After"] == "45"
        assert m.everything() == before
    with time_machine.travel(clock.now().replace(second=1) + timedelta(minutes=2), tick=False):
        assert got("organisations", token).status_code == 200


# -- learners ----------------------------------------------------------------------------------


def test_pages_go_through_everybody_once(town: dict[str, Any]) -> None:
    token = m.token_of(m.client(town["five"]))
    for limit in (1, 2, 3, 5, 500):
        found = list(pages("learners", token, on=DAY, limit=limit))
        assert [one for page in found for one in page] == sorted(str(child) for child in town["children"])
        assert len(found) == -(-5 // limit)


def test_a_learner_with_two_places_comes_once(town: dict[str, Any]) -> None:
    circle = b.programme(town["five"], "41", "Шахматы")
    second = b.group(town["five"], "Шахматы", kind=circle.kind_code)
    b.admitted(town["anna"], second)
    token = m.token_of(m.client(town["five"]), "learners.read")
    found = list(pages("learners", token, on=DAY, limit=1))
    assert len(found) == 5
    one = read(got(f"learners/{town['anna']}", token, on=DAY))
    assert [place["is_main"] for place in one["places"]] == [True, False]


@pytest.mark.parametrize("extra", [(), *((scope,) for scope in GROUPS), tuple(GROUPS)])
def test_fields_appear_only_for_their_scopes(town: dict[str, Any], extra: tuple[str, ...]) -> None:
    token = m.token_of(m.client(town["five"]), " ".join(("learners.read", *extra)))
    expected = BASE_FIELDS | {GROUPS[scope] for scope in extra}
    answer = got("learners", token, on=DAY)
    assert all(set(one) == expected for one in items(answer))
    single = got(f"learners/{town['anna']}", token, on=DAY)
    assert set(read(single)) == expected
    secrets = {"learners.snils": b.snils_of(5), "learners.documents": "123456", "learners.addresses": "ул. Ленина",
               "learners.contacts": "+79020000000"}  # fmt: skip
    for scope, value in secrets.items():
        for one in (answer, single):
            assert (value in one.content.decode()) == (scope in extra), scope


def test_what_a_learner_looks_like(town: dict[str, Any]) -> None:
    token = m.token_of(m.client(town["five"]))
    one = read(got(f"learners/{town['anna']}", token, on=DAY))
    place = one.pop("places")[0]
    assert one == {
        "id": str(town["anna"]), "family_name": "Мальцева", "given_name": "Анна", "patronymic": "Павловна",
        "birth_date": "2014-05-01", "sex": "2", "snils": b.snils_of(5),
        "documents": [
            {"kind": "12", "series": "II-ВГ", "number": "123456", "issued_on": None, "issuer": "", "issuer_code": "",
             "valid_to": None, "is_current": True}
        ],
        "addresses": [{"kind": "residence", "text": "г. Пермь, ул. Ленина, 1", "postal_code": "", "starts_on": None}],
        "contacts": [{"kind": "1", "value": "+79020000000"}],
    }  # fmt: skip
    assert (place["ogrn"], place["group_title"], place["grade"], place["state"], place["starts_on"]) == (
        town["five"].ogrn, "5А", 5, "studying", "2025-09-01",
    )  # fmt: skip


def test_the_day_decides_who_is_there(town: dict[str, Any]) -> None:
    from kontingent.enrolment.models import Enrolment

    stream = Enrolment.objects.get(person_id=town["anna"])
    b.left(town["anna"], stream.enrolment_id, town["five"], on=date(2025, 11, 10))
    token = m.token_of(m.client(town["five"]))
    address = f"learners/{town['anna']}"
    for day, status in (("2025-08-31", 404), ("2025-09-01", 200), ("2025-11-09", 200), ("2025-11-10", 404)):
        assert got(address, token, on=day).status_code == status, day
        assert (str(town["anna"]) in ids(got("learners", token, on=day))) == (status == 200), day


def test_a_merged_record_leads_to_the_one_that_stayed_within_reach(town: dict[str, Any]) -> None:
    again = b.person("Мальцова Анна Павловна", born=date(2014, 5, 1))
    merging.merge(actor=b.ROOT, survivor_id=town["anna"], merged_id=again, basis="Одно свидетельство")
    answer = got(f"learners/{again}", m.token_of(m.client(town["five"])), on=DAY)
    assert answer.status_code == 307
    assert answer.headers["Location"] == f"/api/v1/learners/{town['anna']}?on={DAY}"
    assert got(f"learners/{again}", m.token_of(m.client(town["seven"])), on=DAY).status_code == 404


def test_a_record_made_by_mistake_is_not_given(town: dict[str, Any]) -> None:
    Person.objects.filter(pk=town["anna"]).update(status_code="3")
    token = m.token_of(m.client(town["five"]))
    is_problem(got(f"learners/{town['anna']}", token, on=DAY), 404, "api.no_such_learner")
    assert len(ids(got("learners", token, on=DAY))) == 4


def test_a_stranger_s_child_and_nobody_look_the_same(town: dict[str, Any]) -> None:
    token = m.token_of(m.client(town["five"]))
    before = m.everything()
    told = [
        is_problem(got(f"learners/{person_id}", token, on=DAY), 404, "api.no_such_learner")
        for person_id in (town["stranger"], uuid4())
    ]
    assert told[0] == told[1]
    assert m.everything() == before


@pytest.mark.parametrize("by", ["ogrn", "id"])
def test_another_school_is_refused(town: dict[str, Any], by: str) -> None:
    token = m.token_of(m.client(town["five"]))
    before = m.everything()
    for address in ("learners", "contingent"):
        answer = got(address, token, organisation=str(getattr(town["seven"], by)), on=DAY)
        is_problem(answer, 403, "access.out_of_scope")
        assert "Зырянов" not in answer.content.decode()
    assert m.everything() == before


def test_a_municipality_and_the_region_see_theirs(town: dict[str, Any]) -> None:
    lysva = m.token_of(m.client(where=town["seven"].municipality))
    assert ids(got("learners", lysva, on=DAY)) == [str(town["stranger"])]
    assert ids(got("organisations", lysva)) == [str(town["seven"].id)]
    region = m.token_of(m.client())
    assert len(ids(got("learners", region, on=DAY))) == 6
    only = got("learners", region, on=DAY, organisation=town["seven"].ogrn)
    assert ids(only) == [str(town["stranger"])]


def test_what_was_given_is_in_the_journal_of_each_child(town: dict[str, Any]) -> None:
    one = m.client(town["five"])
    token = m.token_of(one, "learners.read learners.snils")
    got("learners", token, on=DAY, limit=2, organisation=town["five"].ogrn)
    entry = Entry.objects.get(kind="machines.personal_data_given")
    assert entry.subjects == sorted(town["children"])[:2]
    assert entry.actor_code == f"client:{one.id}"
    assert entry.data == {"scopes": ["learners.read", "learners.snils"], "on": DAY, "count": 2}
    got(f"learners/{town['anna']}", token, on=DAY)
    assert Entry.objects.filter(
        kind="machines.personal_data_given", subjects__contains=[town["anna"]]
    ).exists()


def test_nobody_given_leaves_no_trace(town: dict[str, Any]) -> None:
    token = m.token_of(m.client(town["five"]))
    assert ids(got("learners", token, on="2020-01-01")) == []
    assert not Entry.objects.filter(kind="machines.personal_data_given").exists()


def test_a_page_costs_the_same_whatever_its_size(town: dict[str, Any]) -> None:
    token = m.token_of(m.client(town["five"]))
    costs = set()
    for limit in (1, 5):
        with CaptureQueriesContext(connection) as statements:
            got("learners", token, on=DAY, limit=limit, organisation=town["five"].ogrn)
        costs.add(len([q for q in statements.captured_queries if not b.is_bookkeeping(q["sql"])]))
    assert len(costs) == 1
    assert costs.pop() <= 12


# -- organisations and contingent ----------------------------------------------------------------


def test_organisations_by_pages(town: dict[str, Any]) -> None:
    token = m.token_of(m.client())
    found = list(pages("organisations", token, limit=1))
    assert [len(page) for page in found] == [1, 1]
    assert sorted(page[0] for page in found) == sorted(str(one.id) for one in Organisation.objects.all())
    with CaptureQueriesContext(connection) as statements:
        got("organisations", token, limit=500)
    assert len([q for q in statements.captured_queries if not b.is_bookkeeping(q["sql"])]) <= 3


def test_what_an_organisation_looks_like(town: dict[str, Any]) -> None:
    one = items(got("organisations", m.token_of(m.client(town["five"]))))[0]
    assert (one["ogrn"], one["municipality"], one["parent"], one["opened_on"]) == (
        town["five"].ogrn, "perm", None, "2000-01-01",
    )  # fmt: skip


def test_the_contingent_is_counted_within_the_reach(town: dict[str, Any]) -> None:
    token = m.token_of(m.client(town["five"]), "contingent.read")
    plain = read(got("contingent", token, on=DAY))
    assert plain == {"on": DAY, "organisation": None, "total": 5, "rows": []}
    cut = read(got("contingent", token, on=DAY, organisation=town["five"].ogrn, by="grade,sex"))
    assert cut["organisation"] == str(town["five"].id)
    assert cut["rows"] == [{"grade": 5, "sex": "1", "number": 3}, {"grade": 5, "sex": "2", "number": 2}]
    assert cut["total"] == 5
    region = m.token_of(m.client(), "contingent.read")
    by_school = read(got("contingent", region, on=DAY, by="organisation"))
    assert {row["organisation"]: row["number"] for row in by_school["rows"]} == {
        str(town["five"].id): 5,
        str(town["seven"].id): 1,
    }
    assert read(got("contingent", token, on="2020-01-01"))["total"] == 0


# -- what is asked badly -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "query"),
    [
        ("learners", "on=2025-13-01"),
        ("learners", "on=01.09.2025"),
        ("learners", "on=20250901"),
        ("learners", "on=сегодня"),
        ("learners", "limit=0"),
        ("learners", "limit=501"),
        ("learners", "limit=-1"),
        ("learners", "limit=%D9%A3"),
        ("learners", "limit=ten"),
        ("learners", "cursor=x"),
        ("learners", "cursor=" + "=" * 22),
        ("learners", "cursor=%00"),
        ("learners", "organisation=5"),
        ("learners", "organisation=%00"),
        ("learners", "organisatoin=1025900000001"),
        ("learners", "organisation=1025900000001&organisation=1025900000002"),
        ("learners", "access_token=kgt_x"),
        ("learners/{anna}", "limit=5"),
        ("organisations", "on=2025-09-01"),
        ("reports", "form=%D0%9E%D0%9E"),
        ("reports", "year=now"),
        ("reports", "year=1812"),
        ("reports", "limit=0"),
        ("contingent", "by=snils"),
        ("contingent", "by=grade,grade"),
        ("contingent", "by=grade,sex,age,level"),
    ],
)
def test_a_bad_parameter_is_refused(town: dict[str, Any], address: str, query: str) -> None:
    token = m.token_of(m.client(town["five"]))
    before = m.everything()
    answer = got(f"{address.format(anna=town['anna'])}?{query}", token)
    is_problem(answer, 400, "api.parameter")
    assert m.everything() == before


def test_an_unknown_organisation_is_not_found(town: dict[str, Any]) -> None:
    token = m.token_of(m.client())
    is_problem(got("learners", token, organisation="1" * 13), 404, "organisations.no_such_ogrn")
    is_problem(got("learners", token, organisation=str(uuid4())), 404, "organisations.no_such")


@pytest.mark.parametrize(
    "address", ["", "v1", "v1/", "v2/learners", "v1/learners/", "v1/learners/1", "v1/persons", "x/../y"]
)
def test_an_unknown_address_is_a_problem_not_a_page(address: str) -> None:
    for answer in (Client().get(f"/api/{address}"), Client(enforce_csrf_checks=True).post(f"/api/{address}")):
        is_problem(answer, 404, "api.no_such_address")


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "head", "options"])
def test_nothing_is_written_by_reading_addresses(town: dict[str, Any], method: str) -> None:
    client = Client(enforce_csrf_checks=True)
    before = m.everything()
    answer = getattr(client, method)("/api/v1/learners")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")
    assert m.everything() == before


def test_a_failure_is_told_without_details(
    town: dict[str, Any], monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("пароль базы")

    monkeypatch.setattr("kontingent.api.queries.learners_page", broken)
    answer = got("learners", m.token_of(m.client(town["five"])), on=DAY)
    is_problem(answer, 500, "api.failure")
    assert "пароль" not in answer.content.decode()
    assert "the API failed" in caplog.text


def test_ids_in_any_letter_case(town: dict[str, Any]) -> None:
    token = m.token_of(m.client(town["five"]))
    assert len(ids(got("learners", token, on=DAY, organisation=str(town["five"].id).upper()))) == 5
    assert machine.read(got(f"learners/{UUID(str(town['anna']))}", token, on=DAY))["id"] == str(town["anna"])


# -- forms ---------------------------------------------------------------------------------------


def test_forms_come_with_their_cells_within_the_reach(town: dict[str, Any]) -> None:
    codelists.load_all()
    for school in (town["five"], town["seven"]):
        reports.prepare(actor=b.ROOT, organisation_id=school.id, form="oo-1", year=2025)
    answer = read(got("reports", m.token_of(m.client(town["five"])), form="oo-1", year="2025"))
    (one,) = answer["items"]
    assert (one["organisation"], one["form"], one["state"], one["version"]) == (
        str(town["five"].id),
        "oo-1",
        "draft",
        1,
    )
    cells = {(cell["table"], cell["row"], cell["column"]): cell["number"] for cell in one["cells"]}
    assert cells["2.1.1.1", "10", "3"] == len(NAMES)
    assert "Мальцева" not in str(answer)
    assert read(got("reports", m.token_of(m.client(town["five"])), year="2024"))["items"] == []
