"""Drafts of orders: making them, putting learners in, taking them out, throwing them away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from kontingent.audit import actions as audit
from kontingent.enrolment.codes import OrderKind, OrderStatus
from kontingent.enrolment.events import DraftDiscarded, OrderDrafted, OrderLinesChanged
from kontingent.enrolment.models import Order, OrderLine
from kontingent.enrolment.permissions import EnrolmentPermission
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import Conflict, NotFound, RuleViolation
from kontingent.kernel.ids import new_id
from kontingent.organisations import queries as organisations
from kontingent.storage import bulk


@dataclass(frozen=True, slots=True, kw_only=True)
class LineDraft:
    """One learner of an order. ``enrolment_id`` is absent in a line that opens an enrolment."""

    person_id: UUID
    kind: str
    effective_on: date
    enrolment_id: UUID | None = None
    group_id: UUID | None = None
    programme_id: UUID | None = None
    grade: int | None = None
    study_form_code: str = ""
    funding_code: str = ""
    reason_code: str = ""
    destination_id: UUID | None = None
    destination_text: str = ""
    note: str = ""


@transaction.atomic
def draft_order(
    *,
    actor: Actor,
    organisation_id: UUID,
    kind: OrderKind,
    number: str = "",
    dated: date | None = None,
    title: str = "",
    basis: str = "",
    signatory: str = "",
    import_batch: UUID | None = None,
) -> Order:
    """Make an empty draft (создать черновик приказа)."""
    organisation = organisations.get(organisation_id)
    actor.require(
        EnrolmentPermission.DRAFT_ORDER,
        organisation_id=organisation.id,
        municipality_id=organisation.municipality_id,
    )
    order = Order.objects.create(
        organisation_id=organisation_id,
        kind=OrderKind(kind),
        number=number.strip(),
        dated=dated,
        title=title,
        basis=basis,
        signatory=signatory,
        import_batch=import_batch,
        created_at=clock.now(),
        created_by=actor.code,
        created_by_name=actor.name,
    )
    audit.record(
        OrderDrafted(object_id=order.id, organisation_id=organisation_id, order_kind=order.kind), actor=actor
    )
    return order


def locked_order(order_id: UUID, *, version: int | None) -> Order:
    """Load an order and lock it; the version one looked at must be the version that stands."""
    try:
        order = Order.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=order_id)
    except Order.DoesNotExist:
        raise NotFound("enrolment.no_such_order", "Такого приказа нет: возможно, черновик удалили.") from None
    if version is not None and order.version != version:
        who = order.cancelled_by_name or order.signed_by_name
        when = order.cancelled_at or order.signed_at
        done = {OrderStatus.SIGNED: "подписан", OrderStatus.CANCELLED: "отменён"}.get(
            OrderStatus(order.status)
        )
        told = (
            f"Приказ уже {done}: {who}, {when.astimezone(clock.REGION_ZONE):%d.%m.%Y %H:%M}."
            if done and when
            else ""
        )
        raise Conflict(
            "enrolment.order_changed",
            f"{told or 'Приказ за это время изменил кто-то другой.'} Обновите страницу и посмотрите, что изменилось.",
        )
    return order


def _draft(order_id: UUID, *, actor: Actor, version: int | None) -> Order:
    order = locked_order(order_id, version=version)
    actor.require(
        EnrolmentPermission.DRAFT_ORDER,
        organisation_id=order.organisation_id,
        municipality_id=order.organisation.municipality_id,
    )
    if order.status != OrderStatus.DRAFT:
        raise RuleViolation(
            "enrolment.order_not_draft",
            "Приказ уже подписан, состав менять нельзя. Отмените его или создайте новый.",
        )
    return order


@transaction.atomic
def change_order(
    *,
    actor: Actor,
    order_id: UUID,
    number: str,
    dated: date | None,
    basis: str = "",
    signatory: str = "",
    version: int | None = None,
) -> Order:
    """Change the requisites of a draft."""
    order = _draft(order_id, actor=actor, version=version)
    order.number, order.dated, order.basis, order.signatory = number.strip(), dated, basis, signatory
    order.version += 1
    order.save()
    return order


@transaction.atomic
def add_lines(
    *, actor: Actor, order_id: UUID, lines: Sequence[LineDraft], version: int | None = None
) -> list[UUID]:
    """Put learners into a draft and return the ids of the lines. Whether each may move, the preview says."""
    order = _draft(order_id, actor=actor, version=version)
    start = OrderLine.objects.filter(order=order).aggregate(last=Max("position"))["last"] or 0
    ids = [new_id() for _ in lines]
    bulk.copy_rows(
        OrderLine._meta.db_table,
        [
            "id", "order_id", "position", "person_id", "enrolment_id", "note", "kind", "effective_on", "group_id",
            "programme_id", "grade", "study_form_code", "funding_code", "reason_code", "destination_id",
            "destination_text",
        ],
        (
            (
                line_id, order.id, start + index, line.person_id, line.enrolment_id, line.note, str(line.kind),
                line.effective_on, line.group_id, line.programme_id, line.grade, line.study_form_code,
                line.funding_code, line.reason_code, line.destination_id, line.destination_text,
            )
            for index, (line_id, line) in enumerate(zip(ids, lines, strict=True), start=1)
        ),
    )  # fmt: skip
    order.version += 1
    order.save(update_fields=["version"])
    audit.record(
        OrderLinesChanged(object_id=order.id, organisation_id=order.organisation_id, added=len(ids)),
        actor=actor,
    )
    return ids


@transaction.atomic
def remove_line(*, actor: Actor, order_id: UUID, line_id: UUID, version: int | None = None) -> None:
    """Take a learner out of a draft."""
    order = _draft(order_id, actor=actor, version=version)
    removed, _ = OrderLine.objects.filter(order=order, pk=line_id).delete()
    if not removed:
        raise NotFound("enrolment.no_such_line", "Этого ученика в приказе уже нет. Обновите страницу.")
    order.version += 1
    order.save(update_fields=["version"])
    audit.record(
        OrderLinesChanged(object_id=order.id, organisation_id=order.organisation_id, removed=1), actor=actor
    )


@transaction.atomic
def discard_draft(*, actor: Actor, order_id: UUID, version: int | None = None) -> None:
    """Throw a draft away (удалить черновик). A signed order is never deleted, only cancelled."""
    order = _draft(order_id, actor=actor, version=version)
    lines = OrderLine.objects.filter(order=order).count()
    audit.record(
        DraftDiscarded(
            object_id=order.id, organisation_id=order.organisation_id, order_kind=order.kind, lines=lines
        ),
        actor=actor,
    )
    order.delete()
