"""Runs a command against Debian's own PostgreSQL 15 instead of the embedded one.

``python -m runtime.debian_postgres pytest …`` starts a throwaway cluster from ``/usr/lib/postgresql``,
puts its address into DATABASE_URL and stops it afterwards. Shows that a server of one's own will do.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from runtime import postgres

HOME = Path("/usr/lib/postgresql")
PACKAGE = "postgresql-15"


def binaries() -> Path | None:
    """Return the programs of the oldest PostgreSQL from 15 on that Debian has installed."""
    found = sorted((int(folder.name), folder / "bin") for folder in HOME.glob("*") if folder.name.isdigit())
    usable = [path for version, path in found if version >= 15 and (path / "initdb").exists()]
    return usable[0] if usable else None


def main(command: list[str]) -> int:
    """Run ``command`` and return its exit code."""
    if binaries() is None and os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], check=False, env=environment)
        subprocess.run(["apt-get", "install", "-y", "-qq", PACKAGE], check=False, env=environment)
    path = binaries()
    if path is None:
        print(f"PostgreSQL 15 от Debian не найден: установите пакет {PACKAGE}.", file=sys.stderr)
        return 1
    with postgres.throwaway(binaries=path) as server:
        print(f"PostgreSQL из {path}", flush=True)
        return subprocess.run(command, check=False, env={**os.environ, "DATABASE_URL": server.url}).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
