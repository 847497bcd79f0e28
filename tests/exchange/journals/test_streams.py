"""A body as blocks of lines: whatever the compression and however it is cut; bounded, whatever comes."""

from __future__ import annotations

import gzip
import io
import random
import tracemalloc

import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from kontingent.exchange.journals import streams
from kontingent.exchange.journals.streams import Encoding, StreamRefused, Whole, blocks
from tests.exchange.journals.journal import packed


class Dribble(io.RawIOBase):
    """A body that comes in pieces of its own choosing."""

    def __init__(self, data: bytes, seed: int) -> None:
        self._data, self._random = data, random.Random(seed)

    def read(self, size: int = -1, /) -> bytes:
        cut = self._random.randint(1, max(1, size))
        piece, self._data = self._data[:cut], self._data[cut:]
        return piece


class Endless(io.RawIOBase):
    """A gigabyte without a newline."""

    def __init__(self, sign: bytes) -> None:
        self.given, self._sign = 0, sign

    def read(self, size: int = -1, /) -> bytes:
        if self.given >= 1 << 30:
            return b""
        self.given += size
        return self._sign * size


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.binary(max_size=300).map(lambda line: line.replace(b"\n", b"")), max_size=60),
    st.sampled_from(Encoding), st.integers(0, 1000), st.booleans(),
)  # fmt: skip
def test_blocks_join_to_the_content_and_end_with_lines(
    rows: list[bytes], encoding: Encoding, seed: int, ended: bool
) -> None:
    content = b"\n".join(rows) + (b"\n" if ended else b"")
    body = packed(content, "" if encoding is Encoding.IDENTITY else encoding)
    found = list(blocks(Dribble(body, seed), encoding))
    assert b"".join(found) == content
    assert all(block.endswith(b"\n") for block in found[:-1])


@pytest.mark.parametrize("encoding", [Encoding.GZIP, Encoding.ZSTD])
def test_several_frames_are_one_body(encoding: Encoding) -> None:
    parts = [b"one\ntwo\nth", b"ree\n", b""]
    body = b"".join(packed(part, encoding) for part in parts)
    assert b"".join(blocks(Dribble(body, 3), encoding)) == b"".join(parts)


@pytest.mark.parametrize("encoding", [Encoding.GZIP, Encoding.ZSTD])
@pytest.mark.parametrize("cut", [1, 4, 9, 200])
def test_a_body_cut_short_is_refused(encoding: Encoding, cut: int) -> None:
    body = packed(random.Random(5).randbytes(3000) + b"\n", encoding)
    with pytest.raises(StreamRefused) as refused:
        list(blocks(io.BytesIO(body[:-cut]), encoding))
    assert refused.value.code == "journals.cut_short"


@pytest.mark.parametrize("encoding", Encoding)
def test_a_body_that_ends_before_its_announced_length_is_refused(encoding: Encoding) -> None:
    """At the end of a line and of a frame, where nothing else tells that more was to come."""
    body = packed(b"one\ntwo\n", "" if encoding is Encoding.IDENTITY else encoding)
    with pytest.raises(StreamRefused) as refused:
        list(blocks(Whole(io.BytesIO(body), len(body) + 1), encoding))
    assert refused.value.code == "journals.cut_short"
    for length in (len(body), None):
        assert b"".join(blocks(Whole(io.BytesIO(body), length), encoding)) == b"one\ntwo\n"


def test_a_connection_that_breaks_off_is_told_as_such() -> None:
    class Broken(io.RawIOBase):
        def read(self, size: int = -1, /) -> bytes:
            raise ConnectionResetError

    with pytest.raises(StreamRefused) as refused:
        list(blocks(Whole(Broken(), None), Encoding.IDENTITY))
    assert refused.value.code == "journals.cut_short"


@pytest.mark.parametrize("encoding", [Encoding.GZIP, Encoding.ZSTD])
@pytest.mark.parametrize(
    "body", [b"no such thing at all", b"\x1f\x8bnonsense here", b"\x28\xb5\x2f\xfdnonsense"]
)
def test_what_is_not_compressed_so_is_refused(encoding: Encoding, body: bytes) -> None:
    with pytest.raises(StreamRefused) as refused:
        list(blocks(io.BytesIO(body), encoding))
    assert refused.value.code in {"journals.not_compressed_so", "journals.cut_short"}


def test_a_line_of_a_gigabyte_is_refused_after_its_first_bytes() -> None:
    body = Endless(b"x")
    tracemalloc.start()
    with pytest.raises(StreamRefused) as refused:
        list(blocks(body, Encoding.IDENTITY))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert refused.value.code == "journals.line_too_long"
    assert refused.value.message.startswith("Строка 1 длиннее 64 КБ")
    assert body.given <= 4 * streams.READ
    assert peak < 8 * streams.READ


def test_a_line_too_long_is_named_by_its_number() -> None:
    for body in (b"1\n2\n3\n" + b"x" * (1 << 17), b"\n" * (1 << 20) + b"1\n" * 5 + b"x" * (1 << 19) + b"\n"):
        with pytest.raises(StreamRefused) as refused:
            list(blocks(io.BytesIO(body), Encoding.IDENTITY))
        number = body[: body.index(b"x")].count(b"\n") + 1
        assert refused.value.message.startswith(f"Строка {number} длиннее")


@pytest.mark.parametrize("encoding", [Encoding.GZIP, Encoding.ZSTD])
def test_a_bomb_is_refused_with_little_of_it_unpacked(encoding: Encoding) -> None:
    zeros = b"\n" * (1 << 26)
    bomb = zstd.compress(zeros) if encoding is Encoding.ZSTD else gzip.compress(zeros)
    seen: list[int] = []
    tracemalloc.start()
    with pytest.raises(StreamRefused) as refused:
        seen.extend(len(block) for block in blocks(io.BytesIO(bomb), encoding))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert refused.value.code == "journals.bomb"
    assert sum(seen) <= streams.UNJUDGED + 2 * streams.HIGHEST_RATIO * streams.READ
    assert peak < 16 * streams.READ


def test_a_window_too_large_for_us_is_refused() -> None:
    options: dict[int, int] = {
        zstd.CompressionParameter.window_log: 27,
        zstd.CompressionParameter.enable_long_distance_matching: 1,
    }
    compressor = zstd.ZstdCompressor(options=options)
    data = random.Random(1).randbytes(1 << 16)
    body = b"".join(compressor.compress(data) for _ in range(40)) + compressor.flush()
    with pytest.raises(StreamRefused) as refused:
        list(blocks(io.BytesIO(body), Encoding.ZSTD))
    assert refused.value.code == "journals.not_compressed_so"
