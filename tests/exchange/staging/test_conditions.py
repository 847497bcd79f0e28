"""A class list that tells how the learners study: read, compared, applied and taken back."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pytest

from kontingent.enrolment import actions as enrolment
from kontingent.enrolment import queries
from kontingent.enrolment.models import Enrolment, StudyCondition
from kontingent.enrolment.rules.conditions import BLANK, StudyFacts
from kontingent.exchange.spreadsheets import fields
from kontingent.exchange.staging import applying, reading
from kontingent.exchange.staging.models import Batch, Row
from kontingent.organisations.models import Organisation
from tests import builders as b

pytestmark = pytest.mark.django_db
HEAD = "ФИО;Дата рождения;Пол;Класс;Иностранный язык;Питание;Льгота на питание;Подвоз;Расстояние до школы, км;ГПД"
DAY = date(2026, 9, 20)


@pytest.fixture(autouse=True)
def _var(settings: Any, tmp_path: Any) -> None:
    settings.VAR_DIR = tmp_path


def checked(at: Organisation, *rows: str) -> Batch:
    file = io.BytesIO("\n".join([HEAD, *rows]).encode())
    batch = reading.receive(actor=b.ROOT, organisation_id=at.id, file=file, filename="5А.csv")
    return reading.read(batch.id)


def facts_of(name: str, on: date = DAY) -> StudyFacts:
    enrolment_id = Enrolment.objects.get(person__family_name=name, superseded_at__isnull=True).enrolment_id
    known = queries.conditions_of([enrolment_id], on)
    return known[enrolment_id].facts if known else BLANK


ANNA = "Мальцева Анна Павловна;20.05.2015;ж;5А;английский, немецкий;завтраки и обеды;да;да;12,5;"
PETR = "Носков Пётр Ильич;01.02.2015;м;5А;немецкий;;;;;"


def test_every_heading_is_recognised() -> None:
    for field in fields.FIELDS:
        if field.code in fields.CONDITIONS:
            assert {fields.recognise(text) for text in field.synonyms} == {(field.code, 100)}
            assert (fields.recognise(field.title) or ("", 0))[0] == field.code


def test_it_is_applied_from_the_beginning_of_the_year_and_undone() -> None:
    school = b.school("СОШ № 12")
    batch = applying.apply(actor=b.ROOT, batch_id=checked(school, ANNA, PETR).id)
    assert batch.result["conditions"] == 2
    anna = facts_of("Мальцева")
    assert (anna.foreign_languages, anna.meals_code, anna.meals_benefit) == (("eng", "deu"), "both", True)
    assert (anna.transport_code, str(anna.distance_km)) == ("served", "12.5")
    assert facts_of("Носков").foreign_languages == ("deu",)
    applying.undo(actor=b.ROOT, batch_id=batch.id)
    assert not Enrolment.objects.filter(superseded_at__isnull=True).exists()


def test_what_differs_is_shown_written_from_the_day_of_the_list_and_put_back() -> None:
    school = b.school("СОШ № 12")
    applying.apply(actor=b.ROOT, batch_id=checked(school, ANNA, PETR).id)
    other = "Мальцева Анна Павловна;20.05.2015;ж;5А;английский, немецкий;только обеды;да;да;12,5;"
    batch = checked(school, other, PETR)
    assert {row.status: row.diff for row in Row.objects.filter(batch=batch)} == {
        "update": {"meals_code": ["both", "lunch"]},
        "unchanged": {},
    }
    applying.apply(actor=b.ROOT, batch_id=batch.id)
    assert facts_of("Мальцева").meals_code == "lunch"
    applying.undo(actor=b.ROOT, batch_id=batch.id)
    assert facts_of("Мальцева").meals_code == "both"


def test_a_second_time_nothing_changes() -> None:
    school = b.school("СОШ № 12")
    applying.apply(actor=b.ROOT, batch_id=checked(school, ANNA, PETR).id)
    rows = StudyCondition.objects.count()
    batch = checked(school, ANNA, PETR)
    assert batch.totals.get("unchanged") == 2
    applying.apply(actor=b.ROOT, batch_id=batch.id)
    assert StudyCondition.objects.count() == rows


def test_what_cannot_be_is_refused_in_its_column() -> None:
    batch = checked(
        b.school("СОШ № 12"),
        "Мальцева Анна Павловна;20.05.2015;ж;5А;клингонский;;;;;",
        "Носков Пётр Ильич;01.02.2015;м;5А;;;да;;;",
        "Кетов Илья Олегович;03.02.2015;м;5А;;;;;сто;",
    )
    refused = {
        row.raw[0]: [problem[3] for problem in row.problems] for row in Row.objects.filter(batch=batch)
    }
    assert refused == {
        "Мальцева Анна Павловна": ["foreign_languages"],
        "Носков Пётр Ильич": ["meals_benefit"],
        "Кетов Илья Олегович": ["distance_km"],
    }
    assert batch.totals["refused"] == 3


def test_a_contradiction_with_the_register_is_found_before_applying() -> None:
    school = b.school("СОШ № 12")
    group = b.group(school, "5А", year=2026)
    who = b.admitted(b.person("Носков Пётр Ильич", born=date(2015, 2, 1)), group, on=date(2026, 9, 1))
    enrolment.record_conditions(
        actor=b.ROOT, organisation_id=school.id, since=date(2026, 9, 1),
        changes=[enrolment.ConditionChange(who, {"foreign_language_gap_code": "no_teacher"})],
    )  # fmt: skip
    batch = checked(school, PETR)
    row = Row.objects.get(batch=batch)
    assert row.status == "refused"
    assert "причина" in row.problems[0][5]
