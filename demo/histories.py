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
from demo.studies import Studies, Taught
from demo.territory import Chunk, Place
from demo.writer import Writer
from kontingent.enrolment import rules
from kontingent.enrolment.actions.casebook import Learner
from kontingent.enrolment.actions.groups import title_key
from kontingent.enrolment.actions.projection import enrolment_row, placement_row
from kontingent.enrolment.codes import CLOSING
from kontingent.enrolment.rules import MovementFacts

FIRST_YEAR = 2021
YEAR = 2026
SIGNER = ("demo:head", "Директор (вымышленный)")
LETTERS = "АБВГДЕЖИЛМ"
LEAVING = [
    ("transfer_out", "T3", "г. Екатеринбург, Свердловская область"),
    ("transfer_out", "T3", "г. Ижевск, Удмуртия"),
    ("transfer_out", "T4", "Республика Казахстан"),
    ("expulsion", "T7", ""),
    ("expulsion", "E2", ""),
    ("expulsion", "H1", ""),
    ("expulsion", "T7", ""),
    ("expulsion", "E7", ""),
]
#: From where they come who did not come from a school of the neighbourhood.
ARRIVING = [("A3", "г. Екатеринбург, Свердловская область"), ("A3", "г. Уфа, Башкортостан"), ("A2", "г. Березники"), ("A5", "")]  # fmt: skip


#: Letters of the classes for delayed development and for intellectual disability, and of the evening class.
DELAYED, INTELLECTUAL, EVENING = "К", "О", "З"
SPECIAL_LETTERS = frozenset({DELAYED, INTELLECTUAL, EVENING})
NOTHING_TAUGHT = Taught(None, None, None, "", "", "")


class _School(NamedTuple):
    """Where a pupil learns, since which year, in classes of which letter, and whether by an adapted programme of their own."""

    place: Place
    entered: int
    letter: str
    own_programme: bool


class Step(NamedTuple):
    """One movement to be recorded, and perhaps cancelled some days later."""

    kind: str
    on: date
    taught: Taught | None = None
    reason: str = ""
    destination: UUID | None = None
    destination_text: str = ""
    signed_days_before: int = 3
    cancelled_after_days: int | None = None
    funding: str = ""


