"""The migration of a territory on one page: who came and who left, where to, children out of sight, coverage.

What takes a pass over everybody (levels, coverage) is asked for by the page itself once it is shown. Each number leads to the page of
flows, cases, departures or coverage, and from there to children.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from kontingent.codelists import queries as codelists
from kontingent.enrolment.permissions import EnrolmentPermission
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotFound
from kontingent.trajectory.cases import queries as cases
from kontingent.trajectory.cases.permissions import CasePermission
from kontingent.trajectory.flows import rules
from kontingent.trajectory.flows.codes import By
from kontingent.trajectory.flows.queries import flows as queries
from kontingent.trajectory.flows.queries.flows import Asked
from kontingent.trajectory.flows.rules import Balance, Flow
from kontingent.trajectory.transfers import queries as transfers
from kontingent.trajectory.transfers.permissions import TransferPermission
from kontingent.web import charts
from kontingent.web.files import tables_as
from kontingent.web.flows import (
    HIDDEN,
    asked_of,
    below,
    kept,
    kept_change,
    names_of,
    place_of,
    query_of,
    tiles_of,
)
from kontingent.web.planning import COVERAGE
from kontingent.web.request import actor_of, page

#: How many of the largest flows and of the places beyond the region the page shows; the file has all.
TOP, PLACES = 12, 15


class Line(NamedTuple):
    """A territory or a level: its name, who came, who left, the change, the address one step lower."""

    name: str
    arrived: int | None
    departed: int | None
    change: int | None
    below: str


@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """The page; levels and coverage are filled in after it."""
    actor = actor_of(request)
    asked = asked_of(request, actor)
    found = queries.flows(actor, asked)
    may_open = actor.may(EnrolmentPermission.VIEW)
    hidden = set() if may_open else rules.kept_back(found)
    names = names_of(asked.by, {node for flow in found for node in flow[:2]})
    changed = rules.balances(found)
    crossing = [one for one in found if one.source != one.target]
    top = [
        (names[one.source], names[one.target], None if one[:2] in hidden else one.number, _behind(asked, one, may_open and one[:2] not in hidden))
        for one in crossing[:TOP]
    ]  # fmt: skip
    places = _destinations(actor, asked)
    return page(
        request, "flows/overview.html", asked=asked, query=urlencode(query_of(asked)), place=place_of(asked), lines=_lines(asked, changed, names, may_open),
        total=_total(changed), top=top, more=max(0, len(crossing) - TOP), hidden=len(hidden), hidden_title=HIDDEN,
        tiles=tiles_of(asked, changed, may_open) if asked.by is By.MUNICIPALITY and actor.scope.whole_region else [],
        chart=_chart(_lines(asked, changed, names, may_open)), places=places[:PLACES], other_places=places[PLACES:],
        may_see_places=actor.may(TransferPermission.VIEW), counts=_cases(actor, asked), ages=cases.AGE_TITLES,
        in_municipality=asked.municipality_id, is_region=actor.scope.whole_region,
    )  # fmt: skip


@require_GET
def part(request: HttpRequest, name: str) -> HttpResponse:
    """Levels or coverage, as a piece of the page."""
    actor = actor_of(request)
    asked = asked_of(request, actor)
    if name == "levels":
        lines = _levels(actor, asked)
        return page(
            request, "flows/overview_levels.html", lines=lines, chart=_chart(lines), hidden_title=HIDDEN
        )
    if name != "coverage":
        raise NotFound("flows.no_part", "Такой части у сводки нет. Обновите страницу.")
    place = {"municipality": str(asked.municipality_id)} if asked.municipality_id else {}
    query = urlencode({"on": asked.until.isoformat(), **place})
    rows = [
        (title, number, f"/flows/coverage/learners/?{query}&state={state}")
        for state, title, number in _covered(actor, asked)
    ]
    return page(
        request, "flows/overview_coverage.html", rows=rows, total=sum(number for _, number, _ in rows), on=asked.until, query=query,
        may_open=actor.may(EnrolmentPermission.VIEW), small=rules.SMALL, hidden_title=HIDDEN,
    )  # fmt: skip


@require_GET
def overview_file(request: HttpRequest) -> HttpResponse:
    """The whole of it as a workbook, a sheet for each table; what is hidden on the page is hidden in it."""
    actor = actor_of(request)
    asked = asked_of(request, actor)
    found = queries.flows(actor, asked)
    may_open = actor.may(EnrolmentPermission.VIEW)
    hidden = set() if may_open else rules.kept_back(found)
    names = names_of(asked.by, {node for flow in found for node in flow[:2]})
    balance_head = ["Где", "Прибыло", "Выбыло", "Изменение"]
    sheets: list[tuple[str, list[str], list[list[Any]]]] = [
        ("По территориям", balance_head, _told(_lines(asked, rules.balances(found), names, may_open))),
        ("По уровням", balance_head, _told(_levels(actor, asked))),
        ("Потоки", ["Откуда", "Куда", "Человек"], [
            [names[one.source], names[one.target], "скрыто" if one[:2] in hidden else one.number] for one in found
        ]),
        ("Охват", ["Состояние", "Детей"], [
            [title, HIDDEN if not may_open and 0 < number < rules.SMALL else number] for _, title, number in _covered(actor, asked)
        ]),
    ]  # fmt: skip
    if actor.may(TransferPermission.VIEW):
        sheets.append(("Куда выбыли из края", ["Куда", "Причина", "Выбыло", "Прибытие подтверждено"], [
            [one.place or "место не названо", codelists.title("leaving_reason", one.reason_code), one.left, one.confirmed]
            for one in _destinations(actor, asked)
        ]))  # fmt: skip
    if (counts := _cases(actor, asked)) is not None:
        head = [*cases.AGE_TITLES, "Всего", "Просрочено"]
        for title, first, lines in (
            ("Дела по правилам", "Правило", counts.rules),
            ("Дела по территориям", "Территория", counts.territories),
        ):
            sheets.append(
                (title, [first, *head], [[one.title, *one.by_age, one.total, one.overdue] for one in lines])
            )
    return tables_as(f"migraciya-{asked.since}-{asked.until}", sheets)


# -- parts -------------------------------------------------------------------------------------------


def _lines(asked: Asked, changed: dict[str, Balance], names: dict[str, str], may_open: bool) -> list[Line]:  # noqa: FBT001
    return [
        Line(names[node], kept(one.arrived, may_open), kept(one.departed, may_open), kept_change(one, may_open), below(asked, node))
        for node, one in sorted(changed.items(), key=lambda item: (-abs(item[1].change), names[item[0]]))
    ]  # fmt: skip


def _levels(actor: Actor, asked: Asked) -> list[Line]:
    by_level = Asked(asked.since, asked.until, By.LEVEL, asked.organisation_id, asked.municipality_id)
    changed = rules.balances(queries.flows(actor, by_level))
    names = names_of(By.LEVEL, set(changed))
    lines = _lines(by_level, changed, names, actor.may(EnrolmentPermission.VIEW))
    address = urlencode(query_of(by_level))
    return [one._replace(below=address) for one in lines]


def _total(changed: dict[str, Balance]) -> Balance:
    return Balance(
        sum(one.arrived for one in changed.values()), sum(one.departed for one in changed.values())
    )


def _behind(asked: Asked, flow: Flow, may_open: bool) -> str:  # noqa: FBT001
    return urlencode({**query_of(asked), "source": flow.source, "target": flow.target}) if may_open else ""


def _chart(lines: list[Line]) -> charts.Bars | None:
    """Bars of who came and who left, of the largest changes; nothing where numbers are hidden."""
    drawn = [
        (one.name, [one.arrived, one.departed])
        for one in lines
        if one.arrived is not None and one.departed is not None
    ][:TOP]
    most = max((number or 0 for _, numbers in drawn for number in numbers), default=0)
    return charts.bars(drawn, top=most) if most else None


def _destinations(actor: Actor, asked: Asked) -> list[transfers.Destination]:
    if not actor.may(TransferPermission.VIEW):
        return []
    return transfers.destinations(actor, asked.since, asked.until, municipality_id=asked.municipality_id)


def _cases(actor: Actor, asked: Asked) -> cases.Counts | None:
    return (
        cases.counts(actor, municipality_id=asked.municipality_id) if actor.may(CasePermission.VIEW) else None
    )


def _covered(actor: Actor, asked: Asked) -> list[tuple[str, str, int]]:
    """Return code, title and number of the states of coverage on the last day of the period."""
    found: dict[str, int] = {}
    for row in cases.coverage_by_age(actor, asked.until, municipality_id=asked.municipality_id).values():
        for state, number in row.items():
            found[state] = found.get(state, 0) + number
    return [(state, title, found[state]) for state, title in COVERAGE.items() if state in found]


def _told(lines: list[Line]) -> list[list[Any]]:
    return [[name, *("скрыто" if one is None else one for one in numbers)] for name, *numbers, _ in lines]
