"""What an uploaded document may be, told by its content and never by its name. Pure: bytes in, verdict out.

Taken are PDF, PNG and JPEG that are nothing else beside: one file, whole, without a second format inside it, without encryption, scripts or
attachments, and of a size that can be shown.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from kontingent.kernel.errors import InvalidValue

LARGEST = 10 * 1024 * 1024
#: Width × height of a picture; a bomb promises more than a scanner makes.
MOST_PIXELS = 60_000_000
#: Of compressed objects of a PDF so much is looked into.
_MOST_UNPACKED = 32 * 1024 * 1024
#: After the end of a file so many bytes may follow: line ends and what printers add.
_SLACK = 1024


class Checked(NamedTuple):
    """The media type by content, and the ending of a name that goes with it."""

    media_type: str
    ending: str


def check(data: bytes) -> Checked:
    """Return what a document is.

    Raises:
        InvalidValue: it may not be taken; the message says why and what to do.
    """
    if not data:
        raise InvalidValue("portfolio.file_empty", "Файл пуст. Выберите другой.")
    if len(data) > LARGEST:
        raise too_large()
    if data.startswith(b"%PDF-"):
        _pdf(data)
        return Checked("application/pdf", "pdf")
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        _png(data)
        return Checked("image/png", "png")
    if data.startswith(b"\xff\xd8\xff"):
        _jpeg(data)
        return Checked("image/jpeg", "jpg")
    raise InvalidValue(
        "portfolio.file_kind",
        "Это не PDF, PNG и не JPEG, каким бы ни было имя файла. Отсканируйте или сфотографируйте документ и загрузите снимок.",
    )


def too_large() -> InvalidValue:
    """Return the refusal of what is larger than may be taken."""
    return InvalidValue(
        "portfolio.file_large",
        f"Файл больше {LARGEST // 1024 // 1024} МБ. Уменьшите разрешение снимка и загрузите снова.",
    )


def _broken() -> InvalidValue:
    return InvalidValue(
        "portfolio.file_broken", "Файл повреждён или обрезан. Сохраните его заново и загрузите снова."
    )


def _second_format() -> InvalidValue:
    return InvalidValue(
        "portfolio.file_polyglot",
        "В файле спрятан ещё один (архив или страница). Сделайте снимок документа заново.",
    )


#: Beginnings of other formats that readers look for anywhere.
_HIDDEN = (
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"Rar!\x1a",
    b"7z\xbc\xaf",
    b"MZ\x90\x00",
    b"\x7fELF",
    b"<script",
    b"<html",
    b"<!doctype html",
    b"<?php",
)
#: Of those what is long enough not to turn up by chance in the compressed bytes of a picture.
_ANYWHERE = (b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"<script", b"<html", b"<!doctype html", b"<?php")
#: The end of a ZIP archive lies so near the end of its file, or nobody opens it as one.
_ZIP_END, _ZIP_TAIL = b"PK\x05\x06", 65_535 + 22


def _nothing_hidden(data: bytes, marks: tuple[bytes, ...] = _HIDDEN) -> None:
    small = data.lower()
    if any(mark.lower() in small for mark in marks):
        raise _second_format()


def _no_zip(data: bytes) -> None:
    if _ZIP_END in data[-_ZIP_TAIL:]:
        raise _second_format()


# -- PDF -------------------------------------------------------------------------------------------
# Everything here goes once over the bytes: a file made to be slow to judge is no slower than another.

#: Names long enough not to turn up by chance in the bytes of a picture; a script needs /JavaScript or /Rendition, /JS alone is none.
_ACTIVE = re.compile(
    rb"/(JavaScript|Rendition|Launch|EmbeddedFiles?|RichMedia|SubmitForm|ImportData|GoTo[ER])(?![A-Za-z])"
)
_FORM = re.compile(rb"/XFA(?![A-Za-z])")
_OPENED = b"/OpenAction"
#: What is done on opening but is no turning to a page; looked for in so many bytes after the name.
_DONE = re.compile(rb"/OpenAction\s*<<[^>]*/S\s*/(?!GoTo\b)")
_ACTION_LENGTH, _MOST_ACTIONS = 1000, 100
_PACKED = b"/ObjStm"
_MOST_ESCAPES = 100_000
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
_FILTER = re.compile(rb"/(\w+Decode)\b")


def _pdf(data: bytes) -> None:
    end = data.rfind(b"%%EOF")
    if end < 0:
        raise _broken()
    if len(data) - end - 5 > _SLACK:
        raise _second_format()
    _no_zip(data)
    names = _names(data)
    if b"/Encrypt" in names:
        raise InvalidValue(
            "portfolio.file_encrypted", "PDF защищён паролем. Сохраните его без защиты и загрузите снова."
        )
    # Archives are looked for outside the pictures that a PDF holds: compressed bytes may look like anything.
    around, streams = _parts(data)
    _nothing_hidden(b"\n".join(around))
    if _ACTIVE.search(names) or any(_FORM.search(part) or _acts(part) for part in map(_names, around)):
        raise _active()
    packed = [
        (before, stream)
        for before, stream in zip(map(_names, around), streams, strict=False)
        if _PACKED in before
    ]
    if sum(before.count(_PACKED) for before, _ in packed) != names.count(_PACKED):
        raise _active()  # somebody hides objects where a plain reading does not look
    for part in map(_names, _unpacked(packed)):
        if _ACTIVE.search(part) or _FORM.search(part) or _acts(part):
            raise _active()


def _active() -> InvalidValue:
    return InvalidValue(
        "portfolio.file_active",
        "В PDF есть сценарии, вложения или действия. Распечатайте его в PDF заново («Печать» → «Сохранить как PDF») и загрузите.",
    )


def _names(data: bytes) -> bytes:
    """Names may be written with escapes: /J#61vaScript."""
    plain, escapes = _ESCAPED.subn(lambda found: bytes([int(found[1], 16)]), data, _MOST_ESCAPES + 1)
    if escapes > _MOST_ESCAPES:
        raise _active()
    return plain


