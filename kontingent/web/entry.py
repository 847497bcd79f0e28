"""The cards of a class in a grid: typed or pasted from a spreadsheet, kept cell by cell, the last change taken back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from kontingent.enrolment import actions
from kontingent.enrolment.queries.cards import CardRow, class_cards
from kontingent.enrolment.rules import cards
from kontingent.enrolment.rules.cards import CardField
from kontingent.kernel import clock
from kontingent.web import autosave
from kontingent.web.autosave import Sent
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
    is_undo = request.POST.get("act") == "undo"
    basis = request.POST.get("basis", "") if request.method == "POST" and not is_undo else BASIS
    sent = Sent()
    if request.method == "POST":
        sent = autosave.keep(
            request,
            {_id(row.person_id, code): (row.person_id, code) for row in rows for code in cards.BY_CODE},
            by=lambda typed: actions.fill_cards(
                actor=actor, group_id=group_id, cells=typed, basis=UNDO if is_undo else basis, on=today
            ),
            can_be_undone=lambda code: cards.BY_CODE[code].can_be_undone,
        )
        if autosave.is_script(request):
            return sent.as_json()
        if sent.saved:
            _, rows = class_cards(actor, group_id, today)
    answer = page(
        request, "entry/class.html", group=group, on=today, fields=cards.FIELDS, basis=basis, error=sent.error, sent=sent,
        lines=_lines(rows, sent), refused=_by_name(rows, sent), draft=f"{actor.code}:{group_id}",
    )  # fmt: skip
    answer.status_code = sent.status
    return answer


def _id(person_id: UUID, code: str) -> str:
    return f"{person_id}-{code}"


def _lines(rows: Iterable[CardRow], sent: Sent) -> list[Line]:
    """Return the grid; a refused cell keeps what was typed beside what stands now."""
    return [
        Line(
            row.person_id,
            row.full_name,
            [
                Cell(
                    name := _id(row.person_id, one.code), one, row.values[one.code], sent.typed.get(name, row.values[one.code]),
                    sent.refused.get(name, ""),
                )
                for one in cards.FIELDS
            ],
        )
        for row in rows
    ]  # fmt: skip


def _by_name(rows: Iterable[CardRow], sent: Sent) -> list[tuple[str, str, str]]:
    return [
        (name, f"{row.full_name}, {one.title}", text)
        for row in rows
        for one in cards.FIELDS
        if (text := sent.refused.get(name := _id(row.person_id, one.code)))
    ]
