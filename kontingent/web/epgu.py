"""The services of ЕПГУ, for those who watch over them."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from kontingent.exchange.epgu import queries
from kontingent.exchange.epgu.codes import REFUSAL_TOLD, SMEV_REASON, Refusal
from kontingent.web.request import actor_of, page


def index(request: HttpRequest) -> HttpResponse:
    """Show how many asked, how long it took, who was refused and why."""
    found = queries.overview(actor_of(request))
    refusals = [
        (code, SMEV_REASON[Refusal(code)], REFUSAL_TOLD[Refusal(code)], number)
        for code, number in found.refusals
    ]
    return page(request, "epgu/index.html", found=found, refusals=refusals, shown_days=queries.SHOWN_DAYS)
