"""What may be uploaded is told by content; everything else is refused in words, and nothing is kept of it."""

from __future__ import annotations

import contextlib
import io
import random
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kontingent.achievements.portfolio import files, uploads
from kontingent.kernel.errors import InvalidValue, Unavailable
from tests.portfolio.papers import ENCRYPTED_ZIP, EXE, ZIP, jpeg, pdf, png


@pytest.fixture(autouse=True)
def store(tmp_path: Path, settings: Any) -> Path:
    settings.FILES_DIR = tmp_path / "files"
    return Path(settings.FILES_DIR)


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (pdf(), "application/pdf"), (pdf(compressed=b"5 0 << /Type /Page >>"), "application/pdf"), (png(), "image/png"),
        (jpeg(), "image/jpeg"), (jpeg(comment=b"scanner"), "image/jpeg"), (png(after=b"\r\n"), "image/png"),
    ],
)  # fmt: skip
def test_what_may_be_taken(data: bytes, media_type: str, store: Path) -> None:
    digest, checked = files.keep(data)
    assert checked.media_type == media_type
    assert files.content(digest) == data
    assert files.keep(data)[0] == digest
    assert len(list(store.glob("*/*"))) == 1


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file_empty"), (EXE, "file_kind"), (ZIP, "file_kind"), (ENCRYPTED_ZIP, "file_kind"), (b"<html><script>", "file_kind"),
        (b"%PDF-1.4 no end", "file_broken"), (pdf(after=ZIP + b"\0" * 2000), "file_polyglot"), (pdf(after=ZIP), "file_polyglot"),
        (pdf(inside=ZIP), "file_polyglot"), (pdf(inside=b"<html><body>"), "file_polyglot"), (pdf(inside=EXE), "file_polyglot"),
        (pdf(inside=b"<< /Encrypt 9 0 R >>"), "file_encrypted"), (pdf(inside=b"<< /S /JavaScript /JS (app.alert) >>"), "file_active"),
        (pdf(inside=b"<< /S /J#61vaScript >>"), "file_active"), (pdf(inside=b"<< /S /Launch /F (cmd.exe) >>"), "file_active"),
        (pdf(inside=b"<< /EmbeddedFiles 3 0 R >>"), "file_active"), (pdf(compressed=b"5 0 << /S /JavaScript >>"), "file_active"),
        (pdf(inside=b"<< /Type /ObjStm /N 1 >>\nstream\nnot zlib\nendstream"), "file_broken"),
        (png(100_000, 100_000), "file_bomb"), (png(0, 10), "file_broken"), (png()[:-8], "file_broken"), (png(after=ZIP), "file_polyglot"),
        (jpeg(60_000, 60_000), "file_bomb"), (jpeg(after=ZIP), "file_polyglot"), (jpeg(comment=b"<?php system()"), "file_polyglot"),
        (jpeg(after=b"\0" * 4000), "file_polyglot"), (b"\xff\xd8\xff\xd9", "file_broken"), (jpeg()[:-30], "file_broken"),
    ],
)  # fmt: skip
def test_what_may_not(data: bytes, code: str, store: Path) -> None:
    with pytest.raises(InvalidValue) as refused:
        files.keep(data)
    assert refused.value.code == f"portfolio.{code}"
    assert not list(store.glob("*/*"))


_SCRIPT = b"5 0 << /S /JavaScript /JS (app.alert(1)) >>"


