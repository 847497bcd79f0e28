"""A set as a zip, written row by row: the same rows give the same bytes. Pure."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO

from kontingent.exchange.oneroster import model
from kontingent.exchange.oneroster.model import Edition, Mode

Row = Mapping[str, str]
SYSTEM_NAME, SYSTEM_CODE = "АИС «Контингент»", "kontingent"
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class RosterSet:
    """Files that are present with their mode and rows; ``extras`` are the ``metadata.*`` columns a file has."""

    edition: Edition
    modes: Mapping[str, Mode]
    rows: Mapping[str, Sequence[Row]]
    extras: Mapping[str, Sequence[str]] = field(default_factory=dict)
    source_name: str = SYSTEM_NAME
    source_code: str = SYSTEM_CODE


def pack(content: RosterSet) -> bytes:
    """Return the zip of a set."""
    packed = io.BytesIO()
    write(content, packed)
    return packed.getvalue()


def write(content: RosterSet, to: IO[bytes]) -> None:
    """Write the zip of a set, the manifest first, then files by name; rows are taken one by one and none is kept."""
    with zipfile.ZipFile(to, "w") as archive:
        _put(archive, model.MANIFEST, ("propertyName", "value"), manifest(content))
        for name in sorted(content.modes):
            declared = model.file_of(content.edition, name)
            if content.modes[name] is Mode.ABSENT or declared is None:
                continue
            header = (*declared.header, *content.extras.get(name, ()))
            rows = content.rows.get(name, ())
            _put(archive, name, header, ([row.get(column, "") for column in header] for row in rows))


def manifest(content: RosterSet) -> list[tuple[str, str]]:
    """Return the properties of the manifest; files of ours are not the standard's and not in it."""
    said = [("manifest.version", model.MANIFEST_VERSION), ("oneroster.version", content.edition.value)]
    said += [
        (f"file.{name}", content.modes.get(name, Mode.ABSENT).value) for name in model.FILES[content.edition]
    ]
    return [*said, ("source.systemName", content.source_name), ("source.systemCode", content.source_code)]


def _put(archive: zipfile.ZipFile, name: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    entry = zipfile.ZipInfo(f"{name}.csv", date_time=_EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    # The size is not known beforehand: without zip64 two gigabytes would be the end of a file.
    with (
        archive.open(entry, "w", force_zip64=True) as packed,
        io.TextIOWrapper(packed, "utf-8", newline="") as text,
    ):
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(header)
        for row in rows:
            writer.writerow([" ".join(value.split("\n")).replace("\r", " ") for value in row])
