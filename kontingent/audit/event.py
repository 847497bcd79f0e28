"""The shape of an event. Rooms subclass it in their ``events.py``, one class per kind."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened, in the past tense (``OrderSigned``).

    ``kind`` is the stable dotted code, ``title`` the Russian name in the catalogue of events.
    ``subjects`` are the persons it concerns, ``object_id`` the thing changed, ``organisation_id`` where.
    Fields of a subclass go into ``data`` as they are named. Health values never belong here.
    """

    kind: ClassVar[str]
    title: ClassVar[str]

    subjects: tuple[UUID, ...] = field(default=())
    object_id: UUID | None = None
    organisation_id: UUID | None = None
    basis: str = ""

    def data(self) -> dict[str, Any]:
        """Return the fields of the subclass, fit for JSON."""
        own = {f.name for f in dataclasses.fields(self)} - {f.name for f in dataclasses.fields(Event)}
        return {name: plain(getattr(self, name)) for name in sorted(own)}


def plain(value: Any) -> Any:
    """Return ``value`` in JSON's own types: days and moments in ISO 8601, ids as text."""
    match value:
        case date() | datetime():
            return value.isoformat()
        case UUID() | Decimal():
            return str(value)
        case dict():
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(item) for item in value]
        case _:
            return value
