"""Writing what a fold comes to: superseding rows that no longer hold, adding those that do."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from kontingent.enrolment import cube
from kontingent.enrolment.actions.casebook import Learner
from kontingent.enrolment.models import Enrolment, Placement
from kontingent.enrolment.rules import EnrolmentFacts, Fold, PlacementFacts
from kontingent.storage import bulk

_ENROLMENT = (
    "starts_on", "ends_on", "is_main", "level_code", "opened_by_id", "closed_by_id", "leaving_kind", "reason_code",
    "destination_id", "destination_text",
)  # fmt: skip
_PLACEMENT = (
    "starts_on", "ends_on", "group_id", "grade", "programme_id", "programme_kind_code", "adaptation_code",
    "study_form_code", "funding_code", "state", "enters_level", "leaves_level", "is_main", "sex", "birth_date",
)  # fmt: skip
_OWNER = ("enrolment_id", "person_id", "organisation_id")


class Stream:
    """One enrolment after a change: whose it is and what its log folds to now."""

    __slots__ = ("enrolment_id", "fold", "learner", "organisation_id", "person_id")

    def __init__(
        self, enrolment_id: UUID, person_id: UUID, organisation_id: UUID, learner: Learner, folded: Fold
    ) -> None:
        """Keep them."""
        self.enrolment_id = enrolment_id
        self.person_id = person_id
        self.organisation_id = organisation_id
        self.learner = learner
        self.fold = folded


def enrolment_row(facts: EnrolmentFacts) -> tuple[Any, ...]:
    """Return the values of ``_ENROLMENT`` columns."""
    return (
        facts.starts_on, facts.ends_on, facts.is_main, facts.level_code, facts.opened_by, facts.closed_by,
        facts.leaving_kind, facts.reason_code, facts.destination_id, facts.destination_text,
    )  # fmt: skip


def placement_row(facts: PlacementFacts, *, is_main: bool, learner: Learner) -> tuple[Any, ...]:
    """Return the values of ``_PLACEMENT`` columns."""
    return (*facts, is_main, learner.sex, learner.birth_date)


def write(streams: Collection[Stream], *, moment: datetime, known: bool) -> None:
    """Bring the stored periods of these streams to what their folds say.

    ``known`` says that some of the streams may have rows already; brand-new ones are written without looking.
    Rows that stay as they are are not touched.
    """
    cube.hold_ledger()
    old_enrolments, old_placements = _current(streams) if known else ({}, {})
    new_enrolments: list[tuple[Any, ...]] = []
    new_placements: list[tuple[Any, ...]] = []
    for stream in streams:
        owner = (stream.enrolment_id, stream.person_id, stream.organisation_id)
        facts = stream.fold.enrolment
        wanted = [] if facts is None else [enrolment_row(facts)]
        new_enrolments += (
            (*owner, *row, moment) for row in _missing(wanted, old_enrolments.get(stream.enrolment_id))
        )
        is_main = facts is not None and facts.is_main
        rows = [placement_row(p, is_main=is_main, learner=stream.learner) for p in stream.fold.placements]
        new_placements += (
            (*owner, *row, moment) for row in _missing(rows, old_placements.get(stream.enrolment_id))
        )
    _supersede(f"{Enrolment._meta.db_table} SET", _left(old_enrolments), moment)
    _supersede(
        f"{Placement._meta.db_table} SET superseded_number = nextval('enrolment_supersession'),",
        _left(old_placements),
        moment,
    )
    bulk.copy_rows(Enrolment._meta.db_table, [*_OWNER, *_ENROLMENT, "recorded_at"], new_enrolments)
    bulk.copy_rows(Placement._meta.db_table, [*_OWNER, *_PLACEMENT, "recorded_at"], new_placements)


_Rows = dict[UUID, dict[tuple[Any, ...], int]]


def _missing(
    wanted: list[tuple[Any, ...]], there: dict[tuple[Any, ...], int] | None
) -> Iterator[tuple[Any, ...]]:
    """Yield what is not stored yet, and strike off ``there`` what stays."""
    for row in wanted:
        if there is None or there.pop(row, None) is None:
            yield row


def _left(rows: _Rows) -> list[int]:
    return [row_id for stream in rows.values() for row_id in stream.values()]


def _current(streams: Iterable[Stream]) -> tuple[_Rows, _Rows]:
    ids = [stream.enrolment_id for stream in streams]
    return (
        _current_rows(Enrolment._meta.db_table, _ENROLMENT, ids),
        _current_rows(Placement._meta.db_table, _PLACEMENT, ids),
    )


def _current_rows(table: str, columns: tuple[str, ...], enrolment_ids: list[UUID]) -> _Rows:
    found: _Rows = {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT enrolment_id, id, {', '.join(columns)} FROM {table} "
            "WHERE enrolment_id = ANY(%s) AND superseded_at IS NULL",
            [enrolment_ids],
        )
        for row in cursor.fetchall():
            found.setdefault(row[0], {})[tuple(row[2:])] = row[1]
    return found


def _supersede(table_set: str, row_ids: list[int], moment: datetime) -> None:
    if row_ids:
        bulk.execute(f"UPDATE {table_set} superseded_at = %s WHERE id = ANY(%s)", [moment, row_ids])
