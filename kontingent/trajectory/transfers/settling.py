"""The act itself: both orders of a transfer signed, or cancelled, in one transaction, by the system.

Neither organisation may write in the other, and neither side may be half done: so the system does it, in the name of what was
decided before it – the receiver's approval and the former organisation's word, the end of its term, or the municipality's decision. What
the rules of enrolment forbid leaves everything as it was, is told as ``held_up``, and is tried again.
"""

from __future__ import annotations

import logging
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from kontingent.audit import actions as audit
from kontingent.enrolment import actions as enrolment
from kontingent.enrolment.actions import LineDraft
from kontingent.enrolment.codes import VOCATIONAL, MovementKind, OrderKind
from kontingent.enrolment.models import Enrolment, Order
from kontingent.kernel import clock
from kontingent.kernel.actor import system_actor
from kontingent.kernel.errors import KontingentError, RuleViolation
from kontingent.storage.scope import scoped
from kontingent.trajectory.transfers import rules
from kontingent.trajectory.transfers.codes import Answer, Ground, State
from kontingent.trajectory.transfers.events import TransferCancelled, TransferCompleted
from kontingent.trajectory.transfers.models import Transfer, TransferStep
from kontingent.trajectory.transfers.rules import Facts

log = logging.getLogger(__name__)
WORKER = system_actor("transfers", "Автоматический перевод")
SIGNATORY = "подписан автоматически по заявлению о переводе"
#: Study forms of the second shift of life: очно-заочная, заочная (code list ``study_form``).
_EVENING = frozenset({"12", "13"})


def settle_all() -> int:
    """Do what is due of every transfer; return how many were completed or cancelled."""
    with scoped(WORKER):
        waiting = list(
            Transfer.objects.filter(Q(state=State.APPROVED) | Q(state=State.COMPLETED) & ~Q(cancel_reason=""))
            .order_by("approved_at")
            .values_list("pk", flat=True)
        )
    return sum(_settled(one) for one in waiting)


def _settled(transfer_id: UUID) -> bool:
    """One transfer that fails unexpectedly keeps no other waiting."""
    try:
        return settle(transfer_id)
    except Exception:
        log.exception("transfers: %s could not be settled", transfer_id)
        return False


def settle(transfer_id: UUID) -> bool:
    """Do what is due of one transfer now; return whether it was completed or cancelled."""
    with scoped(WORKER):
        transfer = (
            Transfer.objects.select_for_update(of=("self",))
            .select_related("former", "receiver", "group__programme")
            .filter(pk=transfer_id)
            .first()
        )
        if transfer is None:
            return False
        if transfer.state == State.COMPLETED and transfer.cancel_reason:
            return _cancel(transfer)
        facts = Facts(
            State(transfer.state),
            Answer(transfer.answer) if transfer.answer else None,
            transfer.due_on,
            bool(transfer.decision),
        )
        ground = rules.ground_of(facts, clock.today())
        return ground is not None and _complete(transfer, ground)


def _complete(transfer: Transfer, ground: Ground) -> bool:
    try:
        with transaction.atomic():
            leaving, arriving = _sign_both(transfer, ground)
    except KontingentError as refused:
        _hold_up(transfer, refused.message)
        return False
    transfer.state, transfer.ground, transfer.completed_at, transfer.held_up = (
        State.COMPLETED,
        ground,
        clock.now(),
        "",
    )
    transfer.leaving_order, transfer.arriving_order = leaving, arriving
    _save(
        transfer,
        f"Переведён с {transfer.arrives_on:%d.%m.%Y}: {rules.GROUND_TITLES[ground]}. Приказы {leaving} и {arriving}.",
    )
    audit.record(
        TransferCompleted(
            subjects=(transfer.person_id,), object_id=transfer.pk, organisation_id=transfer.receiver_id, ground=ground,
            leaving=str(leaving), arriving=str(arriving), basis=f"Заявление от {transfer.applied_on:%d.%m.%Y}",
        ),
        actor=WORKER,
    )  # fmt: skip
    return True


