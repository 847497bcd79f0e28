"""What the door for machines refuses: OAuth2 errors (RFC 6749 §5.2, RFC 6750 §3.1) and too many requests.

``message`` is Russian and says what to do; ``description`` is the ASCII text that the RFC asks for.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from kontingent.kernel.errors import KontingentError


class OAuthError(StrEnum):
    """Codes of RFC 6749 and RFC 6750 that we answer with."""

    INVALID_REQUEST = "invalid_request"
    INVALID_CLIENT = "invalid_client"
    INVALID_SCOPE = "invalid_scope"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"
    INVALID_TOKEN = "invalid_token"  # noqa: S105 - a code of RFC 6750, not a password
    INSUFFICIENT_SCOPE = "insufficient_scope"


class OAuthRefused(KontingentError):
    """A request for a token, or one made with a token, is refused."""

    def __init__(self, error: OAuthError, code: str, message: str, description: str, **facts: Any) -> None:
        """Keep the code of the RFC and its ASCII description beside our own."""
        super().__init__(code, message, **facts)
        self.error = error
        self.description = description


class TooManyRequests(KontingentError):
    """The client has used up its requests of this minute; ``retry_after`` seconds remain."""

    def __init__(self, limit: int, retry_after: int) -> None:
        """Say the limit and the wait."""
        super().__init__(
            "machines.too_many_requests",
            f"Превышен предел: {limit} запросов в минуту. Повторите через {retry_after} с; если предел мал, "
            "попросите оператора региона увеличить его.",
            limit=limit,
        )
        self.retry_after = retry_after


def unknown_client() -> OAuthRefused:
    """The refusal of a client that is not known or did not prove who it is: the same for both."""
    return OAuthRefused(
        OAuthError.INVALID_CLIENT,
        "machines.client_unknown",
        "Система не опознана: идентификатор или её секрет неверны. Проверьте client_id и client_secret; "
        "утерянный секрет заменяет оператор региона командой rotate.",
        "unknown client or wrong credentials",
    )


def invalid_assertion(code: str, message: str, description: str) -> OAuthRefused:
    """The refusal of a signed assertion; ``code`` follows ``machines.assertion_``."""
    return OAuthRefused(OAuthError.INVALID_CLIENT, f"machines.assertion_{code}", message, description)


def invalid_token() -> OAuthRefused:
    """The refusal of an access token: unknown, expired or revoked are not told apart."""
    return OAuthRefused(
        OAuthError.INVALID_TOKEN,
        "machines.token_invalid",
        "Токен доступа неизвестен, отозван или истёк. Запросите новый: POST /api/v1/oauth/token.",
        "the access token is unknown, revoked or expired",
    )
