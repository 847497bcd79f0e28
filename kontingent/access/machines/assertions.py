"""Signed assertions by which a client proves who it is (private_key_jwt: RFC 7523, RFC 7519). Pure.

The key decides the algorithm, never the assertion: ``none``, HS256 over a public key and the like have no path here.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from kontingent.access.machines import keys
from kontingent.access.machines.refusals import OAuthRefused, invalid_assertion
from kontingent.access.machines.rules import LEEWAY, LONGEST_ASSERTION

#: The only ``client_assertion_type`` there is.
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST = 8 * 1024
LONGEST_JTI = 200
_TYPES = frozenset({"jwt", "client-authentication+jwt"})


class KnownKey(NamedTuple):
    """A live key of the client."""

    kid: str
    algorithm: str
    pem: str


@dataclass(frozen=True, slots=True)
class Assertion:
    """An assertion as read, nothing of it believed yet."""

    header: dict[str, Any]
    claims: dict[str, Any]
    signed: bytes
    signature: bytes

    @property
    def client_id(self) -> str:
        """Who is said to speak."""
        return str(self.claims.get("iss", ""))[:100]


class Believed(NamedTuple):
    """What remains to be remembered of a believed assertion."""

    jti: str
    expires_at: datetime


def read(text: str) -> Assertion:
    """Take a compact JWS apart, or refuse."""
    if len(text) > LONGEST or not text.isascii() or text.count(".") != 2:
        raise _shape("not a compact JWS")
    header, claims, signature = text.split(".")
    try:
        return Assertion(
            _object(header), _object(claims), f"{header}.{claims}".encode(), keys.octets(signature)
        )
    except (ValueError, RecursionError):
        raise _shape("not a JWT") from None


def believe(
    assertion: Assertion,
    known: Iterable[KnownKey],
    *,
    client_id: str,
    audiences: Collection[str],
    now: datetime,
) -> Believed:
    """Check the signature, then every claim.

    Raises:
        OAuthRefused: ``machines.assertion_…`` says which check failed.
    """
    _check_signature(assertion, list(known))
    claims = assertion.claims
    if claims.get("iss") != client_id or claims.get("sub") != client_id:
        raise invalid_assertion(
            "subject",
            "В утверждении iss и sub должны быть равны client_id системы.",
            "iss and sub must both be the client_id",
        )
    audience = claims.get("aud")
    named = audience[0] if isinstance(audience, list) and len(audience) == 1 else audience
    if not isinstance(named, str) or named not in audiences:
        raise invalid_assertion(
            "audience",
            f"Утверждение обращено не к этому серверу. Укажите aud: {min(audiences)}.",
            "aud must be the token endpoint",
        )
    expires_at = _check_time(claims, now)
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 1 <= len(jti) <= LONGEST_JTI or not jti.isprintable():
        raise invalid_assertion(
            "jti",
            f"В утверждении нужен неповторимый jti, строка до {LONGEST_JTI} знаков.",
            "jti is required and must be a unique string",
        )
    return Believed(jti, expires_at)


def replayed() -> OAuthRefused:
    """The refusal of an assertion used a second time."""
    return invalid_assertion(
        "replayed",
        "Это утверждение уже использовано. На каждый запрос создавайте новое, с новым jti.",
        "the assertion has already been used",
    )


def _check_signature(assertion: Assertion, known: list[KnownKey]) -> None:
    header = assertion.header
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in keys.ALGORITHMS or "crit" in header:
        raise invalid_assertion(
            "algorithm",
            "Утверждение подписано недопустимым способом. Подпишите его алгоритмом RS256 или ES256.",
            "alg must be RS256 or ES256",
        )
    if str(header.get("typ", "JWT")).lower() not in _TYPES:
        raise _shape("typ must be JWT")
    candidates = [
        one for one in known if one.algorithm == algorithm and header.get("kid", one.kid) == one.kid
    ]
    if not any(
        keys.verifies(one.pem, one.algorithm, assertion.signature, assertion.signed) for one in candidates
    ):
        raise invalid_assertion(
            "signature",
            "Подпись утверждения не подтверждена ни одним действующим ключом системы. Проверьте kid и ключ; "
            "новый открытый ключ добавляет оператор региона.",
            "no live key of the client verifies the signature",
        )


def _check_time(claims: dict[str, Any], now: datetime) -> datetime:
    expires_at = _moment(claims, "exp")
    if expires_at is None or expires_at + LEEWAY <= now:
        raise invalid_assertion(
            "expired",
            "Срок утверждения (exp) не указан или истёк. Создайте новое и сверьте часы сервера.",
            "exp is missing or past",
        )
    if expires_at - now > LONGEST_ASSERTION + LEEWAY:
        raise invalid_assertion(
            "too_long",
            f"Утверждение действует слишком долго: exp – не позже чем через {LONGEST_ASSERTION.seconds // 60} мин.",
            "exp is too far in the future",
        )
    for name in ("nbf", "iat"):
        moment = _moment(claims, name)
        if name in claims and (moment is None or moment - LEEWAY > now):
            raise invalid_assertion(
                "not_yet",
                f"Время утверждения ({name}) ещё не наступило. Сверьте часы сервера.",
                f"{name} is in the future",
            )
    return expires_at


def _moment(claims: dict[str, Any], name: str) -> datetime | None:
    value = claims.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < 1e11:
        return None
    return datetime.fromtimestamp(value, UTC)


def _object(text: str) -> dict[str, Any]:
    found = json.loads(keys.octets(text))
    if not isinstance(found, dict):
        raise ValueError("not an object")
    return found


def _shape(description: str) -> OAuthRefused:
    return invalid_assertion(
        "shape", "client_assertion – не JWT. Передайте подписанное утверждение из трёх частей.", description
    )
