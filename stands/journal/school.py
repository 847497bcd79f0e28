"""A school's day: what its teachers write into the journal. Pure: the same seed, day and lists give the same day again.

So the stand needs no memory: yesterday's marks are known today without having been kept, and a correction of one of them
is its next version. Teachers err at a known rate, in ways that a register must refuse or bear.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Final

Row = dict[str, Any]
#: Subjects by grade: from which to which, how often a week; topics follow each other.
SUBJECTS = (
    ("Русский язык", 1, 11, 4), ("Математика", 1, 6, 5), ("Алгебра", 7, 11, 3), ("Геометрия", 7, 11, 2), ("Окружающий мир", 1, 4, 2),
    ("Литература", 5, 11, 3), ("История", 5, 11, 2), ("География", 5, 9, 1), ("Физика", 7, 11, 2), ("Химия", 8, 11, 2),
    ("Иностранный язык (английский)", 2, 11, 3), ("Информатика", 7, 11, 1),
)  # fmt: skip
_TASKS = ("Упражнение {}", "Параграф {}, вопросы в конце", "Задачи {}–{}", "Повторить тему, с. {}")
_WORKS = (
    ("answer", 1.0, 50),
    ("classwork", 1.0, 20),
    ("homework", 1.0, 20),
    ("control", 2.0, 6),
    ("independent", 1.5, 4),
)
_ABSENCES = (("н", 2), ("б", 5), ("у", 3), ("о", 2))
LESSONS_A_DAY = 5
#: The first bell, and how long a lesson with its break is.
_FIRST_BELL, _TURN, _LESSON = time(8, 30), timedelta(minutes=55), timedelta(minutes=40)


@dataclass(frozen=True, slots=True)
class Pupil:
    """A learner as the register names them to the journal."""

    id: str
    ability: float
    name: str = ""


@dataclass(frozen=True, slots=True)
class SchoolClass:
    """A class with its learners; ``key`` is the register's, ``ogrn`` its school's."""

    key: str
    title: str
    grade: int
    pupils: tuple[Pupil, ...]
    ogrn: str = ""


@dataclass(frozen=True, slots=True)
class Rates:
    """How often things happen: marks and absences per pupil and lesson, corrections per mark, mistakes per mark."""

    mark: float = 0.3
    absence: float = 0.05
    correction: float = 0.02
    mistake: float = 0.004


@dataclass(slots=True)
class Day:
    """What a journal has to say of a day."""

    lessons: list[Row] = field(default_factory=list)
    marks: list[Row] = field(default_factory=list)
    attendance: list[Row] = field(default_factory=list)

    def as_of(self, day: date, lessons: int) -> Day:
        """Return what stood after so many lessons of a day: of that day no more than these, of the days before all."""

        def stood(rows: list[Row]) -> list[Row]:
            return [row for row in rows if row["date"] != day.isoformat() or row["number"] <= lessons]

        return Day(stood(self.lessons), stood(self.marks), stood(self.attendance))

    def by_records(self) -> Iterator[tuple[str, list[Row]]]:
        """Yield what is not empty, lessons first."""
        for records in ("lessons", "marks", "attendance"):
            if rows := getattr(self, records):
                yield records, rows


USUAL: Final = Rates()


def classes_of(learners: Sequence[Row], seed: int) -> list[SchoolClass]:
    """Make classes of the lists that the register gave."""
    by_class: dict[tuple[str, str, int, str], list[Pupil]] = {}
    for one in learners:
        for place in one["places"]:
            if place["is_main"] and place["group"] and place["grade"]:
                ability = _dice(seed, one["id"]).betavariate(5, 2.4)
                known = (place["group"], place["group_title"], int(place["grade"]), place.get("ogrn", ""))
                by_class.setdefault(known, []).append(Pupil(one["id"], ability, _name_of(one)))
    return [
        SchoolClass(key, title, grade, tuple(sorted(pupils, key=lambda pupil: pupil.id)), ogrn)
        for (key, title, grade, ogrn), pupils in sorted(by_class.items())
    ]


def _name_of(one: Row) -> str:
    return " ".join(part for key in ("family_name", "given_name", "patronymic") if (part := one.get(key)))


def _dice(*about: object) -> random.Random:
    """Return dice that fall the same way for the same thing."""
    return random.Random(":".join(map(str, about)))  # noqa: S311 - invented marks


def is_school_day(day: date) -> bool:
    """Say whether there are lessons: Monday to Friday of the school year."""
    return day.weekday() < 5 and day.month not in {6, 7, 8}


def lessons_over(moment: datetime) -> int:
    """Say how many lessons of its day are over at a moment of the school's own clock."""
    first = datetime.combine(moment.date(), _FIRST_BELL, moment.tzinfo)
    return sum(first + number * _TURN + _LESSON <= moment for number in range(LESSONS_A_DAY))


