"""QR codes (ISO/IEC 18004): bytes, error correction M, versions 1–6 – enough for an address of 106 signs. Pure.

An address is short and the standard is simple in this corner of it: no library is worth its weight here.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

#: Of each version: bytes of correction a block, blocks, bytes of data a block (level M; up to 6 all blocks are alike).
_BLOCKS = ((10, 1, 16), (16, 1, 28), (26, 1, 44), (18, 2, 32), (24, 2, 43), (16, 4, 27))
LONGEST = _BLOCKS[-1][1] * _BLOCKS[-1][2] - 2
_MASKS = (
    lambda r, c: (r + c) % 2 == 0,
    lambda r, _: r % 2 == 0,
    lambda _, c: c % 3 == 0,
    lambda r, c: (r + c) % 3 == 0,
    lambda r, c: (r // 2 + c // 3) % 2 == 0,
    lambda r, c: r * c % 2 + r * c % 3 == 0,
    lambda r, c: (r * c % 2 + r * c % 3) % 2 == 0,
    lambda r, c: ((r + c) % 2 + r * c % 3) % 2 == 0,
)
#: A run of dark and light that a reader may take for a corner.
_LIKE_A_CORNER = ([1, 0, 1, 1, 1, 0, 1, 0, 0, 0, 0], [0, 0, 0, 0, 1, 0, 1, 1, 1, 0, 1])
Grid = list[list[int | None]]


def matrix_of(text: str) -> list[str]:
    """Return the code of a text, row by row, «1» for dark; nothing where the text is too long."""
    said = text.encode()
    version = next((n for n, (_, blocks, data) in enumerate(_BLOCKS, 1) if blocks * data - 2 >= len(said)), 0)
    if not version:
        return []
    bits = [bit for byte in _codewords(said, version) for bit in _bits(byte, 8)]
    drawn = [_drawn(version, bits, mask) for mask in range(8)]
    best = min(drawn, key=_penalty)
    return ["".join(str(one or 0) for one in row) for row in best]


# -- what is said ----------------------------------------------------------------------------------


def _bits(number: int, length: int) -> list[int]:
    return [number >> place & 1 for place in reversed(range(length))]


def _codewords(said: bytes, version: int) -> list[int]:
    """Mode, length, bytes, padding; cut into blocks, each with its correction, interleaved."""
    correction, blocks, size = _BLOCKS[version - 1]
    bits = [
        *_bits(0b0100, 4),
        *_bits(len(said), 8),
        *(bit for byte in said for bit in _bits(byte, 8)),
        0,
        0,
        0,
        0,
    ]
    data = [int("".join(map(str, bits[at : at + 8])), 2) for at in range(0, len(bits), 8)]
    data += [(0xEC, 0x11)[n % 2] for n in range(blocks * size - len(data))]
    parts = [data[n * size : (n + 1) * size] for n in range(blocks)]
    checks = [_correction(part, correction) for part in parts]
    return [*(one for column in zip(*parts, strict=True) for one in column),
            *(one for column in zip(*checks, strict=True) for one in column)]  # fmt: skip


def _powers() -> tuple[list[int], list[int]]:
    """Powers and logarithms of 2 in the field of 256 elements."""
    powers, logs, value = [0] * 255, [0] * 256, 1
    for n in range(255):
        powers[n], logs[value] = value, n
        value = value << 1 ^ (0x11D if value & 0x80 else 0)
    return powers, logs


_POWERS, _LOGS = _powers()


def _times(a: int, b: int) -> int:
    return _POWERS[(_LOGS[a] + _LOGS[b]) % 255] if a and b else 0


def _correction(data: list[int], length: int) -> list[int]:
    """The remainder of Reed and Solomon."""
    divisor = [1]
    for n in range(length):
        shifted = [*divisor, 0]
        divisor = [
            one ^ _times(before, _POWERS[n]) for one, before in zip(shifted, [0, *divisor], strict=True)
        ]
    rest = [*data, *([0] * length)]
    for at in range(len(data)):
        factor = rest[at]
        for n, one in enumerate(divisor):
            rest[at + n] ^= _times(one, factor)
    return rest[-length:]


# -- how it is drawn -------------------------------------------------------------------------------


def _drawn(version: int, bits: list[int], mask: int) -> Grid:
    size = 17 + 4 * version
    grid: Grid = [[None] * size for _ in range(size)]
    for row, column in ((0, 0), (0, size - 7), (size - 7, 0)):
        _corner(grid, row, column)
    if version > 1:
        _square(grid, size - 7, size - 7, 2)
    for at in range(8, size - 8):
        grid[6][at] = grid[at][6] = 1 - at % 2
    _format(grid, mask)
    told = iter(bits)
    for row, column in _path(size):
        if grid[row][column] is None:
            grid[row][column] = next(told, 0) ^ _MASKS[mask](row, column)
    return grid


def _corner(grid: Grid, row: int, column: int) -> None:
    for r in range(max(0, row - 1), min(len(grid), row + 8)):
        for c in range(max(0, column - 1), min(len(grid), column + 8)):
            grid[r][c] = 0
    _square(grid, row + 3, column + 3, 3)


def _square(grid: Grid, row: int, column: int, reach: int) -> None:
    """Rings around a centre: dark ones but for the one before the last."""
    for r in range(-reach, reach + 1):
        for c in range(-reach, reach + 1):
            grid[row + r][column + c] = int(max(abs(r), abs(c)) != reach - 1)


def _format(grid: Grid, mask: int) -> None:
    """Level M is 00; ten bits of correction, and a pattern so that it is never empty. Written twice."""
    size, rest = len(grid), mask << 10
    for place in range(14, 9, -1):
        if rest >> place & 1:
            rest ^= 0x537 << place - 10
    bits = _bits((mask << 10 | rest) ^ 0x5412, 15)
    first = [*((8, c) for c in (0, 1, 2, 3, 4, 5, 7, 8)), *((r, 8) for r in (7, 5, 4, 3, 2, 1, 0))]
    second = [*((r, 8) for r in range(size - 1, size - 8, -1)), *((8, c) for c in range(size - 8, size))]
    for bit, one, other in zip(bits, first, second, strict=True):
        grid[one[0]][one[1]] = grid[other[0]][other[1]] = bit
    grid[size - 8][8] = 1


def _path(size: int) -> Iterator[tuple[int, int]]:
    """Two columns at a time, from the right, up and down in turn; the column of the ruler is left out."""
    upward = True
    for right in (*range(size - 1, 6, -2), 5, 3, 1):
        for row in range(size - 1, -1, -1) if upward else range(size):
            yield row, right
            yield row, right - 1
        upward = not upward


def _penalty(grid: Grid) -> int:
    """What makes a code hard to read: long runs, blocks, what looks like a corner, too much of one colour."""
    size, found = len(grid), 0
    for line in (*grid, *map(list, zip(*grid, strict=True))):
        found += sum(n - 2 for n in (len(list(run)) for _, run in groupby(line)) if n >= 5)
        found += 40 * sum(line[at : at + 11] in _LIKE_A_CORNER for at in range(size - 10))
    for r in range(size - 1):
        for c in range(size - 1):
            found += 3 * (grid[r][c] == grid[r][c + 1] == grid[r + 1][c] == grid[r + 1][c + 1])
    dark = sum(one or 0 for row in grid for one in row)
    return found + 10 * int(abs(dark * 20 - size * size * 10) / (size * size))
