"""What the room records in the journal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kontingent.audit.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesGiven(Event):
    """A page of the feed went to a subscriber: whose changes, up to which place."""

    kind: ClassVar[str] = "feed.changes_given"
    title: ClassVar[str] = "Изменения переданы внешней системе"
    count: int
    until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignMinorsGiven(Event):
    """Data of foreign minors and of their representatives went out by the duty of 314-ФЗ."""

    kind: ClassVar[str] = "feed.foreign_minors_given"
    title: ClassVar[str] = "Переданы сведения о несовершеннолетних иностранных гражданах"
    count: int
    until: int
