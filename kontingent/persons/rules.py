"""Rules of persons, pure: identity documents, phones, plausibility of dates.

Formats of documents: shared/domain/kontingent.md §3.2 (docs.cntd.ru/document/917036428 for birth certificates; the
rest partly reconstructed). People type Roman numerals with Cyrillic letters, small letters and even digits; what is
certain to be meant is repaired with a warning, what is not is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import NamedTuple

from kontingent.kernel import names
from kontingent.kernel.errors import InvalidValue

BIRTH_CERTIFICATE, PASSPORT, TRAVEL_PASSPORT, MILITARY_CARD = "11", "12", "13", "15"
FOREIGN_PASSPORT, RESIDENCE_PERMIT, FOREIGN_BIRTH_CERTIFICATE, OTHER_DOCUMENT = "21", "27", "31", "4"
#: Kinds that may lack a series (EDC SERIESLESS_DOCS).
WITHOUT_SERIES = frozenset({"4", "16", "17", "21", "23", "24", "25", "26", "29", "31"})
PASSPORT_AGE = 14
OLDEST_LEARNER = 90
LONGEST_FREE_PART = 30

_ROMAN_LOOKALIKES = str.maketrans("ХСІУЛМ1L|хсіулмivxlc", "XCIVLMILIXCIVLMIVXLC")
_CYRILLIC_LOOKALIKES = str.maketrans("ABCEHKMOPTXY", "АВСЕНКМОРТХУ")
_ROMAN = re.compile(r"^[IVXLC]{1,5}$")
_SERIES_11 = re.compile(r"^([IVXLCХСІУЛ1l|ivxlcхсіул\d]{1,5})\s*[-–—‑ ]?\s*([A-Za-zА-Яа-яЁё]{2})$")
_SPACES = re.compile(r"[\s\u00a0]+")
_DATE = r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}"
_NUMBER_SIGN = r"(?:№|N[oо°]?|#)?"
_IN_CELL_11 = re.compile(
    rf"(?P<series>[IVXLCХСІ1l|ivxlc]{{1,5}}\s*[-–—‑]\s*[А-ЯЁа-яёA-Z]{{2}})\s*{_NUMBER_SIGN}\s*(?P<number>\d{{6}})(?!\d)"
)
_IN_CELL_12 = re.compile(
    rf"(?<!\d)(?P<series>\d{{2}}\s?\d{{2}})\s*{_NUMBER_SIGN}\s*(?P<number>\d{{6}})(?!\d)"
)
_ISSUED = re.compile(rf"(?:от|выдан\w*|дата выдачи:?)?\s*(?P<date>{_DATE})")
_WORDS = {
    BIRTH_CERTIFICATE: re.compile(r"св-?во|свид|о рожд", re.IGNORECASE),
    PASSPORT: re.compile(r"паспорт", re.IGNORECASE),
}
_FILLER = re.compile(
    r"св-?во\.?|свидетельство|свид\.?|паспорт|о рождении|серия|номер|сер\.|ном\.|выдан[оа]?|дата выдачи|\bРФ\b|№",
    re.IGNORECASE,
)


class Document(NamedTuple):
    """A document as it is kept, with what had to be repaired."""

    kind_code: str
    series: str
    number: str
    issued_on: str = ""
    issuer: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The folded key by which documents are compared."""
        return document_key(self.kind_code, self.series, self.number)


def document_key(kind_code: str, series: str, number: str) -> str:
    """Return kind, series and number without signs and in one case."""
    return f"{kind_code}:{_bare(series)}:{_bare(number)}"


def _bare(text: str) -> str:
    return re.sub(r"[^0-9A-ZА-ЯЁ]", "", text.upper()).replace("Ё", "Е")


def _refuse(code: str, message: str, value: str) -> InvalidValue:
    return InvalidValue(f"document.{code}", message, value=value)


# -- series and number ---------------------------------------------------------------------------


