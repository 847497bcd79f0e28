"""Citizenship from a day on, and social categories, of one person."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_http_methods, require_POST

from kontingent.codelists import queries as codelists
from kontingent.enrolment import queries
from kontingent.kernel import clock
from kontingent.kernel.errors import InvalidValue, KontingentError, NotFound
from kontingent.persons import civil
from kontingent.persons.permissions import PersonPermission
from kontingent.web.request import actor_of, optional_day, page


@require_http_methods(["GET", "POST"])
def citizenship(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Record a change of citizenship."""
    actor = actor_of(request)
    actor.require(PersonPermission.EDIT)
    person = queries.person(actor, person_id, what="гражданство")
    values = {"citizenship_code": person.citizenship_code, "country_code": person.country_code, "since": ""}
    error: KontingentError | None = None
    if request.method == "POST":
        values |= {name: request.POST.get(name, "") for name in values}
        try:
            since = optional_day(values["since"], "С какого дня")
            if since is None:
                raise InvalidValue("persons.citizenship_day", "Укажите день, с которого гражданство другое.")
            civil.change_citizenship(
                actor=actor, person_id=person_id, citizenship_code=values["citizenship_code"],
                country_code=values["country_code"], since=since,
            )  # fmt: skip
            messages.success(request, "Гражданство записано.")
            return HttpResponseRedirect(f"/learners/{person_id}/")
        except KontingentError as refusal:
            error = refusal
    return page(
        request,
        "learners/citizenship.html",
        person=person,
        values=values,
        error=error,
        citizenships=codelists.choices("citizenship"),
        countries=codelists.choices("country"),
    )


@require_http_methods(["GET", "POST"])
def categories(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """The social categories of a person; on POST enter one."""
    actor = actor_of(request)
    actor.require(PersonPermission.VIEW_CATEGORIES)
    person = queries.person(actor, person_id, what="социальные категории")
    error: KontingentError | None = None
    if request.method == "POST":
        try:
            civil.add_category(
                actor=actor,
                person_id=person_id,
                category_code=request.POST.get("category", ""),
                basis=request.POST.get("basis", ""),
                starts_on=optional_day(request.POST.get("starts_on", ""), "С какого дня"),
                ends_on=optional_day(request.POST.get("ends_on", ""), "По какой день"),
            )
            messages.success(request, "Категория записана.")
            return HttpResponseRedirect(f"/learners/{person_id}/categories/")
        except KontingentError as refusal:
            error = refusal
    return page(
        request,
        "learners/categories.html",
        person=person,
        categories=civil.categories_of(actor, person_id),
        may_edit=actor.may(PersonPermission.EDIT_CATEGORIES),
        kinds=codelists.choices("social_category"),
        values=request.POST,
        error=error,
        today=clock.today(),
    )


@require_POST
def end_category(request: HttpRequest, person_id: UUID, category_id: int) -> HttpResponse:
    """End a category on a day, or withdraw it as a mistake."""
    actor = actor_of(request)
    actor.require(PersonPermission.EDIT_CATEGORIES)
    queries.require_visible(actor, person_id)
    if civil.person_of_category(category_id) != person_id:
        raise NotFound(
            "persons.no_such_category", "Этой записи о категории у человека нет. Обновите страницу."
        )
    if request.POST.get("act") == "withdraw":
        civil.withdraw_category(actor=actor, category_id=category_id)
    else:
        day = optional_day(request.POST.get("ends_on", ""), "По какой день") or clock.today()
        civil.end_category(actor=actor, category_id=category_id, ends_on=day)
    messages.success(request, "Записано.")
    return HttpResponseRedirect(f"/learners/{person_id}/categories/")
