"""A client of school A never receives a learner of school B, whatever it asks for."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kontingent.api import cursors
from kontingent.enrolment.models import Placement
from tests import builders as b
from tests.api.machine import got
from tests.machines import clients as m

pytestmark = pytest.mark.django_db
FAMILIES = ("Вяткин", "Зырянов", "Кунгурцев", "Лысьвин", "Осинцев", "Пермяков", "Тиунов", "Чудинов", "Шилов")


class Region(NamedTuple):
    """Three schools of two municipalities, their learners, and tokens of a client of each reach."""

    schools: list[Any]
    learners: list[UUID]
    tokens: dict[str, str]
    own: dict[str, set[UUID]]


@pytest.fixture
def region() -> Region:
    """One child moved from the first school to the second in November."""
    lysva = b.municipality("lysva", "Лысьвенский округ")
    schools = [b.school("Школа № 1"), b.school("Школа № 2"), b.school("Школа № 3", where=lysva)]
    groups = [b.group(one, "5А") for one in schools]
    learners = []
    for number in range(9):
        who = b.person(f"{FAMILIES[number]} Иван Ильич", born=date(2014, 1, number + 1), sex="1")
        stream = b.admitted(who, groups[number % 3])
        if number == 0:
            b.left(who, stream, schools[0], on=date(2025, 11, 1))
            b.admitted(who, groups[1], on=date(2025, 11, 2))
        learners.append(who)
    reaches = {
        "first": (m.client(schools[0], rate=6000), {schools[0].id}),
        "second": (m.client(schools[1], rate=6000), {schools[1].id}),
        "lysva": (m.client(where=lysva, rate=6000), {schools[2].id}),
        "region": (m.client(rate=6000), {one.id for one in schools}),
    }
    return Region(
        schools,
        learners,
        {name: m.token_of(one) for name, (one, _) in reaches.items()},
        {name: where for name, (_, where) in reaches.items()},
    )


def allowed(region: Region, reach: str, on: date) -> set[str]:
    """Who may be given: a plain reading of placements, apart from the code under test."""
    return {
        str(row.person_id)
        for row in Placement.objects.filter(superseded_at__isnull=True)
        if row.organisation_id in region.own[reach]
        and row.starts_on <= on
        and (row.ends_on is None or on < row.ends_on)
    }


@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_nobody_of_another_school_is_ever_given(region: Region, data: st.DataObject) -> None:
    reach = data.draw(st.sampled_from(sorted(region.tokens)))
    token = region.tokens[reach]
    on = date(2025, 8, 25) + timedelta(days=data.draw(st.integers(0, 100)))
    may = allowed(region, reach, on)
    some_id = st.one_of(
        st.sampled_from(region.learners), st.sampled_from([one.id for one in region.schools]), st.uuids()
    )

    one = data.draw(some_id)
    answer = got(f"learners/{one}", token, on=on.isoformat())
    assert answer.status_code == (200 if str(one) in may else 404)
    if answer.status_code == 200:
        assert answer.json()["id"] == str(one)
        assert {UUID(place["organisation"]) for place in answer.json()["places"]} <= region.own[reach]

    where = data.draw(st.one_of(st.none(), st.sampled_from(region.schools)))
    cursor = data.draw(st.one_of(st.none(), some_id))
    parameters: dict[str, Any] = {"on": on.isoformat(), "limit": data.draw(st.integers(1, 12))}
    if where is not None:
        parameters["organisation"] = data.draw(st.sampled_from([where.ogrn, str(where.id)]))
    if cursor is not None:
        parameters["cursor"] = cursors.write(cursor)
    answer = got("learners", token, **parameters)
    if where is not None and where.id not in region.own[reach]:
        assert answer.status_code == 403
        return
    given_out = {item["id"] for item in answer.json()["items"]}
    assert given_out <= may
    for item in answer.json()["items"]:
        assert {UUID(place["organisation"]) for place in item["places"]} <= region.own[reach]
    if where is None and cursor is None and parameters["limit"] == 12:
        assert given_out == may
