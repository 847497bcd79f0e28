"""Where those are who once were in a grade: cohorts, retention, destinations after grades 9 and 11, and who they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import connection

from kontingent.enrolment.codes import BASIC, PRIMARY, SECONDARY, VOCATIONAL
from kontingent.enrolment.permissions import EnrolmentPermission
from kontingent.enrolment.queries import named
from kontingent.enrolment.queries.named import Member
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotAllowed
from kontingent.storage import scope
from kontingent.trajectory.flows.codes import COUNTED

PAGE = 100


class Whereabouts(StrEnum):
    """Where somebody is on a day, seen from where the cohort began."""

    SAME = "same"
    MUNICIPALITY = "municipality"
    REGION = "region"
    VOCATIONAL = "vocational"
    FINISHED = "finished"
    LEFT = "left"
    FAMILY = "family"
    NOWHERE = "nowhere"


@dataclass(frozen=True, slots=True)
class Cohort:
    """So many were in a grade on a day; on each later day so many of them are here and there."""

    began_on: date
    grade: int
    number: int
    days: dict[date, dict[Whereabouts, int]]


#: Each child's periods are read once for all days. Who is enrolled in nothing is told by the last leaving before the day.
_COHORT = """
WITH cohort AS (
    SELECT p.person_id, p.organisation_id, o.municipality_id FROM enrolment_placement p
    JOIN organisations_organisation o ON o.id = p.organisation_id
    WHERE p.superseded_at IS NULL AND p.is_main AND p.grade = %(grade)s AND p.programme_kind_code = ANY(%(schools)s)
        AND p.starts_on <= %(on)s AND (p.ends_on IS NULL OR p.ends_on > %(on)s){scope}
),
studying AS (
    SELECT DISTINCT ON (c.person_id, d.day) c.person_id, d.day, p.organisation_id, p.programme_kind_code AS kind
    FROM cohort c JOIN enrolment_placement p ON p.person_id = c.person_id AND p.superseded_at IS NULL
        AND p.programme_kind_code = ANY(%(counted)s)
    JOIN unnest(%(days)s::date[]) AS d(day) ON p.starts_on <= d.day AND (p.ends_on IS NULL OR p.ends_on > d.day)
    ORDER BY c.person_id, d.day, p.is_main DESC, p.starts_on
)
SELECT c.person_id, d.day, q.organisation_id AS now_id, l.short_name AS last_place, l.ends_on AS left_on, CASE
        WHEN q.kind = ANY(%(vocational)s) THEN 'vocational' WHEN q.organisation_id = c.organisation_id THEN 'same'
        WHEN n.municipality_id = c.municipality_id THEN 'municipality' WHEN n.id IS NOT NULL THEN 'region'
        WHEN l.reason_code IN ('T3', 'T4') THEN 'left' WHEN l.reason_code = 'T7' THEN 'family'
        WHEN l.leaving_kind = 'graduation' AND l.level = ANY(%(finishing)s) THEN 'finished' ELSE 'nowhere' END AS place
FROM cohort c CROSS JOIN unnest(%(days)s::date[]) AS d(day)
LEFT JOIN studying q ON q.person_id = c.person_id AND q.day = d.day
LEFT JOIN organisations_organisation n ON n.id = q.organisation_id
LEFT JOIN LATERAL (SELECT e.reason_code, e.leaving_kind, e.ends_on, r.short_name, (SELECT p.programme_kind_code FROM enrolment_placement p
        WHERE p.person_id = c.person_id AND p.enrolment_id = e.enrolment_id AND p.superseded_at IS NULL
        ORDER BY p.starts_on DESC LIMIT 1) AS level
    FROM enrolment_enrolment e JOIN organisations_organisation r ON r.id = e.organisation_id
        WHERE q.organisation_id IS NULL AND e.person_id = c.person_id AND e.superseded_at IS NULL
        AND e.level_code = ANY(%(counted)s) AND e.ends_on <= d.day
    ORDER BY e.ends_on DESC LIMIT 1) l ON true
