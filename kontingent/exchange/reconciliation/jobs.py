"""What the worker does for this room: finds what does not agree every night, and anew whenever somebody mended something."""

from __future__ import annotations

import logging
from uuid import UUID

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from kontingent.exchange.journals.deliverers import deliverer_of
from kontingent.exchange.journals.repairing import retake
from kontingent.exchange.reconciliation import finding
from kontingent.exchange.reconciliation.finding import Counted
from kontingent.kernel.actor import Actor, system_actor
from kontingent.kernel.errors import NotAllowed, TryLater
from kontingent.performance.models import Journal
from kontingent.storage.scope import scoped

WORKER = system_actor("reconciliation", "Сверка с журналами")
log = logging.getLogger(__name__)


@app.periodic(cron="30 3 * * *")
@app.task(name="reconciliation.nightly", queue="performance", queueing_lock="reconciliation.nightly")
def nightly(timestamp: int) -> None:
    """Every night, for the region."""
    find()


@app.task(
    name="reconciliation.mended", queue="performance",
    retry=RetryStrategy(max_attempts=20, wait=30, retry_exceptions=[TryLater]),
)  # fmt: skip
def mended(journal_code: str, organisation_id: str) -> None:
    """Take a journal's refused rows again now that the register knows what was meant, then look at the school anew."""
    with scoped(WORKER):
        journal = Journal.objects.filter(code=journal_code).first()
        actor = _deliverer(journal) if journal is not None else None
    if actor is not None:
        retake(actor=actor, journal_code=journal_code)
    find(UUID(organisation_id) if organisation_id else None)


@app.task(name="reconciliation.look", queue="performance")
def look(organisation_id: str) -> None:
    """Look at one school anew."""
    find(UUID(organisation_id))


def find(organisation_id: UUID | None = None) -> Counted:
    """Find what does not agree, as the system; of one school when it is named."""
    with scoped(WORKER):
        counted = finding.find(sole=_sole_schools(), organisation_id=organisation_id)
    log.info("reconciliation: %s opened, %s closed, %s stand", *counted)
    return counted


def _deliverer(journal: Journal) -> Actor | None:
    try:
        return deliverer_of(journal)
    except NotAllowed as stopped:
        log.warning("reconciliation: %s is not taken again: %s", journal.code, stopped.message)
        return None


def _sole_schools() -> dict[int, UUID]:
    """Return the one school of each journal whose client reaches no other."""
    found: dict[int, UUID] = {}
    for journal in Journal.objects.filter(closed_at__isnull=True):
        actor = _deliverer(journal)
        if actor is None or actor.scope.whole_region or actor.scope.municipalities:
            continue
        if len(actor.scope.organisations) == 1:
            found[journal.pk] = next(iter(actor.scope.organisations))
    return found
