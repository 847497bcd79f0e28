"""A checked set as a journal: what ``exchange.journals`` asks of every adapter, read from the tables of the set. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeVar

import msgspec

from kontingent.exchange.journals.adapters.boundary import (
    Asked,
    Finding,
    SeenClass,
    SeenEnrolment,
    SeenOrganisation,
)
from kontingent.exchange.journals.messages import (
    AttendanceMessage,
    FinalMessage,
    LessonMessage,
    MarkMessage,
    is_id,
)
from kontingent.exchange.oneroster import gradebook
from kontingent.exchange.oneroster.gradebook import DELETED, NoMark, Row, Work
from kontingent.exchange.oneroster.writing import RosterSet

_NOTHING: Row = {}
M = TypeVar("M", MarkMessage, AttendanceMessage, FinalMessage, LessonMessage)


#: What is put before an id that looks like the register's and is not.
OWN_ID = "or:"


def line_of(name: str, line: int, _row: Row) -> str:
    """Say where a row of a file stands."""
    return f"{name}.csv, строка {line}"


@dataclass(slots=True)
class OneRosterSet:
    """The set, and when it was made: full sets do not say when their rows were changed.

    ``known`` are rows sent before, by file and id, that changes may refer to; ``own_ids``: the journal calls learners by
    ids of its own, which must not be taken for the register's; ``place`` says where a row stands.
    """

    content: RosterSet
    made_at: datetime
    known: Mapping[str, Mapping[str, Row]] = field(default_factory=dict)
    own_ids: bool = False
    place: Callable[[str, int, Row], str] = line_of
    _by_id: dict[str, dict[str, Row]] = field(default_factory=dict)

    def list_orgs(self) -> Iterator[SeenOrganisation]:
        """Yield schools with their ОГРН, where ``identifier`` is one."""
        for row in self._rows("orgs"):
            if row["type"] == "school":
                yield SeenOrganisation(row["sourcedId"], row["name"], _ogrn(row))

    def list_classes(self) -> Iterator[SeenClass]:
        """Yield whole classes: a class of one subject is a group of lessons, not of the register."""
        for row in self._rows("classes"):
            if row["classType"] == "homeroom":
                yield SeenClass(row["sourcedId"], row["title"], row["schoolSourcedId"])

    def list_enrollments(self) -> Iterator[SeenEnrolment]:
        """Yield learners of classes."""
        for row in self._rows("enrollments"):
            if row["role"] == "student" and row.get("status") != DELETED:
                user = self._one("users", row["userSourcedId"])
                name = " ".join(
                    filter(None, (user.get(one, "") for one in ("familyName", "givenName", "middleName")))
                )
                of = self._one("classes", row["classSourcedId"])
                title = of.get("title", "") if of.get("classType") == "homeroom" else ""
                yield SeenEnrolment(self._learner(row["userSourcedId"]), name, row["classSourcedId"], title)

    def fetch_lessons(self, asked: Asked) -> Iterator[LessonMessage | Finding]:
        """Yield the rows of our extension."""
        for place, row in self._numbered("ext_lessons", asked, "classSourcedId"):
            in_class = self._one("classes", row["classSourcedId"])
            facts = self._common(row) | {
                "class": in_class.get("title") if in_class and not is_id(row["classSourcedId"]) else row["classSourcedId"],
                "organisation": _ogrn(self._one("orgs", in_class.get("schoolSourcedId", ""))),
            }  # fmt: skip
            yield _message(
                LessonMessage,
                facts | _said(row, "date", "subject", "number", "part", "topic", "homework", "teacher"),
                place,
            )

    def fetch_attendance(self, asked: Asked) -> Iterator[AttendanceMessage | Finding]:
        """Yield the rows of our extension."""
        for place, row in self._numbered("ext_attendance", asked, "classSourcedId"):
            facts = self._common(row) | {"learner": self._learner(row["studentSourcedId"])}
            yield _message(
                AttendanceMessage,
                facts | _said(row, "date", "subject", "number", "code", "minutes", "comment"),
                place,
            )

    def fetch_marks(self, asked: Asked) -> Iterator[MarkMessage | Finding]:
        """Yield results of works."""
        yield from self._results(MarkMessage, asked, final=False)

    def fetch_finals(self, asked: Asked) -> Iterator[FinalMessage | Finding]:
        """Yield results that close something."""
        yield from self._results(FinalMessage, asked, final=True)

    def _results(self, kind: type[M], asked: Asked, *, final: bool) -> Iterator[M | Finding]:
        for number, row in enumerate(self._rows("results"), 2):
            place = self.place("results", number, row)
            item = self._one("lineItems", row["lineItemSourcedId"])
            if not item:
                if not final:
                    yield Finding(
                        place, row["lineItemSourcedId"], "oneroster.no_line_item",
                        "Такой работы (lineItem) в наборе нет, и неизвестно, за что отметка. Передайте lineItem вместе с результатом.",
                    )  # fmt: skip
                continue
            work = self._work(item)
            if gradebook.is_final(work) is not final:
                continue
            if not asked.wants(date.fromisoformat(row["scoreDate"]), item["classSourcedId"]):
                continue
            try:
                facts = gradebook.result(row, work, version=gradebook.version_of(row, self.made_at))
            except NoMark as none:
                yield Finding(f"{place}, {none.column}", none.value, "oneroster.no_mark", none.message)
                continue
            yield _message(kind, facts | {"learner": self._learner(row["studentSourcedId"])}, place)

    def _work(self, item: Row) -> Work:
        in_class = self._one("classes", item["classSourcedId"])
        session = item.get("academicSessionSourcedId") or item.get("gradingPeriodSourcedId", "")
        return Work(
            item, self._one("categories", item["categorySourcedId"]), self._one("academicSessions", session), in_class,
            self._one("courses", in_class.get("courseSourcedId", "")),
        )  # fmt: skip

    def _common(self, row: Row) -> dict[str, Any]:
        facts: dict[str, Any] = {"id": row["sourcedId"], "version": gradebook.version_of(row, self.made_at)}
        return facts | ({"deleted": True} if row.get("status") == DELETED else {})

    def _rows(self, name: str) -> Iterator[Row]:
        yield from self.content.rows.get(name, ())

    def _numbered(self, name: str, asked: Asked, class_column: str) -> Iterator[tuple[str, Row]]:
        for number, row in enumerate(self._rows(name), 2):
            if asked.wants(date.fromisoformat(row["date"]), row[class_column]):
                yield self.place(name, number, row), row

    def _learner(self, key: str) -> str:
        return OWN_ID + key if self.own_ids and is_id(key) else key

    def _one(self, name: str, key: str) -> Row:
        if name not in self._by_id:
            self._by_id[name] = {row["sourcedId"]: row for row in self._rows(name)}
        return self._by_id[name].get(key) or self.known.get(name, {}).get(key, _NOTHING)


def _said(row: Row, *names: str) -> dict[str, Any]:
    return {name: row[name] for name in names if row.get(name)}


def _ogrn(row: Row) -> str:
    said = row.get("identifier", "")
    return said if said.isdigit() and len(said) in (13, 15) else ""


def _message(kind: type[M], facts: dict[str, Any], place: str) -> M | Finding:
    try:
        return msgspec.convert(facts, kind, strict=False)
    except msgspec.ValidationError as error:
        return Finding(
            place, str(facts.get("id", ""))[:80], "oneroster.row",
            f"Строку нельзя принять: {error}. Исправьте значение в журнале и передайте набор снова.",
        )  # fmt: skip
