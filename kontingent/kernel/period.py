"""Half-open periods of days: ``[starts_on, ends_on)``; ``ends_on=None`` means "still going on".

A learner who leaves with effect on 14 October has ``ends_on = 14 October``: the 13th is the last
day they are counted (docs/adr/0004).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


def years_before(day: date, years: int) -> date:
    """Return the day some years before; from the 29th of a month on, the 28th, which every year has."""
    return day.replace(year=day.year - years, day=min(day.day, 28))


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A half-open span of days."""

    starts_on: date
    ends_on: date | None = None

    def __post_init__(self) -> None:
        """Refuse a period that ends before it starts. An empty period (start = end) is allowed."""
        if self.ends_on is not None and self.ends_on < self.starts_on:
            raise ValueError(f"period ends {self.ends_on} before it starts {self.starts_on}")

    @property
    def is_empty(self) -> bool:
        """True when the period holds no day at all."""
        return self.ends_on is not None and self.ends_on <= self.starts_on

    def holds(self, day: date) -> bool:
        """Say whether ``day`` is inside."""
        return self.starts_on <= day and (self.ends_on is None or day < self.ends_on)

    def overlaps(self, other: Period) -> bool:
        """Say whether some day belongs to both."""
        if self.is_empty or other.is_empty:
            return False
        return (other.ends_on is None or self.starts_on < other.ends_on) and (
            self.ends_on is None or other.starts_on < self.ends_on
        )
