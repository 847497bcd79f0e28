"""Certificates of study: ordered by the family, made and revoked by the school, checked by anybody who holds the paper."""

from __future__ import annotations

from uuid import UUID, uuid4

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from kontingent.access.machines import limits
from kontingent.access.middleware import address_of
from kontingent.exchange.services import actions, queries, rules
from kontingent.exchange.services.permissions import CertificatePermission
from kontingent.kernel import clock
from kontingent.kernel.errors import InvalidValue, KontingentError
from kontingent.web.files import saved_as
from kontingent.web.middleware import status_of
from kontingent.web.request import actor_of, own_organisation, page, uuid_of, whole

EARLIEST_YEAR, LATEST_YEAR, LAST_PAGE = 1990, 2200, 10_000


def site_of(request: HttpRequest) -> str:
    """Return the address of this installation as a stranger types it."""
    return settings.ADDRESS or request.build_absolute_uri("/").rstrip("/")


@require_POST
def issue(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Order one for one's own child, or make one for a learner."""
    actor = actor_of(request)
    back = f"/family/{person_id}/#spravki" if actor.scope.is_family else "/certificates/"
    key = uuid_of(request.POST.get("order"))
    if key is None:
        raise InvalidValue("certificate.form", "Форма устарела. Обновите страницу и закажите справку снова.")
    made = actions.issue(
        actor=actor, person_id=person_id, order_key=key, site=site_of(request), is_demo=settings.DEMO
    )
    messages.success(request, f"Справка № {made.label} готова: её можно скачать и распечатать.")
    return HttpResponseRedirect(back)


@require_GET
def file(request: HttpRequest, certificate_id: UUID) -> HttpResponse:
    """The PDF; where it cannot be made byte for byte as issued, it says so on its face."""
    found = queries.file(actor_of(request), certificate_id)
    return saved_as(found.content, found.name)


@require_GET
def register(request: HttpRequest) -> HttpResponse:
    """The certificates of one's own organisation in a year."""
    return _register(request)


def _register(request: HttpRequest, error: KontingentError | None = None, failed: UUID | None = None) -> HttpResponse:  # fmt: skip
    actor, organisation_id = actor_of(request), own_organisation(request)
    year = min(max(whole(request.GET.get("year")) or clock.today().year, EARLIEST_YEAR), LATEST_YEAR)
    number = min(max((whole(request.GET.get("page")) or 1) - 1, 0), LAST_PAGE)
    found = queries.register(actor, organisation_id, year, number)
    answer = page(
        request, "certificates/register.html", found=found, year=year, number=number + 1,
        last=max(1, -(-found.total // queries.PAGE)), may_issue=actor.may(CertificatePermission.ISSUE), error=error, failed=failed,
        reason=request.POST.get("reason", ""),
    )  # fmt: skip
    answer.status_code = status_of(error)[0] if error else 200
    return answer


@require_POST
def revoke(request: HttpRequest, certificate_id: UUID) -> HttpResponse:
    """Revoke one for a reason."""
    try:
        found = actions.revoke(
            actor=actor_of(request), certificate_id=certificate_id, reason=request.POST.get("reason", "")
        )
    except InvalidValue as refusal:
        return _register(request, refusal, certificate_id)
    messages.success(request, f"Справка № {found.label} отозвана: страница проверки уже говорит об этом.")
    return HttpResponseRedirect(f"/certificates/?year={found.year}")


def order_key() -> str:
    """Return the key of a form, by which pressing twice makes one certificate."""
    return str(uuid4())


# -- the open page ---------------------------------------------------------------------------------


@require_GET
def check(request: HttpRequest) -> HttpResponse:
    """Ask for the code of a paper. Everybody may."""
    typed = request.GET.get("code", "")
    if not typed:
        return _checked(request, 200)
    code = rules.code_as_typed(typed)
    return HttpResponseRedirect(f"/check/{code}/") if code else _checked(request, 404, is_unknown=True)


@require_GET
def check_one(request: HttpRequest, code: str) -> HttpResponse:
    """Tell whether a paper is valid, by its code; an unknown code and no code at all are told in the same words."""
    now = clock.now()
    if limits.hit(f"check:{address_of(request) or ''}"[:80], now) > rules.MOST_CHECKS:
        answer = _checked(request, 429, is_too_often=True)
        answer.headers["Retry-After"] = str(60 - now.second)
        return answer
    known = rules.code_as_typed(code)
    found = queries.checked(known) if known else None
    return _checked(request, 200 if found else 404, found=found, is_unknown=found is None)


def _checked(request: HttpRequest, status: int, **context: object) -> HttpResponse:
    answer = render(request, "certificates/check.html", context, status=status)
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer
