"""What is known of how a learner studies beside class and programme (условия обучения).

``FACTS`` declares each fact once: the class grid, the learner's page, the import and the checks are made of it. Which
form needs what: ОО-1 2.1 (boarding), 2.3 (place, plan, network, distance), 2.9 (after-school group), 2.10, 2.15 (languages),
2.12 (profile); ОО-2 1.3 (transport), 1.4 (meals); СПО-1 2.10 (concurrent secondary).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, NamedTuple

from kontingent.enrolment.rules.findings import Finding, refusal
from kontingent.kernel.errors import InvalidValue

LANGUAGES_AT_MOST = 4
FARTHEST_KM = Decimal(200)
_YES = frozenset({"да", "+", "1", "true", "on", "есть", "д"})
_NO = frozenset({"нет", "-", "–", "0", "false", "off", "н", ""})


class FactKind(StrEnum):
    """How a fact is written."""

    CODE = "code"
    CODES = "codes"
    FLAG = "flag"
    TEXT = "text"
    KILOMETRES = "km"


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact: the field it is kept in, what people call it, how it is written."""

    name: str
    title: str
    kind: FactKind
    code_list: str = ""
    #: The codes of the list that fit, all when empty. The first is what a bare "да" means.
    codes: tuple[str, ...] = ()
    section: str = ""
    hint: str = ""


class StudyFacts(NamedTuple):
    """The facts of one learner in one period; the defaults say nothing."""

    foreign_languages: tuple[str, ...] = ()
    foreign_language_gap_code: str = ""
    native_language_code: str = ""
    native_language_mode_code: str = ""
    profile_code: str = ""
    extended_day: str = ""
    meals_code: str = ""
    meals_benefit: bool = False
    transport_code: str = ""
    distance_km: Decimal | None = None
    boarding: bool = False
    education_place_code: str = ""
    individual_plan_code: str = ""
    network_code: str = ""
    e_learning_code: str = ""
    distance_code: str = ""
    concurrent_secondary: bool = False


BLANK = StudyFacts()

LANGUAGES, DAY, STUDY = "languages", "day", "study"
SECTIONS = {LANGUAGES: "Языки и профиль", DAY: "День и дорога", STUDY: "Как учится"}
FACTS: tuple[Fact, ...] = (
    Fact("foreign_languages", "Иностранные языки", FactKind.CODES, "foreign_language", section=LANGUAGES, hint="через запятую, первый – основной"),
    Fact("foreign_language_gap_code", "Иностранный не преподаётся", FactKind.CODE, "foreign_language_gap", section=LANGUAGES, hint="только если по программе должен"),
    Fact("native_language_code", "Родной (нерусский) язык", FactKind.CODE, "language_of_instruction", section=LANGUAGES),
    Fact("native_language_mode_code", "Как изучается родной", FactKind.CODE, "native_language_mode", section=LANGUAGES),
    Fact("profile_code", "Свой профиль (10–11 классы)", FactKind.CODE, "study_profile", section=LANGUAGES, hint="если не как у класса"),
    Fact("extended_day", "Группа продлённого дня", FactKind.TEXT, section=DAY, hint="название группы"),
    Fact("meals_code", "Горячее питание", FactKind.CODE, "meals", section=DAY),
    Fact("meals_benefit", "Льгота на питание", FactKind.FLAG, section=DAY),
    Fact("transport_code", "Подвоз", FactKind.CODE, "transport", ("served", "needed"), section=DAY),
    Fact("distance_km", "До школы, км", FactKind.KILOMETRES, section=DAY),
    Fact("boarding", "Живёт в интернате", FactKind.FLAG, section=DAY),
    Fact("education_place_code", "Место обучения", FactKind.CODE, "education_place", section=STUDY, hint="если не в школе"),
    Fact("individual_plan_code", "Индивидуальный план", FactKind.CODE, "individual_plan", ("plan", "accelerated"), section=STUDY),
    Fact("network_code", "Сетевая форма", FactKind.CODE, "implementation_form", ("1", "7"), section=STUDY),
    Fact("e_learning_code", "Электронное обучение", FactKind.CODE, "implementation_form", ("2", "5"), section=STUDY),
    Fact("distance_code", "Дистанционные технологии", FactKind.CODE, "implementation_form", ("3", "6"), section=STUDY),
    Fact("concurrent_secondary", "Одновременно получает СОО (СПО)", FactKind.FLAG, section=STUDY),
)  # fmt: skip
BY_NAME = {fact.name: fact for fact in FACTS}

