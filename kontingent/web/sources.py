"""Sources of journals: all of one's place, read and delivering by themselves; one with its history and refusals, and how its files are laid out – tried before it is kept."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_http_methods

from kontingent.access.machines import queries as machines
from kontingent.exchange.journals import jobs
from kontingent.exchange.journals.adapters.mapping import PROFILES, shipped
from kontingent.exchange.journals.models import JournalSource
from kontingent.exchange.journals.permissions import SourcePermission
from kontingent.exchange.journals.sources import actions, queries, registry, rules, running
from kontingent.exchange.journals.sources.actions import SourceDraft
from kontingent.exchange.journals.sources.queries import Trial
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue, KontingentError, NotAllowed, NotFound
from kontingent.organisations import queries as organisations
from kontingent.performance import actions as performance
from kontingent.performance.permissions import PerformancePermission
from kontingent.web.request import actor_of, optional_day, page, whole
from kontingent.web.uploads import accepts_a_file

#: The largest export and the largest sample, in bytes.
MOST_BYTES, MOST_OF_A_SAMPLE = 100 * 1024 * 1024, 20 * 1024 * 1024
NO_ACT = "Действие не выбрано. Обновите страницу и нажмите нужную кнопку."
BATCH_STATES = {"taking": "принимается", "broken": "прервана", "done": "принята"}
STATES = {"running": "идёт", "done": "успешно", "failed": "не удался"}


@require_http_methods(["GET", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """The journals of one's place, the troubled first; on POST make a source, connect a system, open closed periods to a journal."""
    actor = actor_of(request)
    actor.require(SourcePermission.VIEW)
    error: KontingentError | None = None
    if request.method == "POST":
        try:
            return HttpResponseRedirect(_act_on_all(request, actor))
        except NotAllowed:
            raise
        except KontingentError as refusal:
            error = refusal
    scope = actor.scope
    places = organisations.municipalities(clock.today()) if scope.whole_region or scope.municipalities else []
    clients = machines.deliverers(actor)
    delivering = [
        (one, clients[one.journal.client_code], machines.reach_in_words(clients[one.journal.client_code]))
        for one in queries.delivering(actor, clients)
    ]
    connected = {one.journal.client_code for one, _, _ in delivering}
    return page(
        request, "sources/index.html", lines=queries.sources(actor), kinds=registry.kinds().values(), schedules=rules.SCHEDULES.items(),
        may_manage=actor.may(SourcePermission.MANAGE), values=request.POST, error=error, states=STATES, own=actor.organisation_id,
        municipalities=[one for one in places if scope.covers(None, one.id)], delivering=delivering, batch_states=BATCH_STATES,
        may_connect=actor.may(PerformancePermission.MANAGE_JOURNALS), sees_all=scope.whole_region,
        unconnected=[(code, one.name) for code, one in clients.items() if code not in connected and not one.is_stopped],
    )  # fmt: skip


def _act_on_all(request: HttpRequest, actor: Actor) -> str:
    """Do what was asked for; return where to go on."""
    form = request.POST
    match form.get("act", "make"):
        case "make":
            made = actions.make_source(actor=actor, draft=_draft(request, actor))
            messages.success(
                request, "Источник создан. Теперь опишите его файлы и попробуйте описание на образце."
            )
            return f"/sources/{made.pk}/{'mapping/' if registry.kind(made.adapter).needs_mapping else ''}"
        case "connect":
            journal = performance.connect_journal(
                actor=actor, code=form.get("journal_code", "").strip().lower(), title=form.get("journal_title", ""),
                client_code=_client(actor, form),
            )  # fmt: skip
            messages.success(request, f"Журнал «{journal.title}» подключён: POST /api/v1/journals/{journal.code}/batches.")  # fmt: skip
        case "open-history":
            until = optional_day(form.get("until", ""), "По какой день")
            if until is None:
                raise InvalidValue(
                    "sources.history_day", "Укажите день, по который журнал может менять закрытые периоды."
                )
            journal = performance.open_history(actor=actor, journal_code=form.get("journal", ""), until=until)  # fmt: skip
            messages.success(request, f"Журнал «{journal.title}» по {until:%d.%m.%Y} включительно передаёт и закрытые периоды, без решения школы.")  # fmt: skip
        case "close-history":
            journal = performance.open_history(actor=actor, journal_code=form.get("journal", ""), until=None)
            messages.success(
                request, f"Журнал «{journal.title}»: правки закрытых периодов снова решает школа."
            )
        case _:
            raise InvalidValue("sources.act", NO_ACT)
    return request.path


