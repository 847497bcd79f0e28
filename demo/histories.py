"""Five years of orders: who came when, moved, left, repeated, graduated. Periods are folded by the product's own rules.

A stream is told as steps in the order in which they were recorded; each recorded moment is folded, and the difference
between two foldings is what the register would have superseded and written at that moment.
"""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from demo import words
from demo.people import Child, People
from demo.territory import Chunk, Place
from demo.writer import Writer
from kontingent.enrolment import rules
from kontingent.enrolment.actions.casebook import Learner
from kontingent.enrolment.actions.groups import title_key
from kontingent.enrolment.actions.projection import enrolment_row, placement_row
from kontingent.enrolment.rules import MovementFacts

FIRST_YEAR = 2021
YEAR = 2026
SIGNER = ("demo:head", "Директор (вымышленный)")
LETTERS = "АБВГДЕЖЗИК"
LEAVING = [
    ("transfer_out", "T3", "г. Екатеринбург, Свердловская область"), ("transfer_out", "T3", "г. Ижевск, Удмуртия"),
    ("transfer_out", "T4", "Республика Казахстан"), ("expulsion", "T7", ""), ("expulsion", "E2", ""), ("expulsion", "H1", ""),
]  # fmt: skip


class Step(NamedTuple):
    """One movement to be recorded, and perhaps cancelled some days later."""

    kind: str
    on: date
    group: tuple[UUID, int | None, UUID, str] | None = None
    reason: str = ""
    destination: UUID | None = None
    destination_text: str = ""
    signed_days_before: int = 3
    cancelled_after_days: int | None = None


