"""The import wizard: upload → check with progress → causes, doubtful people, columns → apply → undo."""

from __future__ import annotations

from typing import BinaryIO, cast
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_http_methods, require_POST

from kontingent.audit import reads
from kontingent.audit.reads import ReadKind
from kontingent.codelists import queries as codelists
from kontingent.enrolment.rules import conditions
from kontingent.exchange.oneroster import rostering
from kontingent.exchange.spreadsheets import fields
from kontingent.exchange.staging import applying, jobs, purposes, queries, reading
from kontingent.exchange.staging.models import Batch
from kontingent.health.queries import PURPOSE as HEALTH
from kontingent.kernel.errors import InvalidValue, KontingentError
from kontingent.kernel.school_year import SchoolYear
from kontingent.web import import_profiles
from kontingent.web.files import saved_as
from kontingent.web.request import actor_of, optional_day, own_organisation, page, whole
from kontingent.web.uploads import accepts_a_file

WORKING = frozenset({"uploaded", "reading", "applying"})
_DIFF_TITLES = {
    "health": "Здоровье",
    "family_name": "Фамилия", "given_name": "Имя", "patronymic": "Отчество", "birth_date": "Дата рождения",
    "birth_place": "Место рождения", "sex": "Пол", "snils": "СНИЛС", "citizenship_code": "Гражданство", "country_code": "Страна",
    "documents": "Документ", "address_registration": "Адрес регистрации", "address_residence": "Адрес проживания",
    "adults": "Представители",
}  # fmt: skip
STATUS_TITLES = {
    "create": "новые",
    "update": "изменятся",
    "unchanged": "без изменений",
    "possible": "решает человек",
    "refused": "отклонены",
}


