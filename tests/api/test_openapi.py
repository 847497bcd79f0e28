"""The document says what the code does: the snapshot is current, and answers fit their schemas."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.urls import URLPattern

from kontingent.access.machines.rules import MachineScope
from kontingent.api import declarations, openapi, urls
from kontingent.codelists import actions as codelists
from kontingent.reports import actions as reports
from tests import builders as b
from tests.api import machine
from tests.machines import clients as m

TYPES = {"string": str, "integer": int, "boolean": bool, "object": dict, "array": list, "null": type(None)}


def test_the_snapshot_is_current() -> None:
    assert openapi.PAGE.read_text(encoding="utf-8") == openapi.render(), (
        "run python -m kontingent.api.openapi"
    )


def test_every_address_is_declared_and_every_declaration_has_an_address() -> None:
    document = openapi.document()
    assert document["openapi"].startswith("3.1")
    routes = [str(one.pattern) for one in urls.urlpatterns if isinstance(one, URLPattern)]
    served = {"/api/" + re.sub(r"<uuid:\w+>", "{id}", route) for route in routes if not route.startswith("^")}
    assert {re.sub(r"<\w+:(\w+)>", r"{\1}", route) for route in served} == set(document["paths"])


def test_every_reference_leads_somewhere() -> None:
    document = openapi.document()
    names = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(document)))
    assert names == set(document["components"]["schemas"])


def test_every_scope_is_described() -> None:
    flow = openapi.document()["components"]["securitySchemes"]["oauth2"]["flows"]["clientCredentials"]
    assert set(flow["scopes"]) == {one.value for one in MachineScope}


def fits(value: Any, schema: Any, where: str = "answer") -> None:
    """A small reading of JSON Schema, strict about names: what is not declared does not go out."""
    if "$ref" in schema:
        schema = declarations.SCHEMAS[schema["$ref"].rsplit("/", 1)[1]]
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    assert any(type(value) is TYPES[kind] for kind in kinds), (where, value, kinds)
    if isinstance(value, dict):
        assert set(schema["required"]) <= set(value) <= set(schema["properties"]), (where, sorted(value))
        for name, inner in value.items():
            fits(inner, schema["properties"][name], f"{where}.{name}")
    if isinstance(value, list):
        for inner in value:
            fits(inner, schema["items"], f"{where}[]")
    if isinstance(value, str) and "pattern" in schema:
        assert re.search(schema["pattern"], value), (where, value)
    if isinstance(value, str) and schema.get("format") == "date":
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", value), (where, value)
    if isinstance(value, str) and schema.get("format") == "uuid":
        assert re.fullmatch(r"[0-9a-f-]{36}", value), (where, value)


@pytest.mark.django_db
def test_answers_fit_their_schemas() -> None:
    school = b.school()
    anna = b.person(snils=b.snils_of(5))
    b.admitted(anna, b.group(school, "5А"))
    codelists.load_all()
    reports.prepare(actor=b.ROOT, organisation_id=school.id, form="oo-1", year=2025)
    token = m.token_of(m.client(school))
    cuts = {"by": "grade,sex,organisation"}
    ours = [one for one in declarations.ENDPOINTS if one.path.startswith(declarations.PREFIX)]
    reading = [one for one in ours if "{journal}" not in one.path]
    assert len(reading) == 7
    for endpoint in reading:
        address = endpoint.path.removeprefix("/api/v1/").replace("{id}", str(anna))
        parameters = {"on": "2025-10-01"} if any(one.name == "on" for one in endpoint.parameters) else {}
        answer = machine.got(
            address, token, **parameters, **(cuts if endpoint is declarations.CONTINGENT else {})
        )
        assert answer.status_code == 200
        fits(machine.read(answer), endpoint.answer)
    fits(machine.read(machine.got("nothing")), {"$ref": "#/components/schemas/Problem"})
    fits(machine.read(machine.posted(machine.TOKEN, {})), {"$ref": "#/components/schemas/OAuthError"})
