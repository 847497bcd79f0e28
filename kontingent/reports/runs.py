"""A form counted for many organisations at once, in parts that stay when a later one fails."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from kontingent.kernel import clock
from kontingent.kernel.actor import Actor, system_actor
from kontingent.kernel.errors import KontingentError, NotFound, RuleViolation
from kontingent.reports import actions, editions, queries
from kontingent.reports.models import Run
from kontingent.reports.permissions import ReportPermission
from kontingent.storage import scope


@transaction.atomic
def ask(*, actor: Actor, form: str, year: int) -> Run:
    """Ask for a form of a year for every organisation of the actor's scope (сформировать для всех)."""
    actor.require(ReportPermission.ACCEPT)
    edition = editions.in_force(form, year)
    if edition.on(year) > clock.today():
        raise RuleViolation(
            "reports.in_future",
            f"Форма составляется на {edition.on(year):%d.%m.%Y}: этот день ещё не наступил.",
        )
    if latest(actor, form, year, under_way=True):
        raise RuleViolation("reports.run_goes_on", "Форма уже формируется. Дождитесь конца.")
    municipality = next(iter(actor.scope.municipalities), None)
    return Run.objects.create(
        form=form, year=year, municipality_id=municipality, created_at=clock.now(), created_by_name=actor.name,
        total=queries.fillers_of(actor, edition, year).count(),
    )  # fmt: skip


def latest(actor: Actor, form: str, year: int, *, under_way: bool = False) -> Run | None:
    """Return the last run of a form over the actor's scope."""
    found = Run.objects.filter(
        form=form, year=year, municipality_id=next(iter(actor.scope.municipalities), None)
    )
    if under_way:
        found = found.filter(state__in=["waiting", "running"])
    return found.order_by("-created_at").first()


def run(run_id: UUID) -> Run:
    """Do what a run asks for; a refusal or a failure ends it and is told."""
    found = Run.objects.filter(pk=run_id).first()
    if found is None:
        raise NotFound("reports.no_such_run", "Такого формирования нет.")
    actor = system_actor("reports", found.created_by_name)
    found.state = "running"
    found.save(update_fields=["state"])
    try:
        edition = editions.in_force(found.form, found.year)
        fillers = queries.fillers_of(actor, edition, found.year)
        if found.municipality_id is not None:
            fillers = fillers.filter(municipality_id=found.municipality_id)
        ids = queries.ids_of(fillers)
        stayed = 0
        for start in range(0, len(ids), actions.AT_ONCE):
            part = ids[start : start + actions.AT_ONCE]
            with scope.scoped(actor):
                _, held = actions.prepare_many(
                    actor=actor, organisation_ids=part, form=found.form, year=found.year
                )
            stayed += len(held)
            found.done = start + len(part)
            found.save(update_fields=["done"])
        found.state = "done"
        found.told = f"Сданных форм не тронуто: {stayed}." if stayed else ""
    except KontingentError as refusal:
        found.state, found.told = "failed", refusal.message[:300]
    except Exception:
        found.state, found.told = "failed", "Сбой при подсчёте. Запустите ещё раз; сделанное сохранено."
        raise
    finally:
        found.finished_at = clock.now()
        found.save(update_fields=["state", "told", "finished_at", "done"])
    return found


def close_interrupted() -> int:
    """Close the runs of a worker that was killed; return how many."""
    return Run.objects.filter(state="running").update(
        state="failed",
        told="Формирование прервано. Запустите ещё раз; сделанное сохранено.",
        finished_at=clock.now(),
    )
