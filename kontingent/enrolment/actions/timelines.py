"""Writing timelines: what an amendment leaves as it was is not touched, the rest is superseded and written anew."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from django.db import connection

from kontingent.enrolment.rules.timeline import Span
from kontingent.storage import bulk

Facts = TypeVar("Facts", bound=tuple[Any, ...])


class Table(NamedTuple, Generic[Facts]):
    """Where timelines of a kind are kept: the table, the column that says whose, the columns of the facts."""

    name: str
    owner: str
    facts: type[Facts]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the facts, in their order."""
        return self.facts._fields  # type: ignore[attr-defined,no-any-return]


class Stored(NamedTuple, Generic[Facts]):
    """A span with the number of its row."""

    row_id: int
    span: Span[Facts]


def current(table: Table[Facts], owners: Collection[UUID]) -> dict[UUID, list[Stored[Facts]]]:
    """Return what is known now of these owners, by owner and day, in one statement."""
    found: dict[UUID, list[Stored[Facts]]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {table.owner}, id, starts_on, ends_on, {', '.join(table.columns)} FROM {table.name} "
            f"WHERE {table.owner} = ANY(%s) AND superseded_at IS NULL ORDER BY {table.owner}, starts_on",
            [list(owners)],
        )
        for owner, row_id, starts_on, ends_on, *values in cursor.fetchall():
            facts = table.facts(*(tuple(v) if isinstance(v, list) else v for v in values))
            found[owner].append(Stored(row_id, Span(starts_on, ends_on, facts)))
    return found


def write(
    table: Table[Facts],
    changed: Iterable[tuple[Mapping[str, Any], Sequence[Stored[Facts]], Sequence[Span[Facts]]]],
    *,
    moment: datetime,
) -> None:
    """Bring stored timelines to what they shall be: (columns of the owner, what is stored, what shall be) for each."""
    superseded: list[int] = []
    rows: list[tuple[Any, ...]] = []
    owner_columns: tuple[str, ...] = ()
    for owner, stored, wanted in changed:
        owner_columns = tuple(owner)
        stays = {one.span for one in stored} & set(wanted)
        superseded += [one.row_id for one in stored if one.span not in stays]
        rows += [
            (*owner.values(), span.starts_on, span.ends_on, *map(_adapted, span.facts), moment)
            for span in wanted
            if span not in stays
        ]
    if superseded:
        bulk.execute(f"UPDATE {table.name} SET superseded_at = %s WHERE id = ANY(%s)", [moment, superseded])
    if rows:
        bulk.copy_rows(
            table.name, [*owner_columns, "starts_on", "ends_on", *table.columns, "recorded_at"], rows
        )


def _adapted(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
