"""The application of a family, its approval by the receiver, the former organisation's answer, the municipality's word.

None of them moves the learner: ``settling`` does, when the rules say so, both sides at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import IntegrityError, transaction

from kontingent.audit import actions as audit
from kontingent.enrolment import queries as enrolment
from kontingent.enrolment.models import Enrolment, Group
from kontingent.kernel import clock, texts
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import Conflict, InvalidValue, NotAllowed, NotFound, RuleViolation
from kontingent.kernel.school_year import SchoolYear
from kontingent.organisations import queries as organisations
from kontingent.organisations.models import Organisation
from kontingent.persons import queries as people
from kontingent.storage import scope
from kontingent.trajectory.transfers import rules, terms
from kontingent.trajectory.transfers.codes import Answer, State
from kontingent.trajectory.transfers.events import (
    ArrivalConfirmed,
    TransferAmended,
    TransferAnswered,
    TransferApproved,
    TransferClosed,
    TransferRegistered,
)
from kontingent.trajectory.transfers.models import ConfirmedDeparture, Transfer, TransferStep
from kontingent.trajectory.transfers.permissions import TransferPermission

LONGEST_TEXT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What the family's application says: whom, into which class, from when; who applies and when."""

    person_id: UUID
    group_id: UUID
    applicant: str
    applied_on: date
    arrives_on: date


@transaction.atomic
def register(*, actor: Actor, receiver_id: UUID, application: Application) -> Transfer:
    """Enter an application at the receiving organisation (принять заявление о переводе).

    Raises:
        NotFound: no such learner or class.
        RuleViolation: the learner studies nowhere or here already, the class is not of that year, the days make no sense.
        Conflict: the learner has an open transfer; the message says where to.
    """
    receiver = organisations.get(receiver_id)
    actor.require(
        TransferPermission.REGISTER, organisation_id=receiver.id, municipality_id=receiver.municipality_id
    )
    applicant = texts.required(
        application.applicant,
        "transfers.applicant",
        "Укажите заявителя: фамилию, имя, отчество родителя.",
        200,
    )
    rules.check_days(
        applied_on=application.applied_on,
        arrives_on=application.arrives_on,
        today=clock.today(),
        back=terms.days("arrival"),
    )
    group = _class_of(receiver, application.group_id, application.arrives_on)
    with scope.whole_register():
        person_id = people.successor_of(application.person_id) or application.person_id
        name = people.names_of([person_id]).get(person_id)
    if name is None:
        raise NotFound("transfers.no_such_learner", "Такого ученика в реестре нет. Найдите его снова.")
    place = _studies_at(person_id, application.arrives_on, receiver)
    try:
        with transaction.atomic():
            made = Transfer.objects.create(
                person_id=person_id, learner_name=name, former_id=place.organisation_id, former_class=place.title,
                receiver=receiver, group=group, applicant=applicant, applied_on=application.applied_on,
                arrives_on=application.arrives_on, registered_at=clock.now(), registered_by_name=actor.name,
            )  # fmt: skip
    except IntegrityError as error:
        if "one_open_transfer_of_a_person" not in str(error):
            raise
        raise Conflict(
            "transfers.open_already",
            "О переводе этого ученика уже есть незавершённое заявление, возможно, в другой школе. Пусть семья отзовёт его там; "
            "если она не может решить, обратитесь в муниципалитет.",
        ) from error
    _tell(made, actor, f"Заявление от {made.applied_on:%d.%m.%Y} принято: {applicant}.")
    audit.record(
        TransferRegistered(
            subjects=(person_id,), object_id=made.pk, organisation_id=receiver.id, former=place.organisation,
            basis=f"Заявление от {made.applied_on:%d.%m.%Y}",
        ),
        actor=actor,
    )  # fmt: skip
    return made


def _class_of(receiver: Organisation, group_id: UUID, on: date) -> Group:
    group = Group.objects.filter(pk=group_id, organisation=receiver).select_related("programme").first()
    if group is None:
        raise NotFound(
            "transfers.no_such_class", "Такого класса в вашей организации нет. Выберите класс из списка."
        )
    rules.check_class(group.programme.kind_code, group.title)
    if not SchoolYear(group.school_year).period.holds(on):
        raise RuleViolation(
            "transfers.class_of_other_year",
            f"Класс {group.title} – {SchoolYear(group.school_year)} учебного года, а зачисление с {on:%d.%m.%Y}. Выберите класс этого года.",
        )
    if group.closed_on is not None and on >= group.closed_on:
        raise RuleViolation(
            "transfers.class_closed",
            f"Класс {group.title} расформирован с {group.closed_on:%d.%m.%Y}. Выберите другой.",
        )
    return group