"""


def cohort(
    actor: Actor,
    *,
    grade: int,
    on: date,
    days: Sequence[date],
    organisation_id: UUID | None = None,
    municipality_id: UUID | None = None,
) -> Cohort:
    """Say where those who were in a grade of the actor's organisations on a day are on other days."""
    statement, parameters = _cohort(
        actor, grade, on, days, organisation_id=organisation_id, municipality_id=municipality_id
    )
    found: dict[date, dict[Whereabouts, int]] = defaultdict(dict)
    with scope.whole_register(), connection.cursor() as cursor:
        cursor.execute(f"SELECT w.day, w.place, count(*) FROM ({statement}) w GROUP BY 1, 2", parameters)
        for day, where, number in cursor.fetchall():
            found[day][Whereabouts(where)] = number
    number = max((sum(one.values()) for one in found.values()), default=0)
    return Cohort(on, grade, number, {day: found.get(day, {}) for day in days})


def _cohort(
    actor: Actor,
    grade: int,
    on: date,
    days: Sequence[date],
    *,
    organisation_id: UUID | None,
    municipality_id: UUID | None,
) -> tuple[str, dict[str, Any]]:
    """Return the statement that says of each of a cohort on each day where it is, and what it is given."""
    actor.require(EnrolmentPermission.COUNT)
    condition, parameters = _within(actor, "p", organisation_id, municipality_id)
    parameters |= {
        "grade": grade, "on": on, "days": list(days), "schools": [PRIMARY, BASIC, SECONDARY],
        "vocational": list(VOCATIONAL), "counted": list(COUNTED), "finishing": [SECONDARY, *VOCATIONAL],
    }  # fmt: skip
    return _COHORT.format(scope=condition), parameters


def members(
    actor: Actor,
    *,
    grade: int,
    on: date,
    day: date,
    where: Whereabouts,
    organisation_id: UUID | None = None,
    municipality_id: UUID | None = None,
    after: UUID | None = None,
    limit: int = PAGE,
) -> tuple[list[Member], UUID | None]:
    """Return who of a cohort is there on a day, of those whom the actor may see, in the order of ids, and where to go on from."""
    actor.require(EnrolmentPermission.VIEW)
    statement, parameters = _cohort(
        actor, grade, on, [day], organisation_id=organisation_id, municipality_id=municipality_id
    )
    parameters |= {"where": where.value, "after": after, "limit": limit + 1}
    with scope.whole_register(), connection.cursor() as cursor:
        cursor.execute(
            f"SELECT w.person_id, coalesce(n.short_name, w.last_place, ''), w.left_on FROM ({statement}) w "
            "LEFT JOIN organisations_organisation n ON n.id = w.now_id WHERE w.place = %(where)s "
            "AND (%(after)s::uuid IS NULL OR w.person_id > %(after)s) ORDER BY w.person_id LIMIT %(limit)s",
            parameters,
        )
        rows = cursor.fetchall()
    return named.members(actor, rows[:limit], "когорта"), rows[limit - 1][0] if len(rows) > limit else None


def _within(
    actor: Actor, alias: str, organisation_id: UUID | None, municipality_id: UUID | None
) -> tuple[str, dict[str, Any]]:
    parts: list[str] = []
    parameters: dict[str, Any] = {}
    if not actor.scope.whole_region:
        if not (actor.scope.organisations or actor.scope.municipalities):
            raise NotAllowed("access.out_of_scope", "Сведения об организациях вам недоступны.")
        parts.append(
            f"({alias}.organisation_id = ANY(%(s_o)s::uuid[]) OR o.municipality_id = ANY(%(s_m)s::uuid[]))"
        )
        parameters |= {"s_o": list(actor.scope.organisations), "s_m": list(actor.scope.municipalities)}
    if organisation_id is not None:
        parts.append(f"{alias}.organisation_id = %(a_o)s")
        parameters["a_o"] = organisation_id
    elif municipality_id is not None:
        parts.append("o.municipality_id = %(a_m)s")
        parameters["a_m"] = municipality_id
    return "".join(f" AND {one}" for one in parts), parameters