def _sign_both(transfer: Transfer, ground: Ground) -> tuple[Order, Order]:
    day = transfer.arrives_on
    left = Enrolment.objects.filter(
        Q(ends_on__isnull=True) | Q(ends_on__gt=day), person_id=transfer.person_id, organisation_id=transfer.former_id,
        is_main=True, superseded_at__isnull=True, starts_on__lte=day,
    ).first()  # fmt: skip
    if left is None:
        raise RuleViolation(
            "transfers.not_there",
            f"На {day:%d.%m.%Y} ученик в прежней организации уже не числится. Проверьте, где он: если нигде, отзовите перевод и "
            "зачислите его обычным приказом; если в другой школе, семья подаёт новое заявление.",
        )
    rules.check_class(transfer.group.programme.kind_code, transfer.group.title)
    reason = rules.reason_of(
        same_municipality=transfer.former.municipality_id == transfer.receiver.municipality_id,
        evening=transfer.group.study_form_code in _EVENING,
    )
    if transfer.group.programme.kind_code in VOCATIONAL:
        reason = "T5"
    basis = (
        f"Заявление от {transfer.applied_on:%d.%m.%Y} ({transfer.applicant}); {rules.GROUND_TITLES[ground]}"[
            :500
        ]
    )
    leaving = _signed(
        transfer.former_id, OrderKind.TRANSFER_OUT, transfer.leaving_number or f"П-{transfer.pk.hex[-8:]}", basis,
        LineDraft(
            person_id=transfer.person_id, kind=MovementKind.TRANSFER_OUT, effective_on=day, enrolment_id=left.enrolment_id,
            reason_code=reason, destination_id=transfer.receiver_id,
        ),
    )  # fmt: skip
    arriving = _signed(
        transfer.receiver_id, OrderKind.ADMISSION_BY_TRANSFER, transfer.order_number, basis,
        LineDraft(
            person_id=transfer.person_id, kind=MovementKind.ADMISSION_BY_TRANSFER, effective_on=day, group_id=transfer.group_id
        ),
    )  # fmt: skip
    return leaving, arriving


def _signed(organisation_id: UUID, kind: OrderKind, number: str, basis: str, line: LineDraft) -> Order:
    today = clock.today()
    draft = enrolment.draft_order(
        actor=WORKER,
        organisation_id=organisation_id,
        kind=kind,
        number=number,
        dated=today,
        basis=basis,
        signatory=SIGNATORY,
    )
    enrolment.add_lines(actor=WORKER, order_id=draft.id, lines=[line])
    return enrolment.sign_order(actor=WORKER, order_id=draft.id)


def _cancel(transfer: Transfer) -> bool:
    leaving, arriving = transfer.leaving_order, transfer.arriving_order
    reason = transfer.cancel_reason
    try:
        with transaction.atomic():
            for order in (arriving, leaving):
                if order is not None:
                    enrolment.cancel_order(
                        actor=WORKER, order_id=order.id, reason=f"Отмена перевода: {reason}"[:500]
                    )
    except KontingentError as refused:
        transfer.cancel_reason = ""
        _hold_up(transfer, f"Отменить перевод не удалось. {refused.message}")
        return False
    transfer.state, transfer.held_up = State.CANCELLED, ""
    _save(transfer, f"Перевод отменён, оба приказа отменены: {reason}")
    audit.record(
        TransferCancelled(
            subjects=(transfer.person_id,), object_id=transfer.pk, organisation_id=transfer.receiver_id, basis=reason,
            leaving=str(leaving), arriving=str(arriving),
        ),
        actor=WORKER,
    )  # fmt: skip
    return True


def _hold_up(transfer: Transfer, cause: str) -> None:
    """Tell once why it could not be; it is tried again every hour, and at once when somebody does something about it."""
    told = transfer.held_up
    transfer.held_up = cause[:1000]
    if told != transfer.held_up:
        _save(transfer, f"Не выполнено: {transfer.held_up}")


def _save(transfer: Transfer, told: str) -> None:
    transfer.version += 1
    transfer.save()
    TransferStep.objects.create(transfer=transfer, at=clock.now(), by_name=WORKER.name, told=told[:1000])
