"""What one must know of ЕСИА to talk to it; every contested item is a field (protocols §7)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from django.conf import settings

from kontingent.kernel.errors import RuleViolation

#: Scopes of each kind of visitor together (protocols §1.8): one button for everybody.
SCOPE = "openid fullname birthdate gender snils email usr_org kid_fullname kid_birthdate kid_gender kid_snils"


class Profile(StrEnum):
    """Which generation of the authorisation protocol."""

    V2 = "v2"
    V1 = "v1"


@dataclass(frozen=True, slots=True)
class EsiaConfiguration:
    """One registration of the information system in ЕСИА.

    ``certificate_hash`` is ``streebog256`` or ``sha256``; ``refresh_string`` names what is signed last when a token is
    renewed: ``redirect_uri`` or ``refresh_token``; ``algorithms`` and ``issuers`` are what tokens may carry.
    """

    host: str
    client_id: str
    redirect_uri: str
    logout_uri: str
    profile: Profile = Profile.V2
    scope: str = SCOPE
    scope_org: str = ""
    access_type: str = "online"
    signer: str = "gost"
    key: Path | None = None
    certificate: Path | None = None
    signer_url: str = ""
    trusted: Path | None = None
    issuers: tuple[str, ...] = ("http://esia.gosuslugi.ru/",)
    algorithms: tuple[str, ...] = ("GOST3410_2012_256",)
    certificate_hash: str = "streebog256"
    refresh_string: str = "redirect_uri"
    padded: bool = False
    pkce: bool = False
    leeway_seconds: int = 60
    is_stand: bool = False

    @property
    def authorisation_address(self) -> str:
        """Where the browser goes."""
        return f"{self.host}/aas/oauth2/{'v2/ac' if self.profile is Profile.V2 else 'ac'}"

    @property
    def token_address(self) -> str:
        """Where the code is traded."""
        return f"{self.host}/aas/oauth2/{'v3/te' if self.profile is Profile.V2 else 'te'}"


def current() -> EsiaConfiguration:
    """Return the configuration of this installation; raise ``RuleViolation`` where there is none."""
    found: EsiaConfiguration | None = settings.ESIA
    if found is None:
        raise RuleViolation(
            "access.esia_not_configured",
            "Вход через ЕСИА не настроен. Администратору: заполните переменные KONTINGENT_ESIA_* "
            "(docs/how-to/connect-esia.md) и перезапустите систему.",
        )
    return found
