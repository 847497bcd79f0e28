"""Reading study periods."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.db.models import Q, QuerySet

from kontingent.performance.models import GradingPeriod
from kontingent.performance.periods import GradingPeriodDraft


def grading_periods(
    school_year: int, *, organisation_id: UUID | None = None, grade: int | None = None
) -> list[GradingPeriod]:
    """Return the study periods of a school year, an organisation's own where it has said them, else the region's."""
    asked = Q(organisation__isnull=True) | Q(organisation_id=organisation_id)
    found = list(
        GradingPeriod.objects.filter(asked, school_year=school_year).order_by("starts_on", "ends_on")
    )
    own = [one for one in found if one.organisation_id is not None]
    return [one for one in own or found if grade is None or one.grade_from <= grade <= one.grade_to]


def said_periods(school_year: int, organisation_id: UUID | None) -> list[GradingPeriodDraft]:
    """Return the periods that were said for the region or by the organisation itself, by grades and days."""
    rows = said_by(organisation_id, school_year).values_list(*GradingPeriodDraft._fields)
    return sorted((GradingPeriodDraft(*row) for row in rows), key=period_order)


def said_by(organisation_id: UUID | None, school_year: int) -> QuerySet[GradingPeriod]:
    """Return the rows that the organisation, or the region, has said."""
    whose = Q(organisation__isnull=True) if organisation_id is None else Q(organisation_id=organisation_id)
    return GradingPeriod.objects.filter(whose, school_year=school_year)


def period_order(one: GradingPeriodDraft) -> tuple[int, date, date, str]:
    """The order in which people read periods: class by class, day by day."""
    return one.grade_from, one.starts_on, one.ends_on, one.code
