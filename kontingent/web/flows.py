"""Flows of a period: the table, the drawing, the map of tiles, and the children behind a number."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from kontingent.codelists import queries as codelists
from kontingent.enrolment.permissions import EnrolmentPermission
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.school_year import SchoolYear
from kontingent.organisations import queries as organisations
from kontingent.reports.indicators import shades
from kontingent.trajectory.flows import rules
from kontingent.trajectory.flows.codes import REGION, By, Outside
from kontingent.trajectory.flows.queries import flows as queries
from kontingent.trajectory.flows.queries.flows import Asked
from kontingent.trajectory.flows.rules import Flow
from kontingent.web import charts
from kontingent.web.files import table_as
from kontingent.web.request import actor_of, optional_day, page, uuid_of

BY_TITLES = {
    By.MUNICIPALITY: "между муниципалитетами",
    By.ORGANISATION: "между организациями",
    By.LEVEL: "между уровнями образования",
    By.REGION: "край и вне края",
}
OUTSIDE_TITLES = {
    Outside.FIRST: "Впервые в реестре",
    Outside.RETURNED: "После перерыва",
    Outside.OTHER_REGION: "Другой регион",
    Outside.ABROAD: "За пределами России",
    Outside.FAMILY: "Семейное образование",
    Outside.GRADUATED: "Выпуск",
    Outside.NOT_ARRIVED: "Переведён, пока не прибыл",
    Outside.EXPELLED: "Отчислен",
    Outside.OTHER: "Иное",
}
#: Programmes are named shortly, so that a drawing can be read.
LEVEL_TITLES = {
    "11": "Детский сад",
    "12": "1–4 классы",
    "13": "5–9 классы",
    "14": "10–11 классы",
    "15": "Адаптированная программа",
    "21": "СПО",
    "211": "СПО: рабочие, служащие",
    "212": "СПО: специалисты",
    "23": "Профессиональное обучение",
}
REST = "Прочие"
#: How many ends a drawing has on a side, and how many lines the page's table.
DRAWN, LINES = 12, 200
HIDDEN = f"меньше {rules.SMALL}"


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Table, drawing, map."""
    actor = actor_of(request)
    asked = asked_of(request, actor)
    found = queries.flows(actor, asked)
    names = names_of(asked.by, {node for flow in found for node in flow[:2]})
    may_open = actor.may(EnrolmentPermission.VIEW)
    hidden = set() if may_open else rules.kept_back(found)
    shown = [flow for flow in found if flow[:2] not in hidden and flow.source != flow.target]
    inside = [flow for flow in found if flow.source == flow.target]
    drawn = [
        Flow(names.get(one.source, REST), names.get(one.target, REST), one.number)
        for one in rules.folded(shown, DRAWN, "")
    ]
    query = query_of(asked)
    changed = rules.balances(found)
    return page(
        request, "flows/index.html", asked=asked, chart=charts.flow_chart(drawn),
        rows=[
            (names[one.source], names[one.target], None if one[:2] in hidden else one.number,
             "" if one[:2] in hidden or not may_open else urlencode({**query, "source": one.source, "target": one.target}))
            for one in found[:LINES] if one.source != one.target
        ],
        inside=sum(one.number for one in inside), more=max(0, len(found) - LINES),
        balance=[
            (names[node], kept(one.arrived, may_open), kept(one.departed, may_open), kept_change(one, may_open), below(asked, node))
            for node, one in sorted(changed.items(), key=lambda item: (-abs(item[1].change), names[item[0]]))[:LINES]
        ],
        total=sum(one.number for one in found if one.source != one.target),
        tiles=tiles_of(asked, changed, may_open) if asked.by is By.MUNICIPALITY and actor.scope.whole_region else [],
        ways=[(one.value, BY_TITLES[one]) for one in ways_of(actor)], place=place_of(asked), query=urlencode(query),
        may_open=may_open, hidden_title=HIDDEN, hidden=len(hidden),
    )  # fmt: skip


@require_GET
def table_file(request: HttpRequest, kind: str) -> HttpResponse:
    """All flows as a table file; numbers hidden on the page are hidden here."""
    actor = actor_of(request)
    asked = asked_of(request, actor)
    found = queries.flows(actor, asked)
    names = names_of(asked.by, {node for flow in found for node in flow[:2]})
    hidden = set() if actor.may(EnrolmentPermission.VIEW) else rules.kept_back(found)
    lines = [
        [names[one.source], names[one.target], "скрыто" if one[:2] in hidden else one.number] for one in found
    ]
    return table_as(
        kind, f"potoki-{asked.since}-{asked.until}", "Потоки", ["Откуда", "Куда", "Человек"], lines
    )


