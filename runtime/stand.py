"""The stands beside a demonstration: ЕСИА with keys, citizens and the settings that point to it, and the journals of two living schools."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import time
from pathlib import Path

from runtime import home, processes
from runtime.supervisor import Child, StartFailed

CLIENT_ID = "PERM_KONTINGENT"
READY_SECONDS = 30


def start(address: str) -> Child:
    """Start the stand for the product at ``address`` and put its settings into the environment; return the child.

    GOST where gost-engine is installed, RSA otherwise (``KONTINGENT_STAND_ALGORITHM`` decides by force).
    """
    from demo import personas
    from kontingent.access.esia import openssl

    folder = home.var() / "esia"
    kind = os.environ.get("KONTINGENT_STAND_ALGORITHM") or ("gost" if openssl.has_gost() else "rsa")
    client = folder / kind / "client"
    stand_home, trusted = folder / kind / "stand", folder / kind / "trusted"
    _client_key(kind, client)
    citizens = folder / "citizens.json"
    personas.write_citizens(citizens)
    port = _unused_port()
    command = [
        sys.executable, "-m", "stands.esia", "--port", str(port), "--home", str(stand_home), "--client-id", CLIENT_ID,
        "--client-certificate", str(client / "client.pem"), "--redirect-uri", f"{address}esia/callback/",
        "--logout-uri", f"{address}sign-in/", "--algorithm", kind, "--citizens", str(citizens),
    ]  # fmt: skip
    environment = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"} | {"PYTHONUNBUFFERED": "1"}
    child = Child("esia-stand", command, home.logs() / "esia-stand.log", environment)
    child.start()
    _wait(child, stand_home / "token.pem", port)
    trusted.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(stand_home / "token.pem", trusted / "token.pem")
    os.environ.update(
        KONTINGENT_ADDRESS=address.rstrip("/"),
        KONTINGENT_ESIA_HOST=f"http://127.0.0.1:{port}",
        KONTINGENT_ESIA_CLIENT_ID=CLIENT_ID,
        KONTINGENT_ESIA_SIGNER=kind,
        KONTINGENT_ESIA_KEY=str(client / "client.key"),
        KONTINGENT_ESIA_CERTIFICATE=str(client / "client.pem"),
        KONTINGENT_ESIA_CERTIFICATE_HASH="streebog256" if kind == "gost" else "sha256",
        KONTINGENT_ESIA_TRUSTED=str(trusted),
        KONTINGENT_ESIA_ALGORITHMS="GOST3410_2012_256" if kind == "gost" else "RS256",
        KONTINGENT_ESIA_IS_STAND="yes",
    )
    return child


def start_journal() -> list[Child]:
    """Start the journal of the living school, which exports after every lesson; return nothing where the region has no such school."""
    from demo import living

    arguments = living.command(home.var() / "journal-stand" / "learners.json")
    return [_journal("journal-stand", arguments, {})] if arguments else []


def start_asked_journal(address: str) -> list[Child]:
    """Start the journal that the register at ``address`` asks by OneRoster, and let it be asked; return nothing where the region has no school for it."""
    from demo import asked

    where = asked.school()
    if where is None:
        return []
    stand = asked.prepare(where, _unused_port())
    own = os.environ.get("KONTINGENT_JOURNAL_HOSTS", "")
    os.environ["KONTINGENT_JOURNAL_HOSTS"] = f"{own} {asked.HOST}".strip()
    return [
        _journal(
            "asked-journal-stand", [*stand.arguments, "--address", address.rstrip("/")], stand.environment
        )
    ]


def _journal(name: str, arguments: list[str], secrets: dict[str, str]) -> Child:
    outside = {k: v for k, v in os.environ.items() if not k.startswith(("DATABASE_", "KONTINGENT_"))}
    child = Child(
        name, [sys.executable, *arguments], home.logs() / f"{name}.log", outside | {"PYTHONUNBUFFERED": "1"} | secrets
    )  # fmt: skip
    child.start()
    return child


def _unused_port() -> int:
    """Ask the system for a port: demonstrations that start at the same moment never get the same one."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _client_key(kind: str, folder: Path) -> None:
    """Make the key of the information system, which the stand then holds registered."""
    from stands.esia import crypto

    folder.mkdir(parents=True, exist_ok=True)
    crypto.make(kind, folder, "client")


def _wait(child: Child, certificate: Path, port: int) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if certificate.exists() and f":{port}/" in processes.tail(child.log):
            return
        if not child.is_alive:
            break
        time.sleep(0.05)
    raise StartFailed(f"Стенд ЕСИА не запустился. Конец журнала {child.log}:\n{processes.tail(child.log)}")
