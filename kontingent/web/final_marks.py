"""Completing the closing marks of a graduating class: a grid for one closing of the class or for all of one learner, decisions, courses."""

from __future__ import annotations

import re
from typing import NamedTuple
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_http_methods

from kontingent.achievements.attestation import actions, queries
from kontingent.achievements.attestation.actions import Basis
from kontingent.achievements.attestation.issuers import may_issue
from kontingent.achievements.attestation.queries import MarkRow, MarkSheet, Place
from kontingent.achievements.attestation.queries.marks import Column
from kontingent.achievements.attestation.rules.marks import Slot
from kontingent.codelists import queries as codelists
from kontingent.kernel.errors import InvalidValue, KontingentError, NotAllowed
from kontingent.performance.codes import WHOLE_YEAR
from kontingent.web import autosave
from kontingent.web.autosave import Sent
from kontingent.web.request import actor_of, page, uuid_of

_CELL = re.compile(r"([0-9a-f-]{36})\.(\d{1,2})\.(\w{1,20})\.(\d{1,2})")


class Cell(NamedTuple):
    """One mark of the page: what stands, what is typed, why it was refused; of a mark that cannot be typed, why not."""

    id: str
    label: str
    shown: str
    text: str
    problem: str
    note: str = ""
    is_fixed: bool = False


class Line(NamedTuple):
    """A learner of the class, or a subject of one learner."""

    person_id: UUID
    title: str
    cells: list[Cell]


class Closing(NamedTuple):
    """What a column closes, as the page chooses it."""

    code: str
    title: str
    grade: int
    period_code: str


@require_http_methods(["GET", "POST"])
def of_class(request: HttpRequest, group_id: UUID) -> HttpResponse:
    """The grid; on POST the cells that were changed (to a script as JSON), a decision or a course."""
    actor = actor_of(request)
    act, sent = request.POST.get("act", ""), Sent()
    cells = {name[2:]: key for name in request.POST if name.startswith("v-") and (key := _read(name[2:]))}
    if request.method == "POST":
        if act in {"", "undo"}:
            sent = autosave.keep(
                request,
                cells,
                by=lambda typed: actions.bring(
                    actor=actor, group_id=group_id, cells=typed, basis=_basis(request), is_undo=act == "undo"
                ),
            )
        else:
            try:
                _decide(request, group_id, act)
                return HttpResponseRedirect(request.get_full_path())
            except NotAllowed:
                raise
            except KontingentError as refusal:
                sent = Sent(refusal)
        if autosave.is_script(request):
            return sent.as_json()
    sheet = queries.mark_sheet(actor, group_id)
    answer = page(
        request,
        "attestation/marks.html",
        sheet=sheet,
        group=sheet.group,
        error=sent.error,
        sent=sent,
        values=request.POST,
        act=act,
        refused=[(name, _named(sheet, *cells[name]), text) for name, text in sent.refused.items()],
        sources=codelists.choices("mark_source"),
        source=request.POST.get("source") or "former",
        document=request.POST.get("document", ""),
        draft=f"{actor.code}:marks:{group_id}",
        may_issue=may_issue(actor, sheet.group.organisation),
        **_grid(request, sheet, sent),
    )
    answer.status_code = sent.status
    return answer


def _grid(request: HttpRequest, sheet: MarkSheet, sent: Sent) -> dict[str, object]:
    """Return the grid of one learner where one is asked for, else of one closing of the class."""
    closings = [
        Closing(f"{grade}-{period}", _closing_title(grade, period), grade, period)
        for grade, period in sheet.closings
    ]
    person_id = uuid_of(request.GET.get("person"))
    if person_id is not None:
        former = queries.former_marks(sheet, person_id)
        row = sheet.by_person[person_id]
        lines = [
            Line(row.person_id, one.title, [_cell(row, _slot(one, of), of.title, sent) for of in closings])
            for one in sheet.columns
        ]  # fmt: skip
        decided = [
            (_id(row.person_id, slot), _slot_title(slot), mark)
            for slot, mark in row.journal.items()
            if (slot.grade, slot.period_code) in sheet.closings and not row.at(slot).clashes
        ]
        return {
            "row": row, "lines": lines, "heads": [(one.title, "") for one in closings], "former": former, "overrulable": sorted(decided, key=lambda one: one[1]),
            "clashes": [(place, _id(row.person_id, place.slot), _slot_title(place.slot)) for place in row.clashes],
            "titles": {one.id: _title(one.subject_code, one.title, one.grade, one.period_code) for one in (*former, *row.brought.values(), *row.courses)},
        }  # fmt: skip
    chosen = next((one for one in closings if one.code == request.GET.get("closing")), closings[0])
    everything = request.GET.get("all") == "1"
    columns = sheet.columns if everything else sheet.gaps(chosen.grade, chosen.period_code)
    lines = [
        Line(row.person_id, row.full_name, [_cell(row, _slot(one, chosen), one.title, sent) for one in columns])
        for row in sheet.rows
    ]  # fmt: skip
    return {
        "row": None, "lines": lines, "heads": [(one.title, "нужен в приложении" if one.is_required else "") for one in columns],
        "closings": closings, "chosen": chosen, "everything": everything, "waiting": [one for one in sheet.rows if one.clashes],
    }  # fmt: skip


