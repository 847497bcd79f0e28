"""Stages of the rollout: opened and closed by order; the matrix of what is kept, open to everybody who has signed in."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_GET, require_http_methods

from kontingent.access.roles import ROLES
from kontingent.audit.reads import ReadKind
from kontingent.health.permissions import HealthPermission
from kontingent.kernel import clock
from kontingent.kernel.errors import KontingentError, NotAllowed, RuleViolation
from kontingent.persons.permissions import PersonPermission
from kontingent.reports import completeness as measure
from kontingent.reports import missing as gaps
from kontingent.stages import actions, document, queries
from kontingent.stages.fields import STAGES, Stage
from kontingent.stages.permissions import StagePermission
from kontingent.web.files import saved_as, table_as
from kontingent.web.request import actor_of, day, optional_day, own_organisation, page, uuid_of

NOBODY = "роль ещё не назначена"


def roles_of(permission: str) -> str:
    """Return the titles of the roles that hold a permission."""
    return ", ".join(one.title for one in ROLES.values() if permission in one.permissions) or NOBODY


@require_http_methods(["GET", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """How the stages stand in every municipality; on POST the ministry's order about one."""
    actor = actor_of(request)
    actor.require(StagePermission.VIEW)
    today = clock.today()
    error: KontingentError | None = None
    if request.method == "POST":
        try:
            act = actions.close_stage if request.POST.get("act") == "close" else actions.open_stage
            made = act(
                actor=actor,
                stage=request.POST.get("stage", ""),
                municipality_id=uuid_of(request.POST.get("municipality")),
                starts_on=optional_day(request.POST.get("starts_on", ""), "С какого дня") or today,
                number=request.POST.get("number", ""),
                dated=optional_day(request.POST.get("dated", ""), "Дата приказа"),
            )
            messages.success(request, f"Приказ {made} записан.")
            return HttpResponseRedirect("/stages/")
        except NotAllowed:
            raise
        except KontingentError as refusal:
            error = refusal
    found = queries.state(actor, on=today)
    return page(
        request,
        "stages/index.html",
        stages=found,
        ordered=[(one.stage.value, one.title) for one in found if not one.is_from_start],
        municipalities=[(one.municipality.id, one.municipality.name) for one in found[0].territories],
        may_manage=actor.may(StagePermission.MANAGE),
        values=request.POST,
        error=error,
    )


@require_GET
def completeness(request: HttpRequest) -> HttpResponse:
    """Of how many learners the required fields of a stage are filled: municipalities, or the organisations of one."""
    actor, on = actor_of(request), day(request)
    code = request.GET.get("stage", "")
    stage = Stage(code) if code in set(Stage) else Stage.PERSONAL
    place = uuid_of(request.GET.get("municipality"))
    by_school = place is not None or not (actor.scope.whole_region or actor.scope.municipalities)
    rows = (
        measure.by_organisation(actor, stage, on, municipality_id=place)
        if by_school
        else measure.by_municipality(actor, stage, on)
    )
    return page(
        request, "stages/completeness.html", rows=rows, fields=measure.REQUIRED[stage], stage=stage, on=on, by_school=by_school,
        may_name=actor.organisation_id is not None and (stage is Stage.HEALTH or all(actor.may(one) for one in gaps.NAMED[stage])),
        stages=[(one.value, STAGES[one]) for one in measure.REQUIRED],
    )  # fmt: skip


@require_GET
def missing(request: HttpRequest) -> HttpResponse:
    """Of whom of an organisation exactly what is missing, stage by stage; one's own organisation by default. Health as numbers."""
    actor, on = actor_of(request), day(request)
    stage, field, problem = _cut(request)
    organisation_id = _organisation(request)
    shown: dict[str, Any] = {
        "on": on, "stage": stage.value, "field": field, "problem": problem, "organisation_id": organisation_id,
        "stages": [(one.value, STAGES[one]) for one in Stage], "problems": list(gaps.PROBLEMS.items()),
        "chosen": " – ".join(part for part in (gaps.TITLES.get(field, ""), gaps.PROBLEMS.get(problem, "")) if part),
        "may_edit": actor.may(PersonPermission.EDIT), "may_see_health": actor.may(HealthPermission.VIEW),
    }  # fmt: skip
    try:
        if stage is Stage.HEALTH:
            health = gaps.of_health(actor, organisation_id, on)
            shown |= {"health": health, "organisation": health.organisation}
        else:
            found = gaps.of_organisation(
                actor, organisation_id, on, stage=stage, field=field, problem=problem
            )
            shown |= {"found": found, "organisation": found.organisation}
    except RuleViolation as closed:
        shown["closed"] = closed.message
    return page(request, "stages/missing.html", **shown)


@require_GET
def missing_file(request: HttpRequest, kind: str) -> HttpResponse:
    """The same as a workbook or CSV, a line for each learner and field; of health a line for each class."""
    actor, on = actor_of(request), day(request)
    stage, field, problem = _cut(request)
    title, name = "Чего не хватает", f"ne-hvataet-{stage}-{on:%Y-%m-%d}"
    if stage is Stage.HEALTH:
        counted = gaps.of_health(actor, _organisation(request), on)
        head = ("Класс", "Учеников", *(f"{one}, не записано" for _, one, _ in counted.numbers))
        total = ("Всего", counted.learners, *(number for _, _, number in counted.numbers))
        lines = [*((one.title, one.learners, *one.empty) for one in counted.classes), total]
        return table_as(kind, name, title, head, lines)
    found = gaps.of_organisation(
        actor, _organisation(request), on, stage=stage, field=field, problem=problem, kind=ReadKind.EXPORT
    )
    rows = [
        (one.full_name, one.group_title, gap.title, gap.problem_title, gap.advice)
        for one in found.rows
        for gap in one.gaps
        if gaps.is_asked_for(gap, field, problem)
    ]
    return table_as(kind, name, title, ("ФИО", "Класс", "Поле", "Что не так", "Что сделать"), rows)


def _organisation(request: HttpRequest) -> UUID:
    return uuid_of(request.GET.get("organisation")) or own_organisation(request)


def _cut(request: HttpRequest) -> tuple[Stage, str, str]:
    """Return the stage and, of its fields and problems, those asked for."""
    code, field, problem = (request.GET.get(name, "") for name in ("stage", "field", "problem"))
    stage = Stage(code) if code in set(Stage) else Stage.PERSONAL
    return stage, field if field in gaps.FIELDS[stage] else "", problem if problem in gaps.PROBLEMS else ""


@require_GET
def matrix(request: HttpRequest) -> HttpResponse:
    """Which data are kept, what for, by which law, who enters and sees them, how long, and where they are collected."""
    actor_of(request)
    on = day(request)
    rows = [(one, roles_of(one.field.enters), roles_of(one.field.sees)) for one in queries.matrix(on=on)]
    return page(request, "stages/matrix.html", rows=rows, on=on)


@require_GET
def matrix_file(request: HttpRequest) -> HttpResponse:
    """The same as a document."""
    actor_of(request)
    on = day(request)
    content = document.write(queries.matrix(on=on), on=on, roles_of=roles_of, is_demo=settings.DEMO)
    return saved_as(content, f"sostav-svedeniy-{on:%Y-%m-%d}.pdf")
