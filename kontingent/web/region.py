"""The region at a glance: a square for each municipality, placed as on the map, the table beside, the contingent by year."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from kontingent.codelists import queries as codelists
from kontingent.organisations import queries as organisations
from kontingent.reports import indicators
from kontingent.reports.indicators import LevelYear
from kontingent.web.request import actor_of, day, page

#: The drawing of years: width of a bar, of the gap, height of the tallest.
BAR, GAP, TALL = 64, 28, 160


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Tiles, table, years."""
    actor, on = actor_of(request), day(request)
    shown = indicators.indicator(request.GET.get("show") or "learners")
    places = indicators.by_municipality(actor, on)
    tiles = organisations.tiles()
    shades = indicators.shades([one.values[shown.code] for one in places])
    years = indicators.by_level_and_year(actor, on)
    return page(
        request, "reports/region.html", on=on, shown=shown, choices=indicators.INDICATORS.values(),
        tiles=[(one, *tiles[one.code], shade, one.values[shown.code]) for one, shade in zip(places, shades, strict=True) if one.code in tiles],
        rows=[(one, [one.values[code] for code in indicators.INDICATORS]) for one in places],
        bars=_bars(years), levels=_levels(years), years=sorted({one.year for one in years}),
        width=(BAR + GAP) * max(1, len({one.year for one in years})) + GAP, height=TALL + 44,
    )  # fmt: skip


def _levels(years: list[LevelYear]) -> list[tuple[str, str, list[int]]]:
    """Rows of the table of years: level, title, numbers."""
    known = sorted({one.year for one in years})
    numbers = {(one.level, one.year): one.number for one in years}
    return [
        (
            level,
            codelists.title("education_programme", level),
            [numbers.get((level, year), 0) for year in known],
        )
        for level in sorted({one.level for one in years})
    ]


def _bars(years: list[LevelYear]) -> list[dict[str, Any]]:
    """Bars of the drawing: a year each, the levels on top of one another."""
    known, levels = sorted({one.year for one in years}), sorted({one.level for one in years})
    totals = {year: sum(one.number for one in years if one.year == year) for year in known}
    most = max(totals.values(), default=0) or 1
    bars = []
    for index, year in enumerate(known):
        top, left, parts = TALL + 20, GAP + index * (BAR + GAP), []
        for number, level in enumerate(levels):
            count = sum(one.number for one in years if (one.year, one.level) == (year, level))
            height = round(TALL * count / most)
            top -= height
            parts.append({"y": top, "height": height, "kind": number % 8})
        bars.append(
            {
                "x": left,
                "year": year,
                "total": totals[year],
                "top": top - 4,
                "middle": left + BAR // 2,
                "parts": parts,
            }
        )
    return bars
