"""Writes the bill of materials (CycloneDX 1.5) of what runs in service, from the two lock files: ``make sbom``.

Python packages come from ``uv.lock`` by uv's own export, the pages' assets from ``package-lock.json``; nothing is looked up.
"""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import b64decode
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / "build" / "sbom.cdx.json"


def document() -> dict[str, Any]:
    """Return the bill of materials."""
    made: dict[str, Any] = json.loads(_exported())
    assets = _assets()
    root = made["metadata"]["component"]["bom-ref"]
    made["components"] += assets
    for entry in made["dependencies"]:
        if entry["ref"] == root:
            entry["dependsOn"] = [*entry.get("dependsOn", []), *(one["bom-ref"] for one in assets)]
    made["dependencies"] += [{"ref": one["bom-ref"], "dependsOn": []} for one in assets]
    return made


def _exported() -> str:
    uv = ROOT / ".tools" / "venv" / "bin" / "uv"
    command = [
        str(uv if uv.exists() else "uv"), "export", "--frozen", "--no-dev", "--format", "cyclonedx1.5", "--preview-features",
        "sbom-export", "--quiet",
    ]  # fmt: skip
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def _assets() -> list[dict[str, Any]]:
    locked = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    return [
        {
            "type": "library",
            "bom-ref": f"npm:{name}@{facts['version']}",
            "name": name,
            "version": facts["version"],
            "purl": f"pkg:npm/{name.replace('@', '%40')}@{facts['version']}",
            "hashes": [
                {"alg": "SHA-512", "content": b64decode(facts["integrity"].removeprefix("sha512-")).hex()}
            ],
        }
        for place, facts in locked.items()
        if (name := place.rpartition("node_modules/")[2])
    ]


def main() -> int:
    """Write the document."""
    PLACE.parent.mkdir(exist_ok=True)
    made = document()
    PLACE.write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"{PLACE.relative_to(ROOT)}: {len(made['components'])} components")
    return 0


if __name__ == "__main__":
    sys.exit(main())
