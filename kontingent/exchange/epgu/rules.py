"""Who may ask about whom, and for which days. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from kontingent.exchange.epgu.codes import Content, Refusal, Right
from kontingent.persons.rules import age

#: From this age on a learner asks for oneself (152-ФЗ and ГК РФ, ст. 26; the service's own term).
OWN_FROM = 14
#: Until then a representative asks (ГК РФ, ст. 21; СК РФ, ст. 64).
MINOR_UNTIL = 18
#: An answer is about at most so many days: a quarter and its holidays, as the diary.
LONGEST_DAYS = 100
#: For so long the answer's id opens the timetable (protocols §4.1); then the right is to be shown anew.
HANDLE_LIVES = timedelta(minutes=15)
#: For so long an answer is kept to be told again to whoever lost it; then only the fact of it stays.
ANSWER_LIVES = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Standing:
    """What the register says of two people on a day.

    ``is_represented`` by the applicant, in force and no court having limited it; ``birth_fits`` says whether the birth date that the
    request gives is the child's, None when it gives none.
    """

    is_known: bool
    is_oneself: bool = False
    is_represented: bool = False
    born: date | None = None
    birth_fits: bool | None = None


def right_of(standing: Standing, on: date) -> Right | Refusal:
    """Return by which right an applicant is answered on a day, or why not.

    Whoever has no right is told the same whether the child is in the register or not: a refusal must not tell who studies here.
    """
    if not standing.is_known:
        return Refusal.NOT_REPRESENTATIVE
    if standing.is_oneself:
        may = standing.born is not None and age(standing.born, on) >= OWN_FROM
        found: Right | Refusal = Right.SELF if may else Refusal.NOT_REPRESENTATIVE
    else:
        is_child = standing.born is None or age(standing.born, on) < MINOR_UNTIL
        found = Right.REPRESENTATIVE if standing.is_represented and is_child else Refusal.NOT_REPRESENTATIVE
    if isinstance(found, Right) and standing.birth_fits is False:
        return Refusal.CHILD_NOT_FOUND
    return found


def days_of(start: date | None, end: date | None, on: date) -> tuple[date, date]:
    """Return the half-open days of a question; none named: the last, this and the next week, from Monday (§4.1)."""
    if start is not None and end is not None:
        return start, end + timedelta(days=1)
    monday = on - timedelta(days=on.weekday())
    return monday - timedelta(weeks=1), monday + timedelta(weeks=2)


def are_too_many(starts_on: date, ends_on: date) -> bool:
    """Say whether the days are more than one answer tells, or none at all."""
    return not timedelta(0) < ends_on - starts_on <= timedelta(days=LONGEST_DAYS)


def asked_for(named: Sequence[str]) -> frozenset[Content]:
    """Return what is asked for; nothing named: everything."""
    return frozenset(Content(one) for one in named) or frozenset(Content)
