"""Cohorts, destinations and coverage: every child in exactly one place; the pages show them, and the forecast its method."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

import pytest
import time_machine

from kontingent.audit.models import Entry
from kontingent.audit.reads import ReadKind
from kontingent.codelists import actions as codelists
from kontingent.enrolment.codes import MovementKind
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotAllowed
from kontingent.kernel.scope import Scope
from kontingent.storage.scope import scoped
from kontingent.trajectory.cases.codes import Coverage
from kontingent.trajectory.cases.queries import SCHOOL, coverage, coverage_by_age, covered
from kontingent.trajectory.flows.queries.cohorts import Whereabouts, cohort, members
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
    assert coverage_by_age(b.ROOT, date(2025, 10, 1)) == {
        16: {SCHOOL: 1, Coverage.VOCATIONAL: 1, Coverage.SOUGHT: 1}
    }


def test_every_child_is_covered_once(town: dict[str, Any]) -> None:  # noqa: F811
    assert coverage_by_age(b.ROOT, LATER) == {11: {SCHOOL: 5, Coverage.OTHER_REGION: 1}}
    lysva = town["lysva"].municipality_id
    assert coverage_by_age(b.ROOT, LATER, municipality_id=lysva) == {11: {SCHOOL: 2}}
    seven = b.actor_of(town["seven"])
    with scoped(seven):
        assert coverage_by_age(seven, LATER) == {11: {SCHOOL: 1}}
    with pytest.raises(NotAllowed):
        coverage_by_age(b.actor_of(town["five"], "person.view"), LATER)


def test_coverage_by_age_and_by_state_count_the_same_children(town: dict[str, Any]) -> None:  # noqa: F811
    """The page of flows and that of cases go by one statement: their sums agree, for the region and for a municipality."""
    b.person("Незачисленный Пётр Ильич", born=date(2012, 5, 5))
    b.person("Дошкольный Пётр Ильич", born=date(2021, 5, 5))
    actors = [
        b.ROOT,
        Actor(
            "m",
            "М",
            "М",
            frozenset({"case.view", "enrolment.count"}),
            Scope.of_municipality(town["lysva"].municipality_id),
        ),
    ]
    for actor in actors:
        with scoped(actor):
            by_state = {state.value: n for state, _, n in coverage(actor, LATER) if n}
            by_age = Counter[str]()
            for row in coverage_by_age(actor, LATER).values():
                by_age.update(row)
        studying = by_age.pop("kindergarten", 0) + by_age.pop("school", 0)
        assert {**by_age, "studying": studying} == by_state
    assert by_state == {"studying": 2}


def test_numbers_open_down_to_the_children_one_may_see(town: dict[str, Any]) -> None:  # noqa: F811
    """A school is shown those of a cohort who are its own, and the look is journaled; who has gone elsewhere is counted, not named."""
    who = partial(members, grade=4, on=BEGAN, day=LATER)
    everybody, after = who(b.ROOT, where=Whereabouts.REGION)
    assert (len(everybody), after) == (2, None)
    assert {one.place for one in everybody} == {"Школа № 3"}
    first, after = who(b.ROOT, where=Whereabouts.REGION, limit=1)
    rest, _ = who(b.ROOT, where=Whereabouts.REGION, limit=1, after=after)
    assert [*first, *rest] == everybody
    (gone,), _ = who(b.ROOT, where=Whereabouts.LEFT)
    assert (gone.person_id, gone.place, gone.left_on) == (town["gone"], "Школа № 5", date(2025, 11, 1))
    seven = b.actor_of(town["seven"])
    with scoped(seven):
        mine, _ = covered(seven, LATER, state=SCHOOL)
        assert [one.person_id for one in mine] == [town["moved"]]
        assert covered(seven, LATER, state=SCHOOL, age=10) == ([], None)
        assert covered(seven, LATER, state=Coverage.OTHER_REGION) == ([], None)
    counting = b.actor_of(town["five"], "enrolment.count")
    acts: list[Callable[[], object]] = [
        lambda: who(counting, where=Whereabouts.SAME),
        lambda: covered(counting, LATER, state=SCHOOL),
    ]
    for act in acts:
        with pytest.raises(NotAllowed):
            act()


@time_machine.travel(date(2026, 3, 1))
def test_the_pages_behind_the_numbers_are_journaled_and_saved(town: dict[str, Any]) -> None:  # noqa: F811
    codelists.load_all()
    client = b.browser(b.appointed("head", at=town["five"]))
    page = client.get("/flows/cohorts/?grade=5&year=2025").content.decode()
    assert "learners/?grade=5&amp;year=2025&amp;day=" in page
    before = Entry.objects.count()
    page = client.get("/flows/cohorts/learners/?grade=5&year=2025&day=2025-12-15&state=same").content.decode()
    assert "Лысьвин" in page
    noted = {
        one
        for row in Entry.objects.order_by("id")[before:]
        if row.kind == ReadKind.LIST
        for one in row.subjects
    }
    assert noted
    assert town["far"] not in noted
    assert str(town["far"]) not in page
    page = client.get("/flows/coverage/learners/?on=2025-12-15&state=school&age=11").content.decode()
    assert "Пермяков" in page
    assert (
        "Никого из тех" in client.get("/flows/coverage/learners/?on=2025-12-15&state=abroad").content.decode()
    )
    lines = client.get("/flows/coverage/file.csv?on=2025-12-15").content.decode("utf-8-sig").splitlines()
    assert lines[0].split(";")[0] == "Возраст"
    assert client.get("/flows/cohorts/file.xlsx?grade=5&year=2025").content[:2] == b"PK"
    assert client.get("/flows/cohorts/file.doc").status_code == 404


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
