"""The door of ЕПГУ: a citizen's question in, the answer or the reason of refusal out; the timetable of ФГИС «Моя школа»."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse

from kontingent.api import declarations
from kontingent.api.serving import ApiRequest, answered, bad_parameter, refusals_as, serves, uuid_of
from kontingent.exchange.epgu import actions, payloads, questions, transfers
from kontingent.kernel.errors import InvalidValue, NotFound


@serves(declarations.ASK)
def ask(request: ApiRequest) -> HttpResponse:
    """Answer a citizen's question."""
    _require_json(request)
    asked = questions.from_json(request.read(questions.MOST_BYTES + 1))
    return answered(payloads.told(actions.answer(actor=request.actor, asked=asked)))


@serves(declarations.ASKED)
def tell_again(request: ApiRequest, message: str) -> HttpResponse:
    """Tell again what was answered."""
    return answered(
        payloads.told(actions.told(actor=request.actor, message_id=questions.message_id(message)))
    )


@serves(declarations.TRANSFERS)
def transfer_state(request: ApiRequest) -> HttpResponse:
    """Tell where a child's transfer is."""
    _require_json(request)
    asked = questions.about_transfers(request.read(questions.MOST_BYTES + 1))
    return answered(transfers.state(actor=request.actor, asked=asked))


def _require_json(request: HttpRequest) -> None:
    if request.content_type != "application/json":
        raise InvalidValue(
            "epgu.content_type", "Тело запроса – JSON: Content-Type должен быть application/json."
        )


# -- the timetable ---------------------------------------------------------------------------------


def _outcome(problem: Mapping[str, Any], named: Mapping[str, Any]) -> dict[str, Any]:
    """The contract of ФГИС «Моя школа» tells what is wrong by an ``OperationOutcome``."""
    missing = "expired" if problem["code"] == actions.EXPIRED else "not-found"
    code = missing if problem["status"] == 404 else "structure"
    return payloads.outcome(str(named["request_id"]), code, f"{problem['detail']} {problem['remedy']}")


@refusals_as(_outcome)
@serves(declarations.SCHEDULE)
def timetable(request: ApiRequest, request_id: str) -> HttpResponse:
    """Tell the timetable that an answered question opens."""
    found = uuid_of(request_id)
    if found is None:
        raise NotFound("epgu.no_such_request", "Такого ответа не было. Начните с запроса.")
    days = {name: _day(request, name) for name in ("start", "end")}
    return answered(actions.timetable(actor=request.actor, request_id=found, **days))


def _day(request: HttpRequest, name: str) -> date | None:
    text = request.GET.get(name, "")
    if not text:
        return None
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise bad_parameter(name, f"{name} «{text[:20]}» – не день. Запишите его как ГГГГ-ММ-ДД.")
