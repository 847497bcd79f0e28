"""Rules of flows: what balances, which small numbers are kept back, how a forecast is made. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from kontingent.kernel.errors import InvalidValue
from kontingent.performance.codes import FinalKind

#: Whoever may not see children is not shown numbers of fewer than so many.
SMALL = 5
#: The longest period of which flows are counted.
LONGEST_YEARS = 6


class Flow(NamedTuple):
    """So many went from one node to another in a period."""

    source: str
    target: str
    number: int


class Balance(NamedTuple):
    """What flows did to a node: who came, who left; those who stayed within it are in neither."""

    arrived: int
    departed: int

    @property
    def change(self) -> int:
        """By how much the contingent of the node has changed."""
        return self.arrived - self.departed


def is_outside(node: str) -> bool:
    """Say whether a node is not of the register."""
    return node.startswith("~")


def balances(flows: Collection[Flow]) -> dict[str, Balance]:
    """Return what flows did to each node inside."""
    arrived: dict[str, int] = defaultdict(int)
    departed: dict[str, int] = defaultdict(int)
    for flow in flows:
        if flow.source != flow.target:
            departed[flow.source] += flow.number
            arrived[flow.target] += flow.number
    inside = {node for flow in flows for node in flow[:2] if not is_outside(node)}
    return {node: Balance(arrived[node], departed[node]) for node in inside}


def kept_back(flows: Collection[Flow], small: int = SMALL) -> set[tuple[str, str]]:
    """Return the pairs whose numbers are not shown to whoever may not see children.

    Each of fewer than ``small``; and since the totals of nodes are shown, in a source and in a target with one hidden pair the
    next smallest is hidden too, so that none can be had by subtraction.
    """
    hidden = {(flow.source, flow.target) for flow in flows if flow.number < small}
    by_end: dict[tuple[int, str], list[Flow]] = defaultdict(list)
    for flow in flows:
        by_end[0, flow.source].append(flow)
        by_end[1, flow.target].append(flow)
    is_settled = False
    while not is_settled:
        is_settled = True
        for members in by_end.values():
            unseen = [one for one in members if (one.source, one.target) in hidden]
            shown = [one for one in members if (one.source, one.target) not in hidden]
            if len(unseen) == 1 and shown:
                next_one = min(shown, key=lambda one: (one.number, one.source, one.target))
                hidden.add((next_one.source, next_one.target))
                is_settled = False
    return hidden


def check_period(since: date, until: date) -> None:
    """Raise ``InvalidValue`` unless the period has its days in order and is not too long."""
    if until < since:
        raise InvalidValue(
            "flows.period", f"Период перевёрнут: с {since:%d.%m.%Y} по {until:%d.%m.%Y}. Исправьте даты."
        )
    if until.year - since.year > LONGEST_YEARS:
        raise InvalidValue(
            "flows.period_long",
            f"Период длиннее {LONGEST_YEARS} лет. Выберите меньший: потоки считаются по дням.",
        )


def folded(flows: Sequence[Flow], most: int, rest: str) -> list[Flow]:
    """Return the flows with all but the ``most`` largest sources and targets folded into ``rest``, for a drawing."""
    weights: tuple[dict[str, int], dict[str, int]] = (defaultdict(int), defaultdict(int))
    for flow in flows:
        weights[0][flow.source] += flow.number
        weights[1][flow.target] += flow.number
    kept = [set(sorted(one, key=lambda node: (-one[node], node))[:most]) for one in weights]
    found: dict[tuple[str, str], int] = defaultdict(int)
    for flow in flows:
        source = flow.source if flow.source in kept[0] else rest
        target = flow.target if flow.target in kept[1] else rest
        found[source, target] += flow.number
    return [Flow(*pair, number) for pair, number in found.items()]


def share(part: int, whole: int) -> float | None:
    """Return a percentage to a tenth; None of nothing."""
    return round(100 * part / whole, 1) if whole else None


# -- one learner's path --------------------------------------------------------------------------


class Stay(NamedTuple):
    """A part of a path: one enrolment as it is drawn; ``ends_on`` is the first day no longer in it."""

    starts_on: date
    ends_on: date | None
    is_main: bool
    level: str
    place: str
    title: str
    is_finish: bool = False


class Gap(NamedTuple):
    """Days in which a learner was in no main programme; a summer before the next school year is told as such."""

    starts_on: date
    ends_on: date
    is_summer: bool
    is_open: bool

    @property
    def days(self) -> int:
        """How many days it lasted, so far where it is open."""
        return (self.ends_on - self.starts_on).days


def gaps(stays: Collection[Stay], today: date) -> list[Gap]:
    """Return the gaps between main programmes in their order, the present one last; whoever has finished is in none.

    A college may go beside a school: only days in neither are a gap.
    """
    main = sorted((one for one in stays if one.is_main), key=lambda one: one.starts_on)
    found = []
    reached = main[0].starts_on if main else today
    for one in main:
        if reached < one.starts_on:
            found.append(Gap(reached, one.starts_on, _is_summer(reached, one.starts_on), is_open=False))
        reached = max(reached, one.ends_on or date.max)
    if main and reached < today and not any(one.is_finish and one.ends_on == reached for one in main):
        found.append(Gap(reached, today, _is_summer(reached, today), is_open=True))
    return found


def _is_summer(starts_on: date, ends_on: date) -> bool:
    """From the end of lessons to the first of September of one year."""
    year = starts_on.year
    return date(year, 5, 20) <= starts_on and ends_on <= date(year, 9, 1)


class Closing(NamedTuple):
    """A closing mark as the path reads it: ``score`` is a number of the five-point scale, None for any other mark."""

    school_year: int
    subject: str
    kind: str
    score: int | None
    is_debt: bool


class YearOfMarks(NamedTuple):
    """What the closing marks of a school year come to: average of the five-point ones, how many subjects, how many debts."""

    school_year: int
    average: Decimal | None
    subjects: int
    debts: int
    excellent: bool
    good: bool

    @property
    def told(self) -> str:
        """The standing in words: отличник, хорошист, долги; empty for any other."""
        if self.debts:
            return f"неудовлетворительных: {self.debts}"
        return "на «отлично»" if self.excellent else "на «хорошо» и «отлично»" if self.good else ""


#: Which closing mark of a subject and year stands for it: that of the year, of a retake after it, of the subject as a whole.
_STANDS = {FinalKind.YEAR: 1, FinalKind.RETAKE: 2, FinalKind.FINAL: 3}


def years_of_marks(closing: Iterable[Closing]) -> list[YearOfMarks]:
    """Return the school years that closing marks tell of, the earliest first; marks of terms and of exams alone tell of none."""
    standing: dict[int, dict[str, Closing]] = defaultdict(dict)
    for one in closing:
        rank = _STANDS.get(FinalKind(one.kind), 0)
        before = standing[one.school_year].get(one.subject) if rank else None
        if rank and (before is None or rank >= _STANDS[FinalKind(before.kind)]):
            standing[one.school_year][one.subject] = one
    found = []
    for year, by_subject in sorted(standing.items()):
        marks = list(by_subject.values())
        scores = [one.score for one in marks if one.score is not None]
        debts = sum(one.is_debt for one in marks)
        average = (Decimal(sum(scores)) / len(scores)).quantize(Decimal("0.01")) if scores else None
        lowest = min(scores, default=0)
        if marks:
            found.append(
                YearOfMarks(
                    year, average, len(marks), debts, lowest == 5 and not debts, lowest == 4 and not debts
                )
            )
    return found
