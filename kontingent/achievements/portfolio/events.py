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
