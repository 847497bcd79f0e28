"""The contingent on any day (контингент на любой день): counts by any cut, and the list behind each number.

``on`` is the day, ``known_at`` the moment whose knowledge is asked for. A count reads ``Placement`` alone. Counts of the
present knowledge go through a cube per day (``cube``), which is exact at any moment (ADR 0005).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from kontingent.audit import reads
from kontingent.audit.reads import ReadKind
from kontingent.enrolment import cube
from kontingent.enrolment.permissions import EnrolmentPermission
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotAllowed
from kontingent.programmes.rules import ADDITIONAL


class Dimension(StrEnum):
    """What a count may be cut by."""

    MUNICIPALITY = "municipality"
    ORGANISATION = "organisation"
    LEVEL = "level"
    GRADE = "grade"
    SEX = "sex"
    AGE = "age"
    FORM = "form"
    ADAPTATION = "adaptation"
    STATE = "state"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which learners are counted; what is None is not asked."""

    organisation_id: UUID | None = None
    municipality_id: UUID | None = None
    level: str | None = None
    grade: int | None = None
    sex: str | None = None
    age: int | None = None
    form: str | None = None
    adaptation: str | None = None
    state: str | None = None
    #: True counts main programmes, False additional ones, None both.
    main: bool | None = True


#: How each dimension and filter reads: in a placement ``p`` joined with its organisation ``o``, and in a cell ``c``.
_PLACEMENT = {
    "municipality": "o.municipality_id",
    "organisation": "p.organisation_id",
    "level": "p.programme_kind_code",
    "grade": "p.grade",
    "sex": "p.sex",
    "age": "extract(year FROM age(%(on)s::date, p.birth_date))::int",
    "form": "p.study_form_code",
    "adaptation": "p.adaptation_code",
    "state": "p.state",
}
_CELL = {
    "municipality": "c.municipality_id",
    "organisation": "c.organisation_id",
    "level": "c.level",
    "grade": "c.grade",
    "sex": "c.sex",
    "age": "c.age",
    "form": "c.form",
    "adaptation": "c.adaptation",
    "state": "c.state",
}
_ADDITIONAL = "('" + "', '".join(sorted(ADDITIONAL)) + "')"


class Row(NamedTuple):
    """One line of a count: the values of the dimensions and the number."""

    key: tuple[Any, ...]
    number: int


def count(
    actor: Actor,
    *,
    on: date,
    known_at: datetime | None = None,
    where: Filter | None = None,
    by: Sequence[Dimension] = (),
) -> list[Row]:
    """Count memberships on a day, cut by dimensions; rows with nobody are absent.

    For additional programmes one child may be counted several times, once in each; ``count_persons`` counts children.
    """
    actor.require(EnrolmentPermission.COUNT)
    where = where or Filter()
    if known_at is None:
        condition, parameters = _conditions(_CELL, where, actor, "c.organisation_id")
        parameters |= cube.of(on).parameters(regional=_is_regional(actor, where, by))
        return _counted(_CELL, by, f"{cube.SOURCE} WHERE c.n <> 0{condition}", parameters, "sum(c.n)::bigint")
    condition, parameters = _conditions(_PLACEMENT, where, actor, "p.organisation_id")
    return _counted(
        _PLACEMENT,
        by,
        f"{_known(known_at)}{condition}",
        {**parameters, "on": on, "known_at": known_at},
        "count(*)",
    )


def _is_regional(actor: Actor, where: Filter, by: Sequence[Dimension]) -> bool:
    """Say whether the answer names no organisation, so that the cells of the region as a whole suffice."""
    cut = {Dimension.ORGANISATION, Dimension.MUNICIPALITY} & set(by)
    return actor.scope.whole_region and not (where.organisation_id or where.municipality_id or cut)


def _counted(
    columns: dict[str, str], by: Sequence[Dimension], source: str, parameters: dict[str, Any], number: str
) -> list[Row]:
    keys = [columns[dimension.value] for dimension in by]
    selected = ", ".join([*keys, number])
    grouping = f" GROUP BY {', '.join(keys)} HAVING {number} <> 0 ORDER BY {', '.join(keys)}" if keys else ""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {selected} FROM {source}{grouping}", parameters)
        return [Row(tuple(row[:-1]), int(row[-1] or 0)) for row in cursor.fetchall()]


