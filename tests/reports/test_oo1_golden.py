"""Form ОО-1 counted by the product and by hand: every cell the same."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from demo import region
from kontingent.codelists import actions as codelists
from kontingent.enrolment.actions import LineDraft
from kontingent.enrolment.codes import MovementKind, OrderKind
from kontingent.enrolment.models import Enrolment, Group, Placement, StudyCondition
from kontingent.health.codes import Kind
from kontingent.health.models import HealthRecord
from kontingent.kernel import clock
from kontingent.organisations import actions as organisations
from kontingent.organisations.models import Organisation
from kontingent.persons.models import PersonCategory
from kontingent.programmes.models import Programme
from kontingent.reports import editions, engine
from kontingent.stages.models import StageOrder
from tests import builders as b
from tests.health.test_health import opened
from tests.reports import oo1_by_hand
from tests.reports.oo1_by_hand import Health
from tests.reports.random_schools import Inventor

#: Entered by people, so that there is nothing to compare: passport, trades; or counted elsewhere: examinations.
BY_PEOPLE = ("1.", "2.6.", "2.13.", "2.14.3.")


def differences(
    schools: Iterable[tuple[UUID, str]], year: int, health: Mapping[UUID, Health] | None = None
) -> list[str]:
    """Return «школа, ячейка: продукт, вручную» of all cells that differ."""
    those = list(schools)
    edition = editions.in_force("oo-1", year)
    counted = engine.count(edition, engine.asked(edition, year, organisations=[one for one, _ in those]))
    found = []
    for school_id, name in those:
        product = {
            (key.table, key.row, int(key.column)): number
            for key, number in counted.of(school_id).items()
            if number and not key.table.startswith(BY_PEOPLE)
        }
        by_hand = oo1_by_hand.count(school_id, year, health)
        found += [
            f"{name}, {'/'.join(map(str, cell))}: product {product.get(cell, 0)}, by hand {by_hand.get(cell, 0)}"
            for cell in sorted(product.keys() | by_hand.keys())
            if product.get(cell, 0) != by_hand.get(cell, 0)
        ]
    return found


def recorded(day: date) -> dict[UUID, Health]:
    """What the register has of health on a day in schools where the stage is open, row by row."""
    opened_in = set(
        StageOrder.objects.filter(stage="2", opens=True).values_list("municipality_id", flat=True)
    )
    found: dict[UUID, Health] = defaultdict(Health)
    for one in HealthRecord.objects.filter(superseded_at=None).select_related("organisation"):
        holds = one.starts_on <= day and (one.ends_on is None or one.ends_on > day)
        if not holds or one.organisation.municipality_id not in opened_in:
            continue
        if one.kind == Kind.ADAPTED_PROGRAMME:
            found[one.person_id] = found[one.person_id]._replace(needs=one.code)
        if one.kind == Kind.DISABILITY:
            found[one.person_id] = found[one.person_id]._replace(
                disability="child" if one.code == "14" else "adult"
            )
    return found


@pytest.mark.slow
@pytest.mark.django_db
def test_the_demo_region_by_both() -> None:
    codelists.load_all()
    organisations.load_municipalities()
    region.load("XS")
    schools = list(Organisation.objects.filter(type_code="12").values_list("id", "short_name"))
    found = [
        f"{year}: {one}"
        for year in (2023, 2025, 2026)
        for one in differences(schools, year, recorded(date(year, 9, 20)))
    ]
    assert not found, f"{len(found)} cells differ:\n" + "\n".join(found[:100])


# -- a school that can be counted on fingers -----------------------------------------------------

#: «таблица/строка: графа=число …», every cell that is not nought.
TWO_CLASSES = """
2.1.1.1/01: 3=1 7=1
2.1.1.1/02: 3=4 7=4
2.1.1.1/03: 3=1 12=1
2.1.1.1/04: 3=3 12=3
2.1.1.1/09: 3=2 7=1 12=1
2.1.1.1/10: 3=7 7=4 12=3
2.1.1.1/11: 3=7 7=4 12=3
2.1.1.1/14: 3=1 7=1
2.1.1.1/15: 3=3 7=2 12=1
2.1.1.1/16: 3=1 7=1
2.1.1.1/17: 3=1 7=1
2.1.1.1/22: 3=1 7=1
2.1.1.1/23: 3=1 7=1
2.2.1/01: 3=1 7=1
2.2.1/02: 3=4 7=4
2.2.1/10: 3=1 7=1
2.3.1/01: 3=7 4=1
2.3.1/02: 3=1
2.3.1/04: 3=1 4=1
2.3.1/05: 3=1 4=1
2.3.1/06: 3=1 4=1
2.3.1/08: 3=1 4=1
2.3.1/09: 3=1 4=1
2.4.1/01: 3=2 4=2
2.4.1/02: 3=1 4=1
2.4.1/03: 3=1 4=1
2.4.1/05: 3=2 4=2
2.5.1.1/01: 3=1 6=1
2.5.1.1/02: 3=1 6=1
2.7.1/01: 3=4 4=3
2.7.1/03: 4=3
2.7.1/04: 3=3
2.7.1/05: 3=1
2.8.1/01: 3=1 4=1
2.8.1/05: 3=1 4=1
2.9/01: 4=4 6=1 7=1
2.9/02: 3=3
2.10.1/01: 3=4 4=3
2.10.1/02: 3=3 4=3
2.10.1/03: 3=2 4=3 9=2
2.10.1/04: 4=1 9=1
2.10.1/05: 3=1 4=2 9=2
2.10.1/16: 3=1
2.10.1/17: 3=1
2.10.1/18: 4=1
2.10.1/19: 4=1
2.11.1/01: 4=3
2.11.1/13: 4=3
2.14.1.1/01: 3=4 4=2 6=3 7=1
2.14.1.1/06: 3=1
2.14.1.1/07: 3=2 4=2
2.14.1.1/08: 3=1
2.14.1.1/12: 6=1
2.14.1.1/13: 6=2 7=1
2.15.1/47: 4=4 8=4
2.15.1/52: 4=3 9=3
2.15.1/109: 4=1 8=1
2.15.1/168: 4=1
"""


def cells_of(text: str) -> dict[tuple[str, str, int], int]:
    found: dict[tuple[str, str, int], int] = {}
    for line in text.strip().splitlines():
        place, _, numbers = line.partition(": ")
        table, _, row = place.partition("/")
        found |= {(table, row, int(c)): int(n) for c, n in (one.split("=") for one in numbers.split())}
    return found


def admitted(who: UUID, to: Group, *, on: date = b.SEPTEMBER, **facts: Any) -> UUID:
    line = LineDraft(person_id=who, kind="admission", effective_on=on, group_id=to.id, **facts)
    order = b.signed(to.organisation, OrderKind.ADMISSION, [line])
    return Enrolment.objects.get(opened_by=order, superseded_at=None).enrolment_id


def studies(enrolment_id: UUID, **facts: Any) -> None:
    placement = Placement.objects.filter(enrolment_id=enrolment_id, superseded_at=None).latest("starts_on")
    StudyCondition.objects.create(
        enrolment_id=enrolment_id, person_id=placement.person_id, organisation_id=placement.organisation_id,
        starts_on=placement.starts_on, recorded_at=clock.now(), **facts,
    )  # fmt: skip


@pytest.fixture
def two_classes() -> Organisation:
    """4А: four children, of whom one on an adapted programme and one for the second year; 9Б: three, mathematics deepened."""
    codelists.load_all()
    school = b.school("Школа двух классов")
    fourth = b.group(school, "4А", shift_code="2", funding_code="13")
    ninth = b.group(
        school, "9Б", kind_code="advanced", advanced_profile_code="mathematical", funding_code="12", language_code="tat"
    )  # fmt: skip
    third_before, fourth_before = b.group(school, "3А", year=2024), b.group(school, "4А", year=2024)
    last_year = date(2024, 9, 1)

    # 4А: a girl of ten, promoted from 3А, in an after-school group, learns English
    anna = b.person("Мальцева Анна Павловна", born=date(2015, 5, 20))
    enrolment = admitted(anna, third_before, on=last_year)
    b.moved(anna, enrolment, school, MovementKind.PROMOTION, on=b.SEPTEMBER, grade=4, group_id=fourth.id)
    studies(enrolment, foreign_languages=["eng"], extended_day="ГПД № 1")
    # a boy of nine, an orphan, lives in the boarding house, learns German
    ivan = b.person("Носков Иван Ильич", born=date(2016, 2, 10))
    studies(admitted(ivan, fourth), foreign_languages=["deu"], boarding=True)
    PersonCategory.objects.create(
        person_id=ivan, category_code="orphan", basis="постановление", recorded_at=clock.now()
    )
    # a boy of eleven, in the fourth grade for the second year, paid for by his parents, learns English
    petr = b.person("Кетов Пётр Олегович", born=date(2014, 11, 3))
    enrolment = admitted(petr, fourth_before, on=last_year, funding_code="21")
    b.moved(petr, enrolment, school, MovementKind.REPEAT, on=b.SEPTEMBER, grade=4, group_id=fourth.id)
    studies(enrolment, foreign_languages=["eng"])
    # a girl of ten, on a programme for delayed development, at home, from afar, by a plan of her own; nobody to teach
    # her a foreign language, but Komi-Permyak she learns
    sofya = b.person("Шилова Софья Ивановна", born=date(2015, 12, 30))
    adapted = Programme.objects.create(
        organisation=school,
        kind_code="12",
        title="АООП НОО",
        adaptation_code="208",
        valid_from=date(2020, 9, 1),
    )
    studies(
        admitted(sofya, fourth, programme_id=adapted.id), foreign_language_gap_code="no_teacher",
        native_language_code="koi", native_language_mode_code="subject", education_place_code="1", distance_code="3",
        individual_plan_code="plan",
    )  # fmt: skip

    # 9Б: a girl who is sixteen on New Year's Day itself, two languages
    maria = b.person("Тиунова Мария Игоревна", born=date(2010, 1, 1))
    studies(admitted(maria, ninth), foreign_languages=["eng", "deu"])
    # a boy of fifteen, a network programme, Komi-Permyak in a circle
    oleg = b.person("Чужой Олег Петрович", born=date(2010, 7, 7))
    studies(
        admitted(oleg, ninth), foreign_languages=["eng"], network_code="1", native_language_code="koi",
        native_language_mode_code="optional",
    )  # fmt: skip
    # a boy of sixteen, three languages
    gleb = b.person("Лунин Глеб Маркович", born=date(2009, 12, 31))
    studies(admitted(gleb, ninth), foreign_languages=["eng", "fra", "deu"])

    # and a girl who left 4А of last year for another school of the town
    nina = b.person("Обухова Нина Львовна", born=date(2014, 8, 8))
    b.left(nina, admitted(nina, fourth_before, on=last_year), school, on=date(2025, 1, 15), reason="T1")
    return school


@pytest.mark.django_db
def test_two_classes_on_fingers(two_classes: Organisation) -> None:
    edition = editions.in_force("oo-1", 2025)
    counted = engine.count(edition, engine.asked(edition, 2025, organisations=[two_classes.id]))
    product = {
        (key.table, key.row, int(key.column)): number
        for key, number in counted.of(two_classes.id).items()
        if number and key.table.startswith("2.")
    }
    assert product == cells_of(TWO_CLASSES)
    assert oo1_by_hand.count(two_classes.id, 2025) == cells_of(TWO_CLASSES)


# -- schools by chance ---------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize(("seed", "year"), [(3, 2023), (4, 2025)])
def test_random_schools_by_both(seed: int, year: int) -> None:
    codelists.load_all()
    inventor = Inventor(seed, year)
    schools = [inventor.school(number) for number in range(1, 4)]
    found = differences([(one.id, one.short_name) for one in schools], year)
    assert not found, f"{len(found)} cells differ:\n" + "\n".join(found[:100])


# -- health: conclusions of ПМПК and disability, where stage two is open and where it is not ------


def examined(rng: random.Random, school: Organisation) -> dict[UUID, Health]:
    """Say something of the health of a third of a school's children; return what holds on the day of the form."""
    day, told = date(2025, 9, 20), {}
    for who in sorted(set(Placement.objects.filter(organisation=school).values_list("person_id", flat=True))):
        needs = rng.choice(("208", "201", "202", "209", "213", "212")) if rng.random() < 0.3 else ""
        disability = rng.choice(("adult", "child")) if rng.random() < 0.2 else ""
        #: written for another day, it does not count
        since = rng.choice((date(2025, 9, 1), day, date(2025, 9, 21)))
        until = rng.choice((None, date(2026, 1, 1), day))
        holds = since <= day and (until is None or until > day)
        for kind, code in (
            (Kind.ADAPTED_PROGRAMME, needs),
            (Kind.DISABILITY, {"adult": "12", "child": "14"}.get(disability, "")),
        ):
            if code and (until is None or until > since):
                HealthRecord.objects.create(
                    person_id=who, organisation=school, kind=kind, code=code, starts_on=since, ends_on=until,
                    recorded_at=clock.now(), recorded_by="Проверка",
                )  # fmt: skip
        if holds:
            told[who] = Health(needs, disability)
    return told


@pytest.mark.slow
@pytest.mark.django_db
def test_what_is_known_of_health_by_both() -> None:
    """Two municipalities, the stage open in one; the schools of the other are counted as if nothing were recorded."""
    codelists.load_all()
    inventor, rng = Inventor(8, 2025), random.Random(9)
    schools = [inventor.school(number) for number in range(1, 5)]
    far = b.municipality("lysva", "Лысьвенский округ")
    Organisation.objects.filter(pk__in=[one.id for one in schools[2:]]).update(municipality=far)
    known = {one.id: examined(rng, one) for one in schools}
    opened(b.municipality())
    told = known[schools[0].id] | known[schools[1].id]
    assert (
        {one.needs != "" for one in told.values()}
        == {one.disability != "" for one in told.values()}
        == {True, False}
    )
    found = differences([(one.id, one.short_name) for one in schools], 2025, told)
    assert not found, f"{len(found)} cells differ:\n" + "\n".join(found[:100])
    # and the conclusions make a difference
    assert differences([(one.id, one.short_name) for one in schools[:2]], 2025) != []
    assert differences([(one.id, one.short_name) for one in schools[2:]], 2025, known[schools[2].id]) != []