_BEGUN = re.compile(rb"(?<!end)stream\r?\n")


def _parts(data: bytes) -> tuple[list[bytes], list[bytes]]:
    """Return what lies before each stream (and after the last), and the streams."""
    around, streams, at = [], [], 0
    while found := _BEGUN.search(data, at):
        end = data.find(b"endstream", found.end())
        if end < 0:
            raise _broken()
        around.append(data[at : found.start()])
        streams.append(data[found.end() : end])
        at = end + len(b"endstream")
    return [*around, data[at:]], streams


def _acts(part: bytes) -> bool:
    """Say whether something is done when the document is opened."""
    if part.count(_OPENED) > _MOST_ACTIONS:
        return True
    at = part.find(_OPENED)
    while at >= 0:
        if _DONE.match(part[at : at + _ACTION_LENGTH]):
            return True
        at = part.find(_OPENED, at + 1)
    return False


def _unpacked(packed: list[tuple[bytes, bytes]]) -> Iterator[bytes]:
    """Objects that lie compressed (since PDF 1.5): in the one usual way, or the document is to be printed anew."""
    left = _MOST_UNPACKED
    for before, stream in packed:
        if _FILTER.findall(before) not in ([], [b"FlateDecode"]) or b"/DecodeParms" in before:
            raise _active()
        machine = zlib.decompressobj()
        try:
            text = machine.decompress(stream, left)
        except zlib.error as error:
            raise _broken() from error
        left -= len(text)
        if left <= 0:
            raise InvalidValue(
                "portfolio.file_bomb", "PDF распаковывается в слишком большой. Сохраните его заново."
            )
        if not machine.eof:
            raise _broken()
        yield text


# -- pictures --------------------------------------------------------------------------------------


def _png(data: bytes) -> None:
    width, height = (int.from_bytes(data[at : at + 4], "big") for at in (16, 20))
    _shown(width, height)
    _no_zip(data)
    _nothing_hidden(data, _ANYWHERE)
    at = 8
    while at + 12 <= len(data):
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        at += 12 + size
        if kind == b"IEND":
            if at > len(data):
                raise _broken()
            if len(data) - at > _SLACK:
                raise _second_format()
            _nothing_hidden(data[at:])
            return
    raise _broken()


def _jpeg(data: bytes) -> None:
    at, seen = 2, False
    while at + 4 <= len(data) and data[at] == 0xFF:
        kind = data[at + 1]
        if kind in {0x01, *range(0xD0, 0xD8)}:
            at += 2
            continue
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        if 0xC0 <= kind <= 0xCF and kind not in {0xC4, 0xC8, 0xCC}:
            height, width = (int.from_bytes(data[at + offset : at + offset + 2], "big") for offset in (5, 7))
            _shown(width, height)
            seen = True
        if kind in {0xFE, *range(0xE0, 0xF0)}:
            _nothing_hidden(data[at + 4 : at + 2 + size])
        if kind == 0xDA:
            break
        at += 2 + size
    end = data.rfind(b"\xff\xd9")
    if not seen or end < 0:
        raise _broken()
    if len(data) - end - 2 > _SLACK:
        raise _second_format()
    _no_zip(data)
    _nothing_hidden(data, _ANYWHERE)
    _nothing_hidden(data[end:])


def _shown(width: int, height: int) -> None:
    if not width or not height:
        raise _broken()
    if width * height > MOST_PIXELS:
        raise InvalidValue(
            "portfolio.file_bomb",
            f"Снимок {width} × {height} точек слишком велик. Уменьшите разрешение и загрузите снова.",
        )
