"""The security officer's pages: the journal with its filters, its export, the alerts."""

from __future__ import annotations

from datetime import datetime
from io import BytesIO
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_GET, require_http_methods

from kontingent.access import watching
from kontingent.audit import actions as audit
from kontingent.audit import catalogue, purposes, queries
from kontingent.audit.events import JournalSearched
from kontingent.audit.models import Entry
from kontingent.audit.queries import JournalFilter
from kontingent.kernel import clock, snils
from kontingent.kernel.errors import InvalidValue, KontingentError
from kontingent.kernel.spreadsheets import workbook
from kontingent.organisations import queries as organisations
from kontingent.persons import queries as persons
from kontingent.storage import scope
from kontingent.web.files import saved_as
from kontingent.web.request import actor_of, moment, optional_day, page, uuid_of, whole

MOST_EXPORTED = 50_000


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """A page of the journal by the filters; the search itself is written down."""
    actor, error, rows = actor_of(request), None, []
    where = JournalFilter()
    try:
        where = _filter(request)
        rows = queries.search(actor, where, before=_before(request))
        _tell(request, where, exported=0)
    except InvalidValue as refusal:
        error = refusal
    places = organisations.short_names({one.organisation_id for one in rows if one.organisation_id})
    last = rows[-1] if len(rows) == queries.PAGE else None
    return page(
        request,
        "journal/index.html",
        rows=[
            (one, places.get(one.organisation_id, "") if one.organisation_id else "", _more(one))
            for one in rows
        ],
        error=error,
        values=request.GET,
        kinds=sorted(catalogue.titles().items(), key=lambda item: item[1]),
        purposes=[(one.code, one.title) for one in purposes.PURPOSES.values()],
        following=_following(request, last) if last else "",
        query=request.GET.urlencode(),
    )


@require_GET
def export(request: HttpRequest) -> HttpResponse:
    """The rows by the filters as a workbook: ids of people, never their names."""
    actor, where = actor_of(request), _filter(request)
    rows = queries.search(actor, where, limit=MOST_EXPORTED)
    _tell(request, where, exported=len(rows))
    return saved_as(_workbook(rows), f"journal-{clock.today():%Y-%m-%d}.xlsx")


def _filter(request: HttpRequest) -> JournalFilter:
    data = request.GET
    person_id, place_id = None, None
    if text := data.get("person", "").strip():
        with (
            scope.whole_register()
        ):  # whoever watches the journal sees nobody's card, and may ask about anybody
            person_id = uuid_of(text) or persons.id_by_snils(snils.normalise(text))
        if person_id is None:
            raise InvalidValue("journal.person", f"Человека с СНИЛС «{text}» в реестре нет. Проверьте номер.")
    if text := data.get("ogrn", "").strip():
        place_id = organisations.by_ogrn(text).id
    return JournalFilter(
        since=optional_day(data.get("since", ""), "С"), until=optional_day(data.get("until", ""), "По"), person_id=person_id,
        actor=data.get("actor", "").strip()[:200], organisation_id=place_id, kind=data.get("kind", "").strip()[:60],
        purpose=data.get("purpose", "").strip()[:200], request_id=uuid_of(data.get("request")),
    )  # fmt: skip


def _before(request: HttpRequest) -> tuple[datetime, int] | None:
    at, entry_id = request.GET.get("at", ""), whole(request.GET.get("after"))
    return (moment(at), entry_id) if at and entry_id is not None else None


def _following(request: HttpRequest, last: Entry) -> str:
    data = request.GET.copy()
    data["at"], data["after"] = last.moment.isoformat(), str(last.id)
    return data.urlencode()


def _tell(request: HttpRequest, where: JournalFilter, *, exported: int) -> None:
    if told := where.told():
        subjects = (where.person_id,) if where.person_id else ()
        with transaction.atomic():
            audit.record(
                JournalSearched(subjects=subjects, filters=told, exported=exported), actor=actor_of(request)
            )


def _more(entry: Entry) -> str:
    """What a row says besides its columns, in a few words."""
    told = [
        str(entry.data[name]) for name in ("what", "code", "path", "reason", "number") if entry.data.get(name)
    ]
    if len(entry.subjects) > 1:
        told.append(f"людей: {len(entry.subjects)}")
    return "; ".join(told)


def _workbook(rows: list[Entry]) -> bytes:
    output = BytesIO()
    book = workbook(output)
    sheet, bold = book.add_worksheet("Журнал"), book.add_format({"bold": True})
    titles = catalogue.titles()
    heads = ("Момент", "Действие", "Кто", "Роль", "Должность", "Организация", "Цель", "Людей", "Кого", "Подробности",
             "Запрос", "Адрес")  # fmt: skip
    for column, head in enumerate(heads):
        sheet.write_string(0, column, head, bold)
    sheet.freeze_panes(1, 0)
    places = organisations.short_names({one.organisation_id for one in rows if one.organisation_id})
    for line, one in enumerate(rows, start=1):
        cells: tuple[Any, ...] = (
            f"{one.moment.astimezone(clock.REGION_ZONE):%d.%m.%Y %H:%M:%S}", titles.get(one.kind, one.kind), one.actor_name,
            one.actor_role, one.actor_post, places.get(one.organisation_id, "") if one.organisation_id else "",
            purposes.of(one.purpose).title if one.purpose else "", str(len(one.subjects)),
            ", ".join(str(subject) for subject in one.subjects[:100]), _more(one), str(one.request_id or ""), one.address or "",
        )  # fmt: skip
        for column, cell in enumerate(cells):
            sheet.write_string(line, column, cell[:32_000])
    book.close()
    return output.getvalue()


@require_http_methods(["GET", "POST"])
def alerts(request: HttpRequest) -> HttpResponse:
    """What wants a look; on POST what it turned out to be."""
    actor = actor_of(request)
    error: KontingentError | None = None
    if request.method == "POST":
        try:
            watching.resolve(
                actor=actor,
                alert_id=uuid_of(request.POST.get("alert")) or UUID(int=0),
                note=request.POST.get("note", ""),
            )
            messages.success(request, "Сигнал закрыт.")
            return HttpResponseRedirect("/alerts/")
        except KontingentError as refusal:
            error = refusal
    known = watching.rules()
    rows = [(one, known.get(one.rule)) for one in watching.alerts(actor)[:200]]
    return page(request, "journal/alerts.html", rows=rows, rules=known.values(), error=error)
