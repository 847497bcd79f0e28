"""Flows of a period, by sets: every enrolment of a main programme that ended or began in it, a child's leaving joined with the next entering.

The days of a period are both its own. What arrives at a node less what leaves it is the change of its contingent, on any day
and in any cut, since both are read from the same periods (``tests/trajectory`` holds it against the contingent).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from kontingent.audit import reads
from kontingent.audit.reads import ReadKind
from kontingent.enrolment.codes import OPENING, MovementKind
from kontingent.enrolment.permissions import EnrolmentPermission
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotAllowed
from kontingent.persons.models import Person
from kontingent.storage import scope
from kontingent.trajectory.flows import rules
from kontingent.trajectory.flows.codes import COUNTED, REGION, By, Outside
from kontingent.trajectory.flows.rules import Flow

PAGE = 100

_ENROLMENTS = """
SELECT e.person_id, e.{day} AS day, {come} AS is_come, e.organisation_id, e.level_code AS level, e.enrolment_id, e.leaving_kind,
    e.reason_code FROM enrolment_enrolment e
WHERE e.superseded_at IS NULL AND e.level_code = ANY(%(counted)s) AND e.{day} BETWEEN %(since)s AND %(until)s AND e.ends_on IS DISTINCT FROM e.starts_on
"""
#: A level may change within an enrolment, so levels go by the placements at their borders; the reason is that of the enrolment that
#: ended with it.
_PLACEMENTS = """
SELECT p.person_id, p.{day} AS day, {come} AS is_come, p.organisation_id, p.programme_kind_code AS level, p.enrolment_id,
    e.leaving_kind, e.reason_code FROM enrolment_placement p
LEFT JOIN enrolment_enrolment e ON NOT {come} AND e.enrolment_id = p.enrolment_id AND e.superseded_at IS NULL
    AND e.ends_on = p.ends_on AND e.ends_on BETWEEN %(since)s AND %(until)s
WHERE p.superseded_at IS NULL AND p.{border} AND p.programme_kind_code = ANY(%(counted)s) AND p.{day} BETWEEN %(since)s AND %(until)s
"""
#: On one day a child leaves before entering. An entering that follows a leaving is told with it. A college may be entered beside a
#: school, so that two enterings or two leavings may follow each other: each of them is then told by itself.
_TRANSITIONS = """
WITH happened AS ({gone} UNION ALL {came}),
row_by_row AS (
    SELECT h.*, lag(h.is_come) OVER w AS after_come, NOT h.is_come AND coalesce(lead(h.is_come) OVER w, false) AS goes_on,
        lead(h.organisation_id) OVER w AS then_id, lead(h.level) OVER w AS then_level,
        lead(h.day) OVER w AS then_day
    FROM happened h WINDOW w AS (PARTITION BY h.person_id ORDER BY h.day, h.is_come, h.enrolment_id)
),
moved AS (
    SELECT r.*, o.municipality_id, n.id AS next_id, n.municipality_id AS next_municipality,
        CASE WHEN r.goes_on THEN r.then_level END AS next_level, CASE WHEN r.goes_on THEN r.then_day END AS next_day
    FROM row_by_row r JOIN organisations_organisation o ON o.id = r.organisation_id
    LEFT JOIN organisations_organisation n ON n.id = r.then_id AND r.goes_on
    WHERE NOT r.is_come OR r.after_come IS DISTINCT FROM false
),
told AS (
    SELECT m.person_id, m.day, m.next_day, m.organisation_id, m.next_id, m.is_come, m.reason_code,
        CASE WHEN m.is_come THEN (
            SELECT CASE WHEN EXISTS (SELECT 1 FROM enrolment_enrolment b WHERE b.person_id = m.person_id
                AND b.level_code = ANY(%(counted)s) AND b.superseded_at IS NULL AND b.ends_on <= m.day AND b.ends_on > b.starts_on) THEN '{returned}'
            ELSE coalesce((SELECT CASE v.reason_code WHEN 'A3' THEN '{other_region}' WHEN 'A4' THEN '{abroad}'
                WHEN 'A5' THEN '{family}' END FROM enrolment_movement v WHERE v.enrolment_id = m.enrolment_id
                AND v.cancelled_at IS NULL AND v.kind = ANY(%(opening)s) LIMIT 1), '{first}') END
        ) ELSE {node} END AS source,
        CASE WHEN m.is_come THEN {node} WHEN m.next_id IS NOT NULL THEN {next_node}
            WHEN m.reason_code = 'T3' THEN '{other_region}' WHEN m.reason_code = 'T4' THEN '{abroad}'
            WHEN m.reason_code = 'T7' THEN '{family}' WHEN m.leaving_kind = %(graduation)s THEN '{graduated}'
            WHEN m.reason_code LIKE 'T%%' OR m.reason_code = 'L1' THEN '{not_arrived}'
            WHEN m.reason_code LIKE 'E%%' THEN '{expelled}' ELSE '{other}' END AS target
    FROM moved m WHERE true{scope}
)
"""
_NODES = {
    By.ORGANISATION: ("m.organisation_id::text", "m.next_id::text"),
    By.MUNICIPALITY: ("m.municipality_id::text", "m.next_municipality::text"),
    By.LEVEL: ("m.level", "m.next_level"),
    By.REGION: (f"'{REGION}'", f"'{REGION}'"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """Which flows: both days belong to the period; a place narrows to what touches it."""

    since: date
    until: date
    by: By
    organisation_id: UUID | None = None
    municipality_id: UUID | None = None


def flows(actor: Actor, asked: Asked) -> list[Flow]:
    """Return the flows that touch the actor's scope, the largest first. Within one node nothing flows but between its parts."""
    actor.require(EnrolmentPermission.COUNT)
    rules.check_period(asked.since, asked.until)
    statement, parameters = _transitions(actor, asked)
    with scope.whole_register(), connection.cursor() as cursor:
        cursor.execute(
            f"{statement} SELECT t.source, t.target, count(*) FROM told t GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2",
            parameters,
        )
        return [Flow(*row) for row in cursor.fetchall()]


