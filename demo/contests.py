"""A protocol of an olympiad as its organiser would send it: the sample file, and its delivery on the page of the first school, checked and not yet applied.

Some lines are wrong in ways that happen, so that the page has something to say. Stage three is opened by ``demo.exams``.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from uuid import UUID

from django.conf import settings

from kontingent.achievements.portfolio.codes import FileKind
from kontingent.achievements.portfolio.models import ContestFile
from kontingent.enrolment.models import Placement
from kontingent.exchange.contests.receiving import FILES, receive
from kontingent.kernel import clock
from kontingent.kernel.actor import system_actor
from kontingent.storage.scope import scoped

NAME = "итоги-олимпиады-образец.csv"
HEAD = ("ФИО участника", "Дата рождения", "СНИЛС", "Класс", "Этап", "Предмет", "Дата проведения", "Статус участника", "Место", "Учитель")  # fmt: skip
HELD = date(2026, 11, 12)
PLACES = ("победитель", "призер", "призер", "участник")
PROTOCOL = "Протокол № 7 от 16.11.2026"
#: Learners in the protocol; so many believable mistakes come on top.
PARTICIPANTS = 12


def sample() -> Path:
    """Return where the sample lies, for trying the page by hand."""
    return Path(settings.VAR_DIR) / "samples" / NAME


def write(school_id: UUID) -> ContestFile | None:
    """Write the sample and send it in for the school; nothing where the school has no learners of these grades."""
    actor, lines = system_actor("demo", "Вымышленный регион"), list(_lines(school_id))
    if not lines:
        return None
    path = sample()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=";").writerows([HEAD, *lines])
    with path.open("rb") as file, scoped(actor):
        one = receive(
            actor=actor, kind=FileKind.OLYMPIAD, organisation_id=school_id, file=file, filename=NAME, document=PROTOCOL, verified=True
        )  # fmt: skip
    return FILES.read(one.pk)


def _lines(school_id: UUID) -> Iterator[tuple[object, ...]]:
    held = min(HELD, clock.today())
    learners = (
        Placement.objects.filter(
            organisation_id=school_id, superseded_at=None, ends_on=None, is_main=True, grade__gte=7, starts_on__lte=held
        )
        .select_related("person", "group")
        .order_by("grade", "person_id")[:PARTICIPANTS]
    )  # fmt: skip
    rows = []
    for number, one in enumerate(learners):
        person = one.person
        result = PLACES[number % len(PLACES)]
        rows.append(
            [
                person.full_name, f"{person.birth_date:%d.%m.%Y}", person.snils or "", one.group.title if one.group else "", "муниципальный",
                ("Математика", "Физика", "Биология")[number % 3], f"{held:%d.%m.%Y}", result,
                number // 3 + 1 if result != "участник" else "", "Попова И. С.",
            ]
        )  # fmt: skip
    yield from map(tuple, rows)
    for row in rows[:1]:
        yield tuple(row)  # said twice
        yield ("Небывалова Мария Ильинична", "03.04.2012", "", *row[3:])
        yield (*row[:5], "Прорицания", *row[6:])
        yield (*row[:2], "112-233-445 00", *row[3:5], "Химия", *row[6:])
