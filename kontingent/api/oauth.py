"""The token endpoint (RFC 6749 §4.4, client authentication by §2.3 and RFC 7523) and giving a token back (RFC 7009).

Only a form in the body is read; credentials in an address would end up in logs.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus

from django.conf import settings
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, JsonResponse

from kontingent.access.machines import actions, rules
from kontingent.access.machines.actions import AssertionCredentials, Credentials, SecretCredentials
from kontingent.access.machines.assertions import ASSERTION_TYPE
from kontingent.access.machines.permissions import MachinePermission
from kontingent.access.machines.refusals import OAuthError, OAuthRefused, TooManyRequests, unknown_client
from kontingent.api.declarations import TOKEN_PATH
from kontingent.api.serving import REALM, View, refusals_told
from kontingent.kernel.actor import Actor
from kontingent.storage.scope import at_the_door

#: The door itself, before it is known who knocks.
DOOR = Actor("system:oauth", "Сервер авторизации", "Система", frozenset({MachinePermission.ISSUE.value}))
_FORM = "application/x-www-form-urlencoded"
_NOT_KEPT = {"Cache-Control": "no-store", "Pragma": "no-cache"}


def _token(request: HttpRequest) -> HttpResponse:
    form = _form(request)
    credentials = _credentials(request, form)
    if "grant_type" not in form:
        raise _malformed("grant_type", "Нет параметра grant_type. Передайте grant_type=client_credentials.")
    if form["grant_type"] != "client_credentials":
        raise OAuthRefused(
            OAuthError.UNSUPPORTED_GRANT_TYPE,
            "machines.grant_type",
            "Токены выдаются только по grant_type=client_credentials. Исправьте запрос.",
            "only client_credentials is supported",
        )
    issued = actions.issue_token(actor=DOOR, credentials=credentials, scope=form.get("scope"))
    return _answer(
        {
            "access_token": issued.value,
            "token_type": "Bearer",
            "expires_in": int(issued.lasts.total_seconds()),
            "scope": rules.as_parameter(issued.scopes),
        }
    )


def _revoke(request: HttpRequest) -> HttpResponse:
    """200 whether or not there was such a token (RFC 7009 §2.2)."""
    form = _form(request)
    credentials = _credentials(request, form)
    if "token" not in form:
        raise _malformed("token", "Нет параметра token. Передайте токен, который возвращаете.")
    actions.revoke_token(actor=DOOR, credentials=credentials, token=form["token"])
    return _answer({})


def _told(view: View) -> View:
    """Answer refusals in the shape of RFC 6749 §5.2."""

    def guarded(request: HttpRequest) -> HttpResponse:
        try:
            with at_the_door():
                return view(request)
        except TooManyRequests as refusal:
            answer = _error(429, "slow_down", "too many requests", refusal.code, refusal.message)
            answer.headers["Retry-After"] = str(refusal.retry_after)
            return answer
        except OAuthRefused as refusal:
            return _refused(refusal)
        except (SuspiciousOperation, BadRequest):
            return _refused(
                _malformed("body", "Тело запроса не читается. Передайте форму из нескольких параметров.")
            )

    return guarded


token = refusals_told(_told(_token), "POST")
revoke = refusals_told(_told(_revoke), "POST")


def _form(request: HttpRequest) -> Mapping[str, str]:
    """Return the parameters of the body; one without a value counts as absent, one given twice is refused."""
    if request.content_type != _FORM:
        raise _malformed("content_type", f"Передайте параметры формой: Content-Type: {_FORM}.")
    if request.GET:
        raise _malformed(
            "query", "Передайте параметры в теле запроса, не в адресе: адреса попадают в журналы."
        )
    for name in request.POST:
        if len(request.POST.getlist(name)) > 1:
            raise _malformed("repeated", "Параметр указан дважды. Оставьте один.")
    return {name: value for name, value in request.POST.items() if isinstance(value, str) and value}


def _credentials(request: HttpRequest, form: Mapping[str, str]) -> Credentials:
    header = request.headers.get("Authorization", "")
    ways = [
        bool(header),
        "client_secret" in form,
        "client_assertion" in form or "client_assertion_type" in form,
    ]
    if sum(ways) > 1:
        raise _malformed("methods", "Система подтверждает себя двумя способами сразу. Оставьте один.")
    if header:
        return _basic(header, form)
    if "client_secret" in form and "client_id" in form:
        return SecretCredentials(form["client_id"], form["client_secret"], "client_secret_post")
    if ways[2]:
        if form.get("client_assertion_type") != ASSERTION_TYPE or "client_assertion" not in form:
            raise _malformed(
                "assertion_type", f"Передайте client_assertion и client_assertion_type={ASSERTION_TYPE}."
            )
        return AssertionCredentials(form["client_assertion"], form.get("client_id"), _audiences(request))
    raise OAuthRefused(
        OAuthError.INVALID_CLIENT,
        "machines.client_missing",
        "Система не подтвердила себя. Передайте client_id и client_secret или подписанное client_assertion.",
        "client authentication is missing",
    )


def _basic(header: str, form: Mapping[str, str]) -> SecretCredentials:
    scheme, _, encoded = header.partition(" ")
    try:
        decoded = (
            base64.b64decode(encoded.strip(), validate=True).decode() if scheme.lower() == "basic" else ""
        )
    except (binascii.Error, ValueError):
        raise unknown_client() from None
    client_id, colon, secret = decoded.partition(":")
    if not colon:
        raise unknown_client()
    client_id, secret = unquote_plus(client_id), unquote_plus(secret)
    if form.get("client_id", client_id) != client_id:
        raise _malformed("client_id", "client_id в заголовке и в форме различаются. Исправьте запрос.")
    return SecretCredentials(client_id, secret, "client_secret_basic")


def _audiences(request: HttpRequest) -> tuple[str, ...]:
    """Return whom an assertion may be addressed to: our address or our token endpoint."""
    address = settings.ADDRESS or f"{request.scheme}://{request.get_host()}"
    return address, f"{address}{TOKEN_PATH}"


def _malformed(what: str, message: str) -> OAuthRefused:
    return OAuthRefused(
        OAuthError.INVALID_REQUEST, f"machines.request_{what}", message, "the request is malformed"
    )


def _refused(refusal: OAuthRefused) -> HttpResponse:
    is_unknown = refusal.error is OAuthError.INVALID_CLIENT
    answer = _error(
        401 if is_unknown else 400, refusal.error, refusal.description, refusal.code, refusal.message
    )
    if is_unknown:
        answer.headers["WWW-Authenticate"] = f'Basic realm="{REALM}", charset="UTF-8"'
    return answer


def _error(status: int, error: str, description: str, code: str, detail: str) -> HttpResponse:
    return _answer(
        {"error": str(error), "error_description": description, "code": code, "detail": detail}, status=status
    )


def _answer(content: dict[str, Any], *, status: int = 200) -> HttpResponse:
    return JsonResponse(content, status=status, headers=_NOT_KEPT, json_dumps_params={"ensure_ascii": False})
