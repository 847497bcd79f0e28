"""The door for electronic journals: a batch in, its receipts and refusals out."""

from __future__ import annotations

import re
from typing import Any, cast

from django.http import HttpRequest, HttpResponse

from kontingent.api import declarations
from kontingent.api.declarations import MOST_RECEIPTS, USUAL_RECEIPTS
from kontingent.api.serving import ApiRequest, answered, bad_parameter, serves, whole_of
from kontingent.exchange.journals import queries, taking
from kontingent.exchange.journals.messages import Format
from kontingent.exchange.journals.models import JournalBatch
from kontingent.exchange.journals.streams import Body, Encoding, Whole
from kontingent.exchange.journals.taking import Consignment
from kontingent.kernel.errors import InvalidValue
from kontingent.performance.records import KINDS

_KEY = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_FORMATS = {
    "application/x-ndjson": Format.NDJSON,
    "application/ndjson": Format.NDJSON,
    "text/csv": Format.CSV,
}
#: A client that sends nothing for so long has gone.
SILENCE_SECONDS = 60


@serves(declarations.DELIVER)
def deliver(request: ApiRequest, journal: str) -> HttpResponse:
    """Take a batch; the answer tells how its rows fared."""
    consignment = Consignment(
        key=_key(request.GET.get("key", "")),
        records=_records(request),
        school_year=whole_of(request, "school_year", usual=0, most=2200),
        written_as=_format(request),
        encoding=_encoding(request),
        must_agree=True,
    )
    batch = taking.deliver(
        actor=request.actor, journal_code=journal, consignment=consignment, body=_body(request)
    )
    return answered(_state(batch))


@serves(declarations.BATCH)
def show_batch(request: ApiRequest, journal: str, key: str) -> HttpResponse:
    """Tell the state of a batch."""
    return answered(_state(queries.batch(request.actor, journal, _key(key))))


@serves(declarations.RECEIPTS)
def list_receipts(request: ApiRequest, journal: str, key: str) -> HttpResponse:
    """Tell what became of rows, page by page."""
    found = queries.receipts(
        request.actor, journal, _key(key), after=_after(request),
        limit=whole_of(request, "limit", usual=USUAL_RECEIPTS, most=MOST_RECEIPTS),
    )  # fmt: skip
    cursor = None if found.next_after is None else str(found.next_after)
    return answered({"items": [one._asdict() for one in found.rows], "next_cursor": cursor})


@serves(declarations.REFUSED_ROWS)
def list_refused(request: ApiRequest, journal: str) -> HttpResponse:
    """Tell which rows were refused and wait for repair, with code and remedy."""
    limit = whole_of(request, "limit", usual=USUAL_RECEIPTS, most=MOST_RECEIPTS)
    rows = queries.to_repair(request.actor, journal, after=_after(request), limit=limit)
    items = [{name: value for name, value in one._asdict().items() if name != "position"} for one in rows]
    return answered({"items": items, "next_cursor": str(rows[-1].position) if len(rows) == limit else None})


def _state(batch: JournalBatch) -> dict[str, Any]:
    return {
        "key": batch.key,
        "records": batch.records,
        "school_year": batch.school_year,
        "state": batch.state,
        "taken_rows": batch.taken_rows,
        "outcomes": queries.counts(batch),
        "broken_by": batch.broken_by or None,
    }


def _body(request: HttpRequest) -> Body:
    """The body as it comes from the socket: chunked transfers have no length, so Django's own reader knows no end of them.

    Where a length was announced, a connection that dies is not the end of the body.
    """
    connection = request.META.get("gunicorn.socket")
    if connection is not None:
        connection.settimeout(SILENCE_SECONDS)
    body = request.META["wsgi.input"] if request.META.get("wsgi.input_terminated") else request
    announced = str(request.META.get("CONTENT_LENGTH") or "")
    return Whole(cast(Body, body), int(announced) if announced.isdecimal() else None)


def _key(text: str) -> str:
    if not _KEY.fullmatch(text):
        raise bad_parameter(
            "key",
            "key – ключ порции: до 64 латинских букв, цифр и знаков . _ : -, например marks-2026-11-25-1.",
        )
    return text


def _records(request: HttpRequest) -> Any:
    found = KINDS.get(request.GET.get("records", ""))
    if found is None:
        raise bad_parameter("records", f"records – вид сведений порции: {', '.join(KINDS)}.")
    return found


def _format(request: HttpRequest) -> Format:
    kind = (request.content_type or "").lower()
    if kind not in _FORMATS:
        raise InvalidValue(
            "journals.content_type",
            f"Content-Type – один из: {', '.join(_FORMATS)}. Укажите, как записаны строки.",
        )
    return _FORMATS[kind]


def _encoding(request: HttpRequest) -> Encoding:
    text = request.headers.get("Content-Encoding", "identity").strip().lower()
    try:
        return Encoding(text)
    except ValueError:
        raise InvalidValue(
            "journals.content_encoding",
            f"Content-Encoding – один из: {', '.join(Encoding)}. Сожмите данные так.",
        ) from None


def _after(request: HttpRequest) -> int:
    text = request.GET.get("cursor", "0")
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise bad_parameter(
            "cursor", "cursor испорчен. Передайте next_cursor предыдущей страницы без изменений."
        )
    return int(text)
