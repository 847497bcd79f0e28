"""The door of ЕПГУ: a citizen's question in, the answer or the reason of refusal out; the timetable of ФГИС «Моя школа»."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

import msgspec
from django.http import HttpRequest, HttpResponse
from msgspec import Meta, Struct

from kontingent.api import declarations
from kontingent.api.serving import ApiRequest, answered, bad_parameter, refusals_as, serves, uuid_of
from kontingent.exchange.epgu import actions, payloads, rules
from kontingent.exchange.epgu.actions import Asked
from kontingent.exchange.epgu.codes import REFUSAL_TOLD, SMEV_REASON, Content, Refusal
from kontingent.exchange.epgu.models import ServiceRequest
from kontingent.kernel import snils
from kontingent.kernel.errors import InvalidValue, NotFound

MOST_BYTES = 20_000
_MESSAGE = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_LIKE_SNILS = re.compile(r"\d{3}[.:-]?\d{3}[.:-]?\d{3}[.:-]?\d{2}")


class _Person(Struct, forbid_unknown_fields=True, rename="camel"):
    snils: Annotated[str, Meta(max_length=20)]
    last_name: Annotated[str, Meta(max_length=100)] = ""
    first_name: Annotated[str, Meta(max_length=100)] = ""
    middle_name: Annotated[str, Meta(max_length=100)] = ""
    birth_date: date | None = None


class _Days(Struct, forbid_unknown_fields=True, rename={"from_": "from"}):
    from_: date
    to: date


class _Question(Struct, forbid_unknown_fields=True, rename="camel"):
    message_id: Annotated[str, Meta(max_length=64)]
    applicant: _Person
    child: _Person
    period: _Days | None = None
    content: list[Content] = []


@serves(declarations.ASK)
def ask(request: ApiRequest) -> HttpResponse:
    """Answer a citizen's question."""
    question = _read(request)
    asked = Asked(
        message_id=_message(question.message_id),
        applicant=_snils(question.applicant.snils, "applicant.snils"),
        child=_snils(question.child.snils, "child.snils"),
        child_born=question.child.birth_date,
        start=question.period.from_ if question.period else None,
        end=question.period.to if question.period else None,
        content=rules.asked_for(question.content),
    )
    return answered(_told(actions.answer(actor=request.actor, asked=asked)))


@serves(declarations.ASKED)
def tell_again(request: ApiRequest, message: str) -> HttpResponse:
    """Tell again what was answered."""
    return answered(_told(actions.told(actor=request.actor, message_id=_message(message))))


def _told(found: ServiceRequest) -> dict[str, Any]:
    refusal = Refusal(found.refusal) if found.refusal else None
    return {
        "id": str(found.id),
        "messageId": found.message_id,
        "state": "refused" if refusal else "answered",
        "right": found.right or None,
        "refusal": refusal,
        "reason": SMEV_REASON[refusal] if refusal else None,
        "detail": REFUSAL_TOLD[refusal] if refusal else None,
        "answer": found.answer,
    }


def _read(request: HttpRequest) -> _Question:
    if request.content_type != "application/json":
        raise InvalidValue(
            "epgu.content_type", "Тело запроса – JSON: Content-Type должен быть application/json."
        )
    text = request.read(MOST_BYTES + 1)
    if len(text) > MOST_BYTES:
        raise InvalidValue(
            "epgu.too_long", f"Запрос длиннее {MOST_BYTES} байт. Передавайте один запрос за раз."
        )
    try:
        return msgspec.json.decode(text, type=_Question)
    except msgspec.MsgspecError as wrong:
        place = str(wrong).rpartition("`$")[2].rstrip("`").lstrip(".") if "`$" in str(wrong) else ""
        raise InvalidValue(
            "epgu.structure",
            f"Запрос составлен не по схеме PerformanceRequest{f', место: {place[:60]}' if place else ''}. Сверьте его с описанием.",
        ) from None
    except UnicodeDecodeError:
        raise InvalidValue("epgu.structure", "Запрос не в UTF-8. Передайте его в этой кодировке.") from None


def _message(text: str) -> str:
    """A message id stands in addresses and logs, so it must not be a СНИЛС."""
    if not _MESSAGE.fullmatch(text) or _LIKE_SNILS.fullmatch(text):
        raise InvalidValue(
            "epgu.message_id",
            "messageId – до 64 латинских букв, цифр и знаков . _ : -, и не СНИЛС: он виден в адресах. Присвойте другой.",
        )
    return text


def _snils(text: str, place: str) -> str:
    try:
        return snils.normalise(text)
    except InvalidValue:
        raise InvalidValue(
            "epgu.snils", f"{place}: это не СНИЛС, нужны 11 цифр с верным контрольным числом. Сверьте номер."
        ) from None


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
