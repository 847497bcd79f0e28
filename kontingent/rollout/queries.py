"""Reading: how municipalities and organisations stand to the plan on a day, the trend, who has to be reminded of what.

Everything is read of the numbers kept each night, within the actor's scope; the statements do not grow with the places.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import F, Max, Q, QuerySet, Sum

from kontingent.enrolment.permissions import EnrolmentPermission
from kontingent.kernel.actor import Actor
from kontingent.organisations import queries as organisations
from kontingent.organisations.models import Organisation
from kontingent.reports.completeness import REQUIRED
from kontingent.rollout import rules
from kontingent.rollout.codes import Measure, State
from kontingent.rollout.models import CompletenessCount, PlanLine
from kontingent.rollout.rules import Aim
from kontingent.stages.fields import STAGES, Stage

#: States of which somebody is reminded, the most urgent first.
_TO_BE_TOLD = (State.OVERDUE, State.SOON, State.ON_THE_WAY)
TITLES = {one.code: one.title for fields in REQUIRED.values() for one in fields}


@dataclass(frozen=True, slots=True)
class Numbers:
    """Sums over fields: of each measure how many values hold, and of how many it is asked."""

    required: int
    parts: dict[Measure, tuple[int, int]]

    @property
    def filled(self) -> int:
        """How many required values are filled."""
        return self.parts[Measure.FILLED][0]

    @property
    def shares(self) -> list[float | None]:
        """Percent of each measure, of the values that are to be filled; None where nothing of the kind is asked."""
        return [rules.share(*self.parts[one]) for one in Measure]


@dataclass(frozen=True, slots=True)
class Place:
    """A municipality or an organisation in the league: its numbers, what the plan says, how it stands."""

    id: UUID
    code: str
    title: str
    numbers: Numbers
    before: float | None
    aim: Aim | None
    state: State
    overdue_organisations: int = 0

    @property
    def share(self) -> float | None:
        """Percent of required values that are filled."""
        return self.numbers.shares[0]

    @property
    def change(self) -> float | None:
        """Percentage points since the day it is compared with."""
        return None if self.share is None or self.before is None else round(self.share - self.before, 1)

    @property
    def left(self) -> int:
        """How many values are still to be filled to reach the target, or all of them."""
        return rules.left_to_fill(self.aim, self.numbers.filled, self.numbers.required)

    @property
    def state_title(self) -> str:
        """How it stands, in Russian."""
        return rules.STATES[self.state]


@dataclass(frozen=True, slots=True)
class Point:
    """A day of the trend."""

    on: date
    shares: list[float | None]


@dataclass(frozen=True, slots=True)
class Reminder:
    """What an organisation or a territory is reminded of about a stage: how it stands, what is missing, how many of each field."""

    stage: Stage
    aim: Aim | None
    state: State
    share: float | None
    lacking: list[tuple[str, str, int]]
    overdue: int
    municipalities: int

    @property
    def title(self) -> str:
        """The stage, in Russian."""
        return STAGES[self.stage]

    @property
    def values(self) -> int:
        """How many values are missing."""
        return sum(number for _, _, number in self.lacking)

    @property
    def state_title(self) -> str:
        """How it stands, in Russian."""
        return rules.STATES[self.state]


# -- the plan ------------------------------------------------------------------------------------


def plan() -> list[Aim]:
    """Return what the plan says today; it is public and short."""
    return [
        Aim(Stage(one.stage), one.municipality_id, one.due_on, one.target, one.basis)
        for one in PlanLine.objects.filter(superseded_at__isnull=True)
        if one.due_on is not None and one.target is not None
    ]


def history(stage: Stage) -> QuerySet[PlanLine]:
    """Return all that the plan of a stage ever said, the newest first."""
    return PlanLine.objects.filter(stage=stage).select_related("municipality")


# -- the league ----------------------------------------------------------------------------------


def counted_on(actor: Actor, on: date) -> date | None:
    """Return the last day until ``on`` of which numbers are kept."""
    actor.require(EnrolmentPermission.COUNT)
    found: date | None = _days().filter(on__lte=on).aggregate(last=Max("on"))["last"]
    return found


def by_municipality(actor: Actor, stage: Stage, on: date, before: date | None, today: date) -> list[Place]:
    """Return the municipalities in scope, the most complete first."""
    actor.require(EnrolmentPermission.COUNT)
    aims = plan()
    sums = _sums(_days().filter(stage=stage, on=on), "organisation__municipality_id")
    former = _sums(_days().filter(stage=stage, on=before), "organisation__municipality_id") if before else {}
    late = _late(stage, on, aims, today)
    names = {one.id: one for one in organisations.municipalities(on)}
    return _league(
        _place(who, names[who].code, names[who].name, numbers, former.get(who), rules.aim_of(aims, stage, who), today, late.get(who, 0))
        for who, numbers in sums.items() if who in names
    )  # fmt: skip


def by_organisation(
    actor: Actor, stage: Stage, on: date, before: date | None, today: date, *, municipality_id: UUID | None = None
) -> list[Place]:  # fmt: skip
    """Return the organisations in scope, of one municipality if asked, the most complete first."""
    actor.require(EnrolmentPermission.COUNT)
    aims = plan()
    rows = _days().filter(stage=stage)
    if municipality_id is not None:
        rows = rows.filter(organisation__municipality_id=municipality_id)
    sums = _sums(rows.filter(on=on), "organisation_id")
    former = _sums(rows.filter(on=before), "organisation_id") if before else {}
    names = {one.id: one for one in Organisation.objects.filter(pk__in=list(sums))}
    return _league(
        _place(
            who, "", names[who].short_name, numbers, former.get(who),
            rules.aim_of(aims, stage, names[who].municipality_id), today,
        )
        for who, numbers in sums.items()
    )  # fmt: skip


def _days() -> QuerySet[CompletenessCount]:
    return CompletenessCount.objects.all()


def _sums(rows: QuerySet[CompletenessCount], by: str) -> dict[Any, Numbers]:
    """Return the sums by a column; one statement."""
    return {row.pop(by): _numbers(row) for row in _added(rows.values(by)).order_by()}


def _added(
    rows: QuerySet[CompletenessCount, dict[str, object]],
) -> QuerySet[CompletenessCount, dict[str, object]]:
    """Sum up; a measure that does not apply to a field asks for nothing of it."""
    asked = {f"asked_{one.value}": Sum("required", filter=~_null(one)) for one in Measure}
    return rows.annotate(
        whole=Sum("required"), **{f"of_{one.value}": Sum(F(one.value)) for one in Measure}, **asked
    )


def _null(one: Measure) -> Q:
    return Q(**{f"{one.value}__isnull": True})


def _numbers(row: dict[str, Any]) -> Numbers:
    parts = {one: (row[f"of_{one.value}"] or 0, row[f"asked_{one.value}"] or 0) for one in Measure}
    return Numbers(row["whole"], parts)


def _place(
    who: UUID, code: str, title: str, numbers: Numbers, former: Numbers | None, aim: Aim | None, today: date, late: int = 0
) -> Place:  # fmt: skip
    before = former.shares[0] if former else None
    state = rules.state_of(aim, numbers.filled, numbers.required, today)
    return Place(who, code, title, numbers, before, aim, state, late)


def _late(stage: Stage, on: date, aims: Iterable[Aim], today: date) -> dict[UUID, int]:
    """How many organisations of each municipality are overdue."""
    rows = (
        _days()
        .filter(stage=stage, on=on)
        .order_by()
        .values_list("organisation_id", "organisation__municipality_id")
    )
    found: dict[UUID, int] = {}
    for _, place, filled, whole in rows.annotate(Sum("filled"), Sum("required")):
        if rules.state_of(rules.aim_of(aims, stage, place), filled, whole, today) is State.OVERDUE:
            found[place] = found.get(place, 0) + 1
    return found


def _league(found: Iterable[Place]) -> list[Place]:
    return sorted(found, key=lambda one: (-(one.share or 0.0), one.title))


# -- the trend -----------------------------------------------------------------------------------


def trend(actor: Actor, stage: Stage, until: date, *, municipality_id: UUID | None = None) -> list[Point]:
    """Return how the shares went over the days that are kept, evenly thinned."""
    actor.require(EnrolmentPermission.COUNT)
    rows = _days().filter(stage=stage, on__lte=until)
    if municipality_id is not None:
        rows = rows.filter(organisation__municipality_id=municipality_id)
    days = rules.drawn(list(rows.order_by("on").values_list("on", flat=True).distinct()))
    summed = _sums(rows.filter(on__in=days), "on")
    return [Point(day, summed[day].shares) for day in days]


# -- reminders -----------------------------------------------------------------------------------


def reminders(actor: Actor, today: date) -> list[Reminder]:
    """Return what the actor's organisation, or territory, has to fill by stage, where the plan asks for it. Two statements.

    Without a plan nobody is reminded; what is reached is not told.
    """
    if not actor.may(EnrolmentPermission.COUNT) or not (aims := plan()):
        return []
    on = counted_on(actor, today)
    if on is None:
        return []
    rows = _days().filter(on=on).order_by().values_list("stage", "organisation__municipality_id", "field")
    sums: dict[Stage, list[tuple[UUID, str, int, int]]] = {}
    for stage, place, code, filled, whole in rows.annotate(Sum("filled"), Sum("required")):
        sums.setdefault(Stage(stage), []).append((place, code, filled, whole))
    return [one for stage in Stage if (one := _reminder(stage, sums.get(stage, []), aims, today)) is not None]


def _reminder(
    stage: Stage, rows: Sequence[tuple[UUID, str, int, int]], aims: Iterable[Aim], today: date
) -> Reminder | None:
    """Tell a stage; of a territory of several municipalities the most urgent one says how it stands."""
    places: dict[UUID, tuple[int, int]] = {}
    for place, _, filled, whole in rows:
        before = places.get(place, (0, 0))
        places[place] = before[0] + filled, before[1] + whole
    stand = [
        (state, aim)
        for place, (filled, whole) in places.items()
        if (state := rules.state_of(aim := rules.aim_of(aims, stage, place), filled, whole, today)) in _TO_BE_TOLD
    ]  # fmt: skip
    if not stand:
        return None
    state, aim = min(stand, key=lambda one: (_TO_BE_TOLD.index(one[0]), one[1].due_on if one[1] else today))
    lacking: dict[str, int] = {}
    for _, code, filled, whole in rows:
        lacking[code] = lacking.get(code, 0) + whole - filled
    share = rules.share(sum(row[2] for row in rows), sum(row[3] for row in rows))
    told = [(one.code, one.title, lacking[one.code]) for one in REQUIRED[stage] if lacking.get(one.code)]
    return Reminder(
        stage, aim, state, share, told, sum(one is State.OVERDUE for one, _ in stand), len(places)
    )
