"""QR codes: read back by the standard, written here a second time from the other end."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kontingent.kernel import qr

#: Format of level M with each mask, from table C.1 of ISO/IEC 18004.
FORMATS = {
    "101010000010010": 0, "101000100100101": 1, "101111001111100": 2, "101101101001011": 3, "100010111111001": 4,
    "100000011001110": 5, "100111110010111": 6, "100101010100000": 7,
}  # fmt: skip
MASKS = (
    "(i+j)%2",
    "i%2",
    "j%3",
    "(i+j)%3",
    "(i//2+j//3)%2",
    "i*j%2+i*j%3",
    "(i*j%2+i*j%3)%2",
    "((i+j)%2+i*j%3)%2",
)
#: Data bytes a block, blocks, all bytes of the symbol, for level M.
SYMBOLS = {
    21: (16, 1, 26),
    25: (28, 1, 44),
    29: (44, 1, 70),
    33: (32, 2, 100),
    37: (43, 2, 134),
    41: (27, 4, 172),
}


def read(rows: list[str]) -> str:
    """Read a code as a reader does that sees no damage, checking that there is none."""
    size = len(rows)
    said = "".join(rows[8][c] for c in (0, 1, 2, 3, 4, 5, 7, 8)) + "".join(
        rows[r][8] for r in (7, 5, 4, 3, 2, 1, 0)
    )
    again = "".join(rows[r][8] for r in range(size - 1, size - 8, -1)) + rows[8][size - 8 :]
    assert said == again
    mask = FORMATS[said]
    bits, column, up = "", size - 1, True
    while column > 0:
        if column == 6:
            column -= 1
        for i in reversed(range(size)) if up else range(size):
            for j in (column, column - 1):
                if not is_function(i, j, size):
                    dark = eval(MASKS[mask], {"i": i, "j": j}) == 0  # noqa: S307 - the table above
                    bits += str(int(rows[i][j]) ^ dark)
        column, up = column - 2, not up
    width, blocks, total = SYMBOLS[size]
    codewords = [int(bits[at : at + 8], 2) for at in range(0, total * 8, 8)]
    parts = [codewords[n : width * blocks : blocks] for n in range(blocks)]
    checks = [codewords[width * blocks + n :: blocks] for n in range(blocks)]
    for part, check in zip(parts, checks, strict=True):
        assert not any(syndromes([*part, *check], len(check)))
    stream = "".join(f"{one:08b}" for part in parts for one in part)
    assert stream[:4] == "0100"
    length = int(stream[4:12], 2)
    return bytes(int(stream[at : at + 8], 2) for at in range(12, 12 + 8 * length, 8)).decode()


def is_function(i: int, j: int, size: int) -> bool:
    corner = (i < 9 and (j < 9 or j >= size - 8)) or (i >= size - 8 and j < 9)
    aligned = size > 21 and abs(i - (size - 7)) <= 2 and abs(j - (size - 7)) <= 2
    return corner or aligned or 6 in (i, j)


def syndromes(word: list[int], number: int) -> list[int]:
    """The word as a polynomial at the powers of 2: all zero where nothing is damaged."""

    def times(a: int, b: int) -> int:
        made = 0
        while b:
            made ^= a if b & 1 else 0
            a = (a << 1) ^ (0x11D if a & 0x80 else 0)
            b >>= 1
        return made

    found, at = [], 1
    for _ in range(number):
        value = 0
        for one in word:
            value = times(value, at) ^ one
        found.append(value)
        at = times(at, 2)
    return found


@pytest.mark.parametrize("length", [1, 14, 15, 26, 27, 42, 43, 62, 63, 84, 85, 106])
def test_an_address_is_read_back_whatever_its_length(length: int) -> None:
    text = ("https://kontingent.example/check/K7QM2XWP9D4T/" * 3)[:length]
    rows = qr.matrix_of(text)
    assert {len(row) for row in rows} == {len(rows)}
    assert read(rows) == text


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=string.printable, max_size=qr.LONGEST))
def test_any_text_is_read_back(text: str) -> None:
    assert read(qr.matrix_of(text)) == text


def test_corners_stand_where_a_reader_looks_for_them() -> None:
    rows = qr.matrix_of("https://kontingent.example/")
    corner = ["1111111", "1000001", "1011101", "1011101", "1011101", "1000001", "1111111"]
    size = len(rows)
    for top, left in ((0, 0), (0, size - 7), (size - 7, 0)):
        assert [row[left : left + 7] for row in rows[top : top + 7]] == corner
    assert rows[6][8 : size - 8] == ("10" * size)[: size - 16]


def test_what_is_too_long_has_no_code() -> None:
    assert qr.matrix_of("x" * (qr.LONGEST + 1)) == []
