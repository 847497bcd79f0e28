"""The forecast of the contingent by survival of cohorts (метод передвижки когорт). Pure.

A stage is a grade; children of kindergarten age are stages below: six years is stage 0, five is −1, … so that everybody is a stage
further a year later. Between two stages a ratio of survival is learnt from the past; a stage's forecast is the stage before
times the ratio. The interval comes from how much the ratio has varied, and from chance where few children are counted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

#: Numbers of one year by stage.
Stages = Mapping[int, int]
#: A school's own ratio weighs as many children as it has; the territory's weighs as this many, so that small schools do not swing.
BORROWED = 30
#: 80 of 100 years should fall between.
WIDTH = 1.2816
FIRST_STAGE, GRADE_ONE, LAST_GRADE = -4, 1, 11
GRADES = range(GRADE_ONE, LAST_GRADE + 1)


class Estimate(NamedTuple):
    """A number expected, with its variance."""

    number: float
    variance: float

    @property
    def low(self) -> int:
        """The lower end of the interval, rounded; nobody is fewer than nobody."""
        return max(0, math.floor(self.number - WIDTH * math.sqrt(self.variance) + 0.5))

    @property
    def high(self) -> int:
        """The upper end of the interval, rounded."""
        return math.floor(self.number + WIDTH * math.sqrt(self.variance) + 0.5)

    @property
    def rounded(self) -> int:
        """The number, rounded."""
        return math.floor(self.number + 0.5)


class Ratio(NamedTuple):
    """Which part of a stage is in the next one a year later, and how much that has varied."""

    value: float
    variance: float


def total(estimates: Sequence[Estimate]) -> Estimate:
    """Return the sum of numbers that vary independently."""
    return Estimate(sum(one.number for one in estimates), sum(one.variance for one in estimates))


def ratios(history: Mapping[int, Stages], *, around: Mapping[int, Ratio] | None = None) -> dict[int, Ratio]:
    """Return the ratio from each stage to the next, over all pairs of years; ``around`` are those of a larger territory."""
    found = {}
    for stage in range(FIRST_STAGE, LAST_GRADE):
        pairs = [
            (here[stage], history[year + 1].get(stage + 1, 0))
            for year, here in history.items()
            if year + 1 in history and here.get(stage, 0)
        ]
        borrowed = (around or {}).get(stage)
        weight = BORROWED if borrowed else 0
        before, after = sum(one for one, _ in pairs), sum(one for _, one in pairs)
        if not before and borrowed is None:
            continue
        value = (after + weight * (borrowed.value if borrowed else 0)) / (before + weight)
        spread = sum(one * (two / one - value) ** 2 for one, two in pairs)
        variance = spread / before * len(pairs) / max(1, len(pairs) - 1) if before else 0.0
        found[stage] = Ratio(value, max(variance, borrowed.variance if borrowed and len(pairs) < 2 else 0.0))
    return found


def moved_on(before: Estimate, ratio: Ratio) -> Estimate:
    """Return a stage a year later. Where the ratio never varied, chance remains of those who leave or come."""
    chance = before.number * abs(1 - ratio.value)
    return Estimate(
        before.number * ratio.value,
        ratio.value**2 * before.variance + max(before.number**2 * ratio.variance, chance),
    )


def of_territory(history: Mapping[int, Stages], years: int) -> dict[int, dict[int, Estimate]]:
    """Return the stages of each of the next years; what nothing leads to is not told."""
    learnt = ratios(history)
    last = max(history)
    present = {stage: Estimate(number, 0.0) for stage, number in history[last].items()}
    found = {}
    for year in range(last + 1, last + years + 1):
        present = {
            stage + 1: moved_on(one, learnt[stage]) for stage, one in present.items() if stage in learnt
        }
        found[year] = {stage: one for stage, one in present.items() if stage in GRADES}
    return found


def of_school(
    own: Mapping[int, Stages], territory: Mapping[int, Stages], years: int
) -> dict[int, dict[int, Estimate]]:
    """Return the grades of a school in each of the next years.

    Who is there goes on by the school's ratios, steadied by those of the territory; grade 1 is the school's part of the grade
    1 of the territory, as it was in the past.
    """
    learnt = ratios(own, around=ratios(territory))
    entering = of_territory(territory, years)
    part = share_of_entrants(own, territory)
    last = max(own)
    present = {stage: Estimate(number, 0.0) for stage, number in own[last].items() if stage in GRADES}
    found = {}
    for year in range(last + 1, last + years + 1):
        following = {
            stage + 1: moved_on(one, learnt[stage])
            for stage, one in present.items()
            if stage in learnt and stage < LAST_GRADE and one.number
        }
        first = entering[year].get(GRADE_ONE)
        if first is not None and part.value:
            chance = first.number * part.value * (1 - part.value)
            following[GRADE_ONE] = Estimate(
                first.number * part.value,
                part.value**2 * first.variance + max(first.number**2 * part.variance, chance),
            )
        present = following
        found[year] = present
    return found


def share_of_entrants(own: Mapping[int, Stages], territory: Mapping[int, Stages]) -> Ratio:
    """Return which part of a territory's grade 1 is in a school."""
    pairs = [
        (territory[year].get(GRADE_ONE, 0), here.get(GRADE_ONE, 0))
        for year, here in own.items()
        if year in territory
    ]
    pairs = [one for one in pairs if one[0]]
    whole = sum(one for one, _ in pairs)
    if not whole:
        return Ratio(0.0, 0.0)
    value = sum(one for _, one in pairs) / whole
    spread = sum(one * (two / one - value) ** 2 for one, two in pairs)
    return Ratio(value, spread / whole * len(pairs) / max(1, len(pairs) - 1))
