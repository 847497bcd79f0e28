"""Predicates: thousands of random ones hold in Python exactly where PostgreSQL says so; what cannot be is refused with its place."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kontingent.codelists import queries as codelists
from kontingent.kernel.errors import InvalidValue
from kontingent.reports.rules.predicates import (
    ALWAYS,
    All,
    Between,
    Not,
    OneOf,
    Predicate,
    Reader,
    Some,
    awaited,
    facts_of,
    holds,
    sql,
    told,
)
from kontingent.reports.rules.vocabulary import FACTS, Kind, Source

TYPES = {"grade": "int", "sex": "text", "boarding": "boolean", "foreign_language": "text[]", "reason": "text"}
VALUES: dict[str, list[Any]] = {
    "grade": [None, 0, 1, 2, 5, 11], "sex": ["", "1", "2"], "boarding": [True, False],
    "foreign_language": [[], ["eng"], ["eng", "deu"], ["zho"]], "reason": ["", "T1", "T2"],
}  # fmt: skip
CODES: dict[str, list[Any]] = {
    "sex": ["", "1", "2"],
    "foreign_language": ["eng", "deu", "zho"],
    "reason": ["", "T1", "T2"],
    "boarding": [True, False],
}


def _one_of(name: str, values: list[Any]) -> st.SearchStrategy[Predicate]:
    some = st.lists(st.sampled_from(values), min_size=1, max_size=3)
    return st.builds(lambda those: OneOf(name, tuple(those)), some)


def simple() -> st.SearchStrategy[Predicate]:
    numbers = st.one_of(st.none(), st.integers(0, 12))
    return st.one_of(
        st.builds(lambda low, high: Between("grade", low, high), numbers, numbers),
        _one_of("grade", list(range(13))),
        *(_one_of(name, those) for name, those in CODES.items()),
    )


predicates = st.recursive(
    simple(),
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(lambda those: All(tuple(those)), st.lists(inner, max_size=3)),
        st.builds(lambda those: Some(tuple(those)), st.lists(inner, min_size=1, max_size=3)),
    ),
    max_leaves=8,
)
things = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in VALUES.items()})


@pytest.mark.django_db
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(predicates, st.lists(things, min_size=1, max_size=12))
def test_python_and_postgresql_agree(predicate: Predicate, rows: list[dict[str, Any]]) -> None:
    parameters: list[Any] = []
    values = ", ".join("(%s, " + ", ".join(f"%s::{kind}" for kind in TYPES.values()) + ")" for _ in rows)
    given_rows = [one for index, row in enumerate(rows) for one in (index, *(row[name] for name in TYPES))]
    condition = sql(predicate, parameters)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT n FROM (VALUES {values}) AS t (n, {', '.join(TYPES)}) WHERE {condition}",
            [*given_rows, *parameters],
        )
        found = {row[0] for row in cursor.fetchall()}
    assert found == {index for index, row in enumerate(rows) if holds(predicate, row)}


@given(predicates)
def test_a_predicate_and_its_opposite_part_everything(predicate: Predicate) -> None:
    for row in ({name: values[n % len(values)] for name, values in VALUES.items()} for n in range(6)):
        assert holds(predicate, row) != holds(Not(predicate), row)
    assert facts_of(predicate) <= set(TYPES)


@pytest.fixture
def reader() -> Reader:
    return Reader(
        lambda name, code: (name, code) != ("sex", "9"),
        {"old": OneOf("grade", (11,)), "quick": OneOf("reason", ("T1",))},
    )


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"grade": "5"}, "значения «5» у факта «grade» не бывает"), ({"sex": "9"}, "значения «9» у факта «sex»"),
        ({"sex": 2}, "значения «2»"), ({"boarding": "да"}, "значения «да»"), ({"hair": "red"}, "факта «hair» нет в словаре"),
        ({"reason": "T1"}, "не известен о том, что здесь считают"), ({"size": 3}, "не известен о том"),
        ({"grade": {"from": 5, "to": 2}}, "промежуток перевёрнут"), ({"grade": {"between": 2}}, "непонятное условие"),
        ({"is": "young"}, "«young» не определено"), ({"is": "quick"}, "спрашивает о «reason»"), ({"any": {}}, "ожидается список"),
        ({"any": []}, "ожидается список"), ("5", "ожидается условие"), ({"not": [1]}, "ожидается условие"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused_with_its_place(reader: Reader, data: Any, said: str) -> None:
    with pytest.raises(InvalidValue) as refusal:
        reader.read(data, source=Source.LEARNERS, place="Редакция x, 2.1, строка 03")
    assert refusal.value.message.startswith("Редакция x, 2.1, строка 03")
    assert said in refusal.value.message
    assert "Исправьте файл" in refusal.value.message


def test_a_rule_is_told_in_russian(reader: Reader) -> None:
    predicate = reader.read(
        {"is": "old", "sex": "2", "boarding": False, "any": [{"grade": {"from": 1, "to": 4}}, {"foreign_language": ["eng"]}]},
        source=Source.LEARNERS, place="",
    )  # fmt: skip
    titles = {"2": "Женский", "eng": "Английский"}
    assert told(predicate, lambda _list, code: titles[code]) == (
        "класс (курс): 11; пол: Женский; не: живёт в интернате; "
        "(класс (курс): от 1 до 4) или (изучает иностранный язык: Английский)"
    )
    assert told(ALWAYS, codelists.title) == ""


def test_what_is_not_collected_yet_is_said(reader: Reader) -> None:
    asked = reader.read({"grade": 1, "disability": "child"}, source=Source.LEARNERS, place="")
    assert awaited(asked, {"disability"}).startswith("сведения о здоровье")
    assert awaited(asked) == "", "where the stage is open it is counted"
    exams = reader.read({"exam_basic": "passed"}, source=Source.FINISHED, place="")
    assert awaited(exams, {"exam"}).startswith("сведения об экзаменах")
    assert awaited(exams) == ""
    assert awaited(reader.read({"trained": True}, source=Source.LEARNERS, place="")).startswith(
        "сведения о профессиональном"
    )
    assert awaited(reader.read({"grade": 1}, source=Source.LEARNERS, place="")) == ""


def test_every_code_list_of_the_vocabulary_is_there() -> None:
    from kontingent.codelists import files

    named = {fact.code_list for fact in FACTS.values() if fact.code_list}
    assert named <= set(files.packaged())
    assert all(
        fact.code_list or fact.codes for fact in FACTS.values() if fact.kind in {Kind.CODE, Kind.CODES}
    )
