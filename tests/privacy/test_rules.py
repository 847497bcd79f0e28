"""When an answer is due, and how looks are told: by table and property."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kontingent.kernel.errors import InvalidValue
from kontingent.privacy import rules
from kontingent.privacy.rules import View


@pytest.mark.parametrize(
    ("asked", "due"),
    [
        (date(2026, 11, 25), date(2026, 12, 9)),
        (date(2026, 10, 30), date(2026, 11, 16)),  # 4 November is a holiday
        (date(2026, 12, 25), date(2027, 1, 18)),  # New Year
        (date(2026, 6, 5), date(2026, 6, 22)),  # 12 June
    ],
)
def test_ten_working_days(asked: date, due: date) -> None:
    assert rules.due_on(asked) == due


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)), st.integers(1, 30))
def test_a_term_ends_on_a_working_day_and_holds_exactly_so_many(asked: date, days: int) -> None:
    end = rules.due_on(asked, days=days)
    between = [asked + timedelta(days=n) for n in range(1, (end - asked).days + 1)]
    working = [day for day in between if day.weekday() < 5 and (day.month, day.day) not in rules.HOLIDAYS]
    assert working[-1] == end
    assert len(working) == days


@pytest.mark.parametrize("text", ["", "   ", "почему", "а" * 2001])
def test_a_text_says_something_and_not_too_much(text: str) -> None:
    with pytest.raises(InvalidValue, match="Вопрос"):
        rules.check_text(text, "Вопрос")


views = st.lists(
    st.builds(
        View,
        entry_id=st.integers(1, 10**6),
        moment=st.integers(0, 8 * 24 * 60).map(
            lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
        ),
        place=st.sampled_from(["Школа № 5", "Школа № 7"]),
        post=st.sampled_from(["секретарь", "директор"]),
        action=st.sampled_from(["Открыта карточка", "Показан список"]),
        purpose=st.sampled_from(["Учёт", "Надзор"]),
        basis=st.just("273-ФЗ"),
    ),
    max_size=60,
)


@given(views)
def test_no_look_is_lost_and_none_is_told_twice(found: list[View]) -> None:
    visits = rules.visits(found)
    assert sum(visit.times for visit in visits) == len(found)
    keys = [(visit.day, visit.place, visit.post, visit.purpose) for visit in visits]
    assert len(keys) == len(set(keys))
    assert all(visit.first <= visit.last and visit.day == visit.last.date() for visit in visits)
    assert [visit.last for visit in visits] == sorted((visit.last for visit in visits), reverse=True)
