"""Health: one learner, terms of a school, a class in a grid. Every page here is a reading of its own in the journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kontingent.codelists import queries as codelists
from kontingent.enrolment import queries as enrolment
from kontingent.health import actions, queries, rules
from kontingent.health.codes import Kind
from kontingent.health.permissions import HealthPermission
from kontingent.health.rules import SHAPES, Details, Record, RowsRefused, Shape
from kontingent.kernel import clock
from kontingent.kernel.errors import InvalidValue, KontingentError, NotAllowed
from kontingent.stages import queries as stages
from kontingent.web.request import actor_of, optional_day, own_organisation, page

#: What a doctor says of a whole class after an examination.
GRID = (Kind.HEALTH_GROUP, Kind.PHYSICAL_GROUP)


@require_http_methods(["GET", "POST"])
def of_learner(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """What is known of a learner's health; on POST enter a record."""
    actor = actor_of(request)
    actor.require(HealthPermission.VIEW)
    shape = SHAPES[_kind(request.POST.get("kind") or request.GET.get("kind") or "")]
    error: KontingentError | None = None
    if request.method == "POST":
        try:
            actions.record(
                actor=actor, organisation_id=own_organisation(request), person_id=person_id, entered=_typed(request, shape)
            )  # fmt: skip
            messages.success(request, "Записано.")
            return HttpResponseRedirect(f"/learners/{person_id}/health/")
        except NotAllowed:
            raise
        except KontingentError as refusal:
            error = refusal
    shown = queries.of_person(actor, person_id)
    gate, today = stages.gate_for(actor), clock.today()
    answer = page(
        request,
        "health/learner.html",
        person=enrolment.person(actor, person_id, what="сведения о здоровье"),
        now=[one for one in shown if one.record.ends_on is None or one.record.ends_on > today],
        former=[one for one in shown if one.record.ends_on is not None and one.record.ends_on <= today],
        shapes=[one for one in SHAPES.values() if gate.allows(one.kind)],
        shape=shape,
        choices=_choices(shape),
        more=[(column, title, codelists.choices(name), request.POST.get(column, "")) for column, name, title in shape.more],
        may_edit=actor.may(HealthPermission.EDIT),
        values=request.POST,
        error=error,
        today=today,
    )  # fmt: skip
    answer.status_code = 422 if error else 200
    return answer


def _kind(text: str) -> Kind:
    try:
        return Kind(text)
    except ValueError:
        return Kind.HEALTH_GROUP


def _choices(shape: Shape) -> list[tuple[str, str]]:
    found = codelists.choices(shape.code_list)
    return [one for one in found if one[0] != "1"] if shape.kind is Kind.ADAPTED_PROGRAMME else found


def _typed(request: HttpRequest, shape: Shape) -> Record:
    told = {column: request.POST.get(column, "").strip() for column, _, _ in shape.more}
    starts_on = optional_day(request.POST.get("starts_on", ""), "С какого дня")
    if starts_on is None:
        raise InvalidValue("health.record", f"{shape.title}: укажите, с какого дня.", field="starts_on")
    return Record(
        shape.kind, request.POST.get("code", "").strip(), starts_on,
        optional_day(request.POST.get("ends_on", ""), "По какой день"),
        details=Details(*(request.POST.get(name, "").strip() for name in ("document", "issuer", "note"))), **told,
    )  # fmt: skip


@require_POST
def end(request: HttpRequest, person_id: UUID, record_id: UUID) -> HttpResponse:
    """End a record on a day, or withdraw it as a mistake."""
    actor = actor_of(request)
    if request.POST.get("act") == "withdraw":
        actions.withdraw(actor=actor, record_id=record_id, person_id=person_id)
    else:
        day = optional_day(request.POST.get("ends_on", ""), "По какой день") or clock.today()
        actions.end(actor=actor, record_id=record_id, person_id=person_id, ends_on=day)
    messages.success(request, "Записано.")
    return HttpResponseRedirect(f"/learners/{person_id}/health/")


@require_GET
def terms(request: HttpRequest) -> HttpResponse:
    """Whose terms end soon or have ended."""
    actor = actor_of(request)
    actor.require(HealthPermission.VIEW)
    return page(
        request, "health/terms.html", rows=queries.ending(actor, own_organisation(request)), days=rules.WARN_DAYS,
        today=clock.today(),
    )  # fmt: skip


