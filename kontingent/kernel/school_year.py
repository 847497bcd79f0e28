"""The school year: 1 September to 31 August, named by the year it begins in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from kontingent.kernel.period import Period

FIRST_MONTH = 9


@dataclass(frozen=True, slots=True, order=True)
class SchoolYear:
    """``SchoolYear(2026)`` is 2026/27: from 1 September 2026 until 1 September 2027."""

    begins_in: int

    @classmethod
    def of(cls, day: date) -> SchoolYear:
        """Return the school year that ``day`` belongs to."""
        return cls(day.year if day.month >= FIRST_MONTH else day.year - 1)

    @property
    def starts_on(self) -> date:
        """1 September."""
        return date(self.begins_in, FIRST_MONTH, 1)

    @property
    def ends_on(self) -> date:
        """The first day that is no longer of this year: the next 1 September."""
        return date(self.begins_in + 1, FIRST_MONTH, 1)

    @property
    def period(self) -> Period:
        """The year as a half-open period."""
        return Period(self.starts_on, self.ends_on)

    @property
    def next(self) -> SchoolYear:
        """The following school year."""
        return SchoolYear(self.begins_in + 1)

    def __str__(self) -> str:
        """Return ``2026/27``."""
        return f"{self.begins_in}/{(self.begins_in + 1) % 100:02d}"
