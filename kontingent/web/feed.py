"""The change feed, for those who watch over it: how far it has come, who follows it and how they keep up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from kontingent.access.machines import queries as machines
from kontingent.access.machines.permissions import MachinePermission
from kontingent.access.machines.rules import MachineScope
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.trajectory.feed import queries
from kontingent.trajectory.feed.codes import READING_TITLES, TITLES, Pace, Reading
from kontingent.trajectory.feed.queries import Following
from kontingent.trajectory.feed.rules import KEPT
from kontingent.web import charts
from kontingent.web.request import actor_of, page

_SCOPES = {MachineScope.CHANGES: Reading.CHANGES, MachineScope.FOREIGN_MINORS: Reading.FOREIGN_MINORS}
#: How a pace is said, and the colour of its badge.
PACES = {
    Pace.LOST: ("место потеряно", "no"),
    Pace.SILENT: ("молчит", "no"),
    Pace.NEVER: ("не обращалась", "soft"),
    Pace.BEHIND: ("читает", "sure"),
    Pace.ABREAST: ("прочла всё", "yes"),
    Pace.CLOSED: ("доступ закрыт", "soft"),
}


class Line(NamedTuple):
    """One line of the table: how a system follows, and which system it is."""

    following: Following
    name: str
    reach: str
    client_id: str
    said: str
    badge: str
    reading: str


class Column(NamedTuple):
    """A column of the table; one with a key orders it, in one way."""

    title: str
    code: str = ""
    key: Callable[[Line], Any] | None = None
    way: str = "ascending"
    is_number: bool = False


_LONG_AGO = datetime.min.replace(tzinfo=clock.REGION_ZONE)
_MOST_TROUBLED_FIRST = list(Pace)
COLUMNS = (
    Column("Система", "name", lambda one: one.name.casefold()),
    Column("Состояние", "pace", lambda one: _MOST_TROUBLED_FIRST.index(one.following.pace)),
    Column("Чьи сведения"),
    Column("Что читает"),
    Column("Прочла до", is_number=True),
    Column(
        "Отстаёт на", "behind", lambda one: -(one.following.behind or 0), way="descending", is_number=True
    ),
    Column("Последний ответ", "answered", lambda one: one.following.answered_at or _LONG_AGO),
    Column("С изменениями"),
)
_KEYS = {one.code: one.key for one in COLUMNS if one.key is not None}


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """The head of the feed, what it told in a day, and its subscribers in the order asked for."""
    actor = actor_of(request)
    head = queries.head(actor)
    asked = request.GET.get("by", "")
    by = asked if asked in _KEYS else "pace"
    lines = sorted(_lines(actor), key=_KEYS[by])
    kinds = [(TITLES[kind], kind, number) for kind, number in head.kinds]
    return page(
        request, "feed/index.html", head=head, lines=lines, kinds=kinds, by=by, columns=COLUMNS,
        troubled=sum(one.following.pace in {Pace.LOST, Pace.SILENT} for one in lines), total=sum(number for _, _, number in kinds),
        chart=charts.bars([(title, [number]) for title, _, number in kinds], top=kinds[0][2]) if kinds else None,
        silent_hours=int(queries.silent_after().total_seconds()) // 3600, hours=queries.COUNTED_HOURS, kept=KEPT.days,
        may_open=actor.may(MachinePermission.MANAGE),
    )  # fmt: skip


def _lines(actor: Actor) -> list[Line]:
    known = {one.actor_code: one for one in machines.subscribers(actor, _SCOPES)}
    entitled = {
        (code, _SCOPES[scope])
        for code, one in known.items()
        if not one.is_stopped
        for scope in _SCOPES
        if scope.value in one.scopes
    }
    lines = []
    for one in queries.followings(actor, entitled=entitled):
        client = known.get(one.actor_code)
        lines.append(
            Line(
                one, client.name if client else one.actor_code, machines.reach_in_words(client) if client else "",
                client.client_id if client else "", *PACES[one.pace], READING_TITLES[one.reading],
            )
        )  # fmt: skip
    return lines
