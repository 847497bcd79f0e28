"""Appointments: who holds which role, giving it, substituting, taking it back; emergencies and their review."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_http_methods, require_POST

from kontingent.access import appointments, emergency, queries
from kontingent.access.appointments import AppointmentDraft
from kontingent.access.permissions import AccessPermission
from kontingent.access.roles import LEVEL_TITLES, ROLES, Level, Role, appointable
from kontingent.audit import reads
from kontingent.audit.reads import ReadKind
from kontingent.enrolment import queries as enrolment
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue, KontingentError
from kontingent.kernel.school_year import SchoolYear
from kontingent.organisations import queries as organisations
from kontingent.persons import queries as persons
from kontingent.storage import scope
from kontingent.web.request import actor_of, optional_day, page, uuid_of
from kontingent.web.sign_in import session_of


@require_http_methods(["GET", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """List appointments; on POST give a role."""
    actor = actor_of(request)
    actor.require(AccessPermission.APPOINT)
    error: KontingentError | None = None
    if request.method == "POST":
        try:
            made = appointments.appoint(actor=actor, draft=_draft(request, actor))
            messages.success(
                request, f"Назначено: {made.full_name}. Вход – через Госуслуги, с {made.starts_on:%d.%m.%Y}."
            )
            return HttpResponseRedirect("/appointments/")
        except KontingentError as refusal:
            error = refusal
    own = actor.organisation_id
    year = SchoolYear.of(clock.today())
    text = request.GET.get("q", "").strip()
    rows = queries.appointments(actor)
    if text:
        rows = rows.filter(full_name__icontains=text)
    return page(
        request, "access/appointments.html", rows=[(one, ROLES.get(one.role_code), queries.place_of(one)) for one in rows[:300]],
        error=error, values=request.POST, q=text,
        roles=[(role.code, f"{role.title} ({LEVEL_TITLES[role.level]})") for role in _offered(actor)],
        groups=enrolment.groups(actor, own, year.begins_in, clock.today()) if own else [], own=own,
        on_day=clock.today(), municipalities=[] if own else organisations.municipalities(clock.today()),
    )  # fmt: skip


def _offered(actor: Actor) -> list[Role]:
    """The roles of the form: a head of an organisation gives only those of its staff."""
    given = {Level.ORGANISATION, Level.GROUPS} if actor.organisation_id is not None else set(Level)
    return [role for role in appointable() if role.level in given and (role.code != "head" or len(given) > 2)]


def _draft(request: HttpRequest, actor: Actor) -> AppointmentDraft:
    form = request.POST
    substitutes = uuid_of(form.get("substitutes"))
    role = ROLES.get(form.get("role", ""))
    organisation_id, municipality_id = actor.organisation_id, None
    if organisation_id is None and form.get("ogrn", "").strip():
        organisation_id = organisations.by_ogrn(form["ogrn"].strip()).id
    if role and role.level is Level.MUNICIPALITY:
        municipality_id = organisations.municipality(form.get("municipality", "")).id
    if role and role.level in {Level.MUNICIPALITY, Level.REGION}:
        organisation_id = None
    starts_on = optional_day(form.get("starts_on", ""), "Первый день")
    order_date = optional_day(form.get("order_date", ""), "Дата приказа")
    if starts_on is None or order_date is None:
        raise InvalidValue("access.dates", "Укажите дату приказа и первый день работы по назначению.")
    return AppointmentDraft(
        snils=form.get("snils", ""), full_name=form.get("full_name", ""), role_code=form.get("role", ""),
        post=form.get("post", ""), order_number=form.get("order_number", ""), order_date=order_date, starts_on=starts_on,
        ends_on=optional_day(form.get("ends_on", ""), "Последний день"), organisation_id=organisation_id,
        municipality_id=municipality_id, substitutes_id=substitutes,
        groups=tuple(found for text in form.getlist("groups") if (found := uuid_of(text))),
    )  # fmt: skip


@require_POST
def revoke(request: HttpRequest, appointment_id: UUID) -> HttpResponse:
    """Take a role back."""
    found = appointments.revoke(
        actor=actor_of(request), appointment_id=appointment_id, reason=request.POST.get("reason", "")
    )
    messages.success(request, f"Назначение отозвано: {found.full_name}. Открытые сеансы завершены.")
    return HttpResponseRedirect("/appointments/")


@require_http_methods(["GET", "POST"])
def open_emergency(request: HttpRequest) -> HttpResponse:
    """Open the card of one child outside the scope for an hour."""
    actor, session = actor_of(request), session_of(request)
    actor.require(AccessPermission.EMERGENCY)
    error: KontingentError | None = None
    if request.method == "POST":
        try:
            made = emergency.open_emergency(
                actor=actor,
                session=session,
                number=request.POST.get("snils", ""),
                reason=request.POST.get("reason", ""),
            )
            messages.warning(
                request, f"Экстренный доступ открыт до {made.until.astimezone(clock.REGION_ZONE):%H:%M}."
            )
            return HttpResponseRedirect(f"/learners/{made.person_id}/")
        except KontingentError as refusal:
            error = refusal
    return page(request, "access/emergency.html", error=error, values=request.POST)


@require_http_methods(["GET", "POST"])
def emergencies(request: HttpRequest) -> HttpResponse:
    """The queue of emergencies for the security officer; on POST the judgement of one."""
    actor = actor_of(request)
    if request.method == "POST":
        emergency.review(
            actor=actor, emergency_id=UUID(request.POST.get("emergency", "")),
            is_justified=request.POST.get("verdict") == "justified", text=request.POST.get("review", ""),
        )  # fmt: skip
        messages.success(request, "Решение записано.")
        return HttpResponseRedirect("/emergencies/")
    rows = list(queries.emergencies(actor)[:100])
    with scope.whole_register():  # whoever reviews must know whose record was opened
        names = persons.names_of([one.person_id for one in rows])
    reads.note(actor, ReadKind.LIST, list(names), what="экстренные доступы")
    return page(
        request,
        "access/emergencies.html",
        rows=[(one, names.get(one.person_id, "–"), queries.place_of(one.appointment)) for one in rows],
    )