def _known(known_at: datetime | None) -> str:
    known = (
        "p.superseded_at IS NULL"
        if known_at is None
        else "p.recorded_at <= %(known_at)s AND (p.superseded_at IS NULL OR p.superseded_at > %(known_at)s)"
    )
    return (
        "enrolment_placement p JOIN organisations_organisation o ON o.id = p.organisation_id "
        f"WHERE {known} AND p.starts_on <= %(on)s AND (p.ends_on IS NULL OR p.ends_on > %(on)s)"
    )


def _conditions(
    columns: dict[str, str], where: Filter, actor: Actor, organisation: str
) -> tuple[str, dict[str, Any]]:
    """Return the conditions of the filter and of the scope with their parameters."""
    parts: list[str] = []
    parameters: dict[str, Any] = {}
    named = {
        "organisation": where.organisation_id,
        "municipality": where.municipality_id,
        "level": where.level,
        "grade": where.grade,
        "sex": where.sex,
        "age": where.age,
        "form": where.form,
        "adaptation": where.adaptation,
        "state": where.state,
    }
    for name, value in named.items():
        if value is not None:
            parts.append(f"{columns[name]} = %(w_{name})s")
            parameters[f"w_{name}"] = value
    if where.main is not None:
        parts.append(f"{columns['level']} {'NOT IN' if where.main else 'IN'} {_ADDITIONAL}")
    if not actor.scope.whole_region:
        if not (actor.scope.organisations or actor.scope.municipalities):
            raise NotAllowed("access.out_of_scope", "Контингент организаций вам недоступен.")
        parts.append(f"({organisation} = ANY(%(s_org)s) OR {columns['municipality']} = ANY(%(s_mun)s))")
        parameters |= {"s_org": list(actor.scope.organisations), "s_mun": list(actor.scope.municipalities)}
    return "".join(f" AND {part}" for part in parts), parameters


def total(actor: Actor, *, on: date, known_at: datetime | None = None, where: Filter | None = None) -> int:
    """Return one number."""
    rows = count(actor, on=on, known_at=known_at, where=where)
    return rows[0].number if rows else 0


def count_persons(actor: Actor, *, on: date, where: Filter | None = None) -> int:
    """Count children once, however many additional programmes each takes."""
    actor.require(EnrolmentPermission.COUNT)
    condition, parameters = _conditions(_PLACEMENT, where or Filter(main=False), actor, "p.organisation_id")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(DISTINCT p.person_id) FROM {_known(None)}{condition}", {**parameters, "on": on}
        )
        row = cursor.fetchone()
    return int(row[0]) if row else 0


# -- the list behind a number --------------------------------------------------------------------


class Learner(NamedTuple):
    """One of those who make a number."""

    person_id: UUID
    full_name: str
    birth_date: date
    sex: str
    organisation: str
    group_title: str
    grade: int | None
    name_key: str
    placement_id: int


PAGE = 100


def learners(
    actor: Actor,
    *,
    on: date,
    known_at: datetime | None = None,
    where: Filter | None = None,
    after: tuple[str, int] | None = None,
    limit: int = PAGE,
) -> list[Learner]:
    """Return a page of the learners behind a number, by name; ``after`` is (name_key, placement_id) of the last seen."""
    actor.require(EnrolmentPermission.VIEW)
    condition, parameters = _conditions(_PLACEMENT, where or Filter(), actor, "p.organisation_id")
    parameters |= {"on": on, "known_at": known_at, "limit": limit}
    paging = ""
    if after is not None:
        paging = " AND (h.name_key, p.id) > (%(a_name)s, %(a_id)s)"
        parameters |= {"a_name": after[0], "a_id": after[1]}
    source = _known(known_at).replace(
        " WHERE ",
        " JOIN persons_person h ON h.id = p.person_id LEFT JOIN enrolment_group g ON g.id = p.group_id WHERE ",
        1,
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.person_id, concat_ws(' ', h.family_name, h.given_name, nullif(h.patronymic, '')), p.birth_date, "
            f"p.sex, o.short_name, coalesce(g.title, ''), p.grade, h.name_key, p.id FROM {source}{condition}{paging} "
            "ORDER BY h.name_key, p.id LIMIT %(limit)s",
            parameters,
        )
        found = [Learner(*row) for row in cursor.fetchall()]
    reads.note(actor, ReadKind.LIST, [one.person_id for one in found], what="контингент на день")
    return found


def narrowed(where: Filter, by: Sequence[Dimension], key: Sequence[Any]) -> Filter:
    """Return the filter of one row of a count: what to list when its number is opened."""
    names = {Dimension.MUNICIPALITY: "municipality_id", Dimension.ORGANISATION: "organisation_id"}
    for dimension, value in zip(by, key, strict=True):
        where = replace(where, **{names.get(dimension, dimension.value): value})
    return where
