"""Periods, school years, scopes, actors, ids."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kontingent.kernel.actor import Actor, system_actor
from kontingent.kernel.errors import NotAllowed
from kontingent.kernel.ids import new_id
from kontingent.kernel.period import Period
from kontingent.kernel.school_year import SchoolYear
from kontingent.kernel.scope import Scope

DAYS = st.dates(date(2020, 1, 1), date(2020, 3, 1))


@st.composite
def periods(draw: st.DrawFn) -> Period:
    start = draw(DAYS)
    end = draw(st.one_of(st.none(), st.integers(0, 40)))
    return Period(start, None if end is None else start + timedelta(days=end))


@given(periods(), periods())
def test_periods_overlap_when_they_share_a_day(one: Period, other: Period) -> None:
    days = [date(2019, 12, 25) + timedelta(days=n) for n in range(150)]
    assert one.overlaps(other) == any(one.holds(d) and other.holds(d) for d in days)
    assert one.overlaps(other) == other.overlaps(one)


def test_a_period_does_not_end_before_it_starts() -> None:
    with pytest.raises(ValueError, match="ends"):
        Period(date(2026, 9, 1), date(2026, 8, 31))


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)))
def test_every_day_has_one_school_year(day: date) -> None:
    year = SchoolYear.of(day)
    assert year.period.holds(day)
    assert not year.next.period.holds(day)
    assert year.ends_on == year.next.starts_on


def test_a_school_year_is_called_by_both_years() -> None:
    assert str(SchoolYear(2026)) == "2026/27"
    assert str(SchoolYear(2099)) == "2099/00"


def test_ids_keep_their_order_and_are_version_seven() -> None:
    ids = [new_id() for _ in range(10_000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)
    assert {one.version for one in ids} == {7}


class Permission(StrEnum):
    LOOK = "probe.look"


def test_an_actor_needs_permission_and_scope() -> None:
    here, there, town = uuid4(), uuid4(), uuid4()
    actor = Actor("a", "А", "Роль", frozenset({"probe.look"}), Scope.of_organisation(here))
    actor.require(Permission.LOOK, organisation_id=here)
    with pytest.raises(NotAllowed, match="другой организации"):
        actor.require(Permission.LOOK, organisation_id=there)
    with pytest.raises(NotAllowed, match="роли"):
        Actor("b", "Б", "Роль", frozenset(), Scope.region()).require(Permission.LOOK)
    officer = Actor("c", "В", "Роль", frozenset({"probe.look"}), Scope.of_municipality(town))
    officer.require(Permission.LOOK, organisation_id=there, municipality_id=town)
    with pytest.raises(NotAllowed):
        officer.require(Permission.LOOK, organisation_id=there, municipality_id=uuid4())
    system_actor("x", "Ночь").require(Permission.LOOK, organisation_id=there)


def test_the_empty_scope_sees_nothing() -> None:
    assert not Scope().covers(uuid4(), uuid4())
