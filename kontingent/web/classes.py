"""Marks of classes and schools: the sheet of a subject, a class as a whole, quality up to the region, who needs attention."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET

from kontingent.codelists import queries as codelists
from kontingent.enrolment.models import Group
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue, NotAllowed
from kontingent.kernel.school_year import SchoolYear
from kontingent.organisations import queries as organisations
from kontingent.performance import queries, rules
from kontingent.performance.permissions import PerformancePermission
from kontingent.performance.queries import By
from kontingent.web import charts
from kontingent.web.files import table_as
from kontingent.web.request import actor_of, day, optional_day, page, school_year, uuid_of, whole

#: A sheet without study periods shows so many days.
SHEET_DAYS = 60
BY_TITLES = {
    By.MUNICIPALITY: "По муниципалитетам", By.SCHOOL: "По школам", By.CLASS: "По классам", By.SUBJECT: "По предметам",
}  # fmt: skip
HEADS = {By.MUNICIPALITY: "Муниципалитет", By.SCHOOL: "Школа", By.CLASS: "Класс", By.SUBJECT: "Предмет"}
TRENDS = {"up": "растёт", "down": "снижается", "steady": "ровно"}


# -- the sheet -----------------------------------------------------------------------------------


@require_GET
def sheet(request: HttpRequest, group_id: UUID) -> HttpResponse:
    """Learners × lessons of a subject."""
    actor = actor_of(request)
    group = queries.group_of(actor, group_id)
    subjects = queries.subjects_of(group)
    subject, starts_on, ends_on = _asked(request, group, subjects)
    found = queries.class_sheet(actor, group_id, subject, starts_on, ends_on) if subject else None
    given = _given(found) if found else set()
    return page(
        request, "diary/sheet.html", group=group, sheet=found, subject=subject, starts_on=starts_on,
        last=ends_on - timedelta(days=1), subjects=[(code, codelists.title("subject", code)) for code in subjects],
        works=_works(given), body=_body(found, given) if found else "", query=urlencode({"subject": subject, "from": starts_on, "to": ends_on - timedelta(days=1)}),
    )  # fmt: skip


@require_GET
def sheet_file(request: HttpRequest, group_id: UUID, kind: str) -> HttpResponse:
    """The sheet as a table file."""
    actor = actor_of(request)
    group = queries.group_of(actor, group_id)
    subject, starts_on, ends_on = _asked(request, group, queries.subjects_of(group))
    if not subject:
        raise InvalidValue("performance.no_lessons", "Уроков этого класса в журнале нет: выгружать нечего.")
    found = queries.class_sheet(actor, group_id, subject, starts_on, ends_on, as_file=True)
    head = [
        "Ученик",
        *(f"{one.day:%d.%m}" for one in found.lessons),
        "Средний балл",
        "Пропуски",
        *(title for _, title in found.columns),
    ]
    lines = [
        [
            row.learner.name, *(_cell_text(cell) for cell in row.cells), _number(row.average), row.absences,
            *(row.closing.get(code, "") for code, _ in found.columns),
        ]
        for row in found.rows
    ]  # fmt: skip
    return table_as(kind, f"zhurnal-{subject}-{starts_on}", codelists.title("subject", subject), head, lines)


def _given(found: queries.ClassSheet) -> set[queries.SheetMark]:
    """The marks that differ: of two thousand on a sheet some dozens, and each is put into words once."""
    return {mark for row in found.rows for cell in row.cells if cell is not None for mark in cell.marks}


def _body(found: queries.ClassSheet, given: set[queries.SheetMark]) -> SafeString:
    """Write the rows of the sheet: one join instead of two thousand template loops."""
    written = {one: _mark(one) for one in given}
    parts = []
    for row in found.rows:
        name = escape(row.learner.name)
        parts.append(f'<tr><th scope="row"><a href="/diary/{row.learner.person_id}/results/">{name}</a></th>')
        parts += ["<td></td>" if cell is None else _cell(cell, written) for cell in row.cells]
        mean = "–" if row.average is None else _with_comma(row.average)
        parts.append(
            f'<td class="num{" slip" if row.slips else ""}">{mean}</td><td class="num">{row.absences or ""}</td>'
        )
        parts += [
            f'<td class="num"><b>{escape(row.closing.get(code, ""))}</b></td>' for code, _ in found.columns
        ]
        parts.append("</tr>")
    return SafeString("".join(parts))


def _with_comma(number: Decimal) -> str:
    return f"{number:f}".replace(".", ",")


def _mark(one: queries.SheetMark) -> str:
    value, work = escape(one.value), escape(one.work)
    return (
        f'<span class="mark-{value}" title="{work}, вес {_with_comma(one.weight.normalize())}">{value}</span>'
    )


def _cell(cell: queries.SheetCell, written: dict[queries.SheetMark, str]) -> str:
    told = [written[one] for one in cell.marks]
    told += [f'<span class="absent">{escape(code)}</span>' for code, _ in cell.absences]
    return f"<td>{' '.join(told)}</td>"


def _asked(request: HttpRequest, group: Group, subjects: list[str]) -> tuple[str, date, date]:
    """Which subject and days: the present study period of the class unless others are named; the end is the first day after."""
    asked = request.GET.get("subject", "")
    subject = asked if asked in subjects else subjects[0] if subjects else ""
    year = SchoolYear(group.school_year)
    today = min(max(clock.today(), year.starts_on), year.ends_on - timedelta(days=1))
    periods = queries.grading_periods(
        group.school_year, organisation_id=group.organisation_id, grade=group.grade
    )
    begun = [one for one in periods if one.starts_on <= today]
    usual = begun[-1].starts_on if begun else max(year.starts_on, today - timedelta(days=SHEET_DAYS))
    starts_on = optional_day(request.GET.get("from", ""), "Начало") or usual
    last = optional_day(request.GET.get("to", ""), "Конец") or today
    starts_on = min(max(starts_on, year.starts_on), year.ends_on - timedelta(days=1))
    last = min(max(last, starts_on), year.ends_on - timedelta(days=1))
    return subject, starts_on, last + timedelta(days=1)


def _works(given: set[queries.SheetMark]) -> list[str]:
    """Kinds of work that occur with a weight of their own, for the legend."""
    return sorted({f"{mark.work} – {_with_comma(mark.weight.normalize())}" for mark in given})


def _cell_text(cell: queries.SheetCell | None) -> str:
    if cell is None:
        return ""
    return " ".join([*(mark.value for mark in cell.marks), *(code for code, _ in cell.absences)])


# -- a class as a whole --------------------------------------------------------------------------


@require_GET
def results(request: HttpRequest, group_id: UUID) -> HttpResponse:
    """Learners × subjects, who needs attention, quality by subject."""
    actor, on = actor_of(request), day(request)
    found = queries.class_results(actor, group_id, on, column=request.GET.get("column", ""))
    quality = [
        (codelists.title("subject", code), found.by_subject[code])
        for code in found.subjects
        if code in found.by_subject
    ]
    return page(
        request, "diary/class.html", group=found.group, results=found, on=on,
        subjects=[(code, codelists.title("subject", code)) for code in found.subjects],
        rows=[(row, [(row.standings.get(code), row.closing.get(code)) for code in found.subjects]) for row in found.rows],
        slipping=[(row, [(codelists.title("subject", code), row.standings[code]) for code in row.slipping]) for row in found.rows if row.slipping],
        quality=quality, bars=charts.bars([(title, [one.achievement, one.quality]) for title, one in quality], top=100),
        rule=rules.slipping_rule(queries.thresholds()),
    )  # fmt: skip


@require_GET
def results_file(request: HttpRequest, group_id: UUID, kind: str) -> HttpResponse:
    """The class as a table file."""
    found = queries.class_results(
        actor_of(request), group_id, day(request), column=request.GET.get("column", ""), as_file=True
    )
    column = dict(found.columns).get(found.column, "")
    head = ["Ученик", "Пропуски"]
    for code in found.subjects:
        title = codelists.title("subject", code)
        head += [f"{title}: средний балл", f"{title}: {column.lower() or 'итог'}"]
    lines = []
    for row in found.rows:
        line: list[Any] = [row.learner.name, row.absences]
        for code in found.subjects:
            standing = row.standings.get(code)
            line += [_number(standing.mean if standing else None), row.closing.get(code, "")]
        lines.append(line)
    return table_as(kind, f"klass-{found.group.school_year}", f"Класс {found.group.title}", head, lines)


# -- quality -------------------------------------------------------------------------------------


@require_GET
def quality(request: HttpRequest) -> HttpResponse:
    """Успеваемость and качество by class, subject, school or municipality."""
    actor = actor_of(request)
    if actor.scope.groups and not actor.scope.organisations:
        return _own_classes(actor)
    table, chosen = _quality(request, actor)
    shown = [row for row in table.rows if row.figures is not None]
    return page(
        request, "diary/quality.html", table=table, **chosen,
        bars=charts.bars([(row.title, [row.figures.achievement, row.figures.quality]) for row in shown if row.figures], top=100),
    )  # fmt: skip


@require_GET
def quality_file(request: HttpRequest, kind: str) -> HttpResponse:
    """The same as a table file."""
    table, chosen = _quality(request, actor_of(request))
    lines: list[list[Any]] = []
    for row in table.rows:
        figures = row.figures
        lines.append([row.title, *(("скрыто",) * 3 if figures is None else figures)])
    if table.total is not None:
        lines.append(["Всего", *table.total])
    head = [HEADS[chosen["by"]], "Аттестовано", "Успеваемость, %", "Качество, %"]
    return table_as(kind, f"kachestvo-{chosen['year']}", "Качество и успеваемость", head, lines)


def _own_classes(actor: Actor) -> HttpResponse:
    actor.require(PerformancePermission.VIEW)
    year = SchoolYear.of(clock.today()).begins_in
    own = Group.objects.filter(pk__in=actor.scope.groups).order_by("-school_year", "title_key")
    present = [one for one in own if one.school_year == year] or list(own)
    return HttpResponseRedirect(f"/groups/{present[0].id}/performance/" if present else "/")


def _quality(request: HttpRequest, actor: Actor) -> tuple[queries.QualityTable, dict[str, Any]]:
    asked = request.GET
    year = school_year(request)
    columns = queries.columns(year, clock.today())
    column = next((one for one in columns if one.code == asked.get("column")), columns[0])
    organisation_id, municipality_id = uuid_of(asked.get("organisation")), uuid_of(asked.get("municipality"))
    own = actor.organisation_id
    ways = [By.CLASS, By.SUBJECT]
    if own is None:
        ways = [By.SCHOOL, By.SUBJECT] if organisation_id is None else ways
        if actor.scope.whole_region and municipality_id is None and organisation_id is None:
            ways = [By.MUNICIPALITY, By.SCHOOL, By.SUBJECT]
    by = next((one for one in ways if one.value == asked.get("by")), ways[0])
    grade = whole(asked.get("grade"))
    table = queries.quality(
        actor,
        year,
        column,
        by,
        organisation_id=organisation_id or own,
        municipality_id=municipality_id,
        group_grade=grade,
    )
    where = ""
    if organisation_id is not None:
        where = organisations.get(organisation_id).short_name
    elif municipality_id is not None:
        where = organisations.municipality_by_id(municipality_id).name
    present = SchoolYear.of(clock.today()).begins_in
    chosen = {
        "year": year, "column": column, "by": by, "grade": grade, "where": where, "organisation_id": organisation_id,
        "municipality_id": municipality_id, "columns": sorted(columns, key=lambda one: (not one.code.isdigit(), int(one.code) if one.code.isdigit() else 0)),
        "ways": [(one.value, BY_TITLES[one]) for one in ways], "head": HEADS[by],
        "years": [(number, str(SchoolYear(number))) for number in range(present, present - 6, -1)], "grades": range(2, 13),
        "may_open": own is not None or organisation_id is not None,
        "query": urlencode({name: value for name, value in asked.items() if value}),
    }  # fmt: skip
    return table, chosen


# -- attention -----------------------------------------------------------------------------------


@require_GET
def attention(request: HttpRequest) -> HttpResponse:
    """Who slips and who has an academic debt in a school."""
    actor, on, grade = actor_of(request), day(request), whole(request.GET.get("grade"))
    organisation_id = _school(request, actor)
    return page(
        request, "diary/attention.html", organisation=organisations.get(organisation_id), on=on, grade=grade,
        slipping=queries.slipping(actor, organisation_id, on, grade=grade),
        debts=queries.debts(actor, organisation_id, on, grade=grade),
        rule=rules.slipping_rule(queries.thresholds()), grades=range(2, 13),
        query=urlencode({name: value for name, value in request.GET.items() if value}),
    )  # fmt: skip


@require_GET
def attention_file(request: HttpRequest, kind: str) -> HttpResponse:
    """The same as a table file."""
    actor, on, grade = actor_of(request), day(request), whole(request.GET.get("grade"))
    organisation_id = _school(request, actor)
    slipping = queries.slipping(actor, organisation_id, on, grade=grade, as_file=True)
    debts = queries.debts(actor, organisation_id, on, grade=grade, as_file=True)
    lines: list[list[Any]] = [
        [one.learner.group, one.learner.name, codelists.title("subject", one.subject_code), "требует внимания", _number(one.mean),
         TRENDS.get(one.trend or "", "")]
        for one in slipping
    ]  # fmt: skip
    lines += [
        [one.learner.group, one.learner.name, codelists.title("subject", one.debt.subject), "задолженность", one.mark,
         f"{SchoolYear(one.debt.year)}, с {one.debt.since:%d.%m.%Y}"]
        for one in debts
    ]  # fmt: skip
    head = ["Класс", "Ученик", "Предмет", "Что", "Балл или отметка", "Динамика или учебный год"]
    return table_as(kind, f"vnimanie-{on}", "Требуют внимания", head, lines)


def _school(request: HttpRequest, actor: Actor) -> UUID:
    found = uuid_of(request.GET.get("organisation")) or actor.organisation_id
    if found is None:
        raise NotAllowed(
            "performance.no_school",
            "Выберите школу: откройте «Успеваемость», затем школу и «Кто требует внимания».",
        )
    return found


def _number(value: Any) -> Any:
    return "" if value is None else float(value)
