"""Rules of the registry, pure: identifiers and statuses.

ОГРН, ОГРНИП and ИНН: control digits (python-stdnum). КПП: four digits, two digits or capital Latin letters,
three digits (приказ ФНС ММВ-7-6/435@). Status transitions: shared/domain/kontingent.md §6.1.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from stdnum.exceptions import ValidationError
from stdnum.ru import inn as stdnum_inn
from stdnum.ru import ogrn as stdnum_ogrn

from kontingent.kernel.errors import InvalidValue, RuleViolation

_SPACES = re.compile(r"[\s\u00a0]+")
_KPP = re.compile(r"^\d{4}[0-9A-Z]{2}\d{3}$")

WORKING, REPAIR, RECONSTRUCTION, SUSPENDED, EMPTY, AWAITED, LIQUIDATED, CLOSED, JOINED = map(
    str, range(1, 10)
)
FINAL = frozenset({LIQUIDATED, CLOSED, JOINED})
_LIVE = frozenset({WORKING, REPAIR, RECONSTRUCTION, SUSPENDED, EMPTY})
#: From each status of an organisation: where it may go. Final ones go nowhere.
STATUS_TRANSITIONS: dict[str, frozenset[str]] = {
    AWAITED: frozenset({WORKING, CLOSED}),
    **{status: (_LIVE | FINAL) - {status} for status in _LIVE},
    **dict.fromkeys(FINAL, frozenset()),
}


def _digits(text: str) -> str:
    return _SPACES.sub("", text)


def _checked(text: str, validate: Callable[[str], str], what: str, shape: str, code: str) -> str:
    digits = _digits(text)
    try:
        return validate(digits)
    except ValidationError:
        raise InvalidValue(
            f"organisations.{code}",
            f"{what} «{text.strip()}» неверен: нужны {shape}, контрольная цифра должна сойтись. Сверьте с выпиской из реестра.",
            value=text,
        ) from None


def normalise_ogrn(text: str) -> str:
    """Return ОГРН (13 digits) or ОГРНИП (15) with a right control digit, or raise ``InvalidValue``."""
    return _checked(text, stdnum_ogrn.validate, "ОГРН", "13 цифр (15 у предпринимателя)", "ogrn")


def normalise_inn(text: str) -> str:
    """Return ИНН (10 digits, 12 of a person) with right control digits, or raise ``InvalidValue``."""
    return _checked(text, stdnum_inn.validate, "ИНН", "10 цифр (12 у предпринимателя)", "inn")


def normalise_kpp(text: str) -> str:
    """Return КПП; an empty one is allowed (a sole proprietor has none)."""
    value = _digits(text).upper()
    if value and not _KPP.match(value):
        raise InvalidValue(
            "organisations.kpp",
            f"КПП «{text.strip()}» неверен: нужны 9 знаков вида 590201001. Сверьте с выпиской из реестра.",
            value=text,
        )
    return value


def normalise_okopf(text: str) -> str:
    """Return ОКОПФ as five digits: «7 54 03» → 75403."""
    value = _digits(text)
    if value and not re.fullmatch(r"\d{5}", value):
        raise InvalidValue(
            "organisations.okopf", f"ОКОПФ «{text.strip()}» неверен: нужны 5 цифр, например 7 54 03."
        )
    return value


def normalise_oktmo(text: str) -> str:
    """Return ОКТМО as 8 or 11 digits."""
    value = _digits(text)
    if value and not re.fullmatch(r"\d{8}(\d{3})?", value):
        raise InvalidValue("organisations.oktmo", f"ОКТМО «{text.strip()}» неверен: нужны 8 или 11 цифр.")
    return value


NORMALISERS: dict[str, Callable[[str], str]] = {
    "ogrn": normalise_ogrn,
    "inn": normalise_inn,
    "kpp": normalise_kpp,
    "okopf": normalise_okopf,
    "oktmo": normalise_oktmo,
}


def check_status_change(
    *, old: str, new: str, since: date, opened_on: date | None, has_successor: bool
) -> None:
    """Raise unless an organisation may go from one status to another on a day."""
    if new not in STATUS_TRANSITIONS[old]:
        raise RuleViolation(
            "organisations.status_transition",
            "Из нынешнего состояния организация в указанное перейти не может. Обновите карточку и проверьте выбор.",
            old=old,
            new=new,
        )
    if opened_on is not None and since < opened_on:
        raise RuleViolation(
            "organisations.status_before_opening",
            f"Дата {since:%d.%m.%Y} раньше открытия организации ({opened_on:%d.%m.%Y}). Исправьте дату.",
        )
    if new == JOINED and not has_successor:
        raise RuleViolation(
            "organisations.successor_missing", "Укажите правопреемника: к какой организации она присоединена."
        )
