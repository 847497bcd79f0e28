"""Every address there is, by every method: nothing answers a stranger but the doors, health and static files."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
#: The whole list of what a stranger may ask for. A new line here is a decision.
OPEN = {"/health", "/sign-in/", "/esia/start/", "/esia/callback/", "/check/", "/check/one/"}
#: Here a machine proves who it is; anybody else is refused by the endpoint itself.
TOKEN_DOORS = {"/api/v1/oauth/token", "/api/v1/oauth/revoke"}
SAMPLES = {
    "uuid": "018f0000-0000-7000-8000-000000000000",
    "slug": "sex",
    "int": "7",
    "str": "one",
    "path": "one",
}
NOWHERE = (
    "/admin/", "/admin/login/", "/admin", "/django-admin/", "/accounts/login/", "/login/", "/api/", "/api/v1/", "/api/docs",
    "/api/v1/openapi.json", "/ims/", "/ims/oneroster/", "/api/v2/learners", "/metrics", "/debug/", "/__debug__/", "/.git/config", "/.env", "/media/",
    "/learners", "//learners/", "/health/", "/healthy/", "/sign-in/../learners/", "/sign-in/x/", "/esia/", "/about/",
)  # fmt: skip


def routes(patterns: list[URLPattern | URLResolver], prefix: str = "/") -> Iterator[str]:
    """Every address of the URL map, with samples in place of its parameters."""
    for one in patterns:
        text = prefix + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from routes(one.url_patterns, text)
        elif "^" in text:
            yield text.partition("^")[0] + "whatever"
        else:
            yield re.sub(r"<(\w+):\w+>", lambda found: SAMPLES[found.group(1)], text)


ROUTES = sorted(set(routes(get_resolver().url_patterns)))


def test_the_map_is_walked_whole() -> None:
    assert len(ROUTES) > 45
    assert set(ROUTES) >= OPEN | TOKEN_DOORS
    assert [route for route in ROUTES if "<" in route or "(" in route] == []


@pytest.mark.django_db
@pytest.mark.parametrize("method", METHODS)
def test_nothing_answers_a_stranger(method: str) -> None:
    client = Client(raise_request_exception=False)
    for address in (*ROUTES, *NOWHERE):
        if address in OPEN:
            continue
        answer = client.generic(method, address, b"")
        where = (method, address, answer.status_code)
        if address.startswith(("/api/", "/ims/oneroster/")):
            assert answer.status_code in {400, 401, 404, 405}, where
            if address in TOKEN_DOORS:
                assert method == "POST" or answer.status_code == 405, where
            if method != "HEAD":
                assert answer.headers["Content-Type"] in {"application/problem+json", "application/json"}, (
                    where
                )
        elif address.startswith(("/sign-in/", "/esia/", "/about/")):
            assert answer.status_code == 404, where
        else:
            assert answer.status_code == 302, where
            assert answer.headers["Location"].startswith("/sign-in/"), where
            assert answer.content == b"", where


@pytest.mark.django_db
@pytest.mark.parametrize("method", METHODS)
def test_the_doors_tell_a_stranger_nothing_about_anybody(method: str) -> None:
    client = Client(raise_request_exception=False)
    for address in OPEN:
        answer = client.generic(method, address, b"", HTTP_X_PROBE="echo-of-the-request")
        assert answer.status_code in {200, 403, 404, 405}, (method, address)
        assert b"echo-of-the-request" not in answer.content, "TRACE must not be served"
        assert "sessionid" not in answer.cookies, "a stranger gets no session"


@pytest.mark.django_db
def test_a_fragment_asked_for_by_a_stranger_leads_to_the_door() -> None:
    answer = Client().get("/learners/?q=а", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.content) == (401, b"")
    assert answer.headers["HX-Redirect"].startswith("/sign-in/")


def test_there_is_no_admin_and_no_password() -> None:
    installed = {one.name for one in apps.get_app_configs()}
    assert installed & {"django.contrib.admin", "django.contrib.auth", "rest_framework"} == set()
    assert [route for route in ROUTES if "admin" in route or "password" in route] == []
    names = {field.name for model in apps.get_models() for field in model._meta.get_fields()}
    assert "password" not in names
