"""The state of a child's transfer, told to a citizen by the right of the day (состояние заявления о переводе).

A pure reading: each question is told the state of the moment, so nothing of it is kept but the journal.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from django.db import transaction

from kontingent.audit import actions as audit
from kontingent.audit import reads
from kontingent.audit.reads import ReadKind
from kontingent.exchange.epgu import actions, rules
from kontingent.exchange.epgu.codes import REFUSAL_TOLD, RIGHT_TITLES, SMEV_REASON, Refusal
from kontingent.exchange.epgu.events import TransferStateRefused, TransferStateTold
from kontingent.exchange.epgu.payloads import JSON
from kontingent.exchange.epgu.permissions import EpguPermission
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.persons import queries as persons
from kontingent.storage.scope import scoped
from kontingent.trajectory.transfers import queries as transfers
from kontingent.trajectory.transfers.codes import State
from kontingent.trajectory.transfers.models import Transfer
from kontingent.trajectory.transfers.permissions import TransferPermission
from kontingent.trajectory.transfers.rules import STATE_TITLES

PURPOSE = "epgu_transfer"


@dataclass(frozen=True, slots=True)
class AskedState:
    """Who asks about whose transfers; the numbers are СНИЛС of eleven digits."""

    applicant: str
    child: str
    child_born: date | None


@transaction.atomic
def state(*, actor: Actor, asked: AskedState) -> JSON:
    """Tell the transfers of a child that lie within the machine's reach, the newest first, or why they are not told.

    Raises:
        NotAllowed: the actor does not serve citizens.
    """
    actor.require(EpguPermission.SERVE)
    today = clock.today()
    applicant_id, child_id = persons.id_by_snils(asked.applicant), persons.id_by_snils(asked.child)
    right = rules.right_of(actions.standing(applicant_id, child_id, asked.child_born, today), today)
    if isinstance(right, Refusal) or child_id is None:
        refusal = right if isinstance(right, Refusal) else Refusal.CHILD_NOT_FOUND
        applying = (applicant_id,) if applicant_id else ()
        audit.record(TransferStateRefused(subjects=applying, reason=refusal), actor=actor)
        return {
            "state": "refused", "right": None, "refusal": refusal, "reason": SMEV_REASON[refusal], "detail": REFUSAL_TOLD[refusal],
            "transfers": [],
        }  # fmt: skip
    with scoped(_by_the_right_shown(actor)):
        found = transfers.about(child_id)
        reads.note(
            actor, ReadKind.API, [child_id], what=f"ход перевода, {RIGHT_TITLES[right]}", purpose=PURPOSE
        )
    whom = tuple(one for one in (child_id, applicant_id) if one is not None)
    audit.record(TransferStateTold(subjects=whom, right=right, number=len(found)), actor=actor)
    return {
        "state": "answered", "right": right, "refusal": None, "reason": None, "detail": None, "transfers": [_told(one) for one in found],
    }  # fmt: skip


def _by_the_right_shown(actor: Actor) -> Actor:
    """What a citizen's right opens, the machine reads for that citizen within its reach."""
    return replace(actor, permissions=actor.permissions | {TransferPermission.VIEW.value})


def _told(one: Transfer) -> JSON:
    return {
        "id": str(one.id),
        "state": one.state,
        "title": STATE_TITLES[State(one.state)],
        "from": one.former.full_name,
        "to": one.receiver.full_name,
        "appliedOn": one.applied_on.isoformat(),
        "arrivesOn": one.arrives_on.isoformat(),
        "answerDueOn": one.due_on.isoformat() if one.due_on else None,
        "formerAnswer": one.answer or None,
        "completedOn": one.completed_at.astimezone(clock.REGION_ZONE).date().isoformat()
        if one.completed_at
        else None,
    }
