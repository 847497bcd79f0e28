"""Which persons an actor may know of.

The learners, present and former, of the organisations in scope, and those who represent them; besides, the persons the
scope names (one's own children). Everybody for an actor of the whole region.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import connection

from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotAllowed
from kontingent.persons import queries as persons
from kontingent.persons.permissions import PersonPermission
from kontingent.persons.queries import EVERYBODY, Within


def organisations_condition(actor: Actor, alias: str) -> tuple[str, list[Any]]:
    """Return SQL " AND <alias>.organisation_id …" for the scope, with its parameters.

    It compares with one array, made once a statement: such a condition leaks nothing, so that PostgreSQL goes by it before
    the policies of the table, not after them.
    """
    scope = actor.scope
    if scope.whole_region:
        return "", []
    if not scope.municipalities:
        return f" AND {alias}.organisation_id = ANY(%s)", [list(scope.organisations)]
    return (
        f" AND {alias}.organisation_id = ANY((SELECT %s::uuid[] || ARRAY("
        "SELECT o.id FROM organisations_organisation o WHERE o.municipality_id = ANY(%s)))::uuid[])",
        [list(scope.organisations), list(scope.municipalities)],
    )


def visible(actor: Actor) -> Within:
    """Return the condition on learners for ``persons.queries.search``: whoever has studied within the scope.

    The learners of a school are few beside those of a name in the region, so they are looked up first; those of a
    municipality may be more, so each bearer of the name is asked about.
    """
    scope = actor.scope
    if scope.whole_region:
        return EVERYBODY
    named, classes = list(scope.persons), list(scope.groups)
    if not scope.municipalities:
        return Within(
            " AND p.id = ANY((SELECT %s::uuid[] || ARRAY(SELECT e.person_id FROM enrolment_enrolment e "
            "WHERE e.superseded_at IS NULL AND e.organisation_id = ANY(%s)) || ARRAY(SELECT c.person_id "
            "FROM enrolment_placement c WHERE c.superseded_at IS NULL AND c.group_id = ANY(%s)))::uuid[])",
            (named, list(scope.organisations), classes),
        )
    condition, parameters = organisations_condition(actor, "e")
    return Within(
        " AND (EXISTS (SELECT 1 FROM enrolment_enrolment e WHERE e.person_id = p.id "
        f"AND e.superseded_at IS NULL{condition}) OR p.id = ANY(%s) OR EXISTS (SELECT 1 FROM enrolment_placement c "
        "WHERE c.person_id = p.id AND c.superseded_at IS NULL AND c.group_id = ANY(%s)))",
        (*parameters, named, classes),
    )


def require_visible(actor: Actor, person_id: UUID) -> None:
    """Raise ``NotAllowed`` unless the actor may know of the person as a learner or as a representative of one."""
    actor.require(PersonPermission.VIEW)
    if actor.scope.whole_region or person_id in actor.scope.persons:
        return
    condition, parameters = organisations_condition(actor, "e")
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH whom AS (SELECT %s::uuid AS id UNION ALL "
            "SELECT r.child_id FROM persons_representation r WHERE r.adult_id = %s) "
            "SELECT EXISTS (SELECT 1 FROM whom JOIN enrolment_enrolment e ON e.person_id = whom.id "
            f"WHERE e.superseded_at IS NULL{condition}) OR EXISTS (SELECT 1 FROM whom JOIN enrolment_placement c "
            "ON c.person_id = whom.id WHERE c.superseded_at IS NULL AND c.group_id = ANY(%s))",
            [person_id, person_id, *parameters, list(actor.scope.groups)],
        )
        row = cursor.fetchone()
    if not (row and row[0]):
        persons.lead_on(person_id)
        raise NotAllowed(
            "access.out_of_scope", "Этот человек не учится в ваших организациях, его карточка вам недоступна."
        )


def purpose_of(actor: Actor, person_id: UUID) -> str:
    """Return what a person's card is opened for: an emergency where the scope names somebody besides its places."""
    is_staff = bool(actor.scope.places or actor.scope.municipalities)
    return "emergency" if is_staff and person_id in actor.scope.persons else actor.purpose


def has_studied(person_id: UUID) -> bool:
    """Say whether a person is or was a learner."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM enrolment_enrolment WHERE person_id = %s AND superseded_at IS NULL)",
            [person_id],
        )
        row = cursor.fetchone()
    return bool(row and row[0])
