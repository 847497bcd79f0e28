"""The synthetic region: ``load("S")`` fills an empty register. Deterministic by seed; every person is invented."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.db import connection, transaction

from demo import (
    achievements,
    contests,
    epgu,
    exams,
    health,
    living,
    marker,
    personas,
    reconciliation,
    rollout,
    transfers,
)
from demo.histories import DELAYED, EVENING, INTELLECTUAL, LETTERS, Histories
from demo.marks import Marks
from demo.people import People
from demo.studies import Studies
from demo.territory import EMPTY_SCHOOL_OGRN, Chunk, Place, Territory
from demo.writer import Writer
from kontingent.enrolment import cube
from kontingent.kernel import clock
from kontingent.kernel.actor import system_actor
from kontingent.organisations import queries as organisations
from kontingent.organisations.models import Municipality
from kontingent.persons.models import Person
from kontingent.trajectory.cases import jobs as cases

#: Learners on the current day.
SIZES = {"XS": 300, "S": 10_000, "M": 100_000, "L": 550_000}
AS_OF = date(2026, 11, 20)
BEGAN = datetime(2021, 8, 20, 4, tzinfo=UTC)
GRADE_WEIGHTS = (11, 11, 10.5, 10.5, 10, 10, 9.5, 9.5, 9, 4.6, 4.4)


class NotEmpty(RuntimeError):
    """The register holds people already; the demo never mixes with them."""


@dataclass(frozen=True, slots=True)
class LoadSummary:
    """What was made."""

    organisations: int
    persons: int
    rows: int
    seconds: float


def is_loaded() -> bool:
    """Say whether the register holds anybody."""
    return Person.objects.exists()


def load(
    size: str, *, seed: int = 59, as_of: date = AS_OF, progress: Callable[[str], None] = lambda _text: None
) -> LoadSummary:
    """Fill the register; municipalities and code lists must be loaded. Refuses a register that holds people."""
    if is_loaded():
        raise NotEmpty("В базе уже есть люди: вымышленный регион загружается только в пустую базу.")
    started = clock.now()
    rng = random.Random(seed)
    writer = Writer()
    people = People(rng, writer, BEGAN)
    actor = system_actor("demo", "Вымышленный регион")
    territory = Territory(rng, people, writer, actor)
    histories = Histories(rng, people, writer, Studies(seed, writer), as_of)
    places = _municipalities(as_of)
    if size == "XS":
        places = [m for m in places if m.code in {"perm", "lysva"}]
    chunks = territory.chunks(places, SIZES[size])
    perm = next(m for m in places if m.code == "perm")
    empty = territory.organisation(
        perm, "12",
        "Муниципальное автономное общеобразовательное учреждение «Средняя общеобразовательная школа № 12» г. Перми",
        "СОШ № 12, г. Пермь", EMPTY_SCHOOL_OGRN, "г. Пермь", rural=False, capacity=900,
    )  # fmt: skip
    count = len(territory.rows)
    with transaction.atomic():
        territory.save()
        for index, chunk in enumerate(chunks, start=1):
            _fill(chunk, histories, rng)
            writer.flush()
            histories.forget()
            if index % max(1, len(chunks) // 10) == 0:
                progress(f"  {100 * index // len(chunks)} % – людей: {people.count // 8:,}".replace(",", " "))
        writer.flush()
        _restart_sequences(histories.movement_id)
        personas.appoint(chunks, empty)
        health.write(personas.home_of(chunks).id, seed=seed)
        home, delivered = personas.home_of(chunks).id, Marks(seed, as_of, actor)
        marks = delivered.write(home)
        reconciliation.write(home, delivered.journal, delivered.year.begins_in)
        transfers.write(home, personas.nearby_of(chunks))
        epgu.write(home, seed=seed)
        exams.write(home, seed=seed)
        achievements.write(home, seed=seed)
        cube.forget()
    _analyse()
    contests.write(home)
    if (school := living.school_of(chunks, personas.home_of(chunks))) is not None:
        living.write(school)
    cases.find_everybody()
    rollout.write(perm.id, seed=seed)
    marker.mark(f"size {size}, seed {seed}")
    persons = Person.objects.count()
    return LoadSummary(count, persons, writer.written + marks, (clock.now() - started).total_seconds())


def _municipalities(as_of: date) -> list[Municipality]:
    return list(organisations.municipalities(as_of).order_by("sort_key"))


def _fill(chunk: Chunk, histories: Histories, rng: random.Random) -> None:
    for school in chunk.schools:
        _fill_school(chunk, school, histories, rng)
        for _ in range(round(school.size * 0.22)):
            histories.leaver(school)
    for kindergarten in chunk.kindergartens:
        for _ in range(kindergarten.size):
            histories.toddler(kindergarten)
    for college in chunk.colleges:
        for _ in range(college.size):
            histories.student(chunk, college)
        for _ in range(round(college.size * 0.2)):
            histories.alumnus(chunk, college)


def _fill_school(chunk: Chunk, school: Place, histories: Histories, rng: random.Random) -> None:
    total = sum(GRADE_WEIGHTS)
    carry = 0.0
    for grade, weight in enumerate(GRADE_WEIGHTS, start=1):
        carry += school.size * weight / total
        pupils, carry = int(carry), carry - int(carry)
        letters = LETTERS[: max(1, min(len(LETTERS), round(pupils / 26)))]
        for index in range(pupils):
            letter = _special_letter(school, grade, rng) or letters[index % len(letters)]
            child = histories.pupil(chunk, school, grade, letter)
            if chunk.clubs and rng.random() < 0.42:
                histories.circle(child, rng.choice(chunk.clubs))

    for grade in range(1, 1 + round(school.size / 60)):
        histories.extern(school, grade)
    if school.is_evening:
        for _ in range(3):
            histories.pupil(chunk, school, 12, EVENING)


def _special_letter(school: Place, grade: int, rng: random.Random) -> str:
    """Now and then a child learns in a class of its own kind, where the school has one."""
    chance = rng.random()
    if school.is_correctional and grade <= 9:
        return DELAYED if chance < 0.07 else INTELLECTUAL if chance < 0.1 else ""
    if school.is_evening and grade >= 10:
        return EVENING if chance < 0.15 else ""
    return ""


def _restart_sequences(last_movement: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT setval(pg_get_serial_sequence('enrolment_movement', 'id'), %s)", [max(1, last_movement)]
        )


def _analyse() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
