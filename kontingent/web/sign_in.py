"""The door: to ЕСИА and back, in which quality to act, own sessions, leaving."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kontingent.access import queries, sessions
from kontingent.access import sign_in as door
from kontingent.access.esia.authorisation import logout_address
from kontingent.access.esia.refusals import EsiaRefused, Group
from kontingent.access.middleware import SESSION_KEY, address_of
from kontingent.access.models import SignIn
from kontingent.access.sessions import Visitor
from kontingent.kernel import clock
from kontingent.kernel.errors import KontingentError, NotAllowed
from kontingent.web.request import page

ATTEMPT = "esia_attempt"
_STATUS = {Group.DECLINED: 403, Group.ACCOUNT: 403, Group.RETRY: 503, Group.CONFIGURATION: 403}
_TITLES = {
    Group.DECLINED: "Вход отменён",
    Group.ACCOUNT: "Нужна подтверждённая учётная запись",
    Group.RETRY: "Госуслуги не ответили",
    Group.CONFIGURATION: "Вход не удался",
}


def sign_in(request: HttpRequest) -> HttpResponse:
    """Show the one button."""
    return page(
        request,
        "access/sign_in.html",
        next=_safe(request.GET.get("next", "/")),
        is_stand=bool(settings.ESIA and settings.ESIA.is_stand),
        is_ready=settings.ESIA is not None,
    )


@require_GET
def start(request: HttpRequest) -> HttpResponse:
    """Send the browser to ЕСИА with a signed request."""
    try:
        address, attempt = door.begin(_safe(request.GET.get("next", "/")))
    except KontingentError as refusal:
        door.refused(refusal, visitor_of(request))
        return _refusal(request, refusal)
    request.session[ATTEMPT] = attempt.to_session()
    return HttpResponseRedirect(address)


@require_GET
def callback(request: HttpRequest) -> HttpResponse:
    """Take what the browser brings back: open a session or say why not. An attempt is good for one return."""
    kept = request.session.pop(ATTEMPT, None)
    try:
        session, target = door.complete(kept, request.GET.dict(), visitor_of(request))
    except KontingentError as refusal:
        return _refusal(request, refusal)
    request.session.flush()
    request.session[SESSION_KEY] = str(session.id)
    if before := queries.previous_sign_in(session):
        messages.info(
            request,
            f"Прошлый вход: {before.started_at.astimezone(clock.REGION_ZONE):%d.%m.%Y %H:%M}, "
            f"адрес {before.address or 'не известен'}. Если это были не вы, завершите сеансы (ссылка с вашим именем).",
        )
    if not session.capacity:
        return HttpResponseRedirect("/capacity/")
    return HttpResponseRedirect(target)


def _refusal(request: HttpRequest, refusal: KontingentError) -> HttpResponse:
    group = refusal.group if isinstance(refusal, EsiaRefused) else None
    title = _TITLES[group] if group else "Войти пока нельзя"
    return render(
        request,
        "access/refused.html",
        {"title": title, "error": refusal, "again": group is not None},
        status=_STATUS[group] if group else 403,
    )


@require_http_methods(["GET", "POST"])
def capacity(request: HttpRequest) -> HttpResponse:
    """Choose in which quality to go on: an appointment, one's children, oneself."""
    session = session_of(request)
    if request.method == "POST":
        sessions.choose(session, request.POST.get("capacity", ""))
        request.session.cycle_key()
        return HttpResponseRedirect("/")
    return page(
        request,
        "access/capacity.html",
        capacities=queries.capacities(session, clock.today()),
        session=session,
    )


@require_http_methods(["GET", "POST"])
def own_sessions(request: HttpRequest) -> HttpResponse:
    """List one's own sessions; end all the others."""
    session = session_of(request)
    if request.method == "POST":
        ended = sessions.end_others(session)
        messages.success(request, f"Завершено других сеансов: {ended}.")
        return HttpResponseRedirect("/sessions/")
    return page(
        request, "access/sessions.html", sessions=queries.sessions_of(session.account), current=session
    )


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Leave here and in ЕСИА."""
    session = getattr(request, "sign_in", None)
    if isinstance(session, SignIn):
        sessions.end(session, "left")
    request.session.flush()
    return HttpResponseRedirect(logout_address(settings.ESIA) if settings.ESIA else "/sign-in/")


def session_of(request: HttpRequest) -> SignIn:
    """Return the session of the request."""
    session = getattr(request, "sign_in", None)
    if not isinstance(session, SignIn):
        raise NotAllowed("access.not_signed_in", "Войдите, чтобы продолжить.")
    return session


def visitor_of(request: HttpRequest) -> Visitor:
    """Return where a request comes from and by what program."""
    return Visitor(address_of(request), request.headers.get("User-Agent", ""))


def esia_origin() -> str:
    """Return scheme and host of ЕСИА, where the sign-out form is redirected to; empty where it is not configured."""
    parts = urlsplit(settings.ESIA.host) if settings.ESIA else None
    return f"{parts.scheme}://{parts.netloc}" if parts else ""


def _safe(target: str) -> str:
    return target if url_has_allowed_host_and_scheme(target, allowed_hosts=None) else "/"
