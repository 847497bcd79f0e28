"""«Кто смотрел»: a family sees who looked at the data and asks about it; the organisation answers."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_http_methods

from kontingent.audit import reads
from kontingent.audit.reads import ReadKind
from kontingent.kernel import clock
from kontingent.kernel.errors import KontingentError
from kontingent.persons import queries as persons
from kontingent.privacy import actions, queries, rules
from kontingent.web.request import actor_of, page, uuid_of, whole

SHOWN = 200


@require_http_methods(["GET", "POST"])
def views(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Who looked at the data of one's own child, day by day; on POST a question about one of the looks."""
    actor = actor_of(request)
    error: KontingentError | None = None
    if request.method == "POST":
        try:
            asked = actions.ask(
                actor=actor, person_id=person_id, entry_id=whole(request.POST.get("view")) or 0,
                text=request.POST.get("text", ""),
            )  # fmt: skip
            messages.success(request, f"Вопрос отправлен. Ответ должен прийти до {asked.due_on:%d.%m.%Y}.")
            return HttpResponseRedirect(f"/family/{person_id}/views/")
        except KontingentError as refusal:
            error = refusal
    found = queries.views(actor, person_id)
    reads.note(actor, ReadKind.FAMILY, [person_id], object_id=person_id, what="кто смотрел")
    questions = queries.asked(actor, person_id)
    return page(
        request,
        "family/views.html",
        person=persons.get(person_id),
        visits=rules.visits(found)[:SHOWN],
        is_cut=len(found) >= queries.MOST_VIEWS,
        questions=questions,
        asked={one.entry_id for one in questions},
        error=error,
        failed=whole(request.POST.get("view")),
        text=request.POST.get("text", ""),
    )


@require_http_methods(["GET", "POST"])
def questions(request: HttpRequest) -> HttpResponse:
    """The questions to be answered, the most urgent first."""
    actor = actor_of(request)
    error: KontingentError | None = None
    if request.method == "POST":
        try:
            actions.answer(
                actor=actor,
                question_id=uuid_of(request.POST.get("question")) or UUID(int=0),
                text=request.POST.get("text", ""),
            )
            messages.success(request, "Ответ отправлен семье.")
            return HttpResponseRedirect("/questions/")
        except KontingentError as refusal:
            error = refusal
    return page(
        request, "family/questions.html", rows=list(queries.to_answer(actor)[:SHOWN]), error=error, today=clock.today(),
        failed=request.POST.get("question", ""), text=request.POST.get("text", ""),
    )  # fmt: skip
