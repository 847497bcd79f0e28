"""Which grade belongs to which programme (273-ФЗ art. 66; ФГОС: 1–4, 5–9, 10–11(12))."""

from __future__ import annotations

from typing import NamedTuple

from kontingent.kernel.errors import InvalidValue, RuleViolation

_TITLES = {
    "12": "Начальное общее образование",
    "13": "Основное общее образование",
    "14": "Среднее общее образование",
    "11": "Дошкольное образование",
}


def kind_for_grade(grade: int) -> str:
    """Return the kind of programme (education_programme) that a grade belongs to."""
    if not 1 <= grade <= 12:
        raise RuleViolation(
            "programmes.no_such_grade", f"Класса {grade} не бывает: номер от 1 до 12. Исправьте номер."
        )
    return "12" if grade <= 4 else "13" if grade <= 9 else "14"


def usual_title(kind_code: str) -> str:
    """Return the usual title of a main programme."""
    return _TITLES[kind_code]


NOT_ADAPTED = "1"
#: Adaptations for intellectual disability: their programmes last 9 to 13 years in one (ОО-1 2.1.3).
INTELLECTUAL = frozenset({"209", "210", "214"})
#: One programme from the first grade to the last.
WHOLE_SCHOOL = "15"
PRESCHOOL, GENERAL = "11", frozenset({"12", "13", "14", "15"})
VOCATIONAL = frozenset({"21", "211", "212", "23"})
ADDITIONAL = frozenset({"41", "411", "412", "413"})
#: Norm terms that a programme of a kind may have, in years; the first is the usual one (ФГОС; ОО-1 2.1.2).
TERMS: dict[str, tuple[int, ...]] = {"12": (4, 5, 6), "13": (5, 6), "14": (2, 3), "15": (9, 10, 11, 12, 13)}
USUAL_MONTHS = {kind: 12 * years[0] for kind, years in TERMS.items()}


class ProgrammeFacts(NamedTuple):
    """What a programme says of itself."""

    kind_code: str
    title: str
    adaptation_code: str = NOT_ADAPTED
    variant_code: str = ""
    base_code: str = ""
    direction_code: str = ""
    speciality_code: str = ""
    language_code: str = "rus"
    duration_months: int | None = None
    hours: int | None = None


def check(facts: ProgrammeFacts) -> None:
    """Raise ``InvalidValue`` at the first thing that does not go together; codes are known to be of their lists."""
    kind, adapted = facts.kind_code, facts.adaptation_code != NOT_ADAPTED
    if not facts.title.strip():
        raise _refused("title", "У программы нет названия. Впишите его.")
    if kind not in {PRESCHOOL} | GENERAL | VOCATIONAL | ADDITIONAL:
        raise _refused("kind", "Программы этого вида здесь не ведутся. Выберите вид из списка.")
    if kind == "15" and facts.adaptation_code not in INTELLECTUAL:
        raise _refused(
            "intellectual",
            "Вид «адаптированная основная общеобразовательная» – для обучающихся с умственной отсталостью. "
            "Для остальных выберите НОО, ООО или СОО и укажите адаптацию.",
        )
    if facts.variant_code and not adapted:
        raise _refused(
            "variant",
            "Вариант бывает только у адаптированной программы. Уберите вариант или укажите адаптацию.",
        )
    if (
        facts.duration_months is not None
        and kind in TERMS
        and facts.duration_months not in {12 * y for y in TERMS[kind]}
    ):
        terms = ", ".join(str(years) for years in TERMS[kind])
        raise _refused("term", f"Такой программы по сроку не бывает: возможны {terms} лет. Исправьте срок.")
    if facts.base_code and kind not in VOCATIONAL:
        raise _refused("base", "База приёма указывается у программ СПО. Уберите её.")
    if facts.direction_code and kind not in ADDITIONAL:
        raise _refused("direction", "Направленность указывается у дополнительных программ. Уберите её.")
    if kind in ADDITIONAL and not facts.direction_code:
        raise _refused("direction", "У дополнительной программы нужна направленность. Выберите её.")


def _refused(what: str, message: str) -> InvalidValue:
    return InvalidValue(f"programmes.{what}", message, field=what)
