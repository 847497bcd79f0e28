"""Where an installation keeps its things, and the database it talks to."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from runtime.postgres import APPLICATION, EmbeddedPostgres


class Busy(RuntimeError):
    """Another ``kontingent`` holds the embedded database of this folder."""


def repository() -> Path:
    """The folder of the checkout (or of the installed packages)."""
    return Path(__file__).resolve().parent.parent


def var() -> Path:
    """The folder of data, logs and secrets: ``KONTINGENT_VAR`` or ``var`` in the checkout."""
    folder = Path(os.environ.get("KONTINGENT_VAR", repository() / "var"))
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["KONTINGENT_VAR"] = str(folder)
    return folder


class NoInstallation(RuntimeError):
    """There is no database here to work on yet."""


def find_installation() -> Path | None:
    """Choose the installation a command works on; return the demo's folder when it is that one.

    An address or folder in the environment wins, then the installation of this checkout, then its demo.

    Raises:
        NoInstallation: nothing of the three is there.
    """
    if "DATABASE_URL" in os.environ or "KONTINGENT_VAR" in os.environ:
        return None
    own = repository() / "var"
    if (own / "postgres").exists():
        return None
    demo = own / "demo"
    if not (demo / "postgres").exists():
        raise NoInstallation(
            "Здесь ещё нет базы данных. Сначала выполните «kontingent migrate» (своя база) "
            "или «make demo» (вымышленный регион)."
        )
    use_demo(demo)
    return demo


def use_demo(folder: Path | None = None) -> None:
    """Make this process one of the demo: its settings, its folder."""
    os.environ["KONTINGENT_DEMO"] = "yes"
    os.environ.setdefault("KONTINGENT_VAR", str(folder or repository() / "var" / "demo"))


def logs() -> Path:
    """The folder of logs."""
    folder = var() / "log"
    folder.mkdir(exist_ok=True)
    return folder


def secret_key() -> str:
    """The key that signs sessions: from the environment, else made once and kept (0600)."""
    if key := os.environ.get("KONTINGENT_SECRET_KEY"):
        return key
    path = var() / "secret_key"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(50))
    return path.read_text()


@dataclass(frozen=True, slots=True)
class Addresses:
    """One database, twice: as the owner of its tables and as the application, which owns nothing."""

    owner: str
    application: str


@contextmanager
def database(*, options: dict[str, str] | None = None, as_owner: bool = False) -> Iterator[Addresses]:
    """Yield the addresses of the database: ``DATABASE_URL``, else the embedded server of ``var``.

    The embedded server is started if it does not run and stopped at the end by whoever started it. One of
    the addresses is put into the environment, where the settings look for it: the application's, unless
    ``as_owner``.
    """
    with _server(options) as addresses:
        former = os.environ.get("DATABASE_URL")
        os.environ["DATABASE_URL"] = addresses.owner if as_owner else addresses.application
        try:
            yield addresses
        finally:
            if former is None:
                os.environ.pop("DATABASE_URL", None)
            else:
                os.environ["DATABASE_URL"] = former


def _own_server(url: str) -> Addresses:
    """With one address for both, the application's sessions begin as its role and not as the owner."""
    if owner := os.environ.get("KONTINGENT_DATABASE_OWNER_URL"):
        return Addresses(owner, url)
    sign = "&" if "?" in url else "?"
    return Addresses(url, f"{url}{sign}options={quote(f'-c role={APPLICATION}')}")


@contextmanager
def _server(options: dict[str, str] | None) -> Iterator[Addresses]:
    if url := os.environ.get("DATABASE_URL"):
        yield _own_server(url)
        return
    server = EmbeddedPostgres(var() / "postgres", options=options)
    with (var() / "postgres.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if not server.is_running:
                raise Busy(
                    "База данных этой папки сейчас запускается или останавливается другой командой "
                    "kontingent. Подождите несколько секунд и повторите."
                ) from None
        server.start()
        try:
            yield Addresses(server.url, server.application_url)
        finally:
            server.stop()
