"""Own tables of statistics: choose what to count, cut it, narrow it, save, share, take away."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.views.decorators.http import require_http_methods

from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue, KontingentError
from kontingent.kernel.spreadsheets import csv_of, workbook
from kontingent.reports import own
from kontingent.reports.models import SavedQuestion
from kontingent.reports.own import Answer, Question
from kontingent.reports.rules.vocabulary import SOURCE_TITLES, Source
from kontingent.web.files import saved_as
from kontingent.web.request import actor_of, page, uuid_of

FILTERS = 3


@require_http_methods(["GET", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """The question as a form, its answer as a table below."""
    actor = actor_of(request)
    if request.method == "POST":
        return _keep(request)
    data = _data(request.GET)
    answer, question, error = None, None, None
    try:
        question = own.read(data)
        answer = own.count(actor, question)
        if kind := request.GET.get("file"):
            return _file(question, answer, kind)
    except KontingentError as refusal:
        error = refusal
    source = question.source if question else Source.LEARNERS
    return page(
        request, "reports/own.html", error=error, data=data, question=question, answer=answer, saved=_saved(actor),
        sources=[(one.value, title) for one, title in SOURCE_TITLES.items()], source=source, cuts=own.cuts(source),
        filters=own.filters(source), places=_places(data), query=urlencode(_query(request.GET)), code=actor.code,
        lines=zip(answer.rows, answer.numbers, answer.row_totals, strict=True) if answer else (), today=clock.today(),
    )  # fmt: skip


def _saved(actor: Actor) -> list[SavedQuestion]:
    found = list(own.saved(actor))
    for one in found:
        one.address = address_of(one.question)  # type: ignore[attr-defined]
    return found


def _data(asked: QueryDict) -> dict[str, Any]:
    where = [(asked.get(f"fact{n}", ""), asked.get(f"value{n}", "")) for n in range(FILTERS)]
    return {name: asked.get(name, "") for name in ("source", "rows", "columns", "on", "since")} | {
        "where": [one for one in where if one[0]]
    }


def _places(data: dict[str, Any]) -> list[tuple[int, str, str]]:
    """Places of the conditions: number, fact, value."""
    given = [*data["where"], *[("", "")] * FILTERS][:FILTERS]
    return [(number, fact, value) for number, (fact, value) in enumerate(given)]


def _query(asked: QueryDict) -> dict[str, str]:
    return {name: str(value) for name, value in asked.items() if value and name != "file"}


def _keep(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    if removed := uuid_of(request.POST.get("remove")):
        own.remove(actor=actor, question_id=removed)
        messages.success(request, "Запрос удалён.")
        return HttpResponseRedirect("/reports/own/")
    asked = QueryDict(request.POST.get("query", ""))
    question = own.read(_data(asked))
    kept = own.save(
        actor=actor,
        name=request.POST.get("name", ""),
        question=question,
        is_shared=request.POST.get("shared") == "on",
    )
    messages.success(request, f"Запрос «{kept.name}» сохранён.")
    return HttpResponseRedirect(f"/reports/own/?{address_of(question.data())}")


def address_of(data: dict[str, Any]) -> str:
    """Return the query string that asks a stored question again."""
    query = {name: data[name] for name in ("source", "rows", "columns", "on", "since")}
    for number, (fact, value) in enumerate(data["where"]):
        query |= {f"fact{number}": fact, f"value{number}": value}
    return urlencode(query)


def _file(question: Question, answer: Answer, kind: str) -> HttpResponse:
    heads = [dict(own.cuts(question.source)).get(question.rows, ""), *answer.columns, "Всего"]
    lines = [
        [title, *("менее 5" if one is None else one for one in numbers), "скрыто" if total is None else total]
        for title, numbers, total in zip(answer.rows, answer.numbers, answer.row_totals, strict=True)
    ]
    if kind == "csv":
        content = csv_of([heads, *lines])
    elif kind == "xlsx":
        content = _workbook(question, answer, heads, lines)
    else:
        raise InvalidValue("own.file", "Таблица выгружается в Excel и CSV. Выберите один из них.")
    return saved_as(content, f"table-{question.on}.{kind}")


def _workbook(question: Question, answer: Answer, heads: list[str], lines: list[list[Any]]) -> bytes:
    output = BytesIO()
    book = workbook(output)
    sheet, bold = book.add_worksheet("Таблица"), book.add_format({"bold": True})
    sheet.write_string(
        0, 0, f"{SOURCE_TITLES[question.source].capitalize()}, {question.on:%d.%m.%Y}. {answer.rule}"
    )
    for row, line in enumerate([heads, *lines], start=2):
        for column, value in enumerate(line):
            if isinstance(value, int):
                sheet.write_number(row, column, value)
            else:
                sheet.write_string(row, column, str(value), bold if row == 2 else None)
    sheet.set_column(0, 0, 40)
    sheet.freeze_panes(3, 1)
    book.close()
    return output.getvalue()
