"""What stood of a record, since when, and who said so (история отметки)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.dateparse import parse_datetime

from kontingent.enrolment import queries as enrolment
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotFound
from kontingent.performance.models import FormerRecord, Journal, LateCorrection
from kontingent.performance.permissions import PerformancePermission
from kontingent.performance.queries.late import Told, fields_of
from kontingent.performance.records import KINDS
from kontingent.persons.models import Person


@dataclass(frozen=True, slots=True)
class RecordState:
    """One state of a record: what it says beside the one before, from when till when it stood, who brought it, on what grounds."""

    version: int
    since: datetime | None
    until: datetime | None
    is_withdrawn: bool
    by: str
    reason: str
    fields: list[Told]


@dataclass(frozen=True, slots=True)
class RecordHistory:
    """All states of a learner's record, the newest first."""

    person: Person
    title: str
    journal: Journal
    external_id: str
    school_year: int
    states: list[RecordState]
    refused: list[LateCorrection]


def record_history(
    actor: Actor, person_id: UUID, *, records: str, journal_code: str, school_year: int, external_id: str
) -> RecordHistory:
    """Return what stood of a learner's record and who changed it.

    What a human let in after its period was closed names the human and the reason; all else came from the journal.
    """
    actor.require(PerformancePermission.VIEW)
    enrolment.require_visible(actor, person_id)
    kind = KINDS.get(records)
    journal = Journal.objects.filter(code=journal_code).first()
    if kind is None or not kind.is_personal or journal is None:
        raise _none()
    key = {"journal_id": journal.pk, "external_id": external_id, "school_year": school_year}
    former = FormerRecord.objects.filter(records=records, person_id=person_id, **key).order_by(
        "version", "id"
    )
    rows: list[tuple[int, Mapping[str, Any]]] = [(one.version, one.row) for one in former]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT version, to_jsonb(e)::text FROM {kind.table} e WHERE school_year = %s AND journal_id = %s AND external_id = %s AND person_id = %s",
            [school_year, journal.pk, external_id, person_id],
        )
        rows += [(version, json.loads(row)) for version, row in cursor.fetchall()]
    if not rows:
        raise _none()
    decided = {
        int(one.staged["version"]): one
        for one in LateCorrection.objects.filter(records=records, state="accepted", **key).order_by(
            "decided_at"
        )
    }
    refused = LateCorrection.objects.filter(records=records, state="rejected", person_id=person_id, **key)
    states = []
    for place, (version, row) in enumerate(rows):
        human = decided.get(version)
        before = rows[place - 1][1] if place else None
        after = rows[place + 1][1] if place + 1 < len(rows) else None
        states.append(
            RecordState(
                version, _moment(row), _moment(after) if after else None, row.get("withdrawn_at") is not None,
                human.decided_by_name if human else journal.title, human.reason if human else "",
                fields_of(kind, before, row),
            )
        )  # fmt: skip
    return RecordHistory(
        enrolment.person(actor, person_id, what="история отметки"),
        kind.title,
        journal,
        external_id,
        school_year,
        states[::-1],
        list(refused.order_by("-decided_at")),
    )


def _moment(row: Mapping[str, Any]) -> datetime | None:
    return parse_datetime(str(row.get("recorded_at", "")))


def _none() -> NotFound:
    return NotFound("performance.no_such_record", "Такой записи журнала об этом ученике нет.")
