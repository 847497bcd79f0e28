"""The check before creating one person, beside one indexed probe."""

from __future__ import annotations

from django.db import connection

from bench.measure import Result, interleaved
from kontingent.persons import queries
from kontingent.persons.matching import Fingerprint


def run(size: str) -> Result:
    """Ask for people of the register, one by one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT family_name, given_name, patronymic, birth_date, sex, snils FROM persons_person TABLESAMPLE SYSTEM (5) LIMIT 300"
        )
        people = cursor.fetchall()

    def ours(i: int) -> None:
        family, given, patronymic, born, sex, number = people[i % len(people)]
        queries.match_one(Fingerprint.of(family, given, patronymic, birth_date=born, sex=sex, snils=number))

    def floor(i: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id FROM persons_person WHERE birth_date = %s AND family_key = %s",
                [people[i % len(people)][3], "x"],
            )
            cursor.fetchall()

    mine, raw = interleaved(ours, floor, repeat=200)
    return Result("match_online", size, mine.p50, "ms", raw.p50, mine.p50 / raw.p50, mine.p50, mine.p95)
