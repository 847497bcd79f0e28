"""A zip that somebody sent: opened within bounds, or refused before anything of it is believed. Pure."""

from __future__ import annotations

import io
import zipfile
import zlib

from kontingent.kernel.errors import InvalidValue

MEBIBYTE = 2**20
MOST_PACKED = 100 * MEBIBYTE
MOST_UNPACKED = 400 * MEBIBYTE
MOST_ENTRIES = 40
MOST_RATIO = 200
_ENCRYPTED = 0x1
_STORED_OR_DEFLATED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class ArchiveRefused(InvalidValue):
    """The archive as a whole cannot be taken."""

    def __init__(self, code: str, message: str, *, place: str = "") -> None:
        super().__init__(f"oneroster.{code}", message, place=place)


def unpack(packed: bytes) -> dict[str, bytes]:
    """Return the files at the root by name.

    Raises:
        ArchiveRefused: not a zip, too large, folders, a path in a name, encrypted, a name twice.
    """
    if len(packed) > MOST_PACKED:
        raise ArchiveRefused(
            "too_large",
            f"Архив больше {MOST_PACKED // MEBIBYTE} МБ. Передавайте его по частям: по организациям или изменениями (delta).",
        )
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            entries = archive.infolist()
            _inspect(entries, len(packed))
            return _inflate(archive, entries)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError) as error:
        if isinstance(error, ArchiveRefused):
            raise
        raise ArchiveRefused(
            "not_a_zip", "Файл не читается как архив zip. Упакуйте файлы csv заново, без шифрования."
        ) from error


def _inspect(entries: list[zipfile.ZipInfo], packed: int) -> None:
    if len(entries) > MOST_ENTRIES:
        raise ArchiveRefused(
            "too_many_files",
            f"В архиве файлов: {len(entries)}, в наборе OneRoster их не больше {MOST_ENTRIES}. Оставьте только файлы набора.",
        )
    seen: set[str] = set()
    for one in entries:
        name = one.filename
        if one.is_dir() or "/" in name or "\\" in name or ":" in name or name in {".", ".."} or "\0" in name:
            raise ArchiveRefused(
                "folder",
                f"«{name[:80]}»: в архиве папка или путь. Файлы набора лежат в корне архива – упакуйте их без папки.",
                place=name[:80],
            )
        if name.casefold() in seen:
            raise ArchiveRefused(
                "twice",
                f"Файл «{name[:80]}» лежит в архиве дважды, и какой из них верный, неизвестно. Оставьте один.",
                place=name[:80],
            )
        seen.add(name.casefold())
        if one.flag_bits & _ENCRYPTED:
            raise ArchiveRefused(
                "encrypted",
                f"Файл «{name[:80]}» зашифрован. Упакуйте набор без пароля: канал защищён и так.",
                place=name[:80],
            )
        if one.compress_type not in _STORED_OR_DEFLATED:
            raise ArchiveRefused(
                "compression",
                f"Файл «{name[:80]}» сжат непринятым способом. Упакуйте набор обычным zip (deflate).",
                place=name[:80],
            )
    claimed = sum(one.file_size for one in entries)
    if claimed > MOST_UNPACKED or claimed > max(packed, 5000) * MOST_RATIO:
        raise _bomb()


def _inflate(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> dict[str, bytes]:
    """What the directory claims of sizes is not believed: no more is read than may be."""
    left, files = MOST_UNPACKED, {}
    for one in entries:
        with archive.open(one) as stream:
            content = stream.read(min(left, one.file_size) + 1)
        if len(content) > min(left, one.file_size):
            raise _bomb()
        left -= len(content)
        files[one.filename] = content
    return files


def _bomb() -> ArchiveRefused:
    return ArchiveRefused(
        "bomb",
        f"Архив распаковывается больше чем в {MOST_UNPACKED // MEBIBYTE} МБ или сжат более чем в {MOST_RATIO} раз: так "
        "устроены вредоносные файлы. Передавайте набор по частям.",
    )
