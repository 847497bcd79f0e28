"""Protocols of olympiads – 30,000 lines of a municipal stage – read, checked, matched and applied, beside raw COPY.

A learner takes part in several subjects; a hundredth of the lines is wrong in every way that organisers get them wrong.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date
from typing import Any

from bench.incoming import ACTOR, NAMED, Learner, as_sent, learners, measured, stage_open
from bench.measure import Result
from kontingent.achievements.portfolio.codes import FileKind
from kontingent.achievements.portfolio.models import Achievement, ContestFile, ContestRow
from kontingent.codelists import queries as codelists
from kontingent.exchange.contests.receiving import FILES

NAMES = {"contests"}
LINES = 30_000
DAY = date(2026, 6, 3)
HEAD = (*NAMED, "Этап", "Предмет", "Дата проведения", "Статус", "Место")
SUBJECTS = ("Математика", "Физика", "Химия", "Биология", "География")
RESULTS = ("победитель", "призер", "участник")


def run(size: str) -> Iterator[Result]:
    """Read, check and apply a file, then once more (a re-import changes nothing); leave the register as it was."""
    number = LINES if size != "XS" else 1_000
    with stage_open():
        lines = _lines(learners(DAY, number // len(SUBJECTS) + 1), number)
        yield from measured(
            "contests", size, FILES, FileKind.OLYMPIAD, [HEAD, *lines], document="Протокол № 1", verified=True
        )
        sent = list(ContestFile.objects.filter(sent_by=ACTOR.code).values_list("id", flat=True))
        rows = ContestRow.objects.filter(delivery__in=sent)
        Achievement.objects.filter(pk__in=rows.exclude(written_id=None).values("written_id")).delete()
        rows.delete()
        ContestFile.objects.filter(pk__in=sent).delete()


def _lines(people: list[Learner], count: int) -> Iterator[tuple[Any, ...]]:
    rng = random.Random(61)
    unknown = [one for one in SUBJECTS if codelists.find("subject", one) is None]
    if unknown:
        raise RuntimeError(f"not in the code list of subjects: {unknown}")
    for index in range(count):
        who, wrong = as_sent(people[index // len(SUBJECTS) % len(people)], rng)
        subject, result, place = SUBJECTS[index % len(SUBJECTS)], rng.choice(RESULTS), rng.randint(1, 40)
        if wrong == "value":
            result = "чемпион мира"
        elif wrong == "subject":
            subject = "Прорицания"
        yield (*who.named, "муниципальный", subject, f"{DAY:%d.%m.%Y}", result, place)
