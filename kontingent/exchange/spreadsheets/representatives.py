"""Parents and guardians in one cell, and notes: what class teachers write by hand. Pure."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from kontingent.codelists import queries as codelists
from kontingent.exchange.spreadsheets import cells
from kontingent.kernel import names
from kontingent.kernel.errors import InvalidValue
from kontingent.kernel.names import FullName
from kontingent.persons import rules

_PHONE = re.compile(r"(?:\+?\d[\d\s\-()]{8,16}\d)")
_ROLE = re.compile(
    r"^(мать|мама|отец|папа|опекун|попечитель|бабушка|дедушка|дед|тётя|тетя|дядя|отчим|мачеха|приёмный родитель)\s*[:\-–—]?\s+",
    re.IGNORECASE,
)
_KIN_IN_BRACKETS = re.compile(r"\(([а-яё ]+)\)", re.IGNORECASE)
_PAPER = re.compile(
    r"(?:пост(?:ановление)?|приказ|расп(?:оряжение)?|акт|реш(?:ение)?)\.?\s*№?\s*\S+(?:\s+от\s+[\d.]+)?",
    re.IGNORECASE,
)
_LEFT = re.compile(
    r"выбыл\w*\s+(?P<day>[\d./]+)(?:\s*г\.?)?\s*(?:в\s+(?P<where>[^,;]+))?(?:[,;]\s*пр(?:иказ)?\.?\s*№?\s*(?P<order>[\w\-/]+))?",
    re.IGNORECASE,
)
_CITIZEN = re.compile(r"гражд\w*\.?\s*:?\s*(?P<country>[А-ЯЁ][\w\- ]+)", re.IGNORECASE)
_HEALTH = re.compile(
    r"\bОВЗ\b|\bЗПР\b|\bАООП\b|инвалид|группа здоровья|\bТНР\b|\bРАС\b|диагноз", re.IGNORECASE
)


class Adult(NamedTuple):
    """A representative as read from a cell."""

    name: FullName
    sex: str
    kind_code: str
    kinship_code: str
    phone: str = ""
    document: str = ""


_KINSHIP_SEX = {"1": "2", "2": "1", "5": "1", "6": "2", "7": "1", "8": "2", "9": "1", "10": "2"}


@lru_cache(maxsize=4096)
def read_adult(text: str, default_kinship: str) -> Adult:
    """Read «Кузнецова Камилла Павловна, 8-941-…» or «опекун Мальцева Нина Ивановна (бабушка), пост. № 112 …»."""
    rest, phone, kind, kinship = text, "", "1", default_kinship
    if match := _PHONE.search(rest):
        phone = rules.normalise_phone(match.group())
        rest = rest[: match.start()] + rest[match.end() :]
    if match := _ROLE.match(rest.strip()):
        word = names.fold(match.group(1))
        rest = rest.strip()[match.end() :]
        if word in {"опекун", "попечитель"}:
            kind, kinship = ("2" if word == "опекун" else "3"), "3"
        else:
            kinship = codelists.find("kinship", word) or kinship
    if match := _KIN_IN_BRACKETS.search(rest):
        kinship = codelists.find("kinship", match.group(1)) or kinship
        rest = rest[: match.start()] + rest[match.end() :]
    paper = ""
    if match := _PAPER.search(rest):
        paper = match.group().strip(" ,.;")
        rest = rest[: match.start()] + rest[match.end() :]
    name = names.split_full_name(rest.strip(" ,.;:–—-"))
    sex = rules.sex_by_patronymic(name.patronymic) or _KINSHIP_SEX.get(kinship, "2")
    return Adult(name, sex, kind, kinship, phone, paper)


class Note(NamedTuple):
    """What a note says that the register can use."""

    left_on: date | None = None
    left_to: str = ""
    left_order: str = ""
    country_code: str = ""
    speaks_of_health: bool = False
    unknown_country: str = ""


@lru_cache(maxsize=4096)
def read_note(text: str, today: date) -> Note:
    """Read a remark: leaving, citizenship, health (which is only noticed, never kept: stage 2 is not open)."""
    left_on, left_to, left_order = None, "", ""
    if match := _LEFT.search(text):
        try:
            left_on = cells.read_day(match["day"].strip(" .,"), today).value
        except InvalidValue:
            left_on = None
        left_to, left_order = (match["where"] or "").strip(), match["order"] or ""
    country, unknown = "", ""
    if match := _CITIZEN.search(text):
        word = match["country"].strip(" .,")
        country = codelists.find("country", word) or ""
        unknown = "" if country else word
    return Note(left_on, left_to, left_order, country, bool(_HEALTH.search(text)), unknown)