@accepts_a_file(lambda: settings.IMPORT_MAX_BYTES)
@require_http_methods(["GET", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """The batches of one's organisation; on POST take a file."""
    actor, organisation_id = actor_of(request), own_organisation(request)
    error: KontingentError | None = None
    if request.method == "POST":
        try:
            file = request.FILES.get("file")
            if file is None:
                raise InvalidValue(
                    "import.no_file", "Файл не выбран. Нажмите «Выбрать файл» и укажите список."
                )
            dated = optional_day(request.POST.get("order_date", ""), "Дата приказа")
            batch = reading.receive(
                actor=actor,
                organisation_id=organisation_id,
                file=cast(BinaryIO, file.file),
                filename=file.name or "список",
                options={
                    "order_number": request.POST.get("order_number", "").strip()[:40],
                    "order_date": dated.isoformat() if dated else "",
                    "school_year": whole(request.POST.get("school_year")),
                    "purpose": purposes.named(request.POST.get("purpose") or purposes.CLASS_LIST.code).code,
                },
            )
            jobs.read.defer(batch_id=str(batch.id))
            return HttpResponseRedirect(f"/imports/{batch.id}/")
        except KontingentError as refusal:
            error = refusal
    return page(
        request,
        "imports/index.html",
        batches=[(one, purposes.of(one)) for one in queries.batches(actor, organisation_id=organisation_id)],
        error=error,
        purposes=[(one.code, one.title) for one in purposes.PURPOSES.values() if one.may(actor)],
        purpose=request.POST.get("purpose") or request.GET.get("purpose", ""),
        offers=import_profiles.offers(actor),
        years=[("", "по дате списка"), *((y, str(SchoolYear(y))) for y in (2026, 2025, 2027))],
    )


def one(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """A batch: progress while something runs, then what would change and what is wrong."""
    batch = reading.get(actor_of(request), batch_id)
    if batch.state in WORKING:
        return page(request, "imports/progress.html", batch=batch, progress=queries.progress(batch_id))
    if batch.state == "refused":
        return page(request, "imports/refused.html", batch=batch)
    status = request.GET.get("status", "")
    after = whole(request.GET.get("after")) or 0
    rows = queries.rows(batch, status=status, after=after, cause=request.GET.get("cause", ""))
    doubtful = queries.rows(batch, status="possible") if batch.state == "checked" else []
    of_health = purposes.of(batch) is purposes.HEALTH
    reads.note(
        actor_of(request),
        ReadKind.HEALTH if of_health else ReadKind.COMPARE,
        queries.people_of([*rows, *doubtful]),
        object_id=batch_id,
        what="загрузка",
        purpose=HEALTH if of_health else "",
    )
    return page(
        request,
        "imports/one.html",
        batch=batch,
        of_health=of_health,
        causes=queries.causes(batch),
        doubtful=doubtful,
        rows=[(row, _diff(row.diff), [p for p in row.problems if p[0] != "info"]) for row in rows],
        status=status,
        statuses=[(code, title, batch.totals.get(code, 0)) for code, title in STATUS_TITLES.items()],
        after=rows[-1].pk if len(rows) == queries.PAGE else None,
        same=queries.earlier_with_same_content(batch),
        roster=rostering.overview(actor_of(request), batch),
    )


def _diff(diff: dict[str, list[str]]) -> list[tuple[str, str, str]]:
    return [
        (_DIFF_TITLES.get(name) or fields.BY_CODE[name].title, _shown(name, old), _shown(name, new))
        for name, (old, new) in diff.items()
    ]


def _shown(name: str, text: str) -> str:
    if name in fields.CONDITIONS:
        return conditions.show(name, conditions.read(name, text, find=codelists.find), title=codelists.title)
    lists = {"sex": "sex", "citizenship_code": "citizenship", "country_code": "country"}
    return codelists.title(lists[name], text) if name in lists else text


def progress(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """The part of the page that is asked for again and again; reloads the page when the work is done."""
    batch = reading.get(actor_of(request), batch_id)
    if batch.state not in WORKING:
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    return page(request, "imports/bar.html", batch=batch, progress=queries.progress(batch_id))


@require_POST
def act(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """Decide a cause or a row, apply, undo."""
    actor, data = actor_of(request), request.POST
    batch = reading.get(actor, batch_id)
    what = data.get("act", "")
    try:
        if what == "apply":
            applying.claim(actor=actor, batch_id=batch_id)
            jobs.apply.defer(batch_id=str(batch_id))
        elif what == "undo":
            undone = applying.undo(actor=actor, batch_id=batch_id)
            messages.success(request, f"Загрузка «{undone.filename}» отменена.")
        elif what == "cause":
            reading.decide_cause(
                actor=actor, batch_id=batch_id, cause=data.get("cause", ""), decision=data.get("decision", "")
            )
            _again(batch)
        elif what == "row" and (row_id := whole(data.get("row"))) is not None:
            reading.decide_row(actor=actor, batch_id=batch_id, row_id=row_id, choice=data.get("choice", ""))
        elif what == "check":
            _again(batch)
    except KontingentError as refusal:
        messages.error(request, refusal.message)
    return HttpResponseRedirect(f"/imports/{batch_id}/")


def _again(batch: Batch) -> None:
    Batch.objects.filter(pk=batch.pk, state__in=["checked", "refused"]).update(state="uploaded")
    jobs.reread.defer(batch_id=str(batch.pk))


@require_http_methods(["GET", "POST"])
def columns(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """Which column is which field; remembered for the next file with these headings."""
    actor = actor_of(request)
    batch = reading.get(actor, batch_id)
    error: KontingentError | None = None
    if request.method == "POST":
        try:
            chosen = {
                key.removeprefix("column-"): str(value)
                for key, value in request.POST.items()
                if key.startswith("column-")
            }
            reading.set_mapping(
                actor=actor,
                batch_id=batch_id,
                fingerprint=request.POST.get("fingerprint", ""),
                columns=chosen,
            )
            _again(batch)
            return HttpResponseRedirect(f"/imports/{batch_id}/")
        except KontingentError as refusal:
            error = refusal
    return page(
        request,
        "imports/columns.html",
        batch=batch,
        error=error,
        fields=[(one.code, one.title) for one in fields.FIELDS if one.code in purposes.of(batch).fields],
    )


def refused(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """The refused rows as the user's own workbook."""
    content = queries.refused_workbook(actor_of(request), batch_id)
    return saved_as(content, "refused.xlsx")