def _client(actor: Actor, form: Any) -> str:
    """The code of a client that may deliver; anything else is as good as none."""
    chosen = str(form.get("client", ""))
    if chosen not in machines.deliverers(actor):
        raise InvalidValue("sources.no_client", "Выберите внешнюю систему, которая будет передавать журнал.")
    return chosen


def _draft(request: HttpRequest, actor: Actor) -> SourceDraft:
    form = request.POST
    ogrn, municipality = form.get("ogrn", "").strip(), form.get("municipality", "")
    organisation_id = organisations.by_ogrn(ogrn).id if ogrn else None
    if not ogrn and not municipality and actor.organisation_id is not None:
        organisation_id = actor.organisation_id
    return SourceDraft(
        code=form.get("code", "").strip().lower(), title=form.get("title", ""), adapter=form.get("adapter", ""),
        organisation_id=organisation_id,
        municipality_id=organisations.municipality(municipality).id if municipality else None,
        every_minutes=_minutes(form), settings={},
    )  # fmt: skip


def _minutes(form: Any) -> int:
    said = whole(form.get("every_minutes", ""))
    return -1 if said is None else said


@accepts_a_file(lambda: MOST_BYTES)
@require_http_methods(["GET", "POST"])
def one(request: HttpRequest, source_id: UUID) -> HttpResponse:
    """A source: how it is read, what is refused, its runs; on POST do one thing."""
    actor = actor_of(request)
    found = queries.source(actor, source_id)
    own = queries.is_own(actor, found)
    error: KontingentError | None = None
    if request.method == "POST":
        queries.own_source(actor, source_id)
        try:
            _act(request, actor, found)
            return HttpResponseRedirect(request.path)
        except (NotAllowed, NotFound):
            raise
        except KontingentError as refusal:
            error = refusal
    kind = registry.kinds().get(found.adapter)
    before = whole(request.GET.get("before"))
    runs = queries.history(actor, source_id, before=before)
    return page(
        request, "sources/one.html", source=found, kind=kind, runs=runs, findings=queries.findings(actor, source_id),
        refused=queries.refusals(actor, source_id), schedules=rules.SCHEDULES.items(), schedule=rules.SCHEDULES.get(found.every_minutes, ""),
        is_own=own, may_manage=own and actor.may(SourcePermission.MANAGE), error=error, states=STATES, older=runs[-1].pk if len(runs) == queries.PAGE else None,
        fields=[(field, _shown(found.settings.get(field.name))) for field in kind.fields] if kind else [],
    )  # fmt: skip


