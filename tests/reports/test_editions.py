"""Editions: those that ship are whole; a faulty one is refused with the place of its fault."""

from __future__ import annotations

import copy
from datetime import date
from typing import Any

import pytest

from kontingent.codelists import actions as codelists
from kontingent.codelists import queries
from kontingent.kernel.errors import InvalidValue, NotFound
from kontingent.reports import editions
from kontingent.reports.rules import editions as rules
from kontingent.reports.rules.counting import plans
from kontingent.reports.rules.editions import RECONSTRUCTED, SOURCED

FORM: dict[str, Any] = {
    "form": "Ф-1", "title": "Пробная", "okud": "0000000", "edition": {"order": "приказ", "confidence": "sourced"},
    "sections": [
        {
            "number": "1", "title": "Ученики", "confidence": "sourced",
            "columns": [{"n": 3, "title": "Всего"}, {"n": 4, "title": "девочки"}],
            "rows": [{"n": "01", "title": "Все"}, {"n": "02", "title": "1 класс"}, {"n": "03", "title": "прочие"}],
            "controls": [{"expr": "r01 = r02 + r03", "confidence": "sourced"}, {"expr": "c4 <= c3"}],
        }
    ],
}  # fmt: skip
RULES: dict[str, Any] = {
    "valid_from": date(2019, 9, 1), "snapshot": {"month": 9, "day": 20}, "deadline": {"month": 10, "day": 15},
    "organisation_types": ["12"], "who": {"main": True},
    "tables": {
        "1": {
            "rows": {"01": {}, "02": {"grade": 1}, "03": {"grade": {"not": 1}}}, "columns": {3: {}, 4: {"sex": "2"}},
        }
    },
}  # fmt: skip


def read(form: Any = FORM, told: Any = RULES) -> rules.Edition:
    return rules.read("f-1.2019", form, told, has=lambda _list, code: code != "77")


def changed(data: Any, *path: Any, value: Any) -> Any:
    made = copy.deepcopy(data)
    place = made
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return made


def test_an_edition_needs_no_python() -> None:
    edition = read()
    assert [line.number for line in edition.tables[0].rows] == ["01", "02", "03"]
    assert [(one.over, one.is_error) for one in edition.tables[0].controls] == [
        ("columns", True),
        ("rows", False),
    ]
    assert edition.period(2026) == (date(2025, 9, 20), date(2026, 9, 20))
    (plan,) = plans(edition)
    assert plan.facts == ("grade", "sex")


@pytest.mark.parametrize(
    ("form", "told", "said"),
    [
        (FORM, changed(RULES, "tables", "1", "rows", "02", value={"sex": "77"}), "1, строка 02, sex: значения «77»"),
        (FORM, changed(RULES, "tables", "1", "rows", "02", value={"sum": "r02 + r03"}), "строка 02: вычисляется сама из себя"),
        (FORM, changed(changed(RULES, "tables", "1", "rows", "02", value={"sum": "r03"}), "tables", "1", "rows", "03", value={"sum": "r02"}), "вычисляется сама из себя"),
        (FORM, changed(RULES, "tables", "1", "rows", "02", value={"sum": "r09"}), "нет слагаемого 09"),
        (FORM, changed(RULES, "tables", "1", "rows", "02", value={"count": "cats"}), "считать «cats» нельзя"),
        (FORM, changed(RULES, "tables", "1", "rows", "02", value={"count": "classes"}), "не сказано, какие классы и группы на дату здесь считать"),
        (FORM, changed(RULES, "tables", "1", "rows", "02", value={"where": {}, "who": 1}), "непонятное слово «who»"),
        (FORM, changed(RULES, "tables", "1", "rows", "09", value={}), "строка 09: в бланке такой нет"),
        (FORM, changed(RULES, "tables", "7", value={}), "подраздел 7: такого подраздела в бланке нет"),
        (FORM, changed(RULES, "tables", "1", "columns", value={3: {}}), "графа 4: не сказано, что здесь считать"),
        (FORM, changed(RULES, "snapshot", value={"month": 2, "day": 30}), "snapshot: не день года"),
        (changed(FORM, "sections", 0, "rows", 2, "n", value="02"), RULES, "строка 02: номер встречается дважды"),
        (changed(FORM, "sections", 0, "controls", 0, "expr", value="r01 = r02 + r08"), RULES, "строки 08 в 1 нет"),
        (changed(FORM, "sections", 0, "controls", 0, "expr", value="[9 r01] = r01"), RULES, "подраздела 9 нет"),
        (FORM, changed(RULES, "tables", "1", "controls", value=[{"expr": "r01 == и так далее"}]), "контроль: Выражение"),
        (FORM, changed(RULES, "define", value={"odd": {"colour": 1}}), "define odd, colour: факта «colour» нет"),
    ],
)  # fmt: skip
def test_a_fault_is_refused_with_its_place(form: Any, told: Any, said: str) -> None:
    with pytest.raises(InvalidValue) as refusal:
        read(form, told)
    assert refusal.value.message.startswith("Редакция f-1.2019")
    assert said in refusal.value.message


@pytest.mark.django_db
def test_every_edition_that_ships_is_whole() -> None:
    codelists.load_all()
    found = {one.code: one for one in editions.everything()}
    assert set(found) == {
        "1-dod.2025", "1-nd.2021", "85-k.2022", "85-k.2024", "movement-q1.2019", "movement-q2.2019", "movement-q3.2019",
        "movement-q4.2019", "movement-year.2019", "oo-1.2019", "oo-1.2024", "oo-2.2020", "spo-1.2022",
    }  # fmt: skip
    first = found["oo-1.2019"]
    assert first.confidence == SOURCED
    assert len(first.tables) == 25
    assert sum(len(list(table.cells())) * len(table.variants) for table in first.tables) > 20_000
    assert found["oo-1.2024"].confidence == RECONSTRUCTED


@pytest.mark.django_db
def test_the_edition_is_chosen_by_the_form_s_date() -> None:
    codelists.load_all()
    assert editions.in_force("oo-1", 2019).code == "oo-1.2019"
    assert editions.in_force("oo-1", 2023).code == "oo-1.2019"
    assert editions.in_force("oo-1", 2024).code == "oo-1.2024"
    with pytest.raises(NotFound):
        editions.in_force("oo-1", 2001)
    with pytest.raises(NotFound):
        editions.get("oo-1.1999")


@pytest.mark.django_db
def test_a_predicate_names_codes_that_exist() -> None:
    codelists.load_all()
    assert queries.has("leaving_reason", "T51")
    assert not queries.has("leaving_reason", "T99")
