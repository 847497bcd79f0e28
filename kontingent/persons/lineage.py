"""Rules of merging and of taking a merge back, pure: which value stays, whose a later change was.

A merge that is undone must leave both records as if every change made since had been made by hand on the one it is
assigned to. What a change set in passing (the former address closed, the former name kept) is therefore told anew for
each of the two, from what they were before the merge.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from kontingent.kernel.names import FullName

NAME = ("family_name", "given_name", "patronymic")
#: What is chosen field by field.
FIELDS = (
    *NAME, "sex", "birth_date", "birth_place", "snils", "citizenship_code", "country_code", "died_on",
)  # fmt: skip
#: The name is changed and assigned as one thing.
NAME_UNIT = "name"


class Change(NamedTuple):
    """One field over a merge: before on both sides, and as it was chosen."""

    survivor: Any
    merged: Any
    chosen: Any


def choose(
    survivor: Mapping[str, Any], merged: Mapping[str, Any], from_merged: Collection[str]
) -> dict[str, Change]:
    """Return every field with the value that stays: the survivor's unless chosen otherwise; empty never replaces filled."""
    found = {}
    for name in FIELDS:
        first, second = (merged, survivor) if name in from_merged else (survivor, merged)
        value = first[name]
        if value in {None, ""} and name not in _MAY_STAY_EMPTY:
            value = second[name]
        found[name] = Change(survivor[name], merged[name], value)
    return found


#: A patronymic that is absent by choice is a statement, as is being alive.
_MAY_STAY_EMPTY = frozenset({"patronymic", "died_on"})


def changed_since(edited: Collection[str]) -> list[str]:
    """Return what of the fields edited since the merge can be assigned: ``name`` as a whole and single fields."""
    units = [NAME_UNIT] if set(edited) & set(NAME) else []
    return units + [name for name in FIELDS if name in edited and name not in NAME]


def divide(
    changes: Mapping[str, Change],
    present: Mapping[str, Any],
    edited: Collection[str],
    to_merged: Collection[str],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the fields of survivor and merged one after the merge is undone."""
    survivor, merged = {}, {}
    for name in FIELDS:
        change = changes[name]
        survivor[name], merged[name] = change.survivor, change.merged
        if name in edited:
            side = merged if (NAME_UNIT if name in NAME else name) in to_merged else survivor
            side[name] = present[name]
    return survivor, merged


@dataclass(frozen=True, slots=True)
class FormerName:
    """A former name kept since the merge."""

    key: int
    name: FullName


def former_names(kept: Sequence[FormerName], *, own: FullName, final: FullName) -> dict[int, FullName | None]:
    """Tell the chain of renamings anew for the record it is assigned to; None where it would not have been a change.

    ``kept`` is in the order of the acts, ``own`` the record's name before the merge, ``final`` the one it has when the
    merge is undone. A part is the record's own until it was first changed.
    """
    told: list[FullName] = []
    changed = [False] * len(FullName._fields)
    for index, one in enumerate(kept):
        if index:
            changed = [
                was or a != b for was, a, b in zip(changed, kept[index - 1].name, one.name, strict=True)
            ]
        parts = zip(changed, one.name, own, strict=True)
        told.append(FullName(*(part if was_changed else mine for was_changed, part, mine in parts)))
    after = [*told[1:], final]
    return {
        one.key: (name if name != then else None) for one, name, then in zip(kept, told, after, strict=True)
    }


@dataclass(slots=True)
class Succession:
    """A row of a kind of which the latest is the present one: an address, a document."""

    key: Any
    kind: str
    #: What the row says of its end: a day, or whether it is still current.
    end: Any
    #: What it makes the one before it say. None for rows that were there at the merge.
    closes_with: Any = None
    is_new: bool = False


def succeed(rows: Iterable[Succession], *, open_end: Any) -> dict[Any, Any]:
    """Return the end of every row of one record: as at the merge, then each new row closes the present one of its kind."""
    told: dict[Any, tuple[str, Any]] = {}
    for row in sorted(rows, key=lambda row: row.is_new):
        if row.is_new:
            for key, (kind, end) in told.items():
                if kind == row.kind and end == open_end:
                    told[key] = (kind, row.closes_with)
            told[row.key] = (row.kind, open_end)
        else:
            told[row.key] = (row.kind, row.end)
    return {key: end for key, (_, end) in told.items()}
