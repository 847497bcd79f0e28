"""The OpenAPI 3.1 document of ``/ims/oneroster``, written from the tables of routes and columns.

``python -m kontingent.api.oneroster_openapi`` writes the file anew.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "oneroster-openapi.json"
_TEXT = {"type": "string"}


def document() -> dict[str, Any]:
    """Return the document."""
    import msgspec

    from kontingent.access.machines.rules import SCOPES, MachineScope
    from kontingent.api import declarations, gradebook, oneroster

    paths: dict[str, Any] = {}
    for base in (oneroster.V12, oneroster.V11):
        for route in oneroster.ROUTES:
            schema = _name(route.name) if route.is_one else _name(route.collection.single)
            scopes = (route.scope, oneroster.WIDER) if route.scope is oneroster.CORE else (route.scope,)
            path = _path(base, route.address)
            paths[path] = {"get": _reading(path, route.name, schema, scopes)}
    for one in gradebook.ROUTES:
        path, way = _path(one.base, one.address), paths.setdefault(_path(one.base, one.address), {})
        scopes = (
            (one.scope, MachineScope.GRADEBOOK) if one.scope is MachineScope.GRADEBOOK_CORE else (one.scope,)
        )
        schema, methods = _of_book(one), gradebook.methods_of(one)
        if "GET" in methods:
            way["get"] = _reading(path, one.name, schema, scopes)
        if "PUT" in methods:
            way["put"] = _putting(path, one.name, schema, gradebook.way_of(one).body.__name__)
        if "DELETE" in methods:
            way["delete"] = _deleting(path)
        if "POST" in methods:
            body = gradebook.way_of(one).body.__name__
            way["post"] = _posting(path, one.name, body, gradebook.MOST_SENT)
    ways = list(
        dict.fromkeys(gradebook.way_of(one).body for one in gradebook.ROUTES if "PUT" in gradebook.methods_of(one))
    )  # fmt: skip
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "АИС «Контингент»: OneRoster",
            "version": "1.2",
            "description": "Списки (rostering) и отметки (gradebook) по OneRoster 1.2 и 1.1; extension – уроки и посещаемость, расширение "
            "вне стандарта. Описано то, что отдаёт и принимает реестр; стандарт шире. Токен – как во всём программном интерфейсе.",
        },
        "paths": paths,
        "components": {
            "parameters": _PARAMETERS,
            "responses": {
                f"Refused{status}": _json(told, {"$ref": "#/components/schemas/StatusInfo"})
                for status, told in _REFUSED.items()
            },
            "schemas": {
                **_objects(),
                **msgspec.json.schema_components(ways, ref_template="#/components/schemas/{name}")[1],
                "SourcedIdReference": _object(
                    {"href": {"type": "string", "format": "uri"}, "sourcedId": _TEXT, "type": _TEXT}
                ),
                "StatusInfo": _STATUS_INFO,
            },
            "securitySchemes": {
                "oauth2": {
                    "type": "oauth2",
                    "flows": {
                        "clientCredentials": {
                            "tokenUrl": declarations.TOKEN_PATH,
                            "scopes": {
                                scope.value: entry.title
                                for scope, entry in SCOPES.items()
                                if scope.value.startswith(("roster", "gradebook"))
                            },
                        }
                    },
                }
            },
        },
    }


def render() -> str:
    """Return the document as the file holds it."""
    return json.dumps(document(), ensure_ascii=False, indent=1) + "\n"


# -- operations --------------------------------------------------------------------------------


def _path(base: str, address: str) -> str:
    return "/ims/oneroster/" + base + "/" + re.sub(r"<str:(\w+)>", r"{\1}", address)


def _named(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": _TEXT}
        for name in re.findall(r"{(\w+)}", path)
    ]


def _operation(verb: str, path: str) -> str:
    """Return an id that no other operation has."""
    words = re.sub(r"[{}]", "", path.removeprefix("/ims/oneroster/")).replace("/", "_")
    return f"{verb}_{words}"


def _reading(path: str, name: str, schema: str, scopes: Iterable[Any]) -> dict[str, Any]:
    one, is_one = {"$ref": f"#/components/schemas/{schema}"}, path.endswith("{source_id}")
    listed = [] if is_one else ["limit", "offset", "sort", "orderBy", "filter", "continued"]
    parameters = [
        *_named(path),
        *({"$ref": f"#/components/parameters/{each}"} for each in (*listed, "fields")),
    ]
    answer = _json(
        "Объект" if is_one else "Страница",
        _object({name: one if is_one else {"type": "array", "items": one}}),
    )
    if not is_one:
        answer["headers"] = {
            "X-Total-Count": {"description": "сколько всего", "schema": {"type": "integer"}},
            "Link": {"description": "соседние страницы: next, last, first, prev", "schema": _TEXT},
        }
    return {
        "operationId": _operation("get", path), "parameters": parameters,
        "security": [{"oauth2": [scope.value]} for scope in scopes],
        "responses": {"200": answer, **_refusals("400", "401", "403", "404", "429")},
    }  # fmt: skip


def _putting(path: str, name: str, schema: str, body: str) -> dict[str, Any]:
    told = _object({name: {"$ref": f"#/components/schemas/{schema}"}})
    sent = _object({name: {"$ref": f"#/components/schemas/{body}"}})
    return {
        "operationId": _operation("put", path), "parameters": _named(path), "security": [{"oauth2": ["gradebook.createput"]}],
        "requestBody": {"required": True, "content": {"application/json": {"schema": sent}}},
        "responses": {
            "200": _json("Принято: прежний объект, как он теперь стоит", told), "201": _json("Принято: новый объект", told),
            "202": _json("Период закрыт, правка ждёт решения школы", {"$ref": "#/components/schemas/StatusInfo"}),
            **_refusals("400", "401", "403", "404", "409", "422", "429"),
        },
    }  # fmt: skip


def _posting(path: str, name: str, body: str, most: int) -> dict[str, Any]:
    each = {
        "type": "array",
        "minItems": 1,
        "maxItems": most,
        "items": {"$ref": f"#/components/schemas/{body}"},
    }
    pairs = {"type": "array", "items": _object({"suppliedSourcedId": _TEXT, "allocatedSourcedId": _TEXT})}
    late = {name: schema for name, schema in _STATUS_INFO["properties"].items() if name != "imsx_CodeMinor"}
    return {
        "operationId": _operation("post", path), "parameters": _named(path), "security": [{"oauth2": ["gradebook.createpost"]}],
        "description": "Всё или ничего. sourcedId остаются теми, что присланы: повтор не создаёт вторых.",
        "requestBody": {"required": True, "content": {"application/json": {"schema": _object({name: each})}}},
        "responses": {
            "201": _json("Принято", _object({"sourcedIdPairs": pairs})),
            "202": _json("Принято, но периоды некоторых отметок закрыты: они ждут решения школы", _object({"sourcedIdPairs": pairs, **late})),
            **_refusals("400", "401", "403", "404", "409", "422", "429"),
        },
    }  # fmt: skip


def _deleting(path: str) -> dict[str, Any]:
    return {
        "operationId": _operation("delete", path), "parameters": _named(path), "security": [{"oauth2": ["gradebook.delete"]}],
        "responses": {
            "204": {"description": "Отозвано"},
            "202": _json("Период закрыт, правка ждёт решения школы", {"$ref": "#/components/schemas/StatusInfo"}),
            **_refusals("400", "401", "403", "404", "409", "422", "429"),
        },
    }  # fmt: skip


def _json(description: str, schema: Any) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _refusals(*statuses: str) -> dict[str, Any]:
    return {one: {"$ref": f"#/components/responses/Refused{one}"} for one in statuses}


_REFUSED = {
    "400": "Параметр или тело не читается",
    "401": "Нет токена, или он не действует",
    "403": "Нет области доступа, или система не журнал",
    "404": "Нет такого объекта, или он не доступен",
    "409": "Стоит более новое состояние, или от объекта зависят другие",
    "422": "Неизвестны класс, ученик, работа, категория или предмет; такой отметки нет",
    "429": "Подождите, сколько сказано в Retry-After",
}
_PARAMETERS = {
    "limit": {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}},
    "offset": {"name": "offset", "in": "query", "schema": {"type": "integer", "minimum": 0, "default": 0}},
    "sort": {"name": "sort", "in": "query", "schema": _TEXT},
    "orderBy": {"name": "orderBy", "in": "query", "schema": {"type": "string", "enum": ["asc", "desc"]}},
    "filter": {
        "name": "filter", "in": "query", "schema": {"type": "string", "maxLength": 1000},
        "description": "поле='значение'; = != > >= < <= ~; не больше одного AND или OR",
    },
    "fields": {"name": "fields", "in": "query", "schema": _TEXT, "description": "поля через запятую"},
    "continued": {
        "name": "continued", "in": "query", "schema": {"type": "string", "maxLength": 1000},
        "description": "приходит в ссылке next: сколько всего и с какого объекта продолжать; сами не составляйте, непригодное не мешает",
    },
}  # fmt: skip


# -- objects -----------------------------------------------------------------------------------


def _object(properties: dict[str, Any], required: Sequence[str] | None = None) -> dict[str, Any]:
    return {
        "type": "object", "required": list(properties if required is None else required), "properties": properties,
        "additionalProperties": False,
    }  # fmt: skip


def _name(single: str) -> str:
    return single[:1].upper() + single[1:]


def _objects() -> dict[str, Any]:
    """The objects as they go out: no field but ``sourcedId`` is always there, since a reader may ask for some alone."""
    from kontingent.api import gradebook, oneroster

    found: dict[str, Any] = {}
    for route in oneroster.ROUTES:
        found[_name(route.collection.single)] = _object(_properties(route.collection.columns), [])
    reference = {"$ref": "#/components/schemas/SourcedIdReference"}
    role = _object(
        {
            "roleType": _TEXT,
            "role": _TEXT,
            "org": reference,
            "beginDate": {"type": "string", "format": "date"},
        }
    )
    found["User"]["properties"] |= {
        "roles": {"type": "array", "items": role}, "role": {**_TEXT, "description": "1.1"},
        "orgs": {"type": "array", "items": reference, "description": "1.1"},
    }  # fmt: skip
    pair = _object({"itemValueLHS": _TEXT, "itemValueRHS": _TEXT})
    for one in gradebook.ROUTES:
        properties = _properties(one.shelf.columns)
        if "scoreScaleValue" in properties:
            properties["scoreScaleValue"] = {"type": "array", "items": pair}
        found[_of_book(one)] = _object(properties, [])
    return found


def _of_book(route: Any) -> str:
    """Return the name of the schema of a kind of object of the gradebook; 1.1 has shapes of its own."""
    from kontingent.api import oneroster

    return _name(route.shelf.single) + ("V11" if route.base == oneroster.V11 else "")


def _properties(columns: Sequence[Any]) -> dict[str, Any]:
    from kontingent.exchange.oneroster import rules
    from kontingent.exchange.oneroster.model import Kind

    kinds: dict[Kind, dict[str, Any]] = {
        Kind.LIST: {"type": "array", "items": _TEXT}, Kind.NUMBER: {"type": "number"}, Kind.WHOLE: {"type": "integer"},
        Kind.DAY: {"type": "string", "format": "date"}, Kind.MOMENT: {"type": "string", "format": "date-time"},
        Kind.REFERENCE: {"$ref": "#/components/schemas/SourcedIdReference"},
        Kind.REFERENCES: {"type": "array", "items": {"$ref": "#/components/schemas/SourcedIdReference"}},
        Kind.FLAG: {"type": "string", "enum": ["true", "false"]},
    }  # fmt: skip
    told: dict[str, Any] = {}
    for one in columns:
        name, dot, own = rules.rest_name(one).partition(".")
        if dot:
            told.setdefault(name, _object({}, []))["properties"][own] = kinds.get(one.kind, _TEXT)
        else:
            told[name] = kinds.get(one.kind, _TEXT)
    return told


_STATUS_INFO = _object(
    {
        "imsx_codeMajor": {"type": "string", "enum": ["failure", "processing"]},
        "imsx_severity": {"type": "string", "enum": ["error", "warning"]},
        "imsx_description": {"type": "string", "description": "что не так и что сделать, по-русски"},
        "imsx_CodeMinor": _object(
            {
                "imsx_codeMinorField": {
                    "type": "array",
                    "items": _object({"imsx_codeMinorFieldName": _TEXT, "imsx_codeMinorFieldValue": _TEXT}),
                }
            }
        ),
    },
    ["imsx_codeMajor", "imsx_severity", "imsx_description"],
)


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    PAGE.write_text(render(), encoding="utf-8")