def _studies_at(person_id: UUID, on: date, receiver: Organisation) -> enrolment.Place:
    places = [one for one in enrolment.standing_of([person_id], on).get(person_id, []) if one.starts_on <= on]
    if not places:
        raise RuleViolation(
            "transfers.studies_nowhere",
            f"На {on:%d.%m.%Y} ученик нигде не числится: перевод не нужен. Зачислите его приказом о зачислении.",
        )
    if places[0].organisation_id == receiver.id:
        raise RuleViolation(
            "transfers.studies_here",
            "Ученик уже числится у вас. Другой класс – приказом о переводе в другой класс.",
        )
    return places[0]


@transaction.atomic
def approve(*, actor: Actor, transfer_id: UUID, number: str, version: int | None = None) -> Transfer:
    """Decide to enrol (утвердить зачисление): the former organisation is told, its term begins to run.

    ``number`` is that of the receiver's order, which is signed by itself when the transfer is completed.
    """
    transfer = _locked(actor, transfer_id, version)
    actor.require(
        TransferPermission.APPROVE,
        organisation_id=transfer.receiver_id,
        municipality_id=transfer.receiver.municipality_id,
    )
    rules.check_may("approve", State(transfer.state))
    transfer.order_number = texts.required(
        number,
        "transfers.number",
        "Укажите номер приказа о зачислении: он подпишется сам, когда перевод завершится.",
        40,
    )
    _class_of(transfer.receiver, transfer.group_id, transfer.arrives_on)
    transfer.state, transfer.approved_at, transfer.approved_by_name = State.APPROVED, clock.now(), actor.name
    transfer.due_on = terms.due_on(clock.today())
    _save(transfer)
    _tell(
        transfer, actor,
        f"Зачисление утверждено, приказ № {transfer.order_number}. Прежняя организация отвечает до {transfer.due_on:%d.%m.%Y} включительно.",
    )  # fmt: skip
    audit.record(
        TransferApproved(
            subjects=(transfer.person_id,), object_id=transfer.pk, organisation_id=transfer.receiver_id,
            number=transfer.order_number, arrives_on=transfer.arrives_on, due_on=transfer.due_on,
        ),
        actor=actor,
    )  # fmt: skip
    return transfer


@transaction.atomic
def amend(
    *, actor: Actor, transfer_id: UUID, group_id: UUID, number: str, version: int | None = None
) -> Transfer:
    """Change class or number of order of an approved transfer (исправить): above all of one that is held up by them.

    The former organisation's term goes on; neither its answer nor the approval is asked for again.

    Raises:
        NotFound: no such class at the receiving organisation.
        RuleViolation: it is not approved or is over, the class is not of that year, or nothing is changed.
    """
    transfer = _locked(actor, transfer_id, version)
    actor.require(
        TransferPermission.APPROVE, organisation_id=transfer.receiver_id, municipality_id=transfer.receiver.municipality_id
    )  # fmt: skip
    rules.check_may("amend", State(transfer.state))
    said = texts.required(
        number,
        "transfers.number",
        "Укажите номер приказа о зачислении: он подпишется сам, когда перевод завершится.",
        40,
    )
    group = _class_of(transfer.receiver, group_id, transfer.arrives_on)
    if (group.pk, said) == (transfer.group_id, transfer.order_number):
        raise RuleViolation(
            "transfers.nothing_amended", "Класс и номер те же. Измените то, что мешает переводу, и сохраните."
        )
    told = f"Исправлено: класс {transfer.group.title} → {group.title}, приказ № {transfer.order_number} → № {said}."
    transfer.group, transfer.order_number, transfer.held_up = group, said, ""
    _save(transfer)
    _tell(transfer, actor, told)
    audit.record(
        TransferAmended(
            subjects=(transfer.person_id,), object_id=transfer.pk, organisation_id=transfer.receiver_id, number=said, group=group.title
        ),
        actor=actor,
    )  # fmt: skip
    return transfer


@transaction.atomic
def confirm(*, actor: Actor, transfer_id: UUID, number: str, version: int | None = None) -> Transfer:
    """Confirm as the former organisation; ``number`` is that of its order of leaving, signed by itself with the receiver's."""
    transfer = _of_former(actor, transfer_id, version)
    transfer.leaving_number = texts.required(
        number, "transfers.number", "Укажите номер приказа об отчислении в порядке перевода.", 40
    )
    transfer.answer, transfer.objection = Answer.CONFIRMED, ""
    return _answered(
        transfer, actor, f"Перевод подтверждён, приказ об отчислении № {transfer.leaving_number}."
    )