def _zipped(tail: bytes) -> bytes:
    """An archive whose comment is the rest of the file that it hides in."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.exe", "MZ")
    return file.getvalue()[:-2] + len(tail).to_bytes(2, "little")


def _stream(dictionary: bytes, data: bytes, tail: bytes = b"\nendstream\nendobj\n") -> bytes:
    return b"4 0 obj\n<< " + dictionary + b" >>\nstream\n" + data + tail


def _hidden_zips() -> list[bytes]:
    tail = b"\nendstream\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"
    end = png()[-12:]
    body = _zipped(b"\0\0\0\0" + end)
    return [
        pdf(inside=_stream(b"/Length 9", _zipped(tail))),
        png()[:-12] + len(body).to_bytes(4, "big") + b"zzZz" + body + b"\0\0\0\0" + end,
        jpeg()[:-2] + _zipped(b"\xff\xd9") + b"\xff\xd9",
    ]


@pytest.mark.parametrize("data", _hidden_zips())
def test_an_archive_is_found_wherever_a_reader_finds_it(data: bytes) -> None:
    assert zipfile.ZipFile(io.BytesIO(data)).namelist() == ["a.exe"], "it is one"
    with pytest.raises(InvalidValue) as refused:
        uploads.check(data)
    assert refused.value.code == "portfolio.file_polyglot"


@pytest.mark.parametrize(
    ("dictionary", "data"),
    [
        (b"/Type /Obj#53tm /Filter /FlateDecode", zlib.compress(_SCRIPT)),
        (b"/Type %x\n/ObjStm /Filter /FlateDecode", zlib.compress(_SCRIPT)),
        (b"/Type /ObjStm /Filter /FlateDecode" + b" " * 500, zlib.compress(_SCRIPT)),
        (b"/Type /ObjStm /Filter [/FlateDecode /FlateDecode]", zlib.compress(zlib.compress(_SCRIPT))),
    ],
)
def test_a_script_is_found_however_it_is_packed(dictionary: bytes, data: bytes) -> None:
    for inside in (_stream(dictionary, data), b"% stream\n" + _stream(dictionary, data) + b"%endstream\n"):
        with pytest.raises(InvalidValue) as refused:
            uploads.check(pdf(inside=inside))
        assert refused.value.code == "portfolio.file_active"


def test_the_bytes_of_an_honest_picture_are_not_taken_for_a_script() -> None:
    picture = b"/JS \x80/JS(" * 1000 + random.Random(1).randbytes(1024 * 1024)
    honest = pdf(inside=_stream(b"/Subtype /Image /Filter /DCTDecode", picture))
    assert uploads.check(honest).ending == "pdf"


@pytest.mark.parametrize(
    "piece",
    [
        b"/OpenAction <<",
        b"stream\n",
        b"stream\nendstream\n",
        b"#41",
        b"/Type/ObjStm stream\n" + zlib.compress(b"") + b" ",
    ],
)
def test_a_file_made_to_be_slow_is_judged_no_slower(piece: bytes) -> None:
    started = time.process_time()
    with contextlib.suppress(InvalidValue):
        uploads.check(pdf(inside=piece * (9 * 1024 * 1024 // len(piece))))
    assert time.process_time() - started < 10, "seconds of the processor; quadratic it was hours"


def test_a_pdf_that_unpacks_without_end_is_not_unpacked_to_the_end() -> None:
    with pytest.raises(InvalidValue) as refused:
        uploads.check(pdf(compressed=b"\0" * 40_000_000))
    assert refused.value.code == "portfolio.file_bomb"


class _Endless:
    """A file of 500 MB that counts what was read of it."""

    def __init__(self) -> None:
        self.read = 0

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        for _ in range(500):
            self.read += 1
            yield b"\0" * 1_048_576


def test_of_500_megabytes_no_more_is_read_than_may_be_taken() -> None:
    large = _Endless()
    tracemalloc.start()
    with pytest.raises(InvalidValue):
        files.read(large)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert large.read <= 11
    assert peak < 40_000_000


def _finds(data: bytes) -> str:
    return "EICAR"


def _fails(data: bytes) -> str:
    raise ConnectionError


@pytest.mark.parametrize(
    ("hook", "error"), [("_finds", InvalidValue), ("_fails", Unavailable), ("_absent", Unavailable)]
)
def test_the_antivirus_has_a_say(hook: str, error: type[Exception], settings: Any, store: Path) -> None:
    settings.FILES_ANTIVIRUS = f"tests.portfolio.test_uploads.{hook}"
    with pytest.raises(error):
        files.keep(png())
    assert not list(store.glob("*/*"))


def test_what_was_changed_or_lost_in_the_store_is_not_shown(store: Path) -> None:
    digest, _ = files.keep(png())
    (store / digest[:2] / digest).write_bytes(png(8, 8))
    with pytest.raises(Unavailable):
        files.content(digest)
    with pytest.raises(Unavailable):
        files.content("0" * 64)


def test_only_what_nobody_names_or_has_just_brought_is_swept(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named, stray = files.keep(png())[0], files.keep(jpeg())[0]
    assert files.sweep({named}) == 0, "its record may be on the way"
    monkeypatch.setattr(files, "UNTOUCHED", -10)
    assert files.sweep({named}) == 1
    assert files.content(named) == png()
    with pytest.raises(Unavailable):
        files.content(stray)


@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"%PDF-1.5\n", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"]),
    st.binary(max_size=20),
)
def test_any_bytes_are_judged_without_error(data: bytes, head: bytes, tail: bytes) -> None:
    try:
        uploads.check(head + data + tail)
    except InvalidValue as refused:
        assert str(refused.code).startswith("portfolio.file_")  # noqa: PT017
