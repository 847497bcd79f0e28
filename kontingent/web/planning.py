"""Cohorts and destinations, coverage by age, the forecast of the contingent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from kontingent.enrolment.permissions import EnrolmentPermission
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotFound
from kontingent.kernel.school_year import SchoolYear
from kontingent.organisations import queries as organisations
from kontingent.organisations.models import Municipality
from kontingent.trajectory.cases import queries as covering
from kontingent.trajectory.cases.codes import Coverage
from kontingent.trajectory.flows import forecasting, rules
from kontingent.trajectory.flows.queries import cohorts as queries
from kontingent.trajectory.flows.queries import forecast as forecasts
from kontingent.trajectory.flows.queries.cohorts import Whereabouts
from kontingent.trajectory.flows.rules import Flow
from kontingent.web import charts
from kontingent.web.files import table_as
from kontingent.web.request import actor_of, day, optional_day, page, uuid_of, whole

WHEREABOUTS = {
    Whereabouts.SAME: "в той же организации",
    Whereabouts.MUNICIPALITY: "в другой организации муниципалитета",
    Whereabouts.REGION: "в другом муниципалитете",
    Whereabouts.VOCATIONAL: "в колледже, техникуме",
    Whereabouts.FINISHED: "окончил обучение",
    Whereabouts.LEFT: "уехал из края",
    Whereabouts.FAMILY: "семейное образование",
    Whereabouts.NOWHERE: "нигде в крае не учится",
}
#: States of coverage in the order of a table; those of nobody are left out of it.
COVERAGE = {
    covering.KINDERGARTEN: "детский сад",
    covering.SCHOOL: "школа",
    Coverage.VOCATIONAL.value: "колледж, техникум",
    Coverage.FAMILY.value: "семейное образование",
    Coverage.OTHER_REGION.value: "выбыл в другой регион",
    Coverage.ABROAD.value: "выехал за пределы России",
    Coverage.HEALTH.value: "не обучается по здоровью",
    Coverage.FINISHED.value: "завершил обучение",
    Coverage.NOT_DUE.value: "школьный возраст не наступил",
    Coverage.SOUGHT.value: "выбыл и нигде не учится",
    Coverage.UNKNOWN.value: "в крае не зачислялся",
}
#: From which day a cohort is followed, and which is the first day it is looked for, by grade.
GRADES = {
    1: "пришедшие в 1 класс",
    5: "пришедшие в 5 класс",
    9: "9 класс: куда после выпуска",
    11: "11 класс: после выпуска",
}
_GRADUATING = frozenset({9, 11})


@require_GET
def cohorts(request: HttpRequest) -> HttpResponse:
    """Where those who were in a grade are, year after year."""
    actor = actor_of(request)
    asked = _cohort_asked(request, actor)
    found = queries.cohort(actor, grade=asked.grade, on=asked.began, days=asked.days, **asked.place)
    cut = {f"{on:%d.%m.%Y}": found.days[on] for on in asked.days}
    addresses = {
        f"{on:%d.%m.%Y}": f"learners/?{urlencode({**asked.query, 'day': on.isoformat()})}"
        for on in asked.days
    }
    present = SchoolYear.of(clock.today()).begins_in
    latest = present - 1 if asked.grade in _GRADUATING else present
    return page(
        request, "flows/cohorts.html", grade=asked.grade, year=asked.year, began=asked.began, number=_kept(found.number, actor),
        grades=GRADES.items(), years=[(one, str(SchoolYear(one))) for one in range(latest, latest - 11, -1)],
        titles=list(WHEREABOUTS.values()), query=urlencode(asked.query), **_table(cut, WHEREABOUTS, actor, addresses),
        **_chosen(actor, asked.place),
    )  # fmt: skip


@require_GET
def cohorts_file(request: HttpRequest, kind: str) -> HttpResponse:
    """The same as a table file; what is hidden on the page is hidden in it."""
    actor = actor_of(request)
    asked = _cohort_asked(request, actor)
    found = queries.cohort(actor, grade=asked.grade, on=asked.began, days=asked.days, **asked.place)
    table = _table({f"{on:%d.%m.%Y}": found.days[on] for on in asked.days}, WHEREABOUTS, actor)
    head, name = ["На дату", *WHEREABOUTS.values(), "Всего"], f"kogorta-{asked.grade}-{asked.year}"
    return table_as(kind, name, "Когорта", head, _told(table["lines"]))


@require_GET
def cohort_learners(request: HttpRequest) -> HttpResponse:
    """Who of a cohort is somewhere on a day, of those whom the actor may see."""
    actor = actor_of(request)
    asked = _cohort_asked(request, actor)
    where = next((one for one in Whereabouts if one.value == request.GET.get("state")), Whereabouts.NOWHERE)
    on = optional_day(request.GET.get("day", ""), "День") or clock.today()
    found, after = queries.members(
        actor, grade=asked.grade, on=asked.began, day=on, where=where, after=uuid_of(request.GET.get("after")),
        organisation_id=asked.place["organisation_id"], municipality_id=asked.place["municipality_id"],
    )  # fmt: skip
    query = {**asked.query, "day": on.isoformat(), "state": where.value}
    return page(
        request, "flows/members.html", members=found, back=f"/flows/cohorts/?{urlencode(asked.query)}", up="Когорты и выпуск",
        heading=f"{GRADES[asked.grade].capitalize()}, {SchoolYear(asked.year)}: {WHEREABOUTS[where]}", on=on,
        more=urlencode({**query, "after": str(after)}) if after else "",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Cohort:
    """Which cohort is asked for, and how its addresses go on."""

    grade: int
    year: int
    began: date
    days: list[date]
    place: dict[str, UUID | None]

    @property
    def query(self) -> dict[str, str]:
        named = {"organisation": self.place["organisation_id"], "municipality": self.place["municipality_id"]}
        return {
            "grade": str(self.grade),
            "year": str(self.year),
            **{name: str(one) for name, one in named.items() if one},
        }


def _cohort_asked(request: HttpRequest, actor: Actor) -> _Cohort:
    present = SchoolYear.of(clock.today()).begins_in
    grade = whole(request.GET.get("grade"))
    grade = grade if grade in GRADES else 1
    latest = present - 1 if grade in _GRADUATING else present
    year = min(whole(request.GET.get("year")) or latest - (0 if grade in _GRADUATING else 3), latest)
    began, days = _days(grade, year)
    return _Cohort(grade, year, began, days, _place(request, actor))


@require_GET
def coverage(request: HttpRequest) -> HttpResponse:
    """Where the children of the territory are, by age."""
    actor, on = actor_of(request), day(request)
    place = _place(request, actor)
    cut, titles = _covered(actor, on, place)
    query = {"on": on.isoformat()} | (
        {"municipality": str(place["municipality_id"])} if place["municipality_id"] else {}
    )
    addresses = {name: f"learners/?{urlencode({**query, 'age': name.split()[0]})}" for name in cut}
    return page(
        request, "flows/coverage.html", on=on, titles=list(titles.values()), query=urlencode(query),
        **_table(cut, titles, actor, addresses), **_chosen(actor, place),
    )  # fmt: skip


@require_GET
def coverage_file(request: HttpRequest, kind: str) -> HttpResponse:
    """The same as a table file; what is hidden on the page is hidden in it."""
    actor, on = actor_of(request), day(request)
    cut, titles = _covered(actor, on, _place(request, actor))
    head = ["Возраст", *titles.values(), "Всего"]
    return table_as(kind, f"ohvat-{on}", "Охват", head, _told(_table(cut, titles, actor)["lines"]))


@require_GET
def coverage_learners(request: HttpRequest) -> HttpResponse:
    """Who is in a state of coverage, of an age or of any, of those whom the actor may see."""
    actor, on = actor_of(request), day(request)
    place, age = _place(request, actor), whole(request.GET.get("age"))
    state = request.GET.get("state", "")
    state = state if state in COVERAGE else Coverage.SOUGHT.value
    found, after = covering.covered(
        actor, on, state=state, age=age, municipality_id=place["municipality_id"], after=uuid_of(request.GET.get("after"))
    )  # fmt: skip
    back = {"on": on.isoformat()} | (
        {"municipality": str(place["municipality_id"])} if place["municipality_id"] else {}
    )
    query = {**back, "state": state} | ({"age": str(age)} if age is not None else {})
    return page(
        request, "flows/members.html", members=found, back=f"/flows/coverage/?{urlencode(back)}", up="Охват", on=on,
        heading=f"Охват: {COVERAGE[state]}{f', {_years(age)}' if age is not None else ''}",
        more=urlencode({**query, "after": str(after)}) if after else "",
    )  # fmt: skip


def _covered(
    actor: Actor, on: date, place: Mapping[str, UUID | None]
) -> tuple[dict[str, dict[str, int]], dict[str, str]]:
    """Return coverage by age, and the titles of the states that occur."""
    found = covering.coverage_by_age(actor, on, municipality_id=place["municipality_id"])
    occurring = {state for row in found.values() for state in row}
    return (
        {_years(age): found[age] for age in sorted(found)},
        {state: title for state, title in COVERAGE.items() if state in occurring},
    )


@require_GET
def forecast(request: HttpRequest) -> HttpResponse:
    """What is expected of the schools of a municipality; of one of them by grade."""
    actor = actor_of(request)
    place = _place(request, actor)
    chosen = _chosen(actor, place)
    organisation_id = place["organisation_id"] or actor.organisation_id
    municipality_id = (
        organisations.in_scope(actor, organisation_id).municipality_id
        if organisation_id
        else place["municipality_id"] or next((one.id for one in chosen["municipalities"]), None)
    )
    if municipality_id is None:
        return page(request, "flows/forecast.html", found=None, **chosen)
    found = forecasts.of_municipality(actor, municipality_id)
    school = next((one for one in found.schools if one.organisation_id == organisation_id), None)
    shown = school or found
    coming = {year: (one.low, one.rounded, one.high) for year, one in shown.coming.items()}
    capacity = school.capacity if school else None
    return page(
        request, "flows/forecast.html", found=found, school=school, municipality=organisations.municipality_by_id(municipality_id),
        fan=charts.fan(shown.past, coming, capacity), capacity=capacity, past=sorted(shown.past.items()), coming=sorted(coming.items()),
        years=sorted(found.coming), learnt=forecasts.LEARNT, borrowed=forecasting.BORROWED,
        schools=[] if school else [(one, [one.coming[year] for year in sorted(one.coming)]) for one in found.schools],
        grades=[
            (grade, [school.grades[year].get(grade) for year in sorted(school.grades)]) for grade in forecasting.GRADES
        ] if school else [],
        query=urlencode({"municipality": str(municipality_id)}), **{**chosen, "municipality_id": municipality_id},
    )  # fmt: skip


@require_GET
def forecast_file(request: HttpRequest, kind: str) -> HttpResponse:
    """The forecast of every school of a municipality as a table file."""
    actor = actor_of(request)
    place = _place(request, actor)
    municipality_id = place["municipality_id"]
    if municipality_id is None and actor.organisation_id is not None:
        municipality_id = organisations.in_scope(actor, actor.organisation_id).municipality_id
    if municipality_id is None:
        municipality_id = next((one.id for one in _municipalities(actor)), None)
    if municipality_id is None:
        raise NotFound(
            "flows.no_municipality", "Муниципалитета для прогноза нет: выберите его на странице прогноза."
        )
    found = forecasts.of_municipality(actor, municipality_id)
    years = sorted(found.coming)
    head = ["Школа", "Мест", "Сейчас", *(f"{year}{part}" for year in years for part in ("", ", от", ", до"))]
    lines = [
        [
            one.name, one.capacity or "", one.past[max(one.past)],
            *(number for year in years for number in (one.coming[year].rounded, one.coming[year].low, one.coming[year].high)),
        ]
        for one in found.schools
    ]  # fmt: skip
    return table_as(kind, f"prognoz-{min(years, default=0)}", "Прогноз контингента", head, lines)


# -- what the pages share ------------------------------------------------------------------------


def _days(grade: int, year: int) -> tuple[date, list[date]]:
    """A cohort that enters is counted on 20 September and followed each year; one that leaves is looked for on 1 October."""
    today = clock.today()
    if grade in _GRADUATING:
        began, first = date(year + 1, 5, 15), date(year + 1, 10, 1)
        days = [date(one, 10, 1) for one in range(first.year, today.year + 1)]
    else:
        began = date(year, 9, 20)
        days = [date(one, 9, 20) for one in range(year, today.year + 1)]
    days = [one for one in days if one <= today]
    return began, [*days, today] if not days or days[-1] != today else days


def _told(lines: Sequence[tuple[str, Sequence[tuple[int, Any, str] | None], int | None]]) -> list[list[Any]]:
    """Return the lines of a table for a file."""
    return [
        [
            name,
            *("скрыто" if one is None else one[0] for one in numbers),
            "меньше 5" if total is None else total,
        ]
        for name, numbers, total in lines
    ]


def _table(
    rows: Mapping[str, Mapping[Any, int]],
    titles: Mapping[Any, str],
    actor: Actor,
    addresses: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Rows of numbers with totals, shares and addresses of the children behind them, and their drawing.

    Small numbers are hidden from whoever may not see children.
    """
    may_open = actor.may(EnrolmentPermission.VIEW)
    pairs = [
        Flow(name, str(code), number) for name, row in rows.items() for code, number in row.items() if number
    ]
    hidden = set() if may_open else rules.kept_back(pairs)
    lines = []
    drawn = []
    for name, row in rows.items():
        total = sum(row.values())
        numbers = [
            None
            if (name, str(code)) in hidden
            else (
                row.get(code, 0),
                rules.share(row.get(code, 0), total),
                f"{addresses[name]}&state={code}" if addresses and may_open else "",
            )
            for code in titles
        ]
        lines.append((name, numbers, _kept(total, actor)))
        if None not in numbers:
            drawn.append((name, [(title, row.get(code, 0)) for code, title in titles.items()]))
    return {"lines": lines, "chart": charts.stacks(drawn), "hidden": len(hidden)}


