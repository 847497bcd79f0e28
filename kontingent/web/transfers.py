"""Transfers: who comes, who goes, one transfer with its deeds, the personal file, who left the region."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_GET, require_http_methods

from kontingent.enrolment import queries as enrolment
from kontingent.kernel import clock, snils
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue, KontingentError, NotAllowed, NotFound
from kontingent.kernel.school_year import SchoolYear
from kontingent.persons.matching import Fingerprint
from kontingent.trajectory.transfers import actions, documents, jobs, moving, queries, rules, terms
from kontingent.trajectory.transfers.actions import Application
from kontingent.trajectory.transfers.models import Succession, Transfer
from kontingent.trajectory.transfers.permissions import TransferPermission
from kontingent.web.files import saved_as
from kontingent.web.request import actor_of, optional_day, own_organisation, page, uuid_of, whole

_ASKED = ("family_name", "given_name", "patronymic", "birth_date", "snils")


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """A school's two boxes, or a territory's transfers, those that need somebody first."""
    actor = actor_of(request)
    actor.require(TransferPermission.VIEW)
    if actor.organisation_id is None:
        return page(
            request, "transfers/territory.html", box=queries.between(actor), counts=queries.counts(actor)
        )
    return page(
        request, "transfers/index.html", arriving=queries.arriving(actor), leaving=queries.leaving(actor), answer_days=terms.days("answer"),
        may_register=actor.may(TransferPermission.REGISTER),
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """The application: who is meant, then into which class and from when."""
    actor, here = actor_of(request), own_organisation(request)
    actor.require(TransferPermission.REGISTER, organisation_id=here)
    values = {name: request.POST.get(name, "").strip() for name in (*_ASKED, "applicant", "group", "person")}
    values |= {
        name: request.POST.get(name, "") or clock.today().isoformat() for name in ("applied_on", "arrives_on")
    }
    error: KontingentError | None = None
    found: list[queries.Found] | None = None
    if request.method == "POST":
        try:
            day = optional_day(values["arrives_on"], "Дата зачисления") or clock.today()
            found = queries.find(actor, _fingerprint(values), day)
            if values["person"]:
                made = _register(actor, here, values, found)
                messages.success(request, "Заявление принято. Теперь его утверждает руководитель.")
                return HttpResponseRedirect(f"/transfers/{made.pk}/")
        except NotAllowed:
            raise
        except KontingentError as refusal:
            error = refusal
    return page(
        request, "transfers/start.html", values=values, error=error, found=found,
        groups=[(str(one.id), one.title) for one in _classes(actor, here, clock.today())],
    )  # fmt: skip


def _fingerprint(values: dict[str, str]) -> Fingerprint:
    born = optional_day(values["birth_date"], "Дата рождения")
    number = snils.normalise(values["snils"]) if values["snils"] else None
    if not values["family_name"] or not values["given_name"] or (born is None and number is None):
        raise InvalidValue(
            "transfers.who",
            "Укажите фамилию, имя и дату рождения ребёнка (или СНИЛС), как в заявлении семьи.",
        )
    return Fingerprint.of(
        values["family_name"], values["given_name"], values["patronymic"], birth_date=born, snils=number
    )


def _register(actor: Actor, here: UUID, values: dict[str, str], found: list[queries.Found]) -> Transfer:
    who = uuid_of(values["person"])
    if who is None or who not in {one.candidate.person_id for one in found}:
        raise InvalidValue("transfers.whom", "Выберите ребёнка из найденных.")
    group = uuid_of(values["group"])
    if group is None:
        raise InvalidValue("transfers.class", "Выберите класс, в который зачисляется ребёнок.")
    applied, arrives = (
        optional_day(values["applied_on"], "Дата заявления"),
        optional_day(values["arrives_on"], "Дата зачисления"),
    )
    if applied is None or arrives is None:
        raise InvalidValue("transfers.days", "Укажите дату заявления и дату, с которой ребёнок зачисляется.")
    wish = Application(
        person_id=who, group_id=group, applicant=values["applicant"], applied_on=applied, arrives_on=arrives
    )
    return actions.register(actor=actor, receiver_id=here, application=wish)


@require_http_methods(["GET", "POST"])
def one(request: HttpRequest, transfer_id: UUID) -> HttpResponse:
    """One transfer with its history; on POST one of its deeds."""
    actor = actor_of(request)
    error: KontingentError | None = None
    if request.method == "POST":
        try:
            return _do(request, transfer_id)
        except (NotAllowed, NotFound):
            raise
        except KontingentError as refusal:
            error = refusal
    row, steps = queries.one(actor, transfer_id)
    may = actor.may
    return page(
        request, "transfers/one.html", row=row, one=row.one, steps=steps, error=error, values=request.POST, waiting=jobs.waiting(transfer_id),
        may_approve=row.here and may(TransferPermission.APPROVE) and row.one.state == "registered",
        may_answer=row.leaves and may(TransferPermission.APPROVE) and row.one.state == "approved" and row.one.answer != "confirmed",
        may_withdraw=(row.here or row.leaves) and may(TransferPermission.REGISTER) and row.is_open,
        groups=_classes(actor, row.one.receiver_id, row.one.arrives_on) if (amends := _may_amend(actor, row)) else [], may_amend=amends,
        may_decide=may(TransferPermission.DECIDE) and row.one.state == "approved",
        may_cancel=row.one.state == "completed" and not row.one.cancel_reason
        and (may(TransferPermission.DECIDE) or (row.here and may(TransferPermission.APPROVE))),
        may_file=row.here and may(TransferPermission.REGISTER) and row.one.state in {"approved", "completed"},
    )  # fmt: skip


@require_GET
def progress(request: HttpRequest, transfer_id: UUID) -> HttpResponse:
    """The part of the page that is asked for again and again while both orders are being signed; reloads the page when that is over."""
    queries.check_told(actor_of(request), transfer_id)
    waiting = jobs.waiting(transfer_id)
    if not waiting:
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    return page(request, "transfers/bar.html", transfer_id=transfer_id, waiting=waiting)


def _classes(actor: Actor, organisation_id: UUID, on: date) -> list[enrolment.GroupRow]:
    year = SchoolYear.of(on).begins_in
    return [
        one
        for one in enrolment.groups(actor, organisation_id, year, on)
        if one.closed_on is None and rules.is_class(one.programme_kind_code)
    ]


def _may_amend(actor: Actor, row: queries.Row) -> bool:
    return row.here and actor.may(TransferPermission.APPROVE) and row.one.state == "approved"


_SAID = {
    "amend": "Исправлено. Перевод проверяется снова.",
    "approve": "Зачисление утверждено. Прежняя организация извещена.",
    "confirm": "Перевод подтверждён. Оба приказа подписываются сейчас.",
    "object": "Возражение записано, его увидит муниципалитет. Срок перевода идёт.",
    "withdraw": "Заявление отозвано.",
    "stop": "Перевод остановлен.",
    "decide": "Решение записано. Оба приказа подписываются сейчас.",
    "settle": "Проверяется сейчас. Если завершить ещё рано или нельзя, здесь будет сказано, почему.",
    "cancel": "Оба приказа отменяются сейчас.",
}


def _do(request: HttpRequest, transfer_id: UUID) -> HttpResponse:
    actor, data, act = actor_of(request), request.POST, request.POST.get("act", "")
    common: dict[str, Any] = {
        "actor": actor,
        "transfer_id": transfer_id,
        "version": whole(data.get("version")),
    }
    number, reason = data.get("number", ""), data.get("reason", "")
    match act:
        case "approve":
            actions.approve(number=number, **common)
        case "amend":
            group = uuid_of(data.get("group", ""))
            if group is None:
                raise InvalidValue("transfers.class", "Выберите класс, в который зачисляется ребёнок.")
            actions.amend(group_id=group, number=number, **common)
        case "confirm":
            actions.confirm(number=number, **common)
        case "object":
            actions.object_to(reason=reason, **common)
        case "withdraw":
            actions.withdraw(reason=reason, **common)
        case "stop":
            actions.stop(reason=reason, **common)
        case "decide":
            actions.decide(reason=reason, **common)
        case "cancel":
            actions.ask_to_cancel(reason=reason, **common)
        case "settle":
            queries.one(actor, transfer_id)
        case _:
            raise InvalidValue("transfers.act", "Нажмите одну из кнопок на странице перевода.")
    if act in {"amend", "confirm", "decide", "cancel", "settle"}:
        jobs.settle.defer(transfer_id=str(transfer_id))
    messages.success(request, _SAID[act])
    return HttpResponseRedirect(f"/transfers/{transfer_id}/")


@require_GET
def file(request: HttpRequest, transfer_id: UUID) -> HttpResponse:
    """The personal file that goes along."""
    return page(request, "transfers/file.html", file=queries.personal_file(actor_of(request), transfer_id))


@require_GET
def file_pdf(request: HttpRequest, transfer_id: UUID) -> HttpResponse:
    """The same as PDF."""
    found = queries.personal_file(actor_of(request), transfer_id)
    return saved_as(
        documents.personal_file(found, is_demo=settings.DEMO), f"lichnoe-delo-{transfer_id.hex[-8:]}.pdf"
    )


@require_http_methods(["GET", "POST"])
def departures(request: HttpRequest) -> HttpResponse:
    """Who left the region, and of whom it is not known that they arrived; on POST keep that one did."""
    actor = actor_of(request)
    error: KontingentError | None = None
    if request.method == "POST":
        try:
            enrolment_id = uuid_of(request.POST.get("enrolment", ""))
            day = optional_day(request.POST.get("arrived_on", ""), "Дата прибытия")
            if enrolment_id is None or day is None:
                raise InvalidValue("transfers.arrived_on", "Укажите дату прибытия, как в письме новой школы.")
            actions.confirm_departure(
                actor=actor,
                enrolment_id=enrolment_id,
                arrived_on=day,
                evidence=request.POST.get("evidence", ""),
            )
            messages.success(request, "Прибытие подтверждено.")
            return HttpResponseRedirect("/transfers/departures/")
        except (NotAllowed, NotFound):
            raise
        except KontingentError as refusal:
            error = refusal
    return page(
        request, "transfers/departures.html", waiting=queries.departures(actor), confirmed=queries.departures(actor, confirmed=True),
        error=error, values=request.POST, may_confirm=actor.may(TransferPermission.REGISTER),
    )  # fmt: skip


@require_GET
def successions(request: HttpRequest) -> HttpResponse:
    """The organisations that are no more and whose learners have not gone to the successor; what was done."""
    return page(
        request, "transfers/successions.html", pending=moving.pending(actor_of(request)), done=Succession.objects.select_related(
            "link__predecessor", "link__successor").order_by("-asked_at")[:50],
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
def succession(request: HttpRequest, link_id: int) -> HttpResponse:
    """The plan of one act, class by class; on POST ask for it."""
    actor = actor_of(request)
    error: KontingentError | None = None
    if request.method == "POST":
        try:
            asked = moving.ask(
                actor=actor, link_id=link_id, leaving_number=request.POST.get("leaving_number", ""),
                arriving_number=request.POST.get("arriving_number", ""), basis=request.POST.get("basis", ""),
            )  # fmt: skip
            jobs.move.defer(succession_id=str(asked.pk))
            messages.success(request, "Перевод запущен: приказы подписываются сейчас, это займёт до минуты.")
            return HttpResponseRedirect("/transfers/successions/")
        except (NotAllowed, NotFound):
            raise
        except KontingentError as refusal:
            error = refusal
    return page(
        request,
        "transfers/succession.html",
        plan=moving.plan(actor, link_id),
        error=error,
        values=request.POST,
    )
