"""What of a learner's card is filled in the grid of a class: the columns, what may be typed there. Pure."""

from __future__ import annotations

from typing import NamedTuple


class CardField(NamedTuple):
    """A column: its title, what to type, how long it may be, and whether what was written can be taken back."""

    code: str
    title: str
    hint: str
    longest: int
    can_be_undone: bool


SNILS, BIRTH_PLACE, DOCUMENT, ADDRESS = "snils", "birth_place", "document", "address"
#: Of the representative: the first whose rights are not limited.
PHONE, EMAIL = "phone", "email"
FIELDS: tuple[CardField, ...] = (
    CardField(SNILS, "СНИЛС", "123-456-789 00", 40, can_be_undone=True),
    CardField(BIRTH_PLACE, "Место рождения", "как в документе", 300, can_be_undone=True),
    CardField(DOCUMENT, "Документ", "II-ИГ 123456 или 5714 123456", 400, can_be_undone=False),
    CardField(ADDRESS, "Адрес проживания", "одной строкой", 500, can_be_undone=True),
    CardField(PHONE, "Телефон представителя", "+7 912 345-67-89", 40, can_be_undone=True),
    CardField(EMAIL, "Почта представителя", "name@example.ru", 200, can_be_undone=True),
)
BY_CODE = {one.code: one for one in FIELDS}
