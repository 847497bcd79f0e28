"""The REST interface of OneRoster for marks: ``/ims/oneroster/gradebook/v1p2``, in the shapes of 1.1 ``/ims/oneroster/v1p1``, and beside them, as an
extension of ours, lessons and absences: ``/ims/oneroster/extension/v1``.

Paging, filters, refusals are those of ``oneroster``; what the objects are is in ``exchange.oneroster.books``. The table of ``ROUTES`` is all there is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, NamedTuple
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.views.decorators.csrf import csrf_exempt

from kontingent.access.machines import actions as machines
from kontingent.access.machines.rules import MachineScope
from kontingent.api import serving
from kontingent.api.oneroster import (
    PREFIX,
    V11,
    V12,
    asked_of,
    check_parameters,
    paged,
    told_as_the_standard_says,
)
from kontingent.api.serving import ApiRequest, View
from kontingent.exchange.oneroster import actions, bodies, books, payloads, queries, rules
from kontingent.exchange.oneroster.bodies import Body
from kontingent.exchange.oneroster.books import (
    ATTENDANCE,
    CATEGORIES,
    CATEGORIES_V11,
    LESSONS,
    LINE_ITEMS,
    LINE_ITEMS_V11,
    RESULTS,
    RESULTS_V11,
    SCORE_SCALES,
    Book,
    Narrow,
    Shelf,
)
from kontingent.exchange.oneroster.queries import ACADEMIC_SESSIONS, CLASSES, ORGS, USERS, Collection
from kontingent.kernel import clock
from kontingent.performance.codes import Outcome

GRADEBOOK, EXTENSION = payloads.GRADEBOOK, "extension/v1"
_CORE, _WHOLE = MachineScope.GRADEBOOK_CORE, MachineScope.GRADEBOOK
#: Whose objects an address is within.
_PARENTS: Mapping[str, Collection] = {
    "class_id": CLASSES, "student": USERS, "school": ORGS, "session": ACADEMIC_SESSIONS
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Route:
    """An address below a base: which objects, and what may be done with them. A name of the address narrows what it leads to;
    where nothing is read, one may only send.
    """

    base: str
    address: str
    shelf: Shelf
    names: tuple[str, ...] = field(default=())
    is_read: bool = True

    @property
    def is_one(self) -> bool:
        """Whether it is a single object."""
        return self.address.endswith("<str:source_id>")

    @property
    def name(self) -> str:
        """Under which name the answer holds them."""
        return self.shelf.single if self.is_one else self.shelf.name

    @property
    def scope(self) -> MachineScope:
        """Lists within a school, a class, a learner take the wider scope, and so does our extension."""
        return _WHOLE if self.names or self.base == EXTENSION else _CORE


def _routes() -> list[Route]:
    found = []
    for base, shelf in (
        *((GRADEBOOK, one) for one in (CATEGORIES, LINE_ITEMS, RESULTS, SCORE_SCALES)),
        *((EXTENSION, one) for one in (LESSONS, ATTENDANCE)),
    ):
        of_class = f"classes/<str:class_id>/{shelf.name}"
        found += [
            Route(base, shelf.name, shelf),
            Route(base, f"{shelf.name}/<str:source_id>", shelf),
            Route(base, of_class, shelf, ("class_id",)),
        ]
        if shelf in (RESULTS, ATTENDANCE):
            of_learner = f"classes/<str:class_id>/students/<str:student>/{shelf.name}"
            found.append(Route(base, of_learner, shelf, ("class_id", "student")))
        if shelf in (LINE_ITEMS, SCORE_SCALES):
            found.append(Route(base, f"schools/<str:school>/{shelf.name}", shelf, ("school",)))
    of_item, of_class = "lineItems/<str:line_item>/results", "classes/<str:class_id>"
    of_session = f"{of_class}/academicSessions/<str:session>/results"
    found += [
        Route(GRADEBOOK, of_item, RESULTS, ("line_item",)),
        Route(GRADEBOOK, f"{of_class}/{of_item}", RESULTS, ("class_id", "line_item")),
        Route(GRADEBOOK, of_session, RESULTS, ("class_id", "session"), is_read=False),
    ]
    for shelf in (CATEGORIES_V11, LINE_ITEMS_V11, RESULTS_V11):
        found += [Route(V11, shelf.name, shelf), Route(V11, f"{shelf.name}/<str:source_id>", shelf)]
    return [
        *found,
        Route(V11, f"{of_class}/lineItems", LINE_ITEMS_V11, ("class_id",)),
        Route(V11, f"{of_class}/results", RESULTS_V11, ("class_id",)),
        Route(V11, f"{of_class}/{of_item}", RESULTS_V11, ("class_id", "line_item")),
        Route(V11, f"{of_class}/students/<str:student>/results", RESULTS_V11, ("class_id", "student")),
    ]


ROUTES = _routes()


# -- reading -----------------------------------------------------------------------------------


def _read(request: ApiRequest, route: Route, **ids: str) -> HttpResponse:
    check_parameters(request)
    on, shelf = clock.today(), route.shelf
    book = books.book_of(request.actor, on=on)
    wanted = rules.read_selection(request.GET.get("fields"), rules.names_of(shelf.columns))
    if route.is_one:
        row = books.one(book, shelf, ids["source_id"])
        return serving.answered({route.name: _told(request, route, [row], wanted)[0]})
    asked = asked_of(request, shelf.comparable, {})
    narrow = _narrow(book, ids)
    if "line_item" in ids:
        item = books.one(book, LINE_ITEMS, ids["line_item"], narrow)
        narrow = narrow._replace(group=UUID(item["classSourcedId"]))
        asked = replace(asked, within={"lineItemSourcedId": ids["line_item"]})
    page = books.page(book, shelf, asked, narrow)
    return paged(request, asked, page, {route.name: _told(request, route, page.rows, wanted)})


def _narrow(book: Book, ids: Mapping[str, str]) -> Narrow:
    """Look up what the address leads through, so that an unknown one is told apart from one that has nothing."""
    for name, collection in _PARENTS.items():
        if name in ids:
            queries.one(book.actor, collection, ids[name], on=book.on)
    group, school, person = (
        UUID(ids[name]) if name in ids else None for name in ("class_id", "school", "student")
    )
    return Narrow(group, school, person)


def _told(
    request: ApiRequest, route: Route, rows: list[dict[str, Any]], wanted: frozenset[str]
) -> list[dict[str, Any]]:
    """Rows as objects; whose data they are is written down in the same transaction."""
    shelf = route.shelf
    base = request.build_absolute_uri(f"{PREFIX}{V11 if route.base == V11 else V12}")
    columns = [one for one in shelf.columns if one.name != "scoreScaleValue"]
    told = []
    for row in rows:
        one = payloads.payload(row, columns, wanted, base)
        if "scoreScaleValue" in row and "scoreScaleValue" in wanted:
            one["scoreScaleValue"] = [
                {"itemValueLHS": written, "itemValueRHS": worth}
                for written, worth in json.loads(row["scoreScaleValue"])
            ]
        told.append(one)
    if shelf.person:
        machines.record_given(
            actor=request.actor, scopes=[route.scope], on=clock.today(), organisation_id=None,
            person_ids=sorted({UUID(row[shelf.person]) for row in rows}),
        )  # fmt: skip
    return told


# -- writing -----------------------------------------------------------------------------------


class _Way(NamedTuple):
    """How a kind of object is written: the shape of its body, and the acts."""

    body: type[Body]
    put: Callable[..., Outcome]
    delete: Callable[..., Outcome]


_WAYS: Mapping[str, _Way] = {
    CATEGORIES.name: _Way(bodies.CategoryBody, actions.put_category, actions.delete_category),
    LINE_ITEMS.name: _Way(bodies.LineItemBody, actions.put_line_item, actions.delete_line_item),
    RESULTS.name: _Way(bodies.ResultBody, actions.put_result, actions.delete_result),
    SCORE_SCALES.name: _Way(bodies.ScoreScaleBody, actions.put_score_scale, actions.delete_score_scale),
}
_BODIES_V11: Mapping[str, type[Body]] = {
    CATEGORIES.name: bodies.CategoryBodyV11,
    LINE_ITEMS.name: bodies.LineItemBodyV11,
    RESULTS.name: bodies.ResultBodyV11,
}


def way_of(route: Route) -> _Way:
    """Return how the objects of an address are written; 1.1 has other bodies for the same acts."""
    way = _WAYS[route.shelf.name]
    return way._replace(body=_BODIES_V11[route.shelf.name]) if route.base == V11 else way


def _put(request: ApiRequest, route: Route, source_id: str) -> HttpResponse:
    """Take an object as it is sent; the answer is the object as it stands."""
    _no_parameters(request)
    bodies.check_id(source_id)
    way = way_of(route)
    body = bodies.read_one(request.body, route.shelf.single, way.body, source_id)
    outcome = way.put(actor=request.actor, source_id=source_id, body=body.as_v12())
    if outcome is Outcome.LATE:
        return _for_a_human()
    book = books.book_of(request.actor, on=clock.today())
    row = books.one(book, route.shelf, source_id)
    answer = serving.answered(
        {route.name: _told(request, route, [row], frozenset(rules.names_of(route.shelf.columns)))[0]}
    )
    answer.status_code = HTTPStatus.CREATED if outcome is Outcome.CREATED else HTTPStatus.OK
    return answer


def _delete(request: ApiRequest, route: Route, source_id: str) -> HttpResponse:
    """Take an object back; once more is no error."""
    _no_parameters(request)
    if "\0" in source_id:
        raise queries.unknown_object()
    outcome = way_of(route).delete(actor=request.actor, source_id=source_id)
    return _for_a_human() if outcome is Outcome.LATE else HttpResponse(status=HTTPStatus.NO_CONTENT)


#: So many objects of one list are taken at once.
MOST_SENT = 100


def _post(request: ApiRequest, route: Route, **ids: str) -> HttpResponse:
    """Take a list of works or results: all of it or nothing. Each keeps the id that it was sent with, so that a repeat is no second one."""
    _no_parameters(request)
    book = books.book_of(request.actor, on=clock.today())
    narrow = _narrow(book, ids)
    sent: Sequence[Body]
    if route.shelf is LINE_ITEMS:
        works = bodies.read_many(request.body, "lineItems", bodies.LineItemBody, most=MOST_SENT)
        sent, outcomes = works, actions.post_line_items(
            actor=request.actor, sent=works, school=ids.get("school", ""), in_class=ids.get("class_id", "")
        )  # fmt: skip
    else:
        if "line_item" in ids:
            books.one(book, LINE_ITEMS, ids["line_item"], narrow)
        marks = bodies.read_many(request.body, "results", bodies.ResultBody, most=MOST_SENT)
        sent, outcomes = marks, actions.post_results(
            actor=request.actor, sent=marks, line_item=ids.get("line_item", ""), in_class=ids.get("class_id", ""),
            session=ids.get("session", ""),
        )  # fmt: skip
    pairs = [{"suppliedSourcedId": one.sourcedId, "allocatedSourcedId": one.sourcedId} for one in sent]
    answer = serving.answered({"sourcedIdPairs": pairs} | (_FOR_A_HUMAN if Outcome.LATE in outcomes else {}))
    answer.status_code = HTTPStatus.ACCEPTED if Outcome.LATE in outcomes else HTTPStatus.CREATED
    return answer


def _no_parameters(request: ApiRequest) -> None:
    for name in request.GET:
        raise rules.QueryRefused(
            "invalid_data", f"При записи параметров нет, а указан «{name[:40]}». Уберите его."
        )


#: The period is closed: the school decides, as on any late correction.
_FOR_A_HUMAN = {
    "imsx_codeMajor": "processing",
    "imsx_severity": "warning",
    "imsx_description": "Период этой отметки закрыт: правка принята и ждёт решения школы («Поздние правки»). Отметка пока прежняя; "
    "прочитайте её позже, повторять запрос не нужно.",
}


def _for_a_human() -> HttpResponse:
    answer = serving.answered(_FOR_A_HUMAN)
    answer.status_code = HTTPStatus.ACCEPTED
    return answer


# -- serving -----------------------------------------------------------------------------------


_Act = Callable[..., HttpResponse]


def _acts(route: Route) -> Mapping[str, tuple[_Act, MachineScope]]:
    """Return by which methods one may write at an address, and what that takes."""
    if route.base == EXTENSION:
        return {}
    if route.is_one:
        return {"PUT": (_put, MachineScope.GRADEBOOK_PUT), "DELETE": (_delete, MachineScope.GRADEBOOK_DELETE)}
    if (route.shelf is LINE_ITEMS and route.names) or route.names == ("line_item",) or not route.is_read:
        return {"POST": (_post, MachineScope.GRADEBOOK_POST)}
    return {}


def methods_of(route: Route) -> list[str]:
    """Return what may be asked of an address."""
    return [*(["GET"] if route.is_read else []), *_acts(route)]


def _acting(act: _Act, route: Route) -> View:
    def view(request: ApiRequest, **ids: str) -> HttpResponse:
        return act(request, route, **ids)

    return view


def _served(route: Route) -> View:
    wider = frozenset({_WHOLE}) if route.scope is _CORE else frozenset()

    def read(request: ApiRequest, **named: str) -> HttpResponse:
        return _read(request, route, **named)

    ways: dict[str, View] = {}
    if route.is_read:
        ways["GET"] = serving.refusals_told(serving.bearer(route.scope, wider=wider)(read), "GET")
    for method, (act, scope) in _acts(route).items():
        ways[method] = serving.refusals_told(serving.bearer(scope)(_acting(act, route)), method)

    def answer(request: HttpRequest, **named: str) -> HttpResponse:
        told = ways.get(request.method or "", next(iter(ways.values())))(request, **named)
        if told.status_code == 405:
            told.headers["Allow"] = ", ".join(ways)
        return told

    return csrf_exempt(told_as_the_standard_says(answer))


urlpatterns: list[URLPattern] = [path(f"{route.base}/{route.address}", _served(route)) for route in ROUTES]
