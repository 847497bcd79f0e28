"""Completeness equals a plain count, within the scope, and tells of health only that something is there."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kontingent.health.models import HealthRecord
from kontingent.kernel import clock
from kontingent.organisations.models import Organisation
from kontingent.persons.models import Address, IdentityDocument, Person, Representation
from kontingent.reports import completeness
from kontingent.stages.fields import Stage
from kontingent.storage.scope import scoped
from tests import builders as b
from tests.health.test_health import opened

pytestmark = pytest.mark.django_db
DAY = date(2025, 10, 1)


@pytest.fixture
def region() -> dict[str, Any]:
    """Three schools of two municipalities with learners of whom some of everything is known."""
    rng = random.Random(11)
    lysva = b.municipality("lysva", "Лысьвенский округ")
    schools = [b.school("Школа № 1"), b.school("Школа № 2"), b.school("Школа № 3", where=lysva)]
    adult = b.person("Взрослая Вера Ивановна", born=date(1980, 1, 1))
    people: dict[Any, list[Any]] = {}
    number = 0
    for school in schools:
        group = b.group(school)
        for _ in range(rng.randint(4, 8)):
            number += 1
            born = date(2014, 1, 1) if rng.random() < 0.8 else date(2006, 1, 1)
            snils = b.snils_of(9000 + number) if rng.random() < 0.6 else None
            who = b.person(
                f"Ученик{'абвгдежзиклмнопрстуфхцчшэю'[number]} Иван", born=born, sex="1", snils=snils
            )
            b.admitted(who, group, on=date(2025, 9, 1))
            people.setdefault(school.id, []).append(who)
            if rng.random() < 0.5:
                IdentityDocument.objects.create(
                    person_id=who, kind_code="11", series="5900", number=f"{number:06d}", key=f"k{number}"
                )
            if rng.random() < 0.5:
                ends_on = date(2025, 1, 1) if rng.random() < 0.3 else None
                Address.objects.create(person_id=who, kind_code="residence", text="дом", ends_on=ends_on)
            if rng.random() < 0.5:
                Representation.objects.create(child_id=who, adult_id=adult)
            for kind in ("health_group", "physical_group"):
                if rng.random() < 0.6:
                    ends_on = DAY if rng.random() < 0.3 else DAY + timedelta(days=30)
                    HealthRecord.objects.create(
                        person_id=who, organisation=school, kind=kind, code="12", starts_on=date(2025, 9, 1), ends_on=ends_on,
                        recorded_at=clock.now(), recorded_by="Проверка",
                    )  # fmt: skip
    opened(schools[0].municipality)
    return {"schools": schools, "people": people, "lysva": lysva}


def plainly(school: Organisation, people: list[Any], stage: Stage) -> tuple[int, ...]:
    """Ask of each child one by one."""
    if stage is Stage.HEALTH:
        return tuple(
            sum(
                any(
                    r.kind == kind and r.starts_on <= DAY and (r.ends_on is None or r.ends_on > DAY)
                    for r in HealthRecord.objects.filter(person_id=who)
                )
                for who in people
            )
            for kind in ("health_group", "physical_group")
        )
    found = [Person.objects.get(pk=who) for who in people]
    return (
        sum(bool(one.snils) for one in found),
        sum(bool(one.birth_place) for one in found),
        sum(IdentityDocument.objects.filter(person=one).exists() for one in found),
        sum(Address.objects.filter(person=one, ends_on=None).exists() for one in found),
        sum(
            one.birth_date <= date(2007, 10, 1)
            or Representation.objects.filter(child=one, ends_on=None).exists()
            for one in found
            if one.birth_date
        ),
    )


@pytest.mark.parametrize("stage", list(completeness.REQUIRED))
def test_it_is_a_plain_count(region: dict[str, Any], stage: Stage) -> None:
    with scoped(b.ROOT), CaptureQueriesContext(connection) as few:
        found = {one.id: one for one in completeness.by_organisation(b.ROOT, stage, DAY)}
        whole = completeness.by_municipality(b.ROOT, stage, DAY)
    assert len([one for one in few.captured_queries if not b.is_bookkeeping(one["sql"])]) <= 8
    for school in region["schools"]:
        people, one = region["people"][school.id], found[school.id]
        assert one.learners == len(people)
        if one.is_open:
            assert one.filled == plainly(school, people, stage), school
    assert sum(one.learners for one in whole) == sum(map(len, region["people"].values()))
    assert len(whole) == 2


def test_where_the_stage_is_not_open_nothing_is_counted(region: dict[str, Any]) -> None:
    opened_today = clock.today()
    rows = completeness.by_municipality(b.ROOT, Stage.HEALTH, opened_today)
    closed = next(one for one in rows if one.id == region["lysva"].id)
    assert not closed.is_open
    assert rows[-1] is closed, "last in the league"
    assert sum(closed.filled) == 0


def test_a_school_sees_itself_and_the_page_shows_shares(region: dict[str, Any]) -> None:
    school = region["schools"][0]
    browser = b.browser(b.appointed("operator", at=school))
    page = browser.get(f"/stages/completeness/?on={DAY}")
    assert page.status_code == 200
    text = page.content.decode()
    assert "Школа № 1" in text
    assert "Школа № 2" not in text
    ministry = b.browser(b.appointed("ministry"))
    text = ministry.get("/stages/completeness/?stage=2").content.decode()
    assert "этап не открыт" in text
    assert "Пермский городской округ" in text
    inside = ministry.get(
        f"/stages/completeness/?municipality={school.municipality_id}&on={DAY}"
    ).content.decode()
    assert "Школа № 2" in inside
    assert "Школа № 3" not in inside
    teacher_less = b.browser(b.appointed("security")).get("/stages/completeness/")
    assert teacher_less.status_code == 403
