"""The uploaded files: kept privately until they are purged, encrypted as soon as they are known to speak of health."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from django.conf import settings

from kontingent.exchange.staging.models import Batch
from kontingent.health.cipher import Sealed, cipher

_MARK: Final = b"kontingent-sealed "


def folder() -> Path:
    """Where uploaded files lie until they are purged: under the data, readable by us alone."""
    path = Path(settings.VAR_DIR) / "imports"
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def path_of(batch: Batch) -> Path:
    """The file of a batch; its name on disk tells nothing of the user's."""
    return folder() / f"{batch.id}.file"


def seal(batch: Batch) -> None:
    """Encrypt the file of a batch where it lies; nothing where that has been done."""
    path = path_of(batch)
    content = path.read_bytes()
    if content.startswith(_MARK):
        return
    sealed = cipher().seal(content, about=_about(batch))
    beside = path.with_suffix(".sealed")
    beside.touch(mode=0o600)
    beside.write_bytes(_MARK + sealed.key_id.encode() + b"\n" + sealed.blob)
    beside.replace(path)


@contextmanager
def readable(batch: Batch) -> Iterator[Path]:
    """Yield a path to read the file from: the file itself, or a copy in the clear that is gone when the block ends.

    Raises:
        LostKey: it was encrypted by a key that is not there.
    """
    path = path_of(batch)
    with path.open("rb") as file:
        is_sealed = file.read(len(_MARK)) == _MARK
    if not is_sealed:
        yield path
        return
    head, _, blob = path.read_bytes().partition(b"\n")
    clear = path.with_suffix(".clear")
    try:
        clear.touch(mode=0o600)
        clear.write_bytes(cipher().open(Sealed(head.removeprefix(_MARK).decode(), blob), about=_about(batch)))
        yield clear
    finally:
        clear.unlink(missing_ok=True)


def _about(batch: Batch) -> bytes:
    return f"import/{batch.id}".encode()
