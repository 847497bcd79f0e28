"""Where persons stand on a day, for whoever is about to enrol them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from kontingent.enrolment.codes import OPENING, OrderStatus
from kontingent.enrolment.models import OrderLine
from kontingent.storage import scope


class Place(NamedTuple):
    """A main enrolment that holds on a day or later."""

    organisation_id: UUID
    organisation: str
    starts_on: date
    grade: int | None
    letter: str
    title: str
    enrolment_id: UUID


def standing_of(person_ids: Collection[UUID], on: date) -> dict[UUID, list[Place]]:
    """Return the main enrolments of persons that go on at a day or begin after it, by person."""
    if not person_ids:
        return {}
    found: dict[UUID, list[Place]] = {}
    with scope.whole_register(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.person_id, e.organisation_id, o.short_name, e.starts_on, p.grade, coalesce(g.letter, ''), "
            "coalesce(g.title, ''), e.enrolment_id FROM enrolment_enrolment e "
            "JOIN organisations_organisation o ON o.id = e.organisation_id "
            "LEFT JOIN enrolment_placement p ON p.enrolment_id = e.enrolment_id AND p.superseded_at IS NULL "
            "AND p.ends_on IS NOT DISTINCT FROM e.ends_on LEFT JOIN enrolment_group g ON g.id = p.group_id "
            "WHERE e.person_id = ANY(%s) AND e.is_main AND e.superseded_at IS NULL AND (e.ends_on IS NULL OR e.ends_on > %s)",
            [list(person_ids), on],
        )
        for row in cursor.fetchall():
            found.setdefault(row[0], []).append(Place(*row[1:]))
    return found


def awaited(organisation_id: UUID, person_ids: Collection[UUID]) -> set[UUID]:
    """Return whom a draft of an order of the organisation admits."""
    lines = OrderLine.objects.filter(
        order__organisation_id=organisation_id, order__status=OrderStatus.DRAFT, person_id__in=list(person_ids), kind__in=OPENING
    )  # fmt: skip
    return set(lines.values_list("person_id", flat=True))
