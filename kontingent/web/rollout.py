"""How the register is being filled: plan and deadlines, league, trend, the map of municipalities, the plan's history."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.formats import localize
from django.views.decorators.http import require_GET, require_http_methods

from kontingent.enrolment.permissions import EnrolmentPermission
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import KontingentError, NotAllowed
from kontingent.organisations import queries as organisations
from kontingent.persons.permissions import PersonPermission
from kontingent.reports.indicators import shades
from kontingent.rollout import actions, queries, rules
from kontingent.rollout.codes import State
from kontingent.rollout.queries import Place
from kontingent.stages.fields import STAGES, Stage
from kontingent.stages.permissions import StagePermission
from kontingent.web import charts
from kontingent.web.files import table_as
from kontingent.web.request import actor_of, day, optional_day, page, uuid_of, whole

#: The league says what has changed within so many days.
COMPARED_DAYS = 30
BADGES = {
    State.OVERDUE: "no",
    State.SOON: "sure",
    State.REACHED: "yes",
    State.ON_THE_WAY: "soft",
    State.NO_PLAN: "soft",
}


class Asked(NamedTuple):
    """What is looked at: a stage on a day, of which municipality; the day counted last and the one it is compared with."""

    stage: Stage
    on: date
    municipality_id: UUID | None
    counted: date | None
    before: date | None
    by_organisation: bool


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """League, map, trend; whoever works for one municipality or organisation sees its organisations at once."""
    actor = actor_of(request)
    asked = _asked(request, actor)
    found = _league(actor, asked)
    points = (
        queries.trend(actor, asked.stage, asked.on, municipality_id=asked.municipality_id)
        if asked.counted
        else []
    )
    aim = _aim(asked, found)
    titles = list(rules.MEASURES.values())
    shown = [index for index in range(len(titles)) if any(one.shares[index] is not None for one in points)]
    return page(
        request, "rollout/index.html", asked=asked, rows=[(one, BADGES[one.state]) for one in found], points=points, aim=aim,
        place=organisations.municipality_by_id(asked.municipality_id).name if asked.municipality_id else "",
        chart=charts.trend(
            [titles[one] for one in shown], [(one.on, [one.shares[index] for index in shown]) for one in points],
            aim.target if aim else None,
        ),
        measures=titles, tiles=_tiles(found, asked), overdue=sum(one.state is State.OVERDUE for one in found),
        reached=sum(one.state is State.REACHED for one in found), planned=sum(one.aim is not None for one in found),
        left=sum(one.left for one in found), stages=[(one.value, title) for one, title in STAGES.items()],
        may_name=actor.organisation_id is not None and actor.may(PersonPermission.VIEW_DOCUMENTS) and actor.may(PersonPermission.VIEW_ADDRESSES),
        may_plan=actor.may(StagePermission.MANAGE), compared=COMPARED_DAYS,
    )  # fmt: skip


@require_GET
def table_file(request: HttpRequest, kind: str) -> HttpResponse:
    """The league as a workbook or CSV."""
    actor = actor_of(request)
    asked = _asked(request, actor)
    head = (
        "Организация" if asked.by_organisation else "Муниципалитет", *(f"{one.capitalize()}, %" for one in rules.MEASURES.values()),
        f"За {COMPARED_DAYS} дней, п. п.", "Требуется значений", "Заполнено значений", "План, %", "Срок", "Состояние",
        "Осталось до плана", "Основание плана",
    )  # fmt: skip
    lines = [
        (
            one.title, *one.numbers.shares, one.change, one.numbers.required, one.numbers.filled,
            one.aim.target if one.aim else None, f"{one.aim.due_on:%d.%m.%Y}" if one.aim else "", one.state_title, one.left,
            one.aim.basis if one.aim else "",
        )
        for one in _league(actor, asked)
    ]  # fmt: skip
    return table_as(kind, f"hod-vnedreniya-{asked.stage}-{asked.on:%Y-%m-%d}", "Ход внедрения", head, lines)


@require_http_methods(["GET", "POST"])
def plan(request: HttpRequest) -> HttpResponse:
    """The plan of a stage with its history; on POST the ministry's word."""
    actor = actor_of(request)
    actor.require(StagePermission.VIEW)
    values: Any = request.POST if request.method == "POST" else request.GET
    stage = Stage(code) if (code := values.get("stage", "")) in set(Stage) else Stage.PERSONAL
    error: KontingentError | None = None
    if request.method == "POST":
        try:
            _write(actor, request)
            messages.success(request, "План записан. Прежний остался в истории.")
            return HttpResponseRedirect(f"/stages/rollout/plan/?stage={stage}")
        except NotAllowed:
            raise
        except KontingentError as refusal:
            error = refusal
    history = list(queries.history(stage))
    return page(
        request, "rollout/plan.html", stage=stage, stages=[(one.value, title) for one, title in STAGES.items()], error=error,
        standing=[one for one in history if one.superseded_at is None and one.target is not None], history=history, values=values,
        municipalities=[(one.id, one.name) for one in organisations.municipalities(clock.today()).order_by("sort_key")],
        may_plan=actor.may(StagePermission.MANAGE),
    )  # fmt: skip


def _write(actor: Actor, request: HttpRequest) -> None:
    stage, place = request.POST.get("stage", ""), uuid_of(request.POST.get("municipality"))
    basis = request.POST.get("basis", "")
    if request.POST.get("act") == "withdraw":
        actions.withdraw_plan(actor=actor, stage=stage, municipality_id=place, basis=basis)
        return
    actions.set_plan(
        actor=actor, stage=stage, municipality_id=place, basis=basis, target=whole(request.POST.get("target")),
        due_on=optional_day(request.POST.get("due_on", ""), "Срок"),
    )  # fmt: skip


def _asked(request: HttpRequest, actor: Actor) -> Asked:
    actor.require(EnrolmentPermission.COUNT)
    on = day(request)
    code = request.GET.get("stage", "")
    place = uuid_of(request.GET.get("municipality"))
    counted = queries.counted_on(actor, on)
    before = queries.counted_on(actor, counted - timedelta(days=COMPARED_DAYS)) if counted else None
    by_organisation = place is not None or not actor.scope.whole_region
    return Asked(
        Stage(code) if code in set(Stage) else Stage.PERSONAL, on, place, counted, before, by_organisation
    )


def _league(actor: Actor, asked: Asked) -> list[Place]:
    if asked.counted is None:
        return []
    today = clock.today()
    if asked.by_organisation:
        return queries.by_organisation(
            actor, asked.stage, asked.counted, asked.before, today, municipality_id=asked.municipality_id
        )
    return queries.by_municipality(actor, asked.stage, asked.counted, asked.before, today)


def _aim(asked: Asked, found: list[Place]) -> rules.Aim | None:
    """The plan that the drawing shows: the region's, or that of the one municipality that is looked at."""
    if not asked.by_organisation:
        return rules.aim_of(queries.plan(), asked.stage, None)
    aims = {one.aim for one in found}
    return aims.pop() if len(aims) == 1 else None


def _tiles(found: list[Place], asked: Asked) -> list[charts.Tile]:
    if asked.by_organisation:
        return []
    placed = organisations.tiles()
    return [
        charts.Tile(
            one.title, *placed[one.code], step, "–" if one.share is None else str(localize(one.share)),
            f"?stage={asked.stage}&municipality={one.id}&on={asked.on}",
        )
        for one, step in zip(found, shades([one.share for one in found]), strict=True)
        if one.code in placed
    ]  # fmt: skip
