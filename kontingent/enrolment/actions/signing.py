"""Preview, signing and cancelling of orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from kontingent.audit import actions as audit
from kontingent.audit import reads
from kontingent.audit.event import Event
from kontingent.audit.reads import ReadKind
from kontingent.enrolment import rules
from kontingent.enrolment.actions import casebook, projection
from kontingent.enrolment.actions.casebook import Casebook
from kontingent.enrolment.actions.orders import locked_order
from kontingent.enrolment.actions.projection import Stream
from kontingent.enrolment.codes import OrderStatus
from kontingent.enrolment.events import OrderCancelled, OrderSigned
from kontingent.enrolment.models import Movement, Order, OrderLine
from kontingent.enrolment.permissions import EnrolmentPermission
from kontingent.enrolment.rules import Finding, Fold
from kontingent.enrolment.rules.log import ImpossibleSequence
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotFound, RuleViolation
from kontingent.kernel.ids import new_id
from kontingent.storage import bulk

#: How many refused learners a message names before it says "and so many more".
NAMED_REFUSALS = 5
#: How many subjects one event of the journal carries.
SUBJECTS_OF_AN_EVENT = 1000


@dataclass(frozen=True, slots=True)
class LinePreview:
    """What signing would do to one learner."""

    line: OrderLine
    person_name: str
    before: Fold
    after: Fold
    findings: tuple[Finding, ...]

    @property
    def refused(self) -> bool:
        """True when something forbids the line."""
        return bool(casebook.refusals(self.findings))


@dataclass(frozen=True, slots=True)
class Preview:
    """What signing would do."""

    order: Order
    lines: tuple[LinePreview, ...]

    @property
    def refused(self) -> int:
        """How many lines are refused."""
        return sum(line.refused for line in self.lines)

    @property
    def may_be_signed(self) -> bool:
        """True when nothing forbids signing but the requisites perhaps."""
        return bool(self.lines) and not self.refused


def preview_order(*, actor: Actor, order_id: UUID) -> Preview:
    """Show what signing would do, learner by learner (предпросмотр). Reads only; a signed order shows what it did."""
    actor.require(EnrolmentPermission.VIEW)
    try:
        order = Order.objects.select_related("organisation").get(pk=order_id)
    except Order.DoesNotExist:
        raise NotFound("enrolment.no_such_order", "Такого приказа нет: возможно, черновик удалили.") from None
    actor.require(
        EnrolmentPermission.VIEW,
        organisation_id=order.organisation_id,
        municipality_id=order.organisation.municipality_id,
    )
    lines = list(OrderLine.objects.filter(order=order))
    book = casebook.load(order.organisation_id, lines)
    if order.status != OrderStatus.DRAFT:
        book.leave_out(order.id)
    reads.note(
        actor, ReadKind.LIST, [line.person_id for line in lines], object_id=order.id, organisation_id=order.organisation_id,
        what="приказ",
    )  # fmt: skip
    return Preview(order, tuple(_previews(book, order, lines, dated=order.dated)))


def _previews(
    book: Casebook, order: Order, lines: Sequence[OrderLine], *, dated: date | None
) -> list[LinePreview]:
    previews = []
    seen: set[UUID] = set()
    for line in lines:
        before, after, findings = book.judge(line, order, dated=dated)
        if line.person_id in seen:
            findings = [*findings, _twice()]
        seen.add(line.person_id)
        learner = book.learners.get(line.person_id)
        previews.append(LinePreview(line, learner.name if learner else "?", before, after, tuple(findings)))
    return previews


def _twice() -> Finding:
    return Finding(
        rules.Severity.REFUSAL,
        "enrolment.twice_in_order",
        "Ученик назван в приказе дважды. Оставьте одну строку.",
    )


# -- signing -----------------------------------------------------------------------------------


@transaction.atomic
def sign_order(
    *,
    actor: Actor,
    order_id: UUID,
    number: str | None = None,
    dated: date | None = None,
    version: int | None = None,
) -> Order:
    """Sign an order and apply its movements (подписать приказ).

    One refused learner refuses the whole order: nothing of it takes effect. Raises ``Conflict`` when somebody
    changed or signed the order first, ``RuleViolation`` for what the rules forbid (facts carry every refusal).
    """
    order = locked_order(order_id, version=version)
    actor.require(
        EnrolmentPermission.SIGN_ORDER,
        organisation_id=order.organisation_id,
        municipality_id=order.organisation.municipality_id,
    )
    order.number = (number if number is not None else order.number).strip()
    order.dated = dated or order.dated
    lines = list(OrderLine.objects.filter(order=order))
    rules.check_may_sign(
        status=order.status, number=order.number, dated=order.dated, lines=len(lines), today=clock.today()
    )
    lock_persons([line.person_id for line in lines])
    book = casebook.load(order.organisation_id, lines)
    previews = _previews(book, order, lines, dated=order.dated)
    _refuse_if_any_refused(previews)
    moment = clock.now()
    order.status = OrderStatus.SIGNED
    order.signed_at, order.signed_by, order.signed_by_name = moment, actor.code, actor.name
    order.version += 1
    order.save()
    _apply(book, order, previews, moment)
    audit.record_all(_signed_events(order, lines), actor=actor)
    return order


def _refuse_if_any_refused(previews: Sequence[LinePreview]) -> None:
    refused = [preview for preview in previews if preview.refused]
    if not refused:
        return
    named = "; ".join(
        f"{p.person_name}: {casebook.refusals(p.findings)[0].message}" for p in refused[:NAMED_REFUSALS]
    )
    more = f" И ещё учеников: {len(refused) - NAMED_REFUSALS}." if len(refused) > NAMED_REFUSALS else ""
    raise RuleViolation(
        "enrolment.order_has_refusals",
        f"Приказ не подписан, отказов: {len(refused)}. {named}{more}",
        refusals={p.line.id: [(f.code, f.message) for f in casebook.refusals(p.findings)] for p in refused},
    )


def _apply(book: Casebook, order: Order, previews: Sequence[LinePreview], moment: datetime) -> None:
    """Write movements and periods; what PostgreSQL forbids becomes a refusal in words."""
    streams = []
    movements = []
    numbers = bulk.next_values(Movement._meta.db_table, "id", len(previews))
    for movement_id, preview in zip(numbers, previews, strict=True):
        line = preview.line
        enrolment_id = line.enrolment_id or new_id()
        movement = book.movement(line)
        movements.append(
            (
                movement_id, line.kind, line.effective_on, line.group_id, movement.programme_id, movement.grade,
                movement.study_form_code, line.funding_code, line.reason_code, line.destination_id,
                line.destination_text, enrolment_id, line.person_id, order.organisation_id, order.id, line.id, moment,
            )
        )  # fmt: skip
        learner = book.learners[line.person_id]
        streams.append(Stream(enrolment_id, line.person_id, order.organisation_id, learner, preview.after))
    bulk.copy_rows(
        Movement._meta.db_table,
        [
            "id", "kind", "effective_on", "group_id", "programme_id", "grade", "study_form_code", "funding_code",
            "reason_code", "destination_id", "destination_text", "enrolment_id", "person_id", "organisation_id",
            "order_id", "line_id", "recorded_at",
        ],
        movements,
    )  # fmt: skip
    known = any(preview.line.enrolment_id for preview in previews)
    _project(streams, moment=moment, known=known)


def _project(streams: Sequence[Stream], *, moment: datetime, known: bool) -> None:
    try:
        with transaction.atomic():
            projection.write(streams, moment=moment, known=known)
    except IntegrityError as error:
        if "one_main_enrolment_at_a_time" not in str(error):
            raise
        raise RuleViolation(
            "enrolment.already_enrolled",
            "Один из учеников приказа уже числится по основной программе в другой организации на эти же дни. "
            "Обновите предпросмотр: он назовёт ученика и организацию.",
        ) from error


def lock_persons(person_ids: Sequence[UUID]) -> None:
    """Lock learners in one order everywhere, so that two acts on one child wait for each other."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT id FROM persons_person WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE) p",
            [list(person_ids)],
        )


