"""Saying which study periods a school year has: the ministry for the region, a school for itself."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import connection, transaction

from kontingent.audit import actions as audit
from kontingent.codelists import queries as codelists
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import Conflict
from kontingent.kernel.school_year import SchoolYear
from kontingent.performance import periods as rules
from kontingent.performance.events import PeriodsSet
from kontingent.performance.models import GradingPeriod
from kontingent.performance.periods import GradingPeriodDraft
from kontingent.performance.permissions import PerformancePermission
from kontingent.performance.queries.periods import period_order, said_by, said_periods

#: Advisory lock of this room: the periods of a year are said by one at a time.
_LOCK = 0x6770


@transaction.atomic
def set_periods(
    *,
    actor: Actor,
    school_year: int,
    periods: Sequence[GradingPeriodDraft],
    organisation_id: UUID | None = None,
    seen: Sequence[GradingPeriodDraft] | None = None,
) -> None:
    """Say which study periods a school year has, for the region or for one organisation, in place of what was said.

    None at all: the organisation has the region's again. ``seen`` is what stood when the new ones were written down.

    Raises:
        NotAllowed: the region's are the ministry's, an organisation's its own.
        InvalidValue: days or grades are wrong (``periods.check``).
        Conflict: somebody else has said other periods since.
    """
    if organisation_id is None:
        actor.require(PerformancePermission.MANAGE_JOURNALS)
    else:
        actor.require(PerformancePermission.SET_PERIODS, organisation_id=organisation_id)
    rules.check(periods, SchoolYear(school_year), codelists.titles("study_period"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK, school_year])
    before = said_periods(school_year, organisation_id)
    after = sorted(periods, key=period_order)
    if seen is not None and sorted(seen, key=period_order) != before:
        raise Conflict(
            "performance.periods_changed",
            "Пока вы правили, периоды этого года сохранил кто-то другой. Ваши не записаны: обновите страницу и внесите их снова.",
        )
    if after == before:
        return
    _write(after, school_year, organisation_id)
    audit.record(
        PeriodsSet(
            organisation_id=organisation_id,
            school_year=school_year,
            before=[_told(one) for one in before],
            after=[_told(one) for one in after],
        ),
        actor=actor,
    )


def _write(periods: Sequence[GradingPeriodDraft], school_year: int, organisation_id: UUID | None) -> None:
    """Write what stands now; a period that stays is the same row, since works of OneRoster refer to it by its id."""
    standing = {(one.code, one.grade_from): one for one in said_by(organisation_id, school_year)}
    for draft in periods:
        row = standing.pop((draft.code, draft.grade_from), None) or GradingPeriod(
            school_year=school_year, organisation_id=organisation_id
        )
        for name, value in draft._asdict().items():
            setattr(row, name, value)
        row.save()
    said_by(organisation_id, school_year).filter(pk__in=[one.pk for one in standing.values()]).delete()


def _told(one: GradingPeriodDraft) -> dict[str, str]:
    """A period as the journal of acts keeps it."""
    return {
        "code": one.code, "from": one.starts_on.isoformat(), "last": rules.last_day(one).isoformat(),
        "closes": one.closes_on.isoformat(), "grades": f"{one.grade_from}–{one.grade_to}",
    }  # fmt: skip
