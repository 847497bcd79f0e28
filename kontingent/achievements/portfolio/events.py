"""What the room records in the journal of acts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kontingent.audit.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class AchievementProposed(Event):
    """A family proposed an achievement."""

    kind: ClassVar[str] = "portfolio.proposed"
    title: ClassVar[str] = "Семья предложила достижение"


@dataclass(frozen=True, slots=True, kw_only=True)
class AchievementWithdrawn(Event):
    """A family took back what it had proposed."""

    kind: ClassVar[str] = "portfolio.withdrawn"
    title: ClassVar[str] = "Семья забрала предложенное достижение"


@dataclass(frozen=True, slots=True, kw_only=True)
class AchievementEntered(Event):
    """A school entered an achievement, of one learner or of a team."""

    kind: ClassVar[str] = "portfolio.entered"
    title: ClassVar[str] = "Внесено достижение"


@dataclass(frozen=True, slots=True, kw_only=True)
class AchievementDecided(Event):
    """A school accepted, refused, corrected, verified or revoked an achievement."""

    kind: ClassVar[str] = "portfolio.decided"
    title: ClassVar[str] = "Решено о достижении"
    outcome: str
    corrected: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanAttached(Event):
    """A supporting document was uploaded, or taken away."""

    kind: ClassVar[str] = "portfolio.scan"
    title: ClassVar[str] = "Подтверждающий документ достижения"
    outcome: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanDestroyed(Event):
    """A scan that had been taken away was destroyed, because its term had passed; recorded before its content goes."""

    kind: ClassVar[str] = "portfolio.scan_destroyed"
    title: ClassVar[str] = "Уничтожен по сроку снимок документа: снятый или отклонённого предложения"
    digest: str
    kept_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StraysRemoved(Event):
    """Files in the store that no record names are removed; recorded before they go."""

    kind: ClassVar[str] = "portfolio.strays_removed"
    title: ClassVar[str] = "Удалены файлы хранилища, которых не называет ни одна запись"
    number: int
    names: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContestsReceived(Event):
    """A file of results of olympiads or contests was received."""

    kind: ClassVar[str] = "portfolio.file_received"
    title: ClassVar[str] = "Принят файл итогов олимпиад и конкурсов"
    what: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContestsApplied(Event):
    """A checked file of results was applied: how many rows became what."""

    kind: ClassVar[str] = "portfolio.file_applied"
    title: ClassVar[str] = "Применён файл итогов олимпиад и конкурсов"
    what: str
    created: int
    changed: int
    unchanged: int
    refused: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ContestsUndone(Event):
    """An applied file was undone: what it wrote and nobody has touched since is as it was before."""

    kind: ClassVar[str] = "portfolio.file_undone"
    title: ClassVar[str] = "Отменена загрузка итогов олимпиад и конкурсов"
    removed: int
    restored: int
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ContestRowsPurged(Event):
    """The rows of a file were removed because their term has passed; what it wrote and its numbers stay."""

    kind: ClassVar[str] = "portfolio.file_purged"
    title: ClassVar[str] = "Удалены по сроку строки загрузки итогов олимпиад и конкурсов"
    what: str
    rows: int
    kept_days: int
