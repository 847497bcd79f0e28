"""Answering citizens: the right is shown on the day, what is told is journaled, and a message is answered once.

A transport (HTTP, files; СМЭВ follows) hands over an ``Asked`` and carries away the ``ServiceRequest``: it knows nothing of rights.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import IntegrityError, transaction

from kontingent.audit import actions as audit
from kontingent.audit import reads
from kontingent.audit.reads import ReadKind
from kontingent.enrolment import queries as enrolment
from kontingent.enrolment.queries.standing import Place, standing_of
from kontingent.exchange.epgu import payloads, rules
from kontingent.exchange.epgu.codes import RIGHT_TITLES, Content, Refusal, Right
from kontingent.exchange.epgu.events import PerformanceAnswered, PerformanceRefused
from kontingent.exchange.epgu.models import ServiceRequest
from kontingent.exchange.epgu.payloads import JSON, Child, School
from kontingent.exchange.epgu.permissions import EpguPermission
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import Conflict, InvalidValue, NotAllowed, NotFound
from kontingent.kernel.school_year import SchoolYear
from kontingent.organisations import queries as organisations
from kontingent.performance.models import Lesson, Mark
from kontingent.performance.permissions import PerformancePermission
from kontingent.performance.queries.diary import Diary, closing_marks, diary
from kontingent.performance.queries.periods import grading_periods
from kontingent.persons import queries as persons
from kontingent.persons.permissions import PersonPermission
from kontingent.storage.scope import scoped

PURPOSE = "epgu"
#: The code of an id that opened the timetable and does so no longer.
EXPIRED = "epgu.expired"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as a transport understood it; the numbers are СНИЛС of eleven digits."""

    message_id: str
    applicant: str
    child: str
    child_born: date | None
    start: date | None
    end: date | None
    content: frozenset[Content]
    ogrn: str | None = None

    @property
    def digest(self) -> str:
        """What tells this question from another under the same message id."""
        return hashlib.sha256(msgspec.json.encode([self.applicant, self.child, *self._rest()])).hexdigest()

    def _rest(self) -> list[Any]:
        named = [self.ogrn] if self.ogrn else []
        return [self.child_born, self.start, self.end, sorted(self.content), *named]


def answer(*, actor: Actor, asked: Asked) -> ServiceRequest:
    """Answer a question or refuse it for a reason; the same message again gets the same answer (ответить на запрос).

    Raises:
        NotAllowed: the actor does not serve citizens.
        Conflict: the message id was used for another question.
        InvalidValue: one of the two days is missing, or they stand in the wrong order.
    """
    actor.require(EpguPermission.SERVE)
    if (asked.start is None) != (asked.end is None) or (
        asked.start and asked.end and asked.end < asked.start
    ):
        raise InvalidValue(
            "epgu.days",
            "Назовите оба дня периода, первый не позже последнего, или не называйте ни одного.",
        )
    if (told := _told_already(actor, asked)) is not None:
        return told
    try:
        with transaction.atomic():
            return _answered(actor, asked)
    except IntegrityError:
        # The same message came twice at once: the other one has answered.
        if (told := _told_already(actor, asked)) is None:
            raise
        return told


def _told_already(actor: Actor, asked: Asked) -> ServiceRequest | None:
    found = ServiceRequest.objects.filter(client_code=actor.code, message_id=asked.message_id).first()
    if found is not None and found.digest != asked.digest:
        raise Conflict(
            "epgu.message_reused",
            "Под этим messageId уже был другой запрос. Присвойте запросу новый идентификатор.",
        )
    return found


