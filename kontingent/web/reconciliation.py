"""Reconciliation with journals: how each school's journal keeps up, what does not agree at a school, and settling it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kontingent.exchange.reconciliation import actions, jobs, queries, rules
from kontingent.exchange.reconciliation.codes import Pace
from kontingent.exchange.reconciliation.finding import thresholds
from kontingent.exchange.reconciliation.models import Discrepancy
from kontingent.exchange.reconciliation.permissions import ReconciliationPermission
from kontingent.kernel.errors import InvalidValue, KontingentError, NotAllowed, NotFound
from kontingent.organisations import queries as organisations
from kontingent.web.files import table_as
from kontingent.web.request import actor_of, page, uuid_of

_HEAD = [
    "Муниципалитет", "Школа", "Журнал", "Дней без новых записей", "Последний день записей", "Классов", "из них в журнале", "Учеников",
    "из них в журнале", "Расхождений",
]  # fmt: skip


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """The schools by the pace of their journals; whoever works in one school goes straight to it."""
    actor = actor_of(request)
    actor.require(ReconciliationPermission.VIEW)
    if actor.organisation_id is not None:
        return HttpResponseRedirect(f"/reconciliation/{actor.organisation_id}/")
    asked = request.GET.get("pace", "")
    pace = Pace(asked) if asked in set(Pace) else None
    found = queries.report(actor, pace=pace)
    return page(
        request, "reconciliation/index.html", found=found, pace=pace, limits=thresholds(),
        paces=[(one, rules.PACE_TITLES[one], found.counts[one]) for one in Pace],
    )  # fmt: skip


@require_GET
def report_file(request: HttpRequest, kind: str) -> HttpResponse:
    """The same as a table file."""
    rows = queries.report(actor_of(request)).rows
    lines: list[list[Any]] = [
        [
            one.municipality, one.name, one.pace_title, one.days if one.days is not None else "", one.last_day, one.classes,
            one.classes_heard, one.learners, one.learners_heard, one.open,
        ]
        for one in rows
    ]  # fmt: skip
    return table_as(kind, "zhurnaly", "Журналы школ", _HEAD, lines)


@require_http_methods(["GET", "POST"])
def school(request: HttpRequest, organisation_id: UUID) -> HttpResponse:
    """What does not agree at a school; on POST settle one thing."""
    actor = actor_of(request)
    pace = queries.school(actor, organisation_id)
    return _sections(
        request, organisation_id, heading=organisations.get(organisation_id).short_name, pace=pace,
        back="" if actor.organisation_id else "/reconciliation/",
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
def unattributed(request: HttpRequest) -> HttpResponse:
    """What names no school: the ministry's, subjects above all; on POST settle one thing."""
    return _sections(request, None, heading="Без указания школы", pace=None, back="/reconciliation/")


def _sections(
    request: HttpRequest, organisation_id: UUID | None, *, heading: str, pace: Any, back: str
) -> HttpResponse:
    actor = actor_of(request)
    error: KontingentError | None = None
    if request.method == "POST":
        try:
            return _settle(request)
        except (NotAllowed, NotFound):
            raise
        except KontingentError as refusal:
            error = refusal
    return page(
        request, "reconciliation/school.html", heading=heading, pace=pace, back=back, organisation_id=organisation_id,
        sections=queries.sections(actor, organisation_id), dismissed=queries.dismissed(actor, organisation_id),
        may_settle=actor.may(ReconciliationPermission.RESOLVE), limits=thresholds(), error=error,
        failed=request.POST.get("id", ""), reason=request.POST.get("reason", ""),
    )  # fmt: skip


def _settle(request: HttpRequest) -> HttpResponse:
    actor, data = actor_of(request), request.POST
    discrepancy_id = _chosen(data.get("id"), "Обновите страницу и выберите расхождение снова.")
    match data.get("act"):
        case "recognise":
            who = _chosen(data.get("choice"), "Выберите ученика из списка.")
            found = actions.recognise(actor=actor, discrepancy_id=discrepancy_id, person_id=who)
        case "name_class":
            group = _chosen(data.get("choice"), "Выберите класс из списка.")
            found = actions.name_class(actor=actor, discrepancy_id=discrepancy_id, group_id=group)
        case "map_subject":
            if not data.get("choice"):
                raise InvalidValue("reconciliation.choice", "Выберите предмет из списка.")
            found = actions.map_subject(
                actor=actor, discrepancy_id=discrepancy_id, subject_code=data["choice"]
            )
        case "dismiss":
            actions.dismiss(actor=actor, discrepancy_id=discrepancy_id, reason=data.get("reason", ""))
            messages.success(request, "Отмечено: это не расхождение. Вернуть можно внизу страницы.")
            return HttpResponseRedirect(request.path)
        case "reopen":
            actions.reopen(actor=actor, discrepancy_id=discrepancy_id)
            messages.success(request, "Расхождение снова в списке.")
            return HttpResponseRedirect(request.path)
        case _:
            raise InvalidValue("reconciliation.act", "Нажмите одну из кнопок у расхождения.")
    _take_again(found)
    messages.success(
        request, "Сохранено. Отложенные записи журнала сейчас принимаются: это займёт до минуты."
    )
    return HttpResponseRedirect(request.path)


def _take_again(found: Discrepancy) -> None:
    """Let the worker take the journal's refused rows again, once this is committed."""
    if found.journal is not None:
        jobs.mended.defer(
            journal_code=found.journal.code,
            organisation_id=str(found.organisation_id) if found.organisation_id else "",
        )


@require_POST
def look(request: HttpRequest, organisation_id: UUID) -> HttpResponse:
    """Look at a school anew."""
    actor = actor_of(request)
    queries.school(actor, organisation_id)
    jobs.look.defer(organisation_id=str(organisation_id))
    messages.success(request, "Сверка запущена. Обновите страницу через минуту.")
    return HttpResponseRedirect(f"/reconciliation/{organisation_id}/")


def _chosen(text: str | None, remedy: str) -> UUID:
    found = uuid_of(text or "")
    if found is None:
        raise InvalidValue("reconciliation.choice", remedy)
    return found
