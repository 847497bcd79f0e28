"""What the journal of reads costs a page that shows people: the product beside itself with the journal off, in turn."""

from __future__ import annotations

from collections.abc import Iterator

from bench import installation, pages
from bench.measure import Result, interleaved

REPEAT = 150
#: The list of a school of 500 is the one that the bound is set for: its row holds an id for each pupil.
PAGES = ("school_list", "card", "class_list", "search")


def run(size: str) -> Iterator[Result]:
    """Measure each page on both servers; the first line is the list of a school."""
    with (
        installation.served() as (product, _),
        installation.served(application="bench.unjournaled:application") as (floor, _),
    ):
        for name in PAGES:
            ours, raw = interleaved(pages.PAGES[name](product)[0], pages.PAGES[name](floor)[0], repeat=REPEAT)
            ratio = ours.p50 / raw.p50
            yield Result(
                "journal_overhead" if name == PAGES[0] else f"journal_overhead_{name}",
                size,
                (ratio - 1) * 100,
                "% over the page unjournaled",
                raw.p50,
                ratio,
                ours.p50,
                ours.p95,
            )
