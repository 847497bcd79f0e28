"""Every page for every persona of the demo: answers, stays within scope, escapes, costs few statements."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kontingent.access.roles import ROLES, Level, appointable
from kontingent.enrolment.models import Enrolment, Order
from kontingent.organisations.models import ChangeProposal, Organisation
from kontingent.persons.models import Person, Representation
from kontingent.web import urls
from tests import builders as b

pytestmark = pytest.mark.django_db
#: Three of them find the session and its actor, one writes the read into the journal.
MOST_STATEMENTS = 15


@pytest.fixture
def town() -> dict[str, Any]:
    """Two schools with a class each, and somebody of every role in the first."""
    five, seven = (
        b.school("Школа № 5"),
        b.school("Школа № 7", where=b.municipality("lysva", "Лысьвенский округ")),
    )
    mine, other = b.group(five, "5А", year=2026), b.group(seven, "5Б", year=2026)
    anna = b.person("Мальцева Анна Павловна", snils=b.snils_of(7001), born=date(2010, 1, 1))
    oleg = b.person("Тиунов Олег Игоревич", born=date(2015, 2, 3))
    mother = b.person("Мальцева Ольга Андреевна", snils=b.snils_of(7002), born=date(1985, 1, 1))
    Representation.objects.create(child_id=anna, adult_id=mother)
    b.admitted(anna, mine, on=date(2026, 9, 1))
    b.admitted(oleg, other, on=date(2026, 9, 1))
    held = {}
    for role in appointable():
        in_school = role.level in {Level.ORGANISATION, Level.GROUPS}
        held[role.code] = b.appointed(
            role.code,
            at=five if in_school else None,
            where=five.municipality if role.level is Level.MUNICIPALITY else None,
            groups=(mine.id,) if role.level is Level.GROUPS else (),
            full_name="Лицо",
        )
    return {
        "five": five,
        "seven": seven,
        "anna": anna,
        "oleg": oleg,
        "mine": mine,
        "other": other,
        "held": held,
    }


def signed_in(town: dict[str, Any], role: str) -> Client:
    if role == "representative":
        return b.client_of(b.snils_of(7002))
    if role == "learner":
        return b.client_of(b.snils_of(7001))
    return b.browser(town["held"][role])


def addresses(town: dict[str, Any]) -> list[str]:
    order = Order.objects.get(organisation=town["five"])
    return [
        "/", "/learners/", "/learners/?q=мальц", "/learners/?q=01.01.2015", "/learners/school/", f"/learners/{town['anna']}/",
        "/groups/", f"/groups/{town['mine'].id}/", f"/groups/{town['mine'].id}/conditions/",
        f"/groups/{town['mine'].id}/edit/", "/programmes/", f"/learners/{town['anna']}/citizenship/",
        f"/learners/{town['anna']}/categories/", "/orders/", f"/orders/{order.id}/", "/orders/new/",
        "/orders/new/?kind=transfer_out", "/orders/turnover/?year=2026", "/imports/", "/contingent/",
        "/contingent/?by=level&columns=sex", "/contingent/learners/?grade=5", "/organisations/",
        f"/organisations/{town['five'].id}/", "/organisations/proposals/", "/codelists/", "/codelists/sex/",
    ]  # fmt: skip


def test_every_page_answers_the_operator_and_costs_few_statements(town: dict[str, Any]) -> None:
    from kontingent.codelists import actions as codelists

    codelists.load_all()
    client = signed_in(town, "operator")
    for address in addresses(town):
        with CaptureQueriesContext(
            connection,
        ) as statements:
            answer = client.get(address)
        assert answer.status_code == 200, address
        asked = [q for q in statements.captured_queries if not b.is_bookkeeping(q["sql"])]
        assert len(asked) <= MOST_STATEMENTS, (address, len(asked))


@pytest.mark.parametrize("role", sorted(ROLES))
def test_no_role_meets_a_broken_page(town: dict[str, Any], role: str) -> None:
    from kontingent.codelists import actions as codelists

    codelists.load_all()
    client = signed_in(town, role)
    for address in addresses(town):
        assert client.get(address).status_code in {200, 403}, address


def test_without_signing_in_nothing_is_shown(town: dict[str, Any]) -> None:
    patterns = [str(one.pattern) for one in urls.urlpatterns]
    assert len(patterns) > 30
    client = Client()
    for pattern in patterns:
        address = "/" + re.sub(r"<[^>]+>", "018f0000-0000-7000-8000-000000000000", pattern)
        answer = client.get(address)
        if address == "/esia/start/":
            assert answer.status_code == 403, "not configured"
        elif address == "/esia/callback/":
            assert answer.status_code == 403, "a return nobody set out for"
        elif address.startswith("/check/"):
            assert answer.status_code in {200, 404}, "whoever holds a certificate may check it"
            assert not any(word in answer.content.decode() for word in ("Мальцева", "Тиунов")), address
        elif address != "/sign-in/":
            assert (answer.status_code, answer.headers["Location"][:9]) == (302, "/sign-in/"), address
    assert client.get("/health").status_code == 200


def test_another_schools_people_do_not_show(town: dict[str, Any]) -> None:
    client = signed_in(town, "operator")
    order = Order.objects.get(organisation=town["seven"])
    for address in (
        f"/learners/{town['oleg']}/",
        f"/groups/{town['other'].id}/",
        f"/orders/{order.id}/",
        f"/learners/{town['oleg']}/edit/",
    ):
        answer = client.get(address)
        assert answer.status_code in {403, 404}, address
        assert "Тиунов" not in answer.content.decode()
    assert "Тиунов" not in client.get("/learners/?q=тиунов").content.decode().replace("Лицо", "").split(
        "<main"
    )[1].replace("«тиунов»", "")
    listed = client.get(f"/contingent/learners/?organisation={town['seven'].id}").content.decode()
    assert "Тиунов" not in listed


def test_names_are_escaped(town: dict[str, Any]) -> None:
    Person.objects.filter(pk=town["anna"]).update(given_name="<script>alert(1)</script>")
    client = signed_in(town, "operator")
    for address in (
        f"/learners/{town['anna']}/",
        "/learners/school/",
        f"/groups/{town['mine'].id}/",
        "/learners/?q=мальцева",
    ):
        page = client.get(address).content.decode()
        assert "<script>alert" not in page, address
        assert "&lt;script&gt;" in page, address


def test_security_headers_are_there(town: dict[str, Any]) -> None:
    answer = signed_in(town, "operator").get("/")
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_form_without_its_token_changes_nothing(town: dict[str, Any]) -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies = signed_in(town, "operator").cookies
    order = Order.objects.get(organisation=town["five"])
    before = list(Order.objects.values())
    answer = client.post(f"/orders/{order.id}/act/", {"act": "cancel", "reason": "Проверка"})
    assert answer.status_code == 403
    assert "Форма устарела" in answer.content.decode()
    assert list(Order.objects.values()) == before


def test_a_teacher_cannot_sign(town: dict[str, Any]) -> None:
    order = Order.objects.get(organisation=town["five"])
    answer = signed_in(town, "teacher").post(
        f"/orders/{order.id}/act/", {"act": "cancel", "reason": "Проверка"}
    )
    assert answer.status_code == 403
    assert Order.objects.get(pk=order.id).status == "signed"


def test_from_draft_to_signature_and_back_by_pages(town: dict[str, Any]) -> None:
    client = signed_in(town, "operator")
    stream = Enrolment.objects.get(person_id=town["anna"])
    form = {
        "kind": "transfer_out", "effective_on": "2026-10-14", "learner": str(stream.enrolment_id), "reason": "T3",
        "destination": "г. Уфа, Башкортостан",
    }  # fmt: skip
    drafted = client.post("/orders/new/", form)
    assert drafted.status_code == 302
    page = client.get(drafted.headers["Location"]).content.decode()
    assert "Отказов нет" in page
    act = f"{drafted.headers['Location']}act/"
    assert client.post(act, {"act": "sign", "number": "118-у", "dated": "2026-10-13"}).status_code == 302
    assert Enrolment.objects.get(person_id=town["anna"], superseded_at__isnull=True).ends_on == date(
        2026, 10, 14
    )
    assert "выбыл" in client.get(drafted.headers["Location"]).content.decode()
    assert client.post(act, {"act": "cancel", "reason": "Ошибка"}).status_code == 302
    assert Enrolment.objects.get(person_id=town["anna"], superseded_at__isnull=True).ends_on is None


def test_a_refused_form_keeps_what_was_typed(town: dict[str, Any]) -> None:
    client = signed_in(town, "operator")
    answer = client.post(
        f"/learners/{town['anna']}/edit/",
        {"family_name": "Мальцева-Попова", "snils": "111-111-111 11", "basis": "паспорт"},
    )
    assert answer.status_code == 422
    assert "Мальцева-Попова" in answer.content.decode()
    assert "Контрольное число" in answer.content.decode()
    assert Person.objects.get(pk=town["anna"]).family_name == "Мальцева"


def test_a_proposal_goes_to_the_municipality_and_takes_effect(town: dict[str, Any]) -> None:
    school: Organisation = town["five"]
    change = {
        "full_name": school.full_name,
        "short_name": school.short_name,
        "phone": "+73420000000",
        "valid_from": "2026-11-01",
        "basis": "приказ № 1",
    }
    assert signed_in(town, "operator").post(f"/organisations/{school.id}/change/", change).status_code == 302
    school.refresh_from_db()
    assert school.phone == ""
    proposal = ChangeProposal.objects.get()
    officer = signed_in(town, "municipal")
    assert "+73420000000" in officer.get("/organisations/proposals/").content.decode()
    assert (
        officer.post(f"/organisations/proposals/{proposal.id}/", {"decision": "confirm"}).status_code == 302
    )
    school.refresh_from_db()
    assert school.phone == "+73420000000"


def test_a_number_opens_into_its_learners(town: dict[str, Any]) -> None:
    page = signed_in(town, "operator").get("/contingent/?on=2026-09-20&by=grade").content.decode()
    link = re.search(r'href="(learners/\?[^"]*grade=5[^"]*)"', page)
    assert link
    listed = (
        signed_in(town, "operator").get("/contingent/" + link.group(1).replace("&amp;", "&")).content.decode()
    )
    assert "Мальцева Анна Павловна" in listed


def test_the_ministry_opens_the_card_of_a_learner(town: dict[str, Any]) -> None:
    """The region's scope lists no places, and yet sees everybody, with what was done to them."""
    answer = signed_in(town, "ministry").get(f"/learners/{town['anna']}/")
    assert answer.status_code == 200
    assert "Мальцева Анна Павловна" in answer.content.decode()


def test_a_page_that_shows_a_refusal_says_so_by_its_status(town: dict[str, Any]) -> None:
    operator, card = signed_in(town, "operator"), f"/learners/{town['anna']}/"
    for address in (f"{card}document/", f"{card}representative/", "/groups/add/"):
        assert operator.get(address).status_code == 200, address
        answer = operator.post(address, {"issued_on": "31.02.2026", "birth_date": "31.02.2026"})
        assert (answer.status_code, 'role="alert"' in answer.content.decode()) == (422, True), address
    journal = signed_in(town, "security").get("/journal/?since=вчера")
    assert (journal.status_code, 'role="alert"' in journal.content.decode()) == (422, True)
