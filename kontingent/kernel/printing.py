"""Documents as PDF: a template of typst lays out what it is told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typst


def pdf_of(template: Path, told: Mapping[str, Any]) -> bytes:
    """Return the PDF that a template makes of what it is told; that goes as data, so that nothing in a name can be markup."""
    found: Any = typst.compile(str(template), sys_inputs={"data": json.dumps(told, ensure_ascii=False)})
    return bytes(found)
