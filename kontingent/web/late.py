"""Late corrections: the queue, the decision on one or on several; what stood of a mark and who changed it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_GET, require_http_methods

from kontingent.kernel.errors import InvalidValue, KontingentError, NotAllowed
from kontingent.performance import actions, queries
from kontingent.performance.permissions import PerformancePermission
from kontingent.performance.queries.late import PAGE, STATES
from kontingent.web.request import actor_of, page, uuid_of, whole


@require_http_methods(["GET", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """The queue; on POST decide on those that were ticked, for one reason."""
    actor = actor_of(request)
    actor.require(PerformancePermission.VIEW)
    error: KontingentError | None = None
    if request.method == "POST":
        try:
            return _decide_several(request)
        except NotAllowed:
            raise
        except KontingentError as refusal:
            error = refusal
    state = request.GET.get("state", "")
    state = state if state in STATES else "waiting"
    skip = whole(request.GET.get("skip")) or 0
    rows = queries.late_corrections(actor, state=state, skip=skip)
    return page(
        request, "late/index.html", rows=rows, count=queries.late_count(actor, state=state), state=state, states=STATES.items(), state_title=STATES[state],
        after=skip + PAGE if len(rows) == PAGE else None, may_decide=actor.may(PerformancePermission.DECIDE),
        chosen=request.POST.getlist("late"), reason=request.POST.get("reason", ""), error=error,
    )  # fmt: skip


def _decide_several(request: HttpRequest) -> HttpResponse:
    actor, data = actor_of(request), request.POST
    ids = [one for one in map(uuid_of, data.getlist("late")) if one is not None][:PAGE]
    if not ids:
        raise InvalidValue("performance.late_chosen", "Отметьте правки, о которых решаете.")
    accept = _verdict(data)
    refused: list[str] = []
    for one in ids:
        try:
            actions.decide_late(actor=actor, correction_id=one, accept=accept, reason=data.get("reason", ""))
        except InvalidValue:
            raise
        except KontingentError as refusal:
            refused.append(refusal.message)
    if done := len(ids) - len(refused):
        messages.success(request, f"Решено о правках: {done}, {'приняты' if accept else 'отклонены'}.")
    for text in dict.fromkeys(refused):
        messages.warning(request, f"Не решено о правках: {refused.count(text)}. {text}")
    return HttpResponseRedirect("/late/")


@require_http_methods(["GET", "POST"])
def one(request: HttpRequest, late_id: UUID) -> HttpResponse:
    """What stands beside what the journal says; on POST decide."""
    actor = actor_of(request)
    row = queries.late_correction(actor, late_id)
    error: KontingentError | None = None
    if request.method == "POST":
        try:
            accept = _verdict(request.POST)
            actions.decide_late(
                actor=actor, correction_id=late_id, accept=accept, reason=request.POST.get("reason", "")
            )
            messages.success(
                request,
                "Правка принята и записана." if accept else "Правка отклонена, отметка осталась прежней.",
            )
            return HttpResponseRedirect("/late/")
        except NotAllowed:
            raise
        except KontingentError as refusal:
            error = refusal
    return page(
        request, "late/one.html", row=row, may_decide=actor.may(PerformancePermission.DECIDE) and row.late.state == "waiting",
        reason=request.POST.get("reason", ""), error=error,
    )  # fmt: skip


def _verdict(data: Any) -> bool:
    if data.get("act") not in {"accept", "reject"}:
        raise InvalidValue("performance.late_act", "Нажмите «Принять» или «Отклонить».")
    return bool(data["act"] == "accept")


@require_GET
def history(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """What stood of a mark, since when, and who said so."""
    asked = request.GET
    found = queries.record_history(
        actor_of(request), person_id, records=asked.get("records", ""), journal_code=asked.get("journal", ""),
        school_year=whole(asked.get("year")) or 0, external_id=asked.get("id", ""),
    )  # fmt: skip
    return page(request, "late/history.html", found=found)
