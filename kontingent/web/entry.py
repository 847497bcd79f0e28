"""The cards of a class in a grid: typed or pasted from a spreadsheet, kept cell by cell, the last change taken back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_http_methods

from kontingent.enrolment import actions
from kontingent.enrolment.actions import CardCell, Filled
from kontingent.enrolment.queries.cards import CardRow, class_cards
from kontingent.enrolment.rules import cards
from kontingent.enrolment.rules.cards import CardField
from kontingent.kernel import clock
from kontingent.kernel.errors import KontingentError, NotAllowed
from kontingent.web.request import actor_of, page

BASIS = "Документы, представленные в организацию"
UNDO = "Отмена последней записи в таблице класса"


class Cell(NamedTuple):
    """One value in the page: what stands, what is typed, why it was refused."""

    id: str
    field: CardField
    shown: str
    text: str
    problem: str


class Back(NamedTuple):
    """A cell the last change of which can be taken back."""

    id: str
    shown: str
    typed: str


class Line(NamedTuple):
    """A learner of the grid."""

    person_id: UUID
    name: str
    cells: list[Cell]


@require_http_methods(["GET", "POST"])
def of_class(request: HttpRequest, group_id: UUID) -> HttpResponse:
    """The grid of a class; on POST the cells that were changed, to a script as JSON."""
    actor, today = actor_of(request), clock.today()
    group, rows = class_cards(actor, group_id, today)
    error: KontingentError | None = None
    done = Filled()
    is_undo = request.POST.get("act") == "undo"
    basis = request.POST.get("basis", "") if request.method == "POST" and not is_undo else BASIS
    if request.method == "POST":
        try:
            done = actions.fill_cards(
                actor=actor, group_id=group_id, cells=_typed(request, rows), basis=UNDO if is_undo else basis, on=today
            )  # fmt: skip
        except NotAllowed:
            raise
        except KontingentError as refusal:
            error = refusal
        if request.headers.get("Accept") == "application/json":
            return _told(done, error)
        if done.saved:
            _, rows = class_cards(actor, group_id, today)
    kept = {_id(*key): request.POST.get(f"v-{_id(*key)}", "") for key in done.refused}
    if error is not None:
        kept = {_id(one.person_id, one.field): one.typed for one in _typed(request, rows)}
    answer = page(
        request, "entry/class.html", group=group, on=today, fields=cards.FIELDS, basis=basis, error=error, lines=_lines(rows, done, kept),
        saved=len(done.saved), refused=_by_name(rows, done), is_undo=is_undo, draft=f"{actor.code}:{group_id}", back=[] if is_undo else list(_back(done)),
    )  # fmt: skip
    answer.status_code = 422 if error or done.refused else 200
    return answer


def _id(person_id: UUID, code: str) -> str:
    return f"{person_id}-{code}"


def _typed(request: HttpRequest, rows: Iterable[CardRow]) -> list[CardCell]:
    """Return the cells that differ from what the page showed."""
    found = []
    for row in rows:
        for code in cards.BY_CODE:
            name = _id(row.person_id, code)
            text, shown = request.POST.get(f"v-{name}"), request.POST.get(f"s-{name}", "")
            if text is not None and cards.changed(shown, text):
                found.append(CardCell(row.person_id, code, shown, text))
    return found


def _lines(rows: Iterable[CardRow], done: Filled, kept: Mapping[str, str]) -> list[Line]:
    """Return the grid; a refused cell keeps what was typed beside what stands now."""
    return [
        Line(
            row.person_id,
            row.full_name,
            [
                Cell(
                    name := _id(row.person_id, one.code), one, row.values[one.code], kept.get(name, row.values[one.code]),
                    done.refused.get((row.person_id, one.code), ""),
                )
                for one in cards.FIELDS
            ],
        )
        for row in rows
    ]  # fmt: skip


def _by_name(rows: Iterable[CardRow], done: Filled) -> list[tuple[str, str, str]]:
    return [
        (_id(row.person_id, code), f"{row.full_name}, {cards.BY_CODE[code].title}", text)
        for row in rows
        for code in cards.BY_CODE
        if (text := done.refused.get((row.person_id, code)))
    ]


def _back(done: Filled) -> Iterable[Back]:
    for (person_id, code), (before, after) in done.saved.items():
        if cards.BY_CODE[code].can_be_undone:
            yield Back(_id(person_id, code), after, before)


def _told(done: Filled, error: KontingentError | None) -> JsonResponse:
    saved = {_id(*key): {"before": before, "now": now, "back": cards.BY_CODE[key[1]].can_be_undone} for key, (before, now) in done.saved.items()}  # fmt: skip
    refused = {_id(*key): text for key, text in done.refused.items()}
    return JsonResponse(
        {"saved": saved, "refused": refused, "error": error.message if error else ""},
        status=422 if error or refused else 200,
    )
