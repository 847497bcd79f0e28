"""Code lists: which there are, their values, editions and external codes."""

from django.http import HttpRequest, HttpResponse

from kontingent.codelists import queries as codelists
from kontingent.web.request import page


def index(request: HttpRequest) -> HttpResponse:
    """Every list."""
    return page(request, "codelists/index.html", lists=codelists.lists())


def one(request: HttpRequest, code: str) -> HttpResponse:
    """One list with its values."""
    text = request.GET.get("text", "")
    values = list(codelists.values_of(code, text)[:1000])
    counterparts = sorted({name for value in values for name in value.external})
    return page(
        request,
        "codelists/one.html",
        list=codelists.one_list(code),
        values=values,
        counterparts=counterparts,
        text=text,
    )
