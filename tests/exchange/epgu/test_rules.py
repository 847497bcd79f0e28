"""The right, by an oracle written another way, over thousands of cases."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from kontingent.exchange.epgu import rules
from kontingent.exchange.epgu.codes import SMEV_REASON, Refusal, Right

TODAY = st.dates(date(2024, 1, 1), date(2030, 12, 31))
BORN = st.none() | st.dates(date(2000, 1, 1), date(2024, 1, 1))


def birthdays_until(born: date, on: date) -> int:
    """An age counted day by day of birthdays, not by comparing months."""
    years = 0
    while True:
        nth = born.year + years + 1
        try:
            birthday = born.replace(year=nth)
        except ValueError:
            birthday = date(nth, 3, 1)
        if birthday > on:
            return years
        years += 1


@settings(max_examples=4000, deadline=None)
@given(on=TODAY, born=BORN, known=st.booleans(), oneself=st.booleans(), represented=st.booleans(), fits=st.sampled_from([None, True, False]))  # fmt: skip
def test_a_right_is_a_representatives_of_a_minor_or_ones_own_from_fourteen(
    on: date, born: date | None, known: bool, oneself: bool, represented: bool, fits: bool | None
) -> None:
    found = rules.right_of(rules.Standing(known, oneself, represented, born, fits), on)
    age = None if born is None else birthdays_until(born, on)
    if not known:
        assert found is Refusal.NOT_REPRESENTATIVE
    elif oneself:
        may = age is not None and age >= 14
        assert found == ((Refusal.CHILD_NOT_FOUND if fits is False else Right.SELF) if may else Refusal.NOT_REPRESENTATIVE)  # fmt: skip
    else:
        may = represented and (age is None or age < 18)
        assert found == ((Refusal.CHILD_NOT_FOUND if fits is False else Right.REPRESENTATIVE) if may else Refusal.NOT_REPRESENTATIVE)  # fmt: skip


@settings(max_examples=1000, deadline=None)
@given(on=TODAY)
def test_without_days_it_is_the_last_this_and_the_next_week(on: date) -> None:
    first, end = rules.days_of(None, None, on)
    assert (first.weekday(), end - first) == (0, timedelta(days=21))
    assert first + timedelta(days=7) <= on < first + timedelta(days=14)


def test_days_are_told_up_to_the_longest() -> None:
    day = date(2026, 9, 1)
    for days, too_many in (
        (0, True),
        (1, False),
        (rules.LONGEST_DAYS, False),
        (rules.LONGEST_DAYS + 1, True),
    ):
        assert rules.are_too_many(day, day + timedelta(days=days)) is too_many
    assert rules.are_too_many(day, day - timedelta(days=1))


def test_every_refusal_has_its_reason_for_smev() -> None:
    assert set(SMEV_REASON) == set(Refusal)
