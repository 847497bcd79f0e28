"""One cell as people write it → a value. Pure and fast: called a million times per import."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from kontingent.kernel.errors import InvalidValue

_SPACES = re.compile(r"[\s\u00a0\u200b]+")
_MONTHS = {
    "янв": 1, "фев": 2, "мар": 3, "апр": 4, "мая": 5, "май": 5, "июн": 6, "июл": 7, "авг": 8, "сен": 9, "окт": 10,
    "ноя": 11, "дек": 12,
}  # fmt: skip
_DAY_FIRST = re.compile(r"^(\d{1,2})[./\-\s,](\d{1,2})[./\-\s,](\d{4}|\d{2})$")
_ISO = re.compile(r"^(\d{4})[-./](\d{1,2})[-./](\d{1,2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?$")
_WORDED = re.compile(r"^(\d{1,2})\s+([а-я]+)\.?\s+(\d{4}|\d{2})$")
_EIGHT = re.compile(r"^(\d{2})(\d{2})(\d{4})$")
_YEAR_MARK = re.compile(r"\s*(?:г\.?\s*р?\.?|года?( рождения)?)$", re.IGNORECASE)
_EXCEL_EPOCH = date(1899, 12, 30)
EARLIEST_SERIAL, LATEST_SERIAL = 5000, 60000
_NOTHING = frozenset(
    {
        "",
        "-",
        "–",
        "—",
        "нет",
        "нету",
        "не указано",
        "н/д",
        "нд",
        "null",
        "none",
        "отсутствует",
        "нет данных",
        "б/н",
    }
)
LONGEST_NOTHING = max(map(len, _NOTHING))
_MALE = frozenset({"м", "муж", "мужской", "мужчина", "мальчик", "male", "m", "1"})
_FEMALE = frozenset({"ж", "жен", "женский", "женщина", "девочка", "female", "f", "2"})
_CLASS = re.compile(
    r"^(\d{1,2})\s*[-–—_ ]?\s*(?:класс|кл\.?)?\s*[«\"'„“(]*\s*([А-ЯЁа-яёA-Za-z]?)\s*[»\"'”“)]*\s*(?:класс|кл\.?)?$"
)
_ORDER = re.compile(
    r"^(?:приказ|пр\.?)?\s*(?:№|N|no)?\s*([0-9А-Яа-яA-Za-z/\-\\.]*\d[0-9А-Яа-яA-Za-z/\-\\]*)(?:\s*от\s*(.+))?$",
    re.IGNORECASE,
)
_LATIN_CLASS = str.maketrans("ABCEHKMOPTXYabceopxyk", "АВСЕНКМОРТХУавсеорхук")


def plain(value: Any) -> str:
    """Return a cell as text: whole floats without «.0», dates in ISO, spaces collapsed, «нет» and dashes as nothing."""
    if value is None:
        return ""
    if isinstance(value, str):
        text = value.strip()
        if "  " in text or not text.isprintable() or "\u00a0" in text:
            text = _SPACES.sub(" ", text)
        return "" if len(text) <= LONGEST_NOTHING and text.lower() in _NOTHING else text
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else str(value)
    if isinstance(value, datetime):
        return (
            value.date().isoformat()
            if (value.hour, value.minute) == (0, 0)
            else value.isoformat(" ", "minutes")
        )
    return str(value)


class Day(NamedTuple):
    """A date as read: ``assumed`` says that the century was guessed."""

    value: date
    assumed: bool = False


@lru_cache(maxsize=32768)
def read_day(text: str, today: date) -> Day:
    """Read a date in any usual writing or an Excel serial; raise ``InvalidValue`` with what to do.

    Of two-digit years the latest that is not in the future is meant, and that is told.
    """
    clean = _YEAR_MARK.sub("", text.strip().lower().strip("'\"")).strip(" .,")
    if match := _DAY_FIRST.match(clean):
        day, month, year = match.groups()
        return _day(text, int(day), int(month), year, today)
    if match := _ISO.match(clean):
        year, month, day = match.groups()
        return _day(text, int(day), int(month), year, today)
    if match := _WORDED.match(clean):
        day, word, year = match.groups()
        if number := _MONTHS.get(word[:3]):
            return _day(text, int(day), number, year, today)
    if clean.isdigit():
        if EARLIEST_SERIAL <= int(clean) <= LATEST_SERIAL:
            return Day(_EXCEL_EPOCH + timedelta(days=int(clean)))
        if match := _EIGHT.match(clean):
            day, month, year = match.groups()
            return _day(text, int(day), int(month), year, today)
    raise InvalidValue("date.format", f"«{text}» – не дата. Напишите её как 05.03.2015.", value=text)


def _day(text: str, day: int, month: int, year: str, today: date) -> Day:
    number = int(year)
    assumed = len(year) == 2
    if assumed:
        number += 2000 if 2000 + number <= today.year else 1900
    try:
        return Day(date(number, month, day), assumed)
    except ValueError:
        raise InvalidValue(
            "date.impossible", f"Даты {text} не бывает: проверьте день и месяц по документу.", value=text
        ) from None


def parse_day(text: str, *, today: date = date(2100, 1, 1)) -> date:
    """Return a date written in any usual way; for the command line and forms."""
    return read_day(text, today).value


@lru_cache(maxsize=1024)
def read_sex(text: str) -> str:
    """Return 1 or 2; raise ``InvalidValue``."""
    folded = text.lower().strip(" .")
    if folded in _MALE:
        return "1"
    if folded in _FEMALE:
        return "2"
    raise InvalidValue("sex.unknown", f"Пол «{text}» не понят. Напишите «м» или «ж».", value=text)


class ClassName(NamedTuple):
    """Grade and letter of a class."""

    grade: int
    letter: str

    @property
    def title(self) -> str:
        """5А."""
        return f"{self.grade}{self.letter}"


@lru_cache(maxsize=4096)
def read_class(text: str, letter: str = "") -> ClassName:
    """Read «5 "А"», «5а», «05-А», «11 «Б» класс», or a number with the letter apart; raise ``InvalidValue``."""
    match = _CLASS.match(text.strip())
    if match is None or not 1 <= int(match.group(1)) <= 12:
        raise InvalidValue(
            "class.format",
            f"Класс «{text}» не понят: нужны номер от 1 до 12 и литера, например 5А.",
            value=text,
        )
    found = (match.group(2) or letter.strip(" «»\"'")).translate(_LATIN_CLASS).upper()
    return ClassName(int(match.group(1)), found[:1])


class OrderRef(NamedTuple):
    """Number and date of an order as written in a cell."""

    number: str
    dated: date | None


@lru_cache(maxsize=32768)
def read_order(text: str, today: date) -> OrderRef:
    """Read «117-з», «№ 117-з от 01.09.2026», «пр. 118-з»; raise ``InvalidValue``."""
    match = _ORDER.match(text.strip())
    if match is None:
        raise InvalidValue(
            "order.format", f"Приказ «{text}» не понят. Напишите номер, например 117-з.", value=text
        )
    return OrderRef(match.group(1), read_day(match.group(2), today).value if match.group(2) else None)
