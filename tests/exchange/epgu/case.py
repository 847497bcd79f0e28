"""ЕПГУ as it asks over HTTP, and the child it asks about."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import jsonschema
from django.test import Client

from kontingent.api import declarations
from kontingent.enrolment.models import Group
from kontingent.kernel import clock
from tests import builders as b

NOW = datetime(2026, 3, 18, 12, 0, tzinfo=clock.REGION_ZONE)
MONDAY = date(2026, 3, 16)
MOTHER, CHILD, STRANGER = b.snils_of(901), b.snils_of(902), b.snils_of(903)


@dataclass
class Case:
    """A child of 5А with a mother, and ЕПГУ with a token."""

    child: UUID
    mother: UUID
    group: Group
    token: str

    def ask(self, message: str = "m-1", *, applicant: str = MOTHER, child: str = CHILD, token: str | None = None, **more: Any) -> Any:  # fmt: skip
        body = {"messageId": message, "applicant": {"snils": applicant}, "child": {"snils": child}} | more
        return self.post(json.dumps(body), token=token)

    def post(self, body: str | bytes, *, kind: str = "application/json", token: str | None = None) -> Any:
        headers = {"Authorization": f"Bearer {token or self.token}"}
        return Client(enforce_csrf_checks=True).post("/api/epgu/v1/requests", body, content_type=kind, headers=headers)  # fmt: skip

    def get(self, path: str, token: str | None = None, **parameters: str) -> Any:
        headers = {"Authorization": f"Bearer {token or self.token}"}
        return Client().get(f"/api/epgu/v1/{path}", parameters, headers=headers)

    def answered(self, **more: Any) -> dict[str, Any]:
        answer = self.ask(**more)
        assert answer.status_code == 200, answer.content.decode()
        told: dict[str, Any] = answer.json()
        fits(told, "PerformanceAnswer")
        return told


def fits(told: Any, name: str) -> None:
    schema = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": closed(declarations.SCHEMAS)}}
    jsonschema.validate(told, schema, format_checker=jsonschema.FormatChecker())


def closed(schema: Any) -> Any:
    """The schemas with no room for what they do not name: nothing undeclared goes out."""
    if isinstance(schema, dict):
        found = {name: closed(value) for name, value in schema.items()}
        return found | {"additionalProperties": False} if found.get("type") == "object" else found
    return [closed(one) for one in schema] if isinstance(schema, list) else schema
