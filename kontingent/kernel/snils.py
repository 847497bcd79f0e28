"""СНИЛС, the insurance number by which people are identified (eleven digits, two of control).

Rule: the first nine digits times the weights 9…1 give S; S below 100 is the control number,
100 and 101 give 00, above that S mod 101 (100 again gives 00). Numbers up to 001-001-998 were
issued before the control number was introduced and are not checked.
Source: shared/domain/kontingent.md §2.3 (Пенсионный фонд; the algorithm is a public standard).
"""

import re

from kontingent.kernel.errors import InvalidValue

UNCHECKED_UP_TO = 1_001_998
_SEPARATORS = re.compile(r"[\s\-–—‑.\u00a0]+")


def control_number(first_nine: str) -> int:
    """Return the control number (0–99) for the first nine digits."""
    total = sum(int(digit) * weight for digit, weight in zip(first_nine, range(9, 0, -1), strict=True))
    return total % 101 % 100


def normalise(text: str) -> str:
    """Return the eleven digits of a СНИЛС in any usual writing, or raise ``InvalidValue``.

    Spaces, hyphens, dashes and dots are separators. A number that lost its leading zeros in a
    spreadsheet (nine or ten digits) is completed, and then the control number must agree.
    """
    digits = _SEPARATORS.sub("", text)
    if not digits.isascii() or not digits.isdigit() or not 9 <= len(digits) <= 11:
        raise InvalidValue(
            "snils.format",
            f"СНИЛС «{text.strip()}» не похож на номер вида 123-456-789 00: нужны 11 цифр. "
            "Сверьте номер с документом.",
            value=text,
        )
    digits = digits.zfill(11)
    number, control = digits[:9], int(digits[9:])
    if int(number) > UNCHECKED_UP_TO and control_number(number) != control:
        raise InvalidValue(
            "snils.control",
            f"Контрольное число СНИЛС «{text.strip()}» не сходится. "
            "Скорее всего, опечатка в одной из цифр: сверьте номер с документом.",
            value=text,
        )
    return digits


def format_snils(digits: str) -> str:
    """Return ``123-456-789 00`` for eleven digits."""
    return f"{digits[:3]}-{digits[3:6]}-{digits[6:9]} {digits[9:]}"
