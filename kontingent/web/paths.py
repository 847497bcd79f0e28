"""A learner's path with results: from kindergarten to diploma on one line, with gaps, circles, marks, exams, documents, achievements."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from kontingent.access.permissions import AccessPermission
from kontingent.enrolment import queries as enrolment
from kontingent.enrolment.queries import EnrolmentPart
from kontingent.kernel import clock
from kontingent.persons.models import Person
from kontingent.trajectory.flows.queries import attained
from kontingent.trajectory.flows.queries import path as paths
from kontingent.trajectory.flows.queries.attained import Attained
from kontingent.trajectory.flows.queries.path import Path
from kontingent.trajectory.flows.rules import Gap
from kontingent.web import charts
from kontingent.web.request import actor_of, page


class Row(NamedTuple):
    """A line of the table: ``kind`` names the badge, ``ends_on`` is absent of what happened on one day or goes on.

    Of the marks of a school year ``on`` is the day after its lessons, and the year is shown.
    """

    on: date
    ends_on: date | None
    kind: str
    what: str
    where: str
    outcome: str
    goes_on: bool = False
    is_poor: bool = False

    @property
    def school_year(self) -> int:
        """In which calendar year the school year begins that the marks are of."""
        return self.on.year - 1


KINDS = {
    "main": "обучение", "additional": "дополнительная программа", "gap": "перерыв", "marks": "итоги года",
    "exam": "экзамен", "document": "документ", "achievement": "достижение",
}  # fmt: skip


@require_GET
def of_learner(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """The path of a learner to staff, with what their rights and the opened stages show of results."""
    person, parts = enrolment.whole_path(actor_of(request), person_id, what="путь и результаты")
    return _shown(request, person, parts, f"/learners/{person_id}/")


@require_GET
def of_own(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """The path of one's own child, or of oneself."""
    actor = actor_of(request)
    actor.require(AccessPermission.OWN_FAMILY)
    card = enrolment.own_card(actor, person_id, brief=True)
    return _shown(request, card.person, card.path, f"/family/{person_id}/")


def _shown(request: HttpRequest, person: Person, parts: Sequence[EnrolmentPart], back: str) -> HttpResponse:
    today = clock.today()
    way, found = paths.of(parts, today), attained.of(actor_of(request), person.id)
    return page(
        request, "learners/path.html", person=person, back=back, rows=rows_of(way, found), closed=found.closed, kinds=KINDS,
        line=charts.path_line(way.stays, way.gaps, today, years_of_marks=found.years, milestones=found.milestones), today=today,
    )  # fmt: skip


def rows_of(way: Path, found: Attained) -> list[Row]:
    """Return the path and the results as one table in the order of days."""
    rows = []
    for one in way.rows:
        if isinstance(one, Gap):
            told = "лето" if one.is_summer else "нигде не учится" if one.is_open else "перерыв"
            rows.append(
                Row(one.starts_on, None if one.is_open else one.ends_on, "gap", f"{told}: {one.days} дн.", "", "", one.is_open, not one.is_summer)
            )  # fmt: skip
        else:
            outcome = "окончил" if one.is_finish else ""
            kind = "main" if one.is_main else "additional"
            rows.append(
                Row(one.starts_on, one.ends_on, kind, one.title, one.place, outcome, one.ends_on is None)
            )
    for year in found.years:
        average = (
            f"средняя {year.average:.2f}".replace(".", ",") if year.average is not None else "без отметок"
        )
        what = f"предметов: {year.subjects}"
        outcome = f"{average}, {year.told}" if year.told else average
        rows.append(
            Row(date(year.school_year + 1, 6, 1), None, "marks", what, "", outcome, is_poor=bool(year.debts))
        )
    rows += [
        Row(one.on, None, one.kind, one.title, one.place, one.outcome, is_poor=one.is_poor)
        for one in found.milestones
    ]
    return sorted(rows, key=lambda row: (row.on, row.kind != "main"))
