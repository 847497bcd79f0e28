"""Who is in which class of a school, as a set says; what in it cannot be compared with the register. Pure.

A set that is right by the standard may still not be a class list: a learner without a class, in two, without a birthday.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from kontingent.exchange.oneroster.checking import Defect
from kontingent.exchange.oneroster.gradebook import DELETED, Row
from kontingent.exchange.oneroster.model import Mode
from kontingent.exchange.oneroster.writing import RosterSet

#: What a class list needs, all of it whole.
WHOLE: Final = ("orgs", "classes", "users", "enrollments", "demographics")
_CLASS = re.compile(r"(1[0-2]|[1-9])\s*[-«\"]?\s*([А-ЯЁа-яёA-Za-z]{0,3})[»\"]?")
SEXES: Final[Mapping[str, str]] = {"male": "м", "female": "ж"}


class Listed(NamedTuple):
    """A learner of the list; ``line`` is theirs in users.csv."""

    line: int
    key: str
    family_name: str
    given_name: str
    patronymic: str
    birth_date: str
    sex: str
    class_title: str


@dataclass(slots=True)
class Roster:
    """The list of one school: learners in the order of the file, classes with their sizes, the year it is of."""

    learners: list[Listed] = field(default_factory=list)
    classes: dict[str, int] = field(default_factory=dict)
    school_year: int | None = None
    defects: list[Defect] = field(default_factory=list)

    def say(self, file: str, line: int, column: str, value: str, reason: str, remedy: str) -> None:
        """Add what cannot be compared."""
        self.defects.append(Defect("roster", f"{file}.csv", line, column, value[:80], reason, remedy))


def roster_of(content: RosterSet, ogrn: str) -> Roster:
    """Return the list of the school of that ОГРН; with any defect it is not to be used."""
    found = Roster()
    for name in WHOLE:
        if content.modes.get(name, Mode.ABSENT) is not Mode.BULK:
            found.say(
                name, 0, "", "", "Для сверки списков нужен этот файл целиком (bulk).",
                "Выгрузите полный набор с организациями, классами, учениками, зачисленностью и демографией.",
            )  # fmt: skip
    if found.defects:
        return found
    school = _school(found, content, ogrn)
    if school is None:
        return found
    titles = _classes(found, content, school)
    places = _places(found, content, titles)
    born = {row["sourcedId"]: (line, row) for line, row in _lines(content, "demographics")}
    for line, row in _lines(content, "users"):
        if row["sourcedId"] in places:
            _learner(found, line, row, places[row["sourcedId"]], born.get(row["sourcedId"]))
    if not found.learners and not found.defects:
        found.say(
            "enrollments", 0, "role", "", "В классах этой школы нет ни одного ученика (role = student).",
            "Проверьте, той ли школы набор.",
        )  # fmt: skip
    return found


def _lines(content: RosterSet, name: str) -> list[tuple[int, Row]]:
    rows = enumerate(content.rows.get(name, ()), 2)
    return [(line, row) for line, row in rows if row.get("status") != DELETED]


def _school(found: Roster, content: RosterSet, ogrn: str) -> str | None:
    schools = [(line, row) for line, row in _lines(content, "orgs") if row["type"] == "school"]
    same = [row["sourcedId"] for _, row in schools if row["identifier"].strip() == ogrn]
    if len(same) == 1:
        return same[0]
    line, column, value = (
        (schools[0][0], "identifier", schools[0][1]["identifier"]) if schools else (0, "type", "")
    )
    found.say(
        "orgs", line, column, value, f"В наборе {'нет школы' if not same else 'несколько школ'} с ОГРН {ogrn}.",
        "Укажите ОГРН школы в identifier ровно одной организации с type = school и выгрузите снова.",
    )  # fmt: skip
    return None


def _classes(found: Roster, content: RosterSet, school: str) -> dict[str, str]:
    """Return titles of the school's whole classes as the register writes them; subject groups are no classes."""
    titles: dict[str, str] = {}
    terms = Counter[str]()
    for line, row in _lines(content, "classes"):
        if row["schoolSourcedId"] != school or row["classType"] != "homeroom":
            continue
        said = _CLASS.fullmatch(row["title"].strip())
        if said is None:
            found.say(
                "classes", line, "title", row["title"], "По названию не понять параллель и букву класса.",
                "Назовите класс как «5А»; не классы передавайте как scheduled.",
            )  # fmt: skip
            continue
        title = f"{said[1]}{said[2].upper()}"
        if title in titles.values():
            found.say("classes", line, "title", row["title"], f"Класс {title} назван в наборе дважды.", "Оставьте один класс с этим названием.")  # fmt: skip
            continue
        titles[row["sourcedId"]] = title
        terms.update(row["termSourcedIds"].split(","))
    years = {row["sourcedId"]: int(row["schoolYear"]) - 1 for _, row in _lines(content, "academicSessions")}
    told = {years[term] for term in terms if term in years}
    if len(told) > 1:
        found.say(
            "classes", 0, "termSourcedIds", ", ".join(f"{one}/{one + 1}" for one in sorted(told)),
            "Классы набора – разных учебных лет.", "Выгрузите классы одного учебного года.",
        )  # fmt: skip
    found.school_year = next(iter(told), None)
    found.classes = dict.fromkeys(titles.values(), 0)
    return titles


def _places(found: Roster, content: RosterSet, titles: Mapping[str, str]) -> dict[str, str]:
    places: dict[str, str] = {}
    for line, row in _lines(content, "enrollments"):
        title = titles.get(row["classSourcedId"])
        if title is None or row["role"] != "student":
            continue
        who = row["userSourcedId"]
        if places.get(who, title) != title:
            found.say(
                "enrollments", line, "userSourcedId", who, f"Ученик и в классе {places[who]}, и в классе {title}.",
                "Оставьте один класс; прежнюю зачисленность уберите из полного набора.",
            )  # fmt: skip
            continue
        places[who] = title
    return places


def _learner(found: Roster, line: int, row: Row, title: str, born: tuple[int, Row] | None) -> None:
    if born is None or not born[1]["birthDate"]:
        found.say(
            "demographics", born[0] if born else 0, "birthDate", row["sourcedId"],
            "Нет даты рождения: без неё и без СНИЛС человека не узнать.", "Укажите birthDate ученика и выгрузите снова.",
        )  # fmt: skip
        return
    about = born[1]
    found.classes[title] += 1
    found.learners.append(
        Listed(
            line, row["sourcedId"], row["familyName"].strip(), row["givenName"].strip(), row["middleName"].strip(), about["birthDate"],
            SEXES.get(about["sex"], ""), title,
        )
    )  # fmt: skip
