"""``python -m bench --size M --only search``: measure, print, write ``bench/out``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from bench import installation
from bench.measure import Result

IMPORTS = {"import", "import_apply", "import_undo"}


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="S", choices=["XS", "S", "M", "L"])
    parser.add_argument("--only")
    parser.add_argument("--seconds", type=int, default=30, help="how long the mixed load lasts")
    parser.add_argument("--clients", type=int, default=16, help="how many ask at once in the mixed load")
    arguments = parser.parse_args()
    with installation.of_size(arguments.size):
        print(f"{'name':14} {'figure':>12} {'unit':28} {'floor':>12} {'ratio':>8} {'p95 ms':>8} {'MB':>7}")
        for result in _results(arguments):
            result.save()
            print(
                f"{result.name:14} {result.figure:12.2f} {result.unit:28} {result.floor or 0:12.2f} {result.ratio or 0:8.3f} "
                f"{result.p95_ms or 0:8.2f} {result.rss_mb or 0:7.1f}",
                flush=True,
            )


def _results(arguments: argparse.Namespace) -> Iterator[Result]:
    from bench import (
        diary,
        duplicates,
        imports,
        marks,
        matching,
        mixed,
        oneroster,
        pages,
        reads,
        rls,
    )

    size, only = arguments.size, arguments.only
    if only is None or only in pages.PAGES:
        with installation.served() as (site, server):
            yield from pages.run(size, site, server, only)
    if only in (None, "rls_overhead"):
        yield from rls.run(size)
    if only in (None, "journal_overhead"):
        yield from reads.run(size)
    if only in (None, "mixed"):
        yield from mixed.run(size, seconds=arguments.seconds, clients=arguments.clients)
    if only is None or only in marks.NAMES:
        with installation.served() as (site, server):
            yield from marks.run(size, site, server)
    if only is None or only in diary.NAMES:
        with installation.served() as (site, server):
            yield from diary.run(size, site, server, only)
    if only is None or only in oneroster.NAMES or only == "oneroster":
        with installation.served() as (site, server):
            yield from oneroster.run(size, site, server, None if only == "oneroster" else only)
    yield from _asked(size, only)
    for name, room in (("match_online", matching), ("duplicates", duplicates)):
        if only in (None, name):
            yield from room.run(size)
    yield from _sets(size, only)
    if only is None or only in IMPORTS:
        yield from imports.run(size)


def _asked(size: str, only: str | None) -> Iterator[Result]:
    """Measure what is asked of the register without a web server."""
    from bench import completeness, flows, forms

    for questions in (forms, flows, completeness):
        if only is None or only in questions.NAMES:
            yield from questions.run(size, only)


def _sets(size: str, only: str | None) -> Iterator[Result]:
    """What goes over whole sets of rows within the database."""
    from bench import attestation, cases, contests, feed

    for one in (attestation, contests, cases, feed):
        if only is None or only in one.NAMES:
            yield from one.run(size)


if __name__ == "__main__":
    main()
