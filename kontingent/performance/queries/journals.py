"""Reading journals."""

from __future__ import annotations

from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotFound
from kontingent.performance.models import Journal, SubjectName
from kontingent.performance.permissions import PerformancePermission


def journal(code: str) -> Journal:
    """Return a journal, whoever asks."""
    found = Journal.objects.filter(code=code).first()
    if found is None:
        raise _no_such(code)
    return found


def journal_of(actor: Actor, code: str) -> Journal:
    """Return the journal that the actor delivers for; a stranger's is not there."""
    actor.require(PerformancePermission.DELIVER)
    found = Journal.objects.filter(code=code, client_code=actor.code, closed_at__isnull=True).first()
    if found is None:
        raise _no_such(code)
    return found


def subject_names(journal_id: int) -> dict[str, str]:
    """Return the subjects by a journal's own folded names."""
    return dict(SubjectName.objects.filter(journal_id=journal_id).values_list("text_key", "subject_code"))


def _no_such(code: str) -> NotFound:
    return NotFound(
        "performance.no_such_journal", f"Журнала «{code[:40]}» для вашей системы нет. Проверьте его код."
    )
