"""Deciding on a correction that came after its period was closed."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from django.db import transaction

from kontingent.audit import actions as audit
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import Conflict, InvalidValue, NotFound, RuleViolation
from kontingent.performance import rules
from kontingent.performance.actions.taking import Delivery, stands_at, take_staged
from kontingent.performance.codes import Outcome
from kontingent.performance.events import LateCorrectionDecided
from kontingent.performance.models import LateCorrection
from kontingent.performance.permissions import PerformancePermission
from kontingent.performance.records import KINDS


@transaction.atomic
def decide_late(*, actor: Actor, correction_id: UUID, accept: bool, reason: str) -> LateCorrection:
    """Accept a late correction, which writes it, or reject it (решить о поздней правке)."""
    late = (
        LateCorrection.objects.select_for_update(of=("self",))
        .select_related("journal")
        .filter(pk=correction_id)
        .first()
    )
    if late is None:
        raise NotFound("performance.no_such_late", "Такой поздней правки нет.")
    actor.require(PerformancePermission.DECIDE, organisation_id=late.organisation_id)
    if late.state != "waiting":
        raise Conflict(
            "performance.late_decided",
            f"Эту правку уже рассмотрел(а) {late.decided_by_name}. Обновите страницу.",
        )
    if not reason.strip():
        raise InvalidValue(
            "performance.late_reason",
            "Укажите основание: какой документ позволяет (или нет) менять закрытый период.",
        )
    late.state, late.decided_at = ("accepted" if accept else "rejected"), clock.now()
    late.decided_by_name, late.reason = actor.name, reason.strip()[:500]
    late.save(update_fields=["state", "decided_at", "decided_by_name", "reason"])
    if accept:
        _write(actor, late)
    audit.record(
        LateCorrectionDecided(
            subjects=(late.person_id,), object_id=late.id, organisation_id=late.organisation_id, basis=late.reason,
            records=late.records, external_id=late.external_id, accepted=accept,
        ),
        actor=actor,
    )  # fmt: skip
    return late


def _write(actor: Actor, late: LateCorrection) -> None:
    delivery = Delivery(
        actor=_for_delivery(actor), journal_id=late.journal_id, source=late.journal.source, batch_id=late.batch_id,
        records=KINDS[late.records], school_year=late.school_year, may_be_late=True,
    )  # fmt: skip
    where = stands_at(delivery, late.external_id)
    if where is not None and not actor.scope.covers(*where):
        raise RuleViolation(
            "performance.late_elsewhere",
            "Запись, которую заменила бы эта правка, стоит в другой организации: изменить её вы не можете. Отклоните правку. Если она верна, "
            "министерство на время откроет журналу закрытые периоды, и журнал передаст её снова.",
        )
    taken = take_staged(delivery, [late.staged])
    if taken.refused:
        told = rules.TOLD[taken.refused[0].refusal]
        raise RuleViolation("performance.late_refused", f"{told.detail} {told.by_hand}")
    if taken.outcomes == Outcome.STALE:
        raise RuleViolation(
            "performance.late_stale",
            "После этой правки журнал передал более новую. Отклоните эту, она устарела.",
        )


def _for_delivery(actor: Actor) -> Actor:
    """Whoever may decide may write what was decided on, within the same scope."""
    return replace(actor, permissions=actor.permissions | {PerformancePermission.DELIVER.value})
