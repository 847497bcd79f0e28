"""What a result of an exam may say: by the form of the exam, nothing else is known of it here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from kontingent.achievements.attestation.codes import (
    ADMISSIONS,
    ExamForm,
    ExamStatus,
)

#: Least year of the present ГИА: earlier results are in archives.
EARLIEST: Final = 2009


class Fault(NamedTuple):
    """What is wrong with one value: the field, the value, what to do."""

    field: str
    value: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One result as a file or a person says it; codes are of the code lists."""

    form: str
    year: int
    stage_code: str
    subject_code: str
    held_on: date
    primary_score: int | None = None
    score: int | None = None
    mark: int | None = None
    passed: bool | None = None
    status_code: str = ExamStatus.VALID
    appeal_code: str = ""


def fault_of(one: Result, *, today: date) -> Fault | None:
    """Return the first thing that cannot be in a result, None where all can be."""
    for check in (_day, _scale, _outcome):
        if fault := check(one, today):
            return fault
    return None


def _day(one: Result, today: date) -> Fault | None:
    # The essay is written in the autumn before: the year of ГИА is the one that the school year ends in.
    latest = today.year + (one.form in ADMISSIONS and today.month >= 9)
    if one.year < EARLIEST or one.year > latest:
        return Fault("year", str(one.year), f"Год ГИА – от {EARLIEST} до {latest}. Исправьте год.")
    if one.held_on > today:
        return Fault("held_on", f"{one.held_on:%d.%m.%Y}", "Дата экзамена ещё не наступила. Исправьте дату.")
    first = date(one.year - 1, 9, 1) if one.form in ADMISSIONS else date(one.year, 1, 1)
    if not first <= one.held_on <= date(one.year, 12, 31):
        return Fault(
            "held_on",
            f"{one.held_on:%d.%m.%Y}",
            f"Дата не относится к ГИА {one.year} года. Исправьте дату или год.",
        )
    return None


def _scale(one: Result, _today: date) -> Fault | None:
    if one.primary_score is not None and not 0 <= one.primary_score <= 100:
        return Fault("primary_score", str(one.primary_score), "Первичный балл – от 0 до 100.")
    if one.score is not None and not 0 <= one.score <= 100:
        return Fault("score", str(one.score), "Тестовый балл – от 0 до 100.")
    if one.mark is not None and not 2 <= one.mark <= 5:
        return Fault("mark", str(one.mark), "Отметка – от 2 до 5.")
    if one.score is not None and one.form != ExamForm.EGE:
        return Fault("score", str(one.score), "Тестовый балл бывает только у ЕГЭ. У ОГЭ и ГВЭ – отметка.")
    if one.form in ADMISSIONS and one.mark is not None:
        return Fault("mark", str(one.mark), "У допуска нет отметки: «зачёт» или «незачёт».")
    return None


def _outcome(one: Result, _today: date) -> Fault | None:
    if one.status_code not in {ExamStatus.VALID, ExamStatus.RETAKE, ExamStatus.ANNULLED}:
        if one.score is not None or one.mark is not None:
            return Fault(
                "status",
                one.status_code,
                "Кто не явился или удалён, результата не имеет. Проверьте состояние или балл.",
            )
        return None
    if one.status_code != ExamStatus.VALID:
        return None
    if one.form in ADMISSIONS:
        if one.passed is None:
            return Fault("passed", "", "Укажите «зачёт» или «незачёт».")
        return None
    if one.score is None and one.mark is None:
        return Fault("score", "", "Нет ни тестового балла, ни отметки. Укажите то, что выставлено.")
    if one.mark is not None and one.passed is not None and one.passed != (one.mark >= 3):
        return Fault(
            "passed",
            "да" if one.passed else "нет",
            f"Отметка {one.mark} и признак порога противоречат друг другу.",
        )
    return None


class Least(NamedTuple):
    """The lowest score that a subject is passed with, from a year on."""

    subject_code: str
    since: int
    score: int


def passed_by_score(
    subject_code: str, year: int, score: int, least: Mapping[str, tuple[Least, ...]]
) -> bool | None:
    """Say whether a test score passes by the thresholds of its year; None where no threshold is known."""
    known = [one for one in least.get(subject_code, ()) if one.since <= year]
    return score >= max(known, key=lambda one: one.since).score if known else None
