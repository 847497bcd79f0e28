"""Cells as they are stored: by their address, without noughts, with a digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from kontingent.reports.rules.counting import Key, Values, key_of


def stored(cells: Values) -> dict[str, int]:
    """Return cells as they are stored: by their address, in order, without noughts."""
    return {str(key): number for key, number in sorted(cells.items()) if number}


def read(values: Mapping[str, int]) -> dict[Key, int]:
    """Return stored cells by the parts of their address."""
    return {key_of(key): number for key, number in values.items()}


def digest_of(values: Mapping[str, int]) -> str:
    """Return the SHA-256 of cells, the same whatever their order."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
