"""Tables of РИС ГИА and of education documents – 30,000 results, 25,000 аттестаты – read, checked, matched and applied, beside raw COPY.

The learners of the register take the exams; a hundredth of the lines is wrong in every way that a РЦОИ gets them wrong.
"""

from __future__ import annotations

import csv
import random
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import psutil
from django.db import connection

from bench.imports import raw_copy
from bench.measure import Result
from kontingent.achievements.attestation import actions
from kontingent.achievements.attestation.codes import DeliveryKind
from kontingent.achievements.attestation.models import DeliveredRow, Delivery, EducationDocument, ExamResult
from kontingent.exchange.attestation import receiving
from kontingent.exchange.staging import wire
from kontingent.kernel import clock
from kontingent.kernel.actor import system_actor
from kontingent.stages.models import StageOrder
from kontingent.storage.scope import scoped

NAMES = {"attestation"}
RESULTS, DOCUMENTS = 30_000, 25_000
DAY = date(2026, 6, 3)
RESULT_HEAD = ("Фамилия", "Имя", "Отчество", "Дата рождения", "СНИЛС", "Форма", "Год", "Этап", "Предмет", "Дата экзамена", "Первичный балл", "Отметка", "Статус")  # fmt: skip
DOCUMENT_HEAD = (
    "Вид документа", "Статус документа", "Номер документа", "Дата выдачи", "Регистрационный номер", "С отличием", "Год окончания",
    "Фамилия получателя", "Имя получателя", "Отчество получателя", "Дата рождения получателя", "СНИЛС", "ОГРН организации",
)  # fmt: skip
SUBJECTS = ("1", "2", "12", "5", "8")


def run(size: str) -> Iterator[Result]:
    """Read, check and apply both files, then the results once more (a re-import changes nothing); leave the register as it was."""
    results, documents = (RESULTS, DOCUMENTS) if size != "XS" else (1_000, 800)
    stage = StageOrder.objects.create(
        stage="3", opens=True, municipality=None, starts_on=clock.today(), number="замер", dated=clock.today(), recorded_at=clock.now(), recorded_by="Измерение",
    )  # fmt: skip
    try:
        people = _people(max(results // len(SUBJECTS) + 1, documents))
        yield from _measure(size, DeliveryKind.RESULTS, RESULT_HEAD, list(_results(people, results)))
        yield from _measure(size, DeliveryKind.DOCUMENTS, DOCUMENT_HEAD, list(_documents(people, documents)))
    finally:
        sent = list(Delivery.objects.filter(sent_by="system:bench").values_list("id", flat=True))
        for model in (ExamResult, EducationDocument):
            model.objects.filter(delivery_id__in=sent).delete()
        DeliveredRow.objects.filter(delivery__in=sent).delete()
        Delivery.objects.filter(pk__in=sent).delete()
        stage.delete()


def _measure(
    size: str, kind: DeliveryKind, head: tuple[str, ...], rows: list[tuple[Any, ...]]
) -> Iterator[Result]:
    process, actor, number = psutil.Process(), system_actor("bench", "Измерение"), len(rows)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file, delimiter=";").writerows([head, *rows])
        content = path.read_bytes()
        floor = number / raw_copy(path)
    before = process.memory_info().rss
    one, checking = _sent(actor, kind, content)
    grown = (process.memory_info().rss - before) / 1e6
    if one.state != "checked" or one.totals.get("create", 0) < number * 0.97:
        raise RuntimeError(f"unexpected check: {one.state} {one.refusal} {one.totals}")
    name = f"attestation_{kind.value}"
    yield Result(
        name,
        size,
        number / checking,
        "rows/s checked and matched",
        floor,
        number / checking / floor,
        rss_mb=grown,
    )
    started = time.perf_counter()
    with scoped(actor):
        actions.INTAKE.claim(actor=actor, file_id=one.id, asked_by=wire.actor_to_json(actor))
    receiving.apply(one.id)
    applying = time.perf_counter() - started
    yield Result(
        f"{name}_all",
        size,
        number / (checking + applying),
        "rows/s checked and applied",
        floor,
        number / (checking + applying) / floor,
    )
    again, checking = _sent(actor, kind, content)
    if again.totals.get("create") or again.totals.get("change"):
        raise RuntimeError(f"not idempotent: {again.totals}")
    yield Result(
        f"{name}_again", size, number / checking, "rows/s found unchanged", floor, number / checking / floor
    )


def _sent(actor: Any, kind: DeliveryKind, content: bytes) -> tuple[Delivery, float]:
    started = time.perf_counter()
    with scoped(actor):
        one = receiving.receive(
            actor=actor, kind=kind, organisation_id=None, file=BytesIO(content), filename="table.csv"
        )
    one = receiving.read(one.id)
    return one, time.perf_counter() - started


def _people(count: int) -> list[tuple[Any, ...]]:
    """Learners with where they study, one a person, as the register names them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM (SELECT DISTINCT ON (p.id) p.family_name, p.given_name, p.patronymic, to_char(p.birth_date, 'DD.MM.YYYY'), "
            "coalesce(p.snils, ''), o.ogrn FROM persons_person p JOIN enrolment_enrolment e ON e.person_id = p.id AND e.superseded_at IS NULL "
            "AND e.is_main AND e.starts_on <= %s AND e.level_code <> '11' JOIN organisations_organisation o ON o.id = e.organisation_id "
            "WHERE p.merged_into_id IS NULL ORDER BY p.id, e.starts_on DESC) x LIMIT %s",
            [DAY, count],
        )
        return list(cursor.fetchall())


def _results(people: list[tuple[Any, ...]], count: int) -> Iterator[tuple[Any, ...]]:
    rng = random.Random(59)
    for index in range(count):
        family, given, patronymic, born, snils, _ = people[index // len(SUBJECTS) % len(people)]
        subject = SUBJECTS[index % len(SUBJECTS)]
        mark: Any = rng.randint(2, 5)
        wrong = rng.random()
        if wrong < 0.002:
            mark = 7
        elif wrong < 0.004:
            family = "Неизвестнов"
            snils = ""
        elif wrong < 0.006:
            subject = "777"
        elif wrong < 0.3:
            snils = ""
        yield (
            family,
            given,
            patronymic,
            born,
            snils,
            "ОГЭ",
            2026,
            "основной",
            subject,
            f"{3 + int(SUBJECTS.index(SUBJECTS[index % 5]) * 4):02d}.06.2026",
            rng.randint(5, 30),
            mark,
            "действует",
        )


def _documents(people: list[tuple[Any, ...]], count: int) -> Iterator[tuple[Any, ...]]:
    rng = random.Random(60)
    for index in range(count):
        family, given, patronymic, born, snils, ogrn = people[index % len(people)]
        number = f"05904{index:09d}" if rng.random() > 0.005 else f"59АБ{index:07d}"
        yield (
            "Аттестат об основном общем образовании", "Оригинал", number, "25.06.2026", str(index + 1), "нет", 2026, family, given, patronymic, born, snils, ogrn,
        )  # fmt: skip
