"""Columns of health in a class list: refused by name where they may not come in, read, applied and undone where they may."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from kontingent.access.roles import ROLES
from kontingent.exchange.spreadsheets import tables
from kontingent.exchange.spreadsheets.reading import Sheet
from kontingent.exchange.staging import applying, papers, reading
from kontingent.exchange.staging.models import Batch, RememberedMapping, Row
from kontingent.health.models import HealthRecord
from kontingent.kernel.actor import Actor
from kontingent.kernel.scope import Scope
from kontingent.persons.models import Person
from kontingent.storage.scope import scoped
from tests.health.test_health import opened, town, worker

__all__ = ["town"]
pytestmark = pytest.mark.django_db
HEAD = "ФИО;Дата рождения;Класс;Группа здоровья;Физ. группа;Инвалидность;Справка МСЭ;Инвалидность до"
SECRET = "МСЭ-канарейка-77"
ANNA = f"Мальцева Анна Павловна;20.05.2014;5А;II;подготовительная;ребёнок-инвалид;{SECRET};01.01.2028"


@pytest.fixture(autouse=True)
def _var(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path


def sent(
    town: dict[str, Any], *rows: str, at: str = "five", head: str = HEAD, actor: Actor | None = None
) -> Batch:
    file = io.BytesIO("\n".join([head, *rows]).encode())
    actor = actor or worker(town[at])
    batch = reading.receive(actor=actor, organisation_id=town[at].id, file=file, filename="5А.csv")
    return reading.read(batch.id)


def test_a_file_with_a_closed_column_is_refused_by_name_and_not_kept(town: dict[str, Any]) -> None:
    opened(town["seven"].municipality)
    batch = sent(town, ANNA)
    assert batch.state == "refused"
    assert "Столбец D «Группа здоровья»" in batch.refusal
    assert "Пермский городской округ" in batch.refusal
    assert "Уберите столбец" in batch.refusal
    assert not Row.objects.exists()
    assert not papers.path_of(batch).exists()
    theirs = sent(
        town, ANNA.replace("Мальцева Анна Павловна;20.05.2014", "Тиунов Олег Игоревич;03.02.2014"), at="seven"
    )
    assert theirs.state == "checked"


def test_calling_the_column_something_else_does_not_help(town: dict[str, Any]) -> None:
    opened(town["seven"].municipality)
    clean = sent(
        town, "Мальцева Анна Павловна;20.05.2014;5А;II", head="ФИО;Дата рождения;Класс;Группа здоровья"
    )
    assert clean.state == "refused"
    heading = ["ФИО", "Дата рождения", "Класс", "Группа здоровья"]
    found = tables.find_table(Sheet("5А", iter([(1, heading)])))
    assert found is not None
    RememberedMapping.objects.create(
        organisation=town["five"],
        fingerprint=found.fingerprint,
        columns={"A": "full_name", "B": "birth_date", "C": "grade"},
    )
    again = sent(town, "Мальцева Анна Павловна;20.05.2014;5А;II", head=";".join(heading))
    assert again.state == "refused"
    assert "«Группа здоровья»" in again.refusal


def test_who_may_not_enter_health_may_not_load_it(town: dict[str, Any]) -> None:
    opened()
    operator = Actor(
        "x", "x", "x", ROLES["operator"].permissions, Scope.of_organisation(town["five"].id), town["five"].id
    )
    batch = sent(town, ANNA, actor=operator)
    assert batch.state == "refused"
    assert "не ваша роль" in batch.refusal
    assert not papers.path_of(batch).exists()


def test_it_is_applied_once_and_undone(town: dict[str, Any], django_capture_on_commit_callbacks: Any) -> None:
    opened()
    batch = sent(town, ANNA)
    (row,) = Row.objects.filter(batch=batch)
    assert (batch.state, row.status, row.diff["health"]) == ("checked", "update", ["", "сведения о здоровье"])
    kept = repr((row.raw, row.parsed, row.problems, row.diff))
    for value in (SECRET, "подготовительная", "ребёнок-инвалид", "health_group"):
        assert value not in kept
    actor = worker(town["five"])
    assert papers.path_of(batch).exists()
    with django_capture_on_commit_callbacks(execute=True), scoped(actor):
        done = applying.apply(actor=actor, batch_id=batch.id)
    assert done.result["health"] == 3
    assert not papers.path_of(batch).exists(), "the file says it in the clear"
    found = HealthRecord.objects.values_list("kind", "code", "ends_on")
    assert set(found) == {
        ("health_group", "12", date(2027, 9, 1)), ("physical_group", "22", date(2027, 9, 1)),
        ("disability", "14", date(2028, 1, 1)),
    }  # fmt: skip
    again = sent(town, ANNA)
    with scoped(actor):
        assert applying.apply(actor=actor, batch_id=again.id).result["health"] == 0
        applying.undo(actor=actor, batch_id=batch.id)
    assert not HealthRecord.objects.filter(superseded_at=None).exists()
    assert Person.objects.get(pk=town["anna"]).status_code != "mistaken"


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ("девятая;;;;", "Группа здоровья"),
        (";;ребёнок-инвалид;;01.01.2028", "справка МСЭ"),
        (";;ребёнок-инвалид;1;", "не позже"),
        (";;I группа;1;", "до 18 лет"),
    ],
)
def test_a_value_that_cannot_be_is_a_problem_that_does_not_say_it(
    town: dict[str, Any], cells: str, told: str
) -> None:
    opened()
    batch = sent(town, f"Мальцева Анна Павловна;20.05.2014;5А;{cells}")
    (row,) = Row.objects.filter(batch=batch)
    assert row.status == "refused"
    (problem,) = [one for one in row.problems if one[0] == "error"]
    assert told in problem[5]
    assert "девятая" not in repr(row.problems)
    assert problem[4] == "(не показывается)"