def _answered(actor: Actor, asked: Asked) -> ServiceRequest:
    began, now = time.perf_counter(), clock.now()
    today = clock.today()
    starts_on, ends_on = rules.days_of(asked.start, asked.end, today)
    applicant_id, child_id = persons.id_by_snils(asked.applicant), persons.id_by_snils(asked.child)
    made = ServiceRequest(
        client_code=actor.code, client_name=actor.name, message_id=asked.message_id, digest=asked.digest, applicant_id=applicant_id,
        content=sorted(asked.content), starts_on=starts_on, ends_on=ends_on, received_at=now,
    )  # fmt: skip
    right = rules.right_of(standing(applicant_id, child_id, asked.child_born, today), today)
    if isinstance(right, Refusal) or child_id is None:
        made.refusal = right if isinstance(right, Refusal) else Refusal.CHILD_NOT_FOUND
    else:
        made.right, made.child_id = right, child_id
        outcome = _composed(actor, child_id, right, starts_on, ends_on, asked)
        if isinstance(outcome, Refusal):
            made.refusal = outcome
        else:
            made.answer = outcome
    made.answered_at, made.took_ms = clock.now(), round((time.perf_counter() - began) * 1000)
    made.save(force_insert=True)
    _record(actor, made)
    return made


def standing(applicant_id: UUID | None, child_id: UUID | None, said: date | None, on: date) -> rules.Standing:
    """Return what the register says of two people on a day."""
    if applicant_id is None or child_id is None:
        return rules.Standing(is_known=False)
    born = persons.birth_date_of(child_id)
    return rules.Standing(
        is_known=True,
        is_oneself=applicant_id == child_id,
        is_represented=child_id in {one for one, _ in persons.represented_on(applicant_id, on)},
        born=born,
        birth_fits=None if said is None else said == born,
    )


def _composed(
    actor: Actor, child_id: UUID, right: Right, starts_on: date, ends_on: date, asked: Asked
) -> JSON | Refusal:
    if rules.are_too_many(starts_on, ends_on):
        return Refusal.PERIOD_TOO_LONG
    what, reader = f"успеваемость, {RIGHT_TITLES[right]}", _by_the_right_shown(actor)
    with scoped(reader):
        place = _place(reader, child_id)
        if isinstance(place, Refusal):
            return place
        school = _school(place)
        if asked.ogrn not in (None, school.ogrn):
            return Refusal.NOT_ENROLLED
        child = _child(child_id)
        days = diary(reader, child_id, starts_on, ends_on, what=what, purpose=PURPOSE)
        if not days.days and not _has_journal(days, child_id):
            return Refusal.JOURNAL_UNAVAILABLE
        finals = Content.FINALS in asked.content
        closing = closing_marks(reader, child_id, what=what, purpose=PURPOSE) if finals else []
    periods = grading_periods(
        SchoolYear.of(starts_on).begins_in, organisation_id=school.id, grade=school.grade
    )
    return payloads.answer(child, school, periods, days, closing, asked.content, clock.now())


def _place(reader: Actor, child_id: UUID) -> Place | Refusal:
    try:
        enrolment.require_visible(reader, child_id)
    except NotAllowed:
        return Refusal.CHILD_NOT_FOUND
    today = clock.today()
    places = [one for one in standing_of([child_id], today).get(child_id, []) if one.starts_on <= today]
    return places[0] if places else Refusal.NOT_ENROLLED


def _by_the_right_shown(actor: Actor) -> Actor:
    """The machine reads nothing of its own accord: what a citizen's right opens, it reads for that citizen within its reach."""
    opened = {PersonPermission.VIEW.value, PerformancePermission.VIEW.value}
    return replace(actor, permissions=actor.permissions | opened)


def _child(child_id: UUID) -> Child:
    found = persons.get(child_id)
    return Child(found.family_name, found.given_name, found.patronymic, found.birth_date)


def _school(place: Place) -> School:
    organisation = organisations.get(place.organisation_id)
    return School(organisation.id, organisation.full_name, organisation.ogrn or "", place.title, place.grade)