class Histories:
    """Writes streams of the learners of one chunk; numbers of movements go on from chunk to chunk."""

    def __init__(self, rng: random.Random, people: People, writer: Writer, as_of: date) -> None:
        """Keep what is needed."""
        self.rng, self.people, self.writer, self.as_of = rng, people, writer, as_of
        self.movement_id = 0
        self._groups: dict[tuple[UUID, int, str], tuple[UUID, int | None, UUID, str]] = {}
        self._orders: dict[tuple[UUID, str, date, bool], tuple[UUID, list[int]]] = {}
        self._order_numbers: dict[tuple[UUID, int], int] = defaultdict(int)

    def forget(self) -> None:
        """Drop the memory of a chunk's groups and orders after it has been written."""
        self._groups.clear()
        self._orders.clear()
        self._order_numbers.clear()

    # -- groups and orders ---------------------------------------------------------------------

    def group(
        self, place: Place, year: int, title: str, grade: int | None, programme: str, kind_code: str
    ) -> tuple[UUID, int | None, UUID, str]:
        """Return a group of a year, making it when it is first needed."""
        key = (place.id, year, title)
        if key not in self._groups:
            group_id = self.people.identifier()
            digits = len(str(grade)) if grade and title.startswith(str(grade)) else 0
            teacher = f"{words.feminine(self.rng.choice(words.FAMILIES))} {self.rng.choice(words.MOTHERS)} {self.rng.choice(words.FATHERS)[2]}"
            shift = "2" if grade in {6, 7} and place.size > 400 else "1"
            self.writer.add(
                "enrolment_group",
                (
                    group_id, place.id, year, grade, title[digits:] if digits else "", title, title_key(title),
                    place.programmes[programme], "11", "ordinary", shift, "rus", "13" if kind_code == "11" else "", teacher, 30, 1,
                ),
            )  # fmt: skip
            self._groups[key] = (group_id, grade, place.programmes[programme], kind_code)
        return self._groups[key]

    def _order(
        self, place_id: UUID, kind: str, on: date, dated: date, cancelled: datetime | None
    ) -> tuple[UUID, int]:
        order_kind = "conditional_promotion" if kind == "debt_cleared" else kind
        key = (place_id, order_kind, on, cancelled is not None)
        if key not in self._orders:
            order_id = self.people.identifier()
            self._order_numbers[place_id, dated.year] += 1
            number = f"{self._order_numbers[place_id, dated.year]}-{'з' if 'admission' in kind else 'у'}"
            signed = moment_of(dated)
            self.writer.add(
                "enrolment_order",
                (
                    order_id, place_id, order_kind, number, dated, "", "", "", "cancelled" if cancelled else "signed", signed,
                    *SIGNER, signed, *SIGNER, cancelled, *(SIGNER if cancelled else ("", "")),
                    "Приказ издан ошибочно" if cancelled else "", 3 if cancelled else 2,
                ),
            )  # fmt: skip
            self._orders[key] = (order_id, [0])
        order_id, position = self._orders[key]
        position[0] += 1
        return order_id, position[0]

    # -- one stream ----------------------------------------------------------------------------

    def tell(self, child: Child, place: Place, steps: list[Step]) -> None:
        """Write the movements of one enrolment and its periods as they were known from moment to moment."""
        stream_id = self.people.identifier()
        told: list[tuple[datetime, MovementFacts, datetime | None]] = []
        for step in steps:
            dated = min(step.on - timedelta(days=step.signed_days_before), self.as_of)
            recorded = moment_of(dated)
            cancelled = (
                recorded + timedelta(days=step.cancelled_after_days) if step.cancelled_after_days else None
            )
            told.append(
                (
                    recorded,
                    self._movement(child, place, stream_id, step, dated, recorded, cancelled),
                    cancelled,
                )
            )
        self._project(child, place, stream_id, told)

    def _movement(
        self,
        child: Child,
        place: Place,
        stream_id: UUID,
        step: Step,
        dated: date,
        recorded: datetime,
        cancelled: datetime | None,
    ) -> MovementFacts:
        self.movement_id += 1
        opening = step.kind in {"admission", "admission_by_transfer"}
        group_id, grade, programme_id, kind_code = step.group or (None, None, None, "")
        order_id, position = self._order(place.id, step.kind, step.on, dated, cancelled)
        line_id = self.people.identifier()
        form = "11" if step.group else ""
        self.writer.add(
            "enrolment_orderline",
            (
                line_id, order_id, position, child.id, None if opening else stream_id, "", step.kind, step.on, group_id,
                None, None, "", "", step.reason, step.destination, step.destination_text,
            ),
        )  # fmt: skip
        self.writer.add(
            "enrolment_movement",
            (
                self.movement_id, step.kind, step.on, group_id, programme_id, grade, form, "", step.reason, step.destination,
                step.destination_text, stream_id, child.id, place.id, order_id, line_id, recorded, cancelled,
            ),
        )  # fmt: skip
        return MovementFacts(
            self.movement_id, step.kind, step.on, order_id, group_id, grade, programme_id, kind_code,
            "1" if programme_id else "", form, "", step.reason, step.destination, step.destination_text,
        )  # fmt: skip

    def _project(
        self,
        child: Child,
        place: Place,
        stream_id: UUID,
        told: list[tuple[datetime, MovementFacts, datetime | None]],
    ) -> None:
        learner = Learner("", child.sex, child.born, None)
        owner = (stream_id, child.id, place.id)
        moments = sorted({recorded for recorded, _, _ in told} | {c for _, _, c in told if c})
        living: dict[tuple[str, tuple[Any, ...]], datetime] = {}
        for moment in moments:
            known = [
                m
                for recorded, m, cancelled in told
                if recorded <= moment and (cancelled is None or cancelled > moment)
            ]
            wanted = self._rows(rules.fold(known), learner)
            for key in [key for key in living if key not in wanted]:
                self._period(owner, key, living.pop(key), moment)
            for key in wanted:
                living.setdefault(key, moment)
        for key, since in living.items():
            self._period(owner, key, since, None)

    def _rows(self, folded: rules.Fold, learner: Learner) -> dict[tuple[str, tuple[Any, ...]], None]:
        if folded.enrolment is None:
            return {}
        rows: dict[tuple[str, tuple[Any, ...]], None] = {
            ("enrolment_enrolment", enrolment_row(folded.enrolment)): None
        }
        for placement in folded.placements:
            row = placement_row(placement, is_main=folded.enrolment.is_main, learner=learner)
            rows["enrolment_placement", row] = None
        return rows

    def _period(
        self,
        owner: tuple[UUID, UUID, UUID],
        key: tuple[str, tuple[Any, ...]],
        since: datetime,
        until: datetime | None,
    ) -> None:
        table, row = key
        self.writer.add(table, (*owner, *row, since, until))

    # -- lives ---------------------------------------------------------------------------------

    def pupil(self, chunk: Chunk, place: Place, grade: int, letter: str) -> Child:
        """A pupil of a grade today: perhaps from a kindergarten of the neighbourhood, perhaps come from another school."""
        rng = self.rng
        entered = YEAR - grade + 1
        child = self.people.child(_born(rng, entered - 7), town=place.town)
        if entered > FIRST_YEAR and chunk.kindergartens and rng.random() < 0.8:
            self._kindergarten_past(chunk, child, entered)
        came = (
            rng.randint(max(entered, FIRST_YEAR) + 1, YEAR)
            if grade > 1 and rng.random() < 0.06 and len(chunk.schools) > 1
            else None
        )
        if came is not None and came > max(entered, FIRST_YEAR):
            former = rng.choice([one for one in chunk.schools if one.id != place.id])
            day = date(came, 9, 1) + timedelta(days=rng.choice([0, 40, 75]))
            day = min(day, self.as_of - timedelta(days=10))
            steps = self._school_years(former, entered, letter, max(entered, FIRST_YEAR), day)
            steps.append(Step("transfer_out", day, reason="T1", destination=place.id))
            self.tell(child, former, steps)
            self.tell(
                child,
                place,
                self._school_years(
                    place, entered, letter, came if day.month >= 9 else came - 1, None, start=day
                ),
            )
        else:
            self.tell(
                child, place, self._school_years(place, entered, letter, max(entered, FIRST_YEAR), None)
            )
        return child

    def _school_years(
        self,
        place: Place,
        entered: int,
        letter: str,
        first: int,
        until: date | None,
        start: date | None = None,
    ) -> list[Step]:
        """Admission in a year and a promotion every September until a day."""
        rng = self.rng
        steps = [
            Step(
                "admission" if start is None else "admission_by_transfer",
                start or date(first, 9, 1),
                self._class(place, first, first - entered + 1, letter),
                signed_days_before=1 if start else rng.choice([2, 5, 9]),
            )
        ]
        for year in range(first + 1, YEAR + 1):
            on = date(year, 9, 1)
            if until is not None and on >= until:
                break
            group = self._class(place, year, year - entered + 1, letter)
            if until is None and rng.random() < 0.007:
                steps.append(Step("conditional_promotion", on, group))
                cleared = date(year, 10, 15)
                if cleared < self.as_of:
                    steps.append(Step("debt_cleared", cleared))
            else:
                steps.append(Step("promotion", on, group, signed_days_before=4))
        mistaken = date(YEAR, 10, 20)
        if until is None and rng.random() < 0.004 and steps[-1].on < mistaken:
            steps.append(
                Step(
                    "transfer_out",
                    mistaken,
                    reason="T3",
                    destination_text="г. Тюмень",
                    cancelled_after_days=5,
                )
            )
        return steps

    def _class(self, place: Place, year: int, grade: int, letter: str) -> tuple[UUID, int | None, UUID, str]:
        kind = "12" if grade <= 4 else "13" if grade <= 9 else "14"
        return self.group(place, year, f"{grade}{letter}", grade, kind, kind)

    def _kindergarten_past(self, chunk: Chunk, child: Child, entered: int) -> None:
        place = self.rng.choice(chunk.kindergartens)
        first = max(FIRST_YEAR, child.born.year + 3)
        if first >= entered:
            return
        steps = self._toddler_years(place, child, first, entered - 1)
        day = date(entered, 8, 10)
        steps.append(Step("graduation", day, reason="G3", signed_days_before=6))
        self.tell(child, place, steps)

    def _toddler_years(self, place: Place, child: Child, first: int, last: int) -> list[Step]:
        name = words.KINDERGARTEN_GROUPS[
            (child.born.year + child.born.day) % max(1, min(12, place.size // 18))
        ]
        steps = []
        for year in range(first, last + 1):
            group = self.group(place, year, f"{name} {year - child.born.year}+", None, "11", "11")
            steps.append(Step("admission" if year == first else "promotion", date(year, 9, 1), group))
        return steps

    def toddler(self, place: Place) -> None:
        """A child in a kindergarten today."""
        child = self.people.child(_born(self.rng, YEAR - self.rng.randint(3, 6)), town=place.town)
        first = max(FIRST_YEAR, child.born.year + self.rng.choice([2, 3, 3]))
        self.tell(child, place, self._toddler_years(place, child, min(first, YEAR), YEAR))

    def student(self, chunk: Chunk, place: Place) -> None:
        """A student of a college today, most of them known from a school of the neighbourhood."""
        rng = self.rng
        course = rng.choice([1, 1, 2, 2, 3, 3, 4])
        entered = YEAR - course + 1
        child = self.people.child(_born(rng, entered - 16), town=place.town)
        if chunk.schools and rng.random() < 0.85:
            school, letter = rng.choice(chunk.schools), rng.choice("АБ")
            out = date(entered, 6, 25)
            steps = self._school_years(school, entered - 9, letter, FIRST_YEAR, out)
            steps.append(Step("graduation", out, reason="G1"))
            self.tell(child, school, steps)
        programme = rng.choice(list(place.programmes))
        kind = next(kind for _, _, kind, short in words.SPECIALITIES if short == programme)

        def of(year: int) -> tuple[UUID, int | None, UUID, str]:
            title = f"{programme}-{entered % 100}, {year - entered + 1} курс"
            return self.group(place, year, title, year - entered + 1, programme, kind)

        steps = [Step("admission", date(entered, 9, 1), of(entered), signed_days_before=14)]
        steps += [Step("promotion", date(year, 9, 1), of(year)) for year in range(entered + 1, YEAR + 1)]
        if rng.random() < 0.02:
            steps.append(Step("academic_leave", date(YEAR, 10, 1)))
        self.tell(child, place, steps)

    def leaver(self, place: Place) -> None:
        """Somebody who is not there any more: graduated from 9 or 11, or gone away."""
        rng = self.rng
        year = rng.randint(FIRST_YEAR, YEAR - 1)
        grade = rng.choice([9, 9, 11, 11, rng.randint(1, 11)])
        entered = year - grade + 1
        child = self.people.child(_born(rng, entered - 7), town=place.town)
        letter = rng.choice("АБ") if place.size > 150 else "А"
        if grade in {9, 11}:
            day = date(year + 1, 6, 25)
            end = Step("graduation", day, reason="G1" if grade == 9 else "G2")
        else:
            day = date(year, 9, 1) + timedelta(days=rng.randint(20, 200))
            kind, reason, text = rng.choice(LEAVING)
            end = Step(kind, day, reason=reason, destination_text=text, signed_days_before=1)
        first = max(entered, FIRST_YEAR)
        self.tell(child, place, [*self._school_years(place, entered, letter, first, day), end])

    def circle(self, child: Child, place: Place) -> None:
        """Membership of an additional programme this year, now and then for the third year running."""
        title = self.rng.choice(list(place.programmes))
        for year in range(YEAR - self.rng.choice([0, 0, 1, 2]), YEAR + 1):
            group = self.group(
                place,
                year,
                f"{title}, группа {self.rng.randint(1, max(1, place.size // 120))}",
                None,
                title,
                "411",
            )
            steps = [Step("admission", date(year, 9, 10), group)]
            if year < YEAR:
                steps.append(Step("graduation", date(year + 1, 5, 31), reason="G4"))
            self.tell(child, place, steps)


def moment_of(day: date) -> datetime:
    """The moment at which an order of a day was signed."""
    return datetime(day.year, day.month, day.day, 5, 30, tzinfo=UTC)


def _born(rng: random.Random, year: int) -> date:
    """A birthday in the twelve months that make a year group: from September before to August."""
    return date(year, 1, 1) + timedelta(days=rng.randint(-60, 250))
