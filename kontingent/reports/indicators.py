"""Key indicators of a territory on a day: one pass over the learners, by municipality; the contingent by level and year."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Sum

from kontingent.enrolment import contingent
from kontingent.enrolment.contingent import Dimension
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue
from kontingent.kernel.period import years_before
from kontingent.organisations import queries as organisations
from kontingent.reports import facts
from kontingent.reports.facts import Asked
from kontingent.reports.permissions import ReportPermission
from kontingent.reports.queries import counted_for
from kontingent.reports.rules.vocabulary import Source
from kontingent.storage import scope

SCHOOL = "12"
YEARS = 5


class Indicator(NamedTuple):
    """What is shown on the map: code, title, unit, and how it is reckoned in plain Russian."""

    code: str
    title: str
    unit: str
    rule: str


INDICATORS = {
    one.code: one
    for one in (
        Indicator("learners", "Школьники", "", "обучающиеся по программам НОО, ООО и СОО на дату"),
        Indicator(
            "occupancy", "Заполнение школ", "%", "школьники школ с известной вместимостью к их вместимости"
        ),
        Indicator("second_shift", "Вторая смена", "%", "доля школьников классов второй и третьей смены"),
        Indicator("disabled", "Лица с ОВЗ", "%", "доля школьников на адаптированных программах"),
        Indicator(
            "foreign",
            "Иностранные граждане",
            "%",
            "доля школьников – иностранных граждан и лиц без гражданства",
        ),
        Indicator(
            "preschool", "Дошкольники", "", "обучающиеся по программам дошкольного образования на дату"
        ),
        Indicator(
            "additional", "Дополнительное образование", "", "зачисления на дополнительные программы на дату"
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Place:
    """A municipality with its indicators; a share of nothing is None."""

    id: UUID
    code: str
    name: str
    values: dict[str, float | None]


def by_municipality(actor: Actor, on: date) -> list[Place]:
    """Return the indicators of the municipalities in scope, in name order."""
    actor.require(ReportPermission.VIEW)
    own = organisations.own(actor.scope)
    asked = Asked(on, years_before(on, 1), on, None, counted_for(actor))
    counts: dict[UUID, tuple[int, ...]] = {}
    with facts.built(asked, {Source.LEARNERS}), scope.whole_register(), connection.cursor() as cursor:
        cursor.execute(
            f"SELECT l.municipality_id, count(*) FILTER (WHERE s), count(*) FILTER (WHERE s AND shift <> '1'), "
            "count(*) FILTER (WHERE s AND adaptation <> '1'), count(*) FILTER (WHERE s AND citizenship IN ('1', '2')), "
            "count(*) FILTER (WHERE s AND o.capacity > 0), count(*) FILTER (WHERE programme = '11'), "
            "count(*) FILTER (WHERE NOT main) "
            f"FROM (SELECT *, main AND programme IN ('12', '13', '14', '15') AS s FROM {facts.table_of(Source.LEARNERS)}) l "
            "JOIN organisations_organisation o ON o.id = l.organisation_id GROUP BY l.municipality_id"
        )
        counts = {row[0]: row[1:] for row in cursor.fetchall()}
    seats = dict(
        own.filter(type_code=SCHOOL, capacity__gt=0)
        .order_by()
        .values_list("municipality_id")
        .annotate(seats=Sum("capacity"))
        .values_list("municipality_id", "seats")
    )
    there = own.order_by().values("municipality_id")
    return [
        Place(one.id, one.code, one.name, _values(counts.get(one.id, (0,) * 7), seats.get(one.id, 0)))
        for one in organisations.municipalities(on).filter(pk__in=there).order_by("sort_key")
    ]


def _values(counts: tuple[int, ...], seats: int) -> dict[str, float | None]:
    learners, shift, disabled, foreign, seated, preschool, additional = counts
    return {
        "learners": learners, "occupancy": _share(seated, seats), "second_shift": _share(shift, learners),
        "disabled": _share(disabled, learners), "foreign": _share(foreign, learners), "preschool": preschool,
        "additional": additional,
    }  # fmt: skip


def _share(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 1) if whole else None


def shades(values: list[float | None], steps: int = 5) -> list[int]:
    """Return the step of each value among the others, 1 to ``steps``, by rank; 0 for what is not known."""
    ranked = sorted({one for one in values if one is not None})
    step = {value: 1 + index * steps // max(1, len(ranked)) for index, value in enumerate(ranked)}
    return [0 if one is None else step[one] for one in values]


class LevelYear(NamedTuple):
    """How many learners a level had on 20 September of a year."""

    level: str
    year: int
    number: int


def by_level_and_year(actor: Actor, on: date) -> list[LevelYear]:
    """Return the contingent by level of programme on 20 September of the last years."""
    actor.require(ReportPermission.VIEW)
    found = []
    for year in range(on.year - YEARS + 1, on.year + 1):
        day = date(year, 9, 20)
        if day > on:
            continue
        rows = contingent.count(actor, on=day, by=(Dimension.LEVEL,))
        found += [LevelYear(str(row.key[0]), year, row.number) for row in rows]
    return found


def indicator(code: str) -> Indicator:
    """Return an indicator; raise ``InvalidValue`` where there is none."""
    if code not in INDICATORS:
        raise InvalidValue("indicators.code", "Такого показателя нет. Выберите из списка.", field="show")
    return INDICATORS[code]
