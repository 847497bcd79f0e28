"""Emergency access: one child outside the scope, a reason, an hour, and a review by the security officer."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from django.db import transaction

from kontingent.access import rules
from kontingent.access.events import EmergencyOpened, EmergencyReviewed
from kontingent.access.models import EmergencyAccess, SignIn
from kontingent.access.permissions import AccessPermission
from kontingent.audit import actions as audit
from kontingent.kernel import clock, snils
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue, NotAllowed, NotFound, RuleViolation
from kontingent.persons import queries as persons
from kontingent.storage import scope


@transaction.atomic
def open_emergency(*, actor: Actor, session: SignIn, number: str, reason: str) -> EmergencyAccess:
    """Open the card of the child with this СНИЛС for an hour (экстренный доступ).

    The child is named by СНИЛС, which whoever acts in an emergency has in hand: it is no way to look around.
    """
    actor.require(AccessPermission.EMERGENCY)
    tidy = rules.check_reason(reason)
    if session.appointment_id is None:
        raise NotAllowed("access.no_appointment", "Экстренный доступ есть только у сотрудников.")
    number = snils.normalise(number)
    with scope.whole_register():
        person_id = persons.id_by_snils(number)
    if person_id is None:
        raise NotFound("access.emergency_nobody", "Человека с таким СНИЛС в реестре нет. Проверьте номер.")
    now = clock.now()
    made = EmergencyAccess.objects.create(
        account_id=session.account_id,
        appointment_id=session.appointment_id,
        person_id=person_id,
        reason=tidy,
        opened_at=now,
        until=now + rules.EMERGENCY_LASTS,
    )
    audit.record(
        EmergencyOpened(object_id=made.id, subjects=(person_id,), reason=tidy),
        actor=replace(actor, purpose="emergency"),
    )
    return made


@transaction.atomic
def review(*, actor: Actor, emergency_id: UUID, is_justified: bool, text: str) -> EmergencyAccess:
    """Judge an emergency; an unjustified one is closed at once if it still goes on."""
    actor.require(AccessPermission.REVIEW)
    found = EmergencyAccess.objects.select_for_update().filter(pk=emergency_id).first()
    if found is None:
        raise NotFound("access.no_such_emergency", "Такого обращения нет. Обновите страницу.")
    if found.reviewed_at is not None:
        raise RuleViolation("access.reviewed_already", f"Уже рассмотрено: {found.reviewed_by}.")
    if not text.strip():
        raise InvalidValue("access.review_text", "Напишите, что вы установили.")
    found.reviewed_at, found.reviewed_by = clock.now(), actor.name
    found.is_justified, found.review = is_justified, text.strip()[:1000]
    if not is_justified and found.until > clock.now():
        found.closed_at = clock.now()
    found.save()
    audit.record(
        EmergencyReviewed(
            object_id=found.id, subjects=(found.person_id,), is_justified=is_justified, review=found.review
        ),
        actor=actor,
    )
    return found
