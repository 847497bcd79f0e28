"""Where an installation keeps its things, and the database it talks to."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runtime.postgres import EmbeddedPostgres


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


@contextmanager
def database(*, options: dict[str, str] | None = None) -> Iterator[str]:
    """Yield the address of the database: ``DATABASE_URL``, else the embedded server of ``var``.

    The embedded server is started if it does not run and stopped at the end by whoever started it. The
    address is also put into the environment, where the settings look for it.
    """
    if url := os.environ.get("DATABASE_URL"):
        yield url
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
        os.environ["DATABASE_URL"] = server.url
        try:
            yield server.url
        finally:
            os.environ.pop("DATABASE_URL", None)
            server.stop()
