"""Certificates of study: when one is given, what it is called, what a stranger is shown of it. Pure."""

from __future__ import annotations

import re

from kontingent.kernel.errors import InvalidValue, RuleViolation

#: Crockford's alphabet: nothing in it is taken for another on paper.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_TAKEN_FOR = str.maketrans({"O": "0", "I": "1", "L": "1", "О": "0", "А": "A", "В": "B", "Е": "E", "К": "K", "М": "M", "Н": "H", "Р": "P", "С": "C", "Т": "T", "Х": "X"})  # fmt: skip
#: Twelve signs are 60 bits: a stranger who asks a million times a second for a year finds one of a million with 3 %; the limit of a
#: page is a few a minute.
CODE_LENGTH = 12
CODE_BYTES = 8
#: A family orders at most so many for a child in a day.
MOST_A_DAY = 5
#: A stranger checks at most so many in a minute from one address.
MOST_CHECKS = 20
SHORTEST_REASON, LONGEST_REASON = 10, 300


def code_of(random: bytes) -> str:
    """Return the code of a certificate from random bytes."""
    if len(random) < CODE_BYTES:
        raise ValueError("too few random bytes")
    number = int.from_bytes(random[:CODE_BYTES], "big")
    return "".join(ALPHABET[(number >> (5 * place)) & 31] for place in range(CODE_LENGTH))


def grouped(code: str) -> str:
    """Return a code as it is printed: in fours."""
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


def code_as_typed(text: str) -> str | None:
    """Return the code that somebody has typed from paper, None where it cannot be one. Look-alikes, Russian ones too, are forgiven."""
    code = re.sub(r"[\s\-–—]", "", text[:60]).upper().translate(_TAKEN_FOR)
    return code if len(code) == CODE_LENGTH and set(code) <= set(ALPHABET) else None


def label(number: int, year: int) -> str:
    """Return the number of a certificate as it is printed."""
    return f"{number}/{year}"


def masked(family_name: str, given_name: str, patronymic: str) -> str:
    """Return a name of which a stranger learns initials alone, and not even how long it is."""
    initials = [f"{one[0]}." for one in (given_name, patronymic) if one]
    return " ".join([f"{family_name[:1]}*****", *initials])


def require_few(ordered_today: int) -> None:
    """Refuse a family's next order of the day above the limit."""
    if ordered_today >= MOST_A_DAY:
        raise RuleViolation(
            "certificate.too_many",
            f"Сегодня заказано уже {ordered_today} справок об этом ученике. Распечатайте одну из них или вернитесь завтра.",
        )


def not_enrolled() -> RuleViolation:
    """Return the refusal for who studies nowhere today."""
    return RuleViolation(
        "certificate.not_enrolled",
        "Сегодня ученик не числится в организации, поэтому справки об обучении нет. Обратитесь в организацию, где он учится.",
    )


def reason_of(text: str) -> str:
    """Return the reason of a revocation, tidy."""
    tidy = " ".join(text.split())
    if not SHORTEST_REASON <= len(tidy) <= LONGEST_REASON:
        raise InvalidValue(
            "certificate.reason",
            f"Причина отзыва – от {SHORTEST_REASON} до {LONGEST_REASON} знаков. Напишите, что в справке неверно; семья это увидит.",
        )
    return tidy