def _signed_events(order: Order, lines: Sequence[OrderLine]) -> list[Event]:
    assert order.dated is not None  # noqa: S101 - check_may_sign has asked
    return [
        OrderSigned(
            object_id=order.id,
            organisation_id=order.organisation_id,
            subjects=tuple(line.person_id for line in lines[start : start + SUBJECTS_OF_AN_EVENT]),
            basis=order.basis,
            order_kind=order.kind,
            number=order.number,
            dated=order.dated,
            lines=len(lines),
        )
        for start in range(0, len(lines), SUBJECTS_OF_AN_EVENT)
    ]


# -- cancelling --------------------------------------------------------------------------------


@transaction.atomic
def cancel_order(*, actor: Actor, order_id: UUID, reason: str, version: int | None = None) -> Order:
    """Cancel a signed order with its movements (отменить приказ); periods are folded anew.

    Refused while a later order stands on what this one did; the message names that order.
    """
    order = locked_order(order_id, version=version)
    actor.require(
        EnrolmentPermission.CANCEL_ORDER,
        organisation_id=order.organisation_id,
        municipality_id=order.organisation.municipality_id,
    )
    rules.check_may_cancel(status=order.status, reason=reason)
    own = list(Movement.objects.filter(order=order).values_list("enrolment_id", "person_id"))
    lock_persons([person_id for _, person_id in own])
    moment = clock.now()
    Movement.objects.filter(order=order).update(cancelled_at=moment)
    book = casebook.Casebook(order.organisation_id)
    casebook.load_learners(book, {person_id for _, person_id in own})
    casebook.load_streams(book, {enrolment_id for enrolment_id, _ in own})
    casebook.load_standing(book, {person_id for _, person_id in own})
    streams = [
        _refolded(book, order, enrolment_id, person_id) for enrolment_id, person_id in dict(own).items()
    ]
    order.status = OrderStatus.CANCELLED
    order.cancelled_at, order.cancelled_by, order.cancelled_by_name = moment, actor.code, actor.name
    order.cancel_reason = reason.strip()
    order.version += 1
    order.save()
    _project(streams, moment=moment, known=True)
    audit.record_all(_cancelled_events(order, [person_id for _, person_id in own]), actor=actor)
    return order


