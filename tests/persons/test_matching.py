"""Match before create: certain, possible, none – and why."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kontingent.kernel.names import FullName
from kontingent.persons.matching import CERTAIN_FROM, WEIGHTS, Fingerprint, Level, judge, settle

BORN = date(2015, 3, 4)
KNOWN: dict[str, Any] = {
    "family": "Семёнов", "given": "Иван", "patronymic": "Петрович", "birth_date": BORN, "sex": "1", "snils": "60946573016",
    "documents": frozenset({"11:IIВГ:464423"}),
}  # fmt: skip


def like(**changes: Any) -> Fingerprint:
    facts = KNOWN | changes
    return Fingerprint.of(facts.pop("family"), facts.pop("given"), facts.pop("patronymic"), **facts)


def bare(**changes: Any) -> Fingerprint:
    """The same without numbers."""
    return like(**({"snils": None, "documents": frozenset()} | changes))


@pytest.mark.parametrize(
    ("other", "level"),
    [
        (like(), Level.CERTAIN),
        (bare(), Level.CERTAIN),
        (bare(family="Семенов"), Level.CERTAIN),
        (like(given="Ивна"), Level.CERTAIN),
        (like(family="Попов"), Level.CERTAIN),
        (bare(birth_date=date(2015, 4, 3)), Level.POSSIBLE),
        (bare(birth_date=date(2014, 3, 4)), Level.POSSIBLE),
        (bare(family="Попов"), Level.POSSIBLE),
        (bare(patronymic=""), Level.POSSIBLE),
        (bare(snils="11223344595"), Level.POSSIBLE),
        (
            like(
                family="Орлов",
                given="Олег",
                patronymic="Львович",
                birth_date=date(2010, 1, 1),
                documents=frozenset(),
            ),
            Level.POSSIBLE,
        ),
        (bare(given="Пётр"), Level.NONE),
        (bare(birth_date=None), Level.NONE),
        (bare(family="Иван", given="Семёнов"), Level.POSSIBLE),
        (bare(family="Semenov", given="Ivan", patronymic="Petrovich"), Level.POSSIBLE),
        (bare(family="Семёнов-Лунегов"), Level.POSSIBLE),
        (bare(patronymic="Петр оглы"), Level.POSSIBLE),
        (like(snils=None, documents=frozenset({"11:IIВГ:999999"})), Level.POSSIBLE),
        (bare(family="Орлов", former=frozenset({FullName("Семёнов", "Иван", "Петрович")})), Level.POSSIBLE),
        (like(family="Орлов", former=frozenset({FullName("Семёнов", "Иван", "Петрович")})), Level.CERTAIN),
        (bare(family="Орлов", given="Олег", patronymic="Львович"), Level.NONE),
    ],
)
def test_verdicts(other: Fingerprint, level: Level) -> None:
    assert judge(like(), other).level is level


def test_a_foreign_name_without_patronymic_is_found_in_either_alphabet() -> None:
    here = Fingerprint.of("Рахимов", "Фаррух", birth_date=BORN, sex="1")
    assert (
        judge(here, Fingerprint.of("Rakhimov", "Farrukh", birth_date=BORN, sex="1")).level is Level.POSSIBLE
    )
    there = Fingerprint.of("Rahimov", "Farruh", birth_date=BORN, sex="1", snils="1")
    assert (
        judge(there, Fingerprint.of("Рахимов", "Фаррух", birth_date=BORN, sex="1", snils="1")).level
        is Level.CERTAIN
    )


def test_twins_with_names_alike_are_for_a_human() -> None:
    alina = Fingerprint.of("Попова", "Алина", "Игоревна", birth_date=BORN, sex="2")
    arina = Fingerprint.of("Попова", "Арина", "Игоревна", birth_date=BORN, sex="2")
    assert judge(alina, arina).level is Level.POSSIBLE


def test_of_namesakes_born_on_one_day_a_number_decides_or_a_human() -> None:
    namesakes = [judge(bare(), bare()), judge(bare(), bare())]
    settled = settle(namesakes)
    assert [one.level for one in settled] == [Level.POSSIBLE] * 2
    assert settled[0].reasons[-1].text.startswith("одинаково подходят несколько")
    numbered = judge(like(), like())
    assert [one.level for one in settle([numbered, *namesakes])] == [
        Level.CERTAIN,
        Level.POSSIBLE,
        Level.POSSIBLE,
    ]
    assert [one.level for one in settle([numbered, numbered])] == [Level.POSSIBLE] * 2


def test_twins_are_two_people() -> None:
    twin = bare(given="Пётр", documents=frozenset({"11:IIВГ:464424"}))
    assert judge(like(), twin).level is Level.NONE


def test_another_number_is_never_certain() -> None:
    verdict = judge(like(), like(snils="11223344595"))
    assert verdict.level is Level.POSSIBLE
    assert any("СНИЛС разные" in reason.text for reason in verdict.reasons)


def test_every_weight_is_told_in_words() -> None:
    verdict = judge(like(), bare(birth_date=date(2015, 4, 3)))
    assert sum(reason.weight for reason in verdict.reasons) == verdict.score < CERTAIN_FROM
    assert all(reason.text and reason.field in WEIGHTS for reason in verdict.reasons)


NAMES = st.sampled_from(["Иван", "Анна", "Семён", "Ли", "Мария-Луиза", ""])
PRINTS = st.builds(
    Fingerprint.of, st.sampled_from(["Иванов", "Семёнов", "Петрова-Иванова", "Ли"]), NAMES, NAMES,
    birth_date=st.one_of(st.none(), st.dates(date(2010, 1, 1), date(2012, 12, 31))), sex=st.sampled_from(["", "1", "2"]),
    snils=st.sampled_from([None, "1", "2"]), former=st.sampled_from([frozenset(), frozenset({FullName("Орлов", "Иван", "")})]), documents=st.sampled_from([frozenset(), frozenset({"a"}), frozenset({"a", "b"})]),
)  # fmt: skip


@given(PRINTS, PRINTS)
def test_it_does_not_matter_who_is_asked_first(one: Fingerprint, other: Fingerprint) -> None:
    assert judge(one, other).level is judge(other, one).level
    assert judge(one, other).score == judge(other, one).score


@given(PRINTS, PRINTS)
def test_a_contradiction_is_never_certain(one: Fingerprint, other: Fingerprint) -> None:
    verdict = judge(one, other)
    if {"snils_differs", "given_differs", "birth_differs", "sex_differs"} & {
        reason.field for reason in verdict.reasons
    }:
        assert verdict.level is not Level.CERTAIN
