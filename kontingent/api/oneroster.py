"""The REST interface of OneRoster for those who read rosters: ``/ims/oneroster/rostering/v1p2`` and ``/ims/oneroster/v1p1``.

Who asks, how often and within which scope is the API's business (``serving``); here are the standard's addresses, its
paging headers and its form of refusal. The table of ``ROUTES`` is all there is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, re_path
from django.views.decorators.csrf import csrf_exempt

from kontingent.access.machines import actions as machines
from kontingent.access.machines.rules import MachineScope
from kontingent.api import continuing, serving
from kontingent.api.serving import ApiRequest, View
from kontingent.exchange.oneroster import model, payloads, queries, rules
from kontingent.exchange.oneroster.model import Column, Edition
from kontingent.exchange.oneroster.queries import (
    ACADEMIC_SESSIONS,
    CLASSES,
    COURSES,
    DEMOGRAPHICS,
    ENROLLMENTS,
    ORGS,
    USERS,
    Asked,
    Begun,
    Collection,
    Ids,
    Page,
)
from kontingent.exchange.oneroster.rules import QueryRefused
from kontingent.kernel import clock

PREFIX = "/ims/oneroster/"
V12, V11 = "rostering/v1p2", "v1p1"
_PARAMETERS = ("limit", "offset", "sort", "orderBy", "filter", "fields", continuing.PARAMETER)
#: By status, what the standard calls it.
_MINOR: Mapping[int, str] = {
    400: "invalid_data",
    401: "unauthorisedrequest",
    403: "forbidden",
    404: "unknownobject",
    405: "invalid_data",
    409: "invalid_data",
    422: "invalid_data",
    429: "server_busy",
    503: "server_busy",
}
#: What a list takes, and the scope that opens the same.
CORE, WIDER = MachineScope.ROSTER_CORE, MachineScope.ROSTER


@dataclass(frozen=True, slots=True)
class Route:
    """An address below the base: whose objects, which of them, within what.

    ``within`` says by which column an id of the path narrows; ``parents`` are looked up first, so that an unknown one is
    told apart from one that has nothing.
    """

    address: str
    collection: Collection
    name: str = ""
    fixed: Ids = field(default_factory=dict)
    within: Mapping[str, str] = field(default_factory=dict)
    parents: Mapping[str, Collection] = field(default_factory=dict)
    nobody: bool = False

    @property
    def is_one(self) -> bool:
        """Whether it is a single object."""
        return self.address.endswith("<str:source_id>")

    @property
    def scope(self) -> MachineScope:
        """Lists within a school, a class, a person take the wider scope."""
        if self.collection is DEMOGRAPHICS:
            return MachineScope.ROSTER_DEMOGRAPHICS
        return WIDER if self.within else CORE


_SCHOOL, _CLASS = {"school": ORGS}, {"class_id": CLASSES}
_KINDS: tuple[tuple[str, str, Collection, Ids, bool], ...] = (
    ("academicSessions", "academicSession", ACADEMIC_SESSIONS, {}, False),
    ("gradingPeriods", "academicSession", ACADEMIC_SESSIONS, {"type": "gradingPeriod"}, False),
    ("terms", "academicSession", ACADEMIC_SESSIONS, {"type": "schoolYear"}, False),
    ("orgs", "org", ORGS, {}, False),
    ("schools", "org", ORGS, {"type": "school"}, False),
    ("courses", "course", COURSES, {}, False),
    ("classes", "class", CLASSES, {}, False),
    ("users", "user", USERS, {}, False),
    ("students", "user", USERS, {}, False),
    # The register names teachers by their signature only: as people they are unknown to it.
    ("teachers", "user", USERS, {}, True),
    ("enrollments", "enrollment", ENROLLMENTS, {}, False),
    ("demographics", "demographics", DEMOGRAPHICS, {}, False),
)
_NAMES = {address: f"{single}s" for address, single, *_ in _KINDS} | {
    "demographics": "demographics", "classes": "classes",
    "schools": "orgs", "students": "users", "teachers": "users",
}  # fmt: skip


def _routes() -> list[Route]:
    found = []
    for address, single, collection, fixed, nobody in _KINDS:
        found.append(Route(address, collection, _NAMES[address], fixed, nobody=nobody))
        found.append(Route(f"{address}/<str:source_id>", collection, single, fixed, nobody=nobody))
    school, in_class = "schools/<str:school>", "schools/<str:school>/classes/<str:class_id>"
    of_school = {"school": "schoolSourcedId"}
    both: Mapping[str, Collection] = {**_SCHOOL, **_CLASS}
    found += [
        Route(f"{school}/classes", CLASSES, "classes", {}, of_school, _SCHOOL),
        Route(f"{school}/courses", COURSES, "courses", {}, {"school": "orgSourcedId"}, _SCHOOL),
        Route(f"{school}/enrollments", ENROLLMENTS, "enrollments", {}, of_school, _SCHOOL),
        Route(f"{school}/students", USERS, "users", {}, {"school": "users_of_school"}, _SCHOOL),
        Route(f"{school}/teachers", USERS, "users", {}, {"school": "users_of_school"}, _SCHOOL, nobody=True),
        Route(f"{school}/terms", ACADEMIC_SESSIONS, "academicSessions", {"type": "schoolYear"}, {"school": ""}, _SCHOOL),
        Route(
            f"{in_class}/enrollments", ENROLLMENTS, "enrollments", {},
            {"school": "schoolSourcedId", "class_id": "classSourcedId"}, both,
        ),
        Route(
            f"{in_class}/students", USERS, "users", {}, {"school": "users_of_school", "class_id": "users_of_class"}, both
        ),
        Route(f"{in_class}/teachers", USERS, "users", {}, {"class_id": "users_of_class"}, both, nobody=True),
        Route("classes/<str:class_id>/students", USERS, "users", {}, {"class_id": "users_of_class"}, _CLASS),
        Route("classes/<str:class_id>/teachers", USERS, "users", {}, {"class_id": "users_of_class"}, _CLASS, nobody=True),
        Route("courses/<str:course>/classes", CLASSES, "classes", {}, {"course": "courseSourcedId"}, {"course": COURSES}),
        Route("terms/<str:term>/classes", CLASSES, "classes", {}, {"term": "termSourcedIds"}, {"term": ACADEMIC_SESSIONS}),
        Route(
            "terms/<str:term>/gradingPeriods", ACADEMIC_SESSIONS, "academicSessions", {"type": "gradingPeriod"},
            {"term": "parentSourcedId"}, {"term": ACADEMIC_SESSIONS},
        ),
    ]  # fmt: skip
    for people in ("users", "students"):
        found.append(
            Route(f"{people}/<str:user>/classes", CLASSES, "classes", {}, {"user": "classes_of_user"}, {"user": USERS})
        )  # fmt: skip
    found.append(
        Route("teachers/<str:user>/classes", CLASSES, "classes", {}, {"user": "classes_of_user"}, {"user": USERS}, nobody=True)
    )  # fmt: skip
    return found


ROUTES = _routes()


# -- answering ---------------------------------------------------------------------------------


def _answer(request: ApiRequest, route: Route, base: str, **ids: str) -> HttpResponse:
    check_parameters(request)
    on, source_id = clock.today(), ids.pop("source_id", "")
    for name, parent in route.parents.items():
        within = {"schoolSourcedId": ids["school"]} if name == "class_id" and "school" in ids else {}
        queries.one(request.actor, parent, ids[name], on=on, within=within)
    if route.nobody and (route.is_one or "user" in ids):
        raise queries.unknown_object()
    wanted = rules.read_selection(request.GET.get("fields"), _names(route.collection, base))
    address = request.build_absolute_uri(f"{PREFIX}{base}")
    if route.is_one:
        row = queries.one(request.actor, route.collection, source_id, on=on, within=route.fixed)
        return serving.answered({route.name: _objects(request, route, [row], wanted, address)[0]})
    narrowed = {column: ids[name] for name, column in route.within.items() if column}
    asked = asked_of(request, _columns(route.collection, base), {**route.fixed, **narrowed})
    page = Page([], 0) if route.nobody else queries.page(request.actor, route.collection, asked, on=on)
    return paged(request, asked, page, {route.name: _objects(request, route, page.rows, wanted, address)})


def paged(request: ApiRequest, asked: Asked, page: Page, content: dict[str, Any]) -> HttpResponse:
    """Return a page with how many objects there are and where the pages beside it are."""
    answer = serving.answered(content)
    answer.headers["X-Total-Count"] = str(page.total)
    answer.headers["Link"] = _links(request, asked, page)
    return answer


def check_parameters(request: ApiRequest) -> None:
    """Refuse parameters that the standard does not have, or that come twice."""
    for name in request.GET:
        if name not in _PARAMETERS or len(request.GET.getlist(name)) > 1:
            raise QueryRefused(
                "invalid_data", f"Параметра «{name[:40]}» нет или он указан дважды. Есть: {', '.join(_PARAMETERS)}."
            )  # fmt: skip


def _columns(collection: Collection, base: str) -> list[Column]:
    """Return what one filters and sorts by: a user of 1.1 has a role of its own and no organisation that comes first."""
    if collection is not USERS or base != V11:
        return collection.columns
    role = next(one for one in model.FILES[Edition.V11][USERS.file].columns if one.name == "role")
    return [*(one for one in collection.columns if one.name != "primaryOrgSourcedId"), role]


def _names(collection: Collection, base: str) -> list[str]:
    names = rules.names_of(_columns(collection, base))
    return [*names, "orgs" if base == V11 else "roles"] if collection is USERS else names


def asked_of(request: ApiRequest, columns: Sequence[Column], within: Ids) -> Asked:
    """Return what a reader wants of a list whose objects have these columns."""
    said = request.GET
    limit = rules.read_whole(
        said.get("limit", ""), "limit", usual=rules.USUAL_ROWS, least=1, most=rules.MOST_ROWS
    )
    offset = rules.read_whole(said.get("offset", ""), "offset", usual=0, least=0, most=rules.DEEPEST)
    return Asked(
        rules.read_filter(said.get("filter", ""), columns),
        rules.read_order(said.get("sort", ""), said.get("orderBy", ""), columns),
        limit,
        offset,
        within,
        continuing.read(request, limit=limit, offset=offset),
    )


def _objects(
    request: ApiRequest, route: Route, rows: list[dict[str, Any]], wanted: frozenset[str], base: str
) -> list[dict[str, Any]]:
    """Rows as objects; whose data they are is written down in the same transaction."""
    collection, on = route.collection, clock.today()
    told = [payloads.payload(row, collection.columns, wanted, base) for row in rows]
    if collection is USERS:
        of = queries.roles(request.actor, [row["sourcedId"] for row in rows], on=on) if rows else {}
        for row, one in zip(rows, told, strict=True):
            roles = of.get(row["sourcedId"], [])
            if base.endswith(V11):
                _as_v11(one, roles, wanted, base)
            elif "roles" in wanted:
                one["roles"] = [
                    {
                        "roleType": role["roleType"], "role": role["role"],
                        "org": payloads.reference("orgs", role["orgSourcedId"], base),
                        "beginDate": role["beginDate"].isoformat(),
                    }
                    for role in roles
                ]  # fmt: skip
    if collection.person:
        machines.record_given(
            actor=request.actor, scopes=[route.scope], on=on, organisation_id=None,
            person_ids=sorted({UUID(row[collection.person]) for row in rows}),
        )  # fmt: skip
    return told


def _as_v11(one: dict[str, Any], roles: list[dict[str, Any]], wanted: frozenset[str], base: str) -> None:
    """1.1 names one role and the organisations of a user."""
    if "role" in wanted:
        one["role"] = "student"
    if "orgs" in wanted:
        keys = dict.fromkeys(role["orgSourcedId"] for role in roles)
        one["orgs"] = [payloads.reference("orgs", key, base) for key in keys]


def _links(request: ApiRequest, asked: Asked, page: Page) -> str:
    """RFC 8288: the pages beside this one, with everything else that was asked; the next is told what this one knows."""
    total, limit = page.total, asked.limit
    offsets = {
        "next": asked.offset + limit if asked.offset + limit < total else None,
        "last": (max(total, 1) - 1) // limit * limit,
        "first": 0,
        "prev": max(asked.offset - limit, 0) if asked.offset else None,
    }
    said = {
        name: value
        for name, value in request.GET.items()
        if isinstance(value, str) and name != continuing.PARAMETER
    }
    here = request.build_absolute_uri(request.path)
    links = []
    for name, offset in offsets.items():
        if offset is not None:
            query = {**said, "limit": limit, "offset": offset}
            if name == "next" and page.rows:
                counted_at = clock.now() if page.is_counted or not asked.begun else asked.begun.counted_at
                begun = Begun(total, counted_at, page.rows[-1]["sourcedId"])
                query[continuing.PARAMETER] = continuing.write(request, begun, limit=limit, offset=offset)
            links.append(f'<{here}?{urlencode(query)}>; rel="{name}"')
    return ", ".join(links)


# -- refusing ----------------------------------------------------------------------------------


def _refused(problem: Mapping[str, Any], _named: Mapping[str, Any]) -> dict[str, Any]:
    """The payload of OneRoster."""
    code = problem["code"].removeprefix("oneroster.")
    if code.startswith("invalid_"):
        minor = code
    elif problem["status"] == HTTPStatus.UNPROCESSABLE_ENTITY and "unknown" in code:
        minor = "unknownobject"
    else:
        minor = _MINOR.get(problem["status"], "internal_server_error")
    named = {"imsx_codeMinorFieldName": "TargetEndSystem", "imsx_codeMinorFieldValue": minor}
    return {
        "imsx_codeMajor": "failure",
        "imsx_severity": "error",
        "imsx_description": f"{problem['detail']} {problem['remedy']}",
        "imsx_CodeMinor": {"imsx_codeMinorField": [named]},
    }


told_as_the_standard_says = serving.refusals_as(_refused)

#: What the standard has and the register does not, by the pattern of its addresses: answered 404 with the reason.
DECLINED: Mapping[str, str] = {
    rf"(?:resources/v1p2|{V11})/(?:(?:classes|courses|users)/[^/]+/)?resources(?:/[^/]+)?":
        "Учебных ресурсов (resources) реестр не ведёт и по OneRoster не отдаёт.",
    r"gradebook/v1p2/(?:(?:classes|students)/[^/]+/)*assessment(?:LineItems|Results)(?:/[^/]+)?":
        "Профиля Assessment Results (assessmentLineItems, assessmentResults) у реестра нет: для обмена отметками он не обязателен. "
        "Возьмите lineItems и results.",
}  # fmt: skip


def _declined(reason: str) -> View:
    def answer(_request: HttpRequest, **_named: str) -> HttpResponse:
        return serving.problem(
            404, "oneroster.not_kept", reason, "Какие адреса есть, сказано в docs/how-to/oneroster.md."
        )

    return csrf_exempt(told_as_the_standard_says(answer))


def _served(route: Route, base: str) -> View:
    wider = frozenset({WIDER}) if route.scope is CORE else frozenset()

    def answer(request: ApiRequest, **named: str) -> HttpResponse:
        return _answer(request, route, base, **named)

    let_in = serving.bearer(route.scope, wider=wider)(answer)
    return csrf_exempt(told_as_the_standard_says(serving.refusals_told(let_in, "GET")))


urlpatterns: list[URLPattern] = [
    *(path(f"{base}/{route.address}", _served(route, base)) for base in (V12, V11) for route in ROUTES),
    *(re_path(f"^{address}$", _declined(reason)) for address, reason in DECLINED.items()),
    re_path(r"^.*$", csrf_exempt(told_as_the_standard_says(serving.no_such_address))),
]
