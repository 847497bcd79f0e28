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
from kontingent.health.models import HealthRecord
from kontingent.health.permissions import HealthPermission
from kontingent.health.rules import SHAPES, Details, Record, RowsRefused, Shape
from kontingent.kernel import clock
from kontingent.kernel.errors import InvalidValue, KontingentError, NotAllowed
from kontingent.stages import queries as stages
from kontingent.web.request import actor_of, optional_day, own_organisation, page


class Column(NamedTuple):
    """A column of the grid: a part of a record of a kind, chosen from a code list, or a date or a text."""

    kind: Kind
    title: str
    #: code, variant, document, until
    part: str = "code"
    code_list: str = ""

    @property
    def name(self) -> str:
        """What its cells are called by."""
        return self.kind.value if self.part == "code" else f"{self.kind}_{self.part}"


def _columns(kind: Kind, *more: tuple[str, str, str]) -> tuple[Column, ...]:
    shape = SHAPES[kind]
    return (Column(kind, shape.title, "code", shape.code_list), *(Column(kind, *one) for one in more))


#: What is filled in for a whole class: what a doctor says of it after an examination, what bureaus and commissions conclude.
SHEETS: dict[str, tuple[str, tuple[Column, ...]]] = {
    "groups": ("Группы здоровья", (*_columns(Kind.HEALTH_GROUP), *_columns(Kind.PHYSICAL_GROUP))),
    "needs": (
        "Инвалидность и заключения ПМПК",
        (
            *_columns(Kind.DISABILITY, ("Справка МСЭ", "document", ""), ("Инвалидность до", "until", "")),
            *_columns(
                Kind.ADAPTED_PROGRAMME, ("Вариант", "variant", "adaptation_variant"), ("Заключение ПМПК", "document", ""), ("Заключение до", "until", ""),
            ),
        ),
    ),
}  # fmt: skip


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
    return page(
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
    """One value in the page; ``shown`` is what it was when the page was made. A text is never shown: ``hint`` says that it is there."""

    name: str
    title: str
    list_id: str
    text: str
    shown: str
    hint: str = ""
    problem: str = ""


@dataclass(slots=True)
class Row:
    """One learner of the grid."""

    person_id: UUID
    name: str
    born: date
    cells: dict[Column, Cell] = field(default_factory=dict)


@require_http_methods(["GET", "POST"])
def of_class(request: HttpRequest, group_id: UUID) -> HttpResponse:
    """What is known of the health of a class in a grid: typed, pasted, saved at once. Nothing typed is kept in the browser."""
    actor = actor_of(request)
    asked = request.POST if request.method == "POST" else request.GET
    sheet = asked.get("sheet", "") if asked.get("sheet", "") in SHEETS else "groups"
    title, columns = SHEETS[sheet]
    since = optional_day(asked.get("since", ""), "С какого дня") or clock.today()
    known = queries.of_class(actor, group_id, since, list(dict.fromkeys(one.kind for one in columns)))
    rows = [
        Row(
            learner.person_id, learner.full_name, learner.birth_date,
            {one: _cell(one, learner.person_id, learner.full_name, found.get(one.kind)) for one in columns},
        )
        for learner, found in known
    ]  # fmt: skip
    group = enrolment.group(actor, group_id)
    error: KontingentError | None = None
    if request.method == "POST":
        try:
            entered = _changed(request, rows, since)
            if entered:
                actions.record_many(actor=actor, organisation_id=group.organisation_id, entered=entered)
            messages.success(request, f"Записано значений: {len(entered)}." if entered else "Изменений нет.")
            return HttpResponseRedirect(f"/groups/{group_id}/health/?sheet={sheet}&since={since}")
        except NotAllowed:
            raise
        except KontingentError as refusal:
            error = refusal
            _keep(request, rows, getattr(refusal, "problems", {}))
    return page(
        request,
        "health/class.html",
        group=group,
        title=title,
        sheet=sheet,
        sheets=[(code, name) for code, (name, _) in SHEETS.items()],
        since=since,
        rows=rows,
        columns=[(one, _offered(one)) for one in columns],
        may_edit=actor.may(HealthPermission.EDIT),
        error=error,
    )  # fmt: skip


def _offered(column: Column) -> list[str]:
    if column.part == "code":
        return [title for _, title in _choices(SHAPES[column.kind])]
    return [title for _, title in codelists.choices(column.code_list)] if column.code_list else []


def _cell(column: Column, person_id: UUID, name: str, record: HealthRecord | None) -> Cell:
    text, hint = "", ""
    if record is not None:
        match column.part:
            case "code":
                text = codelists.title(column.code_list, record.code)
            case "variant":
                text = codelists.title(column.code_list, record.variant_code) if record.variant_code else ""
            case "until":
                text = f"{record.ends_on:%d.%m.%Y}" if record.ends_on else ""
            case _:
                hint = "записан" if record.key_id else ""
    list_id = f"values-{column.name}" if column.code_list else ""
    return Cell(f"{column.name}-{person_id}", f"{column.title}: {name}", list_id, text, text, hint)


def _changed(request: HttpRequest, rows: list[Row], since: date) -> list[tuple[UUID, Record]]:
    """Return what differs from what the page showed; refuse what cannot be read and what another has changed meanwhile."""
    entered: list[tuple[UUID, Record]] = []
    problems: dict[UUID, dict[str, str]] = {}
    for row in rows:
        for kind in dict.fromkeys(column.kind for column in row.cells):
            cells = {column: cell for column, cell in row.cells.items() if column.kind is kind}
            try:
                if record := _record(request, kind, cells, row.born, since):
                    entered.append((row.person_id, record))
            except InvalidValue as refusal:
                problems.setdefault(row.person_id, {})[kind] = refusal.message
    if problems:
        raise RowsRefused(problems)
    return entered


def _record(
    request: HttpRequest, kind: Kind, cells: Mapping[Column, Cell], born: date, since: date
) -> Record | None:
    """Return what was typed of a kind as a record that takes the place of the former from the day on; None where nothing was."""
    typed = {column.part: request.POST.get(cell.name, cell.text).strip() for column, cell in cells.items()}
    before = {
        column.part: request.POST.get(f"shown-{cell.name}", cell.shown) for column, cell in cells.items()
    }
    if typed == before:
        return None
    if before != {column.part: cell.shown for column, cell in cells.items()}:
        raise _refused("Пока вы вводили, значение изменил другой. Проверьте и введите снова.")
    if not typed["code"]:
        raise _refused("Пустое не стирает: запись завершают или отзывают в карточке ученика.")
    codes = {}
    for column in cells:
        if column.code_list and (text := typed[column.part]):
            code = codelists.find(column.code_list, text)
            if code is None:
                raise _refused(f"{column.title}: такого значения нет в списке. Выберите из подсказки.")
            codes[column.part] = code
    return Record(
        kind, rules.for_age(kind, codes["code"], born, since), since, optional_day(typed.get("until", ""), "Срок"),
        variant_code=codes.get("variant", ""), details=Details(document=typed.get("document", "")),
    )  # fmt: skip


def _refused(message: str) -> InvalidValue:
    return InvalidValue("health.cell", message)


def _keep(request: HttpRequest, rows: list[Row], problems: Mapping[UUID, Mapping[str, str]]) -> None:
    """Show the grid as it was sent, the wrong cells marked."""
    for row in rows:
        wrong = problems.get(row.person_id, {})
        row.cells = {
            column: cell._replace(
                text=request.POST.get(cell.name, cell.text),
                problem=wrong.get(column.kind, "") if column.part == "code" else "",
            )
            for column, cell in row.cells.items()
        }
