"""``kontingent up``: starts, survives its own death by kill -9 with its data, leaves nothing running."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.enable_socket, pytest.mark.xdist_group("up")]


def start(var: Path) -> tuple[subprocess.Popen[bytes], str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("KONTINGENT_", "DATABASE_", "DJANGO_"))}
    env |= {"KONTINGENT_VAR": str(var), "KONTINGENT_STATIC": str(var / "static")}
    with (var / "up.log").open("wb") as log:
        up = subprocess.Popen(
            [sys.executable, "-m", "runtime.cli", "up"], cwd=ROOT, env=env, stdout=log, stderr=log
        )
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and up.poll() is None:
        if match := re.search(r"(http://\S+?)/ ", (var / "up.log").read_text(encoding="utf-8")):
            return up, match.group(1)
        time.sleep(0.1)
    raise AssertionError((var / "up.log").read_text(encoding="utf-8"))


def family(up: subprocess.Popen[bytes]) -> list[psutil.Process]:
    return list(psutil.Process(up.pid).children(recursive=True))


def gone(processes: list[psutil.Process], patience: float = 30) -> list[psutil.Process]:
    """Return those still running after a while."""
    return list(psutil.wait_procs(processes, timeout=patience)[1])


def health(address: str) -> int:
    with urllib.request.urlopen(f"{address}/health", timeout=5) as answer:  # noqa: S310
        return int(answer.status)


def web_server(up: subprocess.Popen[bytes]) -> psutil.Process:
    return next(p for p in psutil.Process(up.pid).children() if "gunicorn" in " ".join(p.cmdline()))


def wait_for(address: str) -> None:
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        try:
            assert health(address) == 200
        except OSError:
            time.sleep(0.3)
        else:
            return
    raise AssertionError("the web server did not come back")


def test_it_starts_stops_cleanly_and_survives_kill_9(tmp_path: Path) -> None:
    up, address = start(tmp_path)
    children = family(up)
    names = {process.name() for process in children}
    assert "postgres" in names
    assert health(address) == 200

    up.send_signal(signal.SIGKILL)
    up.wait(10)
    assert gone(children) == []

    up, address = start(tmp_path)
    assert health(address) == 200
    killed = web_server(up)
    orphans = killed.children()
    killed.kill()
    assert gone([killed, *orphans]) == []
    wait_for(address)
    assert web_server(up).pid != killed.pid

    children = family(up)
    up.send_signal(signal.SIGINT)
    assert up.wait(40) == 0
    assert gone(children) == []


def test_two_at_once_do_not_share_a_folder_by_accident(tmp_path: Path) -> None:
    up, address = start(tmp_path)
    try:
        assert health(address) == 200
        port = int(address.rsplit(":", 1)[1])
        env = {**os.environ, "KONTINGENT_VAR": str(tmp_path)}
        env.pop("DATABASE_URL", None)
        second = subprocess.run(
            [sys.executable, "-m", "runtime.cli", "up", "--port", str(port)],
            cwd=ROOT,
            env=env,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert second.returncode == 1
        assert "занят" in second.stderr
        assert health(address) == 200
    finally:
        up.send_signal(signal.SIGINT)
        up.wait(40)
