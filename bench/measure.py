"""Timing, and the shape of a result.

Machines are noisy, so a figure is never alone: its floor (the same work as raw SQL or raw COPY) is measured in
turn with it, and the ratio is what is compared between runs.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

OUT = Path(__file__).parent / "out"


@dataclass(slots=True)
class Result:
    """One line of the table; what does not apply is None."""

    name: str
    size: str
    figure: float
    unit: str
    floor: float | None = None
    ratio: float | None = None
    p50_ms: float | None = None
    p95_ms: float | None = None
    rss_mb: float | None = None

    def save(self) -> None:
        """Write ``bench/out/<name>.<size>.json``."""
        OUT.mkdir(exist_ok=True)
        facts = {
            key: round(value, 3) if isinstance(value, float) else value for key, value in asdict(self).items()
        }
        path = OUT / f"{self.name}.{self.size}.json"
        path.write_text(json.dumps(facts, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of repeated calls."""

    p50: float
    p95: float


def milliseconds(call: Callable[[int], object], *, repeat: int, warm_up: int = 5) -> Times:
    """Time ``call(i)`` after a warm-up; ``i`` lets each call take other arguments."""
    for index in range(warm_up):
        call(index)
    taken = []
    for index in range(repeat):
        start = time.perf_counter()
        call(warm_up + index)
        taken.append((time.perf_counter() - start) * 1000)
    taken.sort()
    return Times(p50=statistics.median(taken), p95=taken[int(len(taken) * 0.95) - 1])


def interleaved(
    ours: Callable[[int], object], floor: Callable[[int], object], *, repeat: int, warm_up: int = 5
) -> tuple[Times, Times]:
    """Time both in turns within one stretch, so that noise of the machine falls on both."""
    for index in range(warm_up):
        ours(index)
        floor(index)
    first: list[float] = []
    second: list[float] = []
    for index in range(warm_up, warm_up + repeat):
        for call, taken in ((ours, first), (floor, second)):
            start = time.perf_counter()
            call(index)
            taken.append((time.perf_counter() - start) * 1000)
    first.sort()
    second.sort()
    last = int(repeat * 0.95) - 1
    return Times(statistics.median(first), first[last]), Times(statistics.median(second), second[last])


def page_result(name: str, size: str, page: Times, floor: Times, *, rss_mb: float | None = None) -> Result:
    """Make the line of a page: its p50, the floor's p50 in the database, their ratio."""
    return Result(
        name, size, figure=page.p50, unit="ms", floor=floor.p50, ratio=page.p50 / floor.p50,
        p50_ms=page.p50, p95_ms=page.p95, rss_mb=rss_mb,
    )  # fmt: skip
