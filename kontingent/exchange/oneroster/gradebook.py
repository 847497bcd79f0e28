"""Works and results of OneRoster as messages of the intake, and back. Pure.

A line item is a work of a class, its category the kind of work with a weight, a result a mark. What OneRoster cannot say is said in
declared columns of our own: ``metadata.subject`` (a class here is a whole class, not a subject), ``metadata.periodCode`` (the period
that a final mark closes), and in 1.1 ``metadata.textScore``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from kontingent.codelists import queries as codelists
from kontingent.performance.codes import WHOLE_YEAR, MarkSystem, Word

Row = Mapping[str, str]
SUBJECT, PERIOD, TEXT_SCORE = "metadata.subject", "metadata.periodCode", "metadata.textScore"
#: In 1.1 by REST a category has no weight of the standard.
WEIGHT = "metadata.weight"
DELETED = "tobedeleted"
EXEMPT, NOT_SUBMITTED, GRADED = "exempt", "not submitted", "fully graded"
FINAL_CATEGORY = "final-"
OTHER_WORK = "other"
_WHOLE = re.compile(r"(-?\d+)\.0+")
_PASSING = frozenset({"зач", "зачёт", "зачет", "зачтено", "незач", "незачёт", "незачет", "не зачтено"})


class NoMark(Exception):
    """A result cannot be told as a mark: which column, what stands there, and what to do."""

    def __init__(self, column: str, value: str, message: str) -> None:
        super().__init__(message)
        self.column = column
        self.value = value
        self.message = message


class Work(NamedTuple):
    """A line item with what it refers to; what was not sent is empty."""

    item: Row
    category: Row
    session: Row
    in_class: Row
    course: Row


def version_of(row: Row, made_at: datetime) -> int:
    """Return when a row was changed, of a full set when that was made, in milliseconds."""
    text = row.get("dateLastModified", "")
    moment = datetime.fromisoformat(text) if text else made_at
    return int(moment.timestamp() * 1000)


def is_final(work: Work) -> bool:
    """Say whether a work is no work but what closes a period, a year, a subject."""
    return _final_kind(work) is not None


def result(row: Row, work: Work, *, version: int) -> dict[str, Any]:
    """Return the fields of a mark, or of a final mark.

    Raises:
        NoMark: the subject or the period is not said.
    """
    facts: dict[str, Any] = {
        "id": row["sourcedId"], "version": version, "learner": row["studentSourcedId"], "date": row["scoreDate"],
        "subject": _subject(work), "comment": row.get("comment", ""),
    }  # fmt: skip
    if row.get("status") == DELETED:
        facts["deleted"] = True
    elif value := _value(row):
        facts |= {"value": value, "system": str(_system(value, work.item).value)}
    else:  # handed in, not graded yet: what mark there was is no more
        facts["deleted"] = True
    if kind := _final_kind(work):
        return facts | {"kind": kind, "period": period_of(work)}
    title = work.category.get("title", "")
    return facts | {
        "lesson": row["lineItemSourcedId"], "weight": float(work.category.get("weight") or 1),
        "work": codelists.find("work_kind", title) or OTHER_WORK,
    }  # fmt: skip


def _value(row: Row) -> str:
    text = (row.get("textScore") or row.get(TEXT_SCORE, "")).strip()
    if text:
        return text
    status, score = row.get("scoreStatus", ""), row.get("score", "")
    if status == EXEMPT:
        return Word.EXEMPT.value
    if status == NOT_SUBMITTED or not score:
        return ""
    whole = _WHOLE.fullmatch(score)
    return whole.group(1) if whole else score


def _system(value: str, item: Row) -> MarkSystem:
    if value.casefold() in _PASSING:
        return MarkSystem.PASS
    highest = item.get("resultValueMax", "")
    return MarkSystem.HUNDRED if highest and float(highest) > 5 else MarkSystem.FIVE


def _subject(work: Work) -> str:
    if said := work.item.get(SUBJECT, ""):
        return said
    for row in (work.in_class, work.course):
        if said := row.get("subjects", ""):
            if "," in said:
                break
            return said
    raise NoMark(
        SUBJECT, work.item.get("sourcedId", ""),
        "Не сказано, по какому предмету работа: укажите metadata.subject у lineItem или один предмет (subjects) у класса либо курса.",
    )  # fmt: skip


def _final_kind(work: Work) -> str | None:
    title = work.category.get("title", "")
    return codelists.find("final_kind", title) if title else None


def period_of(work: Work) -> str:
    """Return the period that the marks of a work close.

    Raises:
        NoMark: it is not said.
    """
    for said in (work.item.get(PERIOD, ""), work.session.get(PERIOD, ""), work.session.get("title", "")):
        if said and (code := codelists.find("study_period", said)):
            return code
    if work.session.get("type") == "schoolYear":
        return WHOLE_YEAR
    raise NoMark(
        "academicSessionSourcedId", work.item.get("sourcedId", ""),
        "Не сказано, какой период закрывает отметка: укажите metadata.periodCode (справочник study_period) или период с таким названием.",
    )  # fmt: skip


# -- and back ----------------------------------------------------------------------------------


def score_columns(system: int, value: str, score: int | None, *, v11: bool) -> dict[str, str]:
    """Return how a mark is told: a number as ``score``, a word as ``textScore``; 1.1 must have a number."""
    if score is not None:
        return {"scoreStatus": GRADED, "score": str(score)}
    status = EXEMPT if value == Word.EXEMPT.value else GRADED
    return (
        {"scoreStatus": status, "score": "0", TEXT_SCORE: value}
        if v11
        else {"scoreStatus": status, "textScore": value}
    )


def bounds(system: int) -> dict[str, str]:
    """Return the lowest and the highest result of a system of marks."""
    lowest, highest = {MarkSystem.FIVE: ("1", "5"), MarkSystem.HUNDRED: ("0", "100")}.get(
        MarkSystem(system), ("0", "1")
    )
    return {"resultValueMin": lowest, "resultValueMax": highest}


#: So many hexadecimal digits of the digest, after those of the class: 57 signs, and an id may have 64.
DIGEST = 24


def derived_id(group: UUID, *parts: object) -> str:
    """Return an id that follows from what a work is, so that it is the same in each export; it names the class it is found by."""
    return f"w{group.hex}{hashlib.sha256(chr(31).join(map(str, parts)).encode()).hexdigest()[:DIGEST]}"


class CategoryId(NamedTuple):
    """What an id of ours says of a category: the kind of work with its weight, or what a final mark closes."""

    work: str
    weight: str
    final: str

    @property
    def title(self) -> str:
        """What the category is called."""
        return (
            codelists.title("final_kind", self.final)
            if self.final
            else codelists.title("work_kind", self.work)
        )


def category_id(work: str, weight: str) -> str:
    """Return the id of a kind of work with a weight."""
    return f"{work}-{weight}"


def read_category_id(key: str) -> CategoryId | None:
    """Return what an id of ours says, None where it is none of ours."""
    if key.startswith(FINAL_CATEGORY):
        kind = key.removeprefix(FINAL_CATEGORY)
        return CategoryId("", "", kind) if codelists.has("final_kind", kind) else None
    work, _, weight = key.rpartition("-")
    known = codelists.has("work_kind", work) and re.fullmatch(r"\d{1,2}\.\d\d", weight)
    return CategoryId(work, weight, "") if known else None
