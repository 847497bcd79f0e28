"""The token endpoint over HTTP: three ways to prove oneself, the errors of the RFCs, giving a token back."""

from __future__ import annotations

import re
from typing import Any

import pytest
import time_machine
from django.test import Client

from kontingent.access.machines import actions, queries
from kontingent.access.machines.assertions import ASSERTION_TYPE
from kontingent.access.machines.models import AccessToken, ApiClient
from kontingent.kernel import clock
from kontingent.kernel.errors import KontingentError
from tests import builders as b
from tests.api import machine
from tests.api.machine import REVOKE, TOKEN
from tests.machines import clients as m

pytestmark = pytest.mark.django_db
ASK = {"grant_type": "client_credentials"}
#: RFC 6749 §5.2 allows these letters in error_description.
DESCRIPTION = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+")


@pytest.fixture(autouse=True)
def address(settings: Any) -> None:
    settings.ADDRESS = "https://kontingent.example"


def is_error(answer: Any, status: int, error: str, code: str) -> None:
    told = machine.read(answer)
    assert (answer.status_code, told["error"], told["code"]) == (status, error, code), told
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Pragma"] == "no-cache"
    assert answer.headers["Content-Type"] == "application/json"
    assert DESCRIPTION.fullmatch(told["error_description"])
    assert any("а" <= letter <= "я" for letter in told["detail"])
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)


def test_three_ways_to_a_token() -> None:
    one = m.client(b.school())
    secret = m.secret_of(one)
    actions.add_key(actor=b.ROOT, client_id=one.client_id, public_key=m.pem(m.EC_KEY))
    signed = m.assertion(m.claims(one), m.EC_KEY)
    for answer in (
        machine.posted(TOKEN, ASK, Authorization=machine.basic(one.client_id, secret)),
        machine.posted(TOKEN, {**ASK, "client_id": one.client_id, "client_secret": secret}),
        machine.posted(TOKEN, {**ASK, "client_assertion_type": ASSERTION_TYPE, "client_assertion": signed}),
    ):
        told = machine.read(answer)
        assert answer.status_code == 200, told
        assert (told["token_type"], told["expires_in"]) == ("Bearer", 900)
        assert told["scope"] == " ".join(m.EVERY_SCOPE)
        assert (answer.headers["Cache-Control"], answer.headers["Pragma"]) == ("no-store", "no-cache")
        assert queries.actor_for_token(told["access_token"]).code == f"client:{one.id}"


def test_a_narrower_token_and_parameters_without_a_value() -> None:
    one = m.client()
    header = machine.basic(one.client_id, m.secret_of(one))
    narrow = machine.posted(TOKEN, {**ASK, "scope": "contingent.read"}, Authorization=header)
    assert machine.read(narrow)["scope"] == "contingent.read"
    wide = machine.posted(
        TOKEN, {**ASK, "scope": "", "client_secret": "", "unknown": "1"}, Authorization=header
    )
    assert machine.read(wide)["scope"] == " ".join(m.EVERY_SCOPE)


def attempts(one: ApiClient, secret: str) -> list[tuple[int, str, str, dict[str, Any]]]:
    header = {"Authorization": machine.basic(one.client_id, secret)}
    own = {"client_id": one.client_id, "client_secret": secret}
    return [
        (401, "invalid_client", "client_missing", {"form": ASK}),
        (401, "invalid_client", "client_missing", {"form": {**ASK, "client_id": one.client_id}}),
        (401, "invalid_client", "client_unknown", {"form": {**ASK, **own, "client_secret": "x"}}),
        (401, "invalid_client", "client_unknown", {"form": ASK, "Authorization": "Basic !!!"}),
        (401, "invalid_client", "client_unknown", {"form": ASK, "Authorization": "Basic " + "gA=="}),
        (401, "invalid_client", "client_unknown", {"form": ASK, "Authorization": "Negotiate abc"}),
        (401, "invalid_client", "client_unknown", {"form": ASK, "Authorization": machine.basic("a:b", "c")}),
        (400, "invalid_request", "request_methods", {"form": {**ASK, **own}, **header}),
        (400, "invalid_request", "request_methods", {"form": {**ASK, **own, "client_assertion": "a.b.c"}}),
        (400, "invalid_request", "request_client_id", {"form": {**ASK, "client_id": "kg-1"}, **header}),
        (400, "invalid_request", "request_assertion_type", {"form": {**ASK, "client_assertion": "a.b.c"}}),
        (400, "invalid_request", "request_assertion_type", {"form": {**ASK, "client_assertion_type": ASSERTION_TYPE}}),
        (400, "invalid_request", "request_grant_type", {"form": {"scope": "contingent.read"}, **header}),
        (400, "unsupported_grant_type", "grant_type", {"form": {"grant_type": "password"}, **header}),
        (400, "invalid_request", "request_repeated", {"form": [*ASK.items(), *ASK.items()], **header}),
        (400, "invalid_request", "request_query", {"form": ASK, "address": f"{TOKEN}?scope=all", **header}),
        (400, "invalid_scope", "scope_unknown", {"form": {**ASK, "scope": "all"}, **header}),
        (400, "invalid_scope", "scope_grammar", {"form": {**ASK, "scope": "ученики"}, **header}),
    ]  # fmt: skip


