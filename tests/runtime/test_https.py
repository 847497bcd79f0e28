"""The settings behind TLS, tried in a process of their own: cookies, redirects, HSTS, and what Django's own check says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROBE = """
import json, django
django.setup()
from django.conf import settings
from django.test import Client
https = {"HTTP_X_FORWARDED_PROTO": "https"}
def told(answer):
    cookies = {name: {k: v for k, v in morsel.items() if v} for name, morsel in answer.cookies.items()}
    return {"status": answer.status_code, "headers": dict(answer.headers), "cookies": cookies}
client = Client()
# None of these needs a database.
print(json.dumps({
    "secure": told(client.get("/sign-in/", **https)),
    "plain": told(client.get("/sign-in/")),
    "forged": told(client.get("/sign-in/", HTTP_X_FORWARDED_PROTO="http")),
    "machine": told(client.get("/api/v1/learners")),
    "token": told(client.post("/api/v1/oauth/token")),
    "session": {name: getattr(settings, "SESSION_COOKIE_" + name) for name in ("NAME", "SECURE", "HTTPONLY", "SAMESITE", "DOMAIN", "PATH")},
}))
"""


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("KONTINGENT_", "DJANGO_"))}
    given = {
        "KONTINGENT_HTTPS": "yes", "KONTINGENT_SECRET_KEY": "q7Zt-0s9xk2Vw4yRb8nEj1uHc5mLp3aTdG6fWzXoYiKvQh-BCDE_wxyz",
        "KONTINGENT_HOSTS": "testserver", "DJANGO_SETTINGS_MODULE": "config.settings",
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=clean | given | environment, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def seen() -> dict[str, Any]:
    done = run("-W", "ignore", "-c", PROBE, DJANGO_SETTINGS_MODULE="config.settings_test")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_page_over_tls_binds_the_browser_to_tls(seen: dict[str, Any]) -> None:
    headers = seen["secure"]["headers"]
    assert seen["secure"]["status"] == 200
    assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert "upgrade-insecure-requests" in headers["Content-Security-Policy"]


def test_cookies_belong_to_this_host_alone(seen: dict[str, Any]) -> None:
    assert set(seen["secure"]["cookies"]) == {"__Host-csrf"}
    cookie = seen["secure"]["cookies"]["__Host-csrf"]
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"], cookie["path"]) == (
        True,
        True,
        "Lax",
        "/",
    )
    assert "domain" not in cookie
    assert seen["session"] == {
        "NAME": "__Host-session", "SECURE": True, "HTTPONLY": True, "SAMESITE": "Lax", "DOMAIN": None, "PATH": "/",
    }  # fmt: skip


def test_people_are_led_to_tls_and_machines_are_refused(seen: dict[str, Any]) -> None:
    for name in ("plain", "forged"):
        assert seen[name]["status"] == 301
        assert seen[name]["headers"]["Location"] == "https://testserver/sign-in/"
        assert seen[name]["cookies"] == {}
    for name in ("machine", "token"):
        assert seen[name]["status"] == 403
        assert "Location" not in seen[name]["headers"]
        assert seen[name]["headers"]["Content-Type"] == "application/problem+json"


def test_django_s_own_check_for_service_finds_nothing() -> None:
    done = run("manage.py", "check", "--deploy", "--fail-level", "WARNING")
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"KONTINGENT_HOSTS": "*"}, "must list host names"),
        ({"KONTINGENT_SECRET_KEY": ""}, "KONTINGENT_SECRET_KEY"),
    ],
)
def test_what_would_open_a_hole_does_not_start(environment: dict[str, str], said: str) -> None:
    done = run("manage.py", "check", **environment)
    assert done.returncode != 0
    assert said in done.stderr
