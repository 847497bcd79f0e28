"""Keys and signatures of the stand: GOST by the openssl command with gost-engine, RSA by cryptography."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

ENGINE = ["-engine", "gost"]
ALGORITHMS = {"gost": "GOST3410_2012_256", "rsa": "RS256"}


def openssl(*arguments: str, data: bytes = b"") -> bytes:
    """Run one openssl command; raise ``RuntimeError`` when it fails."""
    done = subprocess.run(  # noqa: S603 - no shell, fixed program
        ["openssl", *arguments],  # noqa: S607 - wherever the system keeps it
        input=data,
        capture_output=True,
        timeout=15,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"openssl {arguments[0]}: {done.stderr.decode(errors='replace')[:300]}")
    return done.stdout


def encode(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decode(text: str) -> bytes:
    """Base64url, padded or not; raises ``ValueError``."""
    return base64.b64decode(
        text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), altchars=b"-_", validate=True
    )


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A private key with its certificate, in files."""

    kind: str
    key: Path
    certificate: Path

    def sign(self, data: bytes) -> bytes:
        """Return the bare signature."""
        if self.kind == "gost":
            return openssl("dgst", *ENGINE, "-md_gost12_256", "-sign", str(self.key), data=data)
        loaded = serialization.load_pem_private_key(self.key.read_bytes(), None)
        assert isinstance(loaded, rsa.RSAPrivateKey)
        return loaded.sign(data, padding.PKCS1v15(), hashes.SHA256())


def make(kind: str, folder: Path, name: str) -> KeyPair:
    """Return the pair ``<name>.key`` and ``<name>.pem`` of a folder, made first if it is not there."""
    pair = KeyPair(kind, folder / f"{name}.key", folder / f"{name}.pem")
    if pair.key.exists() and pair.certificate.exists():
        return pair
    folder.mkdir(parents=True, exist_ok=True)
    if kind == "gost":
        openssl(
            "genpkey", *ENGINE, "-algorithm", "gost2012_256", "-pkeyopt", "paramset:A", "-out", str(pair.key)
        )
        openssl(
            "req", *ENGINE, "-x509", "-new", "-key", str(pair.key), "-md_gost12_256", "-days", "400", "-utf8",
            "-subj", f"/C=RU/O=Stand/CN={name}", "-out", str(pair.certificate),
        )  # fmt: skip
    else:
        _make_rsa(pair, name)
    pair.key.chmod(0o600)
    return pair


def _make_rsa(pair: KeyPair, name: str) -> None:
    private = rsa.generate_private_key(65537, 2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(private.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=400)).sign(private, hashes.SHA256())
    )  # fmt: skip
    pair.key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    pair.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


class ClientCertificate:
    """The certificate that the information system has registered."""

    def __init__(self, path: Path, kind: str) -> None:
        """Read it."""
        self.kind, self.path = kind, path
        self._certificate = x509.load_pem_x509_certificate(path.read_bytes())

    def digest(self) -> str:
        """Streebog-256 (GOST) or SHA-256 of the DER, upper-case hexadecimal."""
        der = self._certificate.public_bytes(serialization.Encoding.DER)
        if self.kind == "gost":
            return openssl("dgst", *ENGINE, "-md_gost12_256", "-binary", data=der).hex().upper()
        return hashlib.sha256(der).hexdigest().upper()

    def verifies(self, signature: bytes, data: bytes) -> bool:
        """Say whether a bare signature is the client's."""
        if self.kind == "rsa":
            key = self._certificate.public_key()
            try:
                assert isinstance(key, rsa.RSAPublicKey)
                key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
            except InvalidSignature:
                return False
            return True
        with tempfile.TemporaryDirectory() as folder:
            public, sign = Path(folder, "public"), Path(folder, "signature")
            public.write_bytes(openssl("x509", *ENGINE, "-in", str(self.path), "-pubkey", "-noout"))
            sign.write_bytes(signature)
            try:
                openssl(
                    "dgst",
                    *ENGINE,
                    "-md_gost12_256",
                    "-verify",
                    str(public),
                    "-signature",
                    str(sign),
                    data=data,
                )
            except RuntimeError:
                return False
        return len(signature) == 64

    def verifies_cms(self, container: bytes, data: bytes) -> bool:
        """Say whether a detached CMS container is signed by this very certificate (profile v1)."""
        with tempfile.TemporaryDirectory() as folder:
            content, sign, signers = Path(folder, "content"), Path(folder, "cms"), Path(folder, "signers")
            content.write_bytes(data)
            sign.write_bytes(container)
            engine = ENGINE if self.kind == "gost" else []
            try:
                openssl(
                    "cms", "-verify", *engine, "-binary", "-inform", "DER", "-in", str(sign), "-content", str(content),
                    "-CAfile", str(self.path), "-purpose", "any", "-signer", str(signers), "-out", "/dev/null",
                )  # fmt: skip
            except RuntimeError:
                return False
            found = x509.load_pem_x509_certificate(signers.read_bytes())
        return found.public_bytes(serialization.Encoding.DER) == self._certificate.public_bytes(
            serialization.Encoding.DER
        )
