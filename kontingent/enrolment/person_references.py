"""Where enrolment names persons: its log and projections go along, an enrolment always whole."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db import connection

from kontingent.enrolment.actions import project_learner_facts
from kontingent.kernel.actor import Actor
from kontingent.persons.references import Reference

_PLACE = "(SELECT o.short_name FROM organisations_organisation o WHERE o.id = t.organisation_id)"
_OF_LINE = "(SELECT m.enrolment_id FROM enrolment_movement m WHERE m.line_id = t.id)"

REFERENCES = (
    Reference(
        model="enrolment.Movement", title="Обучение", units="enrolment", unit="t.enrolment_id::text",
        describe=f"to_char(t.effective_on, 'DD.MM.YYYY') || ', ' || {_PLACE}",
    ),
    Reference(
        model="enrolment.OrderLine", title="Обучение", units="enrolment",
        unit=f"coalesce(t.enrolment_id, {_OF_LINE}, t.id)::text",
        describe="'строка приказа, действует с ' || to_char(t.effective_on, 'DD.MM.YYYY')",
    ),
    Reference(model="enrolment.Enrolment", title="Обучение", units="enrolment", unit="t.enrolment_id::text", describe=_PLACE),
    Reference(model="enrolment.Placement", title="Обучение", units="enrolment", unit="t.enrolment_id::text", describe=_PLACE),
    Reference(model="enrolment.StudyCondition", title="Обучение", units="enrolment", unit="t.enrolment_id::text", describe=_PLACE),
)  # fmt: skip


def objections(survivor_id: UUID, merged_id: UUID) -> list[str]:
    """Nobody is in two main enrolments on one day."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT oa.short_name, to_char(a.starts_on, 'DD.MM.YYYY'), ob.short_name, to_char(b.starts_on, 'DD.MM.YYYY') "
            "FROM enrolment_enrolment a JOIN enrolment_enrolment b ON daterange(a.starts_on, a.ends_on) && daterange(b.starts_on, b.ends_on) "
            "JOIN organisations_organisation oa ON oa.id = a.organisation_id JOIN organisations_organisation ob ON ob.id = b.organisation_id "
            "WHERE a.person_id = %s AND b.person_id = %s AND a.is_main AND b.is_main "
            "AND a.superseded_at IS NULL AND b.superseded_at IS NULL ORDER BY a.starts_on",
            [survivor_id, merged_id],
        )
        return [
            f"По основной программе записи учатся одновременно: «{here}» с {since} и «{there}» с {then}. Сначала оформите "
            "выбытие из одной организации (или отмените ошибочный приказ), затем объедините."
            for here, since, there, then in cursor.fetchall()
        ]


def settle(actor: Actor, person_ids: Collection[UUID]) -> None:
    """Count the placements by the sex and the birth date that the persons have now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT p.person_id FROM enrolment_placement p JOIN persons_person h ON h.id = p.person_id "
            "WHERE p.person_id = ANY(%s) AND p.superseded_at IS NULL AND (p.sex, p.birth_date) IS DISTINCT FROM (h.sex, h.birth_date)",
            [list(person_ids)],
        )
        stale = [row[0] for row in cursor.fetchall()]
    if stale:
        project_learner_facts(actor=actor, person_ids=stale)
