"""Where scans lie: by the digest of their content, outside the web root, written whole or not at all (ADR 0028).

A room that keeps scans of its own has a shelf of its own, which it sweeps itself.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from kontingent.achievements.portfolio import uploads
from kontingent.achievements.portfolio.uploads import Checked
from kontingent.kernel.errors import InvalidValue, Unavailable

#: Seconds for which content without a record is left alone: its record may be on the way.
UNTOUCHED = 24 * 3600


class Upload(Protocol):
    """What a form's file is read by."""

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """Yield it in pieces."""


def read(upload: Upload) -> bytes:
    """Read an upload, never more of it than may be taken.

    Raises:
        InvalidValue: it is larger; the rest was not read.
    """
    found = bytearray()
    for piece in upload.chunks():
        if len(found) + len(piece) > uploads.LARGEST:
            raise uploads.too_large()
        found += piece
    return bytes(found)


def keep(data: bytes, *, shelf: str = "") -> tuple[str, Checked]:
    """Check a document and keep it; return its digest and what it is. The same content is kept once.

    Raises:
        InvalidValue: it may not be taken, or the antivirus says no.
        Unavailable: the antivirus that is set does not answer; nothing was kept.
    """
    checked = uploads.check(data)
    _ask_antivirus(data)
    digest = hashlib.sha256(data).hexdigest()
    path = _path(digest, shelf)
    if not _holds(path, digest):
        _write(path, data)
    path.touch()
    return digest, checked


def _holds(path: Path, digest: str) -> bool:
    """Say whether a content lies there, and undamaged: a damaged one is mended by whoever brings it again."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == digest
    except OSError:
        return False


def _write(path: Path, data: bytes) -> None:
    """Write it whole or not at all, and so that it is there after a power cut, too."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    Path(name).replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def content(digest: str, *, shelf: str = "") -> bytes:
    """Return a kept document.

    Raises:
        Unavailable: it is not where it should be, or is not what it was.
    """
    try:
        data = _path(digest, shelf).read_bytes()
    except OSError as error:
        raise Unavailable(
            "portfolio.file_lost",
            "Файл сейчас недоступен. Попробуйте позже; если не поможет, загрузите документ снова.",
        ) from error
    if hashlib.sha256(data).hexdigest() != digest:
        raise Unavailable(
            "portfolio.file_changed",
            "Файл повреждён в хранилище и не показывается. Загрузите документ снова.",
        )
    return data


def strays(wanted: Collection[str], *, shelf: str = "") -> list[str]:
    """Return what lies on a shelf that no record names and nobody has just brought, the halves of interrupted uploads among it."""
    recent = time.time() - UNTOUCHED
    found = (Path(settings.FILES_DIR) / shelf).glob("??/*")
    return sorted(path.name for path in found if path.name not in wanted and path.stat().st_mtime < recent)


def remove(names: Collection[str], *, shelf: str = "") -> int:
    """Remove files of a shelf; return how many."""
    gone = [path for path in (Path(settings.FILES_DIR) / shelf).glob("??/*") if path.name in names]
    for path in gone:
        path.unlink(missing_ok=True)
    return len(gone)


def sweep(wanted: Collection[str], *, shelf: str = "") -> int:
    """Remove the strays of a shelf; return how many."""
    return remove(strays(wanted, shelf=shelf), shelf=shelf)


def _path(digest: str, shelf: str) -> Path:
    return Path(settings.FILES_DIR) / shelf / digest[:2] / digest


def _ask_antivirus(data: bytes) -> None:
    """``FILES_ANTIVIRUS`` names a function of bytes that returns what it found, an empty text for nothing."""
    if not settings.FILES_ANTIVIRUS:
        return
    try:
        found: str = import_string(settings.FILES_ANTIVIRUS)(data)
    except Exception as error:
        raise Unavailable(
            "portfolio.antivirus",
            "Проверка на вирусы сейчас недоступна, файл не принят. Попробуйте через несколько минут.",
        ) from error
    if found:
        raise InvalidValue(
            "portfolio.virus",
            "Антивирус нашёл в файле угрозу, файл не принят. Проверьте свой компьютер.",
            value=found[:80],
        )
