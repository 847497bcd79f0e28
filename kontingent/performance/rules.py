"""Rules of performance: what a mark may be, averages and trends, who slips, what is late, how long it is kept. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any, NamedTuple

from kontingent.kernel.errors import InvalidValue
from kontingent.kernel.school_year import SchoolYear
from kontingent.performance.codes import FinalKind, MarkSystem, Refusal, Word

# -- one mark ----------------------------------------------------------------------------------

_WORDS = {
    "зач": Word.PASSED, "зачёт": Word.PASSED, "зачет": Word.PASSED, "зачтено": Word.PASSED,
    "незач": Word.FAILED, "незачёт": Word.FAILED, "незачет": Word.FAILED, "не зачтено": Word.FAILED,
    "осв": Word.EXEMPT, "осв.": Word.EXEMPT, "освобождён": Word.EXEMPT, "освобожден": Word.EXEMPT,
    "освобождена": Word.EXEMPT, "н/а": Word.NOT_ATTESTED, "на": Word.NOT_ATTESTED,
    "не аттестован": Word.NOT_ATTESTED, "не аттестована": Word.NOT_ATTESTED,
}  # fmt: skip
_ALWAYS = frozenset({Word.EXEMPT, Word.NOT_ATTESTED})
_PASS = frozenset({Word.PASSED, Word.FAILED})
HEAVIEST = Decimal(10)


class Mark(NamedTuple):
    """A mark as it is kept: its text, and the number behind it where there is one."""

    text: str
    score: int | None


def read_mark(text: str, system: MarkSystem) -> Mark:
    """Read a mark of a system: 1–5, 0–100, зачёт and незачёт; «осв.» and «н/а» belong to every system."""
    clean = text.strip().lower()
    word = _WORDS.get(clean)
    if word is not None and (word in _ALWAYS or (system is MarkSystem.PASS and word in _PASS)):
        return Mark(word.value, None)
    if clean.isascii() and clean.isdigit() and len(clean) <= 3:
        score = int(clean)
        if (system is MarkSystem.FIVE and 1 <= score <= 5) or (system is MarkSystem.HUNDRED and score <= 100):
            return Mark(str(score), score)
    raise InvalidValue(
        Refusal.VALUE.value, f"Отметки «{text[:20]}» в этой системе нет: {ALLOWED[system]}.", value=text[:20]
    )


ALLOWED = {
    MarkSystem.FIVE: "бывают 1–5, «осв.» и «н/а»",
    MarkSystem.HUNDRED: "бывают 0–100, «осв.» и «н/а»",
    MarkSystem.PASS: "бывают «зачёт», «незачёт», «осв.» и «н/а»",
}


#: Closing marks that are a debt until made good (273-ФЗ, art. 58 part 2): in every system, and of five points.
UNSATISFACTORY_WORDS = frozenset({Word.FAILED.value, Word.NOT_ATTESTED.value})
UNSATISFACTORY_POINTS = frozenset({"1", "2"})


def is_unsatisfactory(mark: str, system: MarkSystem) -> bool:
    """Say whether a closing mark is a debt until made good."""
    return mark in UNSATISFACTORY_WORDS or (system is MarkSystem.FIVE and mark in UNSATISFACTORY_POINTS)


def has_marks(grade: int | None) -> bool:
    """Say whether learners of a grade are given marks at all: those of the first are not."""
    return grade != 1


# -- a child's subject -------------------------------------------------------------------------


class Weighed(NamedTuple):
    """A mark as an average sees it."""

    day: date
    score: int
    weight: Decimal


def average(marks: Iterable[Weighed]) -> Decimal | None:
    """Return the weighted average of marks of one system to two digits, None where nothing weighs."""
    total = weights = Decimal(0)
    for mark in marks:
        total += mark.score * mark.weight
        weights += mark.weight
    if not weights:
        return None
    return (total / weights).quantize(Decimal("0.01"), ROUND_HALF_UP)


class Trend(StrEnum):
    """Which way a subject goes."""

    UP = "up"
    DOWN = "down"
    STEADY = "steady"


class Thresholds(NamedTuple):
    """Where the lines are drawn; the values are data (code list ``performance_threshold``).

    A trend needs ``fewest`` marks, and a change of the average by ``noticeable`` between the older and the newer half.
    A learner slips below ``failing``, or below ``watched`` and falling. Figures of fewer than ``shown`` learners are kept
    back from whoever is not of their school.
    """

    failing: Decimal
    watched: Decimal
    noticeable: Decimal
    fewest: int
    shown: int


class Halves(NamedTuple):
    """A subject's marks in short: how many, and the averages of all, of the older and of the newer half."""

    number: int
    mean: Decimal | None
    before: Decimal | None
    after: Decimal | None


def halves(marks: Sequence[Weighed]) -> Halves:
    """Cut marks into the older and the newer half; of an odd number the one in the middle is new."""
    ordered = sorted(marks, key=lambda mark: mark.day)
    middle = len(ordered) // 2
    return Halves(len(ordered), average(ordered), average(ordered[:middle]), average(ordered[middle:]))