@transaction.atomic
def object_to(*, actor: Actor, transfer_id: UUID, reason: str, version: int | None = None) -> Transfer:
    """Object as the former organisation (возразить): the municipality sees it, the term goes on."""
    transfer = _of_former(actor, transfer_id, version)
    if transfer.answer == Answer.CONFIRMED:
        raise RuleViolation(
            "transfers.confirmed_already", "Перевод уже подтверждён: он завершится сам. Возразить поздно."
        )
    transfer.objection = texts.required(
        reason,
        "transfers.objection",
        "Напишите, против чего возражение: его увидит муниципалитет.",
        LONGEST_TEXT,
    )
    transfer.answer = Answer.OBJECTED
    return _answered(transfer, actor, f"Возражение: {transfer.objection}")


def _of_former(actor: Actor, transfer_id: UUID, version: int | None) -> Transfer:
    transfer = _locked(actor, transfer_id, version)
    actor.require(
        TransferPermission.APPROVE,
        organisation_id=transfer.former_id,
        municipality_id=transfer.former.municipality_id,
    )
    rules.check_may("answer", State(transfer.state))
    return transfer


def _answered(transfer: Transfer, actor: Actor, told: str) -> Transfer:
    transfer.answered_at, transfer.answered_by_name = clock.now(), actor.name
    _save(transfer)
    _tell(transfer, actor, told)
    audit.record(
        TransferAnswered(
            subjects=(transfer.person_id,),
            object_id=transfer.pk,
            organisation_id=transfer.former_id,
            answer=transfer.answer,
        ),
        actor=actor,
    )
    return transfer


@transaction.atomic
def withdraw(*, actor: Actor, transfer_id: UUID, reason: str, version: int | None = None) -> Transfer:
    """Withdraw an application (отозвать): the family may say so at either school, the receiver also of its own.

    The former organisation keeps the family's statement, from whom and of which day: both schools and the municipality see what it said.

    Raises:
        NotFound: the transfer is of strangers, or is not told to the former organisation yet.
    """
    transfer = _locked(actor, transfer_id, version)
    at_receiver = actor.scope.covers(transfer.receiver_id, transfer.receiver.municipality_id)
    if not at_receiver and transfer.approved_at is None:
        raise NotFound("transfers.no_such", "Такого перевода нет.")
    place = transfer.receiver if at_receiver else transfer.former
    actor.require(
        TransferPermission.REGISTER, organisation_id=place.id, municipality_id=place.municipality_id
    )
    rules.check_may("withdraw", State(transfer.state))
    title = "Отозвано" if at_receiver else f"Отозвано семьёй через прежнюю организацию ({place.short_name})"
    return _closed(transfer, actor, State.WITHDRAWN, title, reason)


@transaction.atomic
def stop(*, actor: Actor, transfer_id: UUID, reason: str, version: int | None = None) -> Transfer:
    """Stop a transfer by the municipality's decision (остановить)."""
    transfer = _for_decision(actor, transfer_id, version, "stop")
    return _closed(transfer, actor, State.STOPPED, "Остановлено муниципалитетом", reason)


@transaction.atomic
def decide(*, actor: Actor, transfer_id: UUID, reason: str, version: int | None = None) -> Transfer:
    """Let a transfer be completed now by the municipality's decision, whatever the former organisation says."""
    transfer = _for_decision(actor, transfer_id, version, "decide")
    transfer.decision = texts.required(reason, "transfers.reason", "Укажите основание решения.", LONGEST_TEXT)
    transfer.decided_by_name = actor.name
    _save(transfer)
    _tell(transfer, actor, f"Решено завершить перевод: {transfer.decision}")
    _record_outcome(transfer, actor, "complete", transfer.decision)
    return transfer


@transaction.atomic
def ask_to_cancel(*, actor: Actor, transfer_id: UUID, reason: str, version: int | None = None) -> Transfer:
    """Ask that a completed transfer be cancelled: both orders together, by the system (``settling.cancel``).

    The receiving organisation may, whose mistake it was, and the municipality of either.
    """
    transfer = _locked(actor, transfer_id, version)
    if not actor.scope.covers(transfer.receiver_id, None) or not actor.may(TransferPermission.APPROVE):
        _require_decision(actor, transfer)
    rules.check_may("cancel", State(transfer.state))
    transfer.cancel_reason = texts.required(
        reason, "transfers.reason", "Укажите причину отмены.", LONGEST_TEXT
    )
    transfer.decided_by_name, transfer.held_up = actor.name, ""
    _save(transfer)
    _tell(transfer, actor, f"Отмена перевода: {transfer.cancel_reason}")
    _record_outcome(transfer, actor, "cancel", transfer.cancel_reason)
    return transfer


