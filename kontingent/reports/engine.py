"""Counts a form: one GROUP BY over the facts for each table and source, then rows × columns over the groups.

A predicate is evaluated once for every combination of facts that occurs in the region, not once for every child; what it costs
beside the GROUP BY does not grow with the children.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from kontingent.reports import facts
from kontingent.reports.facts import Asked
from kontingent.reports.rules.counting import Key, Plan, computed, plans
from kontingent.reports.rules.editions import Edition
from kontingent.reports.rules.predicates import holds, sql
from kontingent.storage import scope

#: What is not there is nought.
Cells = dict[Key, int]


@dataclass(slots=True)
class Counted:
    """Cells by organisation."""

    cells: dict[UUID, Cells] = field(default_factory=dict)

    def of(self, organisation_id: UUID) -> Cells:
        """Return the cells of an organisation."""
        return self.cells.setdefault(organisation_id, {})


def asked(
    edition: Edition,
    year: int,
    *,
    known_at: datetime | None = None,
    organisations: Iterable[UUID] | None = None,
) -> Asked:
    """Return what a form of a reporting year asks of the register."""
    since, until = edition.period(year)
    chosen = None if organisations is None else tuple(organisations)
    return Asked(edition.on(year), since, until, known_at, chosen)


def count(edition: Edition, question: Asked) -> Counted:
    """Count every cell of a form that the register knows, for all organisations asked for at once."""
    work = plans(edition)
    with facts.built(question, {plan.source for plan in work}):
        return counted(edition, work)


def counted(edition: Edition, work: Iterable[Plan]) -> Counted:
    """Count the passes of a form over facts that are laid out."""
    found = Counted()
    for plan in work:
        _count(plan, found.cells)
    for cells in found.cells.values():
        _compute(edition, cells)
    return found


def _count(plan: Plan, into: dict[UUID, Cells]) -> None:
    """Count one table from one source."""
    matches: dict[tuple[Any, ...], list[Key]] = {}
    names = plan.facts
    for organisation_id, number, *values in _groups(plan):
        combination = tuple(tuple(one) if isinstance(one, list) else one for one in values)
        keys = matches.get(combination)
        if keys is None:
            keys = matches[combination] = _matching(plan, dict(zip(names, combination, strict=True)))
        if keys:
            cells = into.setdefault(organisation_id, defaultdict(int))
            for key in keys:
                cells[key] += number


def _matching(plan: Plan, group: Mapping[str, Any]) -> list[Key]:
    """Return the cells that a group of like rows falls into."""
    variants = [code for code, where in plan.variants if holds(where, group)]
    rows = [(number, allowed) for number, where, allowed in plan.rows if variants and holds(where, group)]
    there = {number for number, where in plan.columns if rows and holds(where, group)}
    return [
        Key(variant, row, column)
        for row, allowed in rows
        for column in allowed
        if column in there
        for variant in variants
    ]


def _groups(plan: Plan) -> list[tuple[Any, ...]]:
    parameters: list[Any] = []
    where = sql(plan.where, parameters)
    named = ", ".join(plan.facts)
    grouped = f"organisation_id, {named}" if named else "organisation_id"
    selected = f"organisation_id, count(*)::int, {named}" if named else "organisation_id, count(*)::int"
    with scope.whole_register(), connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {selected} FROM {facts.table_of(plan.source)} WHERE {where} GROUP BY {grouped}",
            parameters,
        )
        return list(cursor.fetchall())


def _compute(edition: Edition, cells: Cells) -> None:
    """Fill the cells of computed rows and columns from the others."""
    for key, value in computed(edition, cells):
        if value:
            cells[key] = value
