"""Finds a Chromium for the browser journeys, and installs one where it may.

Order: a Chromium on PATH, Playwright's own, Debian's package when root. ``KONTINGENT_CHROMIUM`` names
one outright.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
#: Flags under which Chromium is quiet, runs as root and reaches for nothing outside the page.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
REMEDY = (
    "Браузер не найден. Поставьте Chromium: «apt-get install chromium» от root или "
    "«.venv/bin/playwright install chromium», либо укажите путь в KONTINGENT_CHROMIUM."
)


def find() -> Path | None:
    """Return the path of a Chromium, or None."""
    named = os.environ.get("KONTINGENT_CHROMIUM")
    for name in (named,) if named else NAMES:
        if path := shutil.which(name):
            return Path(path)
    return _playwrights_own()


def _playwrights_own() -> Path | None:
    cache = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", Path.home() / ".cache" / "ms-playwright"))
    found = sorted(cache.glob("chromium-*/chrome-linux*/chrome"))
    return found[-1] if found else None


def install() -> Path | None:
    """Try Playwright's download, then apt when root; return what is there afterwards."""
    attempts = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if os.geteuid() == 0 and shutil.which("apt-get"):
        attempts = [["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "chromium"], *attempts]
    for command in attempts:
        if found := find():
            return found
        try:
            subprocess.run(
                command,
                check=False,
                timeout=300,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            )
        except subprocess.TimeoutExpired:
            continue
    return find()


def main() -> int:
    """Print where the browser is; exit code 1 where none can be had."""
    parser = argparse.ArgumentParser(description="Найти или поставить Chromium для сценариев в браузере.")
    parser.add_argument("--install", action="store_true")
    arguments = parser.parse_args()
    found = find() or (install() if arguments.install else None)
    print(found or REMEDY)
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main())
