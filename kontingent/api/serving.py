"""Around every endpoint: who asks, how often, with what; and refusals as problem+json (RFC 9457)."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import wraps
from http import HTTPStatus
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, JsonResponse

from kontingent.access.machines import limits
from kontingent.access.machines import queries as machines
from kontingent.access.machines.refusals import OAuthError, OAuthRefused, TooManyRequests
from kontingent.access.machines.rules import MachineScope
from kontingent.api.declarations import Endpoint
from kontingent.audit import actions as audit
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import (
    Conflict,
    Gone,
    InvalidValue,
    KontingentError,
    Moved,
    NotAllowed,
    NotFound,
    TryLater,
    Unavailable,
)
from kontingent.storage.scope import at_the_door, scoped

View = Callable[..., HttpResponse]
log = logging.getLogger(__name__)
REALM = "kontingent"
PROBLEM = "application/problem+json"
_BEARER = re.compile(r"[Bb]earer +([A-Za-z0-9._~+/-]+=*)")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_STATUS: tuple[tuple[type[KontingentError], HTTPStatus, str], ...] = (
    (NotFound, HTTPStatus.NOT_FOUND, "Проверьте идентификатор или номер в запросе."),
    (NotAllowed, HTTPStatus.FORBIDDEN, "Запрашивайте данные своих организаций; иное даёт оператор региона."),
    (Conflict, HTTPStatus.CONFLICT, "Прочитайте данные заново и повторите запрос."),
    (Gone, HTTPStatus.GONE, "Прочитайте данные заново и продолжайте с нового места."),
    (InvalidValue, HTTPStatus.BAD_REQUEST, "Исправьте параметр и повторите запрос."),
    (
        Unavailable,
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Подождите, сколько сказано в Retry-After, и повторите запрос.",
    ),
    (TryLater, HTTPStatus.TOO_MANY_REQUESTS, "Подождите, сколько сказано в Retry-After, и повторите запрос."),
    (TooManyRequests, HTTPStatus.TOO_MANY_REQUESTS, "Подождите, сколько сказано в Retry-After."),
)


class ApiRequest(HttpRequest):
    """A request whose bearer is known."""

    actor: Actor
    scopes: frozenset[MachineScope]


def serves(endpoint: Endpoint) -> Callable[[View], View]:
    """Make a view answer an endpoint as it is declared: its method, its scope, its parameters."""

    def around(view: View) -> View:
        inner = bearer(endpoint.scope, own_transactions=endpoint.own_transactions)(
            _known_parameters(endpoint, view)
        )

        @wraps(view)
        def answer(request: HttpRequest, **named: Any) -> HttpResponse:
            return refusals_told(inner, endpoint.method)(request, **named)

        return answer

    return around


def bearer(
    scope: MachineScope, *, wider: frozenset[MachineScope] = frozenset(), own_transactions: bool = False
) -> Callable[[View], View]:
    """Let in whoever holds a live token with the scope or a ``wider`` one, and put ``actor`` and ``scopes`` on the request.

    The view runs in one transaction of the actor's scope, unless it says its scope itself, transaction by transaction.
    """

    def around(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, **named: Any) -> HttpResponse:
            now = clock.now()
            with at_the_door():
                held = machines.bearer_of(_token_of(request), now=now)
                limits.count_request(held.client.id, limit=held.client.rate_per_minute, now=now)
            known = cast(ApiRequest, request)
            known.actor, known.scopes = held.actor, held.scopes
            if not held.scopes & {scope, *wider}:
                raise OAuthRefused(
                    OAuthError.INSUFFICIENT_SCOPE,
                    "machines.scope_missing",
                    f"Для этого запроса нужна область доступа {scope.value}, в токене её нет.",
                    "the token lacks the scope",
                    scope=scope.value,
                    remedy="Запросите токен с этой областью; если она не разрешена системе – обратитесь к оператору региона.",
                )
            if own_transactions:
                return view(known, **named)
            with scoped(held.actor):
                return view(known, **named)

        return guarded

    return around


def refusals_told(view: View, method: str) -> View:
    """Answer refusals as problem+json; whatever breaks is logged and told without details."""

    @wraps(view)
    def guarded(request: HttpRequest, **named: Any) -> HttpResponse:
        if settings.HTTPS and not request.is_secure():
            return problem(
                403,
                "api.insecure",
                "Запрос пришёл без шифрования, секрет или токен могли быть перехвачены.",
                "Обращайтесь по https и замените секрет: его выпускает администратор безопасности.",
            )
        if request.method != method:
            refused = problem(
                405,
                "api.method",
                f"Здесь принимается только {method}.",
                f"Повторите запрос методом {method}.",
            )
            refused.headers["Allow"] = method
            return refused
        try:
            return view(request, **named)
        except Moved as moved:
            return _led_on(request, moved, str(named.get("person_id", "")))
        except KontingentError as refusal:
            actor = getattr(request, "actor", None)
            if isinstance(actor, Actor) and isinstance(refusal, NotAllowed):
                person_id = named.get("person_id")
                audit.refused(
                    refusal, actor=actor, path=request.path, subjects=[person_id] if person_id else []
                )
            return _refused(refusal)
        except (SuspiciousOperation, BadRequest):
            return problem(
                400, "api.malformed", "Запрос составлен неверно.", "Сверьте запрос с описанием интерфейса."
            )
        except Exception:
            log.exception("the API failed at %s", request.path)
            return problem(
                500, "api.failure", "Сбой сервера, он записан в журнал.", "Повторите запрос через минуту."
            )

    return guarded


def refusals_as(
    shape: Callable[[Mapping[str, Any], Mapping[str, Any]], dict[str, Any]],
) -> Callable[[View], View]:
    """Tell refusals as another contract does: ``shape`` takes the problem and the names of the address; status and headers stay."""

    def around(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, **named: Any) -> HttpResponse:
            answer = view(request, **named)
            if answer.headers.get("Content-Type") != PROBLEM:
                return answer
            told = JsonResponse(
                shape(json.loads(answer.content), named),
                status=answer.status_code,
                json_dumps_params={"ensure_ascii": False},
            )
            for name, value in answer.headers.items():
                told.headers.setdefault(name, value)
            return told

        return guarded

    return around


def problem(status: int, code: str, detail: str, remedy: str) -> HttpResponse:
    """Return a problem in JSON."""
    return JsonResponse(
        {
            "type": f"urn:kontingent:problem:{code}",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "code": code,
            "detail": detail,
            "remedy": remedy,
        },
        status=status,
        content_type=PROBLEM,
        headers={"Cache-Control": "no-store"},
        json_dumps_params={"ensure_ascii": False},
    )


def answered(content: dict[str, Any]) -> HttpResponse:
    """Return JSON that nobody keeps."""
    return JsonResponse(
        content, headers={"Cache-Control": "no-store"}, json_dumps_params={"ensure_ascii": False}
    )


def no_such_address(request: HttpRequest, **_named: str) -> HttpResponse:
    """404 of every address that the API does not have."""
    return problem(
        404, "api.no_such_address", "Такого адреса в программном интерфейсе нет.",
        "Сверьте адрес с описанием интерфейса (docs/reference/openapi.json).",
    )  # fmt: skip


def _led_on(request: HttpRequest, moved: Moved, asked: str) -> HttpResponse:
    """The record was merged: a merge may be undone, so the new address is not for ever (307, not 308)."""
    answer = problem(307, moved.code, moved.message, f"Обращайтесь к записи {moved.successor}.")
    answer.headers["Location"] = request.get_full_path().replace(asked, str(moved.successor))
    return answer


def _refused(refusal: KontingentError) -> HttpResponse:
    if isinstance(refusal, OAuthRefused):
        return _not_let_in(refusal)
    status, remedy = next(
        ((status, remedy) for kind, status, remedy in _STATUS if isinstance(refusal, kind)),
        (HTTPStatus.UNPROCESSABLE_ENTITY, "Сверьте запрос с описанием интерфейса."),
    )
    answer = problem(status, refusal.code, refusal.message, str(refusal.facts.get("remedy", remedy)))
    if isinstance(refusal, TooManyRequests | TryLater):
        answer.headers["Retry-After"] = str(refusal.retry_after)
    return answer


def _not_let_in(refusal: OAuthRefused) -> HttpResponse:
    """RFC 6750 §3: no error code for whoever brought no token at all."""
    status = 403 if refusal.error is OAuthError.INSUFFICIENT_SCOPE else 401
    remedy = str(refusal.facts.get("remedy", "Получите токен: POST /api/v1/oauth/token."))
    answer = problem(status, refusal.code, refusal.message, remedy)
    challenge = f'Bearer realm="{REALM}"'
    if refusal.code != "machines.token_missing":
        challenge += f', error="{refusal.error}", error_description="{refusal.description}"'
    if "scope" in refusal.facts:
        challenge += f', scope="{refusal.facts["scope"]}"'
    answer.headers["WWW-Authenticate"] = challenge
    return answer


def _token_of(request: HttpRequest) -> str:
    header = request.headers.get("Authorization", "")
    if match := _BEARER.fullmatch(header.strip()):
        return match.group(1)
    raise OAuthRefused(
        OAuthError.INVALID_TOKEN,
        "machines.token_missing",
        "В запросе нет токена доступа. Передайте заголовок Authorization: Bearer <токен>.",
        "no access token",
    )


# -- parameters --------------------------------------------------------------------------------


def _known_parameters(endpoint: Endpoint, view: View) -> View:
    """Refuse parameters that are not declared or come twice: a slip must not widen what is read."""
    known = [one.name for one in endpoint.parameters]

    @wraps(view)
    def guarded(request: HttpRequest, **named: Any) -> HttpResponse:
        for name in request.GET:
            if name not in known:
                raise bad_parameter(name, f"Параметра «{name[:40]}» здесь нет. Есть: {', '.join(known)}.")
            if len(request.GET.getlist(name)) > 1:
                raise bad_parameter(name, f"Параметр «{name}» указан дважды. Оставьте один.")
        return view(request, **named)

    return guarded


def bad_parameter(name: str, message: str) -> InvalidValue:
    """The refusal of a parameter."""
    return InvalidValue("api.parameter", message, parameter=name[:40])


def day_of(request: HttpRequest) -> date:
    """Return the parameter ``on``, today without it."""
    text = request.GET.get("on", "")
    if not text:
        return clock.today()
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise bad_parameter(
        "on", f"День «{text[:20]}» не читается. Запишите его как ГГГГ-ММ-ДД, например 2026-09-01."
    )


def whole_of(request: HttpRequest, name: str, *, usual: int, most: int) -> int:
    """Return a whole number from 1 to ``most``."""
    text = request.GET.get(name, "")
    if not text:
        return usual
    if not re.fullmatch(r"[0-9]{1,6}", text) or not 1 <= int(text) <= most:
        raise bad_parameter(name, f"{name} – целое число от 1 до {most}. Исправьте его.")
    return int(text)


def uuid_of(text: str) -> UUID | None:
    """Return an id in its usual writing, None when it is not one."""
    try:
        found = UUID(text)
    except ValueError:
        return None
    return found if str(found) == text.lower() else None
