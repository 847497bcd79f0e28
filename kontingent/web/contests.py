"""Files of results of olympiads and contests: sent, checked with places, applied, undone."""

from __future__ import annotations

from typing import BinaryIO, Final, cast
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kontingent.achievements.portfolio import queries, rules
from kontingent.achievements.portfolio.actions import contests as actions
from kontingent.achievements.portfolio.codes import FileKind
from kontingent.achievements.portfolio.models import ContestFile, ContestRow
from kontingent.codelists import queries as codelists
from kontingent.exchange.contests import receiving
from kontingent.exchange.contests.jobs import JOBS
from kontingent.exchange.contests.profiles import TOLD, profile_of
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue, KontingentError, NotAllowed
from kontingent.web import row_files
from kontingent.web.request import actor_of, page
from kontingent.web.uploads import accepts_a_file


@accepts_a_file(lambda: settings.IMPORT_MAX_BYTES)
@require_http_methods(["GET", "POST"])
def files(request: HttpRequest) -> HttpResponse:
    """The files of the actor and their organisation; on POST take one."""
    actor = actor_of(request)
    shown = queries.contests.files(actor)
    error: KontingentError | None = None
    if request.method == "POST":
        try:
            return HttpResponseRedirect(f"/portfolio/files/{_received(request, actor).id}/")
        except NotAllowed:
            raise
        except KontingentError as refusal:
            error = refusal
    return page(
        request, "portfolio/files.html", rows=SECTION.latest(shown), values=request.POST,
        kinds=[(kind.value, TOLD[kind].capitalize()) for kind in FileKind], profiles=[(profile_of(kind), row_files.columns(profile_of(kind))) for kind in FileKind],
        error=error,
    )  # fmt: skip


def _received(request: HttpRequest, actor: Actor) -> ContestFile:
    file = request.FILES.get("file")
    if file is None:
        raise InvalidValue("portfolio.no_file", "Файл не выбран. Нажмите «Выбрать файл» и укажите таблицу.")
    kind = next((one for one in FileKind if one.value == request.POST.get("kind")), None)
    if kind is None:
        raise InvalidValue("portfolio.no_kind", "Выберите, что в файле: олимпиады или конкурсы.")
    one = receiving.receive(
        actor=actor, kind=kind, organisation_id=actor.organisation_id, file=cast(BinaryIO, file.file), filename=file.name or "таблица",
        document=request.POST.get("document", ""), verified="verified" in request.POST,
    )  # fmt: skip
    JOBS.read.defer(file_id=str(one.id))
    return one


@require_GET
def file(request: HttpRequest, file_id: UUID) -> HttpResponse:
    """A file: progress while something runs, then what would change and what is wrong, by place."""
    one = queries.contests.file(actor_of(request), file_id)
    days = int(codelists.number("file_retention", "delivered_rows"))
    return SECTION.show(request, one, queries.contests.rows, undo_days=days)


def _said(row: ContestRow) -> str:
    """What a line says, in words."""
    facts = row.facts
    told = [facts["title"]]
    told += [
        queries.told(name, facts[name])
        for name in ("stage_code", "subject_code", "happened_on", "level_code", "result_code")
        if name in facts
    ]
    if "place" in facts:
        told.append(f"место {facts['place']}")
    if "team" in facts:
        told.append(f"команда {facts['team']}")
    return ", ".join(told)


def _corrections(row: ContestRow) -> list[tuple[str, str, str]]:
    """What a correction changes: field, what stands (or stood), what the line says."""
    if row.outcome != "change" or row.standing is None:
        return []
    stands = row.before or row.standing
    return [
        (rules.TITLES[name], queries.told(name, stands.get(name)), queries.told(name, value))
        for name, value in row.facts.items()
        if name in rules.TITLES and queries.told(name, stands.get(name)) != queries.told(name, value)
    ]


SECTION: Final = row_files.Section(
    address="/portfolio/files/",
    title="Загрузка итогов",
    template="portfolio/file.html",
    receiving=receiving.FILES,
    jobs=JOBS,
    files=queries.contests.FILES,
    find=queries.contests.file,
    profile_of=lambda one: profile_of(FileKind(one.kind)),
    told=lambda one: TOLD[FileKind(one.kind)],
    same="уже есть",
    learner="/portfolio/{}/",
    said=_said,
    corrections=_corrections,
)

progress = require_GET(SECTION.progress)
apply = require_POST(SECTION.apply)
refused_rows = require_GET(SECTION.refused)


@require_POST
def undo(request: HttpRequest, file_id: UUID) -> HttpResponse:
    """Undo an applied file."""
    actor = actor_of(request)
    queries.contests.file(actor, file_id)
    try:
        one = actions.undo(actor=actor, file_id=file_id)
        messages.success(
            request,
            f"Загрузка отменена: убрано {one.totals['removed']}, возвращено прежних {one.totals['restored']}, осталось тронутых после загрузки {one.totals['left']}.",
        )
    except NotAllowed:
        raise
    except KontingentError as refusal:
        messages.error(request, refusal.message)
    return HttpResponseRedirect(f"/portfolio/files/{file_id}/")
