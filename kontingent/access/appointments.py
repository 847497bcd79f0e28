"""Giving and taking roles: appointment by an order, substitution for a time, revocation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import transaction

from kontingent.access import rules
from kontingent.access.events import Appointed, AppointmentRevoked
from kontingent.access.models import Appointment, SignIn
from kontingent.access.permissions import AccessPermission
from kontingent.access.rules import ScopeWanted
from kontingent.audit import actions as audit
from kontingent.enrolment import queries as enrolment
from kontingent.kernel import clock, names, snils
from kontingent.kernel.actor import EVERYTHING, Actor
from kontingent.kernel.errors import InvalidValue, NotAllowed, NotFound, RuleViolation


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentDraft:
    """What an order of appointment says."""

    snils: str
    full_name: str
    role_code: str
    order_number: str
    order_date: date
    starts_on: date
    post: str = ""
    ends_on: date | None = None
    organisation_id: UUID | None = None
    municipality_id: UUID | None = None
    groups: tuple[UUID, ...] = ()
    substitutes_id: UUID | None = None


@transaction.atomic
def appoint(*, actor: Actor, draft: AppointmentDraft) -> Appointment:
    """Give a role (назначить). A substitution takes role and scope of the one it stands in for.

    Raises:
        NotAllowed: the actor may not appoint, or not there.
        RuleViolation: the role is not the actor's to give, or its scope is of another kind.
        InvalidValue: СНИЛС, name, order or days are not what they should be.
    """
    actor.require(AccessPermission.APPOINT)
    original = _original(draft.substitutes_id)
    role = rules.role_of(original.role_code if original else draft.role_code)
    wanted = (
        ScopeWanted(original.organisation_id, original.municipality_id, tuple(original.groups))
        if original
        else ScopeWanted(draft.organisation_id, draft.municipality_id, draft.groups)
    )
    rules.check_scope(role, wanted)
    _require_may_give(actor, role.code, wanted)
    rules.check_term(draft.starts_on, draft.ends_on, is_substitution=original is not None)
    name = " ".join(names.tidy_words(draft.full_name))
    if not name:
        raise InvalidValue("access.name", "Укажите фамилию, имя и отчество назначаемого.")
    if not draft.order_number.strip():
        raise InvalidValue("access.order_number", "Укажите номер приказа о назначении.")
    made = Appointment.objects.create(
        snils=snils.normalise(draft.snils),
        full_name=name,
        post=" ".join(draft.post.split())[:200],
        role_code=role.code,
        organisation_id=wanted.organisation_id,
        municipality_id=wanted.municipality_id,
        groups=list(wanted.groups),
        starts_on=draft.starts_on,
        ends_on=draft.ends_on,
        order_number=draft.order_number.strip()[:60],
        order_date=draft.order_date,
        substitutes=original,
        created_at=clock.now(),
        created_by=actor.name,
    )
    audit.record(
        Appointed(
            object_id=made.id, organisation_id=made.organisation_id, appointee=name, role_code=role.code,
            starts_on=made.starts_on, ends_on=made.ends_on, is_substitution=original is not None,
            basis=f"Приказ № {made.order_number} от {made.order_date:%d.%m.%Y}",
        ),
        actor=actor,
    )  # fmt: skip
    return made


@transaction.atomic
def revoke(*, actor: Actor, appointment_id: UUID, reason: str) -> Appointment:
    """Take a role back at once (отозвать); sessions that go on by it end."""
    found = Appointment.objects.select_for_update().filter(pk=appointment_id).first()
    if found is None:
        raise NotFound("access.no_such_appointment", "Такого назначения нет. Обновите страницу.")
    actor.require(AccessPermission.APPOINT)
    _require_may_give(
        actor, found.role_code, ScopeWanted(found.organisation_id, found.municipality_id, tuple(found.groups))
    )
    if found.revoked_at is not None:
        raise RuleViolation("access.revoked_already", "Назначение уже отозвано. Обновите страницу.")
    if not reason.strip():
        raise InvalidValue("access.revoke_reason", "Укажите, почему назначение отзывается.")
    found.revoked_at, found.revoked_by, found.revoke_reason = clock.now(), actor.name, reason.strip()[:300]
    found.save(update_fields=["revoked_at", "revoked_by", "revoke_reason"])
    SignIn.objects.filter(appointment=found, ended_at__isnull=True).update(
        ended_at=clock.now(), end_reason="revoked"
    )
    audit.record(
        AppointmentRevoked(
            object_id=found.id, organisation_id=found.organisation_id, appointee=found.full_name,
            role_code=found.role_code, reason=found.revoke_reason,
        ),
        actor=actor,
    )  # fmt: skip
    return found


def _original(appointment_id: UUID | None) -> Appointment | None:
    if appointment_id is None:
        return None
    found = Appointment.objects.filter(pk=appointment_id, revoked_at__isnull=True).first()
    if found is None:
        raise NotFound(
            "access.no_such_appointment", "Замещать некого: такого назначения нет или оно отозвано."
        )
    if found.substitutes_id is not None:
        raise RuleViolation(
            "access.substitute_of_substitute",
            "Замещающего не замещают: назначьте другого на место основного.",
        )
    return found


def _require_may_give(actor: Actor, role_code: str, wanted: ScopeWanted) -> None:
    """The role must be the actor's to give, inside the actor's own scope."""
    if EVERYTHING in actor.permissions:
        return
    rules.check_appointer(actor.role_code, role_code)
    if AccessPermission.JOURNAL.value in actor.permissions:
        return
    if wanted.organisation_id is None or wanted.organisation_id not in actor.scope.organisations:
        raise NotAllowed("access.out_of_scope", "Назначать можно только в своей организации.")
    for group_id in wanted.groups:
        if enrolment.group(actor, group_id).organisation_id != wanted.organisation_id:
            raise NotAllowed("access.out_of_scope", "Класс другой организации. Выберите свой.")
