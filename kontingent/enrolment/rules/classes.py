"""What the forms ask of a class or group beside its number and programme (сведения о классе), and what fits together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from kontingent.enrolment.codes import MAIN_GENERAL_PROGRAMMES, PRESCHOOL, SECONDARY
from kontingent.enrolment.rules.findings import Finding, refusal

CORRECTIONAL = "correctional"
ADVANCED = frozenset({"advanced", "gymnasium", "lyceum"})
NOT_ADAPTED = "1"


class ClassFacts(NamedTuple):
    """The attributes of a class in one period."""

    kind_code: str = "ordinary"
    shift_code: str = "1"
    language_code: str = "rus"
    regime_code: str = ""
    orientation_code: str = ""
    age_band_code: str = ""
    profile_code: str = ""
    advanced_profile_code: str = ""
    year_of_grade_code: str = ""
    combined_key: str = ""
    funding_code: str = ""
    capacity: int | None = None


ORDINARY = ClassFacts()
#: No class is blank: a gap in its timeline never equals anything stored.
NOTHING = ClassFacts(kind_code="")

#: Code list of each attribute that has one.
LISTS = {
    "kind_code": "group_kind",
    "shift_code": "group_shift",
    "language_code": "language_of_instruction",
    "regime_code": "kindergarten_regime",
    "orientation_code": "group_orientation",
    "age_band_code": "age_band",
    "profile_code": "study_profile",
    "advanced_profile_code": "advanced_profile",
    "year_of_grade_code": "year_of_grade",
    "funding_code": "funding",
}


def examine(facts: ClassFacts, *, programme_kind_code: str, adaptation_code: str) -> list[Finding]:
    """Return what does not go together, given the programme of the class."""
    return [
        *_kind(facts, programme_kind_code, adaptation_code),
        *_profile(facts, programme_kind_code),
        *_preschool(facts, programme_kind_code),
    ]


def _kind(facts: ClassFacts, programme: str, adaptation: str) -> Iterator[Finding]:
    adapted = adaptation != NOT_ADAPTED
    general = programme in MAIN_GENERAL_PROGRAMMES - {PRESCHOOL}
    if general and facts.kind_code == CORRECTIONAL and not adapted:
        yield refusal(
            "class_not_adapted",
            "Класс для детей с ОВЗ учится по адаптированной программе, а выбрана обычная. Выберите другую программу.",
        )
    if general and adapted and facts.kind_code != CORRECTIONAL:
        yield refusal(
            "class_adapted",
            "Программа класса адаптированная: вид такого класса – «для детей с ОВЗ». Исправьте вид или программу.",
        )
    if facts.year_of_grade_code and not adapted:
        yield refusal(
            "class_year_of_grade",
            "Первый и второй год обучения в одном классе бывают только по адаптированным программам. Уберите год.",
        )


def _profile(facts: ClassFacts, programme: str) -> Iterator[Finding]:
    if facts.profile_code and programme != SECONDARY:
        yield refusal(
            "class_profile", "Профиль бывает у 10–11 (12) классов. Уберите его или исправьте программу."
        )
    if facts.advanced_profile_code and facts.kind_code not in ADVANCED | {"profile"}:
        yield refusal(
            "class_advanced",
            "Направление углублённого изучения указывается у углублённых, профильных, гимназических и лицейских классов. "
            "Исправьте вид класса.",
        )


def _preschool(facts: ClassFacts, programme: str) -> Iterator[Finding]:
    if programme != PRESCHOOL and (facts.regime_code or facts.orientation_code or facts.age_band_code):
        yield refusal(
            "class_not_preschool",
            "Режим, направленность и возраст указываются у групп детского сада. Уберите их.",
        )


def next_year(facts: ClassFacts, programme: tuple[str, str]) -> ClassFacts:
    """Return what a class takes over from the class of the year before, under its (kind, adaptation) of programme.

    Joint teaching and the year within a grade are decided anew every year; what no longer fits the programme goes.
    """
    kind, adaptation = programme
    after = facts._replace(combined_key="", year_of_grade_code="")
    adapted = adaptation != NOT_ADAPTED
    if kind in MAIN_GENERAL_PROGRAMMES - {PRESCHOOL} and adapted != (after.kind_code == CORRECTIONAL):
        after = after._replace(kind_code=CORRECTIONAL if adapted else "ordinary")
    if kind != SECONDARY:
        after = after._replace(profile_code="")
        if after.kind_code == "profile":
            after = after._replace(kind_code="ordinary")
    if after.kind_code not in ADVANCED | {"profile"}:
        after = after._replace(advanced_profile_code="")
    if kind != PRESCHOOL:
        after = after._replace(regime_code="", orientation_code="", age_band_code="")
    return after
