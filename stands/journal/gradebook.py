"""What the stand's school has written so far, as collections of OneRoster 1.2. Pure: the same seed and days give the same again.

A work is what the marks of a lesson and a kind of work have in common. When an object was changed follows from its day, too: marks are
written at three in the afternoon, corrected at four the school day after.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

from stands.journal.school import Rates, SchoolClass, day_of

Row = dict[str, Any]
_PERM = timezone(timedelta(hours=5))
WORKS = {
    "answer": "Ответ на уроке", "classwork": "Работа на уроке", "homework": "Домашняя работа", "control": "Контрольная работа",
    "independent": "Самостоятельная работа",
}  # fmt: skip
SCHOOL = "stand-school"


@dataclass(frozen=True, slots=True)
class Writing:
    """Whose school it is, what its learners are called by their ids, and until when it has written."""

    classes: Sequence[SchoolClass]
    until: date
    days: int
    seed: int = 1
    rates: Rates = field(default_factory=Rates)
    title: str = "Стенд журнала (имитация)"
    ogrn: str = ""
    names: dict[str, tuple[str, str, str]] | None = None


def collections_of(writing: Writing) -> dict[str, list[Row]]:
    """Return every collection, each by id."""
    first = writing.until - timedelta(days=writing.days - 1)
    begun = _moment(first, 8)
    year = first.year if first.month >= 9 else first.year - 1
    session = f"y{year}"
    found: dict[str, list[Row]] = {
        "orgs": [_object(SCHOOL, begun, name=writing.title, type="school", identifier=writing.ogrn)],
        "academicSessions": [
            _object(
                session, begun, title=f"{year}/{year + 1}", type="schoolYear", startDate=f"{year}-09-01",
                endDate=f"{year + 1}-09-01", schoolYear=year + 1,
            )
        ],
        "courses": [], "classes": [], "users": [], "enrollments": [], "categories": [], "lineItems": [], "results": [],
    }  # fmt: skip
    for one in writing.classes:
        _class(found, writing, one, session, begun)
    categories: dict[str, Row] = {}
    items: dict[str, Row] = {}
    results: dict[str, Row] = {}
    for back in range(writing.days):
        day = first + timedelta(days=back)
        for mark in day_of(writing.classes, day, seed=writing.seed, rates=writing.rates).marks:
            _result(writing, mark, day, session, categories, items, results)
    found["categories"], found["lineItems"] = list(categories.values()), list(items.values())
    found["results"] = list(results.values())
    return {name: sorted(rows, key=lambda row: str(row["sourcedId"])) for name, rows in found.items()}


def as_of(tables: dict[str, list[Row]], now: datetime) -> dict[str, list[Row]]:
    """Return what has been written by a moment: teachers write in the afternoon, and what they will write is not there yet."""
    until = _told(now)
    return {name: [row for row in rows if row["dateLastModified"] <= until] for name, rows in tables.items()}


def _class(found: dict[str, list[Row]], writing: Writing, one: SchoolClass, session: str, begun: str) -> None:
    course = f"course-{one.grade}"
    if all(known["sourcedId"] != course for known in found["courses"]):
        found["courses"].append(
            _object(course, begun, title=f"{one.grade}-й класс", grades=[f"{one.grade:02d}"], org=_to("org", SCHOOL))
        )  # fmt: skip
    found["classes"].append(
        _object(
            one.key, begun, title=one.title, classType="homeroom", grades=[f"{one.grade:02d}"],
            course=_to("course", course), school=_to("org", SCHOOL), terms=[_to("academicSession", session)],
        )
    )  # fmt: skip
    for pupil in one.pupils:
        family, given, middle = (writing.names or {}).get(pupil.id, ("Ученик", pupil.id[-6:], ""))
        found["users"].append(
            _object(
                pupil.id, begun, enabledUser="true", username=pupil.id, givenName=given, familyName=family,
                middleName=middle, roles=[{"roleType": "primary", "role": "student", "org": _to("org", SCHOOL)}],
            )
        )  # fmt: skip
        found["enrollments"].append(
            _object(
                f"e-{one.key[-12:]}-{pupil.id[-12:]}", begun, role="student", primary="true", user=_to("user", pupil.id),
                **{"class": _to("class", one.key)}, school=_to("org", SCHOOL),
            )
        )  # fmt: skip


def _result(
    writing: Writing, mark: Row, day: date, session: str, categories: dict[str, Row], items: dict[str, Row], results: dict[str, Row]
) -> None:  # fmt: skip
    # The class by the lesson's id: lessons are numbered within a class.
    of = next((one for one in writing.classes if mark["lesson"].startswith(f"l-{one.key[-12:]}-")), None)
    if of is None:
        return
    written = _moment(date.fromisoformat(mark["date"]), 15)
    category = f"{mark['work']}-{mark['weight']}"
    item = f"{mark['lesson']}-{category}-{zlib.crc32(mark['subject'].encode()):08x}"
    categories[category] = _object(category, written, title=WORKS[mark["work"]], weight=mark["weight"])
    items.setdefault(
        item,
        _object(
            item, written, title=f"{mark['subject']}, {WORKS[mark['work']].lower()}", assignDate=mark["date"],
            dueDate=mark["date"], category=_to("category", category), school=_to("org", SCHOOL), resultValueMin=1,
            resultValueMax=5, academicSession=_to("academicSession", session), metadata={"subject": mark["subject"]},
            **{"class": _to("class", of.key)},
        ),
    )  # fmt: skip
    changed = written if mark["version"] == 1 else _moment(day, 16)
    results[mark["id"]] = _object(
        mark["id"], changed, status="tobedeleted" if mark.get("deleted") else "active",
        lineItem=_to("lineItem", item), student=_to("user", mark["learner"]), score=int(mark["value"]),
        scoreStatus="fully graded", scoreDate=mark["date"], **{"class": _to("class", of.key)},
    )  # fmt: skip


def _object(key: str, changed: str, **facts: Any) -> Row:
    return {"sourcedId": key, "status": "active", "dateLastModified": changed, **facts}


def _to(kind: str, key: str) -> Row:
    return {"href": f"./{kind}/{key}", "sourcedId": key, "type": kind}


def _moment(day: date, hour: int) -> str:
    return _told(datetime.combine(day, time(hour), _PERM))


def _told(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")  # noqa: UP017
