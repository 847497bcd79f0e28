"""Rules of reconciliation: what each discrepancy means, what a journal's word resembles, when a journal is late. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from rapidfuzz import fuzz

from kontingent.exchange.reconciliation.codes import Kind, Pace
from kontingent.kernel import names


class Told(NamedTuple):
    """What a kind of discrepancy is called, what it means, and what is to be done."""

    title: str
    meaning: str
    remedy: str


TOLD: dict[Kind, Told] = {
    Kind.LEARNER_UNKNOWN: Told(
        "Ученика журнала нет в реестре",
        "Журнал прислал записи об ученике, номера которого реестр не знает. Записи сохранены и ждут.",
        "Выберите, кто это: записи будут приняты сами. Если такого ученика в классе нет, зачислите его приказом или поправьте журнал.",
    ),
    Kind.LEARNER_ELSEWHERE: Told(
        "Ученик есть в реестре, но в эти дни в школе не числится",
        "Журнал прислал записи за дни, когда ученик не был зачислен.",
        "Проверьте приказы ученика: если он учился, оформите зачисление этим днём, и записи будут приняты; если нет, снимите их в журнале.",
    ),
    Kind.CLASS_UNKNOWN: Told(
        "Класса журнала нет в реестре",
        "Журнал прислал уроки класса, названия которого в школе нет.",
        "Выберите класс, который имеется в виду, или заведите его в разделе «Классы».",
    ),
    Kind.SUBJECT_UNKNOWN: Told(
        "Предмет журнала не сопоставлен",
        "Название предмета в журнале не подходит ни к одному предмету реестра. Записи по нему ждут.",
        "Выберите предмет: записи будут приняты сами. Сопоставляет министерство, один раз для всех школ журнала.",
    ),
    Kind.LEARNER_SILENT: Told(
        "Ученик числится в классе, но в журнале о нём ничего нет",
        "У одноклассников записи есть, у ученика ни одной за весь срок.",
        "Проверьте, заведён ли ученик в журнале этого класса. Если он учится на дому, по обмену или в больнице, отметьте это причиной.",
    ),
    Kind.CLASS_SILENT: Told(
        "Класс есть в реестре, но журнал его не ведёт",
        "Другие классы школы присылают записи, этот нет.",
        "Проверьте, заведён ли класс в журнале под тем же названием.",
    ),
    Kind.SUBJECT_MISSING: Told(
        "Предмет ведут в параллели, а в этом классе нет",
        "В других классах параллели уроки есть, в этом ни одного с начала года.",
        "Проверьте расписание класса в журнале. Если класс предмет не изучает, отметьте это причиной.",
    ),
    Kind.FINALS_MISSING: Told(
        "Нет отметок за период, который закончился",
        "У большинства класса итоговая отметка по предмету есть, у некоторых нет.",
        "Выставьте в журнале отметку, «осв.» или «н/а». Кто без отметки, видно по кнопке «Журнал класса».",
    ),
    Kind.FINALS_CONTRADICT: Told(
        "Два журнала дали разные отметки за период",
        "По одному предмету и периоду у ученика стоят отметки двух журналов, и они не совпадают.",
        "Решите, какой журнал ведёт этот предмет, и снимите отметку в другом.",
    ),
}
#: What a click here can mend: by saying whose key, which class, which subject is meant.
MENDABLE = frozenset({Kind.LEARNER_UNKNOWN, Kind.CLASS_UNKNOWN, Kind.SUBJECT_UNKNOWN})


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Days and shares (code list ``reconciliation_threshold``)."""

    late_after: int
    silent_after: int
    learner_days: int
    share: int


def holidays(periods: Iterable[tuple[int, date, date]]) -> frozenset[date]:
    """Return the days between the study periods of a year: of (first grade, first day, day after the last).

    Where some grades have quarters and others half-years, it is holidays for all in the gaps of the quarters.
    """
    ends: dict[int, date] = {}
    found: set[date] = set()
    for grade, starts_on, ends_on in sorted(periods):
        gap = ends.get(grade, starts_on)
        while gap < starts_on:
            found.add(gap)
            gap += timedelta(days=1)
        ends[grade] = max(ends_on, ends.get(grade, ends_on))
    return frozenset(found)


def days_before(today: date, days: int, off: Set[date]) -> date:
    """Return the day that lies so many days back, holidays not counted."""
    found = today
    while days > 0:
        found -= timedelta(days=1)
        days -= found not in off
    return found


def pace_of(
    last_taken_on: date | None, today: date, limits: Thresholds, off: Set[date] = frozenset()
) -> Pace:
    """Say how a journal keeps up that last delivered something new on a day; nobody is late in the holidays."""
    if last_taken_on is None:
        return Pace.NEVER
    days = (today - last_taken_on).days - sum(last_taken_on < day <= today for day in off)
    if days > limits.silent_after:
        return Pace.SILENT
    return Pace.LATE if days > limits.late_after else Pace.LIVE


PACE_TITLES = {
    Pace.LIVE: "поступает", Pace.LATE: "опаздывает", Pace.SILENT: "молчит", Pace.NEVER: "не передавал ничего",
}  # fmt: skip

#: Latin letters that people type for Russian ones.
_LOOKALIKES = str.maketrans("abcehkmoptxy", "авсенкмортху")


def folded_class(title: str) -> str:
    """Return a class's title without what people vary: spaces, dashes, quotes, the word «класс», Latin look-alikes.

    >>> folded_class('7-B класс') == folded_class('7в')
    True
    """
    plain = names.fold(title).translate(_LOOKALIKES).replace("класс", "")
    return "".join(letter for letter in plain if letter.isalnum()).lstrip("0")


def resembling(text: str, options: Iterable[tuple[str, str]], *, least: float = 0.5) -> list[str]:
    """Return the keys of the titles that resemble a journal's word, the likeliest first; of (key, title) pairs.

    Words are compared by their beginnings, since journals shorten: «Матем. (баз.)» is «Математика» first of all.
    """
    said = _words(text)
    ranked = [(_likeness(said, _words(title)), key) for key, title in options]
    return [key for likeness, key in sorted(ranked, key=lambda one: -one[0]) if likeness >= least]


def _words(text: str) -> list[str]:
    return "".join(letter if letter.isalnum() else " " for letter in names.fold(text)).split()


def _likeness(said: list[str], title: list[str]) -> float:
    if not said or not title:
        return 0.0
    best = [max(_word(one, other) for other in title) for one in said]
    back = [max(_word(one, other) for one in said) for other in title]
    return (2 * sum(best) / len(best) + sum(back) / len(back)) / 3


def _word(one: str, other: str) -> float:
    short, long = sorted((one, other), key=len)
    if len(short) >= 2 and long.startswith(short):
        return 0.9 + 0.1 * len(short) / len(long)
    return fuzz.ratio(one, other) / 100 if len(short) >= 3 else float(one == other)


def only_match(title: str, options: Iterable[tuple[str, str]]) -> str | None:
    """Return the key of the one class whose folded title is the same; None where there is none or more than one."""
    wanted = folded_class(title)
    found = [key for key, other in options if folded_class(other) == wanted]
    return found[0] if len(found) == 1 else None
