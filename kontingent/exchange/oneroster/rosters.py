"""Who is in which class of a school, as a set says; what in it cannot be compared with the register. Pure.

A set that is right by the standard may still not be a class list: a learner without a class, in two, without a birthday.
A set of changes (delta) tells only what became otherwise: the rest of a learner is what the register knows by its own ids, which a journal that
read them from us names; who left is told by ``tobedeleted``.
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


class Gone(NamedTuple):
    """A learner whom the set says to have left (``tobedeleted``); ``line`` is that of the file which says so. A name is known if the set tells it."""

    file: str
    line: int
    key: str
    name: tuple[str, str, str]
    birth_date: str


class Known(NamedTuple):
    """What the register knows of the school by its own ids: the school, classes by id, learners by id with their class today."""

    school: str
    classes: Mapping[str, str]
    learners: Mapping[str, Listed]


@dataclass(slots=True)
class Roster:
    """The list of one school: learners in the order of the file, classes with their sizes, the year it is of.

    Of changes: who left, and how many users were told of whom nobody knows whether they are learners here.
    """

    learners: list[Listed] = field(default_factory=list)
    classes: dict[str, int] = field(default_factory=dict)
    school_year: int | None = None
    defects: list[Defect] = field(default_factory=list)
    gone: list[Gone] = field(default_factory=list)
    of_nobody: int = 0

    def say(self, file: str, line: int, column: str, value: str, reason: str, remedy: str) -> None:
        """Add what cannot be compared."""
        self.defects.append(Defect("roster", f"{file}.csv", line, column, value[:80], reason, remedy))


def is_changes(content: RosterSet) -> bool:
    """Say whether a set tells changes alone: nothing that a class list needs is there in full."""
    modes = {content.modes.get(name, Mode.ABSENT) for name in WHOLE}
    return Mode.DELTA in modes and Mode.BULK not in modes


def named_in(content: RosterSet) -> set[str]:
    """Return the ids of users whom a set tells anything about."""
    return {row["sourcedId"] for name in ("users", "demographics") for row in content.rows.get(name, ())} | {
        row["userSourcedId"] for row in content.rows.get("enrollments", ())
    }


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
    titles = _classes(found, content, {school})
    places = _places(found, content, titles)
    born = _by_id(content, "demographics")
    for line, row in _lines(content, "users"):
        if row["sourcedId"] in places:
            _learner(found, line, row, places[row["sourcedId"]], born.get(row["sourcedId"]))
    if not found.learners and not found.defects:
        found.say(
            "enrollments", 0, "role", "", "В классах этой школы нет ни одного ученика (role = student).",
            "Проверьте, той ли школы набор.",
        )  # fmt: skip
    return found


def changes_of(content: RosterSet, ogrn: str, known: Known) -> Roster:
    """Return what changed in the school of that ОГРН, completed by what the register knows; with any defect it is not to be used."""
    found = Roster()
    schools = {known.school} | {
        row["sourcedId"] for _, row in _lines(content, "orgs") if row["identifier"].strip() == ogrn
    }
    titles = {**known.classes, **_classes(found, content, schools)}
    in_set = {
        row["classSourcedId"]
        for _, row in _lines(content, "enrollments")
        if row["schoolSourcedId"] in schools
    }
    found.classes = dict.fromkeys((titles[key] for key in titles if key in in_set), 0)
    elsewhere = [
        (line, row) for line, row in _lines(content, "enrollments")
        if row["role"] == "student" and row["schoolSourcedId"] in schools and row["classSourcedId"] not in titles
        and not _is_told(content, "classes", row["classSourcedId"])
    ]  # fmt: skip
    for line, row in elsewhere:
        found.say(
            "enrollments", line, "classSourcedId", row["classSourcedId"], "Класса нет ни в этом наборе, ни в реестре под этим sourcedId.",
            "Добавьте в набор его строку classes.csv или пришлите полный набор.",
        )  # fmt: skip
    places = _places(found, content, titles)
    _gone(found, content, schools, places)
    left = {one.key for one in found.gone}
    users, born = _by_id(content, "users"), _by_id(content, "demographics")
    changed = dict.fromkeys([*users, *born, *places])
    for key in changed:
        if key in left:
            continue
        before = known.learners.get(key)
        title = places.get(key) or (before.class_title if before else "")
        if not title:
            found.of_nobody += 1
            continue
        _changed(found, key, title, users.get(key), born.get(key), before)
    if not (found.learners or found.gone or found.defects):
        found.say(
            "enrollments", 0, "", "", "В изменениях нет ничего об учениках этой школы.",
            "Проверьте, той ли школы набор: в orgs.csv её ОГРН (identifier) или наши sourcedId.",
        )  # fmt: skip
    return found


def _is_told(content: RosterSet, name: str, key: str) -> bool:
    return any(row["sourcedId"] == key for row in content.rows.get(name, ()))


def _by_id(content: RosterSet, name: str) -> dict[str, tuple[int, Row]]:
    return {row["sourcedId"]: (line, row) for line, row in _lines(content, name)}


def _gone(found: Roster, content: RosterSet, schools: set[str], places: Mapping[str, str]) -> None:
    """Who is in no class of the school any more, by their enrolment or as users."""
    every = {row["sourcedId"]: row for row in content.rows.get("users", ())}
    born = {row["sourcedId"]: row["birthDate"] for row in content.rows.get("demographics", ())}
    told = [
        ("enrollments", line, row["userSourcedId"]) for line, row in enumerate(content.rows.get("enrollments", ()), 2)
        if row.get("status") == DELETED and row["role"] == "student" and row["schoolSourcedId"] in schools
    ] + [
        ("users", line, row["sourcedId"]) for line, row in enumerate(content.rows.get("users", ()), 2)
        if row.get("status") == DELETED
    ]  # fmt: skip
    seen = set(places)
    for file, line, key in told:
        if key not in seen:
            seen.add(key)
            row = every.get(key, {})
            name = (row.get("familyName", ""), row.get("givenName", ""), row.get("middleName", ""))
            found.gone.append(Gone(f"{file}.csv", line, key, name, born.get(key, "")))


def _changed(
    found: Roster, key: str, title: str, user: tuple[int, Row] | None, born: tuple[int, Row] | None, before: Listed | None
) -> None:  # fmt: skip
    if before is None:
        if user is not None:
            _learner(found, user[0], user[1], title, born)
            return
        found.say(
            "users", 0, "sourcedId", key, "Об ученике сказано, в каком он классе, но не кто он, и в реестре под этим sourcedId никого нет.",
            "Добавьте в набор его строки users.csv и demographics.csv или пришлите полный набор.",
        )  # fmt: skip
        return
    line, row = user or (born[0] if born else 0, {})
    about: Row = born[1] if born else {}
    found.classes[title] = found.classes.get(title, 0) + 1
    found.learners.append(
        Listed(
            line, key, row.get("familyName", before.family_name).strip(), row.get("givenName", before.given_name).strip(),
            row.get("middleName", before.patronymic).strip(), about.get("birthDate") or before.birth_date,
            SEXES.get(about.get("sex", ""), before.sex), title,
        )
    )  # fmt: skip


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


def _classes(found: Roster, content: RosterSet, schools: set[str]) -> dict[str, str]:
    """Return titles of the school's whole classes as the register writes them; subject groups are no classes."""
    titles: dict[str, str] = {}
    terms = Counter[str]()
    for line, row in _lines(content, "classes"):
        if row["schoolSourcedId"] not in schools or row["classType"] != "homeroom":
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
