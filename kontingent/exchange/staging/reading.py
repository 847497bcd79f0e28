"""From file to rows: read, check, match, compare, and put everything into the staging table."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from django.conf import settings
from django.db import transaction
from psycopg.types.json import Jsonb

from kontingent.audit import actions as audit
from kontingent.exchange.spreadsheets import fields, reading, tables
from kontingent.exchange.spreadsheets.health import HIDDEN
from kontingent.exchange.spreadsheets.problems import FileRefused
from kontingent.exchange.spreadsheets.rows import RowReader, without_health
from kontingent.exchange.staging import purposes, wire
from kontingent.exchange.staging.comparing import Comparer, HealthComparer, Staged
from kontingent.exchange.staging.events import BatchReceived
from kontingent.exchange.staging.models import Batch, CauseDecision, Progress, RememberedMapping, Row
from kontingent.exchange.staging.papers import path_of, readable, seal
from kontingent.exchange.staging.permissions import StagingPermission
from kontingent.exchange.staging.purposes import Purpose
from kontingent.health.cipher import LostKey
from kontingent.health.permissions import HealthPermission
from kontingent.kernel import clock
from kontingent.kernel.actor import EVERYTHING, Actor, system_actor
from kontingent.kernel.errors import Conflict, NotFound, RuleViolation
from kontingent.kernel.school_year import SchoolYear
from kontingent.organisations import queries as organisations
from kontingent.stages import queries as stages
from kontingent.storage import bulk
from kontingent.storage.scope import scoped

CHUNK = 4000
#: The field of ``stages/fields.toml`` that stands for its stage.
HEALTH_FIELD = "health_group"
#: Claims batches and gives them back; what is in them is read within the scope of whoever sent them.
WORKER = system_actor("worker", "Обработчик заданий")
Report = Callable[[str, int, int], None]


def receive(
    *,
    actor: Actor,
    organisation_id: UUID,
    file: BinaryIO,
    filename: str,
    options: Mapping[str, Any] | None = None,
) -> Batch:
    """Take a file in (принять файл): kept privately, looked at from outside, nothing else yet."""
    organisation = organisations.get(organisation_id)
    actor.require(
        StagingPermission.IMPORT,
        organisation_id=organisation.id,
        municipality_id=organisation.municipality_id,
    )
    purpose = purposes.named((options or {}).get("purpose") or purposes.CLASS_LIST.code)
    if purpose.permission is not None:
        actor.require(
            purpose.permission,
            organisation_id=organisation.id,
            municipality_id=organisation.municipality_id,
        )
        stages.gate(organisation.municipality).require(HEALTH_FIELD)
    name = Path(filename.replace("\\", "/")).name[:255] or "список"
    batch = Batch(
        organisation=organisation,
        filename=name,
        options=dict(options or {}),
        created_at=clock.now(),
        created_by_name=actor.name,
        actor=wire.actor_to_json(actor),
    )
    path = path_of(batch)
    try:
        batch.size, batch.digest = keep(file, path)
        reading.inspect(path, name, max_bytes=settings.IMPORT_MAX_BYTES)
        if purpose is purposes.HEALTH:
            seal(batch)
        with transaction.atomic():
            batch.save(force_insert=True)
            audit.record(
                BatchReceived(
                    object_id=batch.id, organisation_id=organisation.id, filename=name, digest=batch.digest
                ),
                actor=actor,
            )
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return batch


def keep(file: BinaryIO, path: Path) -> tuple[int, str]:
    """Write an upload to a private file, up to the limit; return its size and digest."""
    digest, size = hashlib.sha256(), 0
    path.touch(mode=0o600)
    with path.open("wb") as kept:
        while piece := file.read(1 << 20):
            size += len(piece)
            if size > settings.IMPORT_MAX_BYTES:
                raise FileRefused(
                    "too_big", f"Файл больше {settings.IMPORT_MAX_BYTES >> 20} МБ. Разделите его на части."
                )
            digest.update(piece)
            kept.write(piece)
    return size, digest.hexdigest()


def get(actor: Actor, batch_id: UUID) -> Batch:
    """Return a batch in scope; one of health only to who may enter it, there is none to others."""
    batch = Batch.objects.select_related("organisation").filter(pk=batch_id).first()
    if batch is None or not purposes.of(batch).may(actor):
        raise NotFound("staging.no_such_batch", "Такой загрузки нет.")
    actor.require(
        StagingPermission.IMPORT,
        organisation_id=batch.organisation_id,
        municipality_id=batch.organisation.municipality_id,
    )
    return batch


def _claim(batch_id: UUID) -> Batch:
    """Take a batch for reading; whoever comes second is told."""
    with transaction.atomic():
        batch = Batch.objects.select_for_update().get(pk=batch_id)
        if batch.state in {"applying", "applied", "undone"}:
            raise Conflict("staging.not_readable", "Загрузка уже применяется, применена или отменена.")
        batch.state, batch.refusal = "reading", ""
        batch.save(update_fields=["state", "refusal"])
        Row.objects.filter(batch=batch).delete()
        Progress.objects.update_or_create(
            batch=batch, defaults={"stage": "Чтение файла", "done": 0, "total": 0}
        )
    return batch


def report_to(batch_id: UUID) -> Report:
    """Return what tells the progress page how far the reading is."""

    def report(stage: str, done: int, total: int) -> None:
        Progress.objects.filter(pk=batch_id).update(stage=stage, done=done, total=total)

    return report


def read(batch_id: UUID, *, choices: Mapping[tuple[str, int], str] | None = None) -> Batch:
    """Read, check, match and compare a whole file (проверить). Writes staging rows only; safe to repeat.

    A file that cannot be read leaves the batch refused, with the reason.
    """
    with scoped(WORKER):
        batch = _claim(batch_id)
    actor = wire.actor_from_json(batch.actor)
    try:
        with readable(batch) as path, scoped(actor), transaction.atomic():
            _read(batch, actor, path, choices or {}, report_to(batch.id))
        batch.state = "checked"
        if _speaks_of_health(batch):
            seal(batch)
    except (FileRefused, RuleViolation, LostKey) as refusal:
        batch.state, batch.refusal, batch.totals = "refused", refusal.message, {}
    except BaseException:
        with scoped(WORKER):
            Batch.objects.filter(pk=batch.id).update(state="uploaded")
        raise
    with scoped(actor):
        batch.save(update_fields=["state", "refusal", "tables", "totals", "options"])
    return batch


def _read(
    batch: Batch, actor: Actor, path: Path, choices: Mapping[tuple[str, int], str], report: Report
) -> None:
    found, purpose, today = _tables(batch, path), purposes.of(batch), clock.today()
    _fill_options(batch, found, today)
    comparer = comparer_of(batch, actor)
    since = min(date.fromisoformat(batch.options["effective_on"]), today)
    totals: Counter[str] = Counter()
    for chunk in _chunks(_staged(found, purpose, today, since)):
        by_line = {
            line: choice for (sheet, line), choice in choices.items() if chunk and sheet == chunk[0].sheet
        }
        comparer.compare(chunk, chosen=by_line)
        _write(batch, chunk)
        totals.update(one.status for one in chunk)
        totals["enrols"] += sum(
            one.enrols and one.status in {"create", "update", "unchanged"} for one in chunk
        )
        totals["rows"] += len(chunk)
        report("Проверка строк", totals["rows"], 0)
    if not totals["rows"] and not batch.options.get("may_be_empty"):
        raise FileRefused("no_rows", "Таблица найдена, но в ней нет ни одного ученика. Проверьте файл.")
    batch.totals = dict(totals)


def comparer_of(batch: Batch, actor: Actor) -> Comparer:
    """Return what compares the rows of a batch with the register, for an actor."""
    kind = HealthComparer if purposes.of(batch) is purposes.HEALTH else Comparer
    return kind(
        actor,
        batch.organisation_id,
        effective_on=date.fromisoformat(batch.options["effective_on"]),
        decisions=dict(CauseDecision.objects.filter(batch=batch).values_list("cause", "decision")),
    )


def _speaks_of_health(batch: Batch) -> bool:
    return any(code in fields.STAGED for table in batch.tables for *_, code, _ in table["columns"])


def _tables(batch: Batch, path: Path) -> list[tables.Table]:
    remembered = dict(
        RememberedMapping.objects.filter(organisation=batch.organisation).values_list(
            "fingerprint", "columns"
        )
    )
    sheets = reading.open_sheets(path, batch.filename, max_bytes=settings.IMPORT_MAX_BYTES)
    found = [table for sheet in sheets if (table := tables.find_table(sheet, remembered=remembered))]
    if not found:
        raise FileRefused(
            "no_table",
            "В файле не найдена таблица: нужна строка заголовков, где есть фамилия (или ФИО) и дата рождения. "
            "Проверьте, тот ли это файл.",
        )
    _require_open(batch, found)
    found = purposes.limited(found, purposes.of(batch))
    batch.tables = [
        {
            "sheet": table.sheet,
            "header_line": table.header_line,
            "defaults": table.defaults,
            "fingerprint": table.fingerprint,
            "school": table.school,
            "day": table.day.isoformat() if table.day else None,
            "columns": [
                [c.letter, c.heading, c.field, c.confidence] for c in table.columns if c.heading or c.field
            ],
        }
        for table in found
    ]
    return found


def _require_open(batch: Batch, found: list[tables.Table]) -> None:
    """Refuse a file with columns of a stage that is not open here, or which the sender may not enter: by name and place.

    What must not be received is not kept: the file goes. The heading counts, whatever field the column was called.
    """
    gate = stages.gate(batch.organisation.municipality)
    may_enter = (
        HealthPermission.EDIT.value in batch.actor["permissions"] or EVERYTHING in batch.actor["permissions"]
    )
    for table in found:
        for column in table.columns:
            named = fields.recognise(column.heading)
            code = column.field if column.field in fields.STAGED else named[0] if named else ""
            if code not in fields.STAGED:
                continue
            place = f"Столбец {column.letter} «{column.heading}» (лист «{table.sheet}»): "
            advice = " Файл удалён. Уберите столбец и загрузите снова."
            try:
                gate.require(fields.STAGED[code])
            except RuleViolation as refusal:
                path_of(batch).unlink(missing_ok=True)
                raise FileRefused("stage_closed", place + refusal.message + advice) from refusal
            if not may_enter:
                path_of(batch).unlink(missing_ok=True)
                raise FileRefused(
                    "no_right",
                    f"{place}такие сведения загружает ответственный за сведения о здоровье, не ваша роль.{advice}",
                )


def _private(table: tables.Table) -> dict[int, str]:
    """Return the mapping by which raw cells are kept: a column of health is blanked though it was called nothing."""
    named = {
        column.index: found[0] for column in table.columns if (found := fields.recognise(column.heading))
    }
    return table.mapping | {index: code for index, code in named.items() if code in fields.STAGED}


def _fill_options(batch: Batch, found: list[tables.Table], today: date) -> None:
    """Complete what the user did not say: the day of the list, the school year, the requisites of the order."""
    options = batch.options
    if purposes.of(batch) is purposes.HEALTH:
        options["effective_on"] = today.isoformat()
    day = next((table.day for table in found if table.day), None)
    effective = date.fromisoformat(options["effective_on"]) if options.get("effective_on") else None
    if effective is None:
        year = (
            SchoolYear(int(options["school_year"]))
            if options.get("school_year")
            else SchoolYear.of(day or today)
        )
        effective = day or year.starts_on
    options["effective_on"] = effective.isoformat()
    options["school_year"] = SchoolYear.of(effective).begins_in
    options.setdefault("order_number", "")
    options.setdefault("order_date", "")


def _staged(found: Iterable[tables.Table], purpose: Purpose, today: date, since: date) -> Iterator[Staged]:
    for table in found:
        reader = RowReader(
            table.mapping, defaults=table.defaults, today=today, since=since, of_known=purpose.of_known
        )
        mapping, kept = _private(table), _kept(table, purpose)
        for line, cells_of_row in table.rows:
            row, problems = reader.read(cells_of_row)
            raw = without_health(cells_of_row, mapping)
            if kept is not None:
                raw = [text if index in kept else HIDDEN if text else "" for index, text in enumerate(raw)]
            yield Staged(table.sheet, line, raw, row, problems)


def _kept(table: tables.Table, purpose: Purpose) -> set[int] | None:
    """Return the columns whose cells are kept as written: of a list of health, those that say whom a row is about; None is all."""
    if not purpose.of_known:
        return None
    return {index for index, code in table.mapping.items() if code in fields.IDENTIFYING}


def _chunks(rows: Iterator[Staged]) -> Iterator[list[Staged]]:
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


def _write(batch: Batch, chunk: Iterable[Staged]) -> None:
    bulk.copy_rows(
        Row._meta.db_table,
        ["batch_id", "sheet", "line", "raw", "parsed", "problems", "status", "enrols", "person_id", "candidates", "diff", "made"],
        (
            (
                batch.id, one.sheet, one.line, Jsonb(one.raw), Jsonb(wire.to_json(one.row)),
                Jsonb([list(problem) for problem in one.problems]), one.status, one.enrols, one.person_id,
                Jsonb(_candidates(one)), Jsonb(one.diff), Jsonb({}),
            )
            for one in chunk
        ),
    )  # fmt: skip


def _candidates(one: Staged) -> list[dict[str, Any]]:
    if one.status != "possible":
        return []
    return [
        {
            "person": str(c.person_id),
            "name": c.full_name,
            "born": c.birth_date.isoformat() if c.birth_date else None,
            "score": c.verdict.score,
            "reasons": [[r.text, r.weight] for r in c.verdict.reasons],
        }
        for c in one.candidates
    ]


# -- what the user decides -----------------------------------------------------------------------


@transaction.atomic
def set_mapping(*, actor: Actor, batch_id: UUID, fingerprint: str, columns: Mapping[str, str]) -> None:
    """Remember which column is which field for these headings; the batch is read again by the caller."""
    batch = get(actor, batch_id)
    chosen = {letter: code for letter, code in columns.items() if code in fields.BY_CODE}
    twice = {code for code in chosen.values() if list(chosen.values()).count(code) > 1}
    if twice:
        title = fields.BY_CODE[twice.pop()].title
        raise RuleViolation(
            "staging.field_twice", f"Поле «{title}» выбрано для двух столбцов. Оставьте одно."
        )
    RememberedMapping.objects.update_or_create(
        organisation=batch.organisation, fingerprint=fingerprint, defaults={"columns": chosen}
    )


@transaction.atomic
def decide_cause(*, actor: Actor, batch_id: UUID, cause: str, decision: str) -> None:
    """Decide all rows of a cause at once: ``accept`` a warning, ``refuse`` it, ``drop`` the value of an error."""
    batch = get(actor, batch_id)
    if decision not in {"accept", "refuse", "drop", ""}:
        raise RuleViolation("staging.decision", "Такого решения нет. Обновите страницу.")
    CauseDecision.objects.filter(batch=batch, cause=cause[:120]).delete()
    if decision:
        CauseDecision.objects.create(batch=batch, cause=cause[:120], decision=decision)


def reread(*, actor: Actor, batch_id: UUID) -> Batch:
    """Read a batch again after decisions, keeping the human's choices of persons."""
    with scoped(actor):
        batch = get(actor, batch_id)
        if batch.state not in {"checked", "refused", "uploaded"}:
            raise Conflict("staging.not_readable", "Загрузка уже применяется, применена или отменена.")
        chosen = Row.objects.filter(batch=batch).exclude(made={}).values_list("sheet", "line", "made")
        choices = {(sheet, line): made["choice"] for sheet, line, made in chosen if "choice" in made}
    return read(batch.id, choices=choices)


