"""The answer as XML for the file drop, of the schema ``performance.xsd``. Pure: the same JSON gives the same bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from kontingent.exchange.epgu.payloads import JSON

#: What XML 1.0 cannot say at all, whatever a teacher's journal has in a topic.
_UNSAYABLE = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FINAL = ("schoolYear", "kind", "periodCode", "subject", "value", "system")
_MARK = ("value", "system", "weight", "workType", "comment")
_ABSENCE = ("code", "title", "minutes")
_CHILD = ("lastName", "firstName", "middleName", "birthDate")
_PERIOD = ("code", "title", "from", "to")
_TRANSFER = ("id", "state", "title", "from", "to", "appliedOn", "arrivesOn", "answerDueOn", "formerAnswer", "completedOn")  # fmt: skip


def answer_of(told: JSON, namespace: str) -> bytes:
    """Return the element ``PerformanceResponse`` that says what the service says (``payloads.told``)."""
    inner = _rejected(told) if told["refusal"] else _answer(told["answer"], told["right"])
    head = _attributes({"xmlns": namespace, "messageId": told["messageId"], "id": told["id"]})
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<PerformanceResponse{head}>\n{inner}</PerformanceResponse>\n'
    return text.encode()


def states_of(told: JSON, message_id: str, namespace: str) -> bytes:
    """Return the element ``TransferStateResponse`` that says what the service says of a child's transfers (``transfers.state``)."""
    inner = _rejected(told) if told["refusal"] else _states(told)
    head = _attributes({"xmlns": namespace, "messageId": message_id})
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<TransferStateResponse{head}>\n{inner}</TransferStateResponse>\n'
    return text.encode()


def _states(told: JSON) -> str:
    lines = "".join(_empty("transfer", one, _TRANSFER) for one in told["transfers"])
    return f"<States{_attributes({'right': told['right']})}>\n{lines}</States>\n"


def _rejected(told: JSON) -> str:
    lines = [_element("RejectionReasonCode", told["reason"]), _element("RejectionReasonDescription", told["detail"])]  # fmt: skip
    return (
        f"<RequestRejected{_attributes({'refusal': told['refusal']})}>\n{''.join(lines)}</RequestRejected>\n"
    )


def _answer(told: JSON, right: str) -> str:
    place, days = told["organisation"], told["period"]
    lines = [
        _empty("child", told["child"], _CHILD),
        _empty("organisation", place, ("id", "name", "ogrn")),
        _empty("class", {"title": told["class"], "grade": told["grade"]}, ("title", "grade")),
        f"<period>{_element('from', days['from'])}{_element('to', days['to'])}</period>\n",
        *(_empty("studyPeriod", one, _PERIOD) for one in told["periods"]),
        *(_lesson(one) for one in told["lessons"]),
        *(_empty("final", one, _FINAL) for one in told.get("finals", [])),
    ]
    return f"<Answer{_attributes({'right': right, 'asOf': told['asOf']})}>\n{''.join(lines)}</Answer>\n"


def _lesson(told: JSON) -> str:
    inner = "".join(
        [
            *(_element(name, told[name]) for name in ("topic", "teacher", "homework") if told.get(name)),
            *(_empty("mark", one, _MARK) for one in told.get("marks", [])),
            *(_empty("absence", one, _ABSENCE) for one in told.get("attendance", [])),
        ]
    )
    head = _attributes({name: told[name] for name in ("date", "number", "subject")})
    return f"<lesson{head}>\n{inner}</lesson>\n" if inner else f"<lesson{head}/>\n"


def _empty(name: str, told: JSON, attributes: Iterable[str]) -> str:
    return f"<{name}{_attributes({one: told[one] for one in attributes})}/>\n"


def _element(name: str, text: str) -> str:
    return f"<{name}>{escape(_sayable(text))}</{name}>\n"


def _attributes(told: dict[str, Any]) -> str:
    """An attribute that nobody has told is left out."""
    return "".join(
        f" {name}={quoteattr(_sayable(str(value)))}" for name, value in told.items() if value is not None
    )


def _sayable(text: str) -> str:
    return _UNSAYABLE.sub("\N{REPLACEMENT CHARACTER}", text)
