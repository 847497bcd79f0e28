"""The security officer's page of outside systems: registering, secrets, keys, stopping, and who may not."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from kontingent.access.machines import actions, queries
from kontingent.access.machines.models import ApiClient
from kontingent.audit.models import Entry
from tests import builders as b
from tests.api import machine
from tests.machines import clients as m

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer() -> Client:
    return b.browser(b.appointed("security"))


def asked(client_id: str, secret: str) -> Any:
    return machine.posted(
        machine.TOKEN, {"grant_type": "client_credentials"}, Authorization=machine.basic(client_id, secret)
    )


def shown_secret(text: str) -> str:
    found = re.search(r"kgs_[A-Za-z0-9_-]{43}", text)
    assert found
    return found.group(0)


def test_from_registration_to_a_token_and_to_the_end(officer: Client) -> None:
    school = b.school()
    form = {
        "name": "Журнал",
        "ogrn": school.ogrn,
        "scope": ["learners.read", "organisations.read"],
        "rate": "60",
    }
    made = officer.post("/machines/", form)
    assert made.status_code == 200
    one = ApiClient.objects.get()
    assert (one.organisation_id, one.scopes, one.rate_per_minute) == (
        school.id,
        ["organisations.read", "learners.read"],
        60,
    )
    address = f"/machines/{one.client_id}/"
    secret = shown_secret(made.content.decode())
    assert secret not in officer.get(address).content.decode(), "shown once"
    assert "не обращалась" in officer.get(address).content.decode()
    assert asked(one.client_id, secret).status_code == 200
    assert "не обращалась" not in officer.get("/machines/").content.decode()
    newer = shown_secret(officer.post(address, {"act": "rotate"}).content.decode())
    assert asked(one.client_id, secret).status_code == asked(one.client_id, newer).status_code == 200, (
        "both, for a week"
    )
    assert officer.post(address, {"act": "add-key", "key": m.pem(m.EC_KEY), "kid": "k1"}).status_code == 302
    assert "k1" in officer.get(address).content.decode()
    assert officer.post(address, {"act": "revoke-key", "kid": "k1"}).status_code == 302
    assert officer.post(address, {"act": "revoke", "reason": "договор окончен"}).status_code == 302
    assert machine.read(asked(one.client_id, newer))["code"] == "machines.client_revoked"


def test_a_suspended_system_is_stopped_at_once_and_goes_on_when_resumed(officer: Client) -> None:
    one = m.client(b.school())
    secret, token = m.secret_of(one), m.token_of(one)
    address = f"/machines/{one.client_id}/"
    assert machine.got("organisations", token).status_code == 200
    assert officer.post(address, {"act": "suspend", "reason": "проверка"}).status_code == 302
    machine.is_problem(machine.got("organisations", token), 401, "machines.token_invalid")
    assert machine.read(asked(one.client_id, secret))["code"] == "machines.client_suspended"
    assert "проверка" in officer.get(address).content.decode()
    assert officer.post(address, {"act": "resume"}).status_code == 302
    assert asked(one.client_id, secret).status_code == 200
    machine.is_problem(machine.got("organisations", token), 401, "machines.token_invalid")
    assert m.kinds().count("client_suspended") == m.kinds().count("client_resumed") == 1


def test_what_a_system_may_have_is_changed_with_a_basis(officer: Client) -> None:
    one = m.client(b.school(), scopes=("organisations.read", "learners.read"), rate=60)
    token, address = m.token_of(one), f"/machines/{one.client_id}/"
    assert "Изменить, что доступно системе" in officer.get(address).content.decode()
    form: dict[str, Any] = {"act": "change", "scope": ["organisations.read", "journals.write"], "rate": "90", "basis": "заявка 7"}  # fmt: skip
    before = m.everything()
    for wrong, code in (
        ({"basis": " "}, "machines.change_basis"), ({"scope": []}, "machines.scopes"), ({"scope": ["x"]}, "machines.scopes"),
        ({"rate": "0"}, "machines.rate"), ({"scope": ["organisations.read", "learners.read"], "rate": "60"}, "machines.nothing_changed"),
    ):  # fmt: skip
        answer = officer.post(address, form | wrong)
        assert answer.status_code == 422
        assert code in answer.content.decode()
        assert m.everything() == before
    assert officer.post(address, form).status_code == 302
    one.refresh_from_db()
    assert (one.scopes, one.rate_per_minute) == (["organisations.read", "journals.write"], 90)
    machine.is_problem(machine.got("learners", token), 403, "machines.scope_missing")
    assert machine.got("organisations", token).status_code == 200
    entry = Entry.objects.get(kind="machines.client_changed")
    assert (entry.basis, entry.data["scopes_before"]) == ("заявка 7", ["organisations.read", "learners.read"])
    stranger = b.browser(b.appointed("ministry"))
    assert stranger.post(address, form | {"rate": "10"}).status_code == 403
    actions.revoke_client(actor=b.ROOT, client_id=one.client_id, reason="договор окончен")
    assert officer.post(address, form | {"rate": "10"}).status_code == 422
    one.refresh_from_db()
    assert one.rate_per_minute == 90


def test_whoever_manages_within_a_scope_sees_the_systems_of_that_scope() -> None:
    school, other = b.school(), b.school("Школа № 7")
    mine, _ = m.client(school), m.client(other)
    m.client()
    assert [one.id for one in queries.clients(b.actor_of(school))] == [mine.id]
    assert queries.clients(b.ROOT).count() == 3


def test_what_makes_no_sense_is_refused_and_changes_nothing() -> None:
    one = m.client(b.school())
    with m.refused("machines.suspend_reason"):
        actions.suspend_client(actor=b.ROOT, client_id=one.client_id, reason=" ")
    with m.refused("machines.client_not_suspended"):
        actions.resume_client(actor=b.ROOT, client_id=one.client_id)
    actions.suspend_client(actor=b.ROOT, client_id=one.client_id, reason="проверка")
    with m.refused("machines.client_suspended"):
        actions.suspend_client(actor=b.ROOT, client_id=one.client_id, reason="проверка")


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"name": "Журнал", "scope": "learners.read", "rate": "60"}, "machines.reach"),
        ({"name": "Журнал", "region": "yes", "rate": "60"}, "machines.scopes"),
        (
            {"name": "Журнал", "region": "yes", "scope": "learners.snils", "rate": "60"},
            "machines.scopes_incomplete",
        ),
        ({"name": "Журнал", "region": "yes", "scope": "learners.read", "rate": "много"}, "machines.rate"),
        ({"name": " ", "region": "yes", "scope": "learners.read", "rate": "60"}, "machines.name"),
    ],
)
def test_a_bad_form_registers_nobody(officer: Client, form: dict[str, str], code: str) -> None:
    answer = officer.post("/machines/", form)
    assert answer.status_code == 422
    assert code in answer.content.decode()
    assert ApiClient.objects.count() == 0


@pytest.mark.parametrize(
    "act", ["", "nonsense", "suspend", "revoke", "add-key", "revoke-key", "resume", "change"]
)
def test_a_bad_act_changes_nothing(officer: Client, act: str) -> None:
    one = m.client(b.school())
    before = m.everything()
    assert officer.post(f"/machines/{one.client_id}/", {"act": act}).status_code == 422
    assert m.everything() == before


@pytest.mark.parametrize("role", ["operator", "head", "teacher", "municipal", "ministry"])
def test_nobody_else_sees_or_manages_systems(role: str) -> None:
    school = b.school()
    one = m.client(school)
    at = school if role in {"operator", "head", "teacher"} else None
    client = b.browser(b.appointed(role, at=at, where=school.municipality if role == "municipal" else None))
    before = m.everything()
    assert client.get("/machines/").status_code == 403
    assert client.get(f"/machines/{one.client_id}/").status_code == 403
    assert client.post(
        "/machines/", {"name": "x", "region": "yes", "scope": "learners.read", "rate": "1"}
    ).status_code in {403, 422}
    for act in ("rotate", "suspend", "revoke"):
        assert client.post(f"/machines/{one.client_id}/", {"act": act, "reason": "x"}).status_code == 403
    changed = m.everything()[:-1]
    assert changed == before[:-1]
