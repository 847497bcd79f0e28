"""Reading journals."""

from __future__ import annotations

from django.db import connection

from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotFound
from kontingent.performance.models import Journal, SubjectName
from kontingent.performance.permissions import PerformancePermission
from kontingent.performance.records import KINDS


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


def own_journal(actor: Actor) -> Journal | None:
    """Return the journal that the actor delivers for, None when it is no journal."""
    return Journal.objects.filter(client_code=actor.code, closed_at__isnull=True).first()


def subject_names(journal_id: int) -> dict[str, str]:
    """Return the subjects by a journal's own folded names."""
    return dict(SubjectName.objects.filter(journal_id=journal_id).values_list("text_key", "subject_code"))


def kept_school_years() -> dict[str, list[int]]:
    """Return the school years whose records are kept, by kind."""
    return {kind.code: school_years_in(kind.table) for kind in KINDS.values()}


def school_years_in(table: str) -> list[int]:
    """Return the school years that a partitioned table has, the earliest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT substring(c.relname from '[0-9]{4}$')::int FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
            "WHERE i.inhparent = %s::regclass ORDER BY 1",
            [table],
        )
        return [row[0] for row in cursor.fetchall()]


def _no_such(code: str) -> NotFound:
    return NotFound(
        "performance.no_such_journal", f"Журнала «{code[:40]}» для вашей системы нет. Проверьте его код."
    )
