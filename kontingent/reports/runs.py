"""Work over many organisations at once, in parts that stay when a later one fails: counting a form, packing it, the nightly recount."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction

from kontingent.kernel import clock
from kontingent.kernel.actor import Actor, system_actor
from kontingent.kernel.errors import KontingentError, NotFound, RuleViolation
from kontingent.reports import actions, editions, queries
from kontingent.reports.codes import OPEN
from kontingent.reports.models import Report, Run
from kontingent.reports.output import archive
from kontingent.reports.output.subject import Subject, of_report
from kontingent.reports.permissions import ReportPermission
from kontingent.storage import scope

COUNT, ARCHIVE = "count", "archive"
#: An archive lies so long; whoever comes later packs anew.
ARCHIVE_KEPT = timedelta(days=7)


@transaction.atomic
def ask(*, actor: Actor, form: str, year: int, kind: str = COUNT) -> Run:
    """Ask for a form of a year for every organisation of the actor's scope (сформировать или выгрузить сразу всех)."""
    actor.require(ReportPermission.ACCEPT)
    edition = editions.in_force(form, year)
    actions.check_year(edition, year)
    if latest(actor, form, year, kind=kind, under_way=True):
        raise RuleViolation("reports.run_goes_on", "Эта работа уже идёт. Дождитесь конца.")
    municipality = next(iter(actor.scope.municipalities), None)
    return Run.objects.create(
        kind=kind, form=form, year=year, municipality_id=municipality, created_at=clock.now(), created_by_name=actor.name,
        total=queries.fillers_of(actor, edition, year).count(),
    )  # fmt: skip


def latest(actor: Actor, form: str, year: int, *, kind: str = COUNT, under_way: bool = False) -> Run | None:
    """Return the last work of a kind on a form over the actor's scope."""
    found = Run.objects.filter(
        kind=kind, form=form, year=year, municipality_id=next(iter(actor.scope.municipalities), None)
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
        found.told = _pack(actor, found) if found.kind == ARCHIVE else _count(actor, found)
        found.state = "done"
    except KontingentError as refusal:
        found.state, found.told = "failed", refusal.message[:300]
    except Exception:
        found.state, found.told = "failed", "Сбой. Запустите ещё раз; сделанное сохранено."
        raise
    finally:
        found.finished_at = clock.now()
        found.save(update_fields=["state", "told", "finished_at", "done", "total"])
    return found


def _organisations(actor: Actor, found: Run) -> list[UUID]:
    fillers = queries.fillers_of(actor, editions.in_force(found.form, found.year), found.year)
    if found.municipality_id is not None:
        fillers = fillers.filter(municipality_id=found.municipality_id)
    return queries.ids_of(fillers)


def _count(actor: Actor, found: Run) -> str:
    ids, stayed = _organisations(actor, found), 0
    for start in range(0, len(ids), actions.AT_ONCE):
        part = ids[start : start + actions.AT_ONCE]
        with scope.scoped(actor):
            _, held = actions.prepare_many(
                actor=actor, organisation_ids=part, form=found.form, year=found.year
            )
        stayed += len(held)
        _progress(found, start + len(part))
    return f"Сданных форм не тронуто: {stayed}." if stayed else ""


def _progress(found: Run, done: int) -> None:
    found.done = done
    found.save(update_fields=["done"])


# -- archives ------------------------------------------------------------------------------------


def path_of(found: Run) -> Path:
    """Return where the archive of a run lies."""
    return Path(settings.VAR_DIR) / "reports" / f"{found.id}.zip"


def _pack(actor: Actor, found: Run) -> str:
    path = path_of(found)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    ids = _organisations(actor, found)
    with scope.scoped(actor):
        reports = list(
            Report.objects.filter(
                organisation__in=ids, form=found.form, year=found.year, version__isnull=False
            ).values_list("id", flat=True)
        )
        if not reports:
            raise RuleViolation(
                "reports.nothing_to_pack",
                "Ни одна форма ещё не сформирована. Нажмите «Сформировать для всех».",
            )
        found.total = len(reports)
        archive.write(path, _subjects(reports), told=lambda done: _progress(found, done))
    return f"Форм в архиве: {len(reports)}."


def _subjects(reports: list[UUID]) -> Iterator[Subject]:
    """Yield forms one at a time: cells of a region do not fit into memory all at once."""
    for report_id in reports:
        report = Report.objects.select_related("organisation", "version").get(pk=report_id)
        if report.version is not None:
            yield of_report(editions.get(report.edition), report, report.version)


def archive_of(actor: Actor, form: str, year: int) -> tuple[Run, Path]:
    """Return the last archive of the actor's scope; raise ``NotFound`` when there is none or it has been removed."""
    actor.require(ReportPermission.ACCEPT)
    found = latest(actor, form, year, kind=ARCHIVE)
    if found is None or found.state != "done" or not path_of(found).exists():
        raise NotFound("reports.no_archive", "Архива нет: он ещё не собран или удалён. Соберите его заново.")
    return found, path_of(found)


def remove_old_archives() -> int:
    """Remove archives that have lain long enough; return how many."""
    folder, number = Path(settings.VAR_DIR) / "reports", 0
    limit = (clock.now() - ARCHIVE_KEPT).timestamp()
    for path in folder.glob("*.zip") if folder.exists() else ():
        if path.stat().st_mtime < limit:
            path.unlink()
            number += 1
    return number


# -- by night ------------------------------------------------------------------------------------


def recount_open() -> int:
    """Count the open forms anew, so that controls fail on the day of the mistake and not on the last one; return how many."""
    actor, number = system_actor("reports", "Ночной пересчёт"), 0
    with scope.scoped(actor):
        open_forms = Report.objects.filter(state__in=OPEN, year__gte=clock.today().year - 1)
        pairs = sorted(set(open_forms.values_list("form", "year")))
    for form, year in pairs:
        with scope.scoped(actor):
            ids = list(open_forms.filter(form=form, year=year).values_list("organisation_id", flat=True))
            made, _ = actions.prepare_many(actor=actor, organisation_ids=ids, form=form, year=year)
        number += made
    return number


def close_interrupted() -> int:
    """Close the runs of a worker that was killed; return how many."""
    return Run.objects.filter(state="running").update(
        state="failed",
        told="Работа прервана. Запустите ещё раз; сделанное сохранено.",
        finished_at=clock.now(),
    )
