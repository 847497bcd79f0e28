"""Typed reading of the environment that fails with advice, in one place."""

import os
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str | None = None) -> str:
    """Return a variable (or the content of the file named by ``<name>_FILE``)."""
    if path := os.environ.get(f"{name}_FILE"):
        return Path(path).read_text(encoding="utf-8").strip()
    value = os.environ.get(name, default)
    if value is None:
        raise ImproperlyConfigured(
            f"Missing environment variable {name}. See config/example.env; for a try-out run `make demo`, "
            "which needs none."
        )
    return value


def flag(name: str, *, default: bool) -> bool:
    """Return a yes/no variable."""
    value = os.environ.get(name, "yes" if default else "no").strip().lower()
    if value in {"1", "yes", "true", "on"}:
        return True
    if value in {"0", "no", "false", "off", ""}:
        return False
    raise ImproperlyConfigured(f"{name}={value!r}: write yes or no.")


def whole(name: str, default: int, *, least: int = 0) -> int:
    """Return a whole number not below ``least``."""
    value = os.environ.get(name, str(default))
    if not value.strip().isdigit() or int(value) < least:
        raise ImproperlyConfigured(f"{name}={value!r}: write a whole number from {least}.")
    return int(value)


def listing(name: str, default: str = "") -> list[str]:
    """Return a comma-separated list."""
    return [part.strip() for part in os.environ.get(name, default).split(",") if part.strip()]


def secret(name: str, default: str | None = None) -> str:
    """Return a secret too long to be guessed."""
    value = text(name, default)
    if len(value) < 32:
        raise ImproperlyConfigured(f"{name} must have at least 32 characters, taken at random.")
    return value


def host_names(name: str, default: str) -> list[str]:
    """Return the host names we answer to; "any" would let a forged Host header into links and redirects."""
    names = listing(name, default)
    if "*" in names:
        raise ImproperlyConfigured(f"{name} must list host names; * would believe any Host header.")
    return names


def database(url: str) -> dict[str, object]:
    """Return Django's connection settings for ``postgresql://user:password@host:port/name?option=…``.

    The host may be the percent-encoded folder of a Unix socket. Options go to libpq as they stand.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(
            f"DATABASE_URL must begin with postgresql:// – only PostgreSQL will do, not {parts.scheme!r}."
        )
    options: dict[str, object] = dict(parse_qsl(parts.query))
    host = str(options.pop("host", "")) or unquote(parts.hostname or "")
    return {
        "ENGINE": "kontingent.storage.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "kontingent",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
    }