def school_days(until: date, most: int) -> list[date]:
    """Return the latest days with lessons up to one, within its school year, the earliest first."""
    began = date(until.year if until.month >= 9 else until.year - 1, 9, 1)
    found: list[date] = []
    day = until
    while day >= began and len(found) < most:
        if is_school_day(day):
            found.append(day)
        day -= timedelta(days=1)
    return found[::-1]


def day_of(classes: Sequence[SchoolClass], day: date, *, seed: int, rates: Rates = USUAL) -> Day:
    """Return what is written on a day: its lessons, and what of the school day before is corrected."""
    found = Day()
    if not is_school_day(day):
        return found
    before = day - timedelta(days=3 if day.weekday() == 0 else 1)
    for one in classes:
        for row in _lessons(found, one, day, seed, rates):
            found.marks.append(row)
        if is_school_day(before):
            yesterday = Day()
            of_yesterday = list(_lessons(yesterday, one, before, seed, rates))
            found.marks += _corrections(one, of_yesterday, day, seed, rates)
    return found


def _lessons(into: Day, of_class: SchoolClass, day: date, seed: int, rates: Rates) -> Iterator[Row]:
    dice = _dice(seed, of_class.key, day)
    names = [
        name for name, first, last, often in SUBJECTS if first <= of_class.grade <= last for _ in range(often)
    ]
    for number, subject in enumerate(dice.sample(names, min(LESSONS_A_DAY, len(names))), 1):
        lesson = f"l-{of_class.key[-12:]}-{day:%m%d}-{number}"
        page = dice.randint(10, 180)
        into.lessons.append(
            {
                "id": lesson, "version": 1, "class": of_class.key, "date": day.isoformat(),
                "subject": subject, "number": number, "topic": f"{subject}: занятие {day:%j}",
                "homework": dice.choice(_TASKS).format(page, page + 3),
            }
        )  # fmt: skip
        for pupil in of_class.pupils:
            about = {
                "learner": pupil.id,
                "date": day.isoformat(),
                "subject": subject,
                "number": number,
                "lesson": lesson,
            }
            key = f"{pupil.id[-12:]}-{day:%m%d}-{number}"
            if dice.random() < rates.absence:
                code = dice.choices([one for one, _ in _ABSENCES], [weight for _, weight in _ABSENCES])[0]
                late = {"minutes": dice.randint(2, 20)} if code == "о" else {}
                into.attendance.append({"id": f"a-{key}", "version": 1, "code": code, **about, **late})
                if code != "о":
                    continue
            if of_class.grade > 1 and dice.random() < rates.mark:
                work, weight, _ = dice.choices(_WORKS, [often for _, _, often in _WORKS])[0]
                yield _spoilt(
                    dice,
                    rates,
                    {
                        "id": f"m-{key}",
                        "version": 1,
                        "value": _value(dice, pupil),
                        "work": work,
                        "weight": weight,
                        **about,
                    },
                )


def _value(dice: random.Random, pupil: Pupil) -> str:
    return str(min(5, max(2, round(dice.gauss(2.2 + 2.8 * pupil.ability, 0.6)))))


def _corrections(
    of_class: SchoolClass, marks: Sequence[Row], day: date, seed: int, rates: Rates
) -> list[Row]:
    """A teacher thinks better of a mark the day after: another value, or none at all."""
    dice = _dice(seed, of_class.key, day, "corrected")
    found = []
    for row in marks:
        if dice.random() < rates.correction:
            changed = row | {"version": 2}
            if dice.random() < 0.2:
                changed["deleted"] = True
            else:
                changed["value"] = str(min(5, int(row["value"]) + 1)) if row["value"] in "234" else "5"
            found.append(changed)
    return found


def _spoilt(dice: random.Random, rates: Rates, row: Row) -> Row:
    """Now and then a row is what a register refuses: a mark that is none, a stranger, a subject that nobody knows."""
    if dice.random() >= rates.mistake:
        return row
    return row | dice.choice([{"value": "6"}, {"learner": "00000000"}, {"subject": "Матем. (проба)"}, {"weight": 99}])  # fmt: skip
