"""Reading batches: what would change, what is wrong and how often, the rows, the refused ones as a workbook."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from kontingent.audit import reads
from kontingent.audit.reads import ReadKind
from kontingent.exchange.spreadsheets import fields
from kontingent.exchange.spreadsheets.refused import RefusedRow, workbook
from kontingent.exchange.spreadsheets.rows import DROPPABLE
from kontingent.exchange.staging import purposes
from kontingent.exchange.staging.models import Batch, CauseDecision, Progress, Row
from kontingent.exchange.staging.permissions import StagingPermission
from kontingent.exchange.staging.reading import get
from kontingent.kernel.actor import Actor
from kontingent.organisations import queries as organisations

PAGE = 100
STATUSES = ("create", "update", "unchanged", "possible", "refused")


@dataclass(frozen=True, slots=True)
class Cause:
    """All problems of one cause: one line, one fix."""

    cause: str
    severity: str
    code: str
    field: str
    count: int
    example: str
    lines: str
    remedy: str
    decision: str

    @property
    def title(self) -> str:
        """The field it concerns."""
        known = fields.BY_CODE.get(self.field)
        return known.title if known else "Строка"

    @property
    def may_be_dropped(self) -> bool:
        """True when rows may be loaded without the value."""
        return self.severity == "error" and self.field in DROPPABLE


def causes(batch: Batch) -> list[Cause]:
    """Return the causes of a batch's problems, errors first, the most frequent first."""
    decisions = dict(CauseDecision.objects.filter(batch=batch).values_list("cause", "decision"))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p->>2, p->>0, p->>1, p->>3, count(*), min(p->>5), min(p->>6), "
            "(array_agg(r.sheet || ', строка ' || r.line ORDER BY r.id))[1:5] "
            "FROM staging_row r CROSS JOIN jsonb_array_elements(r.problems) p WHERE r.batch_id = %s "
            "GROUP BY 1, 2, 3, 4 ORDER BY array_position(ARRAY['error', 'warning', 'info'], p->>0), count(*) DESC",
            [batch.id],
        )
        return [
            Cause(
                cause,
                severity,
                code,
                where,
                count,
                message,
                "; ".join(lines),
                remedy or "",
                decisions.get(cause, ""),
            )
            for cause, severity, code, where, count, message, remedy, lines in cursor.fetchall()
        ]


def rows(batch: Batch, *, status: str = "", after: int = 0, cause: str = "") -> list[Row]:
    """Return a page of rows in file order."""
    found = Row.objects.filter(batch=batch, pk__gt=after)
    if status:
        found = found.filter(status=status)
    if cause:
        found = found.extra(  # the problems are positional arrays, which the ORM cannot look into
            where=["EXISTS (SELECT 1 FROM jsonb_array_elements(problems) p WHERE p->>2 = %s)"], params=[cause]
        )
    return list(found.order_by("pk")[:PAGE])


def people_of(rows: Collection[Row]) -> list[UUID]:
    """Return the persons of the register that these rows show: those matched, and those who may be meant."""
    known = [row.person_id for row in rows if row.person_id]
    return known + [UUID(one["person"]) for row in rows for one in row.candidates]


def progress(batch_id: UUID) -> Progress | None:
    """Return how far the work on a batch has come."""
    return Progress.objects.filter(pk=batch_id).first()


def batches(actor: Actor, *, organisation_id: UUID | None = None) -> list[Batch]:
    """Return the latest batches in scope."""
    actor.require(StagingPermission.IMPORT)
    found = Batch.objects.filter(organisations.scope_condition(actor.scope)).select_related("organisation")
    if organisation_id is not None:
        found = found.filter(organisation_id=organisation_id)
    closed = [one.code for one in purposes.PURPOSES.values() if not one.may(actor)]
    found = found.exclude(options__has_key="purpose", options__purpose__in=closed)
    return list(found.order_by("-created_at")[:PAGE])


def earlier_with_same_content(batch: Batch) -> Batch | None:
    """Return an applied batch of the same organisation whose file was the same, byte for byte."""
    same = Batch.objects.filter(organisation=batch.organisation, digest=batch.digest, state="applied")
    return same.exclude(pk=batch.pk).order_by("-created_at").first()


def refused_workbook(actor: Actor, batch_id: UUID) -> bytes:
    """Return the refused and undecided rows as the user's own workbook with reasons."""
    batch = get(actor, batch_id)
    shown = people_of(list(Row.objects.filter(batch=batch, status="possible")))
    reads.note(actor, ReadKind.EXPORT, shown, object_id=batch_id, what="отклонённые строки загрузки")
    headings = {table["sheet"]: _headings(table) for table in batch.tables}
    return workbook(headings, _refused(batch))


def _headings(table: dict[str, Any]) -> list[str]:
    """Return the headings at the places of their columns."""
    width = max((_index(column[0]) for column in table["columns"]), default=-1) + 1
    headings = [""] * width
    for letter, heading, *_ in table["columns"]:
        headings[_index(letter)] = heading
    return headings


def _index(letter: str) -> int:
    index = 0
    for sign in letter:
        index = index * 26 + ord(sign) - 64
    return index - 1


def _refused(batch: Batch) -> Iterator[RefusedRow]:
    for row in (
        Row.objects.filter(batch=batch, status__in=["refused", "possible"])
        .order_by("pk")
        .iterator(chunk_size=2000)
    ):
        if row.status == "possible":
            names = "; ".join(f"{c['name']} ({c['born']})" for c in row.candidates)
            yield RefusedRow(
                row.sheet,
                row.line,
                row.raw,
                [f"Похож на людей в реестре: {names}."],
                ["Решите на странице загрузки, кто это."],
            )
            continue
        errors = [p for p in row.problems if p[0] == "error"] or row.problems
        reasons = [f"{p[5]}" + (f" (значение: {p[4]})" if p[4] and p[4] not in p[5] else "") for p in errors]
        yield RefusedRow(row.sheet, row.line, row.raw, reasons, [p[6] for p in errors if p[6]])
