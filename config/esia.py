"""The registration in ЕСИА, read from the environment (docs/how-to/connect-esia.md)."""

from __future__ import annotations

from pathlib import Path

from config import environment
from kontingent.access.esia.configuration import SCOPE, EsiaConfiguration, Profile


def from_environment() -> EsiaConfiguration | None:
    """Return the configuration, None where ``KONTINGENT_ESIA_HOST`` is not set."""
    host = environment.text("KONTINGENT_ESIA_HOST", "").rstrip("/")
    if not host:
        return None
    home = environment.text("KONTINGENT_ADDRESS").rstrip("/")
    return EsiaConfiguration(
        host=host,
        client_id=environment.text("KONTINGENT_ESIA_CLIENT_ID"),
        redirect_uri=f"{home}/esia/callback/",
        logout_uri=f"{home}/sign-in/",
        profile=Profile(environment.text("KONTINGENT_ESIA_PROFILE", "v2")),
        scope=environment.text("KONTINGENT_ESIA_SCOPE", SCOPE),
        scope_org=environment.text("KONTINGENT_ESIA_SCOPE_ORG", ""),
        access_type=environment.text("KONTINGENT_ESIA_ACCESS_TYPE", "online"),
        signer=environment.text("KONTINGENT_ESIA_SIGNER", "gost"),
        key=_path("KONTINGENT_ESIA_KEY"),
        certificate=_path("KONTINGENT_ESIA_CERTIFICATE"),
        signer_url=environment.text("KONTINGENT_ESIA_SIGNER_URL", ""),
        trusted=_path("KONTINGENT_ESIA_TRUSTED"),
        issuers=tuple(environment.listing("KONTINGENT_ESIA_ISSUERS", "http://esia.gosuslugi.ru/")),
        algorithms=tuple(environment.listing("KONTINGENT_ESIA_ALGORITHMS", "GOST3410_2012_256")),
        certificate_hash=environment.text("KONTINGENT_ESIA_CERTIFICATE_HASH", "streebog256"),
        refresh_string=environment.text("KONTINGENT_ESIA_REFRESH_STRING", "redirect_uri"),
        padded=environment.flag("KONTINGENT_ESIA_PADDED", default=False),
        pkce=environment.flag("KONTINGENT_ESIA_PKCE", default=False),
        is_stand=environment.flag("KONTINGENT_ESIA_IS_STAND", default=False),
    )


def _path(name: str) -> Path | None:
    text = environment.text(name, "")
    return Path(text) if text else None
