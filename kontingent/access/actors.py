"""Builds the actor of a session: who, in which quality, with which permissions, over whom – anew for every request."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from kontingent.access import queries
from kontingent.access.models import Appointment, SignIn
from kontingent.access.permissions import AccessPermission
from kontingent.access.queries import Standing
from kontingent.access.roles import ROLES, Level, Role
from kontingent.access.rules import may_act_for_oneself
from kontingent.kernel.actor import Actor
from kontingent.kernel.scope import Scope
from kontingent.persons import queries as persons


def actor_of(standing: Standing, *, on: date) -> Actor | None:
    """Return the actor of a session, None when its quality no longer stands (revoked, lapsed, the child is 18)."""
    session = standing.session
    if session.capacity == "appointment" and session.appointment is not None:
        return _by_appointment(standing, session.appointment)
    person_id = persons.id_by_snils(session.account.snils)
    if person_id is None:
        return None
    if session.capacity == "family" and not session.is_child_account:
        children = queries.wards(person_id, on)
        return _own(session, ROLES["representative"], children) if children else None
    if session.capacity == "self" and may_act_for_oneself(persons.birth_date_of(person_id), on):
        return _own(session, ROLES["learner"], frozenset({person_id}))
    return None


def _by_appointment(standing: Standing, appointment: Appointment) -> Actor | None:
    role, session = ROLES.get(appointment.role_code), standing.session
    if role is None or not standing.is_in_force or not queries.is_employed(session, appointment):
        return None
    scope = scope_of(role, appointment)
    if AccessPermission.EMERGENCY.value in role.permissions:
        scope = scope.with_persons(standing.emergencies)
    return Actor(
        code=f"account:{session.account_id}",
        name=session.account.full_name,
        role=role.title,
        permissions=role.permissions,
        scope=scope,
        organisation_id=appointment.organisation_id,
        post=appointment.post or role.title,
        purpose=role.purpose,
        role_code=role.code,
        place="" if appointment.organisation_id else queries.place_of(appointment),
    )


def scope_of(role: Role, appointment: Appointment) -> Scope:
    """Return what an appointment lets one see."""
    organisation, municipality = appointment.organisation_id, appointment.municipality_id
    match role.level:
        case Level.REGION:
            return Scope.region() if AccessPermission.JOURNAL.value not in role.permissions else Scope()
        case Level.MUNICIPALITY if municipality is not None:
            return Scope.of_municipality(municipality)
        case Level.ORGANISATION if organisation is not None:
            return Scope.of_organisation(organisation)
        case Level.GROUPS if organisation is not None:
            return Scope(groups=frozenset(appointment.groups))
        case _:
            return Scope()


def _own(session: SignIn, role: Role, children: frozenset[UUID]) -> Actor:
    return Actor(
        code=f"account:{session.account_id}",
        name=session.account.full_name,
        role=role.title,
        permissions=role.permissions,
        scope=Scope(persons=children),
        post=role.title,
        purpose=role.purpose,
    )
