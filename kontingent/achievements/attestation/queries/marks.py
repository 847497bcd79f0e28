"""Closing marks of a graduating class as somebody completes them: what the journal says, what was brought, what stood before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from kontingent.achievements.attestation.codes import DocumentKind
from kontingent.achievements.attestation.models import BroughtMark
from kontingent.achievements.attestation.queries.graduation import (
    brought_of,
    given_of,
    issued_to,
    learners_of,
    levels_of,
)
from kontingent.achievements.attestation.rules import final
from kontingent.achievements.attestation.rules.final import Level
from kontingent.achievements.attestation.rules.marks import Slot, is_of_hundred, of_journal
from kontingent.codelists import queries as codelists
from kontingent.enrolment.models import Group
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotFound
from kontingent.performance.codes import WHOLE_YEAR
from kontingent.stages import queries as stages

#: Periods that a secondary school closes everywhere; what else occurs is added.
HALVES = ("8", "9")


class Column(NamedTuple):
    """A subject of the journal as a column or a line of the grid."""

    subject_code: str
    title: str
    is_required: bool


class Place(NamedTuple):
    """One cell: what the journal says, what was brought; ``clashes`` until somebody has decided."""

    slot: Slot
    journal: str
    brought: BroughtMark | None

    @property
    def shown(self) -> str:
        """The mark that somebody may change here: what was brought."""
        return self.brought.value if self.brought else ""

    @property
    def may_be_typed(self) -> bool:
        """True where the journal has no mark, or one of hundred points that somebody has to convert."""
        return not self.journal or is_of_hundred(self.journal)

    @property
    def clashes(self) -> bool:
        """True where journal and document do not agree and nobody has decided against what the journal says now."""
        return (
            self.brought is not None
            and self.journal not in {"", self.brought.value}
            and self.brought.against != self.journal
        )

    @property
    def is_overruled(self) -> bool:
        """True where it was decided that the document counts, not the journal."""
        return self.brought is not None and bool(self.journal) and self.brought.against == self.journal


@dataclass(frozen=True, slots=True)
class MarkRow:
    """A learner: marks of the journal and brought ones by slot, courses of their own, whether the document is out."""

    person_id: UUID
    full_name: str
    level: Level
    journal: dict[Slot, str]
    brought: dict[Slot, BroughtMark]
    courses: list[BroughtMark]
    is_issued: bool

    def at(self, slot: Slot) -> Place:
        """Return the cell of a slot."""
        return Place(slot, self.journal.get(slot, ""), self.brought.get(slot))

    def takes(self, subject_code: str) -> bool:
        """Say whether the document of this learner has such a subject."""
        return any(subject_code in one.sources for one in self.level.subjects)

    @property
    def clashes(self) -> list[Place]:
        """Return what somebody has to decide."""
        return [place for slot in self.brought if (place := self.at(slot)).clashes]


@dataclass(frozen=True, slots=True)
class MarkSheet:
    """A graduating class with its closing marks."""

    group: Group
    kind: DocumentKind
    rows: list[MarkRow]

    @property
    def by_person(self) -> dict[UUID, MarkRow]:
        """Return the rows by learner."""
        return {one.person_id: one for one in self.rows}

    @property
    def levels(self) -> list[Level]:
        """Return the levels of the class, its own first: learners of adapted programmes have one of their own."""
        found = {self.kind.value: final.declared()[1][self.kind.value]} | {
            one.level.code: one.level for one in self.rows
        }
        return list(found.values())

    @property
    def columns(self) -> list[Column]:
        """Return the subjects of the class in the order of the supplement, those of the journal one by one."""
        found: dict[str, Column] = {}
        for level in self.levels:
            for column in columns_of(level):
                found.setdefault(column.subject_code, column)
        return list(found.values())

    @property
    def closings(self) -> list[tuple[int, str]]:
        """Return (grade, period) that are closed within the class, the newest grade first, its year before its periods."""
        found: set[tuple[int, str]] = set()
        for level in self.levels:
            grades = range(level.first_grade, max(level.last_grade, self.group.grade or 0) + 1)
            found |= {(grade, WHOLE_YEAR) for grade in grades}
            if level.mean == "periods_and_years":
                found |= {(grade, half) for grade in grades for half in HALVES}
                slots = {slot for row in self.rows for slot in (*row.journal, *row.brought)}
                found |= {(slot.grade, slot.period_code) for slot in slots if slot.grade in grades}
        return sorted(found, key=lambda one: (-one[0], one[1] != WHOLE_YEAR, int(one[1])))

    def gaps(self, grade: int, period_code: str) -> list[Column]:
        """Return the subjects of a closing that somebody lacks: the required ones, and what anybody of the class has a mark in for it."""
        found = []
        known = {
            slot.subject_code
            for row in self.rows
            for slot in (*row.journal, *row.brought)
            if (slot.grade, slot.period_code) == (grade, period_code)
        }
        for one in self.columns:
            slot = Slot(grade, one.subject_code, period_code)
            lacking = any(
                row.takes(one.subject_code) and row.at(slot).may_be_typed and not row.is_issued
                for row in self.rows
            )
            if lacking and (
                one.subject_code in known or (one.is_required and not self._has_parts(one, known))
            ):
                found.append(one)
        return found

    def _has_parts(self, column: Column, known: set[str]) -> bool:
        """Say whether the class has another subject of the journal that makes the same line (algebra and geometry for mathematics)."""
        return any(
            column.subject_code in subject.sources and known & set(subject.sources)
            for level in self.levels
            for subject in level.subjects
        )


def columns_of(level: Level) -> list[Column]:
    """Return the subjects of a level, those of the journal one by one."""
    return [
        Column(code, codelists.title("subject", code), subject.is_required)
        for subject in level.subjects
        for code in subject.sources
    ]


def mark_sheet(actor: Actor, group_id: UUID) -> MarkSheet:
    """Return the closing marks of a graduating class, ready to be completed; flat in statements."""
    group, kind, rows = learners_of(actor, group_id, what="отметки для приложений")
    whom = [row.person_id for row in rows]
    given, brought, issued, levels = (
        given_of(whom, group),
        brought_of(whom),
        issued_to(whom),
        levels_of(whom, group),
    )
    return MarkSheet(
        group,
        kind,
        [
            MarkRow(
                row.person_id,
                row.full_name,
                levels[row.person_id][1],
                of_journal(given[row.person_id]),
                {slot_of(one): one for one in brought[row.person_id] if not one.title},
                [one for one in brought[row.person_id] if one.title],
                (row.person_id, levels[row.person_id][0]) in issued,
            )
            for row in rows
        ],
    )


def slot_of(one: BroughtMark) -> Slot:
    """Return what a brought mark closes."""
    return Slot(one.grade, one.subject_code, one.period_code)


def former_marks(sheet: MarkSheet, person_id: UUID) -> list[BroughtMark]:
    """Return the brought marks of a learner of the sheet that no longer stand, the newest first.

    Raises:
        NotFound: nobody of the class.
    """
    if person_id not in sheet.by_person:
        raise NotFound("attestation.not_in_class", "Такого ученика в классе нет. Вернитесь к классу.")
    found = BroughtMark.objects.filter(
        stages.where_open("final_mark"), person_id=person_id, superseded_at__isnull=False
    )
    return list(found.order_by("-superseded_at")[:200])


def last_states(whom: Collection[UUID]) -> dict[tuple[UUID, Slot], BroughtMark]:
    """Return of every slot the state that ceased to stand last: what taking back returns to."""
    states: defaultdict[tuple[UUID, Slot], list[BroughtMark]] = defaultdict(list)
    for one in BroughtMark.objects.filter(person_id__in=list(whom), superseded_at__isnull=False, title="").order_by("superseded_at", "recorded_at"):  # fmt: skip
        states[one.person_id, slot_of(one)].append(one)
    return {key: found[-1] for key, found in states.items()}
