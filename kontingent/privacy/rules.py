"""Rules: how views are told to a family, when an answer is due. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from kontingent.kernel.errors import InvalidValue

#: 152-ФЗ art. 20 p. 1.
ANSWER_WORKING_DAYS = 10
SHORTEST_TEXT, LONGEST_TEXT = 10, 2000
#: ТК РФ art. 112: (month, day). Days that the Government moves by a yearly decree are not known here, so the
#: term may differ from the calendar of that year by a day or two.
HOLIDAYS = frozenset([(1, day) for day in range(1, 9)] + [(2, 23), (3, 8), (5, 1), (5, 9), (6, 12), (11, 4)])


def due_on(asked_on: date, *, days: int = ANSWER_WORKING_DAYS) -> date:
    """Return the last day of an answer: so many working days after the day of the question."""
    found = asked_on
    while days:
        found += timedelta(days=1)
        days -= found.weekday() < 5 and (found.month, found.day) not in HOLIDAYS
    return found


def check_text(text: str, what: str) -> str:
    """Return a text, tidied; it must say something and not too much."""
    tidy = "\n".join(" ".join(line.split()) for line in text.strip().splitlines())
    if len(tidy) < SHORTEST_TEXT:
        raise InvalidValue(
            "privacy.text_short", f"{what}: напишите подробнее, не короче {SHORTEST_TEXT} знаков."
        )
    if len(tidy) > LONGEST_TEXT:
        raise InvalidValue(
            "privacy.text_long", f"{what}: {len(tidy)} знаков, а помещается {LONGEST_TEXT}. Сократите текст."
        )
    return tidy


@dataclass(frozen=True, slots=True)
class View:
    """One row of the journal as a family may know it: the post and the place, not the name."""

    entry_id: int
    moment: datetime
    place: str
    post: str
    action: str
    purpose: str
    basis: str


@dataclass(frozen=True, slots=True)
class Visit:
    """All that one post of one place did with the data on one day for one purpose."""

    day: date
    place: str
    post: str
    purpose: str
    basis: str
    actions: tuple[str, ...]
    first: datetime
    last: datetime
    times: int
    entry_id: int


def visits(views: Iterable[View]) -> list[Visit]:
    """Group views by day, place, post and purpose, newest first: ten looks in a day are one line."""
    groups: dict[tuple[date, str, str, str, str], list[View]] = {}
    for view in views:
        key = (view.moment.date(), view.place, view.post, view.purpose, view.basis)
        groups.setdefault(key, []).append(view)
    found = [
        Visit(
            *key,
            actions=tuple(dict.fromkeys(one.action for one in sorted(group, key=lambda one: one.moment))),
            first=min(one.moment for one in group),
            last=max(one.moment for one in group),
            times=len(group),
            entry_id=max(one.entry_id for one in group),
        )
        for key, group in groups.items()
    ]
    return sorted(found, key=lambda visit: (visit.last, visit.entry_id), reverse=True)
