"""Random secrets and their digests. 256 random bits need no slow hash: SHA-256 keeps them."""

from __future__ import annotations

import hashlib
import hmac
import secrets

#: Prefixes let scanners of leaked secrets know ours.
SECRET_PREFIX, TOKEN_PREFIX, CLIENT_PREFIX = "kgs_", "kgt_", "kg-"


def new_secret(prefix: str) -> str:
    """Return a prefix and 256 random bits in base64url."""
    return prefix + secrets.token_urlsafe(32)


def new_client_id() -> str:
    """Return a name for a new client, random, so that clients cannot be guessed or counted."""
    return CLIENT_PREFIX + secrets.token_hex(8)


def digest_of(secret: str) -> str:
    """Return the digest that is kept in place of a secret."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def is_same(one: str, other: str) -> bool:
    """Compare digests in constant time."""
    return hmac.compare_digest(one, other)
