"""The sign-in through ЕСИА, against the stand that really verifies: GOST and RSA, every citizen, every spoilt answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from django.test import Client

from kontingent.access.esia import authorisation, signers
from kontingent.access.esia.configuration import Profile
from kontingent.access.esia.gateway import Gateway
from kontingent.access.models import Account, SignIn
from kontingent.audit.models import Entry
from kontingent.persons.models import Representation
from tests import builders as b
from tests.access.conftest import Walk

pytestmark = [pytest.mark.django_db, pytest.mark.enable_socket, pytest.mark.xdist_group("esia")]
PARENT, PUPIL, OFFICER = "11223344595", "16072239447", "08765430300"


@pytest.fixture
def register() -> dict[str, Any]:
    """A school whose secretary, parent and pupil the stand knows."""
    school = b.school("СОШ № 12", ogrn="1025900000125")
    group = b.group(school, "9А", year=2026)
    pupil = b.person("Носков Пётр Андреевич", snils=PUPIL, born=date(2010, 5, 30))
    parent = b.person("Гилёва Анна Сергеевна", snils=PARENT, born=date(1986, 4, 12))
    b.admitted(pupil, group, on=date(2026, 9, 1))
    Representation.objects.create(child_id=pupil, adult_id=parent)
    b.appointed("operator", at=school, number=PARENT)
    b.appointed("security", number=OFFICER)
    return {"school": school, "pupil": pupil, "parent": parent}


def refusals() -> list[str]:
    return [
        entry.data["code"] for entry in Entry.objects.filter(kind="access.sign_in_refused").order_by("id")
    ]


@pytest.mark.parametrize(
    ("citizen", "where"),
    [("parent", "/"), ("pupil", "/"), ("officer", "/"), ("one-organisation", "/capacity/")],
)
def test_who_has_a_right_comes_in(walk: Walk, register: dict[str, Any], citizen: str, where: str) -> None:
    client = Client()
    answer = walk.sign_in(client, citizen)
    assert (answer.status_code, answer.headers["Location"]) == (302, where)
    assert client.get("/", follow=True).status_code == 200
    assert SignIn.objects.get().method == "PWD"
    assert Entry.objects.filter(kind="access.signed_in").count() == 1


@pytest.mark.parametrize(
    ("citizen", "code", "words"),
    [
        ("simplified", "access.account_not_confirmed", "не подтверждена"),
        ("standard", "access.account_not_confirmed", "не подтверждена"),
        ("declines", "access.esia.007004", "не разрешили передать данные"),
    ],
)
def test_who_has_none_is_told_what_to_do(
    walk: Walk, register: dict[str, Any], citizen: str, code: str, words: str
) -> None:
    answer = walk.sign_in(Client(), citizen)
    assert answer.status_code == 403
    assert words in answer.content.decode()
    assert refusals() == [code]
    assert not Account.objects.exists()


def test_an_unknown_adult_gets_a_dead_end_and_no_account(walk: Walk) -> None:
    answer = walk.sign_in(Client(), "parent")
    assert answer.status_code == 403
    assert "попросите школу" in answer.content.decode()
    assert (refusals(), Account.objects.count(), SignIn.objects.count()) == (["access.nobody_here"], 0, 0)


def test_an_employee_whom_esia_does_not_name_has_only_the_family(
    walk: Walk, register: dict[str, Any]
) -> None:
    walk.sign_in(Client(), "no-organisation")
    assert SignIn.objects.get().capacity == "family"


SPOILT = {
    "expired": "token_expired", "not_yet": "token_not_yet", "issuer": "token_issuer", "audience": "token_audience",
    "client": "token_client", "alg_none": "token_algorithm", "foreign_key": "token_signature",
    "other_algorithm": "token_algorithm", "subject": "token_subject", "tampered": "token_signature", "kind": "token_kind",
    "callback_state": "state", "token_state": "token_state", "html_error": "unavailable", "overloaded": "007008",
    "foreign_elements": "foreign_address",
}  # fmt: skip


@pytest.mark.parametrize("mutation", sorted(SPOILT))
def test_every_spoilt_answer_is_refused_and_written_down(
    walk: Walk, register: dict[str, Any], mutation: str
) -> None:
    client = Client()
    answer = walk.sign_in(client, "parent", mutation)
    assert answer.status_code in {403, 503}
    assert refusals() == [f"access.esia.{SPOILT[mutation]}"]
    assert not SignIn.objects.exists()
    assert client.get("/").status_code == 302, "nobody is signed in"


def test_a_return_is_good_once(walk: Walk, register: dict[str, Any]) -> None:
    client = Client()
    back = walk.choose(walk.arrive(client), "parent")
    assert client.get(back).status_code == 302
    again = Client()
    assert again.get(back).status_code == 403
    assert refusals() == ["access.esia.no_attempt"]
    assert SignIn.objects.count() == 1


def test_a_code_used_before_is_refused_by_esia(walk: Walk, register: dict[str, Any]) -> None:
    client = Client()
    waiting = walk.arrive(client)
    kept = dict(client.session["esia_attempt"])
    back = walk.choose(waiting, "parent")
    assert client.get(back).status_code == 302
    other = Client()
    session = other.session
    session["esia_attempt"] = kept
    session.save()
    assert other.get(back).status_code == 503
    assert refusals() == ["access.esia.007011"]


def test_an_attempt_that_took_too_long_is_void(walk: Walk, register: dict[str, Any]) -> None:
    client = Client()
    back = walk.choose(walk.arrive(client), "parent")
    session = client.session
    session["esia_attempt"] = {**session["esia_attempt"], "began_at": datetime.now(UTC).timestamp() - 3600}
    session.save()
    assert client.get(back).status_code == 503
    assert not SignIn.objects.exists()


@pytest.mark.parametrize(
    "field", ["scope", "timestamp", "state", "redirect_uri", "client_id", "client_certificate_hash"]
)
def test_the_stand_refuses_a_changed_field(walk: Walk, field: str) -> None:
    """The stand is worth something only if it notices: each signed field is changed after signing."""
    address = Client().get("/esia/start/").headers["Location"]
    fields = dict(parse_qsl(urlsplit(address).query))
    changed = {
        "scope": "openid fullname", "timestamp": (datetime.now(UTC) + timedelta(seconds=5)).strftime(authorisation.TIMESTAMP),
        "state": "another", "redirect_uri": "http://evil.example/", "client_id": "OTHER",
        "client_certificate_hash": "0" * 64,
    }[field]  # fmt: skip
    answer = httpx.get(walk.configuration.authorisation_address, params={**fields, field: changed})
    expected = {"redirect_uri": "007023", "client_id": "007005"}.get(field, "007053")
    assert (answer.status_code, f"ESIA-{expected}" in answer.text) == (400, True), answer.text


def test_the_stand_refuses_a_clock_that_is_wrong(walk: Walk) -> None:
    signer = signers.signer_of(walk.configuration)
    late = authorisation.depart(walk.configuration, signer, datetime.now(UTC) - timedelta(minutes=6))
    assert "ESIA-007015" in httpx.get(late.address).text


def test_the_hash_is_of_der_not_of_pem(walk: Walk) -> None:
    assert walk.configuration.certificate is not None
    pem = walk.configuration.certificate.read_bytes()
    wrong = signers.digest_of(pem, walk.configuration.certificate_hash)
    address = Client().get("/esia/start/").headers["Location"]
    fields = dict(parse_qsl(urlsplit(address).query)) | {"client_certificate_hash": wrong}
    assert "ESIA-007053" in httpx.get(walk.configuration.authorisation_address, params=fields).text


@pytest.mark.parametrize(
    "change", [{"profile": Profile.V1}, {"pkce": True}, {"padded": True}, {"access_type": "offline"}]
)
def test_contested_items_are_settings(
    walk: Walk, register: dict[str, Any], settings: Any, change: dict[str, Any]
) -> None:
    settings.ESIA = replace(walk.configuration, **change)
    assert walk.sign_in(Client(), "parent").status_code == 302


def test_tokens_are_renewed_once(walk: Walk, register: dict[str, Any], settings: Any) -> None:
    settings.ESIA = offline = replace(walk.configuration, access_type="offline")
    client, signer = Client(), signers.signer_of(offline)
    back = dict(parse_qsl(urlsplit(walk.choose(walk.arrive(client), "parent")).query))
    with Gateway(offline) as gateway:
        first = gateway.trade(authorisation.code_form(offline, signer, datetime.now(UTC), code=back["code"]))
        again = authorisation.refresh_form(
            offline, signer, datetime.now(UTC), refresh_token=first.refresh_token
        )
        assert gateway.trade(again).access_token != first.access_token
        once_more = authorisation.refresh_form(
            offline, signer, datetime.now(UTC), refresh_token=first.refresh_token
        )
        with pytest.raises(Exception, match="Госуслуги сейчас не ответили"):
            gateway.trade(once_more)


def test_a_certificate_that_esia_no_longer_uses_does_not_verify(walk: Walk, register: dict[str, Any]) -> None:
    assert walk.configuration.trusted is not None
    token = walk.configuration.trusted / "token.pem"
    kept = token.read_bytes()
    token.unlink()
    try:
        assert walk.sign_in(Client(), "parent").status_code == 403
        assert refusals() == ["access.esia.token_signature"]
    finally:
        token.write_bytes(kept)
    other = walk.configuration.trusted / "old.pem"
    other.write_bytes((token.parent.parent / "stand" / "foreign.pem").read_bytes())
    try:
        assert walk.sign_in(Client(), "parent").status_code == 302, "one of several certificates is enough"
    finally:
        other.unlink()


def test_leaving_ends_the_session_here_and_in_esia(walk: Walk, register: dict[str, Any]) -> None:
    client = Client()
    walk.sign_in(client, "officer")
    answer = client.post("/sign-out/")
    assert httpx.get(answer.headers["Location"]).headers["Location"] == "http://testserver/sign-in/"
    assert SignIn.objects.get().end_reason == "left"
    assert client.get("/").status_code == 302


def test_personal_numbers_stay_out_of_the_journal_of_the_door(walk: Walk, register: dict[str, Any]) -> None:
    walk.sign_in(Client(), "parent")
    walk.sign_in(Client(), "standard")
    text = str(list(Entry.objects.filter(kind__startswith="access.").values()))
    assert PARENT not in text
    assert "112-233" not in text
