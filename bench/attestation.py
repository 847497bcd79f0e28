"""Tables of РИС ГИА and of education documents – 30,000 results, 25,000 аттестаты – read, checked, matched and applied, beside raw COPY.

The learners of the register take the exams; a hundredth of the lines is wrong in every way that a РЦОИ gets them wrong.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date
from typing import Any

from bench.incoming import ACTOR, NAMED, Learner, as_sent, learners, measured, stage_open
from bench.measure import Result
from kontingent.achievements.attestation.codes import DeliveryKind
from kontingent.achievements.attestation.models import DeliveredRow, Delivery, EducationDocument, ExamResult
from kontingent.exchange.attestation.receiving import FILES

NAMES = {"attestation"}
RESULTS, DOCUMENTS = 30_000, 25_000
DAY = date(2026, 6, 3)
RESULT_HEAD = (
    *NAMED,
    "Форма",
    "Год",
    "Этап",
    "Предмет",
    "Дата экзамена",
    "Первичный балл",
    "Отметка",
    "Статус",
)
DOCUMENT_HEAD = (
    "Вид документа", "Статус документа", "Номер документа", "Дата выдачи", "Регистрационный номер", "С отличием", "Год окончания",
    "Фамилия получателя", "Имя получателя", "Отчество получателя", "Дата рождения получателя", "СНИЛС", "ОГРН организации",
)  # fmt: skip
SUBJECTS = ("1", "2", "12", "5", "8")


def run(size: str) -> Iterator[Result]:
    """Read, check and apply both files, then the results once more (a re-import changes nothing); leave the register as it was."""
    results, documents = (RESULTS, DOCUMENTS) if size != "XS" else (1_000, 800)
    with stage_open():
        people = learners(DAY, max(results // len(SUBJECTS) + 1, documents))
        for kind, head, rows in (
            (DeliveryKind.RESULTS, RESULT_HEAD, _results(people, results)),
            (DeliveryKind.DOCUMENTS, DOCUMENT_HEAD, _documents(people, documents)),
        ):
            yield from measured(f"attestation_{kind.value}", size, FILES, kind, [head, *rows])
        sent = list(Delivery.objects.filter(sent_by=ACTOR.code).values_list("id", flat=True))
        for model in (ExamResult, EducationDocument):
            model.objects.filter(delivery_id__in=sent).delete()
        DeliveredRow.objects.filter(delivery__in=sent).delete()
        Delivery.objects.filter(pk__in=sent).delete()


def _results(people: list[Learner], count: int) -> Iterator[tuple[Any, ...]]:
    rng = random.Random(59)
    for index in range(count):
        who, wrong = as_sent(people[index // len(SUBJECTS) % len(people)], rng)
        nth = index % len(SUBJECTS)
        subject = "777" if wrong == "subject" else SUBJECTS[nth]
        mark = 7 if wrong == "value" else rng.randint(2, 5)
        yield (
            *who.named, "ОГЭ", 2026, "основной", subject, f"{3 + 4 * nth:02d}.06.2026", rng.randint(5, 30), mark, "действует",
        )  # fmt: skip


def _documents(people: list[Learner], count: int) -> Iterator[tuple[Any, ...]]:
    rng = random.Random(60)
    for index in range(count):
        who = people[index % len(people)]
        number = f"05904{index:09d}" if rng.random() > 0.005 else f"59АБ{index:07d}"
        yield (
            "Аттестат об основном общем образовании", "Оригинал", number, "25.06.2026", str(index + 1), "нет", 2026, *who,
        )  # fmt: skip
