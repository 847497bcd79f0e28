"""Classes and groups: the list of a school year, the class list, opening a class."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_http_methods

from kontingent.codelists import queries as codelists
from kontingent.enrolment import actions, queries
from kontingent.enrolment.permissions import EnrolmentPermission
from kontingent.enrolment.rules.classes import ClassFacts
from kontingent.kernel import clock
from kontingent.kernel.errors import InvalidValue, KontingentError
from kontingent.kernel.school_year import SchoolYear
from kontingent.organisations import queries as organisations
from kontingent.programmes import queries as programmes
from kontingent.web.learners import table_body
from kontingent.web.request import actor_of, day, own_organisation, page, uuid_of, whole


def index(request: HttpRequest) -> HttpResponse:
    """The classes of a school year with their sizes."""
    actor, organisation_id = actor_of(request), own_organisation(request)
    year = SchoolYear(whole(request.GET.get("year")) or SchoolYear.of(clock.today()).begins_in)
    on = min(max(clock.today(), year.starts_on), year.ends_on)
    rows = queries.groups(actor, organisation_id, year.begins_in, on)
    return page(
        request,
        "groups/index.html",
        organisation=organisations.get(organisation_id),
        rows=rows,
        year=year.begins_in,
        years=sorted({*queries.school_years(organisation_id), year.begins_in}, reverse=True),
        on=on,
        total=sum(row.size for row in rows),
        may_open=actor.may(EnrolmentPermission.MANAGE_GROUPS),
    )


def one(request: HttpRequest, group_id: UUID) -> HttpResponse:
    """The list of a class on a day."""
    actor = actor_of(request)
    found = queries.group(actor, group_id)
    year = SchoolYear(found.school_year)
    on = day(request) if "on" in request.GET else min(max(clock.today(), year.starts_on), year.ends_on)
    group, rows = queries.class_list(actor, group_id, on)
    return page(
        request,
        "groups/one.html",
        group=group,
        on=on,
        count=len(rows),
        boys=sum(row.sex == "1" for row in rows),
        body=table_body(rows),
        may_draft=actor.may(EnrolmentPermission.DRAFT_ORDER),
    )


@require_http_methods(["GET", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """Open a class."""
    actor, organisation_id = actor_of(request), own_organisation(request)
    error: KontingentError | None = None
    if request.method == "POST":
        try:
            group = actions.open_group(actor=actor, organisation_id=organisation_id, draft=_draft(request))
            messages.success(request, f"Класс {group.title} открыт.")
            return HttpResponseRedirect(f"/groups/{group.id}/")
        except KontingentError as refusal:
            error = refusal
    return page(
        request,
        "groups/add.html",
        error=error,
        values=request.POST,
        programmes=[(one.id, one.title) for one in programmes.of_organisation(organisation_id)],
        years=[(y, str(SchoolYear(y))) for y in range(SchoolYear.of(clock.today()).begins_in + 1, 2020, -1)],
        this_year=SchoolYear.of(clock.today()).begins_in,
        shifts=codelists.choices("group_shift"),
        kinds=codelists.choices("group_kind"),
    )


def _draft(request: HttpRequest) -> actions.GroupDraft:
    data = request.POST
    programme_id = uuid_of(data.get("programme"))
    if (
        programme_id is None
        or not programmes.of_organisation(own_organisation(request)).filter(pk=programme_id).exists()
    ):
        raise InvalidValue("group.programme", "Выберите программу из списка.")
    return actions.GroupDraft(
        school_year=whole(data.get("year")) or SchoolYear.of(clock.today()).begins_in,
        programme_id=programme_id,
        grade=whole(data.get("grade")),
        letter=data.get("letter", "").strip().upper()[:30],
        title=data.get("title", "").strip(),
        teacher_name=data.get("teacher", "").strip(),
        facts=ClassFacts(
            shift_code=data.get("shift", "1"),
            kind_code=data.get("kind", "ordinary"),
            capacity=whole(data.get("capacity")),
        ),
    )
