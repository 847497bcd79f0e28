"""The act of a quarter as PDF."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from kontingent.kernel.printing import pdf_of
from kontingent.trajectory.cases.queries import Quarter

TEMPLATE = Path(__file__).with_name("act.typ")


def act(quarter: Quarter, *, title: str, place: str, on: date, is_demo: bool) -> bytes:
    """Return the PDF: counts by rule, then by name what stands open at the end of the quarter."""
    told = {
        "title": title, "place": place, "on": f"{on:%d.%m.%Y}", "is_demo": is_demo,
        "lines": [[one.title, *map(str, one[1:])] for one in (*quarter.lines, quarter.total)],
        "standing": [
            [
                one.name, f"{one.born:%d.%m.%Y}" if one.born else "", one.title, one.place, one.owner,
                f"{one.case.opened_on:%d.%m.%Y}", f"{one.case.due_on:%d.%m.%Y}",
            ]
            for one in quarter.standing
        ],
    }  # fmt: skip
    return pdf_of(TEMPLATE, told)
