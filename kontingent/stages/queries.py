"""Reading: the gate of a place, the state of the region, the matrix."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Q

from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.organisations import queries as organisations
from kontingent.organisations.models import Municipality, Organisation
from kontingent.stages import rules
from kontingent.stages.fields import FIELDS, FROM_THE_START, STAGES, Field, Stage, of_stage
from kontingent.stages.models import StageOrder
from kontingent.stages.permissions import StagePermission
from kontingent.stages.rules import Gate, Said

REGION_TITLE = "весь регион"


def said() -> list[Said]:
    """Return what all orders say. They are few: one statement, whatever the territory."""
    return [_said(one) for one in StageOrder.objects.all()]


def _said(one: StageOrder) -> Said:
    return Said(
        Stage(one.stage),
        one.opens,
        one.municipality_id,
        one.starts_on,
        one.recorded_at,
        one.number,
        one.dated,
    )


def gate(municipality: Municipality, *, on: date | None = None) -> Gate:
    """Return which stages are open in a municipality on a day, today by default."""
    return Gate(municipality.name, _open_in(said(), municipality.id, on or clock.today()))


def gate_of(organisation_id: UUID, *, on: date | None = None) -> Gate:
    """Return which stages are open for an organisation, by the municipality it lies in."""
    return gate(organisations.get(organisation_id).municipality, on=on)


def gate_for(actor: Actor) -> Gate:
    """Return what is open where the actor works: nothing that is closed there is shown, wherever it was entered.

    Whoever works for the whole region sees what is open anywhere; of a family, what is open where it was entered.
    """
    scope, orders, today = actor.scope, said(), clock.today()
    if scope.whole_region or scope.is_family:
        places = {one.municipality_id for one in orders} | {None}
        return Gate(REGION_TITLE, frozenset().union(*(_open_in(orders, place, today) for place in places)))
    places_of_work = set(scope.municipalities) | set(
        Organisation.objects.filter(
            pk__in=list(scope.organisations | ({actor.organisation_id} if actor.organisation_id else frozenset()))
        ).values_list("municipality_id", flat=True)
    )  # fmt: skip
    named = list(Municipality.objects.filter(pk__in=places_of_work))
    opened = FROM_THE_START.union(*(_open_in(orders, one.id, today) for one in named))
    return Gate(", ".join(one.name for one in named) or "ваша организация", opened)


def where_open(field: str, *, organisation: str = "organisation") -> Q:
    """Return the condition of rows whose organisation lies where a field is open today; one statement. Of organisations themselves, ``organisation`` is empty.

    What was entered while a stage was open is not shown once it is closed there, to nobody: PostgreSQL's policies say so of every scope but the region's,
    which reads past them.
    """
    orders, stage, today = said(), FIELDS[field].stage, clock.today()
    named = {one.municipality_id for one in orders if one.municipality_id}
    opened = {one for one in named if rules.is_open(orders, stage, one, today)}
    where = "__".join(part for part in (organisation, "municipality_id", "in") if part)
    return (
        ~Q(**{where: named - opened}) if rules.is_open(orders, stage, None, today) else Q(**{where: opened})
    )


def _open_in(orders: Collection[Said], municipality_id: UUID | None, day: date) -> frozenset[Stage]:
    return frozenset(one for one in Stage if rules.is_open(orders, one, municipality_id, day))


# -- pages -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Territory:
    """How a stage stands in a municipality, by which order, and what has been ordered for later."""

    municipality: Municipality
    is_open: bool
    word: Said | None
    later: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class StageState:
    """A stage with its fields, its territories and its orders."""

    stage: Stage
    title: str
    is_from_start: bool
    fields: list[Field]
    territories: list[Territory]
    orders: list[StageOrder]

    @property
    def ordered(self) -> list[Territory]:
        """Where something has been ordered, for today or for later."""
        return [one for one in self.territories if one.word or one.later]

    @property
    def untouched(self) -> list[Territory]:
        """Where nothing has been ordered."""
        return [one for one in self.territories if not one.word and not one.later]

    @property
    def number_open(self) -> int:
        """In how many municipalities it is open."""
        return sum(one.is_open for one in self.territories)


def state(actor: Actor, *, on: date) -> list[StageState]:
    """Return how every stage stands over the region, in two statements."""
    actor.require(StagePermission.VIEW)
    rows = list(StageOrder.objects.select_related("municipality"))
    orders, places = [_said(one) for one in rows], list(organisations.municipalities(on))
    return [
        StageState(
            stage, title, stage in FROM_THE_START, of_stage(stage),
            [_territory(orders, stage, place, on) for place in places],
            [one for one in rows if one.stage == stage],
        )
        for stage, title in STAGES.items()
    ]  # fmt: skip


def _territory(orders: Collection[Said], stage: Stage, place: Municipality, on: date) -> Territory:
    later = tuple(
        sorted(
            (o for o in orders if o.stage is stage and o.starts_on > on and o.municipality_id in {None, place.id}),
            key=lambda o: (o.starts_on, o.recorded_at),
        )
    )  # fmt: skip
    return Territory(
        place,
        rules.is_open(orders, stage, place.id, on),
        rules.last_word(orders, stage, place.id, on),
        later,
    )


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """A field with what is said of it and where it is collected on the day."""

    field: Field
    where: str


def matrix(*, on: date) -> list[MatrixRow]:
    """Return the matrix field × purpose × basis × term with where each is collected; no personal data, open to all."""
    orders, places = said(), list(organisations.municipalities(on))
    told = {stage: _where(orders, stage, places, on) for stage in Stage}
    return [MatrixRow(one, told[one.stage]) for one in FIELDS.values()]


def _where(orders: Collection[Said], stage: Stage, places: Collection[Municipality], on: date) -> str:
    if stage in FROM_THE_START:
        return "весь регион, с началом работы системы"
    opened = [
        (place, word)
        for place in places
        if (word := rules.last_word(orders, stage, place.id, on)) is not None and word.opens
    ]
    if not opened:
        return "не собирается: этап не открыт"
    if len(opened) == len(places) and len({word for _, word in opened}) == 1:
        word = opened[0][1]
        return f"весь регион, с {word.starts_on:%d.%m.%Y} ({word.order})"
    return "; ".join(f"{place.name} – с {word.starts_on:%d.%m.%Y} ({word.order})" for place, word in opened)