# -- a class ---------------------------------------------------------------------------------------


class Cell(NamedTuple):
    """One value in the page; ``shown`` is what it was when the page was made."""

    name: str
    title: str
    list_id: str
    text: str
    shown: str
    problem: str = ""


@dataclass(slots=True)
class Row:
    """One learner of the grid."""

    person_id: UUID
    name: str
    cells: list[Cell] = field(default_factory=list)


@require_http_methods(["GET", "POST"])
def of_class(request: HttpRequest, group_id: UUID) -> HttpResponse:
    """The health and physical-culture groups of a class in a grid: typed, pasted, saved at once."""
    actor = actor_of(request)
    since = (
        optional_day(request.POST.get("since", "") or request.GET.get("since", ""), "С какого дня")
        or clock.today()
    )
    known = queries.of_class(actor, group_id, since, GRID)
    rows = [
        Row(
            learner.person_id,
            learner.full_name,
            [_cell(learner.person_id, kind, found[kind].code if kind in found else "") for kind in GRID],
        )
        for learner, found in known
    ]
    group = enrolment.group(actor, group_id)
    error: KontingentError | None = None
    if request.method == "POST":
        births = {learner.person_id: learner.birth_date for learner, _ in known}
        try:
            entered = _changed(request, rows, births, since)
            if entered:
                actions.record_many(actor=actor, organisation_id=group.organisation_id, entered=entered)
            messages.success(request, f"Записано значений: {len(entered)}." if entered else "Изменений нет.")
            return HttpResponseRedirect(f"/groups/{group_id}/health/?since={since}")
        except NotAllowed:
            raise
        except KontingentError as refusal:
            error = refusal
            _keep(request, rows, getattr(refusal, "problems", {}))
    answer = page(
        request,
        "health/class.html",
        group=group,
        since=since,
        rows=rows,
        columns=[(SHAPES[kind].title, f"values-{kind}", [title for _, title in codelists.choices(SHAPES[kind].code_list)]) for kind in GRID],
        may_edit=actor.may(HealthPermission.EDIT),
        error=error,
    )  # fmt: skip
    answer.status_code = 422 if error else 200
    return answer


def _cell(person_id: UUID, kind: Kind, code: str) -> Cell:
    shape = SHAPES[kind]
    text = codelists.title(shape.code_list, code)
    return Cell(f"{kind}-{person_id}", shape.title, f"values-{kind}", text, text)


def _changed(
    request: HttpRequest, rows: list[Row], births: Mapping[UUID, date], since: date
) -> list[tuple[UUID, Record]]:
    """Return what differs from what the page showed; refuse what cannot be read and what another has changed meanwhile."""
    entered: list[tuple[UUID, Record]] = []
    problems: dict[UUID, dict[str, str]] = {}
    for row in rows:
        for kind, cell in zip(GRID, row.cells, strict=True):
            text = request.POST.get(cell.name, cell.text).strip()
            before = request.POST.get(f"shown-{cell.name}", cell.shown)
            if text == before:
                continue
            code = codelists.find(SHAPES[kind].code_list, text) if text else None
            if before != cell.shown:
                problem = "Пока вы вводили, значение изменил другой. Проверьте и введите снова."
            elif not text:
                problem = "Пустое не стирает: запись завершают или отзывают в карточке ученика."
            elif code is None:
                problem = "Такого значения нет в списке. Выберите из подсказки."
            else:
                entered.append(
                    (
                        row.person_id,
                        Record(kind, rules.for_age(kind, code, births[row.person_id], since), since),
                    )
                )
                continue
            problems.setdefault(row.person_id, {})[kind] = problem
    if problems:
        raise RowsRefused(problems)
    return entered


def _keep(request: HttpRequest, rows: list[Row], problems: Mapping[UUID, Mapping[str, str]]) -> None:
    """Show the grid as it was sent, the wrong cells marked."""
    for row in rows:
        row.cells = [
            cell._replace(
                text=request.POST.get(cell.name, cell.text),
                problem=problems.get(row.person_id, {}).get(kind, ""),
            )
            for kind, cell in zip(GRID, row.cells, strict=True)
        ]
