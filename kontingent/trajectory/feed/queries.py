"""Pages of the feed, within a subscriber's scope: what happened, and what МВД must be told of."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from kontingent.codelists import queries as codelists
from kontingent.enrolment.codes import CLOSING, OPENING
from kontingent.enrolment.queries.scope import organisations_condition
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.persons import queries as persons
from kontingent.persons.queries import PersonFacts
from kontingent.storage import scope
from kontingent.trajectory.feed import rules
from kontingent.trajectory.feed.codes import ChangeKind, MinorKind, Pace, Reading
from kontingent.trajectory.feed.models import Follower, Horizon
from kontingent.trajectory.feed.permissions import FeedPermission


class Told(NamedTuple):
    """A change as a subscriber is told it: ids, kinds and days, no word about the person; of a group's own change, what it is now."""

    position: int
    kind: ChangeKind
    moment: datetime
    person_id: UUID | None
    other_person_id: UUID | None
    organisation_id: UUID | None
    enrolment_id: UUID | None
    movement_id: int | None
    fields: list[str]
    own_group_id: UUID | None
    title: str | None
    own_grade: int | None
    school_year: int | None
    closed_on: date | None
    movement_kind: str | None
    effective_on: date | None
    group_id: UUID | None
    grade: int | None
    destination_id: UUID | None


@dataclass(frozen=True, slots=True)
class Page:
    """Some changes in order; ``until`` is where the next page begins, ``more`` says that it is worth asking at once."""

    rows: list[Told]
    until: int
    more: bool


@dataclass(frozen=True, slots=True)
class Minor:
    """What is told of a foreign minor who was enrolled or has left; people as the register knows them now."""

    position: int
    kind: MinorKind
    moment: datetime
    on: date
    organisation_id: UUID
    ogrn: str
    organisation: str
    grade: int | None
    reason_code: str
    citizenship_code: str
    country_code: str
    child: PersonFacts
    adults: Mapping[UUID, PersonFacts]


@dataclass(frozen=True, slots=True)
class MinorsPage:
    """The same as ``Page``, of foreign minors."""

    rows: list[Minor]
    until: int
    more: bool


#: Changes are counted by kind over so many hours.
COUNTED_HOURS = 24


@dataclass(frozen=True, slots=True)
class Head:
    """How far the feed has come: its places, the moments of the first and last change kept, what happened lately."""

    newest: int
    forgotten: int
    newest_at: datetime | None
    oldest_at: datetime | None
    waiting: int
    kinds: list[tuple[ChangeKind, int]]


@dataclass(frozen=True, slots=True)
class Following:
    """How one subscriber follows one of the readings; ``behind`` are changes of the whole region, whomever they are of."""

    actor_code: str
    reading: Reading
    pace: Pace
    until: int | None = None
    behind: int | None = None
    answered_at: datetime | None = None
    given_at: datetime | None = None


def ends(actor: Actor) -> tuple[int, int]:
    """Return the places before the oldest change kept and behind the newest one, where new subscribers begin."""
    if not actor.may(FeedPermission.FOREIGN_MINORS):
        actor.require(FeedPermission.FOLLOW)
    horizon = _horizon()
    return horizon.forgotten, horizon.newest


_CHANGES = """
SELECT c.position, c.kind, c.moment, c.person_id, c.other_person_id, c.organisation_id, c.enrolment_id, c.movement_id,
    c.fields, c.group_id, g.title, g.grade, g.school_year, g.closed_on, m.kind, m.effective_on, m.group_id, m.grade, m.destination_id
FROM feed_change c LEFT JOIN enrolment_movement m ON m.id = c.movement_id LEFT JOIN enrolment_group g ON g.id = c.group_id
WHERE c.position > %s AND c.position <= %s{scope} ORDER BY c.position LIMIT %s
"""


def changes(actor: Actor, *, after: int, limit: int) -> Page:
    """Return the changes behind a place; ``actions.number`` comes first.

    Raises:
        Gone: the subscriber must read the register anew.
    """
    actor.require(FeedPermission.FOLLOW)
    newest = _newest(after)
    condition, parameters = _within(actor)
    with connection.cursor() as cursor:
        cursor.execute(_CHANGES.format(scope=condition), [after, newest, *parameters, limit + 1])
        rows = [Told(row[0], ChangeKind(row[1]), *row[2:]) for row in cursor.fetchall()]
    return Page(rows[:limit], *_next(rows, newest, limit))


#: Movements of general education that open or close an enrolment of somebody who was no citizen of Russia on its day.
_MINORS = """
SELECT c.position, c.kind, c.moment, m.kind, m.effective_on, m.organisation_id, o.ogrn, o.short_name, m.grade, m.reason_code,
    z.citizenship_code, z.country_code, m.person_id, h.birth_date
FROM feed_change c JOIN enrolment_movement m ON m.id = c.movement_id
JOIN organisations_organisation o ON o.id = m.organisation_id
JOIN persons_person h ON h.id = m.person_id
JOIN persons_citizenshipperiod z ON z.person_id = m.person_id AND z.superseded_at IS NULL
    AND (z.starts_on IS NULL OR z.starts_on <= m.effective_on) AND (z.ends_on IS NULL OR z.ends_on > m.effective_on)
WHERE c.position > %s AND c.position <= %s AND c.kind = ANY(%s) AND m.kind = ANY(%s) AND z.citizenship_code = ANY(%s)
    AND EXISTS (SELECT 1 FROM enrolment_enrolment e WHERE e.person_id = m.person_id AND e.enrolment_id = c.enrolment_id
        AND e.level_code = ANY(%s)){scope}
ORDER BY c.position LIMIT %s
"""


