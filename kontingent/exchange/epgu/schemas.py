"""JSON schemas of the service: what a question is and what comes back. The stand of ЕПГУ checks answers by its own copy."""

from __future__ import annotations

from typing import Any

from kontingent.exchange.epgu.codes import Content, Refusal, Right
from kontingent.exchange.epgu.rules import LONGEST_DAYS
from kontingent.trajectory.transfers.codes import Answer, State

_TEXT: dict[str, Any] = {"type": "string"}
_DAY: dict[str, Any] = {"type": "string", "format": "date"}
_MOMENT: dict[str, Any] = {"type": "string", "format": "date-time"}
_COUNT: dict[str, Any] = {"type": ["integer", "null"]}


def _object(
    properties: dict[str, Any], *, optional: tuple[str, ...] = (), description: str = ""
) -> dict[str, Any]:
    return {
        "type": "object",
        **({"description": description} if description else {}),
        "required": [name for name in properties if name not in optional],
        "properties": properties,
    }


def _many(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}


_SNILS = {"type": "string", "pattern": r"^\d{3}-?\d{3}-?\d{3}[ -]?\d{2}$"}
_PERSON = {
    "snils": _SNILS, "lastName": _TEXT, "firstName": _TEXT, "middleName": _TEXT, "birthDate": _DAY,
}  # fmt: skip
_NAMED = ("lastName", "firstName", "middleName", "birthDate")
_DAYS = _object({"from": _DAY, "to": _DAY})
_MARK = _object(
    {
        "value": _TEXT,
        "system": {"type": "integer"},
        "weight": {"type": "number"},
        "workType": _TEXT,
        "comment": _TEXT,
    }
)
_ABSENCE = _object({"code": _TEXT, "title": _TEXT, "minutes": _COUNT})
_LESSON = _object(
    {
        "date": _DAY, "number": _COUNT, "subject": _TEXT, "topic": _TEXT, "teacher": _TEXT, "homework": _TEXT,
        "marks": _many(_MARK), "attendance": _many(_ABSENCE),
    },
    optional=("topic", "teacher", "homework", "marks", "attendance"),
)  # fmt: skip
_FINAL = _object(
    {
        "schoolYear": {"type": "integer"}, "kind": _TEXT, "periodCode": _TEXT, "subject": _TEXT, "value": _TEXT,
        "system": {"type": "integer"},
    }
)  # fmt: skip
_SCHEDULED = _object(
    {
        "id": _TEXT, "subject": _TEXT, "topic": _TEXT, "homework": _TEXT, "note": _TEXT,
        "period": _object({"start": _MOMENT, "end": _MOMENT}),
        "attendance": _object({"code": {"type": "string", "enum": ["н", "о"]}}),
        "score": _many(_object({"code": _TEXT, "weight": {"type": "number"}, "score": _TEXT, "scoreSystem": _TEXT})),
    },
    optional=("topic", "homework", "note", "attendance", "score"),
)  # fmt: skip

SCHEMAS: dict[str, dict[str, Any]] = {
    "PerformanceRequest": {
        **_object(
            {
                "messageId": {"type": "string", "pattern": "^[A-Za-z0-9._:-]{1,64}$"},
                "applicant": _object(_PERSON, optional=_NAMED),
                "child": _object(_PERSON, optional=_NAMED),
                "orgOgrn": {"type": "string", "pattern": r"^\d{13}$"},
                "period": _DAYS,
                "content": _many({"type": "string", "enum": [one.value for one in Content]}),
            },
            optional=("orgOgrn", "period", "content"),
            description=f"Запрос гражданина. Период – до {LONGEST_DAYS} дней. Дата рождения ребёнка и ОГРН организации, если названы, сверяются с реестром.",
        ),
        "additionalProperties": False,
    },
    "PerformanceAnswer": _object(
        {
            "id": {"type": "string", "format": "uuid"},
            "messageId": _TEXT,
            "state": {"type": "string", "enum": ["answered", "refused"]},
            "right": {"type": ["string", "null"], "enum": [*(one.value for one in Right), None]},
            "refusal": {"type": ["string", "null"], "enum": [*(one.value for one in Refusal), None]},
            "reason": {"type": ["string", "null"], "description": "RejectionReasonCode СМЭВ"},
            "detail": {"type": ["string", "null"], "description": "причина отказа и что делать, для гражданина"},
            "answer": {"oneOf": [{"$ref": "#/components/schemas/KidSchoolData"}, {"type": "null"}]},
        }
    ),
    "TransferStateRequest": {
        **_object({"applicant": _object(_PERSON, optional=_NAMED), "child": _object(_PERSON, optional=_NAMED)}),
        "additionalProperties": False,
    },
    "TransferStates": _object(
        {
            "state": {"type": "string", "enum": ["answered", "refused"]},
            "right": {"type": ["string", "null"], "enum": [*(one.value for one in Right), None]},
            "refusal": {"type": ["string", "null"], "enum": [*(one.value for one in Refusal), None]},
            "reason": {"type": ["string", "null"], "description": "RejectionReasonCode СМЭВ"},
            "detail": {"type": ["string", "null"], "description": "причина отказа и что делать, для гражданина"},
            "transfers": _many(
                _object(
                    {
                        "id": {"type": "string", "format": "uuid"},
                        "state": {"type": "string", "enum": [one.value for one in State]},
                        "title": _TEXT, "from": _TEXT, "to": _TEXT, "appliedOn": _DAY, "arrivesOn": _DAY,
                        "answerDueOn": {"type": ["string", "null"], "format": "date"},
                        "formerAnswer": {"type": ["string", "null"], "enum": [*(one.value for one in Answer), None]},
                        "completedOn": {"type": ["string", "null"], "format": "date"},
                    }
                )
            ),
        },
        description="Состояние переводов ребёнка на момент запроса.",
    ),
    "KidSchoolData": _object(
        {
            "child": _object(
                {"lastName": _TEXT, "firstName": _TEXT, "middleName": _TEXT, "birthDate": {"type": ["string", "null"], "format": "date"}}
            ),
            "organisation": _object({"id": {"type": "string", "format": "uuid"}, "name": _TEXT, "ogrn": _TEXT}),
            "class": _TEXT,
            "grade": _COUNT,
            "period": _DAYS,
            "periods": _many(_object({"code": _TEXT, "title": _TEXT, "from": _DAY, "to": _DAY})),
            "lessons": _many(_LESSON),
            "finals": _many(_FINAL),
            "asOf": _MOMENT,
        },
        optional=("finals",),
    ),
    "Schedule": _object(
        {
            "resourceType": {"const": "Schedule"},
            "id": _TEXT,
            "meta": _object({"lastUpdated": _MOMENT}),
            "school": _many(
                _object(
                    {
                        "id": _TEXT, "name": _TEXT, "academYear": _TEXT, "period": _object({"start": _DAY, "end": _DAY}),
                        "class": _many(_object({"class": _TEXT, "grade": _TEXT, "lesson": _many(_SCHEDULED)})),
                    }
                )
            ),
        }
    ),
    "OperationOutcome": _object(
        {
            "resourceType": {"const": "OperationOutcome"},
            "id": _TEXT,
            "issue": _many(
                _object(
                    {
                        "severity": {"type": "string", "enum": ["fatal", "error", "warning", "information"]},
                        "code": {"type": "string", "enum": ["not-found", "structure", "expired"]},
                        "details": _TEXT,
                    }
                )
            ),
        },
        description="Отказ расписания по договору ФГИС «Моя школа».",
    ),
}  # fmt: skip
