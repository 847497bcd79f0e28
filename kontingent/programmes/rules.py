"""Which grade belongs to which programme (273-ФЗ art. 66; ФГОС: 1–4, 5–9, 10–11(12))."""

from kontingent.kernel.errors import RuleViolation

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
