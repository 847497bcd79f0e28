"""The key that seals and anchors are signed with (Ed25519): a file outside the database, readable by the service only.

Whoever can change the database but not this file can change rows, but cannot make a seal that verifies.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

KEY_FILE = "journal.key"


@dataclass(frozen=True, slots=True)
class SealingKey:
    """A private key with the fingerprint by which seals name it: the public key itself, 64 hexadecimal digits."""

    private: Ed25519PrivateKey
    fingerprint: str

    def sign(self, data: bytes) -> bytes:
        """Return 64 octets."""
        return self.private.sign(data)


def load(folder: Path) -> SealingKey:
    """Return the key of an installation; it is made when there is none yet."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / KEY_FILE
    if not path.exists():
        made = Ed25519PrivateKey.generate()
        part = path.with_suffix(".part")
        part.touch(mode=0o600)
        part.write_bytes(
            made.private_bytes(
                serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption()
            )
        )
        part.replace(path)
    private = Ed25519PrivateKey.from_private_bytes(path.read_bytes())
    public = private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return SealingKey(private, public.hex())


def is_signed(fingerprint: str, signature: bytes, data: bytes) -> bool:
    """Say whether the key of that fingerprint signed ``data``."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(fingerprint)).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True
