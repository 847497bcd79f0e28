"""A file of rows on its way in, read, checked, matched and applied, beside raw COPY; then once more, which changes nothing."""

from __future__ import annotations

import csv
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any, Final, NamedTuple

import psutil
from django.db import connection

from bench.imports import raw_copy
from bench.measure import Result
from kontingent.exchange.incoming.receiving import Receiving
from kontingent.exchange.staging import wire
from kontingent.kernel import clock
from kontingent.kernel.actor import system_actor
from kontingent.stages.models import StageOrder
from kontingent.storage.scope import scoped

ACTOR: Final = system_actor("bench", "Измерение")
#: So much of a file must be new: a hundredth of its lines is wrong.
LEAST_NEW: Final = 0.97
#: How tables head the columns that name a person.
NAMED: Final = ("Фамилия", "Имя", "Отчество", "Дата рождения", "СНИЛС")


@contextmanager
def stage_open() -> Iterator[None]:
    """Stage three is open everywhere for a while."""
    order = StageOrder.objects.create(
        stage="3", opens=True, municipality=None, starts_on=clock.today(), number="замер", dated=clock.today(), recorded_at=clock.now(), recorded_by=ACTOR.name,
    )  # fmt: skip
    try:
        yield
    finally:
        order.delete()


def measured(
    name: str, size: str, files: Receiving[Any], kind: str, table: Sequence[Sequence[Any]], **said: Any
) -> Iterator[Result]:
    """Yield the rows a second checked; checked and applied; found unchanged. The first line of a table is its head."""
    process, number = psutil.Process(), len(table) - 1
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file, delimiter=";").writerows(table)
        content = path.read_bytes()
        floor = number / raw_copy(path)

    def told(more: str, seconds: float, unit: str, **also: Any) -> Result:
        figure = number / seconds
        return Result(f"{name}{more}", size, figure, unit, floor, figure / floor, **also)

    def sent() -> tuple[Any, float]:
        started = time.perf_counter()
        with scoped(ACTOR):
            one = files.receive(
                actor=ACTOR,
                kind=kind,
                organisation_id=None,
                file=BytesIO(content),
                filename="table.csv",
                **said,
            )
        return files.read(one.id), time.perf_counter() - started

    before = process.memory_info().rss
    one, checking = sent()
    grown = (process.memory_info().rss - before) / 1e6
    if one.state != "checked" or one.totals.get("create", 0) < number * LEAST_NEW:
        raise RuntimeError(f"unexpected check: {one.state} {one.refusal} {one.totals}")
    yield told("", checking, "rows/s checked and matched", rss_mb=grown)
    started = time.perf_counter()
    with scoped(ACTOR):
        files.intake.claim(actor=ACTOR, file_id=one.id, asked_by=wire.actor_to_json(ACTOR))
    files.apply(one.id)
    yield told("_all", checking + time.perf_counter() - started, "rows/s checked and applied")
    again, checking = sent()
    if again.has_work:
        raise RuntimeError(f"not idempotent: {again.totals}")
    yield told("_again", checking, "rows/s found unchanged")


class Learner(NamedTuple):
    """A learner as the register names them, with the school."""

    family: str
    given: str
    patronymic: str
    born: str
    snils: str
    ogrn: str

    @property
    def named(self) -> tuple[str, ...]:
        """The columns of ``NAMED``."""
        return self[:5]


def as_sent(one: Learner, rng: random.Random) -> tuple[Learner, str]:
    """Return a learner as senders name them – often without СНИЛС, seldom nobody of the register – and what else of the line they get wrong.

    A hundredth of the lines is wrong: ``value``, ``subject`` or the name itself.
    """
    drawn = rng.random()
    if drawn < 0.002:
        return one, "value"
    if drawn < 0.004:
        return one._replace(family="Неизвестнов", snils=""), ""
    if drawn < 0.006:
        return one, "subject"
    return one._replace(snils="") if drawn < 0.3 else one, ""


def learners(on: date, count: int) -> list[Learner]:
    """Return learners of a day."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM (SELECT DISTINCT ON (p.id) p.family_name, p.given_name, p.patronymic, to_char(p.birth_date, 'DD.MM.YYYY'), "
            "coalesce(p.snils, ''), o.ogrn FROM persons_person p JOIN enrolment_enrolment e ON e.person_id = p.id AND e.superseded_at IS NULL "
            "AND e.is_main AND e.starts_on <= %s AND e.level_code <> '11' JOIN organisations_organisation o ON o.id = e.organisation_id "
            "WHERE p.merged_into_id IS NULL ORDER BY p.id, e.starts_on DESC) x LIMIT %s",
            [on, count],
        )
        return [Learner(*row) for row in cursor.fetchall()]
