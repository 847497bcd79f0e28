"""Study periods of a school year: the region's by the ministry, a school's own by the school, in one table that is saved whole."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_http_methods

from kontingent.codelists import queries as codelists
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue, KontingentError, NotAllowed
from kontingent.kernel.school_year import SchoolYear
from kontingent.performance import actions, queries
from kontingent.performance import periods as rules
from kontingent.performance.actions import GradingPeriodDraft
from kontingent.performance.permissions import PerformancePermission
from kontingent.web.request import actor_of, optional_day, page, school_year, whole

#: Empty lines below those that are there.
BLANK = 3
_FIELDS = ("code", "from", "last", "closes", "grade_from", "grade_to")


@require_http_methods(["GET", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """The periods of a year, whose they are, and a table to say others; on POST save it, or go back to the region's."""
    actor = actor_of(request)
    actor.require(PerformancePermission.VIEW)
    year = school_year(request)
    error: KontingentError | None = None
    if request.method == "POST":
        try:
            return _save(request, actor, year)
        except NotAllowed:
            raise
        except KontingentError as refusal:
            error = refusal
    said = queries.said_periods(year, actor.organisation_id)
    of_region = queries.said_periods(year, None) if actor.organisation_id else said
    proposed = [] if said or of_region else rules.a_year_on(queries.said_periods(year - 1, None))
    rows = _typed(request) if error else [_row(one) for one in said or of_region or proposed]
    present = SchoolYear.of(clock.today()).begins_in
    return page(
        request, "periods/index.html", year=year, years=range(present - 1, present + 2), error=error, rows=rows + [_BLANK_ROW] * BLANK,
        titles=list(codelists.titles("study_period").items()), said=said, of_region=of_region, is_proposed=bool(proposed),
        may_set=_may_set(actor), seen=request.POST.get("seen", "") if error else _sealed(said), own=actor.organisation_id is not None,
        shown=[(one, rules.last_day(one), one.closes_on <= clock.today()) for one in said or of_region],
    )  # fmt: skip


def _may_set(actor: Actor) -> bool:
    if actor.organisation_id is not None:
        return actor.may(PerformancePermission.SET_PERIODS)
    return actor.may(PerformancePermission.MANAGE_JOURNALS)


def _save(request: HttpRequest, actor: Actor, year: int) -> HttpResponse:
    own: UUID | None = actor.organisation_id
    seen = _unsealed(request.POST.get("seen", ""))
    match request.POST.get("act"):
        case "save":
            wanted = [draft for line in _typed(request) if (draft := _draft(line)) is not None]
            if not wanted:
                raise InvalidValue(
                    "performance.no_periods",
                    "В таблице нет ни одного периода. Заполните хотя бы одну строку.",
                )
            actions.set_periods(actor=actor, school_year=year, periods=wanted, organisation_id=own, seen=seen)
            messages.success(request, f"Учебные периоды {SchoolYear(year)} учебного года сохранены.")
        case "drop" if own is not None:
            actions.set_periods(actor=actor, school_year=year, periods=[], organisation_id=own, seen=seen)
            messages.success(request, "Свои периоды сняты: действуют периоды региона.")
        case _:
            raise InvalidValue("form.act", "Действие не выбрано. Обновите страницу и нажмите нужную кнопку.")
    return HttpResponseRedirect(f"/periods/?year={year}")


# -- the table -------------------------------------------------------------------------------------

_BLANK_ROW = dict.fromkeys(_FIELDS, "") | {"grade_from": "1", "grade_to": "11"}


def _row(one: GradingPeriodDraft) -> dict[str, str]:
    """A period as the table shows it: days are inclusive."""
    return {
        "code": one.code, "from": one.starts_on.isoformat(), "last": rules.last_day(one).isoformat(),
        "closes": one.closes_on.isoformat(), "grade_from": str(one.grade_from), "grade_to": str(one.grade_to),
    }  # fmt: skip


def _typed(request: HttpRequest) -> list[dict[str, str]]:
    """The lines as they were typed, those without a period and days left out."""
    columns = [request.POST.getlist(name)[: rules.MOST + BLANK] for name in _FIELDS]
    lines = [dict(zip(_FIELDS, line, strict=False)) for line in zip(*columns, strict=False)]
    return [line for line in lines if any(line[name].strip() for name in ("code", "from", "last", "closes"))]


def _draft(line: dict[str, str]) -> GradingPeriodDraft | None:
    """Read a line; a period that says no day of closing is closed on the day after its last.

    Raises:
        InvalidValue: what of the line is missing or is no date.
    """
    title = codelists.titles("study_period").get(line["code"])
    if title is None:
        raise InvalidValue(
            "performance.period", "В одной из строк заполнены дни, но период не выбран. Выберите его или очистите дни."
        )  # fmt: skip
    starts_on = _day(line["from"], title, "первый день")
    ends_on = _day(line["last"], title, "последний день") + timedelta(days=1)
    closes_on = optional_day(line["closes"], f"{title}, «Закрывается»") or ends_on
    return GradingPeriodDraft(
        line["code"], starts_on, ends_on, closes_on, whole(line["grade_from"]) or 0, whole(line["grade_to"]) or 0
    )  # fmt: skip


def _day(text: str, title: str, what: str) -> date:
    found = optional_day(text, f"{title}, {what}")
    if found is None:
        raise InvalidValue("performance.period_day_missing", f"Период «{title}»: не указан {what}.")
    return found


def _sealed(said: list[GradingPeriodDraft]) -> str:
    """What stood when the page was made, to be sent back with it."""
    return json.dumps([_row(one) for one in said])


def _unsealed(text: str) -> list[GradingPeriodDraft]:
    """Read it back; what was tampered with is what never stood, and is refused as a conflict."""
    try:
        lines: Any = json.loads(text)
        return [one for line in lines if (one := _draft(line)) is not None]
    except (ValueError, TypeError, KeyError, AttributeError, InvalidValue):
        return [GradingPeriodDraft("", date.min, date.min, date.min)]
