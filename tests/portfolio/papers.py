"""Documents as bytes: good ones, and what somebody might try."""

from __future__ import annotations

import struct
import zlib


def pdf(*, inside: bytes = b"", after: bytes = b"", compressed: bytes = b"") -> bytes:
    """A page; ``inside`` goes among its objects, ``compressed`` into an object stream."""
    objects = b"%PDF-1.5\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Kids [] /Count 0 >>\nendobj\n"
    if compressed:
        packed = zlib.compress(compressed)
        objects += (
            b"4 0 obj\n<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %d >>\nstream\n"
            % len(packed)
        )
        objects += packed + b"\nendstream\nendobj\n"
    return objects + inside + b"trailer\n<< /Root 1 0 R >>\n%%EOF\n" + after


def png(width: int = 40, height: int = 20, *, after: bytes = b"") -> bytes:
    """A grey picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = (
        zlib.compress(b"\0" + b"\x80" * 40)
        if width > 1000
        else zlib.compress((b"\0" + b"\x80" * width) * height)
    )
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"") + after


def jpeg(width: int = 40, height: int = 20, *, comment: bytes = b"", after: bytes = b"") -> bytes:
    """As much of a JPEG as says what it is."""

    def segment(kind: int, data: bytes) -> bytes:
        return bytes([0xFF, kind]) + struct.pack(">H", len(data) + 2) + data

    frame = struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00"
    parts = segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0") + (segment(0xFE, comment) if comment else b"")
    return (
        b"\xff\xd8"
        + parts
        + segment(0xC0, frame)
        + segment(0xDA, b"\x01\x01\0\0\x3f\0")
        + b"\x12\x34" * 40
        + b"\xff\xd9"
        + after
    )


ZIP = b"PK\x03\x04\x14\0\0\0\0\0" + b"\0" * 20 + b"a.txtPK\x05\x06" + b"\0" * 18
ENCRYPTED_ZIP = b"PK\x03\x04\x14\0\x01\0\x08\0" + b"\0" * 20 + b"a.txt"
EXE = b"MZ\x90\x00\x03\0\0\0\x04\0\0\0" + b"\0" * 200 + b"PE\0\0"