def _refolded(book: Casebook, order: Order, enrolment_id: UUID, person_id: UUID) -> Stream:
    learner = book.learners[person_id]
    try:
        folded = rules.fold(book.streams.get(enrolment_id, ()))
    except ImpossibleSequence as impossible:
        raise RuleViolation(
            "enrolment.later_order_depends",
            f"Приказ {order} отменить нельзя: {learner.name}. {book.explain(impossible)}",
            later_order=impossible.movement.order_id,
        ) from impossible
    overlap = book.overlapping(person_id, enrolment_id, folded)
    if overlap is not None:
        name = book.organisation_names.get(overlap.organisation_id, "другая организация")
        raise RuleViolation(
            "enrolment.enrolled_since",
            f"Приказ {order} отменить нельзя: {learner.name} с {overlap.starts_on:%d.%m.%Y} числится в «{name}». "
            "Сначала должен быть отменён приказ о зачислении туда.",
        )
    return Stream(enrolment_id, person_id, order.organisation_id, learner, folded)


def _cancelled_events(order: Order, person_ids: Sequence[UUID]) -> list[Event]:
    return [
        OrderCancelled(
            object_id=order.id,
            organisation_id=order.organisation_id,
            subjects=tuple(person_ids[start : start + SUBJECTS_OF_AN_EVENT]),
            basis=order.cancel_reason,
            order_kind=order.kind,
            number=order.number,
            reason=order.cancel_reason,
            lines=len(person_ids),
        )
        for start in range(0, len(person_ids), SUBJECTS_OF_AN_EVENT)
    ]