def _shown(value: Any) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _act(request: HttpRequest, actor: Actor, source: JournalSource) -> None:
    form = request.POST
    match form.get("act"):
        case "run":
            actions.ask(actor=actor, source_id=source.pk, what="run")
            asked = jobs.ask(source.pk, actor.name)
            messages.success(request, "Чтение начнётся через несколько секунд. Обновите страницу." if asked else "Чтение уже ждёт очереди.")  # fmt: skip
        case "retake":
            actions.ask(actor=actor, source_id=source.pk, what="retake")
            jobs.again.defer(source_id=str(source.pk))
            messages.success(request, "Отклонённые строки сейчас принимаются повторно. Обновите страницу.")
        case "file":
            file = request.FILES.get("file")
            if file is None:
                raise InvalidValue(
                    "sources.no_file", "Файл не выбран. Нажмите «Выбрать файл» и укажите выгрузку."
                )
            actions.leave_file(
                actor=actor, source_id=source.pk, filename=file.name or "", content=file.chunks()
            )
            messages.success(
                request, "Файл передан. Он будет прочитан по расписанию или по кнопке «Прочитать сейчас»."
            )
        case "change":
            prefix = "setting-"
            settings = {name.removeprefix(prefix): form[name] for name in form if name.startswith(prefix)}
            actions.change_source(
                actor=actor, source_id=source.pk, version=whole(form.get("version")) or 0, every_minutes=_minutes(form),
                is_on=form.get("is_on") == "yes", settings=settings,
            )  # fmt: skip
            messages.success(request, "Сохранено.")
        case _:
            raise InvalidValue("sources.act", NO_ACT)


@accepts_a_file(lambda: MOST_OF_A_SAMPLE)
@require_http_methods(["GET", "POST"])
def mapping(request: HttpRequest, source_id: UUID) -> HttpResponse:
    """How the files of a source are laid out: edit, try on a sample, keep, go back to an earlier version."""
    actor = actor_of(request)
    found = queries.own_source(actor, source_id)
    versions = queries.mappings(actor, source_id)
    in_force = next((one for one in versions if one.number == found.mapping_number), None)
    shown = next((one for one in versions if one.number == whole(request.GET.get("version"))), in_force)
    profiles = shipped()
    text = shown.text if shown else _profile(request.GET.get("profile", ""))
    error: KontingentError | None = None
    trial: Trial | None = None
    if request.method == "POST":
        text = request.POST.get("text", "").replace("\r\n", "\n")
        try:
            match request.POST.get("act"):
                case "try":
                    trial = _try(request, actor, found, text)
                case "keep":
                    kept = actions.keep_mapping(actor=actor, source_id=source_id, text=text)
                    messages.success(
                        request, f"Версия {kept.number} сохранена: по ней читаются следующие файлы."
                    )
                    return HttpResponseRedirect(f"/sources/{source_id}/")
                case "take-up":
                    number = whole(request.POST.get("number")) or 0
                    actions.take_up_mapping(actor=actor, source_id=source_id, number=number)
                    messages.success(request, f"Файлы снова читаются по версии {number}.")
                    return HttpResponseRedirect(request.path)
                case _:
                    raise InvalidValue("sources.act", "Нажмите «Попробовать» или «Сохранить».")
        except (NotAllowed, NotFound):
            raise
        except KontingentError as refusal:
            error = refusal
    return page(
        request, "sources/mapping.html", source=found, versions=versions, shown=shown, text=text, trial=trial, error=error,
        profiles=profiles.values(), in_force=found.mapping_number,
    )  # fmt: skip


def _profile(code: str) -> str:
    """Return the text of a profile that comes along, the first one when it is not there."""
    known = sorted(shipped())
    chosen = code if code in known else known[0]
    return (PROFILES / f"{chosen}.toml").read_text(encoding="utf-8")


def _try(request: HttpRequest, actor: Actor, source: JournalSource, text: str) -> Trial:
    """Read the sample where nobody else looks, and forget it."""
    file = request.FILES.get("file")
    if file is None:
        raise InvalidValue(
            "sources.no_sample",
            "Образец не выбран. Укажите файл выгрузки: он не сохраняется, только показывается.",
        )
    with tempfile.TemporaryDirectory(prefix="sample-") as folder:
        path = Path(folder) / "sample"
        with path.open("wb") as sample:
            for block in file.chunks():
                sample.write(block)
        return queries.trial(
            actor,
            source.pk,
            text=text,
            path=path,
            filename=file.name or "образец",
            opening=running.opening_of(source),
        )
