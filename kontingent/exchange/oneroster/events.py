"""What the room records in the journal of acts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kontingent.audit.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class GradebookWritten(Event):
    """A journal wrote or took back something of its gradebook by OneRoster; of a result the subject is the learner."""

    kind: ClassVar[str] = "oneroster.gradebook_written"
    title: ClassVar[str] = "Журнал изменил работу или отметку по OneRoster"
    journal: str
    what: str
    source_id: str
    outcome: str
