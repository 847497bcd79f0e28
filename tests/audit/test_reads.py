"""Nobody reads in the dark: every page that shows people leaves a row with exactly those people, and refusals too."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kontingent.access.roles import Level
from kontingent.audit import context, reads
from kontingent.audit.models import Entry
from kontingent.audit.reads import ReadKind
from kontingent.enrolment.models import Order
from kontingent.kernel.actor import system_actor
from kontingent.persons.models import Representation
from tests import builders as b

pytestmark = pytest.mark.django_db


@pytest.fixture
def school() -> dict[str, Any]:
    five = b.school("Школа № 5")
    mine = b.group(five, "5А", year=2026)
    anna = b.person("Мальцева Анна Павловна", snils=b.snils_of(7001), born=date(2010, 1, 1))
    oleg = b.person("Тиунов Олег Игоревич", born=date(2015, 2, 3))
    mother = b.person("Мальцева Ольга Андреевна", snils=b.snils_of(7002), born=date(1985, 1, 1))
    Representation.objects.create(child_id=anna, adult_id=mother)
    for child in (anna, oleg):
        b.admitted(child, mine, on=date(2026, 9, 1))
    operator = b.appointed("operator", at=five, full_name="Тиунова Вера Павловна", post="секретарь")
    return {"five": five, "mine": mine, "anna": anna, "oleg": oleg, "operator": operator}


def rows_since(known: set[int]) -> list[Entry]:
    return [
        one for one in Entry.objects.order_by("id") if one.id not in known and one.kind.startswith("read.")
    ]


def shown(client: Any, address: str) -> tuple[int, list[Entry]]:
    known = set(Entry.objects.values_list("id", flat=True))
    answer = client.get(address)
    return answer.status_code, rows_since(known)


@pytest.mark.parametrize(
    ("address", "kind", "who"),
    [
        ("/learners/{anna}/", "read.card", ["anna"]),
        ("/learners/{anna}/edit/", "read.card", ["anna"]),
        ("/learners/{anna}/document/", "read.card", ["anna"]),
        ("/learners/{anna}/representative/", "read.card", ["anna"]),
        ("/learners/?q=мальц", "read.search", ["anna"]),
        ("/learners/school/", "read.list", ["anna", "oleg"]),
        ("/groups/{mine}/", "read.list", ["anna", "oleg"]),
        ("/contingent/learners/?grade=5&on=2026-09-20", "read.list", ["anna", "oleg"]),
        ("/orders/{order}/", "read.list", ["anna"]),
        ("/orders/new/?kind=transfer_out", "read.list", ["anna", "oleg"]),
        ("/orders/turnover/?year=2026", "read.list", ["anna", "oleg"]),
    ],
)
def test_every_page_with_people_leaves_a_row_with_them(
    school: dict[str, Any], address: str, kind: str, who: list[str]
) -> None:
    order = Order.objects.filter(lines__person_id=school["anna"]).get()
    path = address.format(anna=school["anna"], mine=school["mine"].id, order=order.id)
    status, rows = shown(b.browser(school["operator"]), path)
    assert status == 200
    assert kind in {row.kind for row in rows}
    (row,) = [row for row in rows if row.kind == kind]
    assert set(who) <= {name for name in ("anna", "oleg") if school[name] in row.subjects}
    assert (row.actor_post, row.purpose, row.address) == ("секретарь", "contingent", "127.0.0.1")
    assert row.request_id is not None


@pytest.mark.parametrize(
    "address", ["/", "/groups/", "/orders/", "/contingent/", "/organisations/", "/codelists/"]
)
def test_a_page_without_people_leaves_none(school: dict[str, Any], address: str) -> None:
    assert shown(b.browser(school["operator"]), address) == (200, [])


def test_the_family_s_own_look_is_written_too(school: dict[str, Any]) -> None:
    status, rows = shown(b.client_of(b.snils_of(7002)), f"/family/{school['anna']}/")
    assert status == 200
    mother = Representation.objects.get(child_id=school["anna"]).adult_id
    assert [(row.kind, row.subjects, row.purpose) for row in rows] == [
        ("read.family", [school["anna"]], "family"),
        ("read.relative", [mother], "family"),
    ]


def test_one_request_writes_its_reads_with_one_statement(school: dict[str, Any]) -> None:
    actor = system_actor("test", "Проверка")
    with context.within(context.Request()) as request:
        for _ in range(30):
            reads.note(actor, ReadKind.CARD, [school["anna"]])
        assert Entry.objects.filter(kind="read.card", actor_code=actor.code).count() == 0
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert reads.flush(request) == 30
    assert len(captured) == 1
    assert Entry.objects.filter(kind="read.card", actor_code=actor.code).count() == 30


def test_nobody_shown_is_nothing_written() -> None:
    reads.note(system_actor("test", "Проверка"), ReadKind.SEARCH, [])
    assert not Entry.objects.filter(kind="read.search").exists()


def test_a_read_of_a_page_that_is_refused_afterwards_stays(school: dict[str, Any]) -> None:
    client = b.browser(school["operator"])
    known = set(Entry.objects.values_list("id", flat=True))
    answer = client.post(f"/learners/{school['anna']}/edit/", {"family_name": "", "version": "1"})
    assert answer.status_code == 422
    assert [row.kind for row in rows_since(known)] == ["read.card"]


def test_a_refusal_is_written_with_its_code_and_nothing_typed(school: dict[str, Any]) -> None:
    stranger = b.appointed("operator", at=b.school("Школа № 9"), full_name="Чужая Инна Ивановна")
    answer = b.browser(stranger).get(f"/learners/{school['anna']}/")
    assert answer.status_code == 403
    row = Entry.objects.get(kind="audit.refused")
    assert row.data == {"code": "access.out_of_scope", "path": f"/learners/{school['anna']}/"}
    assert row.subjects == [school["anna"]]
    assert row.actor_name == "Чужая Инна Ивановна"


def test_the_journal_holds_no_name_and_no_number_of_those_read(school: dict[str, Any]) -> None:
    client = b.browser(school["operator"])
    for address in ("/learners/?q=мальцева", f"/learners/{school['anna']}/", "/learners/school/"):
        client.get(address)
    told = " ".join(f"{row.data} {row.basis}" for row in Entry.objects.filter(kind__startswith="read."))
    assert "мальцев" not in told.lower()
    assert b.snils_of(7001) not in told


def test_the_security_officer_searches_and_that_is_written(school: dict[str, Any]) -> None:
    b.browser(school["operator"]).get(f"/learners/{school['anna']}/")
    officer = b.browser(b.appointed("security", full_name="Носков Денис Юрьевич"))
    answer = officer.get("/journal/", {"person": b.snils_of(7001), "kind": "read."})
    assert answer.status_code == 200
    assert "Открыта карточка" in answer.content.decode()
    row = Entry.objects.get(kind="audit.searched")
    assert row.subjects == [school["anna"]]
    workbook = officer.get("/journal/export.xlsx", {"kind": "read.card"})
    assert workbook.content[:2] == b"PK"
    assert Entry.objects.filter(kind="audit.searched", data__exported__gt=0).count() == 1


@pytest.mark.parametrize("address", ["/journal/", "/journal/export.xlsx", "/alerts/", "/questions/"])
def test_nobody_else_reads_the_journal(school: dict[str, Any], address: str) -> None:
    for client in (b.browser(school["operator"]), b.client_of(b.snils_of(7002))):
        assert client.get(address).status_code == 403


def test_a_wrong_filter_says_what_is_wrong(school: dict[str, Any]) -> None:
    officer = b.browser(b.appointed("security", full_name="Носков Денис Юрьевич"))
    answer = officer.get("/journal/", {"person": b.snils_of(9123)})
    assert "в реестре нет" in answer.content.decode()


def test_the_journal_pages_without_losing_rows(school: dict[str, Any]) -> None:
    actor = system_actor("pages", "Проверка страниц")
    for _ in range(130):
        reads.note(actor, ReadKind.CARD, [school["anna"]])
    officer = b.browser(b.appointed("security", full_name="Носков Денис Юрьевич"))
    seen: list[UUID] = []
    address: str | None = "?actor=system:pages"
    while address:
        text = officer.get(f"/journal/{address}").content.decode()
        seen += [1] * text.count("Открыта карточка</th>")  # type: ignore[list-item]
        _, found, rest = text.partition('<a class="btn" href="?')
        address = "?" + rest.split('"')[0].replace("&amp;", "&") if found and "Дальше" in rest[:400] else None
    assert len(seen) == 130


def test_levels_have_purposes_of_the_catalogue() -> None:
    from kontingent.access.roles import ROLES
    from kontingent.audit.purposes import PURPOSES

    assert {role.purpose for role in ROLES.values()} <= PURPOSES.keys()
    assert all(ROLES[code].purpose == "family" for code in ROLES if ROLES[code].level is Level.OWN)
