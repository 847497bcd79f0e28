"""The body of a request as blocks of whole lines: decompressed on the way, everything bounded. Pure.

Never more than a block and a line is held. What the bounds forbid ends the stream with ``StreamRefused``.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from enum import StrEnum
from typing import Protocol

from backports import zstd

from kontingent.kernel.errors import KontingentError

READ = 256 * 1024
#: A line of a mark has two hundred bytes; a lesson's homework some thousands.
LONGEST_LINE = 64 * 1024
#: A journal compresses some thirty times; a bomb a thousand and more. The first megabytes are let through unjudged.
HIGHEST_RATIO, UNJUDGED = 200, 8 * 1024 * 1024
#: zstd may ask for a window of so much memory: 8 MB, as RFC 8878 asks every decoder to give.
LARGEST_WINDOW_LOG = 23


class Encoding(StrEnum):
    """Content-Encoding."""

    IDENTITY = "identity"
    GZIP = "gzip"
    ZSTD = "zstd"


class Body(Protocol):
    """Whatever a request's body is read from."""

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes, none at the end."""


class StreamRefused(KontingentError):
    """The body cannot be read on: what stands before is dealt with, nothing of the rest."""


class Whole:
    """A body that has to come whole: one that breaks off before its announced length does not end, it is refused.

    ``length`` is None where the transfer itself tells its end (in chunks).
    """

    def __init__(self, body: Body, length: int | None) -> None:
        """Read from ``body``."""
        self._body, self._missing = body, length

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes, none at the end."""
        try:
            piece = self._body.read(size)
        except OSError as error:
            raise _cut_short() from error
        if self._missing is not None:
            self._missing -= len(piece)
            if not piece and self._missing > 0:
                raise _cut_short()
        return piece


def blocks(body: Body, encoding: Encoding) -> Iterator[bytes]:
    """Yield blocks of whole lines, each line ended by a newline but perhaps the last."""
    rest, lines = b"", 0
    for piece in _decompressed(body, encoding):
        cut = piece.rfind(b"\n") + 1
        if not cut:
            rest += piece
        else:
            yield rest + piece[:cut] if rest else piece[:cut]
            lines += piece.count(b"\n")
            rest = piece[cut:]
        if len(rest) > LONGEST_LINE:
            raise _too_long(lines + 1)
    if rest:
        yield rest


def _too_long(number: int) -> StreamRefused:
    return StreamRefused(
        "journals.line_too_long",
        f"Строка {number} длиннее {LONGEST_LINE // 1024} КБ, передача остановлена. Одна запись – одна строка; проверьте переводы строк.",
    )


def _decompressed(body: Body, encoding: Encoding) -> Iterator[bytes]:
    """Yield the content in pieces of at most ``READ`` bytes; a stream that ends amid a frame is refused."""
    if encoding is Encoding.IDENTITY:
        while piece := body.read(READ):
            yield piece
        return
    make = _Gzip if encoding is Encoding.GZIP else _Zstd
    came = went = 0
    frame, data = None, b""
    while data or (data := body.read(READ // 4)):
        came += len(data)
        try:
            frame = frame or make()
            for piece in frame.pieces(data):
                went += len(piece)
                if went > UNJUDGED and went > came * HIGHEST_RATIO:
                    raise _bomb()
                yield piece
        except (zlib.error, zstd.ZstdError) as error:
            raise _not_so(encoding) from error
        data, came, frame = (frame.rest, came - len(frame.rest), None) if frame.ended else (b"", came, frame)
    if frame is not None:
        raise _cut_short()


class _Gzip:
    """One gzip member."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(wbits=31)

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """Decompress some input into bounded pieces."""
        while not self._member.eof:
            if piece := self._member.decompress(data, READ):
                yield piece
            data = self._member.unconsumed_tail
            if not data and len(piece) < READ:
                return

    @property
    def ended(self) -> bool:
        """True when the member is whole."""
        return self._member.eof

    @property
    def rest(self) -> bytes:
        """Input that belongs to the next member."""
        return self._member.unused_data


class _Zstd:
    """One zstd frame."""

    def __init__(self) -> None:
        options: dict[int, int] = {zstd.DecompressionParameter.window_log_max: LARGEST_WINDOW_LOG}
        self._frame = zstd.ZstdDecompressor(options=options)

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """Decompress some input into bounded pieces."""
        while not self._frame.eof:
            if piece := self._frame.decompress(data, READ):
                yield piece
            data = b""
            if self._frame.needs_input:
                return

    @property
    def ended(self) -> bool:
        """True when the frame is whole."""
        return self._frame.eof

    @property
    def rest(self) -> bytes:
        """Input that belongs to the next frame."""
        return self._frame.unused_data


def _cut_short() -> StreamRefused:
    return StreamRefused(
        "journals.cut_short",
        "Передача оборвалась на середине. Продолжите порцию с тем же ключом: принятое повторно не запишется.",
    )


def _bomb() -> StreamRefused:
    return StreamRefused(
        "journals.bomb",
        f"Сжатие больше чем в {HIGHEST_RATIO} раз: так данные журнала не сжимаются, передача остановлена.",
    )


def _not_so(encoding: Encoding) -> StreamRefused:
    return StreamRefused(
        "journals.not_compressed_so",
        f"Тело запроса не читается как {encoding}. Проверьте Content-Encoding и передайте порцию снова.",
    )
