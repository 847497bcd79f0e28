"""Organisations: the registry, the card on any day, history, proposing and confirming changes."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_http_methods, require_POST

from kontingent.codelists import queries as codelists
from kontingent.kernel import clock
from kontingent.kernel.errors import KontingentError
from kontingent.organisations import actions, queries
from kontingent.organisations.permissions import OrganisationPermission
from kontingent.programmes import queries as programmes
from kontingent.web.request import actor_of, day, optional_day, page, whole

TITLES = {
    "full_name": "Полное наименование", "short_name": "Краткое наименование", "ogrn": "ОГРН", "inn": "ИНН", "kpp": "КПП",
    "type_code": "Тип", "founder_kind_code": "Вид по учредителю", "founder_name": "Учредитель", "okopf": "ОКОПФ",
    "okfs": "ОКФС", "okogu": "ОКОГУ", "okved": "ОКВЭД", "oktmo": "ОКТМО", "is_rural": "Сельская", "is_small": "Малокомплектная",
    "legal_address": "Юридический адрес", "actual_address": "Фактический адрес", "phone": "Телефон", "email": "Эл. почта",
    "site": "Сайт", "head_name": "Руководитель", "head_position": "Должность руководителя", "capacity": "Проектная мощность",
    "shifts_code": "Сменность", "journal_name": "Электронный журнал", "status_code": "Состояние", "municipality": "Муниципалитет",
    "closed_on": "Закрыта",
}  # fmt: skip
_LISTS = {
    **{name: code for name, code in actions.FIELDS.items() if code},
    "okopf": "okopf",
    "okfs": "okfs",
    "status_code": "organisation_status",
}


def shown(name: str, value: Any) -> str:
    """Return a value of an attribute for people."""
    if value in (None, ""):
        return "–"
    if isinstance(value, bool):
        return "да" if value else "нет"
    return codelists.title(_LISTS[name], str(value)) if name in _LISTS else str(value)


def register(request: HttpRequest) -> HttpResponse:
    """Search the registry."""
    asked = {name: request.GET.get(name, "") for name in ("text", "municipality", "type_code", "status")}
    found = queries.register(**asked, page=whole(request.GET.get("page")) or 1)
    return page(
        request,
        "organisations/register.html",
        found=found,
        asked=asked,
        query=urlencode({k: v for k, v in asked.items() if v}),
        municipalities=[(m.code, m.name) for m in queries.municipalities(clock.today())],
        types=codelists.choices("organisation_type"),
        statuses=codelists.choices("organisation_status"),
    )


def card(request: HttpRequest, organisation_id: UUID) -> HttpResponse:
    """Show what the registry says of an organisation for a day."""
    actor, on = actor_of(request), day(request)
    organisation = queries.get(organisation_id)
    facts = queries.on(organisation_id, on)
    covered = actor.scope.covers(organisation.id, organisation.municipality_id)
    return page(
        request,
        "organisations/card.html",
        organisation=organisation,
        on=on,
        facts=[(title, shown(name, facts.get(name))) for name, title in TITLES.items()] if facts else [],
        branches=organisation.branches.all(),
        links=[
            *organisation.successors.select_related("successor"),
            *organisation.predecessors.select_related("predecessor"),
        ],
        licences=organisation.licences.all(),
        programmes=programmes.of_organisation(organisation_id),
        history=[
            (
                change,
                [(TITLES.get(n, n), shown(n, old), shown(n, new)) for n, (old, new) in change.fields.items()],
            )
            for change in queries.history(organisation_id)
        ],
        may_propose=covered and actor.may(OrganisationPermission.PROPOSE),
        may_change=covered and actor.may(OrganisationPermission.CONFIRM),
        oktmo=organisation.municipality.oktmo_codes.order_by("valid_from"),
    )


@require_http_methods(["GET", "POST"])
def propose(request: HttpRequest, organisation_id: UUID) -> HttpResponse:
    """Propose a change of one's organisation, or (with the right) make it at once."""
    actor = actor_of(request)
    organisation = queries.in_scope(actor, organisation_id)
    names = [name for name in TITLES if name in actions.PROPOSABLE and name not in {"is_small"}]
    values = {name: request.POST.get(name, getattr(organisation, name)) for name in names}
    error: KontingentError | None = None
    if request.method == "POST":
        try:
            changes: dict[str, Any] = {name: str(value or "").strip() for name, value in values.items()}
            changes["capacity"] = whole(changes["capacity"])
            since = optional_day(request.POST.get("valid_from", ""), "Дата") or clock.today()
            basis = request.POST.get("basis", "")
            if actor.may(OrganisationPermission.CONFIRM):
                actions.change_organisation(
                    actor=actor,
                    organisation_id=organisation_id,
                    changes=changes,
                    valid_from=since,
                    basis=basis,
                )
                messages.success(request, "Сведения изменены.")
            else:
                actions.propose_change(
                    actor=actor,
                    organisation_id=organisation_id,
                    changes=changes,
                    valid_from=since,
                    basis=basis,
                )
                messages.success(
                    request, "Предложение отправлено: его рассмотрит муниципалитет или министерство."
                )
            return HttpResponseRedirect(f"/organisations/{organisation_id}/")
        except KontingentError as refusal:
            error = refusal
    return page(
        request,
        "organisations/propose.html",
        organisation=organisation,
        fields=[
            (n, TITLES[n], values[n], codelists.choices(_LISTS[n]) if n in _LISTS else None) for n in names
        ],
        error=error,
        basis=request.POST.get("basis", ""),
        since=request.POST.get("valid_from", clock.today().isoformat()),
    )


def proposals(request: HttpRequest) -> HttpResponse:
    """The queue of proposals in scope."""
    actor = actor_of(request)
    rows = [
        (one, [(TITLES.get(n, n), shown(n, old), shown(n, new)) for n, (old, new) in one.changes.items()])
        for one in queries.proposals(actor)
    ]
    return page(
        request,
        "organisations/proposals.html",
        rows=rows,
        may_confirm=actor.may(OrganisationPermission.CONFIRM),
        may_withdraw=actor.may(OrganisationPermission.PROPOSE),
    )


@require_POST
def decide(request: HttpRequest, proposal_id: UUID) -> HttpResponse:
    """Confirm, reject or withdraw a proposal."""
    actor, decision = actor_of(request), request.POST.get("decision", "")
    if decision == "confirm":
        actions.confirm_proposal(actor=actor, proposal_id=proposal_id)
        messages.success(request, "Изменение подтверждено и вступило в силу.")
    elif decision == "withdraw":
        actions.withdraw_proposal(actor=actor, proposal_id=proposal_id)
        messages.success(request, "Предложение отозвано.")
    else:
        actions.reject_proposal(actor=actor, proposal_id=proposal_id, remark=request.POST.get("remark", ""))
        messages.success(request, "Предложение возвращено с замечанием.")
    return HttpResponseRedirect("/organisations/proposals/")
