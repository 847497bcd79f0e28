"""The numbers of the home page: the contingent of today and what asks for attention."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection

from kontingent.enrolment.models import Order
from kontingent.enrolment.permissions import EnrolmentPermission
from kontingent.enrolment.queries.scope import organisations_condition
from kontingent.kernel.actor import Actor
from kontingent.kernel.period import years_before
from kontingent.organisations import queries as organisations
from kontingent.storage import scope


@dataclass(frozen=True, slots=True)
class Dashboard:
    """What the operator's home shows."""

    learners: int
    groups: int
    arrived: int
    left: int
    drafts: int
    without_group: int
    without_snils: int
    without_document: int
    without_representative: int
    by_grade: list[tuple[int | None, int, int]]


def dashboard(actor: Actor, on: date) -> Dashboard:
    """Count for an actor of one organisation; region-wide numbers come from ``contingent``."""
    actor.require(EnrolmentPermission.VIEW)
    condition, parameters = organisations_condition(actor, "p")
    first = on.replace(day=1)
    here = f"WHERE p.superseded_at IS NULL AND p.starts_on <= %s AND (p.ends_on IS NULL OR p.ends_on > %s){condition}"
    # Numbers of one's own organisations, asked for by name: the policies, which hide documents from some, are not asked row by row.
    with scope.whole_register():
        totals = _row(
            "SELECT count(*), count(DISTINCT p.group_id), count(*) FILTER (WHERE p.group_id IS NULL), "
            "count(*) FILTER (WHERE h.snils IS NULL), "
            "count(*) FILTER (WHERE (SELECT 1 FROM persons_identitydocument d WHERE d.person_id = h.id LIMIT 1) IS NULL), "
            "count(*) FILTER (WHERE p.birth_date > %s AND (SELECT 1 FROM persons_representation r "
            f"WHERE r.child_id = h.id AND r.ends_on IS NULL LIMIT 1) IS NULL) "
            f"FROM enrolment_placement p JOIN persons_person h ON h.id = p.person_id {here}",
            [years_before(on, 18), on, on, *parameters],
        )
    moved = _row(
        "SELECT count(*) FILTER (WHERE p.starts_on BETWEEN %s AND %s), count(*) FILTER (WHERE p.ends_on BETWEEN %s AND %s) "
        f"FROM enrolment_enrolment p WHERE p.superseded_at IS NULL{condition}",
        [first, on, first, on, *parameters],
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT p.grade, count(*), count(DISTINCT p.group_id) FROM enrolment_placement p {here} GROUP BY p.grade ORDER BY p.grade NULLS FIRST",
            [on, on, *parameters],
        )
        by_grade = cursor.fetchall()
    drafts = Order.objects.filter(organisations.scope_condition(actor.scope), status="draft").count()
    return Dashboard(
        learners=totals[0], groups=totals[1], without_group=totals[2], without_snils=totals[3],
        without_document=totals[4], without_representative=totals[5], arrived=moved[0], left=moved[1], drafts=drafts,
        by_grade=[tuple(row) for row in by_grade],
    )  # fmt: skip


def _row(statement: str, parameters: list[Any]) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return tuple(cursor.fetchone() or ())
