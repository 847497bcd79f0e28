"""Classes and groups: the list of a school year, the class list, opening a class."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_http_methods

from kontingent.achievements.attestation import queries as attestation
from kontingent.codelists import queries as codelists
from kontingent.enrolment import actions, queries
from kontingent.enrolment.codes import PRESCHOOL
from kontingent.enrolment.models import Group
from kontingent.enrolment.permissions import EnrolmentPermission
from kontingent.enrolment.rules.classes import LISTS, ClassFacts
from kontingent.health import queries as health
from kontingent.kernel import clock
from kontingent.kernel.errors import InvalidValue, KontingentError
from kontingent.kernel.school_year import SchoolYear
from kontingent.organisations import queries as organisations
from kontingent.persons.permissions import PersonPermission
from kontingent.programmes import queries as programmes
from kontingent.web.learners import table_body
from kontingent.web.request import actor_of, day, optional_day, own_organisation, page, uuid_of, whole

TITLES = {
    "kind_code": "Вид", "shift_code": "Смена", "language_code": "Язык обучения", "regime_code": "Режим",
    "orientation_code": "Направленность", "age_band_code": "Возраст детей", "profile_code": "Профиль",
    "advanced_profile_code": "Углублённое изучение", "year_of_grade_code": "Год обучения в классе",
    "funding_code": "Источник финансирования", "combined_key": "Класс-комплект", "capacity": "Мест",
}  # fmt: skip
REQUIRED = frozenset({"kind_code", "shift_code", "language_code"})
OF_KINDERGARTENS = frozenset({"regime_code", "orientation_code", "age_band_code"})
OF_SCHOOLS = frozenset({"shift_code", "profile_code", "advanced_profile_code", "year_of_grade_code"})


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
        may_see_health=health.may_look(actor) is not None,
        may_see_exams=(group.grade or 0) >= 9 and attestation.may_look(actor),
        may_change=actor.may(EnrolmentPermission.MANAGE_GROUPS),
        may_fill=actor.may(PersonPermission.EDIT),
        facts=_told(group),
    )


def _told(group: Group) -> list[tuple[str, str]]:
    """Return the attributes of a class in words, those that say something."""
    facts = actions.facts_of(group)._asdict()
    told = [
        (TITLES[name], codelists.title(list_code, facts[name]))
        for name, list_code in LISTS.items()
        if facts[name]
    ]
    return [*told, (TITLES["combined_key"], group.combined_key)] if group.combined_key else told


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, group_id: UUID) -> HttpResponse:
    """Change what a class is, from a day on."""
    actor = actor_of(request)
    group = queries.group(actor, group_id)
    actor.require(EnrolmentPermission.MANAGE_GROUPS)
    year = SchoolYear(group.school_year)
    values: dict[str, Any] = {
        name: getattr(group, name) for name in (*ClassFacts._fields, "letter", "title", "teacher_name")
    }
    since = year.starts_on
    error: KontingentError | None = None
    if request.method == "POST":
        values |= {name: request.POST[name].strip() for name in values if name in request.POST}
        try:
            since = optional_day(request.POST.get("since", ""), "С какого дня") or year.starts_on
            actions.change_group(
                actor=actor,
                group_id=group_id,
                changes={**values, "capacity": whole(str(values["capacity"] or ""))},
                since=since,
                version=whole(request.POST.get("version")),
            )
            messages.success(request, "Сведения о классе записаны.")
            return HttpResponseRedirect(f"/groups/{group_id}/")
        except KontingentError as refusal:
            error = refusal
    preschool = group.programme.kind_code == PRESCHOOL
    return page(
        request,
        "groups/edit.html",
        group=group,
        values=values,
        since=since,
        error=error,
        version=request.POST.get("version") or group.version,
        fields=[
            (name, TITLES[name], codelists.choices(LISTS[name]), values[name], name not in REQUIRED)
            for name in LISTS
            if (name in OF_KINDERGARTENS) <= preschool and (name in OF_SCHOOLS) <= (not preschool)
        ],
        history=queries.group_versions(group.id),
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
        languages=codelists.choices("language_of_instruction"),
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
            language_code=data.get("language", "rus"),
            capacity=whole(data.get("capacity")),
        ),
    )
