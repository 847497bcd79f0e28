"""Rules of a transfer, pure: what may follow what, when the term ends, which reason of leaving it is."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import NamedTuple

from kontingent.kernel.errors import RuleViolation
from kontingent.programmes.rules import ADDITIONAL
from kontingent.trajectory.transfers.codes import Answer, Ground, State

STATE_TITLES = {
    State.REGISTERED: "заявление принято", State.APPROVED: "ждёт прежнюю школу", State.COMPLETED: "переведён",
    State.WITHDRAWN: "отозвано", State.STOPPED: "остановлено муниципалитетом", State.CANCELLED: "перевод отменён",
}  # fmt: skip
GROUND_TITLES = {
    Ground.CONFIRMED: "прежняя организация подтвердила", Ground.TERM: "прежняя организация не ответила в срок",
    Ground.DECISION: "решение муниципалитета",
}  # fmt: skip


class Facts(NamedTuple):
    """A transfer as the rules see it."""

    state: State
    answer: Answer | None
    due_on: date | None
    decided: bool


def ground_of(transfer: Facts, today: date) -> Ground | None:
    """Return why a transfer is to be completed now; None while it waits.

    The former organisation cannot block: an objection is told to the municipality, and the term goes on.
    """
    if transfer.state is not State.APPROVED:
        return None
    if transfer.decided:
        return Ground.DECISION
    if transfer.answer is Answer.CONFIRMED:
        return Ground.CONFIRMED
    if transfer.due_on is not None and today > transfer.due_on:
        return Ground.TERM
    return None


#: In which states each act may be done, and what to say otherwise.
_ACTS: dict[str, tuple[frozenset[State], str]] = {
    "approve": (frozenset({State.REGISTERED}), "Утвердить можно только принятое заявление"),
    "amend": (
        frozenset({State.APPROVED}),
        "Изменить класс и номер можно у утверждённого перевода, пока он не завершён",
    ),
    "answer": (frozenset({State.APPROVED}), "Ответить можно, пока перевод не завершён"),
    "withdraw": (frozenset({State.REGISTERED, State.APPROVED}), "Отозвать можно, пока перевод не завершён"),
    "stop": (frozenset({State.APPROVED}), "Остановить можно, пока перевод не завершён"),
    "decide": (frozenset({State.APPROVED}), "Решить о переводе можно, пока он не завершён"),
    "cancel": (frozenset({State.COMPLETED}), "Отменить можно только завершённый перевод"),
}


def check_may(act: str, state: State) -> None:
    """Raise unless an act may be done in a state."""
    states, told = _ACTS[act]
    if state not in states:
        raise RuleViolation(
            "transfers.state", f"{told}, а он сейчас: {STATE_TITLES[state]}. Обновите страницу."
        )


def check_days(*, applied_on: date, arrives_on: date, today: date, back: int) -> None:
    """Raise unless the days of an application make sense: not of tomorrow, the arrival not before it, not long past."""
    if applied_on > today:
        raise RuleViolation(
            "transfers.applied_later", f"Дата заявления {applied_on:%d.%m.%Y} ещё не наступила. Исправьте её."
        )
    if arrives_on < applied_on:
        raise RuleViolation(
            "transfers.arrives_earlier",
            f"Зачислить с {arrives_on:%d.%m.%Y} нельзя: заявление подано позже, {applied_on:%d.%m.%Y}. Исправьте одну из дат.",
        )
    if (today - applied_on).days > back:
        raise RuleViolation(
            "transfers.applied_long_ago",
            f"Заявлению больше {back} дней. Попросите семью подать новое или проверьте дату.",
        )


def is_class(programme_kind_code: str) -> bool:
    """Say whether a learner may be transferred into groups of a programme: of whatever kind but an additional one."""
    return programme_kind_code not in ADDITIONAL


def check_class(programme_kind_code: str, title: str) -> None:
    """Raise if a transfer would end a child's schooling for a circle: a transfer leads from class to class."""
    if not is_class(programme_kind_code):
        raise RuleViolation(
            "transfers.additional_class",
            f"{title} – дополнительная программа, а перевод закончил бы основное обучение ребёнка в прежней школе. Выберите класс; "
            "в объединение ребёнка зачисляют приказом о зачислении, из школы он при этом не выбывает.",
        )


# -- days ------------------------------------------------------------------------------------------


def is_working(day: date, holidays: Collection[str]) -> bool:
    """Say whether a day is a working one; holidays are «12-31» for every year or «2027-01-11» for one."""
    return day.weekday() < 5 and f"{day:%m-%d}" not in holidays and day.isoformat() not in holidays


def after_working_days(start: date, number: int, holidays: Collection[str]) -> date:
    """Return the last day of a term of working days that begins the day after ``start`` (ГК РФ, art. 191)."""
    day = start
    while number > 0:
        day += timedelta(days=1)
        number -= is_working(day, holidays)
    return day


def working_days_left(today: date, due_on: date, holidays: Collection[str]) -> int:
    """Return how many working days of a term are left, today not counted; below nought none."""
    days = (today + timedelta(days=n) for n in range(1, (due_on - today).days + 1))
    return sum(is_working(day, holidays) for day in days)


# -- the leaving ---------------------------------------------------------------------------------------


def reason_of(*, same_municipality: bool, evening: bool) -> str:
    """Return the reason of leaving (code list ``leaving_reason``) of a transfer within the region."""
    if evening:
        return "T6"
    return "T1" if same_municipality else "T2"