class Mover(NamedTuple):
    """One of those who make a flow."""

    person_id: UUID
    full_name: str
    birth_date: date | None
    left_on: date | None
    left: str
    entered_on: date | None
    entered: str
    reason_code: str


def movers(
    actor: Actor, asked: Asked, source: str, target: str, *, after: UUID | None = None, limit: int = PAGE
) -> list[Mover]:
    """Return who is behind a flow, of those whom the actor may see, in the order of ids."""
    actor.require(EnrolmentPermission.COUNT)
    actor.require(EnrolmentPermission.VIEW)
    rules.check_period(asked.since, asked.until)
    statement, parameters = _transitions(actor, asked)
    parameters |= {"source": source, "target": target, "after": after, "limit": limit}
    with scope.whole_register(), connection.cursor() as cursor:
        cursor.execute(
            f"{statement} SELECT t.person_id, t.is_come, t.day, t.next_day, a.short_name, z.short_name, t.reason_code FROM told t "
            "JOIN organisations_organisation a ON a.id = t.organisation_id "
            "LEFT JOIN organisations_organisation z ON z.id = t.next_id WHERE t.source = %(source)s AND t.target = %(target)s "
            "AND (%(after)s::uuid IS NULL OR t.person_id > %(after)s) ORDER BY t.person_id, t.day LIMIT %(limit)s",
            parameters,
        )
        rows = cursor.fetchall()
    known = {one.id: one for one in Person.objects.filter(pk__in={row[0] for row in rows})}
    found = [_mover(row, known[row[0]]) for row in rows if row[0] in known]
    reads.note(actor, ReadKind.LIST, [one.person_id for one in found], what="поток")
    return found


def _mover(row: Sequence[Any], person: Person) -> Mover:
    person_id, is_come, on, next_day, here, there, reason = row
    if is_come:
        return Mover(person_id, person.full_name, person.birth_date, None, "", on, here, "")
    return Mover(
        person_id, person.full_name, person.birth_date, on, here, next_day, there or "", reason or ""
    )


def _transitions(actor: Actor, asked: Asked) -> tuple[str, dict[str, Any]]:
    spells = _PLACEMENTS if asked.by is By.LEVEL else _ENROLMENTS
    node, next_node = _NODES[asked.by]
    condition, parameters = _within(actor, asked)
    statement = _TRANSITIONS.format(
        gone=spells.format(day="ends_on", come="false", border="leaves_level"),
        came=spells.format(day="starts_on", come="true", border="enters_level"),
        node=node, next_node=next_node, scope=condition, **{one.name.lower(): one.value for one in Outside},
    )  # fmt: skip
    parameters |= {
        "since": asked.since, "until": asked.until, "opening": [one.value for one in OPENING], "counted": list(COUNTED),
        "graduation": MovementKind.GRADUATION.value,
    }  # fmt: skip
    return statement, parameters


def _within(actor: Actor, asked: Asked) -> tuple[str, dict[str, Any]]:
    """Return the condition that a transition touches the scope, and the place asked for: on either side."""
    parts: list[str] = []
    parameters: dict[str, Any] = {}

    def touches(name: str, organisations: Collection[UUID], municipalities: Collection[UUID]) -> None:
        parts.append(
            f"(m.organisation_id = ANY(%({name}_o)s::uuid[]) OR m.municipality_id = ANY(%({name}_m)s::uuid[]) "
            f"OR m.next_id = ANY(%({name}_o)s::uuid[]) OR m.next_municipality = ANY(%({name}_m)s::uuid[]))"
        )
        parameters[f"{name}_o"], parameters[f"{name}_m"] = list(organisations), list(municipalities)

    if not actor.scope.whole_region:
        if not (actor.scope.organisations or actor.scope.municipalities):
            raise NotAllowed("access.out_of_scope", "Потоки организаций вам недоступны.")
        touches("s", actor.scope.organisations, actor.scope.municipalities)
    if asked.organisation_id is not None:
        touches("a", [asked.organisation_id], [])
    elif asked.municipality_id is not None:
        touches("a", [], [asked.municipality_id])
    return "".join(f" AND {one}" for one in parts), parameters
