"""Builders of machine clients, and a notary who swears that nothing changed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from kontingent.access.machines import actions
from kontingent.access.machines.actions import AssertionCredentials, ClientDraft, SecretCredentials
from kontingent.access.machines.models import AccessToken, ApiClient, ClientKey, ClientSecret, UsedAssertion
from kontingent.access.machines.permissions import MachinePermission
from kontingent.access.machines.rules import MachineScope, Reach
from kontingent.audit.models import Entry
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import KontingentError
from kontingent.organisations.models import Municipality, Organisation
from tests import builders as b

AUDIENCE = "https://kontingent.example/api/v1/oauth/token"
DOOR = Actor("system:oauth", "Сервер", "Система", frozenset({MachinePermission.ISSUE.value}))
EVERY_SCOPE = tuple(one.value for one in MachineScope)
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())


def client(
    at: Organisation | None = None,
    *,
    where: Municipality | None = None,
    scopes: tuple[str, ...] = EVERY_SCOPE,
    rate: int = 1000,
    actor: Actor = b.ROOT,
) -> ApiClient:
    """A registered client: of a school, of a municipality, else of the whole region."""
    reach = Reach(at.id if at else None, where.id if where else None, whole_region=not at and not where)
    draft = ClientDraft(name="Электронный журнал", reach=reach, scopes=scopes, rate_per_minute=rate)
    return actions.register_client(actor=actor, draft=draft)


def secret_of(one: ApiClient) -> str:
    """A secret of a client."""
    return actions.issue_secret(actor=b.ROOT, client_id=one.client_id).value


def by_secret(one: ApiClient, secret: str) -> SecretCredentials:
    """Credentials by a secret."""
    return SecretCredentials(one.client_id, secret, "client_secret_basic")


def token_of(one: ApiClient, scope: str | None = None) -> str:
    """A live token of a client."""
    found = actions.rotate(actor=b.ROOT, client_id=one.client_id)
    return actions.issue_token(actor=DOOR, credentials=by_secret(one, found.value), scope=scope).value


def pem(key: PrivateKey) -> str:
    """The public part as PEM."""
    kind = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, kind).decode()


def jwk(key: PrivateKey) -> str:
    """The public part as a JWK."""
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.public_key().public_numbers()
        return json.dumps({"kty": "RSA", "n": _whole(numbers.n, 256), "e": _whole(numbers.e, 3)})
    point = key.public_key().public_numbers()
    return json.dumps({"kty": "EC", "crv": "P-256", "x": _whole(point.x, 32), "y": _whole(point.y, 32)})


def claims(one: ApiClient, **changes: Any) -> dict[str, Any]:
    """The claims of a good assertion; a change to None takes a claim away."""
    now = clock.now()
    good: dict[str, Any] = {
        "iss": one.client_id, "sub": one.client_id, "aud": AUDIENCE, "jti": str(uuid4()), "iat": now.timestamp(),
        "exp": (now + timedelta(minutes=2)).timestamp(),
    }  # fmt: skip
    return {name: value for name, value in (good | changes).items() if value is not None}


def assertion(
    stated: dict[str, Any],
    key: PrivateKey | bytes | None = RSA_KEY,
    *,
    alg: str | None = None,
    **header: Any,
) -> str:
    """A signed JWT: by a private key, by an HMAC secret (bytes), or by nobody (None)."""
    alg = alg or ("none" if key is None else "HS256" if isinstance(key, bytes) else _native(key))
    signed = f"{_part({'alg': alg, 'typ': 'JWT', **header})}.{_part(stated)}"
    return f"{signed}.{_b64(_signature(key, signed.encode()))}"


def by_assertion(text: str, client_id: str | None = None) -> AssertionCredentials:
    """Credentials by an assertion."""
    return AssertionCredentials(text, client_id, (AUDIENCE.removesuffix("/api/v1/oauth/token"), AUDIENCE))


@contextmanager
def refused(code: str, kind: type[KontingentError] = KontingentError) -> Iterator[None]:
    """Swear that what follows is refused with a code and a Russian sentence, and changes nothing."""
    before = everything()
    with pytest.raises(kind) as caught:
        yield
    assert caught.value.code == code
    assert any("а" <= letter <= "я" for letter in caught.value.message)
    assert everything() == before


def everything() -> list[Any]:
    """All there is, but for refusals in the journal."""
    tables = (ApiClient, ClientSecret, ClientKey, UsedAssertion, AccessToken)
    rows = [list(model._default_manager.order_by("pk").values()) for model in tables]
    return [
        *rows,
        list(
            Entry.objects.exclude(kind__in=["machines.token_refused", "audit.refused"])
            .order_by("id")
            .values()
        ),
    ]


def kinds() -> list[str]:
    """The kinds in the journal of this room, in order."""
    found = Entry.objects.filter(kind__startswith="machines.").order_by("id")
    return [kind.removeprefix("machines.") for kind in found.values_list("kind", flat=True)]


def _native(key: PrivateKey) -> str:
    return "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"


def _signature(key: PrivateKey | bytes | None, signed: bytes) -> bytes:
    if key is None:
        return b""
    if isinstance(key, bytes):
        return hmac.digest(key, signed, hashlib.sha256)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    r, s = decode_dss_signature(key.sign(signed, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32) + s.to_bytes(32)


def _part(members: dict[str, Any]) -> str:
    return _b64(json.dumps(members).encode())


def _whole(number: int, length: int) -> str:
    return _b64(number.to_bytes(length))


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
