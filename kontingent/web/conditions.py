"""How learners study: a class in a grid, one learner in a form. Typed, pasted from a spreadsheet, saved at once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_http_methods

from kontingent.codelists import queries as codelists
from kontingent.enrolment import actions, queries
from kontingent.enrolment.actions import ConditionChange
from kontingent.enrolment.models import Group
from kontingent.enrolment.permissions import EnrolmentPermission
from kontingent.enrolment.queries import ClassConditions, Condition
from kontingent.enrolment.rules import conditions as rules
from kontingent.enrolment.rules.conditions import Fact, FactKind
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import KontingentError
from kontingent.kernel.school_year import SchoolYear
from kontingent.web.request import actor_of, optional_day, page, whole

YES = "да"


class Column(NamedTuple):
    """A fact as a column or a field: the declaration and the list its values are chosen from."""

    fact: Fact
    values: tuple[str, ...]

    @property
    def list_id(self) -> str:
        """The id of the list of values in the page; empty when anything may be typed."""
        return f"values-{self.fact.name}" if self.values else ""


class Cell(NamedTuple):
    """One value in the page."""

    id: str
    column: Column
    text: str
    problem: str


@dataclass(slots=True)
class GridRow:
    """One learner of the grid."""

    person_id: UUID
    enrolment_id: UUID
    name: str
    seen: int
    shown: str
    problem: str = ""
    cells: list[Cell] = field(default_factory=list)


@require_http_methods(["GET", "POST"])
def of_class(request: HttpRequest, group_id: UUID) -> HttpResponse:
    """The grid of a class: one row a learner, one column a fact of the chosen section."""
    actor = actor_of(request)
    group = queries.group(actor, group_id)
    section = request.GET.get("section", "")
    section = section if section in rules.SECTIONS else rules.LANGUAGES
    known, since = _known(request, actor, group)
    columns = _columns(section)
    error: KontingentError | None = None
    if request.method == "POST":
        try:
            changed = actions.record_conditions(
                actor=actor,
                organisation_id=group.organisation_id,
                group_id=group_id,
                since=since,
                changes=_typed(request, (row.enrolment_id for row, _ in known.rows), columns),
            )
            messages.success(request, f"Записано, учеников: {changed}." if changed else "Изменений нет.")
            return HttpResponseRedirect(f"/groups/{group_id}/conditions/?section={section}&since={since}")
        except KontingentError as refusal:
            error = refusal
    rows = [
        _row(row.person_id, row.enrolment_id, row.full_name, condition, columns)
        for row, condition in known.rows
    ]
    if error is not None:
        _keep_what_was_typed(request, rows, error)
    return page(
        request,
        "conditions/class.html",
        group=group,
        since=since,
        sections=[(code, title, code == section) for code, title in rules.SECTIONS.items()],
        section=section,
        columns=columns,
        rows=rows,
        error=error,
        may_edit=actor.may(EnrolmentPermission.CONDITIONS),
    )


@require_http_methods(["GET", "POST"])
def of_learner(request: HttpRequest, person_id: UUID, enrolment_id: UUID) -> HttpResponse:
    """All facts of one learner's enrolment, and how they changed."""
    actor = actor_of(request)
    person, part = queries.part_of_path(actor, person_id, enrolment_id, what="условия обучения")
    group = part.placements[0].group if part.placements else None
    since = optional_day(
        request.POST.get("since", "") or request.GET.get("since", ""), "С какого дня"
    ) or max(part.enrolment.starts_on, min(clock.today(), part.enrolment.ends_on or clock.today()))
    condition = queries.conditions_of([enrolment_id], since).get(enrolment_id, Condition())
    columns = [column for section in rules.SECTIONS for column in _columns(section)]
    error: KontingentError | None = None
    if request.method == "POST":
        try:
            actions.record_conditions(
                actor=actor,
                organisation_id=part.organisation.id,
                group_id=group.id if group and actor.scope.groups else None,
                since=since,
                changes=_typed(request, [enrolment_id], columns),
            )
            messages.success(request, "Записано.")
            return HttpResponseRedirect(f"/learners/{person_id}/")
        except KontingentError as refusal:
            error = refusal
    row = _row(person_id, enrolment_id, person.full_name, condition, columns)
    if error is not None:
        _keep_what_was_typed(request, [row], error)
    return page(
        request,
        "conditions/learner.html",
        person=person,
        part=part,
        since=since,
        row=row,
        sections=[
            (title, [cell for cell in row.cells if cell.column.fact.section == code])
            for code, title in rules.SECTIONS.items()
        ],
        columns=columns,
        history=[(span, _told(span.facts)) for span in reversed(condition.spans)],
        error=error,
        may_edit=actor.may(EnrolmentPermission.CONDITIONS),
    )


