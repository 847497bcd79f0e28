"""What a plan may say, and how a territory stands to it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from kontingent.kernel.errors import InvalidValue
from kontingent.rollout.codes import Measure, State
from kontingent.stages.fields import Stage

MEASURES: Final[dict[Measure, str]] = {
    Measure.FILLED: "заполнено",
    Measure.VALID: "верно",
    Measure.CONFIRMED: "подтверждено",
    Measure.FRESH: "свежее",
}
STATES: Final[dict[State, str]] = {
    State.NO_PLAN: "плана нет",
    State.REACHED: "достигнуто",
    State.ON_THE_WAY: "в срок",
    State.SOON: "срок подходит",
    State.OVERDUE: "просрочено",
}
#: So many days before the deadline the plan reminds of itself.
SOON_DAYS: Final = 14
LONGEST_BASIS: Final = 300
#: Numbers of each day are kept so long; of what is older, one day a week (Monday).
DAILY_DAYS: Final = 92
MONDAY: Final = 0
#: A drawing of more points than these is a smear.
MOST_POINTS: Final = 24


@dataclass(frozen=True, slots=True)
class Aim:
    """What the plan says of a stage in a territory (None: the region): by a day, so many percent of required values filled."""

    stage: Stage
    municipality_id: UUID | None
    due_on: date
    target: int
    basis: str


def check_plan(*, stage: str, due_on: date | None, target: int | None, basis: str, today: date) -> None:
    """Refuse a plan that cannot be.

    Raises:
        InvalidValue: with the field at fault.
    """
    if stage not in set(Stage):
        raise InvalidValue("rollout.stage", "Такого этапа нет. Выберите из списка.", field="stage")
    if due_on is None:
        raise InvalidValue("rollout.due_on", "Укажите срок: до какого дня заполнить.", field="due_on")
    if due_on < today:
        raise InvalidValue(
            "rollout.due_on", f"Срок {due_on:%d.%m.%Y} уже прошёл. Укажите день не раньше сегодняшнего.", field="due_on"
        )  # fmt: skip
    if target is None or not 1 <= target <= 100:
        raise InvalidValue(
            "rollout.target", "Цель – целое число процентов от 1 до 100. Исправьте её.", field="target"
        )
    check_basis(basis)


def check_basis(basis: str) -> None:
    """Refuse a plan without its order.

    Raises:
        InvalidValue: empty or too long.
    """
    if not basis.strip():
        raise InvalidValue(
            "rollout.basis", "Укажите основание: номер и дату приказа или письма.", field="basis"
        )
    if len(basis.strip()) > LONGEST_BASIS:
        raise InvalidValue(
            "rollout.basis", f"Основание длиннее {LONGEST_BASIS} знаков. Сократите его.", field="basis"
        )


def aim_of(aims: Iterable[Aim], stage: Stage, municipality_id: UUID | None) -> Aim | None:
    """Return the plan of a municipality: its own, or else the region's."""
    found = {one.municipality_id: one for one in aims if one.stage is stage}
    return found.get(municipality_id) or found.get(None)


def share(part: int, whole: int) -> float | None:
    """Percent with one digit, None of nothing. Never 100 while something is missing, never 0 while something is there."""
    if not whole:
        return None
    rounded = round(100 * part / whole, 1)
    if part < whole:
        rounded = min(rounded, 99.9)
    return max(rounded, 0.1) if part else rounded


def state_of(aim: Aim | None, part: int, whole: int, today: date) -> State:
    """Say how a territory stands to its plan. The deadline itself is still in time."""
    if aim is None:
        return State.NO_PLAN
    if part * 100 >= aim.target * whole:
        return State.REACHED
    if today > aim.due_on:
        return State.OVERDUE
    return State.SOON if (aim.due_on - today).days <= SOON_DAYS else State.ON_THE_WAY


def left_to_fill(aim: Aim | None, part: int, whole: int) -> int:
    """How many values are to be filled until the target is reached."""
    target = 100 if aim is None else aim.target
    return max(0, -(-whole * target // 100) - part)


def is_kept(day: date, today: date) -> bool:
    """Say whether the numbers of a past day are still kept."""
    return (today - day).days < DAILY_DAYS or day.weekday() == MONDAY


def drawn(days: Sequence[date]) -> list[date]:
    """Return at most ``MOST_POINTS`` of days in order, evenly, the first and the last among them."""
    if len(days) <= MOST_POINTS:
        return list(days)
    step = (len(days) - 1) / (MOST_POINTS - 1)
    return [days[round(index * step)] for index in range(MOST_POINTS)]
