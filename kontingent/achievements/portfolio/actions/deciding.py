"""A family proposes an achievement, a school accepts it field by field or enters it itself, corrects, verifies, revokes.

Every act asks the gate of stage three where the school lies.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import Q

from kontingent.achievements.portfolio import rules
from kontingent.achievements.portfolio.codes import OLYMPIAD, State
from kontingent.achievements.portfolio.events import (
    AchievementDecided,
    AchievementEntered,
    AchievementProposed,
    AchievementWithdrawn,
)
from kontingent.achievements.portfolio.models import Achievement, FormerAchievement
from kontingent.achievements.portfolio.permissions import PortfolioPermission
from kontingent.achievements.portfolio.queries.shown import decider_of
from kontingent.achievements.portfolio.rules import Facts, FieldDecision
from kontingent.audit import actions as audit
from kontingent.codelists import queries as codelists
from kontingent.enrolment.models import Enrolment
from kontingent.kernel import clock, texts
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import Conflict, InvalidValue, NotAllowed, NotFound, RuleViolation
from kontingent.organisations import queries as organisations
from kontingent.persons import queries as persons
from kontingent.stages import queries as stages

#: Of a team so many learners, of one learner so many proposals that wait.
LARGEST_TEAM, MOST_PROPOSALS = 40, 20


@transaction.atomic
def propose(*, actor: Actor, person_id: UUID, facts: Facts) -> Achievement:
    """Propose an achievement of one's own child or of oneself (предложить); the school where the child studies decides.

    Raises:
        NotAllowed: it is not the actor's child.
        RuleViolation: the child studies nowhere, stage three is closed there, or too many proposals wait.
    """
    if not actor.scope.is_family or person_id not in actor.scope.persons:
        raise NotAllowed("access.not_own", "Эти сведения не о вашем ребёнке. Вернитесь к списку.")
    today = clock.today()
    place = (
        Enrolment.objects.filter(
            Q(ends_on__isnull=True) | Q(ends_on__gt=today),
            person_id=person_id,
            superseded_at__isnull=True,
            starts_on__lte=today,
        )
        .order_by("-is_main", "-starts_on")
        .first()
    )
    if place is None:
        raise RuleViolation(
            "portfolio.studies_nowhere", "Сейчас ребёнок нигде не числится: предложить достижение некому."
        )
    _gate(place.organisation_id, facts)
    with connection.cursor() as cursor:  # of two proposals at once the second counts the first
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7))", [str(person_id)])
    if Achievement.objects.filter(person_id=person_id, state=State.PROPOSED).count() >= MOST_PROPOSALS:
        raise RuleViolation(
            "portfolio.proposals",
            f"Решения школы ждут уже {MOST_PROPOSALS} достижений. Дождитесь решения или заберите лишнее, потом предложите снова.",
        )
    made = _made(
        person_id, place.organisation_id, _checked(facts, person_id), State.PROPOSED, actor, by_family=True
    )
    audit.record(
        AchievementProposed(subjects=(person_id,), object_id=made.pk, organisation_id=place.organisation_id),
        actor=actor,
    )
    return made


@transaction.atomic
def enter(
    *, actor: Actor, organisation_id: UUID, person_ids: Collection[UUID], facts: Facts, verified: bool
) -> list[Achievement]:
    """Enter an achievement of one learner, or of each of a team (внести); ``verified`` says that the original was seen.

    Raises:
        NotFound: somebody has never studied in the organisation.
        Conflict: somebody has this achievement already; nothing is entered.
    """
    organisation = organisations.get(organisation_id)
    actor.require(
        PortfolioPermission.EDIT,
        organisation_id=organisation.id,
        municipality_id=organisation.municipality_id,
    )
    _gate(organisation_id, facts)
    who = list(dict.fromkeys(person_ids))
    if not who:
        raise InvalidValue("portfolio.nobody", "Отметьте, чьё это достижение.")
    if len(who) > LARGEST_TEAM:
        raise InvalidValue(
            "portfolio.team_large", f"За один раз – до {LARGEST_TEAM} учеников. Внесите команду частями."
        )
    here = set(
        Enrolment.objects.filter(
            person_id__in=who, organisation_id=organisation_id, superseded_at__isnull=True
        ).values_list("person_id", flat=True)
    )
    if set(who) - here:
        raise NotFound(
            "portfolio.not_a_learner",
            "Среди отмеченных есть тот, кто в вашей организации не учился. Обновите список.",
        )
    made = [
        _made(
            one,
            organisation_id,
            _checked(facts, one),
            State.ACCEPTED,
            actor,
            by_family=False,
            verified=verified,
        )
        for one in who
    ]
    audit.record(AchievementEntered(subjects=tuple(who), organisation_id=organisation_id), actor=actor)
    return made


@transaction.atomic
def accept(
    *,
    actor: Actor,
    achievement_id: UUID,
    decisions: Mapping[str, FieldDecision],
    verified: bool,
    version: int | None = None,
) -> Achievement:
    """Accept what a family proposed field by field (принять по полям): each as proposed, corrected or refused for a reason it will read.

    The achievement becomes one of the school that decides, which after a transfer is not the one it was proposed to.
    """
    found = _locked(actor, achievement_id, "accept", version)
    facts, found.decisions = rules.decide(facts_of(found), decisions)
    corrected = _replace(found, facts, actor)
    for told in found.decisions.values():
        if isinstance(told["said"], date):
            told["said"] = told["said"].isoformat()
    found.state = State.ACCEPTED
    return _decided(found, actor, "accepted", corrected=corrected, verified=verified)


@transaction.atomic
def withdraw(*, actor: Actor, achievement_id: UUID, version: int | None = None) -> Achievement:
    """Take back what one has proposed and nobody has decided (забрать); its scans are kept for their term, then destroyed."""
    found = (
        Achievement.objects.select_for_update(of=("self",))
        .select_related("organisation")
        .filter(pk=achievement_id)
        .first()
    )
    if found is None or not actor.scope.is_family or found.person_id not in actor.scope.persons:
        raise no_such()
    stages.gate(found.organisation.municipality).require(field_of(found.kind_code))
    _check_act("withdraw", found, version)
    found.state = State.WITHDRAWN
    found.version += 1
    found.save(update_fields=["state", "version"])
    found.scans.update(detached_at=clock.now(), detached_by_name=actor.name)
    audit.record(
        AchievementWithdrawn(
            subjects=(found.person_id,), object_id=found.pk, organisation_id=found.organisation_id
        ),
        actor=actor,
    )
    return found


@transaction.atomic
def refuse(*, actor: Actor, achievement_id: UUID, reason: str, version: int | None = None) -> Achievement:
    """Refuse what a family proposed, for a reason that it will read."""
    found = _locked(actor, achievement_id, "refuse", version)
    found.state, found.reason = State.REFUSED, _reason(reason)
    return _decided(found, actor, "refused")


@transaction.atomic
def correct(*, actor: Actor, achievement_id: UUID, facts: Facts, version: int | None = None) -> Achievement:
    """Correct an accepted achievement; what it said before is kept, and it is to be verified anew."""
    found = _locked(actor, achievement_id, "correct", version)
    corrected = _replace(found, facts, actor)
    if corrected:
        found.verified_at, found.verified_by_name = None, ""
    return _decided(found, actor, "corrected", corrected=corrected)


@transaction.atomic
def verify(*, actor: Actor, achievement_id: UUID, version: int | None = None) -> Achievement:
    """Say that the original document was seen (подтвердить по подлиннику)."""
    found = _locked(actor, achievement_id, "verify", version)
    return _decided(found, actor, "verified", verified=True)


@transaction.atomic
def revoke(*, actor: Actor, achievement_id: UUID, reason: str, version: int | None = None) -> Achievement:
    """Take an achievement out of the portfolio, for a reason; it stays in the history."""
    found = _locked(actor, achievement_id, "revoke", version)
    found.state, found.reason = State.REVOKED, _reason(reason)
    return _decided(found, actor, "revoked")


# -- parts -------------------------------------------------------------------------------------------


def field_of(kind_code: str) -> str:
    """Return by which field of a stage a kind of achievement is opened."""
    return "olympiad" if kind_code in {OLYMPIAD, "200"} else "achievement"


def _gate(organisation_id: UUID, facts: Facts) -> None:
    stages.gate_of(organisation_id).require(field_of(facts.kind_code))


def _checked(facts: Facts, person_id: UUID) -> Facts:
    return rules.check(facts, born=persons.birth_date_of(person_id), today=clock.today(), known=codelists.has)


def _made(
    person_id: UUID,
    organisation_id: UUID,
    facts: Facts,
    state: State,
    actor: Actor,
    *,
    by_family: bool,
    verified: bool = False,
) -> Achievement:
    now = clock.now()
    decided: dict[str, Any] = {}
    if state is State.ACCEPTED:
        decided = {"decided_at": now, "decided_by_name": actor.name}
        if verified:
            decided |= {"verified_at": now, "verified_by_name": actor.name}
    try:
        with transaction.atomic():
            return Achievement.objects.create(
                person_id=person_id, organisation_id=organisation_id, title_key=rules.title_key(facts.title), state=state,
                by_family=by_family, entered_at=now, entered_by_name=actor.name, **facts._asdict(), **decided,
            )  # fmt: skip
    except IntegrityError as error:
        raise _twice(error) from error


def _twice(error: IntegrityError) -> Exception:
    if "achievement_once" not in str(error):
        return error
    return Conflict(
        "portfolio.twice",
        "Это достижение (то же мероприятие в тот же день) у ученика уже есть или предложено. Откройте портфолио и проверьте.",
    )


def _locked(actor: Actor, achievement_id: UUID, act: str, version: int | None) -> Achievement:
    found = (
        Achievement.objects.select_for_update(of=("self",))
        .select_related("organisation")
        .filter(pk=achievement_id)
        .first()
    )
    if found is None or not covers(actor, found):
        raise no_such()
    actor.require(PortfolioPermission.EDIT)
    if found.state == State.PROPOSED:
        found.organisation = organisations.get(decider_of(found))
    stages.gate(found.organisation.municipality).require(field_of(found.kind_code))
    _check_act(act, found, version)
    return found


def covers(actor: Actor, found: Achievement) -> bool:
    """Say whether an achievement is the actor's to decide on: what waits, where the learner studies now."""
    place = found.organisation
    if found.state == State.PROPOSED:
        place = organisations.get(decider_of(found))
    return actor.scope.covers(place.id, place.municipality_id)


