"""A machine at the other end: asks for tokens and reads, as an integrator would."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote_plus, urlencode

from django.test import Client

FORM = "application/x-www-form-urlencoded"
TOKEN, REVOKE = "/api/v1/oauth/token", "/api/v1/oauth/revoke"


def posted(address: str, form: dict[str, Any] | list[tuple[str, str]], **headers: str) -> Any:
    """The answer to a form, from a machine with no cookies and strict CSRF checks."""
    client = Client(enforce_csrf_checks=True)
    return client.post(address, urlencode(form), content_type=FORM, headers=headers)


def got(address: str, token: str = "", **parameters: Any) -> Any:
    """The answer to a reading."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return Client(enforce_csrf_checks=True).get(f"/api/v1/{address}", parameters, headers=headers)


def basic(client_id: str, secret: str) -> str:
    """The header of client_secret_basic."""
    text = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return f"Basic {base64.b64encode(text.encode()).decode()}"


def read(answer: Any) -> dict[str, Any]:
    """The JSON of an answer."""
    found = json.loads(answer.content)
    assert isinstance(found, dict)
    return found


def is_problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """Check a problem in every respect and return it."""
    told = read(answer)
    assert (answer.status_code, told["code"]) == (status, code), told
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert told["status"] == status
    assert set(told) == {"type", "title", "status", "code", "detail", "remedy"}
    assert told["type"] == f"urn:kontingent:problem:{code}"
    for name in ("detail", "remedy"):
        assert any("а" <= letter <= "я" for letter in told[name]), told
    return told
