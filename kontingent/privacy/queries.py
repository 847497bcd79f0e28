"""Reading: who looked at a child's data, questions asked and to be answered."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import F, QuerySet

from kontingent.audit import catalogue, purposes
from kontingent.audit import queries as journal
from kontingent.audit.models import Entry
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotAllowed
from kontingent.organisations import queries as organisations
from kontingent.persons import queries as persons
from kontingent.privacy.models import Question
from kontingent.privacy.permissions import PrivacyPermission
from kontingent.privacy.rules import View

MOST_VIEWS = 2000


def views(actor: Actor, person_id: UUID) -> list[View]:
    """Return who looked at one's own child's (or one's own) data, newest first, as the law lets it be told."""
    require_own(actor, person_id)
    return told(journal.viewings(persons.records_of(person_id), hidden=purposes.hidden(), limit=MOST_VIEWS))


def told(entries: Iterable[Entry]) -> list[View]:
    """Return rows of the journal in words: post and place, never names."""
    rows = list(entries)
    places = organisations.short_names({one.organisation_id for one in rows if one.organisation_id})
    titles = catalogue.titles()
    found = []
    for one in rows:
        purpose = purposes.of(one.purpose)
        is_machine = one.actor_code.startswith("client:")
        found.append(
            View(
                entry_id=one.id,
                moment=one.moment.astimezone(clock.REGION_ZONE),
                place=places.get(one.organisation_id, "")
                if one.organisation_id
                else one.data.get("place", ""),
                post=one.actor_name if is_machine else (one.actor_post or one.actor_role),
                action=titles.get(one.kind, one.kind),
                purpose=purpose.title,
                basis=purpose.basis,
            )
        )
    return found


def require_own(actor: Actor, person_id: UUID) -> None:
    """Raise ``NotAllowed`` unless the person is the actor or the actor's child."""
    actor.require(PrivacyPermission.ASK)
    if person_id not in actor.scope.persons:
        raise NotAllowed("privacy.not_own", "Эти сведения не о вашем ребёнке. Вернитесь к списку.")


def asked(actor: Actor, person_id: UUID) -> list[Question]:
    """Return the questions one has asked about a child, newest first."""
    require_own(actor, person_id)
    return list(Question.objects.filter(person_id=person_id, asked_by=actor.code).order_by("-asked_at"))


def to_answer(actor: Actor) -> QuerySet[Question]:
    """Return the questions that an actor may answer: of the own organisation, or all; those without an answer first."""
    actor.require(PrivacyPermission.ANSWER)
    rows = Question.objects.order_by(F("answered_at").desc(nulls_first=True), "due_on", "asked_at")
    return rows if actor.organisation_id is None else rows.filter(organisation_id=actor.organisation_id)
