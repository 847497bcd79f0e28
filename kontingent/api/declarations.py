"""Every endpoint of the API, once: the addresses, the checks of a request and the OpenAPI document follow from here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from kontingent.access.machines.rules import MachineScope
from kontingent.api import fields
from kontingent.enrolment.codes import MovementKind
from kontingent.enrolment.contingent import Dimension
from kontingent.exchange.epgu import schemas as epgu
from kontingent.exchange.journals.messages import MESSAGES
from kontingent.performance.codes import OUTCOME_NAMES, Refusal
from kontingent.performance.records import KINDS
from kontingent.reports.codes import State
from kontingent.trajectory.feed.codes import ChangeKind, MinorKind

Schema = Mapping[str, Any]
PREFIX = "/api/v1"
TOKEN_PATH = f"{PREFIX}/oauth/token"
REVOKE_PATH = f"{PREFIX}/oauth/revoke"
MOST_ROWS, USUAL_ROWS = 500, 100
MOST_CUTS = 3
MOST_RECEIPTS, USUAL_RECEIPTS = 10_000, 1000


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the query string."""

    name: str
    description: str
    schema: Schema


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Something that may be asked: where, with which scope and parameters, and what comes back.

    ``takes`` is the schema of one line of the body, where there is one, ``body`` of a whole one in JSON; ``refusals`` names the schema of
    refusals where a contract asks for another than ours. What takes long has ``own_transactions``; the cursor of what is
    ``endless`` may be refused as too old.
    """

    operation: str
    path: str
    summary: str
    description: str
    scope: MachineScope
    answer: Schema
    parameters: tuple[Parameter, ...] = ()
    method: str = "GET"
    takes: Schema | None = None
    body: Schema | None = None
    refusals: str = "Problem"
    own_transactions: bool = False
    endless: bool = False


def _page_of(name: str) -> Schema:
    return {
        "type": "object",
        "required": ["items", "next_cursor"],
        "properties": {
            "items": {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}},
            "next_cursor": {
                "type": ["string", "null"],
                "description": "Передайте его в cursor, чтобы получить следующую страницу; null – страниц больше нет.",
            },
        },
    }


_ORGANISATION = Parameter(
    "organisation",
    "ОГРН головной организации или идентификатор организации (филиала). Без него – все организации, доступные системе.",
    {"type": "string"},
)
_ON = Parameter("on", "День, ГГГГ-ММ-ДД; по умолчанию сегодня.", {"type": "string", "format": "date"})
_LIMIT = Parameter(
    "limit",
    "Сколько записей на странице.",
    {"type": "integer", "minimum": 1, "maximum": MOST_ROWS, "default": USUAL_ROWS},
)
_CURSOR = Parameter("cursor", "next_cursor предыдущей страницы.", {"type": "string"})
_BY = Parameter(
    "by",
    f"Разрезы через запятую, не больше {MOST_CUTS}: {', '.join(one.value for one in Dimension)}.",
    {"type": "string"},
)

ORGANISATIONS = Endpoint(
    "listOrganisations",
    f"{PREFIX}/organisations",
    "Организации",
    "Организации, доступные системе, в порядке идентификаторов.",
    MachineScope.ORGANISATIONS,
    _page_of("Organisation"),
    (_LIMIT, _CURSOR),
)
LEARNERS = Endpoint(
    "listLearners",
    f"{PREFIX}/learners",
    "Обучающиеся на день",
    "Кто числится в доступных системе организациях на день, в порядке идентификаторов. Поля – по областям доступа "
    "токена. Каждая выдача записывается в журнал действий.",
    MachineScope.LEARNERS,
    _page_of("Learner"),
    (_ORGANISATION, _ON, _LIMIT, _CURSOR),
)
LEARNER = Endpoint(
    "getLearner",
    f"{PREFIX}/learners/{{id}}",
    "Один обучающийся на день",
    "Ответ 404 одинаков для неизвестного и для того, кто в этот день не числится в доступных системе организациях.",
    MachineScope.LEARNERS,
    {"$ref": "#/components/schemas/Learner"},
    (_ON,),
)
CONTINGENT = Endpoint(
    "countContingent",
    f"{PREFIX}/contingent",
    "Численность контингента на день",
    "Обучающиеся по основным программам, без персональных данных.",
    MachineScope.CONTINGENT,
    {"$ref": "#/components/schemas/Contingent"},
    (_ORGANISATION, _ON, _BY),
)
_FORM = Parameter(
    "form", "Форма: oo-1, 85-k, 1-dod …; без неё – все.", {"type": "string", "pattern": "^[a-z0-9-]{1,20}$"}
)
_YEAR = Parameter(
    "year", "Отчётный год – год даты формы.", {"type": "integer", "minimum": 2000, "maximum": 2100}
)
REPORTS = Endpoint(
    "listReports",
    f"{PREFIX}/reports",
    "Формы статистики",
    "Формы доступных системе организаций с числами последней версии; нулевых ячеек нет. Ячейка названа, как в бланке: таблица, "
    "строка, графа.",
    MachineScope.REPORTS,
    _page_of("Report"),
    (_ORGANISATION, _FORM, _YEAR, _LIMIT, _CURSOR),
)
_FEED_CURSOR = Parameter(
    "cursor",
    "next_cursor прошлого ответа; now – начать с этого мгновения; без него – с самого старого хранимого изменения.",
    {"type": "string"},
)


def _feed_of(name: str, **more: Schema) -> Schema:
    return {
        "type": "object",
        "required": [*more, "items", "next_cursor", "more"],
        "properties": {
            **more,
            "items": {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}},
            "next_cursor": {
                "type": "string",
                "description": "Откуда читать дальше; есть всегда, храните его.",
            },
            "more": {"type": "boolean", "description": "Дальше уже есть изменения: запросите их сразу."},
        },
    }


CHANGES = Endpoint(
    "listChanges",
    f"{PREFIX}/changes",
    "Лента изменений",
    "Каждое движение, отмена, объединение записей, исправление, изменение условий обучения и класса по порядку, без персональных данных: "
    "идентификаторы, виды, дни. Виды добавляются: незнакомый пропускайте. "
    "Изменение приходит ровно один раз и не пропадает, когда бы ни завершилась его запись; по одному ребёнку порядок тот, в котором "
    "его меняли. Хранится 90 дней; 410 – cursor старше (или реестр восстановлен из копии): возьмите cursor=now, перечитайте списки и "
    "продолжайте. Объединение: person.merged говорит, что запись person стала записью other_person, а movement.reassigned – чьим теперь "
    "числится каждое движение.",
    MachineScope.CHANGES,
    _feed_of("Change"),
    (_FEED_CURSOR, _LIMIT),
    endless=True,
)
FOREIGN_MINORS = Endpoint(
    "listForeignMinors",
    f"{PREFIX}/foreign-minors",
    "Несовершеннолетние иностранные граждане: зачисление и отчисление",
    "То, о чём органы управления образованием сообщают в МВД по 314-ФЗ от 31.07.2025, из сведений реестра: зачисление, отчисление и их отмена "
    "с данными ребёнка и представителей. Заявления о приёме и тест по русскому языку реестр не ведёт. Это содержание; передача через "
    "СМЭВ появится с обменом. Каждая выдача записывается в журнал с правовым основанием.",
    MachineScope.FOREIGN_MINORS,
    _feed_of("ForeignMinor", basis={"type": "string"}),
    (_FEED_CURSOR, _LIMIT),
    endless=True,
)
_JOURNAL = f"{PREFIX}/journals/{{journal}}"
_ROWS_LIMIT = Parameter(
    "limit",
    "Сколько строк на странице.",
    {"type": "integer", "minimum": 1, "maximum": MOST_RECEIPTS, "default": USUAL_RECEIPTS},
)
DELIVER = Endpoint(
    "deliverBatch",
    f"{_JOURNAL}/batches",
    "Передать порцию журнала",
    "Тело – строки NDJSON или CSV (первая строка – имена полей), сжатые gzip или zstd или нет; читается потоком, любой длины. "
    "Запись узнаётся по id в пределах журнала и учебного года; прежняя version не заменит новую, та же – ничего не изменит. "
    "Порция узнаётся по key: прерванную передают снова целиком с тем же ключом, принятое не запишется дважды; другое содержание под ключом "
    "принятой порции – 409. Отказ одной "
    "строки не мешает другим; изменения закрытых периодов ждут решения школы. 429 – приём занят, 503 – база недоступна: "
    "повторите через Retry-After.",
    MachineScope.JOURNALS,
    {"$ref": "#/components/schemas/Batch"},
    (
        Parameter("key", "Ключ порции: до 64 латинских букв, цифр и знаков . _ : -.", {"type": "string"}),
        Parameter("records", "Вид сведений.", {"type": "string", "enum": list(KINDS)}),
        Parameter("school_year", "Учебный год: 2026 – это 2026/27.", {"type": "integer"}),
    ),
    method="POST",
    own_transactions=True,
    takes={"oneOf": [{"$ref": f"#/components/schemas/{one.__name__}"} for one in MESSAGES.values()]},
)
BATCH = Endpoint(
    "getBatch",
    f"{_JOURNAL}/batches/{{key}}",
    "Состояние порции",
    "taken_rows – сколько первых строк порции принято окончательно.",
    MachineScope.JOURNALS,
    {"$ref": "#/components/schemas/Batch"},
)
RECEIPTS = Endpoint(
    "listReceipts",
    f"{_JOURNAL}/batches/{{key}}/receipts",
    "Квитанции строк",
    "Что стало с каждой строкой порции, по порядку.",
    MachineScope.JOURNALS,
    _page_of("Receipt"),
    (_ROWS_LIMIT, _CURSOR),
)
REFUSED_ROWS = Endpoint(
    "listRefusedRows",
    f"{_JOURNAL}/refused",
    "Отклонённые строки",
    "Строки журнала, которые отклонены и ждут исправления: почему и что сделать. Исправленную передают снова с тем же id; "
    "когда она принята, отказ снимается.",
    MachineScope.JOURNALS,
    _page_of("RefusedRow"),
    (_ROWS_LIMIT, _CURSOR),
)
_EPGU = "/api/epgu/v1"
ASK = Endpoint(
    "askPerformance",
    f"{_EPGU}/requests",
    "Запросить успеваемость для гражданина",
    "Реестр сам проверяет право на день запроса: действующий законный представитель ребёнка до 18 лет или сам обучающийся с 14 лет. "
    "Повтор того же messageId получает тот же ответ. В ответе – или сведения, или причина отказа; id ответа 15 минут открывает "
    "расписание (getSchedule). Дни – до 100; без периода – прошлая, эта и следующая недели. Схема собственная: опубликованной нет.",
    MachineScope.EPGU,
    {"$ref": "#/components/schemas/PerformanceAnswer"},
    method="POST",
    body={"$ref": "#/components/schemas/PerformanceRequest"},
)
ASKED = Endpoint(
    "getPerformance",
    f"{_EPGU}/requests/{{message}}",
    "Ответ на запрос успеваемости",
    "То же, что ответил askPerformance; сам ответ хранится три дня.",
    MachineScope.EPGU,
    {"$ref": "#/components/schemas/PerformanceAnswer"},
)
TRANSFERS = Endpoint(
    "askTransferState",
    f"{_EPGU}/transfers",
    "Узнать состояние перевода для гражданина",
    "Реестр сам проверяет право на день запроса, как в askPerformance. В ответе – переводы ребёнка в пределах доступа системы, новые первыми, "
    "или причина отказа. Каждый запрос получает состояние на сейчас. Схема собственная: опубликованной нет.",
    MachineScope.EPGU,
    {"$ref": "#/components/schemas/TransferStates"},
    method="POST",
    body={"$ref": "#/components/schemas/TransferStateRequest"},
)
SCHEDULE = Endpoint(
    "getSchedule",
    f"{_EPGU}/Schedule/{{request_id}}",
    "Расписание с отметками (ФГИС «Моя школа»)",
    "request_id – id ответа на askPerformance, действует 15 минут; право проверяется заново. Отказы – OperationOutcome. Время звонков "
    "журналы не передают, поэтому период урока – его день, а номер – в note.",
    MachineScope.EPGU,
    {"$ref": "#/components/schemas/Schedule"},
    (
        Parameter("start", "Первый день, ГГГГ-ММ-ДД; вместе с end.", {"type": "string", "format": "date"}),
        Parameter(
            "end", "Последний день, ГГГГ-ММ-ДД; вместе со start.", {"type": "string", "format": "date"}
        ),
    ),
    refusals="OperationOutcome",
)
ENDPOINTS = (
    ORGANISATIONS, LEARNERS, LEARNER, CONTINGENT, REPORTS, CHANGES, FOREIGN_MINORS, DELIVER, BATCH, RECEIPTS, REFUSED_ROWS, ASK, ASKED, TRANSFERS, SCHEDULE,
)  # fmt: skip

_TEXT: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_ID: Schema = {"type": "string", "format": "uuid"}
_ID_OR_NOT: Schema = {"type": ["string", "null"], "format": "uuid"}
_DAY: Schema = {"type": "string", "format": "date"}
_DAY_OR_NOT: Schema = {"type": ["string", "null"], "format": "date"}
_MOMENT: Schema = {"type": "string", "format": "date-time"}


def _object(**properties: Schema) -> Schema:
    return {"type": "object", "required": list(properties), "properties": properties}


def _array(**properties: Schema) -> Schema:
    return {"type": "array", "items": _object(**properties)}


_PERSON: dict[str, Schema] = {
    "id": _ID,
    "family_name": _TEXT,
    "given_name": _TEXT,
    "patronymic": _TEXT,
    "birth_date": _DAY_OR_NOT,
    "birth_place": _TEXT,
    "sex": _TEXT,
    "documents": _array(kind=_TEXT, series=_TEXT, number=_TEXT, issued_on=_DAY_OR_NOT, valid_to=_DAY_OR_NOT),
    "citizenship": {"type": "string", "description": "код справочника citizenship"},
    "country": {"type": "string", "description": "код ОКСМ; пусто – без гражданства"},
}
SCHEMAS: dict[str, Schema] = {
    "Organisation": fields.schema(fields.ORGANISATION),
    "Learner": fields.learner_schema(),
    "Place": fields.schema(fields.PLACE),
    "Report": {
        "type": "object",
        "required": [
            "id",
            "organisation",
            "form",
            "edition",
            "year",
            "on",
            "state",
            "version",
            "known_at",
            "digest",
            "cells",
        ],
        "properties": {
            "id": {"type": "string", "format": "uuid"},
            "organisation": {"type": "string", "format": "uuid"},
            "form": _TEXT,
            "edition": _TEXT,
            "year": {"type": "integer"},
            "on": {"type": "string", "format": "date"},
            "state": {"type": "string", "enum": [one.value for one in State]},
            "version": _COUNT,
            "known_at": {"type": "string", "format": "date-time"},
            "digest": {"type": "string", "description": "SHA-256 ячеек версии"},
            "cells": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["table", "row", "column", "number"],
                    "properties": {"table": _TEXT, "row": _TEXT, "column": _TEXT, "number": _COUNT},
                },
            },
        },
    },
    "Contingent": {
        "type": "object",
        "required": ["on", "organisation", "total", "rows"],
        "properties": {
            "on": {"type": "string", "format": "date"},
            "organisation": {"type": ["string", "null"], "format": "uuid"},
            "total": _COUNT,
            "rows": {
                "type": "array",
                "description": "Одна строка на сочетание значений разрезов; пустых нет.",
                "items": {
                    "type": "object",
                    "required": ["number"],
                    "properties": {
                        **{one.value: {"type": ["string", "integer", "null"]} for one in Dimension},
                        "number": _COUNT,
                    },
                },
            },
        },
    },
    **msgspec.json.schema_components(MESSAGES.values(), ref_template="#/components/schemas/{name}")[1],
    "Batch": {
        "type": "object",
        "required": ["key", "records", "school_year", "state", "taken_rows", "outcomes", "broken_by"],
        "properties": {
            "key": _TEXT,
            "records": {"type": "string", "enum": list(KINDS)},
            "school_year": {"type": "integer"},
            "state": {"type": "string", "enum": ["taking", "broken", "done"]},
            "taken_rows": _COUNT,
            "outcomes": {
                "type": "object",
                "required": list(OUTCOME_NAMES.values()),
                "properties": dict.fromkeys(OUTCOME_NAMES.values(), _COUNT),
            },
            "broken_by": {"type": ["string", "null"]},
        },
    },
    "Receipt": {
        "type": "object",
        "required": ["row", "outcome"],
        "properties": {"row": _COUNT, "outcome": {"type": "string", "enum": list(OUTCOME_NAMES.values())}},
    },
    "RefusedRow": {
        "type": "object",
        "required": ["batch", "row", "external_id", "code", "place", "detail", "remedy"],
        "properties": {
            "batch": _TEXT,
            "row": _COUNT,
            "external_id": _TEXT,
            "code": {"type": "string", "enum": [one.value for one in Refusal]},
            "place": _TEXT,
            "detail": _TEXT,
            "remedy": _TEXT,
        },
    },
    "Change": _object(
        id={"type": "integer", "description": "место в ленте, растёт"},
        kind={"type": "string", "enum": [one.value for one in ChangeKind]},
        moment=_MOMENT,
        person={**_ID_OR_NOT, "description": "null – изменился класс, а не человек"},
        other_person={**_ID_OR_NOT, "description": "объединение: вторая запись; переход движения: прежняя"},
        organisation={**_ID_OR_NOT, "description": "чьё движение; null – изменилась сама запись человека"},
        movement={
            **_object(
                id={"type": "integer"},
                enrolment=_ID,
                kind={"type": "string", "enum": [one.value for one in MovementKind]},
                effective_on=_DAY,
                group=_ID_OR_NOT,
                grade={"type": ["integer", "null"]},
                destination=_ID_OR_NOT,
            ),
            "type": ["object", "null"],
        },
        group={
            **_object(
                id=_ID,
                title={"type": ["string", "null"]},
                grade={"type": ["integer", "null"]},
                school_year={"type": ["integer", "null"], "description": "2026 – это 2026/27"},
                closed_on=_DAY_OR_NOT,
            ),
            "type": ["object", "null"],
            "description": "group.*: класс, каков он сейчас",
        },
        enrolment={**_ID_OR_NOT, "description": "чьё движение или условия: обучение"},
        fields={"type": "array", "items": _TEXT, "description": "исправление: какие сведения изменились"},
        learner={
            "type": ["string", "null"],
            "description": "адрес записи: что известно о человеке сейчас",
        },
    ),
    "ForeignMinor": _object(
        id={"type": "integer"},
        kind={"type": "string", "enum": [one.value for one in MinorKind]},
        moment=_MOMENT,
        on={**_DAY, "description": "день зачисления или отчисления"},
        organisation=_object(id=_ID, ogrn=_TEXT, name=_TEXT),
        grade={"type": ["integer", "null"]},
        leaving_reason={"type": "string", "description": "код справочника leaving_reason"},
        child=_object(**_PERSON, addresses=_array(kind=_TEXT, text=_TEXT)),
        representatives=_array(
            **_PERSON, kinship={"type": "string", "description": "код справочника kinship"}
        ),
    ),
    **epgu.SCHEMAS,
    "Problem": {
        "type": "object",
        "description": "Отказ (RFC 9457): code постоянен, detail говорит, что не так, remedy – что делать.",
        "required": ["type", "title", "status", "code", "detail", "remedy"],
        "properties": {
            "type": {"type": "string", "format": "uri"},
            "title": _TEXT,
            "status": {"type": "integer"},
            "code": _TEXT,
            "detail": _TEXT,
            "remedy": _TEXT,
        },
    },
    "OAuthError": {
        "type": "object",
        "description": "Отказ (RFC 6749 §5.2); detail – то же по-русски и что делать, code – наш постоянный код.",
        "required": ["error", "error_description", "code", "detail"],
        "properties": {"error": _TEXT, "error_description": _TEXT, "code": _TEXT, "detail": _TEXT},
    },
    "Token": {
        "type": "object",
        "required": ["access_token", "token_type", "expires_in", "scope"],
        "properties": {
            "access_token": _TEXT,
            "token_type": {"const": "Bearer"},
            "expires_in": {"type": "integer", "description": "секунды"},
            "scope": _TEXT,
        },
    },
}
