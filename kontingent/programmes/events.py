"""What the room records in the journal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kontingent.audit.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgrammeRegistered(Event):
    """An organisation began a programme."""

    kind: ClassVar[str] = "programmes.registered"
    title: ClassVar[str] = "Заведена образовательная программа"
    programme_kind: str
    name: str
