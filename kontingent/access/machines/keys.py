"""Public keys of clients: RSA from 2048 bits for RS256, P-256 for ES256; given as PEM or as a JWK."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from kontingent.kernel.errors import InvalidValue

RS256, ES256 = "RS256", "ES256"
ALGORITHMS = frozenset({RS256, ES256})
LONGEST_KEY = 10_000
_P256_OCTETS = 32
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key fit to be kept: the only algorithm it is for, PEM, and its thumbprint (RFC 7638)."""

    algorithm: str
    pem: str
    thumbprint: str


def read_public_key(text: str) -> PublicKey:
    """Return the key of a PEM or of a JWK, or refuse saying what is expected."""
    text = text.strip()
    if len(text) > LONGEST_KEY:
        raise _refused("Это не открытый ключ: слишком длинный текст.")
    if "PRIVATE" in text:
        raise _private()
    try:
        key = _from_jwk(json.loads(text)) if text.startswith("{") else _from_pem(text)
    except (ValueError, TypeError, KeyError, UnsupportedAlgorithm, RecursionError) as failure:
        if isinstance(failure, InvalidValue):
            raise
        raise _refused("Открытый ключ не читается.") from None
    pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        if key.key_size < 2048 or numbers.e < 65537:
            raise _refused("Ключ RSA слабый: нужны не менее 2048 бит и показатель 65537.")
        return PublicKey(
            RS256, pem.decode(), _thumbprint({"e": _b64(numbers.e), "kty": "RSA", "n": _b64(numbers.n)})
        )
    point = key.public_numbers()
    members = {
        "crv": "P-256",
        "kty": "EC",
        "x": _b64(point.x, _P256_OCTETS),
        "y": _b64(point.y, _P256_OCTETS),
    }
    return PublicKey(ES256, pem.decode(), _thumbprint(members))


def verifies(pem: str, algorithm: str, signature: bytes, signed: bytes) -> bool:
    """Say whether a signature over ``signed`` was made by the key, with the key's own algorithm."""
    key = serialization.load_pem_public_key(pem.encode())
    try:
        if algorithm == RS256 and isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
            return True
        if algorithm == ES256 and isinstance(key, ec.EllipticCurvePublicKey):
            if len(signature) != 2 * _P256_OCTETS:
                return False
            r, s = signature[:_P256_OCTETS], signature[_P256_OCTETS:]
            der = encode_dss_signature(int.from_bytes(r), int.from_bytes(s))
            key.verify(der, signed, ec.ECDSA(hashes.SHA256()))
            return True
    except InvalidSignature:
        return False
    return False


def _from_pem(text: str) -> _PublicKey:
    return _accepted(serialization.load_pem_public_key(text.encode()))


def _from_jwk(members: dict[str, Any]) -> _PublicKey:
    if _PRIVATE_MEMBERS & members.keys():
        raise _private()
    if members.get("kty") == "RSA":
        return rsa.RSAPublicNumbers(_number(members["e"]), _number(members["n"])).public_key()
    if members.get("kty") == "EC" and members.get("crv") == "P-256":
        point = ec.EllipticCurvePublicNumbers(_number(members["x"]), _number(members["y"]), ec.SECP256R1())
        return point.public_key()
    raise _refused("Ключ другого вида.")


def _accepted(key: object) -> _PublicKey:
    if isinstance(key, rsa.RSAPublicKey):
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise _refused("Ключ другого вида.")


def _number(text: str) -> int:
    return int.from_bytes(octets(text))


def octets(text: str) -> bytes:
    """Return what base64url without padding says (RFC 7515 §2), or raise ``ValueError``."""
    if "=" in text:
        raise ValueError("padded")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as failure:
        raise ValueError(str(failure)) from None


def _b64(number: int, length: int | None = None) -> str:
    raw = number.to_bytes(length or (number.bit_length() + 7) // 8)
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _thumbprint(members: dict[str, str]) -> str:
    text = json.dumps(members, separators=(",", ":"), sort_keys=True)
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def _refused(said: str) -> InvalidValue:
    return InvalidValue(
        "machines.key", f"{said} Передайте открытый ключ RSA (от 2048 бит) или EC P-256 в виде PEM или JWK."
    )


def _private() -> InvalidValue:
    return InvalidValue(
        "machines.key_private",
        "Передан закрытый ключ. Он больше не тайна: создайте новую пару и передайте только открытый ключ.",
    )
