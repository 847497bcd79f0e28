"""Says whether uv.lock still fits pyproject.toml, where a uv is at hand (set-up always leaves one)."""

import subprocess
import sys

from tools import setup


def main() -> int:
    """Run ``uv lock --check`` offline-friendly; 0 when current."""
    uv = setup.find_uv()
    if uv is None:
        print("uv не найден: выполните make setup")
        return 1
    return subprocess.run([str(uv), "lock", "--check", "--quiet"], cwd=setup.ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
