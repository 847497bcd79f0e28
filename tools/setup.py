#!/usr/bin/env python3
"""Sets the checkout up on a bare machine: uv, the locked environment, the pages' assets, a browser.

Runs on nothing but Python 3.11+ with its standard library, as root or not:

    python3 tools/setup.py              what `make demo` needs
    python3 tools/setup.py --tests      also a Chromium for the journeys

uv comes from PATH, else by pip or venv, else (a Debian without python3-venv and pip) its wheel is taken
straight from the package index and its digest checked against the index's own.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import platform
import shutil
import subprocess
import sys
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
UV_VERSION = "0.13.9"


def say(text: str) -> None:
    print(f"[setup] {text}", flush=True)


def run(*command: str | Path, quiet: bool = False, **environment: str) -> bool:
    """Run a command in the checkout; say whether it succeeded."""
    output = subprocess.DEVNULL if quiet else None
    return (
        subprocess.run(
            [str(part) for part in command],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=False,
        ).returncode
        == 0
    )


# -- uv ----------------------------------------------------------------------------------------


def find_uv() -> Path | None:
    """Return a working uv: the one on PATH, or ours."""
    for candidate in (shutil.which("uv"), TOOLS / "venv" / "bin" / "uv", TOOLS / "lib" / "bin" / "uv"):
        if candidate and Path(candidate).exists() and run(candidate, "--version", quiet=True):
            return Path(candidate)
    return None


def install_uv() -> Path:
    """Put uv under .tools, by whichever way the machine allows."""
    say("uv: ставлю в .tools")
    requirement = f"uv=={UV_VERSION}"
    ways = (by_venv, by_pip, take_uv_wheel)
    for way in ways:
        if way(requirement) and (uv := find_uv()):
            return uv
        shutil.rmtree(TOOLS / "venv", ignore_errors=True)
    sys.exit("[setup] uv не ставится: нет доступа к реестру пакетов Python. Проверьте сеть и повторите.")


def by_venv(requirement: str) -> bool:
    """A virtual environment with pip: what most machines have."""
    return run(sys.executable, "-m", "venv", TOOLS / "venv", quiet=True) and run(
        TOOLS / "venv" / "bin" / "pip", "install", "-q", requirement
    )


def by_pip(requirement: str) -> bool:
    """pip without ensurepip: Debian's python3-pip."""
    return run(
        sys.executable, "-m", "pip", "install", "-q", "--target", TOOLS / "lib", requirement, quiet=True
    )


def take_uv_wheel(_requirement: str) -> bool:
    """Download uv's wheel from the index (PEP 691) and unpack its binary."""
    index = os.environ.get("UV_DEFAULT_INDEX") or os.environ.get("PIP_INDEX_URL") or "https://pypi.org/simple"
    page = f"{index.rstrip('/')}/uv/"
    request = urllib.request.Request(page, headers={"Accept": "application/vnd.pypi.simple.v1+json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        files = json.load(answer)["files"]
    start = f"uv-{UV_VERSION}-py3-none-manylinux"
    wheels = [f for f in files if f["filename"].startswith(start) and platform.machine() in f["filename"]]
    if not wheels:
        return False
    with urllib.request.urlopen(urllib.parse.urljoin(page, wheels[0]["url"]), timeout=180) as answer:
        content = answer.read()
    if hashlib.sha256(content).hexdigest() != wheels[0]["hashes"]["sha256"]:
        sys.exit("[setup] контрольная сумма колеса uv не совпала с указанной в реестре")
    binary = TOOLS / "lib" / "bin" / "uv"
    binary.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(io.BytesIO(content)) as wheel:
        name = next(n for n in wheel.namelist() if n.endswith("/scripts/uv"))
        binary.write_bytes(wheel.read(name))
    binary.chmod(0o755)
    return True


# -- the rest ----------------------------------------------------------------------------------


def sync(uv: Path) -> None:
    """Install exactly what uv.lock says into .venv."""
    say("окружение: uv sync --frozen")
    ok = run(
        uv, "sync", "--frozen", "--quiet", "--python", sys.executable,
        UV_PYTHON_DOWNLOADS="never", UV_PROJECT_ENVIRONMENT=str(ROOT / ".venv"),
        UV_HTTP_TIMEOUT="180", UV_LINK_MODE=os.environ.get("UV_LINK_MODE", "copy"),
    )  # fmt: skip
    if not ok:
        sys.exit("[setup] uv sync не прошёл. Строки выше говорят, какой пакет не поставился.")


def build_assets() -> None:
    """Fetch the pages' assets from npm by the lock file, unless they are there already."""
    if not run(ROOT / ".venv" / "bin" / "python", "-m", "kontingent.web.assets", "--if-stale"):
        sys.exit("[setup] ресурсы страниц не собрались (npm). Строки выше говорят почему.")


def ensure_browser() -> None:
    """Find or install a Chromium; its absence is said loudly here and by the suite."""
    if not run(ROOT / ".venv" / "bin" / "python", "-m", "runtime.browser", "--install"):
        say("ВНИМАНИЕ: браузера нет, сценарии в браузере будут пропущены")


def ensure_gost() -> None:
    """Install gost-engine for the ЕСИА stand and its tests; its absence is said loudly here and by the suite."""
    if run("openssl", "dgst", "-engine", "gost", "-md_gost12_256", "/dev/null", quiet=True):
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        say("ГОСТ: ставлю openssl и libengine-gost-openssl")
        for attempt in (False, True):
            if attempt:
                run("apt-get", "update", "-q", quiet=True)
            if run(
                "apt-get", "install", "-yq", "openssl", "libengine-gost-openssl",
                quiet=True, DEBIAN_FRONTEND="noninteractive",
            ):  # fmt: skip
                return
    say(
        "ВНИМАНИЕ: gost-engine нет, вход проверяется только в режиме RSA. Поставьте: apt-get install libengine-gost-openssl"
    )


def ensure_libreoffice() -> None:
    """Install LibreOffice's calculator, which opens the workbooks of forms in a test; without it that test is skipped."""
    if shutil.which("soffice") or shutil.which("libreoffice"):
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        say("LibreOffice: ставлю libreoffice-calc-nogui")
        command = ("apt-get", "install", "-yq", "--no-install-recommends", "libreoffice-calc-nogui")
        if run(*command, quiet=True, DEBIAN_FRONTEND="noninteractive"):
            return
    say("LibreOffice нет: книги форм проверяются без него. Поставьте: apt-get install libreoffice-calc-nogui")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tests", action="store_true")
    arguments = parser.parse_args()
    if sys.version_info < (3, 11):  # noqa: UP036 - this file is what meets an older Python
        sys.exit(f"[setup] нужен Python 3.11 или новее, а это {platform.python_version()}")
    TOOLS.mkdir(exist_ok=True)
    sync(find_uv() or install_uv())
    build_assets()
    if arguments.tests:
        ensure_browser()
        ensure_gost()
        ensure_libreoffice()


if __name__ == "__main__":
    main()
