"""``kontingent up``: database, web server and worker under one process.

The supervisor starts what is missing, waits until the product answers, prints the address and then
keeps its children alive: one that dies is started again, more and more slowly. Ctrl-C or SIGTERM stops
them in order (web, worker, database). ``kill -9`` of the supervisor takes its children along (see
``processes``) and loses nothing: the next start finds the data as the last commit left them.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from urllib.error import HTTPError, URLError

from runtime import home, processes

READY_TIMEOUT_SECONDS = 60
#: A child that lived shorter than this is said to have failed at once.
SHORT_LIFE_SECONDS = 5
QUICK_DEATHS_ALLOWED = 5
#: What a region's registry wants of PostgreSQL on 2 cores and 8 GB (docs/operations).
DATABASE_OPTIONS = {
    "shared_buffers": "512MB",
    "effective_cache_size": "2GB",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "random_page_cost": "1.1",
    "max_connections": "60",
}


class StartFailed(RuntimeError):
    """The product did not come up; the message says what to look at."""


@dataclass(slots=True)
class Child:
    """One supervised program."""

    name: str
    command: list[str]
    log: Path
    env: dict[str, str]
    death_signal: int = signal.SIGTERM
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    quick_deaths: int = 0
    next_start: float = field(default=0.0)

    def start(self) -> None:
        """Start it."""
        self.process = processes.spawn(
            self.command, log=self.log, env=self.env, cwd=home.repository(), death_signal=self.death_signal
        )
        self.started = time.monotonic()

    @property
    def is_alive(self) -> bool:
        """True while it runs."""
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """Keeps the web server and the worker alive beside a database that is already there."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        threads: int,
        database: str,
        say: Callable[[str], None],
        beside: Sequence[Child] = (),
    ) -> None:
        """Prepare the children, who reach the database as the application; ``beside`` run already and are watched and stopped with the rest."""
        self.address = f"http://{host}:{port}/"
        self.say = say
        self._stopping = False
        self.children = [
            web_child(host, port, threads=threads, database=database),
            worker_child(database),
            *beside,
        ]

    def run(self) -> None:
        """Start, wait until ready, announce, watch, stop. Returns when asked to stop."""
        for signum in (signal.SIGINT, signal.SIGTERM):
            signal.signal(signum, self._ask_to_stop)
        try:
            for child in self.children:
                if not child.is_alive:
                    child.start()
            self._wait_until_ready()
            if not self._stopping:
                self.say(f"Готово: {self.address}   (остановить: Ctrl-C)")
            while not self._stopping:
                self._watch()
                time.sleep(0.2)
        finally:
            self.say("Останавливаюсь…")
            for child in self.children:
                if child.process is not None:
                    processes.stop(child.process)

    def _ask_to_stop(self, _signum: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_TIMEOUT_SECONDS
        while not self._stopping and not self._answers():
            for child in self.children:
                if not child.is_alive:
                    raise StartFailed(
                        f"Процесс «{child.name}» завершился сразу после запуска. Конец журнала {child.log}:\n"
                        f"{processes.tail(child.log)}"
                    )
            if time.monotonic() > deadline:
                raise StartFailed(f"Сервер не ответил за {READY_TIMEOUT_SECONDS} с. Журналы: {home.logs()}")
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(self.address + "health", timeout=2) as answer:  # noqa: S310 - own address
                return bool(answer.status == 200)
        except HTTPError as refusal:
            refusal.close()
            return False
        except (URLError, OSError):
            return False

    def _watch(self) -> None:
        now = time.monotonic()
        for child in self.children:
            if child.is_alive or now < child.next_start:
                continue
            code = child.process.returncode if child.process else None
            child.quick_deaths = child.quick_deaths + 1 if now - child.started < SHORT_LIFE_SECONDS else 0
            if child.quick_deaths > QUICK_DEATHS_ALLOWED:
                raise StartFailed(
                    f"Процесс «{child.name}» падает раз за разом (код {code}). Конец журнала {child.log}:\n"
                    f"{processes.tail(child.log)}"
                )
            self.say(f"Процесс «{child.name}» завершился (код {code}), запускаю снова. Журнал: {child.log}")
            child.start()
            child.next_start = now + 2.0**child.quick_deaths


def web_child(host: str, port: int, *, threads: int, database: str) -> Child:
    """The web server: gunicorn, two processes, some threads each."""
    command = [
        sys.executable, "-m", "gunicorn", "config.wsgi:application", "--config", "python:config.gunicorn", "--bind", f"{host}:{port}",
        "--worker-class", "gthread", "--workers", "2", "--threads", str(threads), "--timeout", "120",
        "--graceful-timeout", "10", "--no-control-socket", "--keep-alive", "5",
    ]  # fmt: skip
    return Child("web", command, home.logs() / "web.log", _environment(database))


def worker_child(database: str) -> Child:
    """The worker of background jobs.

    If the supervisor dies the database goes as well, and a graceful worker would wait for it; a job that is killed
    leaves nothing half done.
    """
    command = [sys.executable, "-m", "runtime.cli", "worker"]
    return Child(
        "worker", command, home.logs() / "worker.log", _environment(database), death_signal=signal.SIGKILL
    )


def _environment(database: str) -> dict[str, str]:
    known = {name: value for name, value in os.environ.items() if name != "KONTINGENT_DATABASE_OWNER_URL"}
    return known | {
        "DATABASE_URL": database, "PYTHONUNBUFFERED": "1", "DJANGO_SETTINGS_MODULE": "config.settings",
    }  # fmt: skip


def free_port(host: str, wanted: int, *, exactly: bool) -> int:
    """Return ``wanted`` if it is free, else (unless ``exactly``) the next free one of twenty."""
    for port in range(wanted, wanted + (1 if exactly else 20)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    raise StartFailed(
        f"Порт {wanted} занят другой программой. Освободите его или выберите другой: "
        "kontingent up --port 8080."
    )
