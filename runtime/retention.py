"""``kontingent retention``: which school years' term has passed; with an act, their destruction."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction

from kontingent.exchange.journals import keeping
from kontingent.kernel.actor import system_actor
from kontingent.kernel.school_year import SchoolYear
from kontingent.performance import actions as performance


def retention(act: str, *, out: Callable[[str], None]) -> int:
    """Print what is due; destroy it when an act is named."""
    due = performance.expired()
    if not due:
        out("Сроки хранения не истекли: уничтожать нечего.")
        return 0
    for one in due:
        out(f"{SchoolYear(one.school_year)}: {one.table}, срок {one.kept_years} лет истёк")
    if not act:
        out("Ничего не уничтожено. Оформите акт и повторите с --act «акт № … от …».")
        return 0
    operator = system_actor("cli", "Командная строка")
    with transaction.atomic():
        years = performance.destroy_expired(actor=operator, basis=act)
        forgotten = keeping.forget(actor=operator)
    out(
        f"Уничтожено по акту «{act}»: учебные годы {', '.join(map(str, years))}; порций журналов: {forgotten}. Запись – в журнале действий."
    )
    return 0
