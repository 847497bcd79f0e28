"""What a journal of the invented region has delivered: one school whole, closing marks of some schools everywhere.

The first school of Perm has lessons, marks and absences of this year and the yearly marks of the years before; of the other
schools so many have the closing marks of the last period and the last year that the region has something to compare,
whatever its size. A stream of chance of its own; people do not depend on it.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from demo import words
from kontingent.access.machines import actions as machines
from kontingent.access.machines.actions import ClientDraft
from kontingent.access.machines.rules import MachineScope, Reach
from kontingent.kernel.actor import Actor
from kontingent.kernel.school_year import SchoolYear
from kontingent.performance import actions
from kontingent.performance.actions import GradingPeriodDraft
from kontingent.performance.codes import FinalKind, Word
from kontingent.performance.models import Journal
from kontingent.storage import bulk

#: Learners beyond the first school who get closing marks, at most about so many.
ELSEWHERE = 7_000
#: Lessons are planned so many days ahead, and the journal was delivered so many days after the region's day.
AHEAD, DELIVERED = 14, 6
#: Hours a week by subject, for the grades of primary, basic and upper school.
WEEK: dict[range, dict[str, int]] = {
    range(1, 5): {"s01": 5, "s02": 4, "s09": 5, "s06": 2, "s14": 2, "s21": 1, "s22": 1, "s23": 1, "s24": 3},
    range(5, 7): {"s01": 5, "s03": 3, "s09": 5, "s06": 3, "s15": 3, "s17": 1, "s20": 1, "s21": 1, "s22": 1, "s23": 2, "s24": 3},
    range(7, 10): {"s01": 4, "s03": 2, "s10": 3, "s11": 2, "s12": 1, "s06": 3, "s13": 1, "s15": 2, "s16": 1, "s17": 2, "s18": 2,
                   "s19": 2, "s20": 2, "s24": 2, "s25": 1},
    range(10, 13): {"s01": 2, "s03": 3, "s10": 4, "s11": 2, "s06": 3, "s13": 2, "s15": 2, "s16": 2, "s17": 1, "s18": 3, "s19": 2,
                    "s20": 2, "s24": 3, "s25": 1},
}  # fmt: skip
TOPICS = {
    "s01": "Части речи|Имя существительное|Глагол|Причастие|Сложное предложение|Знаки препинания|Изложение|Словарный диктант",
    "s02": "Устное народное творчество|Басни И. А. Крылова|Рассказы о природе|Сказки народов Урала|Стихи об осени",
    "s03": "Древнерусская литература|Басни|Поэзия А. С. Пушкина|Проза Н. В. Гоголя|Сказы П. П. Бажова|Сочинение",
    "s06": "Present Simple|My School|Food and Health|Past Simple|Travelling|Reading|Listening|Grammar Test",
    "s09": "Натуральный ряд|Сложение и вычитание|Умножение и деление|Обыкновенные дроби|Уравнения|Задачи на движение|Проценты",
    "s10": "Линейные уравнения|Степень с натуральным показателем|Одночлены|Многочлены|Функции|Системы уравнений|Неравенства",
    "s11": "Смежные углы|Признаки равенства треугольников|Параллельные прямые|Площади|Теорема Пифагора|Подобие",
    "s12": "Таблицы и диаграммы|Среднее и медиана|Случайные события|Вероятность",
    "s13": "Информация и её кодирование|Алгоритмы|Циклы|Электронные таблицы|Базы данных",
    "s14": "Природа Пермского края|Вода и её свойства|Растения|Горные породы Урала|Здоровье человека",
    "s15": "Древний Рим|Средневековые города|Пётр Великий|Освоение Урала|Великие географические открытия",
    "s16": "Человек и общество|Право|Экономика семьи|Государство",
    "s17": "План местности|Рельеф|Климат|Реки и озёра|Население|Промышленность Урала",
    "s18": "Измерение величин|Механическое движение|Сила|Давление|Работа и мощность|Лабораторная работа",
    "s19": "Вещества и смеси|Периодический закон|Кислород|Растворы|Практическая работа",
    "s20": "Клетка|Корень и побег|Членистоногие|Кровообращение|Наследственность",
    "s21": "Народная песня|Симфоническая музыка|Опера", "s22": "Натюрморт|Пейзаж|Линейная перспектива",
    "s23": "Проект изделия|Обработка древесины|Ткани|Черчение", "s24": "Лёгкая атлетика|Баскетбол|Лыжная подготовка|Гимнастика",
    "s25": "Безопасность дома|Правила дорожного движения|Первая помощь",
}  # fmt: skip
WORKS = (("answer", "1"), ("answer", "1"), ("classwork", "1"), ("homework", "0.5"), ("independent", "1.5"), ("test", "1.5"))  # fmt: skip
RECORD = (
    "journal_id",
    "external_id",
    "school_year",
    "organisation_id",
    "subject_code",
    "version",
    "batch_id",
    "recorded_at",
)
PERSONAL = (*RECORD, "person_id", "group_id", "comment")
COLUMNS = {
    "performance_lesson": (*RECORD, "group_id", "held_on", "number", "part", "topic", "homework", "teacher_name"),
    "performance_mark": (
        *PERSONAL, "given_on", "lesson_number", "lesson_key", "system_code", "value", "score", "weight", "work_code",
    ),
    "performance_attendance": (*PERSONAL, "held_on", "lesson_number", "lesson_key", "code", "minutes"),
    "performance_periodmark": (*PERSONAL, "given_on", "kind", "period_code", "system_code", "value", "score"),
}  # fmt: skip


class _Seat(NamedTuple):
    """A learner in a class."""

    person_id: UUID
    group_id: UUID
    organisation_id: UUID
    grade: int
    year: int
    starts_on: date
    ends_on: date | None


class Marks:
    """Writes the journal of a region just made."""

    def __init__(self, seed: int, as_of: date, actor: Actor) -> None:
        """Connect the journal, make the years and say the study periods."""
        self.rng, self.as_of, self.actor = random.Random(seed * 17 + 3), as_of, actor
        self.year = SchoolYear.of(as_of)
        self.recorded = datetime.combine(as_of + timedelta(days=DELIVERED), time(15), UTC)
        title = "Электронный журнал (вымышленный)"
        reach, scopes = (
            Reach(whole_region=True),
            (MachineScope.ORGANISATIONS, MachineScope.LEARNERS, MachineScope.JOURNALS),
        )
        client = machines.register_client(
            actor=actor, draft=ClientDraft(name=title, reach=reach, scopes=scopes)
        )
        self.journal: Journal = actions.connect_journal(
            actor=actor, code="demo-journal", title=title, client_code=client.actor_code
        )
        actions.make_years(*range(self.year.begins_in - 5, self.year.begins_in + 2))
        for year in (self.year.begins_in - 1, self.year.begins_in):
            actions.set_periods(actor=actor, school_year=year, periods=periods(year))
        self._rows: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        self._number = 0
        #: How able a learner is, and how much better or worse in a subject: what marks are drawn around.
        self._ability: dict[UUID, float] = {}
        self._leaning: dict[tuple[UUID, str], float] = {}

    def write(self, whole: UUID) -> int:
        """Write everything; ``whole`` is the school that has its lessons too. Return the number of rows."""
        written = 0
        own = list(_seats(self.year.begins_in, [whole]))
        for group_id in dict.fromkeys(seat.group_id for seat in own):
            self._class([seat for seat in own if seat.group_id == group_id])
        for seat in [*own, *_seats(self.year.begins_in, self._elsewhere(whole))]:
            self._closing(seat, FinalKind.PERIOD, "1" if seat.grade <= 9 else "")
        for year in range(self.year.begins_in - 5, self.year.begins_in):
            places = [whole] if year < self.year.begins_in - 1 else [whole, *self._elsewhere(whole)]
            for seat in _seats(year, places):
                self._closing(seat, FinalKind.YEAR, "20")
        for table, rows in self._rows.items():
            written += bulk.copy_rows(table, COLUMNS[table], rows)
        return written

    # -- one class -----------------------------------------------------------------------------

    def _class(self, seats: list[_Seat]) -> None:
        grade = seats[0].grade
        plan = _plan(grade)
        hours = [subject for subject, number in plan.items() for _ in range(number)]
        self.rng.shuffle(hours)
        timetable = [hours[day::5] for day in range(5)]
        teachers = {subject: self._teacher() for subject in plan}
        met: dict[str, int] = defaultdict(int)
        day = self.year.starts_on
        while day <= self.as_of + timedelta(days=AHEAD):
            if day.weekday() < 5 and not _is_holiday(day):
                for number, subject in enumerate(timetable[day.weekday()], start=1):
                    met[subject] += 1
                    self._lesson(seats, day, number, subject, met[subject], teachers[subject])
            day += timedelta(days=1)

    def _lesson(
        self, seats: list[_Seat], day: date, number: int, subject: str, times: int, teacher: str
    ) -> None:
        rng, first = self.rng, seats[0]
        topics = TOPICS[subject].split("|")
        homework = (
            f"§ {times + 1}, упр. {rng.randint(10, 240)}" if subject not in {"s21", "s22", "s24"} else ""
        )
        lesson = self._record(first, subject)
        topic = topics[(times - 1) // 3 % len(topics)]
        self._rows["performance_lesson"].append(
            (*lesson, first.group_id, day, number, "", topic, homework, teacher)
        )
        if day > self.as_of + timedelta(days=DELIVERED):
            return
        work, weight = rng.choice(WORKS) if times % 8 else ("control", "2")
        chance = 0.9 if work == "control" else 0.22
        for seat in seats:
            if day < seat.starts_on or (seat.ends_on is not None and day >= seat.ends_on):
                continue
            luck = rng.random()
            if luck < 0.035:
                code = rng.choice("ббнуо")
                minutes = rng.randint(3, 20) if code == "о" else None
                self._rows["performance_attendance"].append(
                    (*self._personal(seat, subject), day, number, lesson[1], code, minutes)
                )
            elif seat.grade > 1 and rng.random() < chance:
                value = self._value(seat.person_id, subject, (day - self.year.starts_on).days / 90)
                self._rows["performance_mark"].append(
                    (
                        *self._personal(seat, subject),
                        day,
                        number,
                        lesson[1],
                        1,
                        str(value),
                        value,
                        weight,
                        work,
                    )
                )

    def _closing(self, seat: _Seat, kind: FinalKind, period: str) -> None:
        given = date(seat.year, 10, 24) if kind is FinalKind.PERIOD else date(seat.year + 1, 5, 26)
        if (
            seat.grade == 1
            or not period
            or not seat.starts_on <= given
            or (seat.ends_on and seat.ends_on <= given)
        ):
            return
        for subject in _plan(seat.grade):
            value: str = str(max(2, self._value(seat.person_id, subject, 0.5, spread=0.45)))
            if value == "2" and self.rng.random() < 0.75:
                value = "3"
            if subject == "s24" and self.rng.random() < 0.03:
                value = Word.EXEMPT.value
            self._rows["performance_periodmark"].append(
                (*self._personal(seat, subject), given, kind.value, period, 1, value, int(value) if value.isdigit() else None)
            )  # fmt: skip
            if kind is FinalKind.YEAR and value == "2" and self.rng.random() < 0.7:
                self._rows["performance_periodmark"].append(
                    (
                        *self._personal(seat, subject),
                        given + timedelta(days=21),
                        FinalKind.RETAKE.value,
                        period,
                        1,
                        "3",
                        3,
                    )
                )

    # -- drawing -------------------------------------------------------------------------------

    def _value(self, person_id: UUID, subject: str, when: float, *, spread: float = 0.6) -> int:
        rng = self.rng
        ability = self._ability.setdefault(person_id, rng.gauss(4.2, 0.45))
        leaning = self._leaning.setdefault((person_id, subject), rng.gauss(0, 0.25))
        drift = leaning * (when - 0.5)
        return min(5, max(2, round(rng.gauss(ability + leaning + drift, spread))))

    def _teacher(self) -> str:
        rng = self.rng
        return f"{words.feminine(rng.choice(words.FAMILIES))} {rng.choice(words.MOTHERS)} {rng.choice(words.FATHERS)[2]}"

    def _record(self, seat: _Seat, subject: str) -> tuple[Any, ...]:
        self._number += 1
        return (
            self.journal.pk, f"d{self._number}", seat.year, seat.organisation_id, subject, 1, 0, self.recorded,
        )  # fmt: skip

    def _personal(self, seat: _Seat, subject: str) -> tuple[Any, ...]:
        return (*self._record(seat, subject), seat.person_id, seat.group_id, "")

    def _elsewhere(self, whole: UUID) -> list[UUID]:
        """So many schools as have about ``ELSEWHERE`` learners, one municipality after the other."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT organisation_id, n FROM (SELECT p.organisation_id, o.municipality_id, count(*) AS n, row_number() OVER "
                "(PARTITION BY o.municipality_id ORDER BY o.name_key, o.id) AS turn FROM enrolment_placement p "
                "JOIN organisations_organisation o ON o.id = p.organisation_id WHERE p.superseded_at IS NULL AND p.ends_on IS NULL "
                "AND p.grade BETWEEN 2 AND 11 AND p.is_main AND p.organisation_id <> %s GROUP BY p.organisation_id, o.municipality_id, "
                "o.name_key, o.id) t ORDER BY turn, organisation_id",
                [whole],
            )
            found, learners = [], 0
            for organisation_id, number in cursor.fetchall():
                if learners >= ELSEWHERE:
                    break
                found.append(organisation_id)
                learners += number
        return found