@require_GET
def movers(request: HttpRequest) -> HttpResponse:
    """The children behind a flow, of those whom the actor may see."""
    actor = actor_of(request)
    asked = asked_of(request, actor)
    source, target = request.GET.get("source", ""), request.GET.get("target", "")
    after = uuid_of(request.GET.get("after"))
    found = queries.movers(actor, asked, source, target, after=after, limit=queries.PAGE + 1)
    more, found = len(found) > queries.PAGE, found[: queries.PAGE]
    names = names_of(asked.by, {source, target})
    query = {**query_of(asked), "source": source, "target": target}
    return page(
        request, "flows/movers.html", asked=asked, movers=found, source=names[source], target=names[target],
        back=urlencode(query_of(asked)),
        more=urlencode({**query, "after": str(found[-1].person_id)}) if more else "",
    )  # fmt: skip


def asked_of(request: HttpRequest, actor: Actor) -> Asked:
    """Return what is asked for; by default since the summer before this school year.

    So whoever leaves a kindergarten in June and enters a school in September went from the one to the other.
    """
    today = clock.today()
    since = optional_day(request.GET.get("since", ""), "Начало периода")
    until = optional_day(request.GET.get("until", ""), "Конец периода")
    ways = ways_of(actor)
    by = next((one for one in ways if one.value == request.GET.get("by")), ways[0])
    return Asked(
        since or date(SchoolYear.of(until or today).begins_in, 6, 1), until or today, by,
        uuid_of(request.GET.get("organisation")), uuid_of(request.GET.get("municipality")),
    )  # fmt: skip


def ways_of(actor: Actor) -> list[By]:
    if actor.scope.whole_region:
        return [By.MUNICIPALITY, By.ORGANISATION, By.LEVEL, By.REGION]
    return [By.ORGANISATION, By.MUNICIPALITY, By.LEVEL]


def query_of(asked: Asked) -> dict[str, str]:
    named = {
        "since": asked.since, "until": asked.until, "by": asked.by.value, "organisation": asked.organisation_id,
        "municipality": asked.municipality_id,
    }  # fmt: skip
    return {name: str(value) for name, value in named.items() if value}


def names_of(by: By, nodes: Collection[str]) -> dict[str, str]:
    """Return the names of nodes; one that is no node of this kind is named as the rest."""
    inside = [node for node in nodes if not rules.is_outside(node)]
    names = {one.value: OUTSIDE_TITLES[one] for one in Outside} | dict.fromkeys(inside, REST)
    if by is By.LEVEL:
        return names | {
            node: LEVEL_TITLES.get(node) or codelists.title("education_programme", node) for node in inside
        }
    if by is By.REGION:
        return names | {REGION: "Организации края"}
    ids = {one for one in map(uuid_of, inside) if one is not None}
    read = organisations.short_names(ids) if by is By.ORGANISATION else organisations.municipality_names(ids)
    return names | {str(key): name for key, name in read.items()}


def kept(number: int, may_open: bool) -> int | None:  # noqa: FBT001
    return number if may_open or number >= rules.SMALL or not number else None


def kept_change(one: rules.Balance, may_open: bool) -> int | None:  # noqa: FBT001
    """A change beside one number shown would tell the other."""
    return one.change if may_open or min(one.arrived, one.departed) >= rules.SMALL else None


def below(asked: Asked, node: str) -> str:
    """The address of the flows of one node, one step lower."""
    if asked.by is By.MUNICIPALITY:
        return urlencode({**query_of(asked), "municipality": node, "by": By.ORGANISATION.value})
    return urlencode({**query_of(asked), "organisation": node}) if asked.by is By.ORGANISATION else ""


def tiles_of(asked: Asked, changed: dict[str, rules.Balance], may_open: bool) -> list[charts.Tile]:  # noqa: FBT001
    placed = organisations.tiles()
    there = [
        one for one in organisations.municipalities(asked.until).order_by("sort_key") if one.code in placed
    ]
    values = [kept_change(changed.get(str(one.id), rules.Balance(0, 0)), may_open=may_open) for one in there]
    steps = shades([None if one is None else float(one) for one in values])
    return [
        charts.Tile(
            one.name, *placed[one.code], step, "–" if value is None else f"{value:+}" if value else "0",
            "?" + urlencode({**query_of(asked), "municipality": str(one.id), "by": By.ORGANISATION.value}),
        )
        for one, step, value in zip(there, steps, values, strict=True)
    ]  # fmt: skip


def place_of(asked: Asked) -> str:
    if asked.organisation_id is not None:
        return organisations.get(asked.organisation_id).short_name
    return organisations.municipality_by_id(asked.municipality_id).name if asked.municipality_id else ""
