"""Who refers to persons. Each room declares it in its ``person_references.py``; this room moves the rows and knows no room above.

A reference *moves* when the row is about the person and goes along into the record that stays, or *stays* when it is a
trace of what happened and keeps the id it was written with. ``tests/house`` walks the models and names what nobody
declared.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple
from uuid import UUID

from django.apps import apps
from django.db import connection
from django.db.models import Exists, Field, Model, OuterRef, Q, UniqueConstraint

from kontingent.kernel.actor import Actor

#: The key of a row in a table that has at most one for a person.
ONLY_ROW = "row"


class Treatment(StrEnum):
    """What becomes of a reference when two records are merged."""

    MOVES = "moves"
    STAYS = "stays"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One column that names a person.

    ``unit`` (SQL over the alias ``t``) says which rows belong together and can only be assigned together when a merge is
    undone, across all references of the same ``units``; by default each row is its own. ``describe`` (SQL) tells a
    human what the row is. Rows that are not ``offered`` are assigned by the room itself. ``collides`` (SQL over ``t`` and
    the survivor's row ``s``) says what an exclusion constraint forbids; unique constraints are known by themselves.
    """

    model: str
    title: str
    column: str = "person_id"
    treatment: Treatment = Treatment.MOVES
    unit: str = ""
    units: str = ""
    describe: str = "''"
    collides: str = ""
    offered: bool = True

    @property
    def code(self) -> str:
        """Stable: table and column."""
        return f"{self.table}.{self.column}"

    @property
    def table(self) -> str:
        """The table in the database."""
        return self._model._meta.db_table

    @property
    def _model(self) -> type[Model]:
        return apps.get_model(self.model)

    @property
    def key(self) -> str:
        """SQL of what names a row among those of one person, as text."""
        columns = [f"t.{f.column}" for f in self._key_fields()]
        if not columns:
            return f"'{ONLY_ROW}'"
        return f"{columns[0]}::text" if len(columns) == 1 else f"concat_ws('|', {', '.join(columns)})"

    def _key_fields(self) -> list[Field[Any, Any]]:
        return [f for f in self._model._meta.pk_fields if f.column != self.column]

    def colliding(self, survivor_id: UUID, merged_id: UUID) -> list[str]:
        """Return keys of the merged one's rows that the survivor has the like of: they are not moved twice."""
        found: set[str] = set()
        key = [f.attname for f in self._key_fields()]
        for others, condition in self._unique():
            here = self._model._base_manager.filter(condition)
            twin = here.filter(**{self.column: survivor_id}, **{name: OuterRef(name) for name in others})
            rows = here.filter(Exists(twin), **{self.column: merged_id})
            if key:
                found |= {"|".join(map(str, row)) for row in rows.values_list(*key)}
            elif rows.exists():
                found.add(ONLY_ROW)
        if self.collides:
            found |= self._excluded(survivor_id, merged_id)
        return sorted(found)

    def _excluded(self, survivor_id: UUID, merged_id: UUID) -> set[str]:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {self.key} FROM {self.table} t WHERE t.{self.column} = %s AND EXISTS "
                f"(SELECT 1 FROM {self.table} s WHERE s.{self.column} = %s AND {self.collides})",
                [merged_id, survivor_id],
            )
            return {row[0] for row in cursor.fetchall()}

    def _unique(self) -> list[tuple[list[str], Q]]:
        """What must not be twice for one person: (the other fields, when)."""
        meta = self._model._meta
        field = next(f for f in meta.concrete_fields if f.column == self.column)
        mine = field.name
        found: list[tuple[list[str], Q]] = []
        if field.unique or field in meta.pk_fields:
            found.append(([f.attname for f in self._key_fields() if field in meta.pk_fields], Q()))
        for constraint in meta.constraints:
            if isinstance(constraint, UniqueConstraint) and {mine, self.column} & set(constraint.fields):
                others = [name for name in constraint.fields if name not in {mine, self.column}]
                found.append((others, constraint.condition or Q()))
        return found


class Room(NamedTuple):
    """What one room has to say about merging two records."""

    references: tuple[Reference, ...]
    #: Sentences that say why two records cannot be one, and what to do about it.
    objections: Callable[[UUID, UUID], list[str]]
    #: Brings what the room derives from persons up to date after their data or rows have changed.
    settle: Callable[[Actor, Collection[UUID]], None]


def _no_objections(_survivor_id: UUID, _merged_id: UUID) -> list[str]:
    return []


def _nothing_to_settle(_actor: Actor, _person_ids: Collection[UUID]) -> None:
    return None


@lru_cache(maxsize=1)
def rooms() -> tuple[Room, ...]:
    """Return what the installed rooms declare, this one first."""
    found = []
    for config in apps.get_app_configs():
        name = f"{config.name}.person_references"
        if config.name.startswith("kontingent.") and find_spec(name) is not None:
            module: Any = import_module(name)
            found.append(
                Room(
                    module.REFERENCES,
                    getattr(module, "objections", _no_objections),
                    getattr(module, "settle", _nothing_to_settle),
                )
            )
    return tuple(found)


def moving() -> list[Reference]:
    """Return every reference whose rows go along."""
    return [one for room in rooms() for one in room.references if one.treatment is Treatment.MOVES]
