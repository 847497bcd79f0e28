"""What the import records in the journal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from kontingent.audit.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchReceived(Event):
    """A file was uploaded."""

    kind: ClassVar[str] = "staging.received"
    title: ClassVar[str] = "Принят файл"
    filename: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchApplied(Event):
    """A batch was applied."""

    kind: ClassVar[str] = "staging.applied"
    title: ClassVar[str] = "Загрузка применена"
    result: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchUndone(Event):
    """A batch was taken back."""

    kind: ClassVar[str] = "staging.undone"
    title: ClassVar[str] = "Загрузка отменена"
    result: dict[str, Any]
