"""The terms of a transfer and the calendar, as the ministry keeps them (code lists ``transfer_term``, ``nonworking_day``)."""

from __future__ import annotations

from datetime import date

from kontingent.codelists import queries as codelists
from kontingent.trajectory.transfers import rules


def days(code: str) -> int:
    """Return how many days a term has."""
    return int(codelists.number("transfer_term", code))


def holidays() -> frozenset[str]:
    """Return the days that are no working days beside Saturdays and Sundays."""
    return frozenset(codelists.titles("nonworking_day"))


def due_on(start: date) -> date:
    """Return the last day on which the former organisation may answer."""
    return rules.after_working_days(start, days("answer"), holidays())


def days_left(today: date, due: date) -> int:
    """Return how many working days are left."""
    return rules.working_days_left(today, due, holidays())