def _has_journal(days: Diary, child_id: UUID) -> bool:
    """Say whether any journal has told of the child or of its classes this school year: an empty week is no silence."""
    year = SchoolYear.of(days.starts_on).begins_in
    return (
        Lesson.objects.filter(group_id__in=list(days.groups), school_year=year).exists()
        or Mark.objects.filter(person_id=child_id, school_year=year).exists()
    )


def _record(actor: Actor, made: ServiceRequest) -> None:
    whom = tuple(one for one in (made.child_id, made.applicant_id) if one is not None)
    if made.refusal:
        audit.record(PerformanceRefused(object_id=made.id, subjects=whom, reason=made.refusal), actor=actor)
        return
    audit.record(
        PerformanceAnswered(
            object_id=made.id, subjects=whom, right=made.right, content=", ".join(made.content),
            days=payloads.days_in_words(made.starts_on, made.ends_on),
        ),
        actor=actor,
    )  # fmt: skip


def told(*, actor: Actor, message_id: str) -> ServiceRequest:
    """Return what was answered to a message of one's own.

    Raises:
        NotFound: there is no such message; its answer is told no longer.
    """
    actor.require(EpguPermission.SERVE)
    found = ServiceRequest.objects.filter(client_code=actor.code, message_id=message_id).first()
    if found is None:
        raise NotFound("epgu.no_such_message", "Запроса с таким messageId не было. Передайте его.")
    if not found.refusal and found.answer is None:
        raise NotFound(
            "epgu.answer_gone",
            "Ответ хранится три дня и уже стёрт. Передайте запрос заново под новым messageId.",
        )
    if found.child_id is not None and found.answer is not None:
        reads.note(
            actor,
            ReadKind.API,
            [found.child_id],
            object_id=found.id,
            what="ответ выдан повторно",
            purpose=PURPOSE,
        )
    return found


def timetable(*, actor: Actor, request_id: UUID, start: date | None, end: date | None) -> JSON:
    """Return the timetable that an answered request opens for a while (protocols §4.1); the right is shown anew.

    Raises:
        NotFound: no such request of this actor; by ``EXPIRED``: its time is over, or the applicant has no right any more.
        InvalidValue: one day without the other, or too many days.
    """
    actor.require(EpguPermission.SERVE)
    if (start is None) != (end is None):
        raise InvalidValue("epgu.days", "Назовите оба дня, start и end, или ни одного.")
    today = clock.today()
    starts_on, ends_on = rules.days_of(start, end, today)
    if rules.are_too_many(starts_on, ends_on):
        raise InvalidValue(
            "epgu.days",
            f"Расписание выдаётся не более чем за {rules.LONGEST_DAYS} дней, и start – не позже end.",
        )
    found = ServiceRequest.objects.filter(client_code=actor.code, pk=request_id, refusal="").first()
    if found is None or found.child_id is None:
        raise NotFound("epgu.no_such_request", "Такого ответа не было. Начните с запроса.")
    right = rules.right_of(standing(found.applicant_id, found.child_id, None, today), today)
    if clock.now() - found.answered_at > rules.HANDLE_LIVES or isinstance(right, Refusal):
        raise _expired()
    what, reader = f"расписание, {RIGHT_TITLES[right]}", _by_the_right_shown(actor)
    with scoped(reader):
        place = _place(reader, found.child_id)
        if isinstance(place, Refusal):
            raise _expired()
        days = diary(reader, found.child_id, starts_on, ends_on, what=what, purpose=PURPOSE)
    return payloads.schedule(found.id, _school(place), days, clock.now())


def _expired() -> NotFound:
    return NotFound(EXPIRED, "Идентификатор больше не действует. Передайте запрос заново.")


def wipe(*, now: datetime | None = None) -> int:
    """Wipe answers that have surely arrived; who asked about whom stays. Return how many."""
    before = (now or clock.now()) - rules.ANSWER_LIVES
    return ServiceRequest.objects.filter(answered_at__lt=before, answer__isnull=False).update(answer=None)