@transaction.atomic
def decide_row(*, actor: Actor, batch_id: UUID, row_id: int, choice: str) -> Row:
    """Say who a possible match is: the id of a person named as candidate, or "new"."""
    batch = get(actor, batch_id)
    row = Row.objects.select_for_update().filter(batch=batch, pk=row_id).first()
    if batch.state != "checked" or row is None or not row.candidates:
        raise Conflict("staging.row_decided", "Эту строку уже нельзя решить так. Обновите страницу.")
    known = {candidate["person"] for candidate in row.candidates}
    if choice not in known and (choice != "new" or purposes.of(batch).of_known):
        raise RuleViolation("staging.not_a_candidate", "Выберите одного из показанных людей.")
    row.made = {"choice": choice}
    staged = Staged(row.sheet, row.line, [], wire.from_json(row.parsed), [])
    comparer_of(batch, actor).compare([staged], chosen={row.line: choice})
    before = row.status
    row.status, row.enrols, row.person_id, row.diff = (
        staged.status,
        staged.enrols,
        staged.person_id,
        staged.diff,
    )
    row.problems = [
        *[p for p in row.problems if not p[1].startswith("enrolment.")],
        *[list(p) for p in staged.problems],
    ]
    row.save()
    totals = Counter(batch.totals)
    totals[before] -= 1
    totals[row.status] += 1
    totals["enrols"] += int(row.enrols and row.status != "refused")
    batch.totals = dict(totals)
    batch.save(update_fields=["totals"])
    return row


def purge(*, older_than_days: int = 90) -> int:
    """Forget rows and files of finished batches: they are copies of personal data. Return how many batches."""
    border = clock.now() - timedelta(days=older_than_days)
    old = Batch.objects.filter(created_at__lt=border).exclude(state__in=["reading", "applying"])
    for batch in old:
        path_of(batch).unlink(missing_ok=True)
    count, _ = Row.objects.filter(batch__in=old).delete()
    return count
