"""Forms beside ОО-1: each counts a small hand-made organisation, and the controls that have a source hold."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from kontingent.codelists import actions as codelists
from kontingent.enrolment import actions as enrolment
from kontingent.enrolment.codes import MovementKind, OrderKind
from kontingent.enrolment.models import Enrolment, Group
from kontingent.enrolment.rules.classes import ClassFacts
from kontingent.organisations.models import Organisation
from kontingent.persons import civil
from kontingent.programmes.models import Programme
from kontingent.reports import editions, engine, facts
from kontingent.reports.rules import controls
from kontingent.reports.rules.vocabulary import FACTS, OF_PEOPLE, Source
from tests import builders

pytestmark = pytest.mark.django_db
SEPTEMBER = date(2025, 9, 1)


@pytest.fixture(autouse=True)
def _lists() -> None:
    codelists.load_all()


def organisation(kind: str) -> Organisation:
    made = builders.school(f"Организация {kind}")
    Organisation.objects.filter(pk=made.pk).update(type_code=kind)
    made.refresh_from_db()
    return made


def programme(at: Organisation, kind: str, title: str, **attributes: Any) -> Programme:
    return Programme.objects.create(
        organisation=at, kind_code=kind, title=title, valid_from=date(2000, 1, 1), **attributes
    )


def group(
    of: Programme, title: str, *, grade: int | None = None, form: str = "11", **attributes: Any
) -> Group:
    draft = enrolment.GroupDraft(
        school_year=2025, programme_id=of.id, grade=grade, title=title, study_form_code=form,
        facts=ClassFacts(**attributes),
    )  # fmt: skip
    return enrolment.open_group(actor=builders.ROOT, organisation_id=of.organisation_id, draft=draft)


def conditions(at: Organisation, enrolment_id: UUID, **values: str) -> None:
    enrolment.record_conditions(
        actor=builders.ROOT, organisation_id=at.id, since=SEPTEMBER,
        changes=[enrolment.ConditionChange(enrolment_id, values)],
    )  # fmt: skip


def by_transfer(who: UUID, to: Group, *, on: date) -> None:
    kind = MovementKind.ADMISSION_BY_TRANSFER
    line = enrolment.LineDraft(person_id=who, kind=kind, effective_on=on, group_id=to.id)
    builders.signed(to.organisation, OrderKind.ADMISSION_BY_TRANSFER, [line])


def counted(at: Organisation, form: str, year: int) -> dict[str, int]:
    """Return the cells of a form that are not nought; the controls with a source hold of them."""
    edition = editions.in_force(form, year)
    cells = engine.count(edition, engine.asked(edition, year, organisations=[at.id])).of(at.id)
    failed = controls.failures(edition, cells)
    assert [one.code for one in failed if one.control.is_error] == []
    assert at.type_code in edition.organisation_types
    return {str(key): value for key, value in cells.items() if value}


def row(table: str, number: str, **columns: int) -> dict[str, int]:
    """Return the cells of a row: ``row("4", "401", c3=2)``."""
    return {f"{table}/{number}/{column[1:]}": value for column, value in columns.items()}


def test_every_source_tells_every_fact_that_it_is_known_by() -> None:
    question = facts.Asked(date(2025, 12, 31), date(2025, 1, 1), date(2026, 1, 1))
    with facts.built(question, set(Source)), connection.cursor() as cursor:
        for source in Source:
            cursor.execute(f"SELECT * FROM {facts.table_of(source)} LIMIT 0")
            columns = {one.name for one in cursor.description or ()}
            known = {fact.name for fact in FACTS.values() if source in fact.sources and fact.is_known}
            assert known <= columns, source
            if source in OF_PEOPLE:
                assert {"person_id", "enrolment_id", "group_id", "grade"} <= columns


def test_additional_education_counts_a_child_once_at_a_direction() -> None:
    at = organisation("15")
    robots = group(programme(at, "411", "Роботы", direction_code="technical"), "Роботы", funding_code="13")
    drones = group(programme(at, "411", "Дроны", direction_code="technical"), "Дроны", funding_code="2")
    choir = group(programme(at, "412", "Хор", direction_code="art"), "Хор", funding_code="12")
    judo = group(programme(at, "413", "Дзюдо", direction_code="sport"), "Дзюдо", funding_code="11")
    anna = builders.person(born=date(2014, 5, 20))
    boris = builders.person("Гилёв Борис Олегович", born=date(2010, 1, 1))
    grown = builders.person("Юшков Пётр Ильич", born=date(2006, 1, 1))
    for circle in (robots, drones, choir):
        builders.admitted(anna, circle)
    conditions(at, builders.admitted(boris, judo), network_code="1", distance_code="3")
    builders.admitted(grown, robots)
    assert counted(at, "1-dod", 2025) == (
        row("3", "06", c3=1, c4=1) | row("3", "12", c3=1, c4=1) | row("3", "13", c3=1, c5=1, c6=1)
        | row("4", "14", c3=1, c13=1) | row("4", "20", c3=1, c13=1) | row("4", "21", c3=1, c18=1)
        | row("4", "22", c3=2, c13=1, c18=1)
        | row("5", "23", c7=1) | row("5", "29", c4=1) | row("5", "30", c3=1)
    )  # fmt: skip


def test_a_kindergarten_counts_groups_places_and_children() -> None:
    at = organisation("11")
    general = programme(at, "11", "ОП ДО")
    speech = programme(at, "11", "АОП ДО", adaptation_code="207")
    sun = group(
        general, "Солнышко", regime_code="13", orientation_code="general", age_band_code="middle", capacity=20
    )
    bell = group(
        speech, "Колокольчик", regime_code="12", orientation_code="compensating_severe_speech",
        age_band_code="senior", capacity=10, language_code="tat",
    )  # fmt: skip
    anna = builders.person(born=date(2021, 5, 20))
    foreigner = builders.person(
        "Каримов Тимур Рустамович", born=date(2018, 5, 20), citizenship_code="1", country_code="860"
    )
    builders.admitted(anna, sun)
    builders.admitted(foreigner, bell)
    assert counted(at, "85-k", 2025) == (
        row("2", "202", c3=1) | row("2", "203", c3=1)
        | row("4", "401", c3=2, c6=1, c7=1) | row("4", "402", c3=1, c7=1) | row("4", "404", c3=1, c7=1)
        | row("4", "405", c3=1, c7=1) | row("4", "413", c3=1, c6=1)
        | row("5", "501", c3=30, c6=20, c7=10) | row("5", "502", c3=10, c7=10) | row("5", "504", c3=10, c7=10)
        | row("5", "505", c3=10, c7=10) | row("5", "513", c3=20, c6=20)
        | row("6", "601", c3=2, c6=1, c7=1, c9=1, c12=1) | row("6", "602", c3=1, c7=1, c9=1, c12=1)
        | row("6", "604", c3=1, c7=1, c9=1, c12=1) | row("6", "605", c3=1, c7=1, c9=1, c12=1)
        | row("6", "613", c3=1, c6=1)
        | row("7", "701", c3=2, c8=1, c11=1) | row("7", "702", c3=1, c8=1) | row("7", "703", c3=2, c8=1, c11=1)
        | row("7", "704", c3=1, c8=1) | row("7", "705", c3=1, c11=1) | row("7", "707", c3=1, c11=1)
        | row("8", "801", c3=2) | row("8", "802", c3=1) | row("8", "803", c3=1)
    )  # fmt: skip
    of_2022 = editions.in_force("85-k", 2023)
    assert (of_2022.code, of_2022.deadline.of(2023)) == ("85-k.2022", date(2024, 1, 20))
    assert editions.in_force("85-k", 2025).deadline.of(2025) == date(2026, 1, 24)


def test_children_who_do_not_study_are_entered_by_hand() -> None:
    edition = editions.in_force("1-nd", 2025)
    (table,) = edition.tables
    assert all("муниципалитет" in table.manual_of(*cell) for cell in table.cells())
    assert [one.text for one in table.controls if one.is_error] == [
        "c14 = c3 + c4 + c5 + c6 + c7 + c8 + c9 + c10 + c11 + c12 + c13", "c15 <= c14",
    ]  # fmt: skip


def test_transport_and_meals() -> None:
    at = organisation("12")
    first, tenth = builders.group(at, "1А"), builders.group(at, "10А")
    anna = builders.admitted(builders.person(born=date(2018, 5, 20)), first)
    boris = builders.admitted(builders.person("Гилёв Борис Олегович", born=date(2009, 1, 1)), tenth)
    conditions(at, anna, transport_code="served", meals_code="both", meals_benefit="да")
    conditions(at, boris, transport_code="needed", meals_code="lunch")
    assert counted(at, "oo-2", 2025) == (
        row("1.3", "01", c3=1, c4=1) | row("1.3", "03", c3=1) | row("1.3", "04", c3=2, c4=1)
        | row("1.4", "01", c3=1, c4=1, c7=1) | row("1.4", "03", c3=1, c6=1)
        | row("1.4", "04", c3=2, c4=1, c6=1, c7=1)
    )  # fmt: skip


def test_movement_balances() -> None:
    at, other = organisation("12"), organisation("12")
    fifth, theirs = builders.group(at, "5А"), builders.group(other, "5Б")
    anna = builders.person()
    anna_here = builders.admitted(anna, fifth)
    boris = builders.person("Гилёв Борис Олегович")
    builders.admitted(boris, fifth)
    vera = builders.person("Юшкова Вера Ильинична")
    vera_there = builders.admitted(vera, theirs)
    builders.moved(
        vera, vera_there, other, MovementKind.TRANSFER_OUT, on=date(2025, 11, 10), reason_code="T1",
        destination_id=at.id,
    )  # fmt: skip
    by_transfer(vera, fifth, on=date(2025, 11, 10))
    stranger = builders.person("Носов Глеб Павлович")
    by_transfer(stranger, fifth, on=date(2025, 12, 1))
    builders.left(anna, anna_here, at, on=date(2025, 12, 15))
    assert counted(at, "movement-q1", 2025) == (
        row("1", "02", c3=2, c8=2) | row("1", "08", c3=2, c8=2) | row("1", "18", c3=2, c8=2)
    )
    assert counted(at, "movement-q2", 2025) == (
        row("1", "01", c3=2, c8=2) | row("1", "02", c3=2, c8=2) | row("1", "03", c3=1, c8=1)
        | row("1", "09", c3=1, c8=1) | row("1", "12", c3=1, c8=1) | row("1", "18", c3=3, c8=3)
    )  # fmt: skip
    year = counted(at, "movement-year", 2026)
    assert {number: year.get(f"1/{number}/3", 0) for number in ("01", "02", "09", "18")} == {
        "01": 0, "02": 4, "09": 1, "18": 3,
    }  # fmt: skip
    edition = editions.in_force("movement-q2", 2025)
    cells = engine.count(edition, engine.asked(edition, 2025, organisations=[at.id])).of(at.id)
    # the stranger came from outside the region: rows 05 and 06 wait to be entered by hand
    assert {one.control.text.split(";")[0] for one in controls.failures(edition, cells)} == {
        "r02 = sum(r03..r08)"
    }


def test_a_college_counts_admission_students_and_graduates() -> None:
    at = organisation("13")
    nurses = programme(at, "212", "Сестринское дело", base_code="basic", speciality_code="34.02.01")
    cooks = programme(at, "211", "Повар", base_code="secondary", speciality_code="43.01.09")
    first = group(nurses, "М-11", grade=1, funding_code="12")
    second = group(cooks, "П-21", grade=2, form="13", funding_code="2")
    anna = builders.person(born=date(2009, 5, 20))
    boris = builders.person("Гилёв Борис Олегович", born=date(1990, 1, 2))
    civil.add_category(
        actor=builders.ROOT,
        person_id=anna,
        category_code="orphan",
        basis="решение",
        starts_on=date(2020, 1, 1),
    )
    conditions(at, builders.admitted(anna, first), concurrent_secondary="да")
    builders.admitted(boris, second)
    expected = (
        row("2.1.1.1", "01", c6=1, c13=1, c16=1) | row("2.1.1.1", "03", c6=1, c13=1, c16=1)
        | row("2.1.1.1", "07", c6=1, c13=1, c16=1)
        | row("2.1.1.3", "05", c6=1, c15=1) | row("2.1.1.3", "06", c6=1, c15=1) | row("2.1.1.3", "07", c6=1, c15=1)
        | row("2.1.2.1", "01", c4=1, c46=1, c53=1, c56=1) | row("2.1.2.1", "03", c4=1, c46=1, c53=1, c56=1)
        | row("2.1.2.1", "07", c4=1, c46=1, c53=1, c56=1)
        | row("2.1.2.3", "05", c11=1, c46=1, c55=1) | row("2.1.2.3", "06", c11=1, c46=1, c55=1)
        | row("2.1.2.3", "07", c11=1, c46=1, c55=1)
        | row("2.2.1", "02", c3=1, c4=1, c5=1) | row("2.2.1", "15", c3=1, c4=1, c5=1)
        | row("2.2.3", "02", c3=1, c7=1, c9=1) | row("2.2.3", "15", c3=1, c7=1, c9=1)
        | row("2.3.1", "01", c3=1, c4=1) | row("2.3.1", "03", c3=1, c4=1)
        | row("2.3.3", "01", c12=1, c13=1) | row("2.3.3", "05", c12=1, c13=1) | row("2.3.3", "06", c12=1, c13=1)
        | row("2.7", "01", c3=1, c4=1)
        | row("2.8.1", "01", c4=1, c5=1) | row("2.8.3", "01", c8=1, c10=1)
        | row("2.9.1", "01", c4=1, c5=1, c7=1, c8=1) | row("2.9.1", "02", c4=1, c5=1, c7=1, c8=1)
        | row("2.9.3", "01", c4=1, c6=1, c7=1, c9=1) | row("2.9.3", "02", c4=1, c6=1, c7=1, c9=1)
        | row("2.10.1", "01", c3=1, c4=1, c5=1, c6=1, c7=1, c8=1)
        | row("2.10.1", "06", c3=1, c4=1, c5=1, c6=1, c7=1, c8=1)
        | row("2.10.3", "01", c25=1, c27=1) | row("2.10.3", "21", c25=1, c27=1)
    )  # fmt: skip
    assert counted(at, "spo-1", 2025) == expected
    boris_here = Enrolment.objects.get(person_id=boris, superseded_at__isnull=True).enrolment_id
    builders.moved(
        boris, boris_here, at, MovementKind.GRADUATION, on=date(2026, 6, 30), reason_code="G5"
    )  # fmt: skip
    later = counted(at, "spo-1", 2026)
    assert later["2.1.3.3/05/4"] == later["2.10.3/01/29"] == later["2.2.3/08/3"] == later["2.2.3/01/3"] == 1
    assert later["2.10.3/21/29"] == 1
    assert "2.2.3/15/3" not in later
