"""The diary: a learner's day, week, school year and its documents, for the family and for those who teach."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.school_year import SchoolYear
from kontingent.organisations import queries as organisations
from kontingent.performance import documents, queries, rules
from kontingent.persons import queries as persons
from kontingent.web import charts
from kontingent.web.files import saved_as
from kontingent.web.request import actor_of, day, page, school_year

#: Marks of a subject as they are listed on the page of the year: the latest.
MARKS_SHOWN = 12
SUNDAY = 6
#: Days beyond these are asked for by nobody who means it.
EARLIEST, LATEST = date(1990, 9, 1), date(2200, 1, 1)


@require_GET
def week(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Lessons, homework, marks and absences of a week."""
    actor, on = actor_of(request), min(max(day(request), EARLIEST), LATEST)
    monday = on - timedelta(days=on.weekday())
    found = queries.diary(actor, person_id, monday, monday + timedelta(days=7))
    return page(
        request, "diary/week.html", person=persons.get(person_id), diary=found, monday=monday, sunday=monday + timedelta(days=6),
        before=monday - timedelta(days=7), after=monday + timedelta(days=7), is_family=actor.scope.is_family, tab="week",
        marks=_marks_by_value(found),
    )  # fmt: skip


@require_GET
def one_day(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Lessons, homework, marks and absences of a day; beside it the days before and after, Sundays left out."""
    actor, on = actor_of(request), min(max(day(request), EARLIEST), LATEST)
    found = queries.diary(actor, person_id, on, on + timedelta(days=1))
    lessons = [lesson for one in found.days for lesson in one.lessons]
    missed = Counter(note.title for lesson in lessons for note in lesson.attendance)
    return page(
        request, "diary/day.html", person=persons.get(person_id), lessons=lessons, on=on, before=_beside(on, -1), after=_beside(on, 1),
        latest=found.latest, is_family=actor.scope.is_family, tab="week", marks=_marks_by_value(found), absences=missed.most_common(),
    )  # fmt: skip


def _beside(on: date, step: int) -> date:
    """The day before or after that is no Sunday."""
    found = on + timedelta(days=step)
    return found + timedelta(days=step) if found.weekday() == SUNDAY else found


def _marks_by_value(found: queries.Diary) -> list[tuple[str, int]]:
    """How many marks of each value these days brought."""
    marks = [mark.value for one in found.days for lesson in one.lessons for mark in lesson.marks]
    return [(value, marks.count(value)) for value in sorted(set(marks), reverse=True)]


@require_GET
def results(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Averages by subject with their trend, closing marks of the year and of all years."""
    actor = actor_of(request)
    year = school_year(request)
    found = queries.year_results(actor, person_id, year)
    finals = queries.closing_marks(actor, person_id)
    lines = queries.thresholds()
    measured = [one for one in found.subjects if one.average is not None and one.system_code == 1]
    return page(
        request, "diary/results.html", person=persons.get(person_id), results=found, year=year, is_family=actor.scope.is_family,
        tab="results", years=_years(year), rows=[_row(one, found.columns) for one in found.subjects],
        bars=charts.bars([(one.subject, [one.average]) for one in measured], top=5),
        rule=rules.slipping_rule(lines), missed=sum(n for code, n in found.absences.items() if code != "о"),
        finals=_finals(finals), file_year=year,
    )  # fmt: skip


def _row(one: queries.SubjectResult, columns: list[tuple[str, str]]) -> dict[str, Any]:
    """One subject: the latest marks, a line of all of them, the closing marks in the order of the headings."""
    scores = [
        mark.score for mark in one.marks if mark.score is not None and mark.system_code == one.system_code
    ]
    return {
        "one": one,
        "marks": one.marks[-MARKS_SHOWN:],
        "left_out": max(0, len(one.marks) - MARKS_SHOWN),
        "line": charts.line(scores, top=5 if one.system_code == 1 else 100),
        "closing": [(title, one.closing.get(code)) for code, title in columns],
    }


def _finals(marks: list[queries.ClosingMark]) -> dict[str, Any]:
    """Subjects × school years: the mark that stands for the year."""
    yearly: dict[str, dict[int, queries.ClosingMark]] = {}
    for one in marks:
        if one.kind in {"year", "retake", "exam", "final"}:
            yearly.setdefault(one.subject, {})[one.school_year] = one
    years = sorted({year for row in yearly.values() for year in row})
    return {
        "years": [SchoolYear(year) for year in years],
        "rows": [
            (subject, [(SchoolYear(year), row.get(year)) for year in years])
            for subject, row in sorted(yearly.items())
        ],
    }


def _years(asked: int) -> list[tuple[int, str]]:
    present = SchoolYear.of(clock.today()).begins_in
    return [
        (year, str(SchoolYear(year)))
        for year in sorted({asked, *range(present - 10, present + 1)}, reverse=True)
    ]


# -- documents -----------------------------------------------------------------------------------


@require_GET
def statement(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Ведомость успеваемости of a school year as PDF."""
    return _document(request, person_id, documents.Kind.STATEMENT)


@require_GET
def certificate(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Справка об успеваемости as PDF."""
    return _document(request, person_id, documents.Kind.CERTIFICATE)


def _document(request: HttpRequest, person_id: UUID, kind: documents.Kind) -> HttpResponse:
    actor, year = actor_of(request), school_year(request)
    found = queries.year_results(actor, person_id, year, what=kind.told)
    who = _whose(actor, person_id, found)
    content = documents.write(kind, found, who, on=clock.today(), is_demo=settings.DEMO)
    return saved_as(content, f"{kind.value}-{year}.pdf")


def _whose(actor: Actor, person_id: UUID, found: queries.YearResults) -> documents.Whose:
    """Name the learner and the school of the year: the one of the latest class, else of the marks."""
    person = persons.get(person_id)
    group = list(found.groups.values())[-1] if found.groups else ""
    whose = documents.Whose(person.full_name, person.birth_date, group)
    if found.organisation_id is None:
        return whose
    place = organisations.get(found.organisation_id)
    return whose._replace(school=place.full_name, ogrn=place.ogrn, head=place.head_name)
