"""The OpenAPI 3.1 document, written from the declarations: ``python -m kontingent.api.openapi`` writes the file anew."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "openapi.json"


def document() -> dict[str, Any]:
    """Return the document."""
    from kontingent.access.machines.rules import SCOPES
    from kontingent.api import declarations

    paths: dict[str, Any] = {
        declarations.TOKEN_PATH: {"post": _form("issueToken", "Получить токен", _TOKEN_FORM, "Token")},
        declarations.REVOKE_PATH: {"post": _form("revokeToken", "Вернуть токен", _REVOKE_FORM, None)},
    }
    for endpoint in declarations.ENDPOINTS:
        parameters: list[dict[str, Any]] = [
            {"name": one.name, "in": "query", "description": one.description, "schema": one.schema}
            for one in endpoint.parameters
        ]
        for name in reversed(re.findall(r"{(\w+)}", endpoint.path)):
            kind = {"type": "string", "format": "uuid"} if name == "id" else {"type": "string"}
            parameters.insert(0, {"name": name, "in": "path", "required": True, "schema": kind})
        paths[endpoint.path] = {
            endpoint.method.lower(): {
                "operationId": endpoint.operation,
                "summary": endpoint.summary,
                "description": endpoint.description,
                "parameters": parameters,
                "security": [{"oauth2": [endpoint.scope.value]}],
                **({"requestBody": _lines(endpoint.takes)} if endpoint.takes else {}),
                **(
                    {"requestBody": {"required": True, "content": _content(endpoint.body)}}
                    if endpoint.body
                    else {}
                ),
                "responses": {
                    "200": _json("Ответ", endpoint.answer),
                    **_led_on(endpoint.path),
                    **(_REFUSALS if endpoint.refusals == "Problem" else _refusals(endpoint.refusals)),
                    **(
                        {"410": _problem("cursor слишком старый: перечитайте списки")}
                        if endpoint.endless
                        else {}
                    ),
                    **({"409": _problem("Под этим messageId был другой запрос")} if endpoint.body else {}),
                },
            }
        }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "АИС «Контингент»: программный интерфейс",
            "version": "1",
            "description": "Чтение регионального реестра внешними системами и приём из электронных журналов. Токен живёт 15 минут; предел запросов – "
            "у каждой системы свой (429, Retry-After).",
        },
        "paths": paths,
        "components": {
            "schemas": declarations.SCHEMAS,
            "securitySchemes": {
                "oauth2": {
                    "type": "oauth2",
                    "flows": {
                        "clientCredentials": {
                            "tokenUrl": declarations.TOKEN_PATH,
                            "scopes": {scope.value: entry.title for scope, entry in SCOPES.items()},
                        }
                    },
                }
            },
        },
    }


def render() -> str:
    """Return the document as the file holds it."""
    return json.dumps(document(), ensure_ascii=False, indent=2) + "\n"


def _json(description: str, schema: Any, kind: str = "application/json") -> dict[str, Any]:
    return {"description": description, "content": _content(schema, kind)}


def _content(schema: Any, kind: str = "application/json") -> dict[str, Any]:
    return {kind: {"schema": schema}}


def _refusals(schema: str) -> dict[str, Any]:
    """The refusals of a contract that has its own shape for them."""
    told = {"$ref": f"#/components/schemas/{schema}"}
    return {status: _json(one["description"], told) for status, one in _REFUSALS.items()}


def _lines(schema: Any) -> dict[str, Any]:
    """A body of lines, each of the schema."""
    content = {kind: {"schema": schema} for kind in ("application/x-ndjson", "text/csv")}
    return {"required": True, "description": "Одна запись – одна строка, UTF-8.", "content": content}


def _problem(description: str) -> dict[str, Any]:
    return _json(description, {"$ref": "#/components/schemas/Problem"}, "application/problem+json")


def _led_on(path: str) -> dict[str, Any]:
    """One record may have been merged into another."""
    if "person_id" not in path:
        return {}
    return {"307": _problem("Запись объединена с другой; адрес той – в заголовке Location")}


_REFUSALS = {
    "400": _problem("Параметр не читается, не известен или указан дважды"),
    "401": _problem("Нет токена, или он не действует"),
    "403": _problem("Нет области доступа, или организация другая"),
    "404": _problem("Не найдено"),
    "429": _problem("Слишком много запросов; заголовок Retry-After говорит, сколько секунд ждать"),
}
_TEXT = {"type": "string"}
_CLIENT = {
    "client_id": _TEXT,
    "client_secret": _TEXT,
    "client_assertion_type": {"const": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
    "client_assertion": {
        "type": "string",
        "description": "JWT, подписанный RS256 или ES256: iss и sub – client_id, aud – адрес сервера или этого метода, "
        "exp – не дальше 5 минут, jti – каждый раз новый.",
    },
}
_TOKEN_FORM = {
    "type": "object",
    "required": ["grant_type"],
    "properties": {
        "grant_type": {"const": "client_credentials"},
        "scope": {"type": "string", "description": "Через пробел; без него – всё, что системе разрешено."},
        **_CLIENT,
    },
}
_REVOKE_FORM = {"type": "object", "required": ["token"], "properties": {"token": _TEXT, **_CLIENT}}


def _form(operation: str, summary: str, form: dict[str, Any], answer: str | None) -> dict[str, Any]:
    refused = {"$ref": "#/components/schemas/OAuthError"}
    schema = {"$ref": f"#/components/schemas/{answer}"} if answer else {"type": "object"}
    return {
        "operationId": operation,
        "summary": summary,
        "description": "Система подтверждает себя заголовком Basic, параметрами client_id и client_secret или "
        "подписанным client_assertion – одним способом из трёх.",
        "security": [],
        "requestBody": {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": form}}},
        "responses": {
            "200": _json("Ответ", schema),
            "400": _json("Запрос составлен неверно", refused),
            "401": _json("Система не опознана", refused),
            "429": _json("Слишком много запросов", refused),
        },
    }


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    PAGE.write_text(render(), encoding="utf-8")
