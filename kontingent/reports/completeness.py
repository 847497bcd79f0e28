"""How complete the register is, by stage, municipality and organisation (наполненность): of how many learners each required field is filled.

Whether a value is there is counted, never the value. Health is asked by one function that the region's role alone may call.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from kontingent.enrolment.permissions import EnrolmentPermission
from kontingent.kernel.actor import Actor
from kontingent.kernel.period import years_before
from kontingent.organisations import queries as organisations
from kontingent.reports.queries import counted_for
from kontingent.stages import queries as stages
from kontingent.stages import rules
from kontingent.stages.fields import Stage
from kontingent.storage import scope


class Required(NamedTuple):
    """A field that is to be filled of every learner, and when it is, as SQL over person ``h`` and placement ``p``."""

    code: str
    title: str
    is_filled: str


#: Which fields are required the customer says by stages; that a card needs a representative only before 18 is the law.
REQUIRED: dict[Stage, tuple[Required, ...]] = {
    Stage.PERSONAL: (
        Required("snils", "СНИЛС", "h.snils IS NOT NULL"),
        Required("birth_place", "Место рождения", "h.birth_place <> ''"),
        Required("document", "Документ", "EXISTS (SELECT 1 FROM persons_identitydocument d WHERE d.person_id = h.id)"),
        Required("address", "Адрес", "EXISTS (SELECT 1 FROM persons_address a WHERE a.person_id = h.id AND a.ends_on IS NULL)"),
        Required(
            "representative", "Представитель",
            "p.birth_date <= %(adults_born)s OR EXISTS (SELECT 1 FROM persons_representation r WHERE r.child_id = h.id AND r.ends_on IS NULL)",
        ),
    ),
    Stage.HEALTH: (
        Required("health_group", "Группа здоровья", "coalesce(f.health_group, false)"),
        Required("physical_group", "Физкультурная группа", "coalesce(f.physical_group, false)"),
    ),
}  # fmt: skip
_HEALTH = "LEFT JOIN scope.health_filled(%(on)s::date) f ON f.person_id = p.person_id"


@dataclass(frozen=True, slots=True)
class Filled:
    """How many learners a place has, and of how many each required field is filled, in the order of ``REQUIRED``."""

    id: UUID
    title: str
    learners: int
    filled: tuple[int, ...]
    is_open: bool = True

    @property
    def shares(self) -> list[float | None]:
        """Percent by field."""
        return [_share(one, self.learners) for one in self.filled]

    @property
    def share(self) -> float | None:
        """Percent of all required values."""
        return _share(sum(self.filled), self.learners * len(self.filled))


def _share(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 1) if whole else None


def by_municipality(actor: Actor, stage: Stage, on: date) -> list[Filled]:
    """Return the municipalities in scope, the least complete first, those where the stage is not open last."""
    names = {one.id: one.name for one in organisations.municipalities(on)}
    sums: dict[UUID, list[int]] = {}
    opened: dict[UUID, bool] = {}
    for place, one in _counted(actor, stage, on):
        row = sums.setdefault(place, [0] * (1 + len(one.filled)))
        for index, number in enumerate((one.learners, *one.filled)):
            row[index] += number
        opened[place] = one.is_open
    return _league(
        Filled(place, names.get(place, "–"), row[0], tuple(row[1:]), opened[place]) for place, row in sums.items()
    )  # fmt: skip


def by_organisation(
    actor: Actor, stage: Stage, on: date, *, municipality_id: UUID | None = None
) -> list[Filled]:
    """Return the organisations in scope that have learners of main programmes, the least complete first."""
    return _league(one for _, one in _counted(actor, stage, on, municipality_id))


def _counted(
    actor: Actor, stage: Stage, on: date, municipality_id: UUID | None = None
) -> list[tuple[UUID, Filled]]:
    """The organisations in scope with the municipality of each; one statement, and one for the orders."""
    actor.require(EnrolmentPermission.COUNT)
    orders, own = stages.said(), counted_for(actor)
    fields = REQUIRED[stage]
    parameters: dict[str, Any] = {
        "on": on, "adults_born": years_before(on, 18), "own": None if own is None else list(own), "municipality": municipality_id,
    }  # fmt: skip
    statement = (
        f"SELECT p.organisation_id, o.short_name, o.municipality_id, count(*), "
        f"{', '.join(f'count(*) FILTER (WHERE {one.is_filled})' for one in fields)} "
        "FROM enrolment_placement p JOIN persons_person h ON h.id = p.person_id "
        f"JOIN organisations_organisation o ON o.id = p.organisation_id {_HEALTH if stage is Stage.HEALTH else ''} "
        "WHERE p.superseded_at IS NULL AND p.is_main AND p.starts_on <= %(on)s AND (p.ends_on IS NULL OR p.ends_on > %(on)s) "
        "AND (%(own)s::uuid[] IS NULL OR p.organisation_id = ANY(%(own)s)) "
        "AND (%(municipality)s::uuid IS NULL OR o.municipality_id = %(municipality)s) "
        "GROUP BY p.organisation_id, o.short_name, o.municipality_id"
    )
    with scope.whole_register(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows = cursor.fetchall()
    return [
        (place, Filled(who, title, learners, tuple(filled), rules.is_open(orders, stage, place, on)))
        for who, title, place, learners, *filled in rows
    ]


def _league(found: Iterable[Filled]) -> list[Filled]:
    return sorted(found, key=lambda one: (not one.is_open, one.share or 0.0, one.title))
