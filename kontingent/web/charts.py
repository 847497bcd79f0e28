"""Small drawings for pages: numbers in, coordinates out; templates write them as SVG, and a table always stands beside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

#: Bars: height of one, gap between rows, width of the names, of the longest bar, room for its number.
THICK, GAP, NAMES, LONGEST, NUMBERS = 16, 10, 215, 300, 54
LINE_WIDTH, LINE_HEIGHT = 90, 22

Number = int | Decimal


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a row."""

    y: int
    width: int
    number: Number
    kind: int
    text_x: int
    text_y: int


@dataclass(frozen=True, slots=True)
class Row:
    """A name and its bars."""

    name: str
    text_y: int
    bars: list[Bar]


@dataclass(frozen=True, slots=True)
class Bars:
    """Horizontal bars, one group of them a row."""

    rows: list[Row]
    height: int
    width: int = NAMES + LONGEST + NUMBERS
    left: int = NAMES
    thick: int = THICK


def bars(rows: Sequence[tuple[str, Sequence[Number | None]]], *, top: int) -> Bars:
    """Lay out rows of bars; ``top`` is the number of the longest bar that can be."""
    laid: list[Row] = []
    y = GAP
    for name, numbers in rows:
        found = []
        middle = y + THICK * max(1, len(numbers)) // 2 + 5
        for kind, number in enumerate(numbers):
            width = 0 if number is None else round(LONGEST * min(top, max(0, number)) / top)
            if number is not None:
                found.append(Bar(y, width, number, kind, NAMES + width + 6, y + THICK - 3))
            y += THICK
        laid.append(Row(name, middle, found))
        y += GAP
    return Bars(laid, y)


def line(numbers: Sequence[int], *, top: int) -> str:
    """Return the points of a line through numbers in their order, empty for fewer than two."""
    if len(numbers) < 2:
        return ""
    step = (LINE_WIDTH - 6) / (len(numbers) - 1)
    low = 1 if top <= 5 else 0
    height = LINE_HEIGHT - 6
    return " ".join(
        f"{3 + index * step:.1f},{3 + height * (top - number) / (top - low):.1f}"
        for index, number in enumerate(numbers)
    )
