"""The requests that the information system signs: going to ЕСИА, trading the code, renewing, leaving."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlencode
from uuid import uuid4

from kontingent.access.esia.configuration import EsiaConfiguration, Profile
from kontingent.access.esia.signers import Signer, encode

#: The moment as ЕСИА reads it: «2026.11.23 23:10:00 +0000» (protocols §1.4).
TIMESTAMP = "%Y.%m.%d %H:%M:%S %z"


@dataclass(frozen=True, slots=True)
class Departure:
    """A browser on its way to ЕСИА: what must be remembered until it comes back."""

    address: str
    state: str
    verifier: str


def depart(configuration: EsiaConfiguration, signer: Signer, now: datetime) -> Departure:
    """Return where to send the browser, with a state for this one attempt."""
    state, verifier = str(uuid4()), secrets.token_urlsafe(48) if configuration.pkce else ""
    fields = _common(configuration, signer, now, state) | {
        "redirect_uri": configuration.redirect_uri,
        "response_type": "code",
        "access_type": configuration.access_type,
    }
    if verifier:
        challenge = hashlib.sha256(verifier.encode()).digest()
        fields |= {
            "code_challenge": base64.urlsafe_b64encode(challenge).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
    return Departure(
        f"{configuration.authorisation_address}?{urlencode(fields, quote_via=quote)}", state, verifier
    )


def code_form(
    configuration: EsiaConfiguration, signer: Signer, now: datetime, *, code: str, verifier: str = ""
) -> dict[str, str]:
    """Return the form that trades a code for tokens; it carries a state of its own."""
    form = _common(configuration, signer, now, str(uuid4()), tail=code) | {
        "redirect_uri": configuration.redirect_uri,
        "grant_type": "authorization_code",
        "token_type": "Bearer",
        "code": code,
    }
    return form | ({"code_verifier": verifier} if verifier else {})


def refresh_form(
    configuration: EsiaConfiguration, signer: Signer, now: datetime, *, refresh_token: str
) -> dict[str, str]:
    """Return the form that renews tokens."""
    by_token = configuration.refresh_string == "refresh_token"
    fields = _common(
        configuration,
        signer,
        now,
        str(uuid4()),
        tail=refresh_token if by_token else "",
        with_redirect=not by_token,
    )
    return fields | {
        "redirect_uri": configuration.redirect_uri,
        "grant_type": "refresh_token",
        "token_type": "Bearer",
        "refresh_token": refresh_token,
    }


def logout_address(configuration: EsiaConfiguration) -> str:
    """Return where the browser goes to end the session of ЕСИА itself."""
    fields = {"client_id": configuration.client_id, "redirect_url": configuration.logout_uri}
    return f"{configuration.host}/idp/ext/Logout?{urlencode(fields)}"


def signed_string(
    configuration: EsiaConfiguration,
    timestamp: str,
    state: str,
    *,
    tail: str = "",
    with_redirect: bool = True,
) -> str:
    """Return what ``client_secret`` signs: plain concatenation, no separators (protocols §1.3)."""
    if configuration.profile is Profile.V1:
        return configuration.scope + timestamp + configuration.client_id + state
    redirect = configuration.redirect_uri if with_redirect else ""
    return (
        configuration.client_id
        + configuration.scope
        + configuration.scope_org
        + timestamp
        + state
        + redirect
        + tail
    )


def _common(
    configuration: EsiaConfiguration,
    signer: Signer,
    now: datetime,
    state: str,
    *,
    tail: str = "",
    with_redirect: bool = True,
) -> dict[str, str]:
    timestamp = now.strftime(TIMESTAMP)
    data = signed_string(configuration, timestamp, state, tail=tail, with_redirect=with_redirect).encode()
    v1 = configuration.profile is Profile.V1
    fields = {
        "client_id": configuration.client_id,
        "client_secret": encode(
            signer.sign_cms(data) if v1 else signer.sign_raw(data), padded=configuration.padded
        ),
        "scope": configuration.scope,
        "state": state,
        "timestamp": timestamp,
    }
    if configuration.scope_org:
        fields["scope_org"] = configuration.scope_org
    if not v1:
        fields["client_certificate_hash"] = signer.certificate_hash(configuration.certificate_hash)
    return fields
