"""Saying what a journal means, or that a discrepancy is none. What was refused for want of it is then taken again by the worker."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from kontingent.audit import actions as audit
from kontingent.enrolment.models import Placement
from kontingent.exchange.reconciliation.codes import Kind, Outcome
from kontingent.exchange.reconciliation.events import (
    DiscrepancyDismissed,
    DiscrepancyReopened,
    LearnerRecognised,
)
from kontingent.exchange.reconciliation.models import Discrepancy
from kontingent.exchange.reconciliation.permissions import ReconciliationPermission
from kontingent.kernel import clock, texts
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import Conflict, NotFound
from kontingent.kernel.school_year import SchoolYear
from kontingent.performance import actions as performance
from kontingent.persons import actions as persons

LONGEST_REASON = 500


@transaction.atomic
def recognise(*, actor: Actor, discrepancy_id: UUID, person_id: UUID) -> Discrepancy:
    """Say whose key of a journal it is (узнать ученика): a learner who studies at the school in this school year.

    Raises:
        NotFound: no such discrepancy, or the learner is not of the school.
        Conflict: it is closed already, or is not about an unknown learner.
    """
    found = _open(actor, discrepancy_id, Kind.LEARNER_UNKNOWN)
    year = SchoolYear.of(clock.today())
    studies = Placement.objects.filter(
        person_id=person_id, organisation=found.organisation, superseded_at__isnull=True, is_main=True,
        starts_on__lt=year.ends_on,
    ).exclude(ends_on__lte=year.starts_on)  # fmt: skip
    if found.organisation_id is None or not studies.exists():
        raise NotFound(
            "reconciliation.not_a_learner",
            "Этот человек в вашей школе в этом учебном году не учится. Выберите ученика из списка класса.",
        )
    if found.journal is None:
        raise Conflict("reconciliation.no_journal", "Журнал этого расхождения не известен. Обновите сверку.")
    persons.remember_source_keys(found.journal.source, {found.said: person_id})
    audit.record(
        LearnerRecognised(
            subjects=(person_id,),
            object_id=found.pk,
            organisation_id=found.organisation_id,
            journal=found.journal.code,
        ),
        actor=actor,
    )
    return _close(found, Outcome.MENDED, actor)


@transaction.atomic
def name_class(*, actor: Actor, discrepancy_id: UUID, group_id: UUID) -> Discrepancy:
    """Say which class of the school a journal means.

    Raises:
        Conflict: it is closed already, or the class is another school's.
    """
    found = _open(actor, discrepancy_id, Kind.CLASS_UNKNOWN)
    if found.journal is None:
        raise Conflict("reconciliation.no_journal", "Журнал этого расхождения не известен. Обновите сверку.")
    named = performance.name_class(
        actor=actor, journal_code=found.journal.code, group_id=group_id, text=found.said
    )
    if named.organisation_id != found.organisation_id:
        raise Conflict("reconciliation.other_school", "Этот класс другой школы. Выберите класс из списка.")
    return _close(found, Outcome.MENDED, actor)


@transaction.atomic
def map_subject(*, actor: Actor, discrepancy_id: UUID, subject_code: str) -> Discrepancy:
    """Say which subject a journal means, for every school that it serves."""
    found = _open(actor, discrepancy_id, Kind.SUBJECT_UNKNOWN)
    if found.journal is None:
        raise Conflict("reconciliation.no_journal", "Журнал этого расхождения не известен. Обновите сверку.")
    performance.map_subject(
        actor=actor, journal_code=found.journal.code, text=found.said, subject_code=subject_code
    )
    return _close(found, Outcome.MENDED, actor)


@transaction.atomic
def dismiss(*, actor: Actor, discrepancy_id: UUID, reason: str) -> Discrepancy:
    """Say that it is no discrepancy (обучается на дому; класс предмет не изучает): it is not found again this school year."""
    found = _open(actor, discrepancy_id)
    found.reason = texts.required(
        reason,
        "reconciliation.reason",
        "Напишите, почему это не расхождение: например, «обучается на дому, приказ № 7».",
        LONGEST_REASON,
    )
    audit.record(
        DiscrepancyDismissed(
            subjects=(found.person_id,) if found.person_id else (), object_id=found.pk,
            organisation_id=found.organisation_id, basis=found.reason, discrepancy=found.kind,
        ),
        actor=actor,
    )  # fmt: skip
    return _close(found, Outcome.DISMISSED, actor)


@transaction.atomic
def reopen(*, actor: Actor, discrepancy_id: UUID) -> Discrepancy:
    """Take a dismissal back."""
    found = _locked(actor, discrepancy_id)
    if found.outcome != Outcome.DISMISSED:
        raise Conflict("reconciliation.not_dismissed", "Это расхождение не отклонено: возвращать нечего.")
    found.closed_at, found.outcome, found.decided_by_name, found.reason = None, "", "", ""
    found.save(update_fields=["closed_at", "outcome", "decided_by_name", "reason"])
    audit.record(
        DiscrepancyReopened(
            subjects=(found.person_id,) if found.person_id else (), object_id=found.pk,
            organisation_id=found.organisation_id, discrepancy=found.kind,
        ),
        actor=actor,
    )  # fmt: skip
    return found


def _locked(actor: Actor, discrepancy_id: UUID) -> Discrepancy:
    """Load and lock; what is beyond the scope is not there."""
    found = (
        Discrepancy.objects.select_for_update(of=("self",))
        .select_related("journal", "organisation")
        .filter(pk=discrepancy_id)
        .first()
    )
    place = found.organisation if found is not None else None
    beyond = found is None or (
        not actor.scope.whole_region
        if place is None
        else not actor.scope.covers(place.pk, place.municipality_id, None)
    )
    if found is None or beyond:
        raise NotFound(
            "reconciliation.no_such",
            "Такого расхождения нет: возможно, его уже нет и в журнале. Обновите страницу.",
        )
    actor.require(ReconciliationPermission.RESOLVE)
    return found


def _open(actor: Actor, discrepancy_id: UUID, kind: Kind | None = None) -> Discrepancy:
    found = _locked(actor, discrepancy_id)
    if kind is not None and found.kind != kind:
        raise Conflict(
            "reconciliation.other_kind", "Для этого расхождения такого решения нет. Обновите страницу."
        )
    if found.closed_at is not None:
        raise Conflict(
            "reconciliation.closed",
            f"Расхождение уже закрыто{f': {found.decided_by_name}' if found.decided_by_name else ''}. Обновите страницу.",
        )
    return found


def _close(found: Discrepancy, outcome: Outcome, actor: Actor) -> Discrepancy:
    found.closed_at, found.outcome, found.decided_by_name = clock.now(), outcome.value, actor.name[:200]
    found.save(update_fields=["closed_at", "outcome", "decided_by_name", "reason"])
    return found