#: Finds a code of a list by code, title or alias: ``codelists.queries.find``.
Find = Callable[[str, str], str | None]


def read(name: str, text: str, *, find: Find) -> Any:
    """Return the value of a fact from what was typed; raise ``InvalidValue`` that names fact, value and remedy."""
    fact, text = BY_NAME[name], text.strip()
    if fact.kind is FactKind.FLAG:
        return _flag(fact, text)
    if fact.kind is FactKind.KILOMETRES:
        return _kilometres(fact, text) if text else None
    if fact.kind is FactKind.TEXT:
        return text[:30]
    if fact.kind is FactKind.CODES:
        parts = text.replace(";", ",").split(",")
        return tuple(_code(fact, part.strip(), find) for part in parts if part.strip())
    return _code(fact, text, find)


def _code(fact: Fact, text: str, find: Find) -> str:
    folded = text.casefold()
    if fact.codes and folded in _YES and text not in fact.codes:
        return fact.codes[0]
    if not text or (folded in _NO and text != "0"):
        return ""
    code = find(fact.code_list, text)
    if code is None or (fact.codes and code not in fact.codes):
        raise InvalidValue(
            "conditions.unknown",
            f"{fact.title}: «{text}» нет в списке. Выберите значение из списка.",
            field=fact.name,
        )
    return code


def _flag(fact: Fact, text: str) -> bool:
    folded = text.casefold()
    if folded in _YES:
        return True
    if folded in _NO:
        return False
    raise InvalidValue(
        "conditions.flag",
        f"{fact.title}: «{text}» – не «да» и не «нет». Напишите одно из них.",
        field=fact.name,
    )


def _kilometres(fact: Fact, text: str) -> Decimal:
    try:
        value = Decimal(text.replace(",", ".").removesuffix("км").strip()).quantize(Decimal("0.1"))
    except InvalidOperation:
        raise InvalidValue(
            "conditions.distance",
            f"{fact.title}: «{text}» – не число. Напишите километры, например 3,5.",
            field=fact.name,
        ) from None
    if not 0 < value <= FARTHEST_KM:
        raise InvalidValue(
            "conditions.distance",
            f"{fact.title}: {text} км быть не может. Напишите расстояние от 0,1 до {FARTHEST_KM} км.",
            field=fact.name,
        )
    return value


def write(value: Any) -> str:
    """Return a value as text that ``read`` understands."""
    match value:
        case None | False:
            return ""
        case True:
            return "да"
        case tuple() | list():
            return ", ".join(value)
        case _:
            return str(value)


def show(name: str, value: Any, *, title: Callable[[str, str], str]) -> str:
    """Return a value for people: titles instead of codes."""
    fact = BY_NAME[name]
    match fact.kind:
        case FactKind.CODE:
            return title(fact.code_list, value)
        case FactKind.CODES:
            return ", ".join(title(fact.code_list, code) for code in value)
        case FactKind.KILOMETRES:
            return "" if value is None else str(value).replace(".", ",").removesuffix(",0")
        case _:
            return write(value)


def examine(facts: StudyFacts) -> list[Finding]:
    """Return what does not go together."""
    return list(_languages(facts)) + list(_other(facts))


def _languages(facts: StudyFacts) -> Iterator[Finding]:
    languages = facts.foreign_languages
    if len(set(languages)) != len(languages):
        yield refusal("language_twice", "Иностранный язык назван дважды. Оставьте каждый один раз.")
    if len(languages) > LANGUAGES_AT_MOST:
        yield refusal("languages_many", f"Иностранных языков больше {LANGUAGES_AT_MOST}. Уберите лишние.")
    if languages and facts.foreign_language_gap_code:
        yield refusal(
            "language_and_gap",
            "Указан и изучаемый иностранный язык, и причина, по которой его нет. Оставьте одно.",
        )
    if facts.native_language_mode_code and not facts.native_language_code:
        yield refusal(
            "mode_without_language", "Указано, как изучается родной язык, но не указан сам язык. Впишите его."
        )
    if facts.native_language_code and not facts.native_language_mode_code:
        yield refusal(
            "language_without_mode",
            "Указан родной язык, но не указано, как он изучается: как предмет или факультативно. Выберите.",
        )
    if facts.native_language_code == "rus":
        yield refusal("native_russian", "Родной язык здесь – нерусский. Уберите русский: он язык обучения.")


def _other(facts: StudyFacts) -> Iterator[Finding]:
    if facts.meals_benefit and not facts.meals_code:
        yield refusal(
            "benefit_without_meals",
            "Льгота на питание есть, а питания нет. Укажите питание или снимите льготу.",
        )