@pytest.mark.parametrize("index", range(18))
def test_what_is_refused_and_changes_nothing(index: int) -> None:
    one = m.client()
    status, error, code, asked = attempts(one, m.secret_of(one))[index]
    before = m.everything()
    answer = machine.posted(asked.pop("address", TOKEN), asked.pop("form"), **asked)
    is_error(answer, status, error, f"machines.{code}")
    assert m.everything() == before


def test_a_wrong_audience_and_a_replay_are_refused() -> None:
    one = m.client()
    actions.add_key(actor=b.ROOT, client_id=one.client_id, public_key=m.pem(m.RSA_KEY))
    form = {**ASK, "client_assertion_type": ASSERTION_TYPE}
    elsewhere = m.assertion(m.claims(one, aud="https://another.example/api/v1/oauth/token"))
    is_error(
        machine.posted(TOKEN, {**form, "client_assertion": elsewhere}),
        401,
        "invalid_client",
        "machines.assertion_audience",
    )
    forged_host = m.assertion(m.claims(one, aud="http://testserver/api/v1/oauth/token"))
    is_error(
        machine.posted(TOKEN, {**form, "client_assertion": forged_host}),
        401,
        "invalid_client",
        "machines.assertion_audience",
    )
    good = m.assertion(m.claims(one))
    assert machine.posted(TOKEN, {**form, "client_assertion": good}).status_code == 200
    is_error(
        machine.posted(TOKEN, {**form, "client_assertion": good}),
        401,
        "invalid_client",
        "machines.assertion_replayed",
    )
    assert AccessToken.objects.count() == 1


def test_without_an_address_of_its_own_the_server_goes_by_its_host(settings: Any) -> None:
    settings.ADDRESS = ""
    one = m.client()
    actions.add_key(actor=b.ROOT, client_id=one.client_id, public_key=m.pem(m.RSA_KEY))
    signed = m.assertion(m.claims(one, aud="http://testserver/api/v1/oauth/token"))
    form = {**ASK, "client_assertion_type": ASSERTION_TYPE, "client_assertion": signed}
    assert machine.posted(TOKEN, form).status_code == 200


def test_json_is_no_form_and_get_is_no_post() -> None:
    client = Client()
    before = m.everything()
    is_error(
        client.post(TOKEN, {"grant_type": "client_credentials"}, content_type="application/json"),
        400, "invalid_request", "machines.request_content_type",
    )  # fmt: skip
    is_error(client.post(TOKEN, ASK), 400, "invalid_request", "machines.request_content_type")
    answer = client.get(TOKEN)
    machine.is_problem(answer, 405, "api.method")
    assert answer.headers["Allow"] == "POST"
    assert m.everything() == before


def test_a_body_too_large_is_refused(settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    is_error(machine.posted(TOKEN, {"scope": "x" * 2000}), 400, "invalid_request", "machines.request_body")


def test_too_many_requests_for_tokens() -> None:
    one = m.client(rate=1)
    header = machine.basic(one.client_id, m.secret_of(one))
    with time_machine.travel(clock.now().replace(second=30), tick=False):
        assert machine.posted(TOKEN, ASK, Authorization=header).status_code == 200
        before = m.everything()
        answer = machine.posted(TOKEN, ASK, Authorization=header)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "30")
    assert machine.read(answer)["error"] == "slow_down"
    assert m.everything() == before


def test_a_token_is_given_back() -> None:
    one = m.client()
    token = m.token_of(one)
    header = machine.basic(one.client_id, m.secret_of(one))
    for _ in range(2):
        answer = machine.posted(
            REVOKE, {"token": token, "token_type_hint": "access_token"}, Authorization=header
        )
        assert (answer.status_code, machine.read(answer)) == (200, {})
    with pytest.raises(KontingentError):
        queries.actor_for_token(token)


def test_a_token_is_not_given_back_by_a_stranger_or_without_being_named() -> None:
    one, other = m.client(), m.client()
    token = m.token_of(one)
    theirs = machine.basic(other.client_id, m.secret_of(other))
    before = m.everything()
    assert machine.posted(REVOKE, {"token": token}, Authorization=theirs).status_code == 200
    is_error(machine.posted(REVOKE, {"token": token}), 401, "invalid_client", "machines.client_missing")
    is_error(
        machine.posted(REVOKE, {"token": ""}, Authorization=theirs),
        400,
        "invalid_request",
        "machines.request_token",
    )
    assert m.everything() == before
    queries.actor_for_token(token)