def normalise_document(kind_code: str, series: str, number: str) -> Document:
    """Check and tidy a document's series and number; raise ``InvalidValue`` for what cannot be right."""
    series, number = _SPACES.sub(" ", series).strip(), _SPACES.sub("", number).strip("№")
    if kind_code == BIRTH_CERTIFICATE:
        return _birth_certificate(series, number)
    if kind_code in _DIGITS:
        return _of_digits(kind_code, series, number)
    if kind_code == MILITARY_CARD:
        letters = _SPACES.sub("", series).upper().translate(_CYRILLIC_LOOKALIKES)
        if not re.fullmatch(r"[А-ЯЁ]{2}", letters) or not re.fullmatch(r"\d{6,7}", number):
            raise _refuse("military", f"Военный билет «{series} {number}»: нужны 2 буквы и 6–7 цифр.", series)
        return Document(kind_code, letters, number)
    if not number:
        raise _refuse("number_missing", "Не указан номер документа. Заполните его.", number)
    if not series and kind_code not in WITHOUT_SERIES:
        raise _refuse(
            "series_missing", "Не указана серия документа. Заполните её или выберите другой вид.", series
        )
    if len(series) > LONGEST_FREE_PART or len(number) > LONGEST_FREE_PART:
        raise _refuse("too_long", f"Серия и номер документа – не длиннее {LONGEST_FREE_PART} знаков.", number)
    return Document(kind_code, series.upper(), number.upper())


#: Kinds whose series and number are digits only: lengths of both and how people call them.
_DIGITS = {
    PASSPORT: (4, 6, "Паспорт", "серия – 4 цифры, номер – 6"),
    TRAVEL_PASSPORT: (2, 7, "Загранпаспорт", "серия – 2 цифры, номер – 7"),
    RESIDENCE_PERMIT: (2, 7, "Вид на жительство", "серия – 2 цифры, номер – 7"),
}


def _of_digits(kind_code: str, series: str, number: str) -> Document:
    length, number_length, name, shape = _DIGITS[kind_code]
    series = _SPACES.sub("", series)
    if not re.fullmatch(rf"\d{{{length}}}", series) or not re.fullmatch(rf"\d{{{number_length}}}", number):
        raise _refuse(
            "digits", f"{name} «{series} {number}»: {shape}. Сверьте с документом.", f"{series} {number}"
        )
    return Document(kind_code, series, number)


def _birth_certificate(series: str, number: str) -> Document:
    match = _SERIES_11.match(series)
    if match is None:
        raise _refuse(
            "birth_series",
            f"Серия свидетельства о рождении «{series}»: нужны римская цифра, дефис и две буквы, например II-ВГ.",
            series,
        )
    if not re.fullmatch(r"\d{6}", number):
        raise _refuse("birth_number", f"Номер свидетельства о рождении «{number}»: нужны 6 цифр.", number)
    roman, warnings = _roman(match.group(1))
    letters = match.group(2).upper().translate(_CYRILLIC_LOOKALIKES)
    if not re.fullmatch(r"[А-ЯЁ]{2}", letters):
        raise _refuse("birth_letters", f"В серии «{series}» после дефиса нужны две русские буквы.", series)
    return Document(BIRTH_CERTIFICATE, f"{roman}-{letters}", number, warnings=warnings)


def _roman(text: str) -> tuple[str, tuple[str, ...]]:
    """Return a Roman numeral, and a warning if it was typed with digits: «11» stands for II, «4» for IV."""
    if text.isdigit():
        ones = set(text) == {"1"} and len(text) <= 3
        roman = "I" * len(text) if ones else _to_roman(int(text))
        return roman, (f"В серии вместо римской цифры набрано «{text}»: прочитано как {roman}.",)
    roman = text.translate(_ROMAN_LOOKALIKES)
    if not _ROMAN.match(roman):
        raise _refuse(
            "roman", f"«{text}» в серии свидетельства – не римская цифра. Сверьте с документом.", text
        )
    return roman, ()


def _to_roman(number: int) -> str:
    digits = ((90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))
    if not 0 < number < 100:
        raise _refuse(
            "roman",
            f"«{number}» в серии свидетельства – не римская цифра. Сверьте с документом.",
            str(number),
        )
    text = ""
    for value, letters in digits:
        while number >= value:
            text, number = text + letters, number - value
    return text


# -- a document in one cell ----------------------------------------------------------------------


