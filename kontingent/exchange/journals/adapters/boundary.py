"""What an adapter answers. Typed rows in streams: what cannot be read is a finding with its place, never an end of the stream. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, Protocol, TypeAlias

from kontingent.exchange.journals.messages import (
    AttendanceMessage,
    FinalMessage,
    LessonMessage,
    MarkMessage,
    Message,
)
from kontingent.kernel.school_year import SchoolYear
from kontingent.performance.records import ATTENDANCE, FINALS, LESSONS, MARKS


class Finding(NamedTuple):
    """A place of the source that gives no row: where, what stands there, and what to do."""

    place: str
    value: str
    code: str
    message: str


class SeenOrganisation(NamedTuple):
    """An organisation as the journal knows it."""

    key: str
    title: str
    ogrn: str = ""


class SeenClass(NamedTuple):
    """A class as the journal knows it."""

    key: str
    title: str
    organisation_key: str = ""


class SeenEnrolment(NamedTuple):
    """A learner in a class as the journal knows them; ``class_title`` where classes have keys of their own."""

    learner_key: str
    name: str
    class_key: str
    class_title: str = ""

    @property
    def is_told(self) -> bool:
        """Whether the journal tells who is meant by a key of its own: by name and class."""
        return bool(self.class_title and self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which records are wanted: of a school year, days from ``since`` to ``until``, both among them, of one class or of all."""

    school_year: SchoolYear
    since: date
    until: date
    class_key: str = ""

    def wants(self, day: date, class_key: str = "") -> bool:
        """Say whether a record of that day and class is wanted."""
        return self.since <= day <= self.until and self.class_key in ("", class_key)


Stream: TypeAlias = Iterator[Message | Finding]


class JournalAdapter(Protocol):
    """A journal behind an interface. Each stream may be walked once; a new call begins anew."""

    def list_orgs(self) -> Iterator[SeenOrganisation]:
        """Yield organisations."""

    def list_classes(self) -> Iterator[SeenClass]:
        """Yield classes."""

    def list_enrollments(self) -> Iterator[SeenEnrolment]:
        """Yield who is in which class."""

    def fetch_lessons(self, asked: Asked) -> Iterator[LessonMessage | Finding]:
        """Yield lessons with topics and homework."""

    def fetch_marks(self, asked: Asked) -> Iterator[MarkMessage | Finding]:
        """Yield current marks."""

    def fetch_attendance(self, asked: Asked) -> Iterator[AttendanceMessage | Finding]:
        """Yield absences."""

    def fetch_finals(self, asked: Asked) -> Iterator[FinalMessage | Finding]:
        """Yield marks of periods, years, exams."""


#: What an adapter is asked for each kind of record, lessons first: what comes later may point at them.
FETCH: dict[str, Callable[[JournalAdapter, Asked], Stream]] = {
    LESSONS.code: lambda adapter, asked: adapter.fetch_lessons(asked),
    MARKS.code: lambda adapter, asked: adapter.fetch_marks(asked),
    ATTENDANCE.code: lambda adapter, asked: adapter.fetch_attendance(asked),
    FINALS.code: lambda adapter, asked: adapter.fetch_finals(asked),
}