def _known(request: HttpRequest, actor: Actor, group: Group) -> tuple[ClassConditions, date]:
    """Return what is known of a class on the day asked for.

    By default that is the beginning of the school year as long as nothing is recorded, and today afterwards: who fills
    the grid for the first time says how it has been since September, who comes again tells of a change.
    """
    year = SchoolYear(group.school_year)
    asked = optional_day(request.POST.get("since", "") or request.GET.get("since", ""), "С какого дня")
    since = asked if asked is not None and year.period.holds(asked) else year.starts_on
    known = queries.class_conditions(actor, group.id, since)
    today = clock.today()
    if asked is None and not known.is_empty and year.period.holds(today):
        return queries.class_conditions(actor, group.id, today), today
    return known, since


def _columns(section: str) -> list[Column]:
    return [Column(fact, tuple(_values(fact))) for fact in rules.FACTS if fact.section == section]


def _values(fact: Fact) -> Iterable[str]:
    if fact.kind is FactKind.FLAG:
        return [YES]
    if not fact.code_list:
        return []
    return [
        title for code, title in codelists.choices(fact.code_list) if not fact.codes or code in fact.codes
    ]


def _shown(fact: Fact, facts: rules.StudyFacts) -> str:
    return rules.show(fact.name, getattr(facts, fact.name), title=codelists.title)


def _told(facts: rules.StudyFacts) -> list[tuple[str, str]]:
    return [(fact.title, text) for fact in rules.FACTS if (text := _shown(fact, facts))]


def _row(
    person_id: UUID, enrolment_id: UUID, name: str, condition: Condition, columns: Sequence[Column]
) -> GridRow:
    texts = {column.fact.name: _shown(column.fact, condition.facts) for column in columns}
    row = GridRow(person_id, enrolment_id, name, condition.seen, json.dumps(texts, ensure_ascii=False))
    row.cells = [
        Cell(f"v-{enrolment_id}-{column.fact.name}", column, texts[column.fact.name], "")
        for column in columns
    ]
    return row


def _typed(
    request: HttpRequest, enrolment_ids: Iterable[UUID], columns: Sequence[Column]
) -> list[ConditionChange]:
    """Return what differs from what the page showed: an untouched row is nobody's business."""
    changes = []
    for enrolment_id in enrolment_ids:
        shown = _json(request.POST.get(f"shown-{enrolment_id}", ""))
        values = {}
        for column in columns:
            name = column.fact.name
            text = request.POST.get(f"v-{enrolment_id}-{name}")
            if text is not None and text.strip() != shown.get(name, ""):
                values[name] = text
        if values:
            seen = whole(request.POST.get(f"seen-{enrolment_id}")) or 0
            changes.append(ConditionChange(enrolment_id, values, seen))
    return changes


def _json(text: str) -> Mapping[str, str]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _keep_what_was_typed(request: HttpRequest, rows: Iterable[GridRow], error: KontingentError) -> None:
    """Show the page as it was sent, the wrong cells marked."""
    problems: Mapping[UUID, Mapping[str, str]] = getattr(error, "problems", {})
    for row in rows:
        found: Mapping[str, Any] = problems.get(row.enrolment_id, {})
        row.problem = found.get("", "")
        row.seen = whole(request.POST.get(f"seen-{row.enrolment_id}")) or 0
        row.shown = request.POST.get(f"shown-{row.enrolment_id}", row.shown)
        row.cells = [
            cell._replace(
                text=request.POST.get(cell.id, cell.text), problem=found.get(cell.column.fact.name, "")
            )
            for cell in row.cells
        ]
