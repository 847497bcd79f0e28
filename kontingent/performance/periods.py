"""Study periods of a school year: what a school year may be divided into, and the proposal for the next one. Pure.

The calendar of studies is part of a school's own programme (273-ФЗ, art. 2 point 9, art. 12 part 5); the region's stands where a school has said nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from kontingent.kernel.errors import InvalidValue
from kontingent.kernel.school_year import SchoolYear
from kontingent.performance.codes import WHOLE_YEAR

#: Periods that say something of others, so that their days lie within or about those (code list ``study_period``: the year, another).
_ABOUT_OTHERS = frozenset({WHOLE_YEAR, "99"})
GRADES = range(1, 13)
#: More periods than a year can have is a mistake of whoever sends them.
MOST = 40


class GradingPeriodDraft(NamedTuple):
    """A study period: half-open days, and the day from which its changes are late."""

    code: str
    starts_on: date
    ends_on: date
    closes_on: date
    grade_from: int = 1
    grade_to: int = 12


def check(periods: Sequence[GradingPeriodDraft], year: SchoolYear, titles: Mapping[str, str]) -> None:
    """Say what is wrong with the periods of a year; each grade is in one of them at a time.

    ``titles`` are the periods there are (code list ``study_period``).

    Raises:
        InvalidValue: with the period, what is wrong and what to do.
    """
    if len(periods) > MOST:
        raise InvalidValue("performance.periods_many", f"Периодов больше {MOST}. Уберите лишние.")
    for one in periods:
        if one.code not in titles:
            raise InvalidValue(
                "performance.period",
                f"Периода «{one.code[:20]}» в справочнике study_period нет. Выберите период из него.",
            )
        if not year.starts_on <= one.starts_on < one.ends_on <= min(year.ends_on, one.closes_on):
            raise InvalidValue(
                "performance.period_days",
                f"Период «{titles[one.code]}»: {_days_wrong(one, year)}. Исправьте дни.",
            )
        if not (one.grade_from in GRADES and one.grade_to in GRADES and one.grade_from <= one.grade_to):
            raise InvalidValue(
                "performance.period_grades",
                f"Период «{titles[one.code]}»: классы с {one.grade_from} по {one.grade_to}. Укажите классы от {GRADES[0]} до {GRADES[-1]}, первый – не больше последнего.",
            )
    for before, after in _neighbours(periods):
        if before.code == after.code:
            raise InvalidValue(
                "performance.period_twice",
                f"Период «{titles[after.code]}» назван для одних и тех же классов дважды. Уберите одну строку или разделите классы.",
            )
        if not {before.code, after.code} & _ABOUT_OTHERS and after.starts_on < before.ends_on:
            raise InvalidValue(
                "performance.periods_overlap",
                f"Период «{titles[after.code]}» начинается {after.starts_on:%d.%m.%Y}, раньше, чем кончился период «{titles[before.code]}» "
                f"({last_day(before):%d.%m.%Y}), а классы у них общие. Исправьте дни или классы.",
            )


def _days_wrong(one: GradingPeriodDraft, year: SchoolYear) -> str:
    """Of the three ways to be wrong, the one that holds."""
    if one.starts_on >= one.ends_on:
        why = f"последний день ({last_day(one):%d.%m.%Y}) раньше первого ({one.starts_on:%d.%m.%Y})"
    elif one.closes_on < one.ends_on:
        why = f"закрывается {one.closes_on:%d.%m.%Y}, раньше своего последнего дня ({last_day(one):%d.%m.%Y})"
    else:
        last = year.ends_on - timedelta(days=1)
        why = f"дни {one.starts_on:%d.%m.%Y} – {last_day(one):%d.%m.%Y} вне {year} учебного года ({year.starts_on:%d.%m.%Y} – {last:%d.%m.%Y})"
    return why


def _neighbours(
    periods: Iterable[GradingPeriodDraft],
) -> Iterable[tuple[GradingPeriodDraft, GradingPeriodDraft]]:
    """Every two periods that have a grade in common, the earlier first."""
    ordered = sorted(periods, key=lambda one: (one.starts_on, one.ends_on))
    for index, before in enumerate(ordered):
        for after in ordered[index + 1 :]:
            if before.grade_from <= after.grade_to and after.grade_from <= before.grade_to:
                yield before, after


def last_day(one: GradingPeriodDraft) -> date:
    """Return the last day of a period, as people say it."""
    return one.ends_on - timedelta(days=1)


def a_year_on(periods: Iterable[GradingPeriodDraft]) -> list[GradingPeriodDraft]:
    """Return the periods a year later, as a proposal: the same days of the calendar, 29 February becomes the 28th."""
    return [
        one._replace(starts_on=_later(one.starts_on), ends_on=_later(one.ends_on), closes_on=_later(one.closes_on))
        for one in periods
    ]  # fmt: skip


def _later(day: date) -> date:
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return date(day.year + 1, 2, 28)