def _check_act(act: str, found: Achievement, version: int | None) -> None:
    rules.check_may(act, State(found.state))
    if version is not None and version != found.version:
        raise Conflict(
            "portfolio.changed",
            "За это время достижение изменил кто-то другой. Обновите страницу и посмотрите, что изменилось.",
        )


def no_such() -> NotFound:
    """Return the refusal of what is not the actor's to know of."""
    return NotFound("portfolio.no_such", "Такого достижения нет.")


def facts_of(one: Achievement) -> Facts:
    """Return what an achievement says."""
    return Facts(*(getattr(one, name) for name in Facts._fields))


def _replace(found: Achievement, facts: Facts, actor: Actor) -> list[str]:
    """Put new facts in place of the old ones, which are kept; return the names of those that differ."""
    _gate(found.organisation_id, facts)
    before, after = facts_of(found), _checked(facts, found.person_id)
    corrected = rules.changes(before, after)
    if corrected:
        FormerAchievement.objects.create(
            achievement=found, replaced_at=clock.now(), replaced_by_name=actor.name,
            facts={name: value.isoformat() if isinstance(value, date) else value for name, value in before._asdict().items()},
        )  # fmt: skip
        for name in corrected:
            setattr(found, name, getattr(after, name))
        found.title_key = rules.title_key(found.title)
    return corrected


def _reason(said: str) -> str:
    return texts.required(said, "portfolio.reason", "Напишите причину: её прочитает семья.", 500)


def _decided(
    found: Achievement, actor: Actor, outcome: str, *, corrected: Collection[str] = (), verified: bool = False
) -> Achievement:
    found.decided_at, found.decided_by_name = clock.now(), actor.name
    if verified:
        found.verified_at, found.verified_by_name = found.decided_at, actor.name
    found.version += 1
    try:
        with transaction.atomic():
            found.save()
    except IntegrityError as error:
        raise _twice(error) from error
    audit.record(
        AchievementDecided(
            subjects=(found.person_id,), object_id=found.pk, organisation_id=found.organisation_id, basis=found.reason,
            outcome=outcome, corrected=list(corrected),
        ),
        actor=actor,
    )  # fmt: skip
    return found
