"""A living installation, for real: ``kill -9`` amid an intake (``python -m bench.kills`` does it a hundred times), and what must not be sent."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
pytestmark = [pytest.mark.slow, pytest.mark.enable_socket, pytest.mark.xdist_group("up")]


def test_every_mark_is_there_once_whatever_is_killed(tmp_path: Path) -> None:
    said = ran(tmp_path, "bench.kills", "--rounds", "3", "--rows", "60000")
    assert "убито: web 1, postgres 1, worker 1" in said
    assert "по одной: 180000" in said


def test_whatever_is_sent_the_server_says_why_and_stays_up(tmp_path: Path) -> None:
    said = ran(tmp_path, "bench.abuse")
    assert said.count("память") == 6


def ran(tmp_path: Path, module: str, *arguments: str) -> str:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("KONTINGENT_", "DATABASE_", "DJANGO_"))}
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments, "--folder", str(tmp_path / "var")],
        cwd=ROOT,
        env=env | {"KONTINGENT_STATIC": str(tmp_path / "static")},
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
