"""A signing service beside the product: real HTTP, a real key, the same signatures as with the key in a file."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from kontingent.access.esia.openssl import OpensslFailed
from kontingent.access.esia.signers import RemoteSigner, RsaSigner
from stands.esia import crypto


@pytest.fixture
def local(tmp_path: Path) -> RsaSigner:
    pair = crypto.make("rsa", tmp_path, "client")
    return RsaSigner(pair.key, pair.certificate)


@pytest.fixture
def service(local: RsaSigner, tmp_path: Path) -> Iterator[str]:
    """What an operator puts before a СКЗИ: three addresses and no more."""
    certificate = x509.load_pem_x509_certificate((tmp_path / "client.pem").read_bytes())

    class Service(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["Content-Length"]))
            signs = {"/raw": local.sign_raw, "/cms": local.sign_cms}.get(self.path)
            self.answer(200 if signs else 404, signs(data) if signs else b"")

        def do_GET(self) -> None:
            self.answer(200, certificate.public_bytes(serialization.Encoding.DER))

        def answer(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_address[1]}"
    running.shutdown()
    running.server_close()


def test_the_service_signs_as_the_file_does(service: str, local: RsaSigner, tmp_path: Path) -> None:
    remote = RemoteSigner(service)
    signature = remote.sign_raw(b"data")
    assert signature == local.sign_raw(b"data")
    key = x509.load_pem_x509_certificate((tmp_path / "client.pem").read_bytes()).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(signature, b"data", padding.PKCS1v15(), hashes.SHA256())
    assert remote.certificate_hash("sha256") == local.certificate_hash("sha256")
    assert remote.sign_cms(b"data")[:1] == b"\x30"


def test_a_service_that_fails_is_told_of_with_its_address(service: str) -> None:
    with pytest.raises(OpensslFailed, match="signing service"):
        RemoteSigner(f"{service}/nowhere").sign_raw(b"data")
    with pytest.raises(OpensslFailed, match="signing service"):
        RemoteSigner("http://127.0.0.1:1").sign_raw(b"data")
