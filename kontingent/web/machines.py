"""Outside systems: what each may have, when it was last heard of; registering, secrets, keys, stopping."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_http_methods

from kontingent.access.machines import actions, queries, rules
from kontingent.access.machines.actions import ClientDraft, NewSecret
from kontingent.access.machines.models import ApiClient
from kontingent.access.machines.rules import SCOPES, Reach
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue, KontingentError
from kontingent.organisations import queries as organisations
from kontingent.web.request import actor_of, page, whole


@require_http_methods(["GET", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """List the systems; on POST register one and show its page with the first secret."""
    actor = actor_of(request)
    error: KontingentError | None = None
    if request.method == "POST":
        try:
            made = actions.register_client(actor=actor, draft=_draft(request))
            return _card(request, actor, made.client_id, secret=_first_secret(actor, made))
        except KontingentError as refusal:
            error = refusal
    found = list(queries.clients(actor)[:300])
    uses = queries.last_uses(found)
    return page(
        request, "machines/index.html", rows=[(one, queries.reach_in_words(one), uses.get(one.id)) for one in found],
        error=error, values=request.POST, chosen=request.POST.getlist("scope"), scopes=SCOPES.items(),
        municipalities=organisations.municipalities(clock.today()), rate=rules.DEFAULT_RATE,
    )  # fmt: skip


def _first_secret(actor: Actor, made: ApiClient) -> NewSecret:
    return actions.issue_secret(actor=actor, client_id=made.client_id)


def _draft(request: HttpRequest) -> ClientDraft:
    form = request.POST
    ogrn, municipality = form.get("ogrn", "").strip(), form.get("municipality", "")
    reach = Reach(
        organisation_id=organisations.by_ogrn(ogrn).id if ogrn else None,
        municipality_id=organisations.municipality(municipality).id if municipality else None,
        whole_region=form.get("region") == "yes",
    )
    return ClientDraft(
        name=form.get("name", ""), reach=reach, scopes=form.getlist("scope"), contact=form.get("contact", ""),
        rate_per_minute=whole(form.get("rate")) or 0,
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
def one(request: HttpRequest, client_id: str) -> HttpResponse:
    """Show a system; on POST do one thing to it. A new secret is shown in the very answer, once."""
    actor = actor_of(request)
    if request.method == "GET":
        return _card(request, actor, client_id)
    try:
        secret = _act(request, actor, client_id)
    except KontingentError as refusal:
        return _card(request, actor, client_id, error=refusal)
    return _card(request, actor, client_id, secret=secret) if secret else HttpResponseRedirect(request.path)


def _act(request: HttpRequest, actor: Actor, client_id: str) -> NewSecret | None:
    form = request.POST
    match form.get("act"):
        case "rotate":
            return actions.rotate(actor=actor, client_id=client_id)
        case "change":
            actions.change_client(
                actor=actor, client_id=client_id, scopes=form.getlist("scope"), rate_per_minute=whole(form.get("rate")) or 0,
                basis=form.get("basis", ""),
            )  # fmt: skip
        case "suspend":
            actions.suspend_client(actor=actor, client_id=client_id, reason=form.get("reason", ""))
        case "resume":
            actions.resume_client(actor=actor, client_id=client_id)
        case "revoke":
            actions.revoke_client(actor=actor, client_id=client_id, reason=form.get("reason", ""))
        case "add-key":
            actions.add_key(
                actor=actor, client_id=client_id, public_key=form.get("key", ""), kid=form.get("kid", "")
            )
        case "revoke-key":
            actions.revoke_key(actor=actor, client_id=client_id, kid=form.get("kid", ""))
        case _:
            raise InvalidValue(
                "machines.act", "Действие не выбрано. Обновите страницу и нажмите нужную кнопку."
            )
    return None


def _card(
    request: HttpRequest,
    actor: Actor,
    client_id: str,
    *,
    secret: NewSecret | None = None,
    error: KontingentError | None = None,
) -> HttpResponse:
    found = queries.client(actor, client_id)
    now = clock.now()
    is_refused_change = error is not None and request.POST.get("act") == "change"
    return page(
        request, "machines/one.html", one=found, reach=queries.reach_in_words(found), secret=secret, error=error,
        used=queries.last_uses([found]).get(found.id), scopes=[(code, SCOPES[rules.MachineScope(code)].title) for code in found.scopes],
        secrets=found.secrets.filter(revoked_at=None, expires_at__gt=now).order_by("-created_at"),
        keys=found.keys.filter(revoked_at=None).order_by("created_at"), overlap=rules.OVERLAP.days,
        every_scope=SCOPES.items(), chosen=request.POST.getlist("scope") if is_refused_change else found.scopes,
        values=request.POST if is_refused_change else {"rate": found.rate_per_minute},
    )  # fmt: skip
