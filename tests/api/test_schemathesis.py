"""What the OpenAPI allows, and what it forbids, sent by schemathesis: no server error, and nothing but declared answers."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import schemathesis
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from kontingent.api import openapi
from tests import builders as b
from tests.machines import clients as m

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
SCHEMA = schemathesis.openapi.from_dict(openapi.document())
OPERATIONS: list[Any] = [found.ok() for found in SCHEMA.get_all_operations()]  # type: ignore[union-attr]
#: Bounded, so that the suite stays a suite: this many requests to each address in each mode.
EACH = 25


@pytest.fixture
def token() -> str:
    school = b.school()
    b.admitted(b.person(snils=b.snils_of(5)), b.group(school, "5А"))
    return m.token_of(m.client(school, rate=6000))


@pytest.mark.parametrize(
    "mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["allowed", "forbidden"]
)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.label)
def test_no_server_error_and_only_declared_answers(operation: Any, mode: GenerationMode, token: str) -> None:
    declared = {int(code) for code in operation.definition.raw["responses"]} | {405}

    @settings(max_examples=EACH, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode), with_token=st.booleans())
    def sends(case: Any, with_token: bool) -> None:
        path = case.formatted_path if hasattr(case, "formatted_path") else case.path
        query = urlencode({name: str(value) for name, value in (case.query or {}).items()})
        address = quote(path, safe="/%") + (f"?{query}" if query else "")
        is_json = "application/json" in operation.definition.raw.get("requestBody", {}).get("content", {})
        form = urlencode(case.body) if isinstance(case.body, dict) else str(case.body)
        body = json.dumps(case.body, default=str) if is_json else form
        headers = {"Authorization": f"Bearer {token}"} if with_token else {}
        answer = Client(raise_request_exception=False).generic(
            case.method,
            address,
            body.encode(errors="replace"),
            "application/json" if is_json else "application/x-www-form-urlencoded",
            headers=headers,
        )
        assert answer.status_code < 500, (address, answer.content)
        assert answer.status_code in declared, (address, answer.status_code, answer.content)

    try:
        sends()
    except Unsatisfiable:  # no forbidden value of this operation's parameters fits into an address
        assert mode is GenerationMode.NEGATIVE