class Histories:
    """Writes streams of the learners of one chunk; numbers of movements go on from chunk to chunk."""

    def __init__(
        self, rng: random.Random, people: People, writer: Writer, studies: Studies, as_of: date
    ) -> None:
        """Keep what is needed."""
        self.rng, self.people, self.writer, self.studies, self.as_of = rng, people, writer, studies, as_of
        self.movement_id = 0
        self._groups: dict[tuple[UUID, int, str], Taught] = {}
        self._orders: dict[tuple[UUID, str, date, bool], tuple[UUID, list[int]]] = {}
        self._order_numbers: dict[tuple[UUID, int], int] = defaultdict(int)

    def forget(self) -> None:
        """Drop the memory of a chunk's groups and orders after it has been written."""
        self._groups.clear()
        self._orders.clear()
        self._order_numbers.clear()

    # -- groups and orders ---------------------------------------------------------------------

    def group(
        self, place: Place, year: int, title: str, taught: Taught, *, letter: str = "", age: int | None = None
    ) -> Taught:
        """Return a group of a year, making it when it is first needed; ``taught`` says all of it but the id."""
        key = (place.id, year, title)
        if key not in self._groups:
            made = taught._replace(group_id=self.people.identifier())
            teacher = f"{words.feminine(self.rng.choice(words.FAMILIES))} {self.rng.choice(words.MOTHERS)} {self.rng.choice(words.FATHERS)[2]}"
            facts = self.studies.class_facts(place, made, letter, age)
            self.writer.add(
                "enrolment_group",
                (
                    made.group_id, place.id, year, made.grade, letter, title, title_key(title), made.programme_id,
                    made.study_form_code, teacher, 1, *facts,
                ),
            )  # fmt: skip
            assert made.group_id is not None  # noqa: S101 - made above
            self.studies.write_version(made.group_id, year, facts)
            self._groups[key] = made
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
        standing = [s for s in steps if s.cancelled_after_days is None]
        years = [(step.on, step.taught) for step in standing if step.taught is not None]
        ended = standing[-1].on if standing[-1].kind in CLOSING else None
        self.studies.of_stream(stream_id, child, place, years, ended, told[0][0])
        if ended is None and place.type_code != "15":
            self.studies.categories(child, place)

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
        taught = step.taught or NOTHING_TAUGHT
        order_id, position = self._order(place.id, step.kind, step.on, dated, cancelled)
        line_id = self.people.identifier()
        self.writer.add(
            "enrolment_orderline",
            (
                line_id, order_id, position, child.id, None if opening else stream_id, "", step.kind, step.on, taught.group_id,
                *_own(taught), step.funding, step.reason, step.destination, step.destination_text,
            ),
        )  # fmt: skip
        self.writer.add(
            "enrolment_movement",
            (
                self.movement_id, step.kind, step.on, taught.group_id, taught.programme_id, taught.grade,
                taught.study_form_code, step.funding, step.reason, step.destination, step.destination_text, stream_id, child.id, place.id, order_id, line_id, recorded, cancelled,
            ),
        )  # fmt: skip
        return MovementFacts(
            self.movement_id, step.kind, step.on, order_id, taught.group_id, taught.grade, taught.programme_id,
            taught.kind_code, taught.adaptation_code, taught.study_form_code, step.funding, step.reason, step.destination,
            step.destination_text,
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
        first = max(entered, FIRST_YEAR)
        special = letter in SPECIAL_LETTERS
        came = (
            rng.randint(first + 1, YEAR)
            if first < YEAR and grade > 1 and rng.random() < 0.08 and not special
            else None
        )
        own = rng.random() < 0.03 and not special
        school = _School(place, entered, letter, own)
        if came is not None and rng.random() < 0.75 and len(chunk.schools) > 1:
            self._moved(chunk, child, school, came)
        elif came is not None:
            reason, text = rng.choice(ARRIVING)
            day = min(
                date(came, 9, 1) + timedelta(days=rng.choice([0, 30, 60])), self.as_of - timedelta(days=10)
            )
            opening = self._opening(day, school, came, reason, text)
            self.tell(child, place, [opening, *self._promotions(school, came, None)])
        elif place.is_evening and letter == EVENING:
            # Who comes to the evening class comes from elsewhere after grade 9.
            first = YEAR - grade + 10
            opening = Step(
                "admission", date(first, 9, 1), self._class(school, first, first - entered + 1), "A5"
            )
            self.tell(child, place, [opening, *self._promotions(school, first, None)])
        else:
            self.tell(child, place, self._school_years(school, first, None))
        return child

    def _moved(self, chunk: Chunk, child: Child, school: _School, came: int) -> None:
        """Tell of somebody who came from another school of the neighbourhood."""
        rng, place = self.rng, school.place
        former = rng.choice([one for one in chunk.schools if one.id != place.id])
        day = min(date(came, 9, 1) + timedelta(days=rng.choice([0, 40, 75])), self.as_of - timedelta(days=10))
        there = school._replace(place=former)
        steps = self._school_years(there, max(school.entered, FIRST_YEAR), day)
        self.tell(child, former, [*steps, Step("transfer_out", day, reason="T1", destination=place.id)])
        year = came if day.month >= 9 else came - 1
        opening = self._opening(day, school, year, "A1", "", former.id)
        self.tell(child, place, [opening, *self._promotions(school, year, None)])

    def _opening(
        self, day: date, school: _School, year: int, reason: str, text: str, origin: UUID | None = None
    ) -> Step:
        return Step(
            "admission_by_transfer",
            day,
            self._class(school, year, year - school.entered + 1),
            reason,
            origin,
            text,
            1,
        )

    def _school_years(self, school: _School, first: int, until: date | None) -> list[Step]:
        """Admission in a year and a promotion every September until a day."""
        grade = first - school.entered + 1
        admission = Step(
            "admission", date(first, 9, 1), self._class(school, first, grade), "A6" if grade == 1 else "",
            signed_days_before=self.rng.choice([2, 5, 9]),
        )  # fmt: skip
        return [admission, *self._promotions(school, first, until)]

    def _promotions(self, school: _School, first: int, until: date | None) -> list[Step]:
        rng = self.rng
        steps: list[Step] = []
        for year in range(first + 1, YEAR + 1):
            on = date(year, 9, 1)
            if until is not None and on >= until:
                break
            grade = year - school.entered + 1
            stays = until is None and year == YEAR and grade not in {10, 5} and rng.random() < 0.004
            taught = self._class(school, year, grade - 1 if stays else grade)
            if stays:
                steps.append(Step("repeat", on, taught))
            elif until is None and rng.random() < 0.007:
                steps.append(Step("conditional_promotion", on, taught))
                cleared = date(year, 10, 15)
                if cleared < self.as_of:
                    steps.append(Step("debt_cleared", cleared))
            else:
                steps.append(Step("promotion", on, taught, signed_days_before=4))
        mistaken = date(YEAR, 10, 20)
        if until is None and rng.random() < 0.004 and steps and steps[-1].on < mistaken:
            steps.append(
                Step(
                    "transfer_out", mistaken, reason="T3", destination_text="г. Тюмень", cancelled_after_days=5
                )
            )  # fmt: skip
        return steps

    def _class(self, school: _School, year: int, grade: int) -> Taught:
        """Return the class of a pupil in a year, with the pupil's own programme where it is adapted."""
        place, letter = school.place, school.letter
        kind = "12" if grade <= 4 else "13" if grade <= 9 else "14"
        taught = Taught(None, grade, place.programmes[kind], kind)
        if letter == DELAYED:
            taught = Taught(None, grade, place.programmes[f"{kind}:208"], kind, "208")
        elif letter == INTELLECTUAL:
            taught = Taught(None, grade, place.programmes["15:209"], "15", "209")
        elif letter == EVENING:
            taught = Taught(None, grade, place.programmes["14:evening"], "14", "1", "12")
        made = self.group(place, year, f"{grade}{letter}", taught, letter=letter)
        if school.own_programme and grade <= 9:
            adaptation = place.inclusive
            return made._replace(
                programme_id=place.programmes[f"{kind}:{adaptation}"], adaptation_code=adaptation
            )
        return made

    def extern(self, place: Place, grade: int) -> None:
        """A child of a family education who takes the examinations at the school."""
        entered = YEAR - grade + 1
        child = self.people.child(_born(self.rng, entered - 7), town=place.town)
        kind = "12" if grade <= 4 else "13" if grade <= 9 else "14"
        form = "22" if grade > 9 else "21"
        taught = Taught(None, grade, place.programmes[kind], kind, "1", form)
        self.tell(child, place, [Step("admission", date(YEAR, 9, 1), taught, "A5")])

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
        compensating = place.is_correctional and self.rng.random() < 0.12
        steps = []
        for year in range(first, last + 1):
            age = year - child.born.year
            taught = Taught(None, None, place.programmes["11"], "11")
            title = f"{name} {age}+"
            if compensating and age >= 4:
                adaptation = "207" if place.number % 2 else "208"
                taught = Taught(None, None, place.programmes[f"11:{adaptation}"], "11", adaptation)
                title = f"Логопедическая {age}+" if adaptation == "207" else f"Коррекционная {age}+"
            group = self.group(place, year, title, taught, age=age)
            steps.append(Step("admission" if year == first else "promotion", date(year, 9, 1), group))
        return steps

    def toddler(self, place: Place) -> None:
        """A child in a kindergarten today."""
        child = self.people.child(
            _born(self.rng, YEAR - self.rng.choice([2, 3, 3, 4, 4, 5, 5, 6, 6])), town=place.town
        )
        first = max(FIRST_YEAR, child.born.year + self.rng.choice([2, 3, 3]))
        self.tell(child, place, self._toddler_years(place, child, min(first, YEAR), YEAR))

    def student(self, chunk: Chunk, place: Place) -> None:
        """A student of a college today, most of them known from a school of the neighbourhood."""
        self._college(chunk, place, self.rng.choice([1, 1, 2, 2, 3, 3, 4]), YEAR, None)

    def alumnus(self, chunk: Chunk, place: Place) -> None:
        """Somebody who finished a college this summer, or left it before the end."""
        if self.rng.random() < 0.75:
            self._college(chunk, place, 4, YEAR - 1, Step("graduation", date(YEAR, 6, 30), reason="G5"))
        else:
            day = date(YEAR - 1, 10, 15) + timedelta(days=self.rng.randint(0, 200))
            reason = self.rng.choice(["E4", "E4", "H1", "E2"])
            self._college(
                chunk, place, self.rng.choice([1, 2, 3]), YEAR - 1, Step("expulsion", day, reason=reason)
            )

    def _college(self, chunk: Chunk, place: Place, course: int, last: int, end: Step | None) -> None:
        rng = self.rng
        programme = rng.choice(list(place.programmes))
        after_11 = programme.endswith("11")
        course = min(course, 3) if after_11 else course
        entered = last - course + 1
        left_school = 11 if after_11 else 9
        child = self.people.child(_born(rng, entered - left_school - 7), town=place.town)
        kind = next(kind for _, _, kind, short in words.SPECIALITIES if short == programme.removesuffix("11"))
        if chunk.schools and rng.random() < 0.85 and entered > FIRST_YEAR:
            school = _School(
                rng.choice(chunk.schools), entered - left_school, rng.choice("АБ"), own_programme=False
            )
            out = date(entered, 6, 25)
            steps = self._school_years(school, FIRST_YEAR, out)
            steps.append(Step("graduation", out, reason="G2" if after_11 else "G1"))
            self.tell(child, school.place, steps)
        distant = after_11 and place.number % 2 == 0

        def of(year: int) -> Taught:
            number = year - entered + 1
            taught = Taught(None, number, place.programmes[programme], kind, "1", "13" if distant else "11")
            return self.group(place, year, f"{programme}-{entered % 100}, {number} курс", taught)

        funding = "21" if rng.random() < (0.6 if after_11 else 0.1) else "12"
        steps = [Step("admission", date(entered, 9, 1), of(entered), signed_days_before=14, funding=funding)]
        steps += [Step("promotion", date(year, 9, 1), of(year)) for year in range(entered + 1, last + 1)]
        if end is not None:
            steps.append(end)
        elif rng.random() < 0.02:
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
        school = _School(place, entered, letter, rng.random() < 0.02)
        self.tell(child, place, [*self._school_years(school, first, day), end])

    def circle(self, child: Child, place: Place) -> None:
        """Membership of an additional programme this year, now and then for the third year running."""
        title = self.rng.choice(list(place.programmes))
        for year in range(YEAR - self.rng.choice([0, 0, 1, 2]), YEAR + 1):
            taught = Taught(None, None, place.programmes[title], words.CIRCLE_KINDS.get(title, "411"))
            number = self.rng.randint(1, max(1, place.size // 120))
            group = self.group(place, year, f"{title}, группа {number}", taught)
            steps = [Step("admission", date(year, 9, 10), group)]
            if year < YEAR:
                steps.append(Step("graduation", date(year + 1, 5, 31), reason="G6"))
            self.tell(child, place, steps)


def _own(taught: Taught) -> tuple[UUID | None, int | None, str]:
    """Return what a line names itself (programme, grade, form) instead of leaving it to the class."""
    if taught.group_id is not None:
        return (taught.programme_id if taught.adaptation_code != "1" else None, None, "")
    return (taught.programme_id, taught.grade, taught.study_form_code)


def moment_of(day: date) -> datetime:
    """The moment at which an order of a day was signed."""
    return datetime(day.year, day.month, day.day, 5, 30, tzinfo=UTC)


def _born(rng: random.Random, year: int) -> date:
    """A birthday in the twelve months that make a year group: from September before to August."""
    return date(year, 1, 1) + timedelta(days=rng.randint(-60, 250))
