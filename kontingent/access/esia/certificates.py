"""The certificates that ЕСИА signs its tokens with: several at once, each for its time (protocols §1.1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from kontingent.access.esia import openssl

WARNING_BEFORE = timedelta(days=30)
GOST = "GOST3410_2012_256"
RSA = "RS256"


@dataclass(frozen=True, slots=True)
class TrustedCertificate:
    """One certificate of ЕСИА with the time for which it is to be believed."""

    name: str
    subject: str
    pem: bytes
    not_before: datetime
    not_after: datetime
    algorithm: str

    def holds(self, moment: datetime) -> bool:
        """Say whether the certificate was in force at a moment."""
        return self.not_before <= moment <= self.not_after

    def verifies(self, signature: bytes, data: bytes) -> bool:
        """Say whether a signature over ``data`` is made by this certificate's key."""
        if self.algorithm == GOST:
            return openssl.verify_raw(self.pem, signature, data)
        key = x509.load_pem_x509_certificate(self.pem).public_key()
        if not isinstance(key, rsa.RSAPublicKey):
            return False
        try:
            key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return False
        return True


def load(folder: Path | None) -> list[TrustedCertificate]:
    """Read every ``.pem``, ``.crt`` and ``.cer`` of a folder (PEM or DER); what is no certificate is an error."""
    if folder is None or not folder.is_dir():
        return []
    files = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in {".pem", ".crt", ".cer"}]
    return [_read(path) for path in files]


def _read(path: Path) -> TrustedCertificate:
    content = path.read_bytes()
    pem = b"-----BEGIN" in content
    found = (x509.load_pem_x509_certificate if pem else x509.load_der_x509_certificate)(content)
    return TrustedCertificate(
        name=path.name,
        subject=found.subject.rfc4514_string(),
        pem=found.public_bytes(serialization.Encoding.PEM),
        not_before=found.not_valid_before_utc,
        not_after=found.not_valid_after_utc,
        algorithm=_algorithm(found),
    )


def _algorithm(certificate: x509.Certificate) -> str:
    try:
        return RSA if isinstance(certificate.public_key(), rsa.RSAPublicKey) else "unknown"
    except (UnsupportedAlgorithm, ValueError):
        return GOST


def lapsing(trusted: list[TrustedCertificate], now: datetime) -> list[str]:
    """Return what to tell the administrator, in Russian: certificates gone or soon to go, or none that works."""
    if not any(one.holds(now) for one in trusted):
        return [
            "Нет ни одного действующего сертификата ЕСИА: войти нельзя. Положите новый в папку доверенных."
        ]
    later = now + WARNING_BEFORE
    return [
        f"Сертификат ЕСИА «{one.name}» действует до {one.not_after:%d.%m.%Y}. Добавьте следующий заранее."
        for one in trusted
        if one.holds(now)
        and not any(other.holds(later) for other in trusted if other.algorithm == one.algorithm)
    ]
