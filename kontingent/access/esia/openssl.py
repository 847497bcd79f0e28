"""GOST R 34.10-2012 and 34.11-2012 by the openssl command with gost-engine.

No Python library on PyPI loads GOST keys, so the command line of OpenSSL is the library. Nothing goes through a shell;
data go by standard input or by files of a private folder.
"""

from __future__ import annotations

import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

TIMEOUT_SECONDS = 10
RAW_SIGNATURE_BYTES = 64


class OpensslFailed(RuntimeError):
    """The openssl command could not do it: no engine, a wrong key, a damaged certificate."""


def _run(arguments: list[str], data: bytes = b"") -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 - no shell, fixed program
            ["openssl", *arguments],  # noqa: S607 - wherever the system keeps it
            input=data,
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as failure:
        raise OpensslFailed(f"openssl {arguments[0]}: {failure}") from failure
    if done.returncode != 0:
        raise OpensslFailed(f"openssl {arguments[0]}: {done.stderr.decode(errors='replace').strip()[:400]}")
    return done.stdout


@lru_cache(maxsize=1)
def has_gost() -> bool:
    """Say whether gost-engine is installed (Debian: libengine-gost-openssl)."""
    try:
        return len(streebog256(b"")) == 32
    except OpensslFailed:
        return False


def streebog256(data: bytes) -> bytes:
    """Return the digest of GOST R 34.11-2012, 256 bits."""
    return _run(["dgst", "-engine", "gost", "-md_gost12_256", "-binary"], data)


def sign_raw(key: Path, data: bytes) -> bytes:
    """Return the 64 bytes ``s || r``, big-endian, of GOST R 34.10-2012-256 over Streebog-256 of ``data``."""
    signature = _run(["dgst", "-engine", "gost", "-md_gost12_256", "-sign", str(key)], data)
    if len(signature) != RAW_SIGNATURE_BYTES:
        raise OpensslFailed(f"the signature has {len(signature)} bytes, not {RAW_SIGNATURE_BYTES}")
    return signature


def verify_raw(certificate_pem: bytes, signature: bytes, data: bytes) -> bool:
    """Say whether a raw GOST signature is that of the certificate's key."""
    if len(signature) != RAW_SIGNATURE_BYTES:
        return False
    with tempfile.TemporaryDirectory(prefix="kontingent-gost-") as folder:
        place = Path(folder)
        public, sign = place / "public.pem", place / "signature"
        public.write_bytes(_run(["x509", "-engine", "gost", "-pubkey", "-noout"], certificate_pem))
        sign.write_bytes(signature)
        command = [
            "dgst",
            "-engine",
            "gost",
            "-md_gost12_256",
            "-verify",
            str(public),
            "-signature",
            str(sign),
        ]
        try:
            _run(command, data)
        except OpensslFailed:
            return False
    return True


def sign_cms(key: Path, certificate: Path, data: bytes, *, gost: bool) -> bytes:
    """Return a detached CMS SignedData in DER with the signer's certificate."""
    digest = ["-engine", "gost", "-md", "md_gost12_256"] if gost else ["-md", "sha256"]
    return _run(
        ["cms", "-sign", "-binary", "-noattr", *digest, "-signer", str(certificate), "-inkey", str(key), "-outform", "DER"],
        data,
    )  # fmt: skip


def make_gost_key(key: Path, certificate: Path, common_name: str, *, days: int = 365) -> None:
    """Make a key pair and a self-signed certificate, for demonstrations and tests."""
    _run(
        [
            "genpkey",
            "-engine",
            "gost",
            "-algorithm",
            "gost2012_256",
            "-pkeyopt",
            "paramset:A",
            "-out",
            str(key),
        ]
    )
    key.chmod(0o600)
    _run(
        ["req", "-engine", "gost", "-x509", "-new", "-key", str(key), "-md_gost12_256", "-days", str(days), "-utf8",
         "-subj", f"/C=RU/O=Kontingent/CN={common_name}", "-out", str(certificate)]
    )  # fmt: skip
