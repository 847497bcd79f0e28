"""Proof on live data that the stored periods equal the fold of the log (``kontingent check``).

Streams are read in batches by a server-side cursor, so memory stays flat. What is compared: every current enrolment and
placement against ``rules.fold`` of the movements that are not cancelled, and the sex and birth date on placements
against the person. Constraints are PostgreSQL's own business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from kontingent.enrolment import rules
from kontingent.enrolment.actions.casebook import STREAM_COLUMNS, Learner
from kontingent.enrolment.actions.projection import enrolment_row, placement_row
from kontingent.enrolment.rules.log import ImpossibleSequence

BATCH = 5000
NAMED_DIFFERENCES = 50

_LOG = (
    f"SELECT m.enrolment_id, {STREAM_COLUMNS} FROM enrolment_movement m "
    "LEFT JOIN programmes_programme p ON p.id = m.programme_id WHERE m.cancelled_at IS NULL "
    "ORDER BY m.enrolment_id, m.effective_on, m.id"
)
_ENROLMENTS = (
    "SELECT enrolment_id, starts_on, ends_on, is_main, level_code, opened_by_id, closed_by_id, leaving_kind, "
    "reason_code, destination_id, destination_text FROM enrolment_enrolment WHERE superseded_at IS NULL AND enrolment_id = ANY(%s)"
)
_PLACEMENTS = (
    "SELECT p.enrolment_id, p.starts_on, p.ends_on, p.group_id, p.grade, p.programme_id, p.programme_kind_code, "
    "p.adaptation_code, p.study_form_code, p.funding_code, p.state, p.enters_level, p.leaves_level, p.is_main, p.sex, p.birth_date, h.sex, h.birth_date "
    "FROM enrolment_placement p JOIN persons_person h ON h.id = p.person_id "
    "WHERE p.superseded_at IS NULL AND p.enrolment_id = ANY(%s) ORDER BY p.enrolment_id, p.starts_on"
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One enrolment whose stored periods are not what its log says."""

    enrolment_id: UUID
    what: str


@dataclass(slots=True)
class CheckReport:
    """What a check found."""

    streams: int = 0
    differing: int = 0
    differences: list[Difference] = field(default_factory=list)

    def add(self, enrolment_id: UUID, what: str) -> None:
        """Count a difference; the first ones are kept by name."""
        self.differing += 1
        if len(self.differences) < NAMED_DIFFERENCES:
            self.differences.append(Difference(enrolment_id, what))

    @property
    def is_clean(self) -> bool:
        """True when nothing differs."""
        return not self.differing


@transaction.atomic
def check(*, progress: Callable[[int], None] = lambda _done: None) -> CheckReport:
    """Compare every stream; ``progress`` is told how many are done. One consistent reading within ``scoped(snapshot=True)``."""
    report = CheckReport()
    batch: dict[UUID, list[rules.MovementFacts]] = {}
    for enrolment_id, stream in _streams():
        batch[enrolment_id] = stream
        if len(batch) == BATCH:
            _compare(batch, report)
            progress(report.streams)
            batch = {}
    _compare(batch, report)
    progress(report.streams)
    _look_for_orphans(report)
    return report


def _streams() -> Iterator[tuple[UUID, list[rules.MovementFacts]]]:
    def rows() -> Iterator[tuple[Any, ...]]:
        raw = connection.connection
        assert raw is not None  # noqa: S101 - inside a transaction
        with raw.cursor(name="kontingent_check") as cursor:
            cursor.itersize = BATCH
            cursor.execute(_LOG)
            yield from cursor

    for enrolment_id, group in groupby(rows(), key=lambda row: row[0]):
        yield enrolment_id, [rules.MovementFacts(*row[1:]) for row in group]


def _compare(batch: dict[UUID, list[rules.MovementFacts]], report: CheckReport) -> None:
    ids = list(batch)
    enrolments = {row[0]: row[1:] for row in _rows(_ENROLMENTS, ids)}
    placements: dict[UUID, list[tuple[Any, ...]]] = {}
    people: dict[UUID, Learner] = {}
    for row in _rows(_PLACEMENTS, ids):
        placements.setdefault(row[0], []).append(row[1:-2])
        people[row[0]] = Learner("", row[-2], row[-1], None)
    for enrolment_id, stream in batch.items():
        report.streams += 1
        try:
            folded = rules.fold(stream)
        except ImpossibleSequence as impossible:
            report.add(enrolment_id, f"журнал невозможен: {impossible.message}")
            continue
        wanted = None if folded.enrolment is None else enrolment_row(folded.enrolment)
        if enrolments.get(enrolment_id) != wanted:
            report.add(
                enrolment_id, f"период обучения: хранится {enrolments.get(enrolment_id)}, по журналу {wanted}"
            )
            continue
        is_main = folded.enrolment is not None and folded.enrolment.is_main
        learner = people.get(enrolment_id)
        rows = (
            [placement_row(p, is_main=is_main, learner=learner) for p in folded.placements] if learner else []
        )
        if placements.get(enrolment_id, []) != rows or (learner is None and folded.placements):
            report.add(
                enrolment_id, f"зачисленность: хранится {placements.get(enrolment_id, [])}, по журналу {rows}"
            )


def _look_for_orphans(report: CheckReport) -> None:
    """Periods without any movement behind them."""
    with connection.cursor() as cursor:
        for table in ("enrolment_enrolment", "enrolment_placement"):
            cursor.execute(
                f"SELECT t.enrolment_id FROM {table} t WHERE t.superseded_at IS NULL AND NOT EXISTS (SELECT 1 FROM "
                "enrolment_movement m WHERE m.enrolment_id = t.enrolment_id AND m.cancelled_at IS NULL) LIMIT 1000"
            )
            for row in cursor.fetchall():
                report.add(row[0], f"{table}: период без движений")


def _rows(statement: str, ids: list[UUID]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, [ids])
        return [tuple(row) for row in cursor.fetchall()]