def _for_decision(actor: Actor, transfer_id: UUID, version: int | None, act: str) -> Transfer:
    transfer = _locked(actor, transfer_id, version)
    _require_decision(actor, transfer)
    rules.check_may(act, State(transfer.state))
    return transfer


def _require_decision(actor: Actor, transfer: Transfer) -> None:
    places = (transfer.former, transfer.receiver)
    if not any(actor.scope.covers(one.id, one.municipality_id) for one in places):
        raise NotAllowed(
            "access.out_of_scope",
            "Этот перевод относится к другому муниципалитету, доступа к нему у вас нет.",
        )
    actor.require(TransferPermission.DECIDE)


def _closed(transfer: Transfer, actor: Actor, state: State, title: str, reason: str) -> Transfer:
    transfer.decision = texts.required(reason, "transfers.reason", "Укажите причину.", LONGEST_TEXT)
    transfer.state, transfer.decided_by_name, transfer.held_up = state, actor.name, ""
    _save(transfer)
    _tell(transfer, actor, f"{title}: {transfer.decision}")
    _record_outcome(transfer, actor, state, transfer.decision)
    return transfer


def _record_outcome(transfer: Transfer, actor: Actor, outcome: str, reason: str) -> None:
    audit.record(
        TransferClosed(
            subjects=(transfer.person_id,),
            object_id=transfer.pk,
            organisation_id=transfer.receiver_id,
            basis=reason,
            outcome=outcome,
        ),
        actor=actor,
    )


# -- leaving the region ------------------------------------------------------------------------------


@transaction.atomic
def confirm_departure(
    *, actor: Actor, enrolment_id: UUID, arrived_on: date, evidence: str
) -> ConfirmedDeparture:
    """Keep that a learner who left the region or the country has arrived there (подтвердить прибытие).

    Raises:
        NotFound: no such leaving in the actor's scope.
        Conflict: it is confirmed already.
    """
    left = (
        Enrolment.objects.select_related("organisation")
        .filter(
            enrolment_id=enrolment_id,
            superseded_at__isnull=True,
            reason_code__in=["T3", "T4"],
            ends_on__isnull=False,
        )
        .first()
    )
    if left is None or not actor.scope.covers(left.organisation_id, left.organisation.municipality_id):
        raise NotFound(
            "transfers.no_such_departure", "Такого выбытия в другой регион нет. Обновите страницу."
        )
    actor.require(TransferPermission.REGISTER)
    said = texts.required(
        evidence, "transfers.evidence", "Укажите, откуда известно: чьё письмо, номер и дата.", LONGEST_TEXT
    )
    if left.ends_on is None or not left.ends_on <= arrived_on <= clock.today():
        raise InvalidValue(
            "transfers.arrived_on",
            f"Дата прибытия {arrived_on:%d.%m.%Y} раньше выбытия или ещё не наступила. Исправьте её.",
        )
    made, is_new = ConfirmedDeparture.objects.get_or_create(
        enrolment_id=enrolment_id,
        defaults={
            "person_id": left.person_id, "organisation_id": left.organisation_id, "arrived_on": arrived_on, "evidence": said,
            "confirmed_at": clock.now(), "confirmed_by_name": actor.name,
        },
    )  # fmt: skip
    if not is_new:
        raise Conflict(
            "transfers.confirmed_already",
            f"Прибытие уже подтверждено: {made.confirmed_by_name}. Обновите страницу.",
        )
    audit.record(
        ArrivalConfirmed(
            subjects=(left.person_id,),
            object_id=enrolment_id,
            organisation_id=left.organisation_id,
            basis=said,
            place=left.destination_text,
        ),
        actor=actor,
    )
    return made


# -- parts -------------------------------------------------------------------------------------------


def _locked(actor: Actor, transfer_id: UUID, version: int | None) -> Transfer:
    """Load and lock; one of strangers is not there."""
    found = (
        Transfer.objects.select_for_update(of=("self",))
        .select_related("former", "receiver", "group")
        .filter(pk=transfer_id)
        .first()
    )
    places = (found.former, found.receiver) if found is not None else ()
    if found is None or not any(actor.scope.covers(one.id, one.municipality_id) for one in places):
        raise NotFound("transfers.no_such", "Такого перевода нет.")
    actor.require(TransferPermission.VIEW)
    if version is not None and found.version != version:
        raise Conflict(
            "transfers.changed",
            "За это время с переводом уже что-то сделали. Обновите страницу и посмотрите, что изменилось.",
        )
    return found


def _save(transfer: Transfer) -> None:
    transfer.version += 1
    transfer.save()


def _tell(transfer: Transfer, actor: Actor, told: str) -> None:
    TransferStep.objects.create(transfer=transfer, at=clock.now(), by_name=actor.name, told=told[:1000])
