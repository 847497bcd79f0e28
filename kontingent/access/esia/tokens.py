"""Strict checks of the tokens of ЕСИА (protocols §1.6). Pure but for the signature itself."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kontingent.access.esia.certificates import TrustedCertificate
from kontingent.access.esia.configuration import EsiaConfiguration
from kontingent.access.esia.refusals import not_believed

#: A token of ЕСИА is some kilobytes; more is nobody's token.
LONGEST = 64 * 1024
CONFIRMED, CHILD = "PR", "KD"


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom the two tokens speak of, and how surely."""

    oid: str
    session: str
    is_confirmed: bool
    level: str
    method: str


def identify(
    configuration: EsiaConfiguration,
    trusted: Sequence[TrustedCertificate],
    *,
    access_token: str,
    id_token: str,
    now: datetime,
) -> Identity:
    """Return the identity that both tokens agree upon.

    Raises:
        EsiaRefused: any check fails; its code says which (``token_signature``, ``token_issuer``, …).
    """
    access = verify(configuration, trusted, access_token, kind="access", now=now)
    identity = verify(configuration, trusted, id_token, kind="id", now=now)
    if access.get("client_id") != configuration.client_id:
        raise not_believed("token_client", "the access token is for another system")
    audience = identity.get("aud")
    if configuration.client_id not in (audience if isinstance(audience, list) else [audience]):
        raise not_believed("token_audience", "the id token is for another system")
    oid = str(access.get("urn:esia:sbj_id", ""))
    if not oid.isdigit() or str(identity.get("sub", "")) != oid:
        raise not_believed("token_subject", "the tokens speak of different people")
    subject = identity.get("urn:esia:sbj")
    known: dict[str, Any] = subject if isinstance(subject, dict) else {}
    return Identity(
        oid=oid,
        session=str(identity.get("urn:esia:sid", "")),
        is_confirmed=known.get("urn:esia:sbj:is_tru") is True,
        level=str(known.get("urn:esia:sbj:lvl", "")),
        method=str(identity.get("amr") or identity.get("urn:esia:amd") or ""),
    )


def verify(
    configuration: EsiaConfiguration,
    trusted: Sequence[TrustedCertificate],
    token: str,
    *,
    kind: str,
    now: datetime,
) -> dict[str, Any]:
    """Return the claims of one token after every check that does not need the other."""
    if len(token) > LONGEST or token.count(".") != 2:
        raise not_believed("token_shape", f"the {kind} token is no JWS")
    signed, _, signature_text = token.rpartition(".")
    header_text, _, claims_text = signed.partition(".")
    header, claims = _json(header_text, kind), _json(claims_text, kind)
    algorithm = header.get("alg")
    if algorithm not in configuration.algorithms:
        raise not_believed("token_algorithm", f"{kind}: {str(algorithm)[:40]!r} is not allowed")
    if header.get("sbt", kind) != kind:
        raise not_believed("token_kind", f"{str(header.get('sbt'))[:20]!r} where {kind} was expected")
    issued = _moment(claims, "iat", kind)
    keys = [one for one in trusted if one.algorithm == algorithm and one.holds(issued)]
    signature = _octets(signature_text, kind)
    if not any(key.verifies(signature, signed.encode()) for key in keys):
        raise not_believed("token_signature", f"{kind}: no certificate of ЕСИА in force verifies it")
    if claims.get("iss") not in configuration.issuers:
        raise not_believed("token_issuer", f"{kind}: issued by {str(claims.get('iss'))[:80]!r}")
    _in_time(claims, kind, now, configuration.leeway_seconds)
    return claims


def _in_time(claims: dict[str, Any], kind: str, now: datetime, leeway: int) -> None:
    moment = now.timestamp()
    if _moment(claims, "exp", kind).timestamp() + leeway < moment:
        raise not_believed("token_expired", f"{kind}: its time is over")
    starts = _moment(claims, "nbf", kind) if "nbf" in claims else _moment(claims, "iat", kind)
    if max(starts, _moment(claims, "iat", kind)).timestamp() - leeway > moment:
        raise not_believed("token_not_yet", f"{kind}: its time has not come; check the clocks")


def _moment(claims: dict[str, Any], name: str, kind: str) -> datetime:
    value = claims.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < 1e11:
        raise not_believed("token_time", f"{kind}: {name} is no moment")
    return datetime.fromtimestamp(value, UTC)


def _json(text: str, kind: str) -> dict[str, Any]:
    try:
        found = json.loads(_octets(text, kind))
    except (ValueError, RecursionError) as failure:
        raise not_believed("token_shape", f"{kind}: {failure}") from None
    if not isinstance(found, dict):
        raise not_believed("token_shape", f"{kind}: not an object")
    return found


def _octets(text: str, kind: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise not_believed("token_shape", f"{kind}: not base64url") from None