def parse_document(text: str) -> Document:
    """Read «св-во II-ИГ № 417199 от 12.03.2015 ЗАГС …», «5714 123456» and the like; raise ``InvalidValue``.

    ``issued_on`` of the result is the date as written: the caller reads dates by its own rules.
    """
    flat = _SPACES.sub(" ", text).strip()
    for kind, pattern in ((BIRTH_CERTIFICATE, _IN_CELL_11), (PASSPORT, _IN_CELL_12)):
        if match := pattern.search(flat):
            document = normalise_document(kind, match["series"], match["number"])
            rest = flat[: match.start()] + " " + flat[match.end() :]
            issued = _ISSUED.search(rest)
            if issued:
                rest = rest[: issued.start()] + " " + rest[issued.end() :]
            issuer = _SPACES.sub(" ", _FILLER.sub(" ", rest)).strip(" ,.;:-")
            return document._replace(issued_on=issued["date"] if issued else "", issuer=issuer[:300])
    meant = next((kind for kind, words in _WORDS.items() if words.search(flat)), None)
    shape = "серия II-ВГ и 6 цифр" if meant != PASSPORT else "4 цифры серии и 6 цифр номера"
    raise _refuse("unreadable", f"Не удалось прочесть документ «{flat[:60]}»: ожидается {shape}.", text)


# -- phones, dates -------------------------------------------------------------------------------


def normalise_phone(text: str) -> str:
    """Return +7XXXXXXXXXX for a Russian number, +… for a foreign one; raise ``InvalidValue`` otherwise."""
    digits = re.sub(r"\D", "", text)
    if len(digits) == 11 and digits[0] in "78" and not text.strip().startswith("+8"):
        return f"+7{digits[1:]}"
    if len(digits) == 10 and digits[0] in "3489":
        return f"+7{digits}"
    if text.strip().startswith("+") and 8 <= len(digits) <= 15:
        return f"+{digits}"
    raise InvalidValue(
        "phone.format",
        f"Телефон «{text.strip()}» не похож на номер: нужны 11 цифр, например +7 912 345-67-89.",
        value=text,
    )


def normalise_email(text: str) -> str:
    """Return an address of e-mail without spaces around; raise ``InvalidValue`` where it cannot be one."""
    found = text.strip()
    if not re.fullmatch(r"[^@\s]{1,64}@[^@\s]+\.[^@\s.]{2,}", found):
        raise InvalidValue(
            "email.format",
            f"Почта «{found}» не похожа на адрес. Напишите её как name@example.ru.",
            value=text,
        )
    return found


#: Code list ``contact_kind``.
PHONE, EMAIL = "1", "3"


def normalise_contact(kind_code: str, text: str) -> str:
    """Return a phone or an e-mail as it is kept; raise ``InvalidValue`` where it cannot be one."""
    if kind_code == PHONE:
        return normalise_phone(text)
    return normalise_email(text) if kind_code == EMAIL else text.strip()


def check_birth_date(born: date, *, today: date) -> None:
    """Raise unless a person can have been born on that day."""
    if born > today:
        raise InvalidValue(
            "birth_date.future",
            f"Дата рождения {born:%d.%m.%Y} ещё не наступила. Исправьте год.",
            value=born.isoformat(),
        )
    if today.year - born.year > 120:
        raise InvalidValue(
            "birth_date.ancient",
            f"Дата рождения {born:%d.%m.%Y} – больше 120 лет назад. Исправьте год.",
            value=born.isoformat(),
        )


def age(born: date, day: date) -> int:
    """Return full years on a day."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def sex_by_patronymic(patronymic: str) -> str | None:
    """Return 1 or 2 where a patronymic tells the sex, else None. It may warn of a slip, never decide."""
    folded = names.fold(patronymic)
    if folded.endswith(("вич", "ьич", "мич", "оглы")):
        return "1"
    return "2" if folded.endswith(("вна", "чна", "кызы")) else None


# -- citizenship -------------------------------------------------------------------------------

RUSSIAN = "0"
FOREIGN = "1"
STATELESS = "2"
RUSSIA = "643"


def check_citizenship(code: str, country: str, *, has: Callable[[str, str], bool]) -> None:
    """Raise ``InvalidValue`` unless citizenship and country are of their lists and go together."""
    if not has("citizenship", code):
        raise InvalidValue("persons.citizenship", "Такого гражданства нет в справочнике. Выберите из списка.")
    if country and not has("country", country):
        raise InvalidValue("persons.country", "Такой страны нет в справочнике. Выберите из списка.")
    if code == FOREIGN and country == RUSSIA:
        raise InvalidValue(
            "persons.citizenship_country",
            "Иностранный гражданин не может быть гражданином России. Выберите страну.",
        )