def _kept(number: int, actor: Actor) -> int | None:
    return number if number >= rules.SMALL or not number or actor.may(EnrolmentPermission.VIEW) else None


def _place(request: HttpRequest, actor: Actor) -> dict[str, UUID | None]:
    return {
        "organisation_id": uuid_of(request.GET.get("organisation")),
        "municipality_id": uuid_of(request.GET.get("municipality")),
    }


def _municipalities(actor: Actor) -> list[Municipality]:
    """The municipalities within the scope, to choose from; for a school there is nothing to choose."""
    if actor.organisation_id is not None:
        return []
    own = organisations.own(actor.scope).order_by().values("municipality_id")
    return list(organisations.municipalities(clock.today()).filter(pk__in=own).order_by("sort_key"))


def _chosen(actor: Actor, place: Mapping[str, UUID | None]) -> dict[str, Any]:
    organisation_id, municipality_id = place["organisation_id"], place["municipality_id"]
    where = ""
    if organisation_id is not None:
        where = organisations.get(organisation_id).short_name
    elif municipality_id is not None:
        where = organisations.municipality_by_id(municipality_id).name
    return {"where": where, "municipalities": _municipalities(actor), **place}


def _years(age: int) -> str:
    """Return «1 год», «3 года», «7 лет»; nobody here is older than 17."""
    return f"{age} {'год' if age == 1 else 'года' if 2 <= age <= 4 else 'лет'}"
