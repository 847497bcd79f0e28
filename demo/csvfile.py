"""Big class lists for the benchmark of the import: CSV files in the layout of a tidy school export."""

from __future__ import annotations

import csv
import random
from datetime import date, timedelta
from pathlib import Path

from django.db import connection

from demo import words
from kontingent.kernel import snils
from kontingent.kernel.snils import format_snils

HEAD = (
    "Фамилия;Имя;Отчество;Дата рождения;Место рождения;Пол;СНИЛС;Гражданство;Документ;Серия;Номер;Дата выдачи;Кем выдан;"
    "Адрес регистрации;Адрес фактический;Класс;Литера;Дата зачисления;Приказ №;Представитель фамилия;Представитель имя;"
    "Представитель отчество;Представитель СНИЛС;Представитель дата рождения;Кем приходится"
).split(";")
LETTERS = "АБВГДЕЖЗИК"


def write_new_learners(path: Path, count: int, *, seed: int = 7) -> None:
    """Write ``count`` learners whom the register does not know, each with a representative."""
    rng = random.Random(seed)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(HEAD)
        for number in range(count):
            writer.writerow(_row(rng, number))


def _row(rng: random.Random, number: int) -> list[str]:
    female = rng.random() < 0.5
    family = rng.choice(words.FAMILIES)
    father = rng.choice(words.FATHERS)
    grade = rng.randint(1, 11)
    born = date(2026 - grade - 6, 1, 1) + timedelta(days=rng.randint(-100, 240))
    address = f"{rng.randint(614000, 619999)}, Пермский край, г. Пермь, ул. {rng.choice(words.STREETS)}, д. {rng.randint(1, 140)}, кв. {rng.randint(1, 120)}"
    return [
        words.feminine(family) if female else family, rng.choice(words.FEMALE if female else words.MALE),
        father[2 if female else 1], f"{born:%d.%m.%Y}", "г. Пермь", "Ж" if female else "М", _snils(number), "РФ",
        "Свидетельство о рождении", f"{'X' * (1 + number // 1_000_000)}-{rng.choice('ЛМНП')}{rng.choice('ЛМНП')}", f"{number % 1_000_000:06d}",
        f"{born + timedelta(days=20):%d.%m.%Y}", "отдел ЗАГС", address, address, str(grade), LETTERS[number % len(LETTERS)],
        "01.09.2026", f"{number % 40 + 1}-з", words.feminine(family), rng.choice(words.MOTHERS), rng.choice(words.FATHERS)[2],
        _snils(50_000_000 + number), f"{born - timedelta(days=10_000 + number % 3000):%d.%m.%Y}", "мать",
    ]  # fmt: skip


def _snils(number: int) -> str:
    """Numbers from 9xx million on: the region's own begin below."""
    head = f"{900_000_000 - number - 1:09d}"
    return format_snils(f"{head}{snils.control_number(head):02d}")


def write_known_learners(path: Path, count: int) -> None:
    """Write learners of the register as it knows them: a second delivery, in which nothing has changed."""
    with connection.cursor() as cursor, path.open("w", encoding="utf-8", newline="") as file:
        cursor.execute(
            "SELECT family_name, given_name, patronymic, birth_date, sex, snils FROM persons_person p "
            "WHERE snils IS NOT NULL AND EXISTS (SELECT 1 FROM enrolment_enrolment e WHERE e.person_id = p.id) LIMIT %s",
            [count],
        )
        writer = csv.writer(file, delimiter=";")
        writer.writerow(["Фамилия", "Имя", "Отчество", "Дата рождения", "Пол", "СНИЛС"])
        for family, given, patronymic, born, sex, number in cursor.fetchall():
            writer.writerow(
                [
                    family,
                    given,
                    patronymic,
                    f"{born:%d.%m.%Y}",
                    "М" if sex == "1" else "Ж",
                    format_snils(number),
                ]
            )
