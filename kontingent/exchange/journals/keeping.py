"""What the intake keeps goes with the records it was about: batches with their receipts and refused rows."""

from __future__ import annotations

from kontingent.exchange.journals.models import JournalBatch
from kontingent.kernel.actor import Actor
from kontingent.performance import queries as performance
from kontingent.performance.permissions import PerformancePermission


def forget(*, actor: Actor) -> int:
    """Delete the batches of those years whose records have been destroyed; return how many."""
    actor.require(PerformancePermission.DESTROY)
    forgotten = 0
    for code, years in performance.kept_school_years().items():
        gone = JournalBatch.objects.filter(records=code).exclude(school_year__in=years)
        forgotten += gone.count()
        gone.delete()
    return forgotten
