"""The product itself, started as `make demo` starts it, and a real Chromium before it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from runtime import browser as chromium

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "docs" / "screenshots"


@pytest.fixture(scope="session")
def chromium_path() -> str:
    found = chromium.find()
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(chromium.REMEDY)
        pytest.skip("СЦЕНАРИИ В БРАУЗЕРЕ НЕ ВЫПОЛНЕНЫ. " + chromium.REMEDY)
    return str(found)


@pytest.fixture(scope="session")
def site(chromium_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run ``kontingent up --demo`` on a region of its own; yield the address."""
    var = tmp_path_factory.mktemp("var")
    env = {k: v for k, v in os.environ.items() if not k.startswith(("KONTINGENT_", "DATABASE_", "DJANGO_"))}
    env |= {"KONTINGENT_VAR": str(var), "KONTINGENT_STATIC": str(var / "static")}
    log = (var / "up.log").open("w+")
    up = subprocess.Popen(
        [sys.executable, "-m", "runtime.cli", "up", "--demo", "--size", "XS", "--port", str(_port())],
        cwd=ROOT,
        env=env,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        yield _address(up, var / "up.log")
    finally:
        up.send_signal(signal.SIGINT)
        up.wait(40)
        log.close()


def _port() -> int:
    """A port that nobody listens on: two workers of the suite start their products at one moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
    return found


def _address(up: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if match := re.search(r"(http://\S+?)/ ", log.read_text(encoding="utf-8")):
            return match.group(1)
        if up.poll() is not None:
            break
        time.sleep(0.2)
    raise RuntimeError(f"kontingent up did not come up:\n{log.read_text(encoding='utf-8')}")


@pytest.fixture(scope="session")
def chrome(chromium_path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium_path, args=list(chromium.FLAGS))
        yield launched
        launched.close()


@pytest.fixture
def page(chrome: Browser, site: str) -> Iterator[Page]:
    """A fresh window; anything said on the console as an error fails the test."""
    context = chrome.new_context(locale="ru-RU", viewport={"width": 1280, "height": 900}, base_url=site)
    opened = context.new_page()
    opened.set_default_timeout(20_000)
    errors: list[str] = []
    opened.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    context.close()
    # The browser itself logs a refused form (403, 409, 422) as an error of the network.
    assert [text for text in errors if "Failed to load resource" not in text] == []


def sign_in(page: Page, persona: str) -> None:
    """Through ЕСИА (its stand), as people do."""
    page.goto("/sign-in/")
    page.get_by_role("link", name="Войти через Госуслуги").click()
    page.click(f"button[value={persona}]")
    page.wait_for_url(re.compile(r"/(capacity/)?$"))


def from_menu(page: Page, section: str) -> None:
    """Go to a section of the menu, opening its group where the menu has groups."""
    entry = page.get_by_role("link", name=section, exact=True, include_hidden=True)
    link = page.locator(".menu").locator(entry)
    if not link.is_visible():
        page.locator(".menu details", has=entry).locator("summary").click()
    link.click()


def keep(page: Page, name: str, *, full: bool = False) -> None:
    """Keep a screenshot for the documentation (``KONTINGENT_SCREENSHOTS=1 make test``)."""
    if os.environ.get("KONTINGENT_SCREENSHOTS"):
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=full)
