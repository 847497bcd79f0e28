"""The region at a glance: a square for each municipality, placed as on the map, the table beside, the contingent by year."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.formats import localize
from django.views.decorators.http import require_GET

from kontingent.codelists import queries as codelists
from kontingent.organisations import queries as organisations
from kontingent.reports import indicators
from kontingent.web.charts import Tile
from kontingent.web.request import actor_of, day, page
from kontingent.web.templatetags.kontingent import number as spaced

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
    counted = {(one.level, one.year): one.number for one in indicators.by_level_and_year(actor, on)}
    levels, years = sorted({level for level, _ in counted}), sorted({year for _, year in counted})
    return page(
        request, "reports/region.html", on=on, shown=shown, choices=indicators.INDICATORS.values(),
        tiles=[
            Tile(
                one.name, *tiles[one.code], shade, _told(one.values[shown.code], shown.unit),
                f"/contingent/?municipality={one.id}&by=organisation&on={on}",
            )
            for one, shade in zip(places, shades, strict=True) if one.code in tiles
        ],
        rows=[(one, [one.values[code] for code in indicators.INDICATORS]) for one in places],
        bars=_bars(counted, levels, years), years=years, width=(BAR + GAP) * max(1, len(years)) + GAP, height=TALL + 44,
        levels=[
            (level, codelists.title("education_programme", level), [counted.get((level, year), 0) for year in years])
            for level in levels
        ],
    )  # fmt: skip


def _told(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    return str(localize(value)) if unit else spaced(value)


def _bars(counted: dict[tuple[str, int], int], levels: list[str], years: list[int]) -> list[dict[str, Any]]:
    """Bars of the drawing: a year each, the levels on top of one another."""
    totals = {year: sum(counted.get((level, year), 0) for level in levels) for year in years}
    most = max(totals.values(), default=0) or 1
    bars = []
    for index, year in enumerate(years):
        top, left, parts = TALL + 20, GAP + index * (BAR + GAP), []
        for number, level in enumerate(levels):
            height = round(TALL * counted.get((level, year), 0) / most)
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
