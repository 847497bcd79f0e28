"""Corrections of a learner's own data that reach into the contingent.

Placements carry the sex and the birth date they are counted with. A correction is made in ``persons``, the
placements are written anew here: the lower room does not know of the higher (ADR 0002).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from django.db import transaction

from kontingent.audit import actions as audit
from kontingent.enrolment import rules
from kontingent.enrolment.actions import casebook, projection
from kontingent.enrolment.actions.projection import Stream
from kontingent.enrolment.actions.signing import lock_persons
from kontingent.enrolment.events import LearnerFactsProjected
from kontingent.enrolment.models import Enrolment
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.persons import actions as persons


@transaction.atomic
def correct_learner(
    *, actor: Actor, person_id: UUID, changes: Mapping[str, Any], basis: str, version: int | None = None
) -> bool:
    """Correct a person's data and, where they are counted by, the placements; say whether anything changed.

    The caller has made sure that the actor may know of the person (``queries.require_visible``).
    """
    changed = persons.correct_person(
        actor=actor, person_id=person_id, changes=changes, basis=basis, version=version
    )
    if changed and {"sex", "birth_date"} & set(changes):
        project_learner_facts(actor=actor, person_ids=[person_id])
    return changed


@transaction.atomic
def project_learner_facts(*, actor: Actor, person_ids: Collection[UUID]) -> int:
    """Write the placements of these persons anew from the log and their present data; return how many streams."""
    lock_persons(list(person_ids))
    rows = list(
        Enrolment.objects.filter(person_id__in=list(person_ids), superseded_at__isnull=True).values_list(
            "enrolment_id", "person_id", "organisation_id"
        )
    )
    if not rows:
        return 0
    book = casebook.Casebook(rows[0][2])
    casebook.load_learners(book, person_ids)
    casebook.load_streams(book, [row[0] for row in rows])
    streams = [
        Stream(
            enrolment_id,
            person_id,
            organisation_id,
            book.learners[person_id],
            rules.fold(book.streams[enrolment_id]),
        )
        for enrolment_id, person_id, organisation_id in rows
    ]
    projection.write(streams, moment=clock.now(), known=True)
    audit.record(LearnerFactsProjected(subjects=tuple(person_ids), placements=len(streams)), actor=actor)
    return len(streams)