def periods(year: int) -> list[GradingPeriodDraft]:
    """Quarters for grades 1 to 9, half-years above."""

    def period(code: str, first: date, last: date, grades: tuple[int, int]) -> GradingPeriodDraft:
        ends_on = last + timedelta(days=1)
        return GradingPeriodDraft(code, first, ends_on, ends_on + timedelta(days=10), *grades)

    lower, upper = (1, 9), (10, 12)
    return [
        period("1", date(year, 9, 1), date(year, 10, 25), lower),
        period("2", date(year, 11, 5), date(year, 12, 30), lower),
        period("3", date(year + 1, 1, 12), date(year + 1, 3, 22), lower),
        period("4", date(year + 1, 4, 1), date(year + 1, 5, 26), lower),
        period("8", date(year, 9, 1), date(year, 12, 30), upper),
        period("9", date(year + 1, 1, 12), date(year + 1, 5, 26), upper),
    ]


def _is_holiday(day: date) -> bool:
    return (day.month, day.day) >= (10, 26) and (day.month, day.day) <= (11, 4)


def _plan(grade: int) -> dict[str, int]:
    return next((plan for grades, plan in WEEK.items() if grade in grades), WEEK[range(10, 13)])


def _seats(year: int, places: list[UUID]) -> Iterator[_Seat]:
    """Who sat in which class in a school year, the later class where there were two."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT ON (p.person_id) p.person_id, g.id, g.organisation_id, g.grade, g.school_year, p.starts_on, p.ends_on "
            "FROM enrolment_placement p JOIN enrolment_group g ON g.id = p.group_id WHERE g.school_year = %s AND p.is_main "
            "AND g.organisation_id = ANY(%s) AND g.grade IS NOT NULL AND p.superseded_at IS NULL "
            "AND p.programme_kind_code IN ('12', '13', '14') AND p.state = 'studying' ORDER BY p.person_id, p.starts_on DESC",
            [year, places],
        )
        yield from (_Seat(*row) for row in cursor.fetchall())
