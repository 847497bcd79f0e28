"""Cohorts, destinations and coverage: every child in exactly one place; the pages show them, and the forecast its method."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
import time_machine

from kontingent.codelists import actions as codelists
from kontingent.enrolment.codes import MovementKind
from kontingent.kernel.errors import NotAllowed
from kontingent.trajectory.flows.queries.cohorts import Coverage, Whereabouts, cohort, coverage
from tests import builders as b
from tests.trajectory.test_flows import town  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db
BEGAN, LATER = date(2024, 9, 20), date(2025, 12, 15)


def test_each_of_a_cohort_is_in_exactly_one_place(town: dict[str, Any]) -> None:  # noqa: F811
    found = cohort(b.ROOT, grade=4, on=BEGAN, days=[BEGAN, LATER])
    assert found.number == 5
    assert found.days[BEGAN] == {Whereabouts.SAME: 5}
    assert found.days[LATER] == {
        Whereabouts.SAME: 1, Whereabouts.MUNICIPALITY: 1, Whereabouts.REGION: 2, Whereabouts.LEFT: 1,
    }  # fmt: skip
    assert cohort(b.actor_of(town["seven"]), grade=4, on=BEGAN, days=[LATER]).number == 0
    mine = cohort(b.actor_of(town["five"]), grade=4, on=BEGAN, days=[LATER])
    assert mine.days == {LATER: found.days[LATER]}
    with pytest.raises(NotAllowed):
        cohort(b.actor_of(town["five"], "person.view"), grade=4, on=BEGAN, days=[LATER])


def test_after_grade_nine() -> None:
    school, college = b.school(), b.school("Колледж", where=b.municipality("lysva", "Лысьвенский округ"))
    nine = b.group(school, "9А", year=2024)
    ten = b.group(school, "10А", year=2025)
    people = [
        b.person(f"Волков Иван {name}", born=date(2009, 3, 3 + n))
        for n, name in enumerate(("Ильич", "Львович", "Фомич"))
    ]
    streams = {who: b.admitted(who, nine, on=date(2024, 9, 1)) for who in people}
    b.moved(
        people[0], streams[people[0]], school, MovementKind.PROMOTION, on=date(2025, 9, 1), group_id=ten.id
    )
    for who in people[1:]:
        b.moved(who, streams[who], school, MovementKind.GRADUATION, on=date(2025, 6, 25), reason_code="G1")
    b.admitted(people[1], b.group(college, "П-21", year=2025, kind="212"), on=date(2025, 9, 1))
    found = cohort(b.ROOT, grade=9, on=date(2025, 5, 15), days=[date(2025, 10, 1)])
    assert found.days[date(2025, 10, 1)] == {
        Whereabouts.SAME: 1, Whereabouts.VOCATIONAL: 1, Whereabouts.NOWHERE: 1,
    }  # fmt: skip
    covered = coverage(b.ROOT, on=date(2025, 10, 1))
    assert covered == {16: {Coverage.SCHOOL: 1, Coverage.VOCATIONAL: 1, Coverage.NOWHERE: 1}}


def test_every_child_is_covered_once(town: dict[str, Any]) -> None:  # noqa: F811
    found = coverage(b.ROOT, on=LATER)
    assert found == {11: {Coverage.SCHOOL: 5, Coverage.LEFT: 1}}
    lysva = town["lysva"].municipality_id
    assert coverage(b.ROOT, on=LATER, municipality_id=lysva) == {11: {Coverage.SCHOOL: 2}}
    assert sum(coverage(b.actor_of(town["seven"]), on=LATER)[11].values()) == 1


@time_machine.travel(date(2026, 3, 1))
def test_the_pages_show_numbers_drawings_and_the_method(town: dict[str, Any]) -> None:  # noqa: F811
    codelists.load_all()
    client = b.browser(b.appointed("head", at=town["five"]))

    def text_of(address: str) -> str:
        answer = client.get(address)
        assert answer.status_code == 200, address
        return re.sub(r"\s+", " ", answer.content.decode())

    page = text_of("/flows/cohorts/?grade=5&year=2025")
    assert 'class="stacks"' in page
    assert "в другой организации муниципалитета" in page
    assert "В этом классе тогда никто не учился" in text_of("/flows/cohorts/?grade=11&year=2020")
    page = text_of("/flows/coverage/?on=2025-12-15")
    assert "11 лет" in page
    assert "ровно в одном состоянии" in page
    page = text_of("/flows/forecast/")
    assert 'class="fan"' in page
    assert "Как посчитано" in page
    assert "около 80" in page
    assert client.get("/flows/forecast/file.xlsx").content[:2] == b"PK"
    ministry = b.browser(b.appointed("ministry"))
    assert "прогнозировать не по чему" in ministry.get("/flows/forecast/").content.decode()
    page = ministry.get(f"/flows/forecast/?municipality={town['five'].municipality_id}").content.decode()
    assert "Школа № 5" in page
    assert ministry.get(f"/flows/forecast/?organisation={town['five'].id}").status_code == 200
