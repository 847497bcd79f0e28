"""How tables are laid out, as data: which heading is which field, which fields a table cannot do without."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from kontingent.achievements.attestation.codes import DeliveryKind
from kontingent.kernel import names

FOLDER: Final = Path(__file__).parent / "profiles"
#: A table is recognised by so many known headings at least.
LEAST_RECOGNISED: Final = 4
NAME_FIELDS: Final = frozenset({"full_name", "family_name"})


@dataclass(frozen=True, slots=True)
class Profile:
    """One layout: the title of each field is its first heading."""

    title: str
    is_confirmed: bool
    columns: dict[str, tuple[str, ...]]
    required: tuple[str, ...]
    absent: dict[str, str]

    def title_of(self, field: str) -> str:
        """Return what a field is called in a table."""
        return (
            self.columns[field][0]
            if field in self.columns
            else {"name": "ФИО", "day": "Дата"}.get(field, "Строка")
        )

    def recognise(self, headings: Sequence[str]) -> dict[int, str]:
        """Return column index → field for a row of headings; of two columns for one field the first counts."""
        known = {names.fold(text): field for field, texts in self.columns.items() for text in reversed(texts)}
        found: dict[int, str] = {}
        for index, heading in enumerate(headings):
            field = known.get(names.fold(heading))
            if field is not None and field not in found.values():
                found[index] = field
        return found

    def missing(self, fields: Sequence[str]) -> list[str]:
        """Return the titles of what a table with these columns lacks."""
        lacks = [self.title_of(one) for one in self.required if one not in fields]
        return lacks if NAME_FIELDS & set(fields) else ["Фамилия (или ФИО)", *lacks]


@cache
def profile_of(kind: DeliveryKind) -> Profile:
    """Return the layout of a kind of file."""
    told = tomllib.loads((FOLDER / f"{kind.value}.toml").read_text(encoding="utf-8"))
    return Profile(
        told["title"],
        told["confidence"] == "sourced",
        {field: tuple(texts) for field, texts in told["columns"].items()},
        tuple(told["required"]["fields"]),
        dict(told["absent"]),
    )