def _cell(row: MarkRow, slot: Slot, label: str, sent: Sent) -> Cell:
    place, name = row.at(slot), _id(row.person_id, slot)
    if not place.may_be_typed or row.is_issued:
        counted = place.shown if place.is_overruled else place.journal or place.shown
        return Cell(name, label, counted, counted, "", _note(place), is_fixed=True)
    return Cell(
        name, label, place.shown, sent.typed.get(name, place.shown), sent.refused.get(name, ""), _note(place)
    )


def _note(place: Place) -> str:
    if place.brought is None:
        converted = f"переведите {place.journal}" if place.may_be_typed else "журнал"
        return converted if place.journal else ""
    if place.clashes:
        return f"в журнале {place.journal}, внесено {place.brought.value}: решите"
    return f"вместо {place.journal} журнала" if place.is_overruled else ""


def _slot(one: Column, of: Closing) -> Slot:
    return Slot(of.grade, one.subject_code, of.period_code)


def _id(person_id: UUID, slot: Slot) -> str:
    return f"{person_id}.{slot.grade}.{slot.subject_code}.{slot.period_code}"


def _closing_title(grade: int, period_code: str) -> str:
    what = "год" if period_code == WHOLE_YEAR else codelists.title("study_period", period_code)
    return f"{grade} класс, {what}"


def _slot_title(slot: Slot) -> str:
    return f"{codelists.title('subject', slot.subject_code)}, {_closing_title(slot.grade, slot.period_code)}"


def _title(subject_code: str, title: str, grade: int, period_code: str) -> str:
    return title or _slot_title(Slot(grade, subject_code, period_code))


def _named(sheet: MarkSheet, person_id: UUID, slot: Slot) -> str:
    return f"{sheet.by_person[person_id].full_name}, {_slot_title(slot)}"


# -- what was sent -----------------------------------------------------------------------------------


def _read(name: str) -> tuple[UUID, Slot] | None:
    """Read whose and which mark an id of the form speaks of."""
    found = _CELL.fullmatch(name)
    person_id = uuid_of(found.group(1)) if found else None
    if found is None or person_id is None:
        return None
    return person_id, Slot(int(found.group(2)), found.group(3), found.group(4))


def _basis(request: HttpRequest) -> Basis:
    return Basis(source_code=request.POST.get("source", ""), document=request.POST.get("document", ""))


def _decide(request: HttpRequest, group_id: UUID, act: str) -> None:
    """A decision between journal and document, a course, a mark taken back."""
    actor, told = actor_of(request), request.POST
    person_id = uuid_of(request.GET.get("person"))
    if person_id is None:
        raise InvalidValue("attestation.nobody", "Откройте ученика и повторите.")
    reason = told.get("reason", "")
    if act == "overrule":
        cell = _read(told.get("slot", ""))
        if cell is None or cell[0] != person_id:
            raise InvalidValue("attestation.slot", "Выберите, о какой отметке журнала речь.")
        actions.overrule(
            actor=actor, group_id=group_id, person_id=person_id, slot=cell[1], value=told.get("value", ""), basis=_basis(request), reason=reason
        )  # fmt: skip
        messages.success(request, "Записано: считается отметка по документу. Отметка журнала сохранена.")
    elif act == "course":
        actions.bring_course(
            actor=actor, group_id=group_id, person_id=person_id, title=told.get("title", ""), value=told.get("value", ""), basis=_basis(request)
        )  # fmt: skip
        messages.success(request, "Курс внесён в дополнительные сведения.")
    else:
        mark_id = uuid_of(told.get("mark"))
        if mark_id is None:
            raise InvalidValue("attestation.no_such_mark", "Выберите отметку, которую убираете.")
        actions.take_back(actor=actor, group_id=group_id, mark_id=mark_id, reason=reason)
        messages.success(request, "Внесённая отметка убрана; она осталась в прежних записях.")
