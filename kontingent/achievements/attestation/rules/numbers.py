"""Numbers of education documents: what a blank of each kind carries, by the year it was issued in (kontingent.md §8.3)."""

from __future__ import annotations

import re
from datetime import date
from typing import Final, NamedTuple

from kontingent.achievements.attestation.codes import OWN_PAPER, DocumentKind
from kontingent.kernel.errors import InvalidValue

#: Letters of old series are Russian; typed in Latin they look the same.
_LOOKALIKES: Final = str.maketrans("ABCEHKMOPTXY", "АВСЕНКМОРТХУ")
_SIGNS: Final = re.compile(r"[\s\-–—№.]")


class Format(NamedTuple):
    """What a number looks like from a year on. ``series`` says how many of its signs are the series, where it has one."""

    since: int
    shape: str
    series: int
    told: str


_GENERAL: Final = (
    Format(2014, r"\d{14}", 0, "14 цифр: три – код региона, две – изготовитель, девять – номер"),
    Format(2007, r"\d{2}[А-Я]{2}\d{7}", 4, "две цифры, две буквы и семь цифр, например 59АБ0012345"),
    Format(0, r"[А-Я]{1,2}\d{7}", -7, "одна или две буквы и семь цифр, например Б1234567"),
)
#: Paper that a school makes itself carries what the school gives it.
_OWN: Final = (Format(0, r"[А-Я0-9]{1,20}", 0, "до 20 букв и цифр"),)
#: A document of each kind by year, the newest first.
FORMATS: Final[dict[str, tuple[Format, ...]]] = {
    DocumentKind.BASIC: _GENERAL,
    DocumentKind.SECONDARY: _GENERAL,
    DocumentKind.VOCATIONAL: (
        Format(2014, r"\d{13}", 6, "13 цифр: шесть – серия, семь – номер"),
        Format(0, r"\d{2}[А-Я]{2}\d{7}", 4, "две цифры, две буквы и семь цифр, например 59ПА0012345"),
    ),
    **dict.fromkeys(OWN_PAPER, _OWN),
}


class BlankNumber(NamedTuple):
    """A number in order: series, number, and the key by which it is one of a kind."""

    series: str
    number: str

    @property
    def key(self) -> str:
        """Series and number in one."""
        return self.series + self.number


def format_of(kind_code: str, issued_on: date) -> Format:
    """Return what a number of this kind looks like on a day."""
    return next(one for one in FORMATS[kind_code] if one.since <= issued_on.year)


def read(kind_code: str, text: str, *, issued_on: date) -> BlankNumber:
    """Read series and number as written, together or apart.

    Raises:
        InvalidValue: ``education_document.number`` when a blank of the year carries no such number.
    """
    signs = _SIGNS.sub("", text).upper().translate(_LOOKALIKES).replace("Ё", "Е")
    wanted = format_of(kind_code, issued_on)
    if not re.fullmatch(wanted.shape, signs):
        raise InvalidValue(
            "education_document.number",
            f"Номер «{text.strip()}» не подходит к бланку {issued_on.year} года. Нужно: {wanted.told}. Исправьте номер или дату выдачи.",
            value=text,
        )
    cut = wanted.series if wanted.series >= 0 else len(signs) + wanted.series
    return BlankNumber(signs[:cut], signs[cut:])


def following(first: BlankNumber, count: int) -> list[BlankNumber]:
    """Return so many numbers in a row, as blanks lie in a pack.

    Raises:
        InvalidValue: the row leaves what the number can hold.
    """
    digits = re.search(r"\d+$", first.number)
    if digits is None:
        raise InvalidValue(
            "education_document.number",
            "Номер не кончается цифрой: введите номера по одному.",
            value=first.number,
        )
    head, start, width = first.number[: digits.start()], int(digits.group()), len(digits.group())
    # The serial of a fourteen-digit number is its last nine; the region and the producer do not count on.
    most = 10 ** min(width, 9) - start % 10 ** min(width, 9)
    if count > most:
        raise InvalidValue(
            "education_document.number",
            f"После номера {first.number} столько бланков нет. Введите начало другой пачки.",
            value=first.number,
        )
    return [BlankNumber(first.series, f"{head}{start + step:0{width}d}") for step in range(count)]
