"""Registering clients, secrets that take over from each other, keys, revocation."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.db import IntegrityError, connection, transaction

from kontingent.access.machines import actions, cli, queries
from kontingent.access.machines.actions import ClientDraft
from kontingent.access.machines.models import AccessToken, ApiClient, ClientKey, ClientSecret
from kontingent.access.machines.permissions import MachinePermission
from kontingent.access.machines.refusals import OAuthRefused
from kontingent.access.machines.rules import Reach
from kontingent.audit.models import Entry
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue, NotAllowed, NotFound, RuleViolation
from tests import builders as b
from tests.machines import clients as m

pytestmark = pytest.mark.django_db


def manager_of(at: Any) -> Actor:
    return b.actor_of(at, MachinePermission.MANAGE.value)


def test_a_client_is_registered_and_journaled() -> None:
    school = b.school()
    made = m.client(school, scopes=("learners.snils", "learners.read"))
    assert made.scopes == ["learners.read", "learners.snils"]
    assert queries.scope_of(made).organisations == {school.id}
    entry = Entry.objects.get(kind="machines.client_registered")
    assert (entry.object_id, entry.organisation_id, entry.actor_code) == (made.id, school.id, "test:root")
    assert entry.data["reach"] == "организация Школа № 5"


def test_reaches_of_municipality_and_region() -> None:
    place = b.municipality()
    assert queries.scope_of(m.client(where=place)).municipalities == {place.id}
    assert queries.scope_of(m.client()).whole_region


def draft(**changes: Any) -> ClientDraft:
    values: dict[str, Any] = {
        "name": "Журнал",
        "reach": Reach(whole_region=True),
        "scopes": ["contingent.read"],
    }
    return ClientDraft(**(values | changes))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"name": "  "}, "machines.name"),
        ({"reach": Reach()}, "machines.reach"),
        ({"scopes": []}, "machines.scopes"),
        ({"scopes": ["learners.snils"]}, "machines.scopes_incomplete"),
        ({"rate_per_minute": 0}, "machines.rate"),
    ],
)
def test_a_bad_draft_registers_nobody(changes: dict[str, Any], code: str) -> None:
    with m.refused(code, InvalidValue):
        actions.register_client(actor=b.ROOT, draft=draft(**changes))


def test_an_unknown_organisation_or_municipality_registers_nobody() -> None:
    with m.refused("organisations.no_such", NotFound):
        actions.register_client(actor=b.ROOT, draft=draft(reach=Reach(organisation_id=uuid4())))
    with m.refused("organisations.no_such_municipality", NotFound):
        actions.register_client(actor=b.ROOT, draft=draft(reach=Reach(municipality_id=uuid4())))


def test_nobody_registers_without_the_permission_or_beyond_the_own_scope() -> None:
    mine, other = b.school(), b.school("Школа № 7")
    with m.refused("access.no_permission", NotAllowed):
        m.client(mine, actor=b.actor_of(mine, "organisation.view"))
    with m.refused("access.out_of_scope", NotAllowed):
        m.client(other, actor=manager_of(mine))
    with m.refused("access.out_of_scope", NotAllowed):
        m.client(where=mine.municipality, actor=manager_of(mine))
    with m.refused("access.out_of_scope", NotAllowed):
        m.client(actor=manager_of(mine))
    assert m.client(mine, actor=manager_of(mine)).organisation_id == mine.id


def test_nobody_manages_a_client_beyond_the_own_scope() -> None:
    mine, other = b.school(), b.school("Школа № 7")
    theirs = m.client(other)
    secret = actions.issue_secret(actor=b.ROOT, client_id=theirs.client_id)
    name, actor = theirs.client_id, manager_of(mine)
    for act in (
        lambda: actions.issue_secret(actor=actor, client_id=name),
        lambda: actions.rotate(actor=actor, client_id=name),
        lambda: actions.revoke_secret(actor=actor, client_id=name, secret_id=secret.id),
        lambda: actions.revoke_client(actor=actor, client_id=name, reason="Проверка"),
        lambda: actions.add_key(actor=actor, client_id=name, public_key=m.pem(m.RSA_KEY)),
        lambda: actions.revoke_key(actor=actor, client_id=name, kid="1"),
    ):
        with m.refused("access.out_of_scope", NotAllowed):
            act()


@pytest.mark.parametrize("client_id", ["kg-0000000000000000", "нет такой", "a\x00b", ""])
def test_an_unknown_client_is_not_found(client_id: str) -> None:
    with m.refused("machines.no_such_client", NotFound):
        actions.issue_secret(actor=b.ROOT, client_id=client_id)


def test_the_database_keeps_exactly_one_reach() -> None:
    one = m.client(b.school())
    for changes in ({"whole_region": True}, {"municipality": b.municipality()}, {"organisation": None}):
        with pytest.raises(IntegrityError, match="client_has_exactly_one_reach"), transaction.atomic():
            ApiClient.objects.filter(pk=one.pk).update(**changes)


# -- secrets -----------------------------------------------------------------------------------


def test_a_secret_is_kept_only_as_a_digest_and_never_journaled() -> None:
    one = m.client()
    value = m.secret_of(one)
    kept = ClientSecret.objects.get()
    assert value not in str(ClientSecret.objects.values())
    assert len(kept.digest) == 64
    assert value not in str(list(Entry.objects.values()))
    assert kept.digest not in str(list(Entry.objects.values()))


def test_a_third_live_secret_is_refused() -> None:
    one = m.client()
    m.secret_of(one)
    m.secret_of(one)
    with m.refused("machines.secrets_full", RuleViolation):
        actions.issue_secret(actor=b.ROOT, client_id=one.client_id)


def test_a_secret_for_a_senseless_time_is_refused() -> None:
    one = m.client()
    with m.refused("machines.secret_term", InvalidValue):
        actions.issue_secret(actor=b.ROOT, client_id=one.client_id, lasts=timedelta(0))
    with m.refused("machines.overlap", InvalidValue):
        actions.rotate(actor=b.ROOT, client_id=one.client_id, overlap=timedelta(days=99))


def works(one: ApiClient, secret: str) -> bool:
    try:
        actions.issue_token(actor=m.DOOR, credentials=m.by_secret(one, secret))
    except OAuthRefused:
        return False
    return True


def test_rotation_lets_both_work_and_then_only_the_new_one() -> None:
    one = m.client()
    former = m.secret_of(one)
    new = actions.rotate(actor=b.ROOT, client_id=one.client_id, overlap=timedelta(days=2)).value
    assert works(one, former)
    assert works(one, new)
    with time_machine.travel(clock.now() + timedelta(days=3), tick=False):
        assert not works(one, former)
        assert works(one, new)


def test_a_second_rotation_leaves_two_and_revokes_the_oldest() -> None:
    one = m.client()
    start = clock.now()
    values = []
    for day in range(3):
        with time_machine.travel(start + timedelta(days=day), tick=False):
            values.append(actions.rotate(actor=b.ROOT, client_id=one.client_id).value)
    with time_machine.travel(start + timedelta(days=3), tick=False):
        assert [works(one, value) for value in values] == [False, True, True]
    assert "secret_revoked" in m.kinds()


def test_a_revoked_secret_does_not_work_and_is_not_revoked_twice() -> None:
    one = m.client()
    secret = actions.issue_secret(actor=b.ROOT, client_id=one.client_id)
    actions.revoke_secret(actor=b.ROOT, client_id=one.client_id, secret_id=secret.id)
    assert not works(one, secret.value)
    with m.refused("machines.secret_dead", RuleViolation):
        actions.revoke_secret(actor=b.ROOT, client_id=one.client_id, secret_id=secret.id)
    with m.refused("machines.no_such_secret", NotFound):
        actions.revoke_secret(actor=b.ROOT, client_id=one.client_id, secret_id=uuid4())


def test_a_secret_of_one_client_is_not_revoked_through_another() -> None:
    one, other = m.client(), m.client()
    secret = actions.issue_secret(actor=b.ROOT, client_id=one.client_id)
    with m.refused("machines.no_such_secret", NotFound):
        actions.revoke_secret(actor=b.ROOT, client_id=other.client_id, secret_id=secret.id)


# -- keys --------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [m.RSA_KEY, m.EC_KEY], ids=["RSA", "EC"])
def test_pem_and_jwk_are_the_same_key(key: m.PrivateKey) -> None:
    one, other = m.client(), m.client()
    first = actions.add_key(actor=b.ROOT, client_id=one.client_id, public_key=m.pem(key))
    second = actions.add_key(actor=b.ROOT, client_id=other.client_id, public_key=m.jwk(key))
    assert (first.kid, first.public_pem) == (second.kid, second.public_pem)
    assert first.algorithm == ("RS256" if key is m.RSA_KEY else "ES256")


def test_the_thumbprint_is_that_of_rfc_7638() -> None:
    from kontingent.access.machines.keys import read_public_key

    example = {
        "kty": "RSA", "e": "AQAB", "alg": "RS256", "kid": "2011-04-29",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCi"
             "FV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnY"
             "b9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0"
             "Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
    }  # fmt: skip
    assert read_public_key(json.dumps(example)).thumbprint == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def private(key: m.PrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def bad_keys() -> list[tuple[str, str]]:
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - what is to be refused
    other_curve = ec.generate_private_key(ec.SECP384R1())
    return [
        ("", "machines.key"),
        ("ключ", "machines.key"),
        ("x" * 20_000, "machines.key"),
        ("{", "machines.key"),
        ('{"kty":"RSA","e":"AQAB"}', "machines.key"),
        ('{"kty":"RSA","e":1,"n":2}', "machines.key"),
        ('{"kty":"EC","crv":"P-256","x":"AQ","y":"AQ"}', "machines.key"),
        ('{"kty":"oct","k":"c2VjcmV0"}', "machines.key_private"),
        (json.dumps({**json.loads(m.jwk(m.EC_KEY)), "d": "AQ"}), "machines.key_private"),
        (private(m.RSA_KEY), "machines.key_private"),
        (m.pem(weak), "machines.key"),
        (m.pem(other_curve), "machines.key"),
    ]


@pytest.mark.parametrize("index", range(12))
def test_a_key_that_will_not_do_is_refused(index: int) -> None:
    text, code = bad_keys()[index]
    one = m.client()
    with m.refused(code, InvalidValue):
        actions.add_key(actor=b.ROOT, client_id=one.client_id, public_key=text)


def test_a_kid_is_used_once_even_after_revocation_and_keys_are_few() -> None:
    one = m.client()
    for number in range(4):
        actions.add_key(actor=b.ROOT, client_id=one.client_id, public_key=m.pem(m.EC_KEY), kid=f"k{number}")
    with m.refused("machines.keys_full", RuleViolation):
        actions.add_key(actor=b.ROOT, client_id=one.client_id, public_key=m.pem(m.EC_KEY), kid="k9")
    actions.revoke_key(actor=b.ROOT, client_id=one.client_id, kid="k0")
    with m.refused("machines.kid_taken", RuleViolation):
        actions.add_key(actor=b.ROOT, client_id=one.client_id, public_key=m.pem(m.EC_KEY), kid="k0")
    with m.refused("machines.no_such_key", NotFound):
        actions.revoke_key(actor=b.ROOT, client_id=one.client_id, kid="k0")
    with m.refused("machines.kid", InvalidValue):
        actions.add_key(actor=b.ROOT, client_id=one.client_id, public_key=m.pem(m.EC_KEY), kid="x" * 101)


# -- revocation --------------------------------------------------------------------------------


def test_a_revoked_client_loses_everything_at_once() -> None:
    one = m.client()
    secret = m.secret_of(one)
    actions.add_key(actor=b.ROOT, client_id=one.client_id, public_key=m.pem(m.EC_KEY))
    actions.issue_token(actor=m.DOOR, credentials=m.by_secret(one, secret))
    with m.refused("machines.revoke_reason", InvalidValue):
        actions.revoke_client(actor=b.ROOT, client_id=one.client_id, reason=" ")
    actions.revoke_client(actor=b.ROOT, client_id=one.client_id, reason="Договор окончен")
    for model in (ClientSecret, ClientKey, AccessToken):
        assert not model._default_manager.filter(revoked_at__isnull=True).exists()
    entry = Entry.objects.get(kind="machines.client_revoked")
    assert entry.data["reason"] == "Договор окончен"


def test_nothing_is_done_with_a_revoked_client() -> None:
    one = m.client()
    name = one.client_id
    secret = actions.issue_secret(actor=b.ROOT, client_id=name)
    actions.revoke_client(actor=b.ROOT, client_id=name, reason="Договор окончен")
    for act in (
        lambda: actions.issue_secret(actor=b.ROOT, client_id=name),
        lambda: actions.rotate(actor=b.ROOT, client_id=name),
        lambda: actions.revoke_secret(actor=b.ROOT, client_id=name, secret_id=secret.id),
        lambda: actions.revoke_client(actor=b.ROOT, client_id=name, reason="Снова"),
        lambda: actions.add_key(actor=b.ROOT, client_id=name, public_key=m.pem(m.RSA_KEY)),
        lambda: actions.revoke_key(actor=b.ROOT, client_id=name, kid="1"),
    ):
        with m.refused("machines.client_revoked", RuleViolation):
            act()


def test_the_rate_window_is_not_written_to_the_log_of_the_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relpersistence FROM pg_class WHERE relname = 'machines_ratewindow'")
        assert cursor.fetchone() == ("u",)


# -- command line ------------------------------------------------------------------------------


def test_the_command_line_registers_rotates_and_revokes() -> None:
    school = b.school()
    said: list[str] = []
    assert cli.register(name="Журнал", ogrn=school.ogrn, scopes=["learners.read"], out=said.append) == 0
    one = ApiClient.objects.get()
    first = secret_said(said)
    assert one.client_id in "\n".join(said)
    assert works(one, first)
    said.clear()
    assert cli.rotate(one.client_id, out=said.append) == 0
    assert works(one, secret_said(said))
    assert works(one, first)
    said.clear()
    assert cli.revoke(one.client_id, "Договор окончен", out=said.append) == 0
    assert not works(one, first)
    assert first not in "\n".join(said)
    assert Entry.objects.filter(kind="machines.client_revoked", actor_code="system:cli").count() == 1


def secret_said(said: list[str]) -> str:
    return next(line.split()[-1] for line in said if "client_secret" in line)


def test_the_command_line_registers_for_a_municipality_and_for_the_region() -> None:
    place = b.municipality()
    said: list[str] = []
    cli.register(name="Мониторинг", municipality=place.code, scopes=["contingent.read"], out=said.append)
    cli.register(name="Свод", region=True, scopes=["contingent.read"], out=said.append)
    assert list(ApiClient.objects.order_by("created_at").values_list("municipality_id", "whole_region")) == [
        (place.id, False),
        (None, True),
    ]


def test_the_command_line_refuses_no_reach_and_two() -> None:
    school = b.school()
    said: list[str] = []
    with m.refused("machines.reach", InvalidValue):
        cli.register(name="Журнал", scopes=["learners.read"], out=said.append)
    with m.refused("machines.reach", InvalidValue):
        cli.register(name="Журнал", ogrn=school.ogrn, region=True, scopes=["learners.read"], out=said.append)
    with m.refused("organisations.no_such_ogrn", NotFound):
        cli.register(name="Журнал", ogrn="1" * 13, scopes=["learners.read"], out=said.append)
    assert said == []


def test_the_command_line_leaves_no_client_without_a_secret() -> None:
    with m.refused("machines.scopes", InvalidValue):
        cli.register(name="Журнал", region=True, scopes=[], out=lambda _line: None)
