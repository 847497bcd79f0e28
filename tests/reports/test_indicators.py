"""Indicators: shares of a municipality, the scope's own only; the schematic map names every municipality once."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kontingent.codelists import actions as codelists
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue, NotAllowed
from kontingent.kernel.scope import Scope
from kontingent.organisations import actions as organisations
from kontingent.organisations import queries
from kontingent.organisations.models import Organisation
from kontingent.persons import civil
from kontingent.reports import indicators
from tests import builders as b

ON = date(2025, 10, 1)


@given(st.lists(st.one_of(st.none(), st.floats(0, 100)), max_size=43))
def test_shades_follow_the_order_of_values(values: list[float | None]) -> None:
    steps = indicators.shades(values)
    assert all((step == 0) == (value is None) for step, value in zip(steps, values, strict=True))
    known = sorted((value, step) for value, step in zip(values, steps, strict=True) if value is not None)
    assert [step for _, step in known] == sorted(step for _, step in known)
    assert set(steps) <= set(range(6))


@pytest.mark.django_db
def test_every_municipality_of_today_has_a_square_of_its_own() -> None:
    organisations.load_municipalities()
    today = {one.code for one in queries.municipalities(date(2026, 9, 20))}
    tiles = queries.tiles()
    assert set(tiles) == today
    assert len(set(tiles.values())) == len(tiles)


@pytest.mark.django_db
def test_shares_are_of_the_school_children_of_the_place() -> None:
    codelists.load_all()
    school, far = b.school(capacity=10), b.school("Далёкая", where=b.municipality("lysva", "Лысьва"))
    first, second = b.group(school, "5А"), b.group(school, "6А", shift_code="2")
    foreign = b.person("Ветлугин Олег")
    b.admitted(foreign, first, on=date(2025, 9, 1))
    civil.change_citizenship(
        actor=b.ROOT, person_id=foreign, citizenship_code="1", country_code="762", since=date(2025, 9, 2)
    )
    for name in ("Мальцева Анна", "Ощепкова Вера", "Бражкин Иван"):
        b.admitted(b.person(name), second, on=date(2025, 9, 1))
    b.admitted(b.person("Тиунов Пётр"), b.group(far, "7А"), on=date(2025, 9, 1))
    here, there = sorted(
        indicators.by_municipality(b.ROOT, ON), key=lambda one: one.code != school.municipality.code
    )
    assert (here.values["learners"], here.values["second_shift"], here.values["foreign"]) == (4, 75.0, 25.0)
    assert (here.values["occupancy"], here.values["disabled"]) == (40.0, 0.0)
    assert (there.values["learners"], there.values["occupancy"]) == (1, None)
    narrow = Actor(
        "x", "", "", frozenset({"report.view", "enrolment.count"}), Scope.of_municipality(far.municipality_id)
    )
    assert [one.values["learners"] for one in indicators.by_municipality(narrow, ON)] == [1]
    assert (
        sum(one.number for one in indicators.by_level_and_year(narrow, date(2025, 12, 1)) if one.year == 2025)
        == 1
    )
    with pytest.raises(NotAllowed):
        indicators.by_municipality(Actor("x", "", "", frozenset(), Scope.region()), ON)
    with pytest.raises(InvalidValue):
        indicators.indicator("happiness")
    assert Organisation.objects.count() == 2


@pytest.mark.django_db
def test_the_page_shows_squares_and_the_table() -> None:
    codelists.load_all()
    school = b.school(capacity=10, where=b.municipality("perm", "Пермский городской округ"))
    b.admitted(b.person(), b.group(school, "5А"), on=date(2025, 9, 1))
    answer = b.browser(b.appointed("ministry")).get("/reports/region/?on=2025-10-01&show=occupancy")
    text = answer.content.decode()
    assert answer.status_code == 200
    assert 'class="tile tile-c4 tile-r5 shade-' in text
    assert "10,0" in text or "10.0" in text
    assert b.browser(b.appointed("ministry")).get("/reports/region/?show=x").status_code == 422