def foreign_minors(actor: Actor, *, after: int, limit: int) -> MinorsPage:
    """Return enrolments and leavings of foreign minors behind a place, with the people as they are known now."""
    actor.require(FeedPermission.FOREIGN_MINORS)
    newest = _newest(after)
    condition, parameters = _within(actor)
    asked: list[Any] = [
        after, newest, [ChangeKind.MOVEMENT_RECORDED, ChangeKind.MOVEMENT_CANCELLED], [*OPENING, *CLOSING],
        list(rules.NOT_RUSSIAN), list(rules.GENERAL_EDUCATION), *parameters, limit + 1,
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_MINORS.format(scope=condition), asked)
        found = cursor.fetchall()
    page = [
        row for row in found[:limit] if rules.is_foreign_minor(born=row[13], citizenship=row[10], on=row[4])
    ]
    facts = persons.snapshot({row[12] for row in page})
    adults = persons.snapshot({one.adult_id for child in facts.values() for one in child.representations})
    rows = [
        Minor(
            position=row[0], kind=_minor_kind(row[1], row[3]), moment=row[2], on=row[4], organisation_id=row[5], ogrn=row[6],
            organisation=row[7], grade=row[8], reason_code=row[9], citizenship_code=row[10], country_code=row[11],
            child=facts[row[12]], adults=adults,
        )
        for row in page
        if row[12] in facts
    ]  # fmt: skip
    return MinorsPage(rows, *_next(found, newest, limit))


# -- for whoever watches over the feed -----------------------------------------------------------

_HEAD = """
SELECT (SELECT moment FROM feed_change WHERE position = %s),
    (SELECT moment FROM feed_change WHERE position IS NOT NULL ORDER BY position LIMIT 1),
    (SELECT count(*) FROM feed_change WHERE position IS NULL)
"""


def head(actor: Actor) -> Head:
    """Return how far the feed has come and what it has told in the last hours, as numbers without people; three statements."""
    actor.require(FeedPermission.WATCH)
    horizon = _horizon()
    with scope.whole_register(), connection.cursor() as cursor:
        cursor.execute(_HEAD, [horizon.newest])
        newest_at, oldest_at, waiting = cursor.fetchone() or (None, None, 0)
        cursor.execute(
            "SELECT kind, count(*) FROM feed_change WHERE moment >= %s GROUP BY 1 ORDER BY 2 DESC, 1",
            [clock.now() - timedelta(hours=COUNTED_HOURS)],
        )
        kinds = [(ChangeKind(kind), number) for kind, number in cursor.fetchall()]
    return Head(horizon.newest, horizon.forgotten, newest_at, oldest_at, waiting, kinds)


def silent_after() -> timedelta:
    """Return how long a subscriber may stay away before it counts as silent (code list ``feed_threshold``)."""
    return timedelta(hours=int(codelists.number("feed_threshold", "silent_after")))


def followings(actor: Actor, *, entitled: Collection[tuple[str, Reading]]) -> list[Following]:
    """Return how everybody follows who is ``entitled`` to a reading or once was, the most troubled first; two statements."""
    actor.require(FeedPermission.WATCH)
    horizon, now, longest = _horizon(), clock.now(), silent_after()
    found, unheard = [], set(entitled)
    for one in Follower.objects.all():
        who = (one.actor_code, Reading(one.reading))
        is_open = who in unheard
        unheard.discard(who)
        pace = rules.pace_of(
            one.until, one.asked_at, forgotten=horizon.forgotten, newest=horizon.newest, now=now, silent_after=longest
        )  # fmt: skip
        found.append(
            Following(
                *who, pace if is_open else Pace.CLOSED, one.until, max(0, horizon.newest - one.until), one.asked_at, one.given_at
            )
        )  # fmt: skip
    found += [Following(*who, Pace.NEVER) for who in unheard]
    order = list(Pace)
    return sorted(found, key=lambda one: (order.index(one.pace), one.actor_code, one.reading))


def _minor_kind(change: str, movement: str) -> MinorKind:
    is_opening = movement in OPENING
    if change == ChangeKind.MOVEMENT_CANCELLED:
        return MinorKind.ENROLMENT_CANCELLED if is_opening else MinorKind.LEAVING_CANCELLED
    return MinorKind.ENROLLED if is_opening else MinorKind.LEFT


def _newest(after: int) -> int:
    """Return the newest place; a cursor that no longer leads on is refused."""
    horizon = _horizon()
    rules.check_cursor(after, forgotten=horizon.forgotten, newest=horizon.newest)
    return horizon.newest


def _next(rows: list[Any], newest: int, limit: int) -> tuple[int, bool]:
    """A page that is not full leads to the newest change, so that those of others are not looked through again."""
    return (rows[limit - 1][0], True) if len(rows) > limit else (newest, False)


def _horizon() -> Horizon:
    return Horizon.objects.filter(pk=1).first() or Horizon(id=1)


def _within(actor: Actor) -> tuple[str, list[Any]]:
    """Changes of the scope's organisations, and those of persons who have studied there."""
    if actor.scope.whole_region:
        return "", []
    here, parameters = organisations_condition(actor, "c")
    there, of_whom = organisations_condition(actor, "e")
    return (
        f" AND ((true{here}) OR c.organisation_id IS NULL AND EXISTS (SELECT 1 FROM enrolment_enrolment e "
        f"WHERE e.person_id = ANY(ARRAY[c.person_id, c.other_person_id]) AND e.superseded_at IS NULL{there}))",
        [*parameters, *of_whom],
    )
