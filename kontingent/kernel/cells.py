"""A grid that is kept cell by cell: what the page showed, what was typed, what came of it (ADR 0033). Pure.

A cell is of a person and a ``slot``: a field of the card, a closing mark of a subject.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from kontingent.kernel.errors import InvalidValue, RuleViolation

S = TypeVar("S", bound=Hashable)

MOST_CELLS = 1000


class Cell(NamedTuple, Generic[S]):
    """A cell somebody has changed: what the page showed and what was typed."""

    person_id: UUID
    slot: S
    shown: str
    typed: str

    @property
    def key(self) -> tuple[UUID, S]:
        """Whose and which."""
        return self.person_id, self.slot


@dataclass(slots=True)
class Kept(Generic[S]):
    """What came of the cells: values before and after, and why others were refused."""

    saved: dict[tuple[UUID, S], tuple[str, str]] = field(default_factory=dict)
    refused: dict[tuple[UUID, S], str] = field(default_factory=dict)


def differ(one: str, other: str) -> bool:
    """Say whether two texts of a cell are not the same; spaces around and between do not count."""
    return " ".join(one.split()) != " ".join(other.split())


def check_number(cells: Sequence[Cell[Any]]) -> None:
    """Refuse more cells than one request may bring."""
    if len(cells) > MOST_CELLS:
        raise InvalidValue(
            "cells.too_many", f"За один раз – не больше {MOST_CELLS} ячеек. Запишите таблицу по частям."
        )


def check_same(cell: Cell[Any], stands: str) -> None:
    """Refuse a cell in which another value stands now than the page showed, and say which."""
    if differ(stands, cell.shown):
        now = f"«{stands}»" if stands else "пусто"
        raise RuleViolation(
            "cells.changed_meanwhile",
            f"Пока вы заполняли, здесь уже записали другое: {now}. Сверьте с документом и запишите ещё раз, если верно ваше.",
        )
