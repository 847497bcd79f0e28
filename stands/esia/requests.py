"""What a request to ЕСИА must prove. Pure but for the signature check; refuses with ЕСИА's own codes."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from stands.esia.crypto import ClientCertificate, decode

KNOWN_SCOPES = {
    "openid",
    "fullname",
    "birthdate",
    "birthplace",
    "gender",
    "citizenship",
    "snils",
    "inn",
    "id_doc",
    "email",
    "mobile",
    "contacts",
    "addresses",
    "usr_org",
    "birth_cert_doc",
    "kid_fullname",
    "kid_birthdate",
    "kid_gender",
    "kid_snils",
    "kid_birth_cert_doc",
    "kid_school_data",
}
TIMESTAMP = "%Y.%m.%d %H:%M:%S %z"


class Refusal(Exception):
    """ЕСИА refuses: the six digits of the code and a word for the log."""

    def __init__(self, code: str, text: str) -> None:
        """Keep both."""
        super().__init__(f"ESIA-{code}: {text}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Registration:
    """The information system as registered on the technological portal."""

    client_id: str
    certificate: ClientCertificate
    redirect_uris: frozenset[str]
    logout_uris: frozenset[str]
    tolerance: timedelta
    refresh_string: str = "redirect_uri"


@dataclass(frozen=True, slots=True)
class Authorised:
    """An authorisation request that has been believed."""

    redirect_uri: str
    state: str
    scopes: frozenset[str]
    offline: bool
    challenge: str
    legacy: bool


def authorisation(
    client: Registration, fields: Mapping[str, str], now: datetime, *, legacy: bool
) -> Authorised:
    """Believe or refuse the request that a browser brings (protocols §1.4)."""
    known_client(client, fields)
    if fields.get("redirect_uri") not in client.redirect_uris:
        raise Refusal("007023", "redirect_uri is not registered")
    required(fields, "scope", "response_type", "state", "timestamp", "access_type", "client_secret")
    if fields["response_type"] != "code":
        raise Refusal("007003", "response_type")
    scopes = set(fields["scope"].split())
    if not scopes <= KNOWN_SCOPES or "openid" not in scopes:
        raise Refusal("007006", "scope")
    prove(client, fields, now, legacy=legacy, tail="")
    return Authorised(
        fields["redirect_uri"], fields["state"], frozenset(scopes), fields["access_type"] == "offline",
        fields.get("code_challenge", ""), legacy,
    )  # fmt: skip


def known_client(client: Registration, fields: Mapping[str, str]) -> None:
    """Refuse another mnemonic."""
    if fields.get("client_id") != client.client_id:
        raise Refusal("007005", "client_id is not registered")


def required(fields: Mapping[str, str], *names: str) -> None:
    """Refuse when a mandatory parameter is missing."""
    for name in names:
        if not fields.get(name):
            raise Refusal("007014", f"{name} is missing")


def prove(client: Registration, fields: Mapping[str, str], now: datetime, *, legacy: bool, tail: str) -> None:
    """Check moment, certificate hash and signature of any signed request (protocols §1.3).

    ``tail`` is what this kind of request signs last: the code, or nothing.
    """
    try:
        moment = datetime.strptime(fields["timestamp"], TIMESTAMP)  # noqa: DTZ007 - %z is in it
    except ValueError:
        raise Refusal("007015", "timestamp") from None
    if abs(moment - now) > client.tolerance:
        raise Refusal("007015", "timestamp is too far from now")
    try:
        signature = decode(fields["client_secret"])
    except ValueError:
        raise Refusal("007053", "client_secret is not base64url") from None
    if legacy:
        data = fields["scope"] + fields["timestamp"] + fields["client_id"] + fields["state"]
        if not client.certificate.verifies_cms(signature, data.encode()):
            raise Refusal("007053", "client_secret")
        return
    required(fields, "client_certificate_hash")
    if fields["client_certificate_hash"] != client.certificate.digest():
        raise Refusal("007053", "client_certificate_hash")
    last = (
        ""
        if tail and client.refresh_string == "refresh_token" and "refresh_token" in fields
        else fields["redirect_uri"]
    )
    data = (
        fields["client_id"]
        + fields["scope"]
        + fields.get("scope_org", "")
        + fields["timestamp"]
        + fields["state"]
        + last
        + tail
    )
    if not client.certificate.verifies(signature, data.encode()):
        raise Refusal("007053", "client_secret")


def proved_challenge(challenge: str, verifier: str) -> bool:
    """PKCE S256; a request without a challenge needs no verifier."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return not challenge or base64.urlsafe_b64encode(digest).decode().rstrip("=") == challenge
