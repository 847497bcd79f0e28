"""Who holds the key of the information system: OpenSSL with gost-engine, RSA for development, or a service with СКЗИ."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Protocol

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs7

from kontingent.access.esia import openssl
from kontingent.access.esia.configuration import EsiaConfiguration
from kontingent.kernel.errors import RuleViolation

REMOTE_TIMEOUT_SECONDS = 10


class Signer(Protocol):
    """Signs in the name of the information system."""

    def sign_raw(self, data: bytes) -> bytes:
        """Return the bare signature (64 bytes for GOST), as profiles v2 and v3 want it."""

    def sign_cms(self, data: bytes) -> bytes:
        """Return a detached CMS container in DER, as profile v1 wants it."""

    def certificate_hash(self, algorithm: str) -> str:
        """Return the digest of the DER certificate: upper-case hexadecimal."""


def digest_of(certificate_der: bytes, algorithm: str) -> str:
    """Return ``streebog256`` or ``sha256`` of a certificate in upper-case hexadecimal (protocols §1.3)."""
    digest = openssl.streebog256 if algorithm == "streebog256" else lambda data: hashlib.sha256(data).digest()
    return digest(certificate_der).hex().upper()


class OpensslGostSigner:
    """Key in a file, signature by gost-engine. For pilots: a state system in service needs a certified СКЗИ."""

    def __init__(self, key: Path, certificate: Path) -> None:
        """Take the files of the private key and of its certificate, both PEM."""
        self.key, self.certificate = key, certificate
        self._der = _der(certificate)

    def sign_raw(self, data: bytes) -> bytes:
        """See ``Signer``."""
        return openssl.sign_raw(self.key, data)

    def sign_cms(self, data: bytes) -> bytes:
        """See ``Signer``."""
        return openssl.sign_cms(self.key, self.certificate, data, gost=True)

    def certificate_hash(self, algorithm: str) -> str:
        """See ``Signer``."""
        return digest_of(self._der, algorithm)


class RsaSigner:
    """RSA with SHA-256: for development where gost-engine cannot be installed."""

    def __init__(self, key: Path, certificate: Path) -> None:
        """Take the files of the private key and of its certificate, both PEM."""
        loaded = serialization.load_pem_private_key(key.read_bytes(), None)
        if not isinstance(loaded, rsa.RSAPrivateKey):
            raise RuleViolation(
                "access.esia_key", f"В файле {key} не ключ RSA. Проверьте KONTINGENT_ESIA_KEY."
            )
        self._key, self._certificate = loaded, x509.load_pem_x509_certificate(certificate.read_bytes())
        self._der = _der(certificate)

    def sign_raw(self, data: bytes) -> bytes:
        """See ``Signer``."""
        return self._key.sign(data, padding.PKCS1v15(), hashes.SHA256())

    def sign_cms(self, data: bytes) -> bytes:
        """See ``Signer``."""
        container = pkcs7.PKCS7SignatureBuilder().set_data(data)
        container = container.add_signer(self._certificate, self._key, hashes.SHA256())
        options = [
            pkcs7.PKCS7Options.DetachedSignature,
            pkcs7.PKCS7Options.Binary,
            pkcs7.PKCS7Options.NoAttributes,
        ]
        return container.sign(serialization.Encoding.DER, options)

    def certificate_hash(self, algorithm: str) -> str:
        """See ``Signer``."""
        return digest_of(self._der, algorithm)


class RemoteSigner:
    """A signing service beside the product, where a certified СКЗИ keeps the key.

    ``POST <address>/raw`` and ``/cms`` take the octets and answer with the signature; ``GET <address>/certificate``
    answers with the certificate in DER. CryptoPro's byte order is the service's affair: big-endian ``s || r`` comes here.
    """

    def __init__(self, address: str) -> None:
        """Take the address of the service."""
        self.address = address.rstrip("/")

    def sign_raw(self, data: bytes) -> bytes:
        """See ``Signer``."""
        return self._ask("POST", "raw", data)

    def sign_cms(self, data: bytes) -> bytes:
        """See ``Signer``."""
        return self._ask("POST", "cms", data)

    def certificate_hash(self, algorithm: str) -> str:
        """See ``Signer``."""
        return digest_of(self._ask("GET", "certificate"), algorithm)

    def _ask(self, method: str, what: str, data: bytes = b"") -> bytes:
        try:
            answer = httpx.request(
                method, f"{self.address}/{what}", content=data, timeout=REMOTE_TIMEOUT_SECONDS,
                headers={"Content-Type": "application/octet-stream"},
            ).raise_for_status()  # fmt: skip
        except httpx.HTTPError as failure:
            raise openssl.OpensslFailed(f"the signing service {self.address}: {failure}") from failure
        return answer.content


def signer_of(configuration: EsiaConfiguration) -> Signer:
    """Return the signer that the configuration names."""
    if configuration.signer == "remote":
        return RemoteSigner(configuration.signer_url)
    if configuration.key is None or configuration.certificate is None:
        raise RuleViolation(
            "access.esia_no_key",
            "Не указаны ключ и сертификат ИС: KONTINGENT_ESIA_KEY и KONTINGENT_ESIA_CERTIFICATE.",
        )
    kind = OpensslGostSigner if configuration.signer == "gost" else RsaSigner
    return kind(configuration.key, configuration.certificate)


def encode(signature: bytes, *, padded: bool) -> str:
    """Return a signature as ЕСИА takes it: base64url, without padding unless asked for."""
    text = base64.urlsafe_b64encode(signature).decode()
    return text if padded else text.rstrip("=")


def _der(certificate: Path) -> bytes:
    pem = certificate.read_bytes()
    return x509.load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER)