def trend(marks: Halves, lines: Thresholds) -> Trend | None:
    """Compare the newer half of the marks with the older one; None where there are too few to tell."""
    if marks.number < lines.fewest or marks.before is None or marks.after is None:
        return None
    if abs(marks.after - marks.before) < lines.noticeable:
        return Trend.STEADY
    return Trend.UP if marks.after > marks.before else Trend.DOWN


def slips(mean: Decimal | None, direction: Trend | None, lines: Thresholds) -> bool:
    """Say whether a learner slips in a subject: failing, or low and falling."""
    if mean is None:
        return False
    return mean < lines.failing or (mean < lines.watched and direction is Trend.DOWN)


def slipping_rule(lines: Thresholds) -> str:
    """Say the rule to people."""
    return (
        f"средний балл ниже {lines.failing} или ниже {lines.watched} и падает (новая половина отметок хуже прежней на "
        f"{lines.noticeable} и больше; отметок не меньше {lines.fewest})"
    ).replace(".", ",")


# -- a class -----------------------------------------------------------------------------------


class Quality(NamedTuple):
    """Share of learners, in percent: with no unsatisfactory mark (успеваемость), and with only 4 and 5 (качество)."""

    attested: int
    achievement: int | None
    quality: int | None


def quality(marks_of_learners: Iterable[Collection[str]]) -> Quality:
    """Return успеваемость and качество from each learner's marks of a period.

    A learner with no marks is not attested and counts in neither; «осв» and «зач» hinder nobody.
    """
    attested = passed = good = 0
    for marks in marks_of_learners:
        if not marks:
            continue
        attested += 1
        unsatisfactory = any(is_unsatisfactory(mark, MarkSystem.FIVE) for mark in marks)
        passed += not unsatisfactory
        good += not unsatisfactory and "3" not in marks
    return shares(attested, passed, good)


def shares(attested: int, passed: int, good: int) -> Quality:
    """Return the shares of learners counted already: who passed, and who of them has only 4 and 5."""
    if not attested:
        return Quality(0, None, None)
    return Quality(attested, round(100 * passed / attested), round(100 * good / attested))


def kept_back(numbers: Mapping[Any, int], fewest: int) -> set[Any]:
    """Return which rows of a table are not shown, so that no child is guessed from the rest.

    Rows of fewer than ``fewest`` learners, and, since the total is shown, so many of the next ones that those hidden are
    at least two and at least ``fewest`` learners together. Rows without learners tell nothing and stay.
    """
    filled = sorted((number, str(key), key) for key, number in numbers.items() if number)
    hidden = [one for one in filled if one[0] < fewest]
    for one in filled[len(hidden) :]:
        if not hidden or (len(hidden) > 1 and sum(number for number, _, _ in hidden) >= fewest):
            break
        hidden.append(one)
    return {key for _, _, key in hidden}


# -- debts -------------------------------------------------------------------------------------


class Closing(NamedTuple):
    """A closing mark of one learner in one subject and school year."""

    year: int
    subject: str
    kind: FinalKind
    mark: str
    system: MarkSystem
    day: date


@dataclass(frozen=True, slots=True)
class Debt:
    """An academic debt: the subject and since when; ``cleared_on`` once it is made good."""

    year: int
    subject: str
    since: date
    cleared_on: date | None


def debts(marks: Iterable[Closing]) -> list[Debt]:
    """Return the academic debts that yearly marks left, cleared by a later satisfactory retake or exam."""
    ordered = sorted(marks, key=lambda mark: (mark.year, mark.subject, mark.day))
    found = []
    for mark in ordered:
        if mark.kind is FinalKind.YEAR and is_unsatisfactory(mark.mark, mark.system):
            cleared = next(
                (
                    other.day
                    for other in ordered
                    if (other.year, other.subject) == (mark.year, mark.subject)
                    and other.kind in (FinalKind.RETAKE, FinalKind.EXAM)
                    and other.day >= mark.day
                    and not is_unsatisfactory(other.mark, other.system)
                ),
                None,
            )
            found.append(Debt(mark.year, mark.subject, mark.day, cleared))
    return found


# -- keeping -----------------------------------------------------------------------------------


def kept_until(year: SchoolYear, years: int) -> date:
    """Return the first day on which records of a school year may be destroyed, kept for so many years."""
    return SchoolYear(year.begins_in + years).ends_on


# -- refusals of rows --------------------------------------------------------------------------


class Told(NamedTuple):
    """What a refusal says: what is wrong; what the program of a journal is to do; what a person does who reads of it on a page of the register."""

    detail: str
    remedy: str
    by_hand: str


