"""Tokens: who gets one, by what proof, for how long; and who does not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric import rsa

from kontingent.access.machines import actions, limits, queries
from kontingent.access.machines.models import AccessToken, ApiClient, RateWindow, UsedAssertion
from kontingent.access.machines.refusals import OAuthRefused, TooManyRequests
from kontingent.access.machines.rules import MachineScope
from kontingent.audit.models import Entry
from kontingent.kernel import clock
from kontingent.kernel.errors import NotAllowed
from kontingent.kernel.scope import Scope
from tests import builders as b
from tests.machines import clients as m

pytestmark = pytest.mark.django_db
Claims = dict[str, Any]


def issue(credentials: actions.Credentials, scope: str | None = None) -> actions.IssuedToken:
    return actions.issue_token(actor=m.DOOR, credentials=credentials, scope=scope)


@pytest.fixture
def keyed() -> ApiClient:
    """A client of a school with an RSA and an EC key."""
    one = m.client(b.school())
    actions.add_key(actor=b.ROOT, client_id=one.client_id, public_key=m.pem(m.RSA_KEY), kid="rsa")
    actions.add_key(actor=b.ROOT, client_id=one.client_id, public_key=m.jwk(m.EC_KEY), kid="ec")
    return one


def test_a_token_stands_for_an_actor_within_the_reach_and_the_scopes() -> None:
    school = b.school()
    one = m.client(school)
    token = m.token_of(one, "learners.read learners.snils")
    actor = queries.actor_for_token(token)
    assert actor.code == f"client:{one.id}"
    assert actor.scope == Scope.of_organisation(school.id)
    assert actor.permissions == {"person.view", "enrolment.view", "machines.snils"}
    assert actor.organisation_id == school.id
    entry = Entry.objects.get(kind="machines.token_issued")
    assert (entry.actor_code, entry.data["scopes"]) == (actor.code, ["learners.read", "learners.snils"])
    assert token not in str(list(Entry.objects.values())) + str(list(AccessToken.objects.values()))


def test_a_token_dies_after_a_quarter_of_an_hour() -> None:
    token = m.token_of(m.client())
    start = clock.now()
    with time_machine.travel(start + timedelta(minutes=14), tick=False):
        queries.actor_for_token(token)
    with (
        time_machine.travel(start + timedelta(minutes=15, seconds=1), tick=False),
        m.refused("machines.token_invalid"),
    ):
        queries.actor_for_token(token)


@pytest.mark.parametrize("token", ["", "kgt_", "kgt_" + "A" * 43, "kgs_" + "A" * 43, "\x00", "токен"])
def test_an_unknown_token_is_refused(token: str) -> None:
    with m.refused("machines.token_invalid", OAuthRefused):
        queries.actor_for_token(token)


def test_the_token_of_a_revoked_client_dies_with_it() -> None:
    one = m.client()
    token = m.token_of(one)
    actions.revoke_client(actor=b.ROOT, client_id=one.client_id, reason="Утечка")
    with m.refused("machines.token_invalid"):
        queries.actor_for_token(token)
    AccessToken.objects.update(revoked_at=None)
    with m.refused("machines.token_invalid"):
        queries.actor_for_token(token)


def test_a_scope_taken_from_the_client_leaves_its_tokens_too() -> None:
    one = m.client()
    token = m.token_of(one)
    ApiClient.objects.update(scopes=["contingent.read"])
    assert queries.bearer_of(token).scopes == {MachineScope.CONTINGENT}


# -- by secret ---------------------------------------------------------------------------------


def test_a_wrong_secret_and_an_unknown_client_look_the_same() -> None:
    one, other = m.client(), m.client()
    m.secret_of(one)
    theirs = m.secret_of(other)
    said = set()
    for credentials in (
        m.by_secret(one, "kgs_" + "A" * 43),
        m.by_secret(one, theirs),
        m.by_secret(one, ""),
        actions.SecretCredentials("kg-0000000000000000", theirs, "client_secret_post"),
        actions.SecretCredentials("\x00", theirs, "client_secret_post"),
    ):
        with m.refused("machines.client_unknown", OAuthRefused):
            try:
                issue(credentials)
            except OAuthRefused as refusal:
                said.add((refusal.error, refusal.description, refusal.message))
                raise
    assert len(said) == 1


def test_an_expired_secret_is_refused_to_whoever_holds_it() -> None:
    one = m.client()
    secret = actions.issue_secret(actor=b.ROOT, client_id=one.client_id, lasts=timedelta(days=1)).value
    with (
        time_machine.travel(clock.now() + timedelta(days=1, seconds=1), tick=False),
        m.refused("machines.secret_dead"),
    ):
        issue(m.by_secret(one, secret))


def test_a_revoked_secret_is_refused() -> None:
    one = m.client()
    secret = actions.issue_secret(actor=b.ROOT, client_id=one.client_id)
    actions.revoke_secret(actor=b.ROOT, client_id=one.client_id, secret_id=secret.id)
    with m.refused("machines.secret_dead"):
        issue(m.by_secret(one, secret.value))


def test_a_revoked_client_is_told_so_only_when_it_proves_itself() -> None:
    one = m.client()
    secret = m.secret_of(one)
    actions.revoke_client(actor=b.ROOT, client_id=one.client_id, reason="Договор окончен")
    with m.refused("machines.client_revoked"):
        issue(m.by_secret(one, secret))
    with m.refused("machines.client_unknown"):
        issue(m.by_secret(one, "kgs_" + "A" * 43))


def test_secrets_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[str, str]] = []

    def watched(one: str, other: str) -> bool:
        compared.append((one, other))
        return one == other

    monkeypatch.setattr("kontingent.access.machines.digests.hmac.compare_digest", watched)
    one = m.client()
    issue(m.by_secret(one, m.secret_of(one)))
    assert len(compared) == 2
    with pytest.raises(OAuthRefused):
        issue(actions.SecretCredentials("kg-0000000000000000", "x", "client_secret_post"))
    assert len(compared) == 3


@pytest.mark.parametrize(
    ("scope", "code"),
    [
        ("contingent.read", "scope_not_allowed"),
        ("all", "scope_unknown"),
        ("a  b", "scope_grammar"),
        ("learners.snils", "scope_incomplete"),
    ],
)
def test_too_much_is_refused_not_cut(scope: str, code: str) -> None:
    one = m.client(scopes=("learners.read", "learners.snils"))
    secret = m.secret_of(one)
    with m.refused(f"machines.{code}"):
        issue(m.by_secret(one, secret), scope)


def test_only_the_door_gives_tokens() -> None:
    one = m.client()
    secret = m.secret_of(one)
    with m.refused("access.no_permission", NotAllowed):
        actions.issue_token(
            actor=b.actor_of(b.school(), "machines.manage"), credentials=m.by_secret(one, secret)
        )


def test_refusals_of_a_known_client_are_journaled_but_do_not_fill_the_journal() -> None:
    one = m.client()
    wrong = m.by_secret(one, "kgs_" + "A" * 43)
    with time_machine.travel(clock.now(), tick=False):
        for _ in range(20):
            with pytest.raises(OAuthRefused):
                issue(wrong)
    found = Entry.objects.filter(kind="machines.token_refused")
    assert found.count() == 5
    assert {(entry.object_id, entry.data["code"]) for entry in found} == {(one.id, "machines.client_unknown")}
    with pytest.raises(OAuthRefused):
        issue(actions.SecretCredentials("kg-0000000000000000", "x", "client_secret_post"))
    assert found.count() == 5


# -- by assertion ------------------------------------------------------------------------------


@pytest.mark.parametrize(("key", "kid"), [(m.RSA_KEY, "rsa"), (m.EC_KEY, "ec")], ids=["RS256", "ES256"])
def test_a_signed_assertion_gives_a_token(keyed: ApiClient, key: m.PrivateKey, kid: str) -> None:
    issue(m.by_assertion(m.assertion(m.claims(keyed), key, kid=kid), keyed.client_id))
    issue(m.by_assertion(m.assertion(m.claims(keyed, aud=["https://kontingent.example"]), key)))
    assert UsedAssertion.objects.count() == 2
    assert Entry.objects.filter(kind="machines.token_issued").first().data["method"] == "private_key_jwt"  # type: ignore[union-attr]


def test_an_assertion_is_used_once(keyed: ApiClient) -> None:
    text = m.assertion(m.claims(keyed))
    issue(m.by_assertion(text))
    with m.refused("machines.assertion_replayed", OAuthRefused):
        issue(m.by_assertion(text))
    again = m.assertion(m.claims(keyed, jti=UsedAssertion.objects.get().jti), m.EC_KEY)
    with m.refused("machines.assertion_replayed", OAuthRefused):
        issue(m.by_assertion(again))


def test_another_client_may_use_the_same_jti(keyed: ApiClient) -> None:
    other = m.client()
    actions.add_key(actor=b.ROOT, client_id=other.client_id, public_key=m.pem(m.RSA_KEY))
    issue(m.by_assertion(m.assertion(m.claims(keyed, jti="1"))))
    issue(m.by_assertion(m.assertion(m.claims(other, jti="1"))))


def hence(**time: float) -> float:
    return (clock.now() + timedelta(**time)).timestamp()


WRONG_CLAIMS: list[tuple[str, Callable[[], Claims]]] = [
    ("subject", lambda: {"sub": "kg-another"}),
    ("subject", lambda: {"sub": None}),
    ("audience", lambda: {"aud": "https://another.example/token"}),
    ("audience", lambda: {"aud": [m.AUDIENCE, "https://another.example"]}),
    ("audience", lambda: {"aud": []}),
    ("audience", lambda: {"aud": {"a": 1}}),
    ("audience", lambda: {"aud": None}),
    ("audience", lambda: {"aud": m.AUDIENCE + "/"}),
    ("expired", lambda: {"exp": hence(minutes=-1)}),
    ("expired", lambda: {"exp": None}),
    ("expired", lambda: {"exp": "завтра"}),
    ("expired", lambda: {"exp": True}),
    ("expired", lambda: {"exp": float("nan")}),
    ("expired", lambda: {"exp": 10**400}),
    ("too_long", lambda: {"exp": hence(hours=1)}),
    ("not_yet", lambda: {"nbf": hence(minutes=2)}),
    ("not_yet", lambda: {"iat": hence(minutes=2)}),
    ("not_yet", lambda: {"iat": "вчера"}),
    ("jti", lambda: {"jti": None}),
    ("jti", lambda: {"jti": ""}),
    ("jti", lambda: {"jti": 7}),
    ("jti", lambda: {"jti": "x" * 201}),
    ("jti", lambda: {"jti": "a\x00"}),
]


@pytest.mark.parametrize("index", range(len(WRONG_CLAIMS)))
def test_an_assertion_with_a_wrong_claim_is_refused(keyed: ApiClient, index: int) -> None:
    code, changes = WRONG_CLAIMS[index]
    text = m.assertion(m.claims(keyed, **changes()))
    with m.refused(f"machines.assertion_{code}", OAuthRefused):
        issue(m.by_assertion(text))


def test_the_algorithm_none_is_refused(keyed: ApiClient) -> None:
    for alg in ("none", "None", "NONE", ""):
        with m.refused("machines.assertion_algorithm", OAuthRefused):
            issue(m.by_assertion(m.assertion(m.claims(keyed), None, alg=alg or "")))
    unsigned = m.assertion(m.claims(keyed), None, alg="RS256")
    with m.refused("machines.assertion_signature", OAuthRefused):
        issue(m.by_assertion(unsigned))


@pytest.mark.parametrize("key", [m.RSA_KEY, m.EC_KEY], ids=["RSA", "EC"])
def test_hmac_with_the_public_key_as_its_secret_is_refused(keyed: ApiClient, key: m.PrivateKey) -> None:
    for public in (m.pem(key), m.pem(key).strip(), m.jwk(key)):
        with m.refused("machines.assertion_algorithm", OAuthRefused):
            issue(m.by_assertion(m.assertion(m.claims(keyed), public.encode())))
        for pretended in ("RS256", "ES256"):
            forged = m.assertion(m.claims(keyed), public.encode(), alg=pretended)
            with m.refused("machines.assertion_signature", OAuthRefused):
                issue(m.by_assertion(forged))


def test_the_key_decides_the_algorithm(keyed: ApiClient) -> None:
    for key, alg in ((m.RSA_KEY, "ES256"), (m.EC_KEY, "RS256"), (m.RSA_KEY, "PS256"), (m.RSA_KEY, "RS512")):
        with pytest.raises(OAuthRefused) as caught:
            issue(m.by_assertion(m.assertion(m.claims(keyed), key, alg=alg)))
        assert caught.value.code in {"machines.assertion_signature", "machines.assertion_algorithm"}
    assert not AccessToken.objects.exists()


def test_a_stranger_s_key_is_refused_even_when_the_header_brings_it(keyed: ApiClient) -> None:
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    text = m.assertion(m.claims(keyed), stranger, kid="rsa", jwk=m.jwk(stranger))
    with m.refused("machines.assertion_signature", OAuthRefused):
        issue(m.by_assertion(text))


def test_a_revoked_or_another_key_is_refused(keyed: ApiClient) -> None:
    with m.refused("machines.assertion_signature", OAuthRefused):
        issue(m.by_assertion(m.assertion(m.claims(keyed), kid="ec")))
    actions.revoke_key(actor=b.ROOT, client_id=keyed.client_id, kid="rsa")
    with m.refused("machines.assertion_signature", OAuthRefused):
        issue(m.by_assertion(m.assertion(m.claims(keyed))))


def test_a_tampered_assertion_is_refused(keyed: ApiClient) -> None:
    header, _, signature = m.assertion(m.claims(keyed)).split(".")
    _, body, _ = m.assertion(m.claims(keyed)).split(".")
    with m.refused("machines.assertion_signature", OAuthRefused):
        issue(m.by_assertion(f"{header}.{body}.{signature}"))


def test_what_is_no_jwt_is_refused(keyed: ApiClient) -> None:
    good = m.assertion(m.claims(keyed))
    for text in (
        "",
        "a.b",
        "...",
        "a.b.c",
        f"{good}=",
        good + ".x",
        "я.я.я",
        "x" * 9000,
        "W10.W10.AA",
        "bnVsbA.bnVsbA.AA",
    ):
        with m.refused("machines.assertion_shape", OAuthRefused):
            issue(m.by_assertion(text))
    with m.refused("machines.assertion_shape", OAuthRefused):
        issue(m.by_assertion(m.assertion(m.claims(keyed), typ="at+jwt")))
    with m.refused("machines.assertion_algorithm", OAuthRefused):
        issue(m.by_assertion(m.assertion(m.claims(keyed), crit=["exp"])))


def test_an_assertion_of_nobody_or_of_another_is_refused(keyed: ApiClient) -> None:
    nobody = ApiClient(client_id="kg-0000000000000000")
    with m.refused("machines.client_unknown", OAuthRefused):
        issue(m.by_assertion(m.assertion(m.claims(nobody))))
    with m.refused("machines.assertion_client", OAuthRefused):
        issue(m.by_assertion(m.assertion(m.claims(keyed)), "kg-0000000000000000"))


def test_a_revoked_client_s_assertion_is_refused(keyed: ApiClient) -> None:
    ApiClient.objects.update(revoked_at=clock.now(), revoke_reason="Утечка")
    with m.refused("machines.client_revoked", OAuthRefused):
        issue(m.by_assertion(m.assertion(m.claims(keyed))))


def test_a_refused_request_does_not_use_the_assertion_up(keyed: ApiClient) -> None:
    text = m.assertion(m.claims(keyed))
    with m.refused("machines.scope_unknown", OAuthRefused):
        issue(m.by_assertion(text), "all")
    issue(m.by_assertion(text))


# -- giving back, sweeping, limits ---------------------------------------------------------------


def test_a_client_gives_back_its_own_token_only() -> None:
    one, other = m.client(), m.client()
    token = m.token_of(one)
    theirs = m.by_secret(other, m.secret_of(other))
    assert not actions.revoke_token(actor=m.DOOR, credentials=theirs, token=token)
    queries.actor_for_token(token)
    mine = m.by_secret(one, m.secret_of(one))
    assert actions.revoke_token(actor=m.DOOR, credentials=mine, token=token)
    assert not actions.revoke_token(actor=m.DOOR, credentials=mine, token=token)
    with m.refused("machines.token_invalid"):
        queries.actor_for_token(token)
    assert m.kinds().count("token_revoked") == 1


def test_whoever_is_not_believed_gives_back_nothing() -> None:
    one = m.client()
    token = m.token_of(one)
    with m.refused("machines.client_unknown"):
        actions.revoke_token(actor=m.DOOR, credentials=m.by_secret(one, "x"), token=token)
    queries.actor_for_token(token)


def test_what_has_expired_is_swept_away(keyed: ApiClient) -> None:
    issue(m.by_assertion(m.assertion(m.claims(keyed))))
    start = clock.now()
    assert actions.forget_expired(actor=b.ROOT) == 0
    with time_machine.travel(start + timedelta(minutes=10), tick=False):
        assert actions.forget_expired(actor=b.ROOT) == 1
    with time_machine.travel(start + timedelta(days=40), tick=False):
        assert actions.forget_expired(actor=b.ROOT) == 1
    with m.refused("access.no_permission", NotAllowed):
        actions.forget_expired(actor=m.DOOR)


def test_the_window_opens_anew_each_minute_and_keys_do_not_mix() -> None:
    start = clock.now().replace(second=50, microsecond=0)
    one, other = b.school().id, b.school("Школа № 7").id
    for _ in range(3):
        limits.count_request(one, limit=3, now=start)
    with pytest.raises(TooManyRequests) as caught:
        limits.count_request(one, limit=3, now=start)
    assert caught.value.retry_after == 10
    limits.count_request(other, limit=3, now=start)
    limits.count_request(one, limit=3, now=start + timedelta(seconds=10))
    assert RateWindow.objects.get(key=f"client:{one}").hits == 1
    limits.hit(f"client:{one}", start)
    assert RateWindow.objects.get(key=f"client:{one}").minute == start.replace(second=0) + timedelta(
        minutes=1
    )


def test_tokens_too_are_asked_for_within_the_limit() -> None:
    one = m.client(rate=2)
    credentials = m.by_secret(one, m.secret_of(one))
    with time_machine.travel(clock.now(), tick=False):
        issue(credentials)
        issue(credentials)
        with m.refused("machines.too_many_requests", TooManyRequests):
            issue(credentials)
