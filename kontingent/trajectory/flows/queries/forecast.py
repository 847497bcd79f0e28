"""The contingent of the next years, by ``forecasting`` from counts of 20 September of the years before."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from kontingent.enrolment import contingent
from kontingent.enrolment.codes import BASIC, PRESCHOOL, PRIMARY, SECONDARY
from kontingent.enrolment.contingent import Dimension, Filter
from kontingent.enrolment.permissions import EnrolmentPermission
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor, system_actor
from kontingent.kernel.errors import NotAllowed
from kontingent.organisations import queries as organisations
from kontingent.storage import scope
from kontingent.trajectory.flows import forecasting
from kontingent.trajectory.flows.forecasting import Estimate

#: How many past years are learnt from, and how many are told.
LEARNT, TOLD = 5, 5
_SCHOOL = frozenset({PRIMARY, BASIC, SECONDARY})
_SIX = 6
#: Numbers of territories are no secret of anybody; they are counted by the system, whoever asks.
_COUNTER = system_actor("forecast", "Прогноз контингента")


@dataclass(frozen=True, slots=True)
class SchoolForecast:
    """A school: what it had, what is expected, how many places it has."""

    organisation_id: UUID
    name: str
    capacity: int | None
    past: dict[int, int]
    coming: dict[int, Estimate]
    grades: dict[int, dict[int, Estimate]]

    @property
    def is_crowded(self) -> bool:
        """Say whether more are expected than there are places, in some year."""
        return self.capacity is not None and any(one.rounded > self.capacity for one in self.coming.values())


@dataclass(frozen=True, slots=True)
class TerritoryForecast:
    """A municipality, or the region: the same as a whole, and its schools."""

    past: dict[int, int]
    coming: dict[int, Estimate]
    schools: list[SchoolForecast]


def of_municipality(actor: Actor, municipality_id: UUID) -> TerritoryForecast:
    """Return the forecast of a municipality, with those of its schools that lie within the actor's scope.

    Raises:
        NotAllowed: no organisation of the municipality is within the scope.
    """
    actor.require(EnrolmentPermission.COUNT)
    own = list(organisations.own(actor.scope).filter(municipality_id=municipality_id).order_by("name_key"))
    if not own:
        raise NotAllowed("access.out_of_scope", "Организации этого муниципалитета вам недоступны.")
    with scope.whole_register():
        territory, schools = _history(Filter(municipality_id=municipality_id))
    territory = {year: stages for year, stages in territory.items() if stages}
    if not territory:
        return TerritoryForecast({}, {}, [])
    told = []
    for one in own:
        history = {year: schools[year].get(one.id, {}) for year in territory}
        if any(history.values()):
            grades = forecasting.of_school(history, territory, TOLD)
            told.append(
                SchoolForecast(
                    one.id, one.short_name, one.capacity, {year: sum(n.values()) for year, n in history.items()},
                    {year: forecasting.total(list(found.values())) for year, found in grades.items()}, grades,
                )
            )  # fmt: skip
    coming = forecasting.of_territory(territory, TOLD)
    return TerritoryForecast(
        {
            year: sum(number for stage, number in stages.items() if stage in forecasting.GRADES)
            for year, stages in territory.items()
        },
        {year: forecasting.total(list(found.values())) for year, found in coming.items()},
        told,
    )


def _history(where: Filter) -> tuple[dict[int, dict[int, int]], dict[int, dict[UUID, dict[int, int]]]]:
    """Count stages on 20 September of the last years: of the territory, and of each school its grades."""
    today = clock.today()
    last = today.year if today >= date(today.year, 9, 20) else today.year - 1
    territory: dict[int, dict[int, int]] = {}
    schools: dict[int, dict[UUID, dict[int, int]]] = {}
    for year in range(last - LEARNT + 1, last + 1):
        on = date(year, 9, 20)
        stages: dict[int, int] = defaultdict(int)
        by_school: dict[UUID, dict[int, int]] = defaultdict(lambda: defaultdict(int))
        cut = (Dimension.ORGANISATION, Dimension.GRADE, Dimension.LEVEL)
        for (organisation_id, grade, level), number in contingent.count(_COUNTER, on=on, where=where, by=cut):
            if level in _SCHOOL and grade in forecasting.GRADES:
                stages[grade] += number
                by_school[organisation_id][grade] += number
        children = Filter(municipality_id=where.municipality_id, level=PRESCHOOL)
        for (age,), number in contingent.count(_COUNTER, on=on, where=children, by=(Dimension.AGE,)):
            if forecasting.FIRST_STAGE <= age - _SIX <= 0:
                stages[age - _SIX] += number
        territory[year], schools[year] = dict(stages), {key: dict(one) for key, one in by_school.items()}
    return territory, schools
