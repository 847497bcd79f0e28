"""What the sets of a source said before (память источника): works, classes, periods that later changes refer to, never people.

One file beside the source's own, replaced whole; it is written before the set it came from is put away, so that a crash between the
two only writes the same once more.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from kontingent.exchange.oneroster.gradebook import Row
from kontingent.exchange.oneroster.writing import RosterSet
from kontingent.kernel import folders
from kontingent.kernel.errors import InvalidValue

#: What is worth remembering: nobody is named in it.
REMEMBERED: Final = ("academicSessions", "categories", "classes", "courses", "lineItems", "orgs")
MOST: Final = 1_000_000
Known = dict[str, dict[str, Row]]


def path_of(folder: Path) -> Path:
    """Return where a source's memory lies."""
    return folder / "work" / "known.json"


def recall(path: Path) -> Known:
    """Return what was said before, nothing where nothing was."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return {}
    known: Known = msgspec.json.decode(content, type=dict[str, dict[str, dict[str, str]]])
    return known


def added(known: Mapping[str, Mapping[str, Row]], content: RosterSet) -> Known:
    """Return what is known once a set has been taken: what is to be deleted stays known, marks of it may still come."""
    found: Known = {}
    for name in REMEMBERED:
        rows = {row["sourcedId"]: dict(row) for row in content.rows.get(name, ())}
        found[name] = {**known.get(name, {}), **rows}
    if sum(len(rows) for rows in found.values()) > MOST:
        raise InvalidValue(
            "oneroster.too_much_known",
            f"Источник назвал больше {MOST} работ, классов и периодов. Заведите источник на каждую школу.",
        )
    return found


def keep(path: Path, known: Mapping[str, Mapping[str, Row]]) -> None:
    """Write the memory down, whole or not at all."""
    unfinished = path.with_suffix(".part")
    with unfinished.open("wb") as file:
        file.write(msgspec.json.encode(known))
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)
    folders.sync(path.parent)
