"""The data files of the code lists: read, checked, remembered. No database.

A list is ``data/<code>.csv`` (values) beside ``data/<code>.toml`` (title, edition, source, confidence).
"""

from __future__ import annotations

import csv
import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

DATA = Path(__file__).parent / "data"
COLUMNS = ("code", "title", "parent", "valid_from", "valid_to", "aliases")
EXTERNAL = "ext:"
CONFIDENCES = frozenset({"sourced", "reconstructed"})


class BadList(ValueError):
    """A data file that cannot be loaded: file, line and reason."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a list."""

    code: str
    title: str
    parent: str
    valid_from: date | None
    valid_to: date | None
    aliases: tuple[str, ...]
    external: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ListFile:
    """One list as its files say."""

    code: str
    title: str
    edition: str
    source: str
    confidence: str
    note: str
    digest: str
    values: tuple[Value, ...]


def read_all(folder: Path = DATA) -> list[ListFile]:
    """Read every list of a folder, sorted by code."""
    return [read(path) for path in sorted(folder.glob("*.csv"))]


def read(path: Path) -> ListFile:
    """Read and check one list; raise ``BadList`` naming file, line and reason."""
    card_path = path.with_suffix(".toml")
    if not card_path.exists():
        raise BadList(f"{path.name}: нет файла {card_path.name} с изданием и источником")
    card = tomllib.loads(card_path.read_text(encoding="utf-8"))
    if card.get("confidence") not in CONFIDENCES:
        raise BadList(f"{card_path.name}: confidence должно быть одним из {sorted(CONFIDENCES)}")
    values = _values(path)
    digest = hashlib.sha256(path.read_bytes() + card_path.read_bytes()).hexdigest()
    return ListFile(
        path.stem, card["title"], card["edition"], card["source"], card["confidence"], card.get("note", ""),
        digest, values,
    )  # fmt: skip


def _values(path: Path) -> tuple[Value, ...]:
    values: dict[str, Value] = {}
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        header = reader.fieldnames or []
        if tuple(header[: len(COLUMNS)]) != COLUMNS or not all(
            c.startswith(EXTERNAL) for c in header[len(COLUMNS) :]
        ):
            raise BadList(f"{path.name}:1: столбцы должны быть {', '.join(COLUMNS)} и {EXTERNAL}…")
        for line, row in enumerate(reader, start=2):
            value = _value(path.name, line, row)
            if value.code in values:
                raise BadList(f"{path.name}:{line}: код {value.code} уже есть выше")
            values[value.code] = value
    for value in values.values():
        if value.parent and value.parent not in values:
            raise BadList(f"{path.name}: у кода {value.code} нет родителя {value.parent}")
    return tuple(values.values())


def _value(name: str, line: int, row: Mapping[str, str | None]) -> Value:
    if None in row.values() or None in row:
        raise BadList(f"{name}:{line}: число столбцов не совпадает с заголовком")
    cells = {key: (text or "").strip() for key, text in row.items()}
    if not cells["code"] or not cells["title"]:
        raise BadList(f"{name}:{line}: пустой код или название")
    try:
        start, end = (
            date.fromisoformat(cells[key]) if cells[key] else None for key in ("valid_from", "valid_to")
        )
    except ValueError as error:
        raise BadList(f"{name}:{line}: {error}") from error
    if start and end and end <= start:
        raise BadList(f"{name}:{line}: срок {start} – {end} перевёрнут")
    return Value(
        cells["code"],
        cells["title"],
        cells["parent"],
        start,
        end,
        tuple(part for part in cells["aliases"].split("|") if part),
        {
            key.removeprefix(EXTERNAL): text
            for key, text in cells.items()
            if key.startswith(EXTERNAL) and text
        },
    )


@lru_cache(maxsize=1)
def packaged() -> Mapping[str, ListFile]:
    """The lists of this release by code."""
    return {one.code: one for one in read_all()}
