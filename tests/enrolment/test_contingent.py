"""Counts and the lists behind them; the check that finds planted defects; statements that do not grow."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from demo import region
from kontingent.codelists.files import packaged
from kontingent.enrolment import contingent, queries
from kontingent.enrolment.check import check
from kontingent.enrolment.codes import STUDIES, MovementKind
from kontingent.enrolment.contingent import Dimension, Filter
from kontingent.enrolment.models import Enrolment, Group, Placement
from kontingent.kernel import clock
from kontingent.kernel.errors import NotAllowed
from kontingent.organisations import actions as organisations
from kontingent.organisations.models import Organisation
from kontingent.persons.search import understand
from kontingent.programmes import rules as programmes
from tests import builders as b

pytestmark = pytest.mark.django_db
ON = date(2026, 11, 20)


@pytest.fixture
def town() -> None:
    organisations.load_municipalities()
    region.load("XS")


@pytest.mark.slow
@pytest.mark.parametrize("on", [ON, date(2024, 2, 1), date(2021, 9, 1), date(2019, 1, 1)])
def test_every_number_is_as_long_as_its_list(town: None, on: date) -> None:
    for by in (
        (Dimension.GRADE, Dimension.SEX),
        (Dimension.LEVEL,),
        (Dimension.ORGANISATION, Dimension.AGE),
        (Dimension.MUNICIPALITY, Dimension.FORM),
    ):
        for main in (True, False):
            rows = contingent.count(b.ROOT, on=on, where=Filter(main=main), by=by)
            assert sum(row.number for row in rows) == contingent.total(b.ROOT, on=on, where=Filter(main=main))
            for row in rows[::5]:
                if None in row.key:
                    continue
                where = contingent.narrowed(Filter(main=main), by, row.key)
                assert len(contingent.learners(b.ROOT, on=on, where=where, limit=5000)) == row.number


@pytest.mark.slow
def test_known_at_now_is_what_the_cube_says(town: None) -> None:
    for on in (ON, date(2023, 5, 5)):
        by = (Dimension.ORGANISATION, Dimension.GRADE, Dimension.SEX, Dimension.AGE)
        assert contingent.count(b.ROOT, on=on, by=by) == contingent.count(
            b.ROOT, on=on, known_at=clock.now(), by=by
        )


@pytest.mark.slow
def test_a_list_is_read_page_by_page(town: None) -> None:
    whole = contingent.learners(b.ROOT, on=ON, limit=5000)
    seen: list[Any] = []
    after = None
    while found := contingent.learners(b.ROOT, on=ON, after=after, limit=70):
        seen += found
        after = (found[-1].name_key, found[-1].placement_id)
    assert seen == whole


@pytest.mark.slow
def test_a_school_counts_only_itself(town: None) -> None:
    school = Organisation.objects.filter(type_code="12", groups__isnull=False).first()
    assert school is not None
    rows = contingent.count(b.actor_of(school), on=ON, where=Filter(main=None), by=(Dimension.ORGANISATION,))
    assert [row.key for row in rows] == [(school.id,)]
    everybody = contingent.count(b.ROOT, on=ON, where=Filter(organisation_id=school.id, main=None))
    assert rows[0].number == everybody[0].number
    other = Organisation.objects.exclude(pk=school.pk).filter(type_code="12", groups__isnull=False).first()
    assert other is not None
    assert contingent.total(b.actor_of(school), on=ON, where=Filter(organisation_id=other.id)) == 0


def test_a_child_of_two_circles_is_one_person() -> None:
    club, anna = b.school("Дворец"), b.person()
    for title in ("Шахматы", "Хор"):
        b.admitted(anna, b.group(club, title, kind="411"))
    on = date(2025, 10, 1)
    assert contingent.total(b.ROOT, on=on, where=Filter(main=False)) == 2
    assert contingent.count_persons(b.ROOT, on=on) == 1


@pytest.mark.parametrize("kind", sorted(programmes.ADDITIONAL))
def test_no_additional_programme_is_counted_as_a_main_one(kind: str) -> None:
    """Sport training (413) is an additional programme by 273-ФЗ, art. 84: by the cube and by a plain count alike."""
    club, anna = b.school("Спортивная школа"), b.person()
    b.admitted(anna, b.group(club, "Самбо", kind=kind))
    on = date(2025, 10, 1)
    for known_at in (None, clock.now()):
        assert contingent.total(b.ROOT, on=on, known_at=known_at) == 0
        assert contingent.total(b.ROOT, on=on, known_at=known_at, where=Filter(main=False)) == 1


def test_the_additional_programmes_are_those_of_the_code_list() -> None:
    """Below 41 «дополнительная общеобразовательная» of ``education_programme``; 42 is for adults and not kept here."""
    found = {"41"} | {
        one.code for one in packaged()["education_programme"].values if one.code.startswith("41")
    }
    assert found == programmes.ADDITIONAL
    assert not programmes.ADDITIONAL & STUDIES


def test_nobody_without_the_permission_counts() -> None:
    school = b.school()
    with pytest.raises(NotAllowed):
        contingent.count(b.actor_of(school, "organisation.view"), on=ON)


# -- check ---------------------------------------------------------------------------------------


def test_planted_defects_are_found_by_name() -> None:
    school = b.school()
    first = b.admitted(b.person(), b.group(school, "5А"))
    second = b.admitted(b.person("Тиунов Олег Игоревич", born=date(2014, 3, 3)), b.group(school, "5Б"))
    assert check().is_clean
    Placement.objects.filter(enrolment_id=first).update(sex="1")
    Enrolment.objects.filter(enrolment_id=second).update(ends_on=date(2026, 1, 1))
    report = check()
    assert {d.enrolment_id for d in report.differences} == {first, second}
    assert report.streams == 2
    Placement.objects.filter(enrolment_id=first).update(superseded_at=clock.now())
    assert any("зачисленность" in d.what for d in check().differences)


# -- flat in rows --------------------------------------------------------------------------------


def statements(call: Any) -> int:
    with CaptureQueriesContext(connection) as captured:
        call()
    return len(captured.captured_queries)


def test_statements_do_not_grow_with_learners() -> None:
    school = b.school()
    group = b.group(school)
    actor = b.actor_of(school)
    on = date(2025, 10, 1)
    stream = b.admitted(b.person("Волков Пётр Ильич"), group)
    calls = {
        "class": lambda: queries.class_list(actor, group.id, on),
        "school": lambda: queries.school_list(actor, school.id, on),
        "groups": lambda: queries.groups(actor, school.id, 2025, on),
        "dashboard": lambda: queries.dashboard(actor, on),
        "search": lambda: queries.search_learners(actor, understand("волков")),
        "orders": lambda: queries.orders(actor),
        "choices": lambda: queries.enrolment_choices(actor, school.id, on),
    }
    few = {name: statements(call) for name, call in calls.items()}
    for number in range(20):
        b.admitted(b.person("Волков Иван Иванович", born=date(2014, 1, 1) + timedelta(days=number)), group)
    assert {name: statements(call) for name, call in calls.items()} == few
    assert max(few.values()) <= 6
    person = Enrolment.objects.get(enrolment_id=stream).person_id
    card = statements(lambda: queries.card(actor, person))
    b.moved(
        person,
        stream,
        school,
        MovementKind.PLACEMENT,
        on=date(2025, 11, 1),
        group_id=b.group(school, "5Б").id,
    )
    assert statements(lambda: queries.card(actor, person)) == card <= 14


def test_a_person_of_another_school_is_not_to_be_known_of() -> None:
    mine, other = b.school("Школа № 5"), b.school("Школа № 7")
    anna = b.person()
    b.admitted(anna, b.group(other))
    with pytest.raises(NotAllowed):
        queries.card(b.actor_of(mine), anna)
    assert queries.card(b.actor_of(other), anna).person.id == anna
    assert queries.search_learners(b.actor_of(mine), understand("мальцева")) == ([], False)
    assert len(queries.search_learners(b.ROOT, understand("мальцева"))[0]) == 1


def test_what_one_may_not_see_is_not_in_the_card() -> None:
    school = b.school()
    anna = b.person()
    b.admitted(anna, b.group(school))
    seen = queries.card(b.actor_of(school, "person.view", "enrolment.view"), anna)
    assert (seen.documents, seen.addresses) == (None, None)
    assert Group.objects.count() == 1
