"""The web application as a server loads it."""

from __future__ import annotations

import json
import subprocess
import sys

from runtime import home

_ASKED = (
    "import gc, json, sys; import config.wsgi; before = set(sys.modules); "
    "from django.urls import resolve; resolve('/learners/'); "
    "print(json.dumps([gc.get_freeze_count(), len(gc.get_objects()), sorted(set(sys.modules) - before)]))"
)


def test_what_stays_is_loaded_and_out_of_the_sight_of_the_garbage_collector() -> None:
    told = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _ASKED],
        cwd=home.repository(), check=True, capture_output=True, text=True,
    )  # fmt: skip
    frozen, watched, loaded_late = json.loads(told.stdout)
    assert frozen > 50_000 > 20 * watched
    assert loaded_late == []
