"""What the room records in the journal: that something was done, never what it says. Not even which field: it would tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kontingent.audit.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthRecorded(Event):
    """Records of health were entered, ended or withdrawn."""

    kind: ClassVar[str] = "health.recorded"
    title: ClassVar[str] = "Изменены сведения о здоровье"

    change: str
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRotated(Event):
    """Texts were encrypted anew by the current key."""

    kind: ClassVar[str] = "health.key_rotated"
    title: ClassVar[str] = "Тексты о здоровье перешифрованы"

    key_id: str
    records: int
    lost: int