_IN_JOURNAL = "Исправьте запись в журнале: со следующим чтением она придёт снова."
_BY_OPERATOR = "Перешлите это место тому, кто ведёт журнал: файл составлен не так, как описано."
TOLD: dict[Refusal, Told] = {
    Refusal.LEARNER_UNKNOWN: Told(
        "Такого ученика среди обучающихся организаций вашей системы нет.",
        "Возьмите идентификатор из GET /api/v1/learners; если ученик не зачислен, оформите приказ, затем повторите строку.",
        "Откройте «Сверку с журналом»: там предложено, кто это. Если ученик учится, но не зачислен, подпишите приказ; если не учится – уберите его из журнала.",
    ),
    Refusal.LEARNER_NOT_ENROLLED: Told(
        "В этот день ученик не числится в организациях вашей системы.",
        "Проверьте дату и приказы о зачислении и выбытии, затем повторите строку.",
        "Сверьте день записи с приказами о зачислении и выбытии. Если приказа не хватает или в нём другая дата – исправьте приказ, иначе дату в журнале.",
    ),
    Refusal.GRADE_ONE: Told(
        "Ученик первого класса: отметки в нём не ставят.", "Не передавайте отметок первого класса.",
        "Отметки первого класса реестр не ведёт: уберите их из журнала. Если ученик не первоклассник, исправьте его класс приказом.",
    ),
    Refusal.CLASS_UNKNOWN: Told(
        "Такого класса в организациях вашей системы в этом учебном году нет.",
        "Укажите идентификатор класса из GET /api/v1/learners или его название вместе с ОГРН (organisation).",
        "Откройте «Сверку с журналом» и укажите, какой это класс реестра; если класса ещё нет – откройте его на странице «Классы».",
    ),
    Refusal.SUBJECT_UNKNOWN: Told(
        "Предмет не сопоставлен с предметами реестра.",
        "Передайте код справочника subject или сопоставьте название в реестре, затем повторите строку.",
        "Откройте «Сверку с журналом» и выберите, какой это предмет реестра.",
    ),
    Refusal.VALUE: Told(
        "Такой отметки в этой системе оценивания нет.", "Исправьте value или system и повторите строку.",
        f"Пятибалльная – от 1 до 5, стобалльная – от 0 до 100, словами – зач, незач, осв, н/а. {_IN_JOURNAL}",
    ),
    Refusal.SYSTEM: Told(
        "Такой системы оценивания нет.", "Укажите код справочника mark_system: 1, 6 или 90.",
        f"Есть пятибалльная, стобалльная и зачёт. {_BY_OPERATOR}",
    ),
    Refusal.WEIGHT: Told(
        "Вес отметки вне пределов.", f"Укажите weight от 0 до {HEAVIEST}.", f"Вес – от 0 до {HEAVIEST}. {_IN_JOURNAL}",
    ),
    Refusal.WORK: Told(
        "Такого вида работы нет.", "Укажите код справочника work_kind или other.",
        f"Виды работ перечислены в «Справочниках». {_BY_OPERATOR}",
    ),
    Refusal.ABSENCE: Told(
        "Такой отметки посещаемости нет.", "Укажите н, б, у или о (attendance_code).", f"Есть н, б, у и о. {_IN_JOURNAL}"
    ),
    Refusal.FINAL_KIND: Told(
        "Такого вида итоговой отметки нет.", "Укажите код справочника final_kind.",
        f"Виды итоговых отметок перечислены в «Справочниках». {_BY_OPERATOR}",
    ),
    Refusal.PERIOD: Told(
        "Такого учебного периода нет.", "Укажите код справочника study_period.",
        f"Учебные периоды перечислены в «Справочниках». {_BY_OPERATOR}",
    ),
    Refusal.DATE: Told("Дата не читается.", "Запишите дату как ГГГГ-ММ-ДД.", f"День записывают как 12.09.2026. {_IN_JOURNAL}"),
    Refusal.OUTSIDE_YEAR: Told(
        "Дата вне учебного года этой порции.", "Передайте строку в порции её учебного года (school_year).",
        f"Проверьте год в дате. {_IN_JOURNAL}",
    ),
    Refusal.FUTURE: Told(
        "Дата ещё не наступила.", "Передайте строку не раньше её дня.", f"Проверьте день. {_IN_JOURNAL}"
    ),
    Refusal.VERSION_REUSED: Told(
        "Под этой версией строка уже принята с другим содержанием.", "Увеличьте version и повторите строку.",
        "Журнал прислал о той же записи два разных содержания под одним временем изменения, стоит первое. Сохраните запись в журнале ещё раз.",
    ),
    Refusal.FIELD: Told(
        "Поле отсутствует, лишнее или не того вида.", "Сверьте строку с описанием интерфейса.", _BY_OPERATOR
    ),
    Refusal.MALFORMED: Told("Строка не разбирается.", "Одна запись – одна строка JSON или CSV.", _BY_OPERATOR),
    Refusal.NOT_UTF8: Told("Строка не в кодировке UTF-8.", "Передавайте данные в UTF-8.", _BY_OPERATOR),
}  # fmt: skip
