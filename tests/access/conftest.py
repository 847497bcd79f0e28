"""The ЕСИА stand, run for real in both modes, and a client that walks between it and the product."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.http import HttpResponse
from django.test import Client

from kontingent.access.esia import openssl
from kontingent.access.esia.configuration import EsiaConfiguration
from stands.esia import crypto

ROOT = Path(__file__).resolve().parents[2]
NO_ENGINE = "РЕЖИМ ГОСТ НЕ ПРОВЕРЕН: нет gost-engine. Поставьте: apt-get install libengine-gost-openssl"


@dataclass(frozen=True)
class Walk:
    """A running stand with the configuration that fits it."""

    configuration: EsiaConfiguration
    kind: str

    def arrive(self, client: Client) -> str:
        """Go from the button to the stand; return the id under which the request waits for a choice."""
        away = client.get("/esia/start/")
        assert away.status_code == 302, away.content.decode()
        page = httpx.get(away.headers["Location"])
        found = re.search(r"name=request value='([^']+)'", page.text)
        assert found, page.text
        return found.group(1)

    def choose(self, waiting: str, citizen: str, mutation: str = "") -> str:
        """Choose a citizen; return path and query of the return."""
        data = {"request": waiting, "citizen": citizen, "mutation": mutation}
        answer = httpx.post(f"{self.configuration.host}/aas/ac/choose", data=data)
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"].removeprefix("http://testserver")

    def sign_in(self, client: Client, citizen: str, mutation: str = "") -> HttpResponse:
        """Walk the whole way; return the product's answer to the return."""
        answer: Any = client.get(self.choose(self.arrive(client), citizen, mutation))
        return answer  # type: ignore[no-any-return]


def require_gost() -> None:
    """Skip loudly where there is no gost-engine; in CI that is a failure."""
    if openssl.has_gost():
        return
    if os.environ.get("CI") and os.geteuid() == 0:
        pytest.fail(NO_ENGINE)
    pytest.skip(NO_ENGINE)


def run_stand(kind: str, folder: Path, profile: str = "v2") -> Iterator[Walk]:
    """Run the stand as the demo does: a process of its own, keys of its own."""
    client = crypto.make(kind, folder, "client")
    command = [
        sys.executable, "-m", "stands.esia", "--port", "0", "--home", str(folder / "stand"), "--client-id", "TEST_SYSTEM",
        "--client-certificate", str(client.certificate), "--redirect-uri", "http://testserver/esia/callback/",
        "--logout-uri", "http://testserver/sign-in/", "--algorithm", kind,
    ]  # fmt: skip
    log = folder / "stand.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + 30
        while not (found := re.search(r"(http://127\.0\.0\.1:\d+)/", log.read_text())):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        trusted = folder / "trusted"
        trusted.mkdir()
        (trusted / "token.pem").write_bytes((folder / "stand" / "token.pem").read_bytes())
        gost = kind == "gost"
        yield Walk(
            EsiaConfiguration(
                host=found.group(1), client_id="TEST_SYSTEM", redirect_uri="http://testserver/esia/callback/",
                logout_uri="http://testserver/sign-in/", signer=kind, key=client.key, certificate=client.certificate,
                trusted=trusted, algorithms=("GOST3410_2012_256",) if gost else ("RS256",),
                certificate_hash="streebog256" if gost else "sha256", is_stand=True,
            ),
            kind,
        )  # fmt: skip
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="session", params=["gost", "rsa"])
def stand(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    if request.param == "gost":
        require_gost()
    yield from run_stand(request.param, tmp_path_factory.mktemp(request.param))


@pytest.fixture
def walk(stand: Walk, settings: Any) -> Walk:
    """The product, configured for the stand."""
    settings.ESIA = stand.configuration
    return stand
