"""Random histories against a plain model: closed periods, learners who move, records merged, every kind, the first grade.

A history sets periods, moves learners between classes and schools, merges records, delivers through a journal of the region and one of
a school, decides on what came late and takes again what was refused. ``JUDGING_CASES=300`` runs three hundred of them; the usual run takes three.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

import pytest

from kontingent.access.machines.queries import actor_of
from kontingent.access.machines.rules import MachineScope
from kontingent.enrolment.codes import MovementKind
from kontingent.enrolment.models import Group
from kontingent.exchange.journals import chunks, repairing
from kontingent.exchange.journals.models import RefusedRow
from kontingent.kernel import clock
from kontingent.kernel.errors import RuleViolation
from kontingent.organisations.models import Organisation
from kontingent.performance import actions
from kontingent.performance.models import Attendance, FormerRecord, LateCorrection, Mark, PeriodMark
from kontingent.performance.periods import GradingPeriodDraft
from kontingent.persons import merging
from kontingent.storage.scope import scoped
from tests import builders as b
from tests.exchange.journals.journal import YEAR, Sender

pytestmark = pytest.mark.django_db
FIRST = int(os.environ.get("JUDGING_FIRST", "0"))
CASES = int(os.environ.get("JUDGING_CASES", "3"))
STEPS, CHUNK = 50, 5
NEVER = date(2099, 1, 1)
#: Within the first period, on its last day, on the holidays, within the second, behind the year.
DAYS = [date(2025, 9, 1), date(2025, 9, 20), date(2025, 10, 10), date(2025, 10, 26), date(2025, 10, 29), date(2025, 11, 12), date(2025, 11, 28)]  # fmt: skip
MODELS: dict[str, Any] = {"marks": Mark, "attendance": Attendance, "finals": PeriodMark}
Key: TypeAlias = tuple[str, str, str]
"""A journal, a kind, an id."""


# -- the model ---------------------------------------------------------------------------------


class Place(NamedTuple):
    """Where a learner was, half-open."""

    school: UUID
    group: UUID
    grade: int
    starts_on: date
    ends_on: date = NEVER


@dataclass(frozen=True)
class Said:
    """A row of a journal; what stands is one that knows its place. ``facts`` is all that a human would call its content."""

    version: int
    learner: UUID
    day: date
    facts: tuple[str, ...]
    deleted: bool
    place: Place | None = None

    @property
    def closes(self) -> str | None:
        """The period that a final mark is given for."""
        return self.facts[2] if len(self.facts) == 3 and self.facts[1] in ("period", "year") else None


class Waiting(NamedTuple):
    """What a human has to decide on, and the version of what stood then."""

    row: Said
    place: Place
    before: int | None


@dataclass
class Oracle:
    """Who is where, which periods are said, what the journals said of it: without a database."""

    today: date
    places: dict[UUID, list[Place]] = field(default_factory=dict)
    merged: dict[UUID, UUID] = field(default_factory=dict)
    periods: dict[UUID | None, list[GradingPeriodDraft]] = field(default_factory=dict)
    stands: dict[Key, Said] = field(default_factory=dict)
    waiting: dict[Key, Waiting] = field(default_factory=dict)
    former: list[tuple[Key, int, UUID]] = field(default_factory=list)
    refused: list[tuple[Key, Said, str]] = field(default_factory=list)
    """Rows to repair, in the order in which they came, and what is wrong with each."""

    def whose(self, person: UUID) -> UUID:
        while person in self.merged:
            person = self.merged[person]
        return person

    def merge(self, survivor: UUID, other: UUID) -> None:
        self.merged[other] = survivor
        self.places[survivor] = self.places.pop(survivor, []) + self.places.pop(other, [])

    def take(self, rows: list[tuple[Key, Said]], reach: Collection[UUID]) -> list[tuple[str, str]]:
        """Take a chunk: of rows with one id the newest counts, of equal ones the first. What was refused is off the list once as new a row is taken."""
        newest: dict[Key, int] = {}
        for number, (key, row) in enumerate(rows):
            if key not in newest or row.version > rows[newest[key]][1].version:
                newest[key] = number
        told = [("stale", "")] * len(rows)
        for key, number in newest.items():
            row, before = rows[number][1], self.stands.get(key)
            told[number] = outcome, why = self.take_one(key, row, reach)
            if self.stands.get(key) is not before:
                self.refused = [one for one in self.refused if one[0] != key or one[1].version > row.version]
            elif outcome == "refused":
                self.refused.append((key, row, why))
        return told

    def retake(self, journal: str, reach: Collection[UUID]) -> None:
        """Of the rows that the register may have made good meanwhile the newest of each id is taken again."""
        again = {
            number: one for number, one in enumerate(self.refused) if one[0][0] == journal and one[2] != "version_reused"
        }  # fmt: skip
        newest: dict[Key, Said] = {}
        for key, row, _ in again.values():
            if key not in newest or row.version >= newest[key].version:
                newest[key] = row
        fates = {key: self.take_one(key, row, reach) for key, row in newest.items()}
        self.refused = [
            (key, row, fates[key][1] if number in again else code)
            for number, (key, row, code) in enumerate(self.refused)
            if number not in again or fates[key][0] == "refused"
        ]

    def take_one(
        self, key: Key, row: Said, reach: Collection[UUID], *, may_be_late: bool = False
    ) -> tuple[str, str]:
        """The outcome of a row, and why it is refused."""
        held = self.stands.get(key)
        if held is not None:
            if held.version > row.version:
                return "stale", ""
            if self._same(held, row):
                if held.version < row.version:
                    self.stands[key] = replace(held, version=row.version)
                return "unchanged", ""
            if held.version == row.version:
                return "refused", "version_reused"
        places = [one for one in self.places.get(self.whose(row.learner), ()) if one.school in reach]
        if not places:
            return "refused", "learner_unknown"
        place = next((one for one in places if one.starts_on <= row.day < one.ends_on), None)
        if place is None:
            return "refused", "learner_not_enrolled"
        if place.grade == 1 and key[1] != "attendance" and not row.deleted:
            return "refused", "grade_one"
        if not may_be_late and self._changes_what_is_closed(place, row, held):
            waits = self.waiting.get(key)
            if waits is None or waits.row.version <= row.version:
                self.waiting[key] = Waiting(row, place, None if held is None else held.version)
            return "late", ""
        if held is not None:
            self.former.append((key, held.version, self.whose(held.learner)))
        self.stands[key] = replace(row, place=place)
        return ("withdrawn" if row.deleted else "created" if held is None else "changed"), ""

    def accept(self, key: Key, reach: Collection[UUID]) -> str:
        """Whoever decides must reach what stands; what the journal said since may have overtaken it."""
        held, waits = self.stands.get(key), self.waiting[key]
        if held is not None and held.place is not None and held.place.school not in reach:
            return "refused"
        outcome, _ = self.take_one(key, waits.row, reach, may_be_late=True)
        if outcome in ("stale", "refused"):
            return "refused"
        del self.waiting[key]
        return "accepted"

    def _same(self, held: Said, row: Said) -> bool:
        if held.deleted or row.deleted:
            return held.deleted and row.deleted
        return (held.day, held.facts, self.whose(held.learner)) == (
            row.day,
            row.facts,
            self.whose(row.learner),
        )

    def _changes_what_is_closed(self, place: Place, row: Said, held: Said | None) -> bool:
        """The row is of a closed period where the learner was, or what it replaces is, there where that stands."""
        stood = held is not None and held.place is not None and not held.deleted
        return self._is_closed(place, row) or (stood and self._is_closed(held.place, held))  # type: ignore[union-attr,arg-type]

    def _is_closed(self, place: Place, row: Said) -> bool:
        """Up to the end of the last closed period everything is; the mark of a closed one is whenever it was given."""
        closed = [
            one
            for one in self.periods.get(place.school) or self.periods.get(None, [])
            if one.grade_from <= place.grade <= one.grade_to and one.closes_on <= self.today
        ]
        return any(row.day < one.ends_on or row.closes == one.code for one in closed)


# -- a history ---------------------------------------------------------------------------------


@dataclass
class History:
    """The register and the model of it, led through the same events."""

    rng: random.Random
    schools: list[Organisation]
    classes: list[Group]
    journals: dict[str, tuple[Sender, list[UUID]]]
    oracle: Oracle
    kinds: list[str]
    """The kinds of record, the one that this history is mostly of first."""
    learners: list[UUID] = field(default_factory=list)
    enrolments: dict[UUID, tuple[UUID, Organisation]] = field(default_factory=dict)
    spare: list[UUID] = field(default_factory=list)
    decided: Counter[tuple[Key, str, int]] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    sent: int = 0

    def step(self) -> None:
        """Something happens."""
        does = [self.deliver, self.decide, self.set_periods, self.move, self.merge, self.retake]
        self.rng.choices(does, [24, 8, 3, 3, 1, 2])[0]()

    def deliver(self) -> None:
        """A handful of rows, their ids near each other or from all over, by one of the journals."""
        (code,) = self.rng.choices(list(self.journals), [3, 1])
        (kind,) = self.rng.choices(self.kinds, [6, 2, 1])
        sender, reach = self.journals[code]
        start, wide = self.rng.randrange(8), self.rng.random() < 0.3
        numbers = [
            self.rng.randrange(16) if wide else start + self.rng.randrange(8) for _ in range(3 if wide else 8)
        ]
        keys = [(code, kind, f"r{100 + one}") for one in numbers]
        rows = [(one, self._said(one)) for one in keys]
        key = f"k{self.sent}"
        self.sent += 1
        sender.send([_wire(*one) for one in rows], key=key, records=kind)
        told = [one["outcome"] for one in sender.get(f"batches/{key}/receipts").json()["items"]]
        kept = RefusedRow.objects.filter(batch__key=key, journal=sender.journal)
        codes: dict[int, str] = dict(kept.values_list("number", "code"))
        expected = [
            one
            for first in range(0, len(rows), CHUNK)
            for one in self.oracle.take(rows[first : first + CHUNK], reach)
        ]
        found = [(outcome, codes.get(number, "")) for number, outcome in enumerate(told, 1)]
        assert found == expected, [(row, want, got) for row, want, got in zip(rows, expected, found, strict=True) if want != got]  # fmt: skip
        self.seen.update(outcome + code for outcome, code in expected)

    def _said(self, key: Key) -> Said:
        """Anything, or what stands with some of it changed."""
        rng, kind, held = self.rng, key[1], self.oracle.stands.get(key)
        facts: tuple[str, ...] = (rng.choice("нб" if kind == "attendance" else "2345"),)
        if kind == "finals":
            facts += rng.choice(
                [("period", "1"), ("period", "2"), ("period", "8"), ("year", "20"), ("retake", "1")]
            )
        whom = [*self.learners, *self.learners, *self.oracle.merged, *self.spare[:1]]
        anything = Said(
            rng.randint(1, 2 + self.sent // 3),
            rng.choice(whom),
            rng.choice(DAYS),
            facts,
            rng.random() < 0.15,
        )
        if held is None or rng.random() < 0.4:
            return anything
        some = rng.choice([(), ("day",), ("learner",), ("facts",), ("deleted",), ("facts", "day")])
        return replace(
            held, version=max(0, held.version + rng.choice([-1, 0, 1, 1, 2])), **{name: getattr(anything, name) for name in some}
        )  # fmt: skip

    def decide(self) -> None:
        """On one that waits decides its school, or the region."""
        if not self.oracle.waiting:
            return
        key = self.rng.choice(sorted(self.oracle.waiting))
        waits, accept = self.oracle.waiting[key], self.rng.random() < 0.7
        journal, records, external_id = key
        late = LateCorrection.objects.get(
            journal__code=journal, records=records, external_id=external_id, state="waiting"
        )
        whole = self.rng.random() < 0.3
        school = next(one for one in self.schools if one.pk == waits.place.school)
        reach = [one.pk for one in self.schools] if whole else [school.pk]
        if accept:
            verdict = self.oracle.accept(key, reach)
        else:
            verdict = "rejected"
            del self.oracle.waiting[key]
        actor = b.ROOT if whole else b.actor_of(school)
        try:
            with scoped(actor):
                actions.decide_late(actor=actor, correction_id=late.pk, accept=accept, reason="приказ № 7")
        except RuleViolation:
            assert verdict == "refused", key
        else:
            assert verdict != "refused", key
            self.decided[key, verdict, waits.row.version] += 1
        self.seen[verdict] += 1

    def set_periods(self) -> None:
        """The region, or the first school for itself, says other periods, or none."""
        whose = self.rng.choice([None, None, self.schools[0].pk])
        periods = [] if self.rng.random() < 0.15 else list(_periods(self.rng))
        actions.set_periods(actor=b.ROOT, school_year=YEAR, organisation_id=whose, periods=periods)
        self.oracle.periods[whose] = periods

    def move(self) -> None:
        """A learner goes to another class, or leaves and is admitted elsewhere, maybe some days later."""
        who = self.rng.choice(self.learners)
        enrolment_id, school = self.enrolments[who]
        *before, last = self.oracle.places[who]
        day = last.starts_on + timedelta(days=self.rng.randint(1, 40))
        if day > DAYS[-1]:
            return
        beside = [
            one
            for one in self.classes
            if (one.organisation_id, one.grade) == (school.pk, last.grade) and one.pk != last.group
        ]
        if beside and self.rng.random() < 0.5:
            to, again = beside[0], day
            b.moved(who, enrolment_id, school, MovementKind.PLACEMENT, on=day, group_id=to.pk)
        else:
            to = self.rng.choice([one for one in self.classes if one.organisation_id != school.pk])
            again = day + timedelta(days=self.rng.choice([0, 0, 15]))
            b.left(who, enrolment_id, school, on=day)
            self.enrolments[who] = b.admitted(who, to, on=again), to.organisation
        self.oracle.places[who] = [*before, last._replace(ends_on=day), _place(to, again)]
        self.seen["moved"] += 1

    def merge(self) -> None:
        """A second record of a learner turns out: one of the two goes on."""
        if not self.spare:
            return
        index, twin = self.rng.randrange(len(self.learners)), self.spare.pop()
        learner = self.learners[index]
        survivor, other = (learner, twin) if self.rng.random() < 0.5 else (twin, learner)
        merging.merge(actor=b.ROOT, survivor_id=survivor, merged_id=other, basis="одно свидетельство")
        self.oracle.merge(survivor, other)
        self.learners[index] = survivor
        self.enrolments[survivor] = self.enrolments.pop(learner)
        self.seen["merged"] += 1

    def retake(self) -> None:
        """One of the journals has what was refused taken again."""
        code = self.rng.choice(list(self.journals))
        sender, reach = self.journals[code]
        actor = actor_of(sender.client, frozenset({MachineScope.JOURNALS}))
        repairing.retake(actor=actor, journal_code=code)
        self.oracle.retake(code, reach)
        self.seen["retaken"] += 1

    def check(self) -> None:
        """What stands, what stood, what waits and what was decided are what the model says."""
        names = {sender.journal.pk: code for code, (sender, _) in self.journals.items()}
        whose = self.oracle.whose
        standing = {
            (names[one.journal_id], kind, one.external_id): (
                one.version, one.person_id, _day(one), one.organisation_id, one.group_id,
                None if one.withdrawn_at else _facts(one),
            )
            for kind, model in MODELS.items()
            for one in model.objects.all()
        }  # fmt: skip
        assert standing == {
            key: (
                one.version,
                whose(one.learner),
                one.day,
                one.place and one.place.school,
                one.place and one.place.group,
                None if one.deleted else one.facts,
            )
            for key, one in self.oracle.stands.items()
        }
        former = Counter(
            ((names[one.journal_id], one.records, one.external_id), one.version, one.person_id)
            for one in FormerRecord.objects.all()
        )
        assert former == Counter(self.oracle.former)
        late = {
            (names[one.journal_id], one.records, one.external_id): (
                one.staged["version"], one.person_id, one.day, one.organisation_id, one.group_id, one.before and one.before["version"],
            )
            for one in LateCorrection.objects.filter(state="waiting")
        }  # fmt: skip
        assert late == {
            key: (one.row.version, whose(one.row.learner), one.row.day, one.place.school, one.place.group, one.before)
            for key, one in self.oracle.waiting.items()
        }  # fmt: skip
        rows = RefusedRow.objects.filter(repaired_at__isnull=True)
        assert Counter(
            ((names[one.journal_id], one.records, one.external_id), (one.staged or {})["version"], one.code) for one in rows
        ) == Counter((key, row.version, code) for key, row, code in self.oracle.refused)  # fmt: skip
        assert self.decided == Counter(
            ((names[one.journal_id], one.records, one.external_id), one.state, one.staged["version"])
            for one in LateCorrection.objects.exclude(state="waiting")
        )


def _periods(rng: random.Random) -> Iterator[GradingPeriodDraft]:
    """Quarters of the lower classes, a half-year of the upper ones, the year above all; some are closed by now."""
    closed = rng.choice([0, 1, 1, 2])
    first_end = rng.choice([date(2025, 10, 27), date(2025, 10, 11)])
    below = rng.choice([4, 9, 9])
    yield GradingPeriodDraft("1", date(2025, 9, 1), first_end, first_end if closed else NEVER, 1, below)
    yield GradingPeriodDraft("2", date(2025, 11, 5), date(2025, 11, 20), date(2025, 11, 25) if closed > 1 else NEVER, 1, below)  # fmt: skip
    yield GradingPeriodDraft("8", date(2025, 9, 1), date(2025, 11, 15), rng.choice([date(2025, 11, 15), NEVER]), below + 1, 12)  # fmt: skip
    if rng.random() < 0.4:
        yield GradingPeriodDraft("20", date(2025, 9, 1), date(2025, 11, 25), rng.choice([date(2025, 11, 27), NEVER]), rng.choice([1, 5]))  # fmt: skip


def _place(group: Group, day: date) -> Place:
    return Place(group.organisation_id, group.pk, group.grade or 0, day)


def _wire(key: Key, row: Said) -> dict[str, Any]:
    names = {"marks": ("value",), "attendance": ("code",), "finals": ("value", "kind", "period")}[key[1]]
    return {
        "id": key[2], "version": row.version, "learner": str(row.learner), "date": row.day.isoformat(), "subject": "s09",
        "deleted": row.deleted,
    } | dict(zip(names, row.facts, strict=True))  # fmt: skip


def _day(one: Any) -> date:
    day = one.held_on if isinstance(one, Attendance) else one.given_on
    assert isinstance(day, date)
    return day


def _facts(one: Any) -> tuple[str, ...]:
    if isinstance(one, Attendance):
        return (one.code,)
    return (one.value, one.kind, one.period_code) if isinstance(one, PeriodMark) else (one.value,)


def _begin(rng: random.Random) -> History:
    here, there = b.school("Школа № 5"), b.school("Школа № 9")
    classes = [b.group(here, title) for title in ("1А", "5А", "5Б", "10А")]
    classes += [b.group(there, title) for title in ("1А", "2А", "5А", "10А")]
    journals = {
        "region": (Sender(code="region"), [here.pk, there.pk]),
        "own": (Sender(here, code="own"), [here.pk]),
    }
    history = History(
        rng, [here, there], classes, journals, Oracle(clock.today()), rng.sample(list(MODELS), 3)
    )
    for number, group in enumerate([*classes[:4], *classes[1:3], classes[6]]):
        who = b.person("Носов Борис Ильич", born=date(2014, 2, 2 + number))
        day = rng.choice([b.SEPTEMBER, b.SEPTEMBER, date(2025, 9, 18)])
        history.enrolments[who] = b.admitted(who, group, on=day), group.organisation
        history.oracle.places[who] = [_place(group, day)]
        history.learners.append(who)
    history.spare = [b.person("Носов Борис Ильич", born=date(2014, 3, 2 + number)) for number in range(4)]
    return history


@pytest.mark.parametrize("seed", range(FIRST, FIRST + CASES))
def test_a_journal_may_say_anything_of_anybody_at_any_time(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "ROWS", CHUNK)
    history = _begin(random.Random(seed))
    for _ in range(STEPS):
        history.step()
    history.check()
    assert len(history.seen) >= 8, history.seen
