"""What happens to a child's data on its way from a birth certificate to somebody's spreadsheet: the corrupting generator.

Written from the ways people mistype, and knowing nothing of the matcher: it must not import ``kontingent.persons``. Each
error has a rate of its own and they come independently, so that some records carry several.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from kontingent.kernel import snils

#: Share of records that meet each error, where it is possible at all.
RATES = {
    "snils_missing": 0.35,
    "snils_slip": 0.02,
    "document_missing": 0.45,
    "document_slip": 0.03,
    "family_slip": 0.06,
    "family_changed": 0.04,
    "family_doubled": 0.02,
    "given_slip": 0.03,
    "given_variant": 0.15,
    "patronymic_missing": 0.05,
    "patronymic_slip": 0.03,
    "names_swapped": 0.01,
    "latin": 0.005,
    "day_month_swapped": 0.02,
    "birth_slip": 0.02,
    "sex_wrong": 0.003,
    "yo_dropped": 0.7,
}
_ROWS = ("йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю")
_VARIANTS = {
    "Даниил": "Данил", "София": "Софья", "Наталья": "Наталия", "Камилла": "Камила", "Таисия": "Таисья",
    "Артём": "Артем", "Гульнара": "Гулнара", "Рустам": "Рустем", "Елизавета": "Елизовета",
}  # fmt: skip
_TO_LATIN = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
        [
            "a",
            "b",
            "v",
            "g",
            "d",
            "e",
            "e",
            "zh",
            "z",
            "i",
            "i",
            "k",
            "l",
            "m",
            "n",
            "o",
            "p",
            "r",
            "s",
            "t",
            "u",
            "f",
            "kh",
            "ts",
            "ch",
            "sh",
            "shch",
            "ie",
            "y",
            "",
            "e",
            "iu",
            "ia",
        ],
        strict=True,
    )
)
_CHANGED = [
    "Антипов",
    "Беляев",
    "Вахрушев",
    "Губанов",
    "Дроздов",
    "Ермаков",
    "Жданов",
    "Злобин",
    "Ильин",
    "Колчанов",
    "Лыткин",
    "Мазунин",
    "Неволин",
]


@dataclass(frozen=True, slots=True)
class Record:
    """A person as written down somewhere; ``errors`` says what went wrong."""

    family: str
    given: str
    patronymic: str
    born: date
    sex: str
    snils: str | None
    documents: tuple[str, ...]
    errors: tuple[str, ...] = ()


def corrupt(record: Record, rng: random.Random) -> Record:
    """Return the record with the errors that chance brings."""
    for error, rate in RATES.items():
        if rng.random() < rate:
            spoilt = _ERRORS[error](record, rng)
            if spoilt != record:
                record = replace(spoilt, errors=(*record.errors, error))
    return record


def _slip(text: str, rng: random.Random) -> str:
    """One wrong key, one letter lost, doubled, or two in each other's place."""
    if len(text) < 3:
        return text
    at = rng.randrange(len(text) - 1)
    kind = rng.choice(("neighbour", "lost", "doubled", "turned"))
    if kind == "lost":
        return text[:at] + text[at + 1 :]
    if kind == "doubled":
        return text[: at + 1] + text[at:]
    if kind == "turned":
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return text[:at] + _neighbour(text[at], rng) + text[at + 1 :]


def _neighbour(letter: str, rng: random.Random) -> str:
    for row in _ROWS:
        if (place := row.find(letter.lower())) >= 0:
            near = rng.choice([row[i] for i in (place - 1, place + 1) if 0 <= i < len(row)])
            return near.upper() if letter.isupper() else near
    return letter


def _digit(text: str, rng: random.Random) -> str:
    at = rng.choice([i for i, sign in enumerate(text) if sign.isdigit()])
    return text[:at] + rng.choice([d for d in "0123456789" if d != text[at]]) + text[at + 1 :]


def _snils_slip(record: Record, rng: random.Random) -> Record:
    """A slip with a control number that happens to be right, since no door lets another in."""
    if record.snils is None:
        return record
    head = _digit(record.snils[:9], rng)
    return replace(record, snils=f"{head}{snils.control_number(head):02d}")


def _document_slip(record: Record, rng: random.Random) -> Record:
    if not record.documents:
        return record
    first, *rest = record.documents
    kind, _, number = first.rpartition(":")
    return replace(record, documents=(f"{kind}:{_digit(number, rng)}", *rest))


def _changed(record: Record, rng: random.Random) -> Record:
    family = rng.choice(_CHANGED)
    return replace(record, family=family + "а" if record.sex == "2" else family)


def _doubled(record: Record, rng: random.Random) -> Record:
    if "-" in record.family:
        return replace(record, family=rng.choice(record.family.split("-")))
    return replace(record, family=f"{record.family}-{_changed(record, rng).family}")


def _latin(record: Record, _rng: random.Random) -> Record:
    return replace(
        record,
        family=_in_latin(record.family),
        given=_in_latin(record.given),
        patronymic=_in_latin(record.patronymic),
    )


def _in_latin(text: str) -> str:
    return "".join(_TO_LATIN.get(letter, letter) for letter in text.lower()).title()


def _day_month(record: Record, _rng: random.Random) -> Record:
    if record.born.day > 12:
        return record
    return replace(record, born=record.born.replace(day=record.born.month, month=record.born.day))


def _birth_slip(record: Record, rng: random.Random) -> Record:
    """One digit of the day, month or year; no door lets a day through that does not exist or is out of the ordinary."""
    for _ in range(20):
        try:
            born = date.fromisoformat(_digit(record.born.isoformat(), rng))
        except ValueError:
            continue
        if 1930 <= born.year <= 2026:
            return replace(record, born=born)
    return record


_ERRORS: dict[str, Callable[[Record, random.Random], Record]] = {
    "snils_missing": lambda r, _: replace(r, snils=None),
    "snils_slip": _snils_slip,
    "document_missing": lambda r, _: replace(r, documents=()),
    "document_slip": _document_slip,
    "family_slip": lambda r, rng: replace(r, family=_slip(r.family, rng)),
    "family_changed": _changed,
    "family_doubled": _doubled,
    "given_slip": lambda r, rng: replace(r, given=_slip(r.given, rng)),
    "given_variant": lambda r, _: replace(r, given=_VARIANTS.get(r.given, r.given)),
    "patronymic_missing": lambda r, _: replace(r, patronymic=""),
    "patronymic_slip": lambda r, rng: replace(r, patronymic=_slip(r.patronymic, rng)),
    "names_swapped": lambda r, _: replace(r, family=r.given, given=r.family),
    "latin": _latin,
    "day_month_swapped": _day_month,
    "birth_slip": _birth_slip,
    "sex_wrong": lambda r, _: replace(r, sex="2" if r.sex == "1" else "1"),
    "yo_dropped": lambda r, _: replace(
        r, family=r.family.replace("ё", "е"), given=r.given.replace("ё", "е"), patronymic=r.patronymic.replace("ё", "е")
    ),
}  # fmt: skip
