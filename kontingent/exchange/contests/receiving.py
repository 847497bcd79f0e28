"""A file of results from upload to the portfolio: kept privately, read once, judged, applied when a human has seen it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from django.conf import settings
from django.db import transaction

from kontingent.achievements.portfolio.actions import contests
from kontingent.achievements.portfolio.codes import FileKind
from kontingent.achievements.portfolio.models import ContestFile
from kontingent.exchange.contests.profiles import profile_of
from kontingent.exchange.contests.rows import RowReader
from kontingent.exchange.spreadsheets import reading
from kontingent.exchange.spreadsheets.problems import FileRefused
from kontingent.exchange.spreadsheets.profiles import Profile, lines_under_headings
from kontingent.exchange.spreadsheets.reading import Sheet
from kontingent.exchange.staging import wire
from kontingent.exchange.staging.reading import WORKER, folder, keep
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import KontingentError
from kontingent.kernel.ids import new_id
from kontingent.storage.scope import scoped


def path_of(file_id: UUID) -> Path:
    """Where a file lies until it has been read; its name tells nothing."""
    return folder() / f"{file_id}.table"


def receive(
    *,
    actor: Actor,
    kind: FileKind,
    organisation_id: UUID | None,
    file: BinaryIO,
    filename: str,
    document: str = "",
    verified: bool = False,
) -> ContestFile:
    """Take a file in (принять файл): kept privately, looked at from outside, nothing else yet.

    Raises:
        RuleViolation: stage three is not open where it is sent for; nothing is kept.
        FileRefused: no table, or one that is not safe to open.
    """
    contests.require(actor, organisation_id)
    name = Path(filename.replace("\\", "/")).name[:255] or "таблица"
    file_id = new_id()
    path = path_of(file_id)
    try:
        size, digest = keep(file, path)
        reading.inspect(path, name, max_bytes=settings.IMPORT_MAX_BYTES)
        return contests.receive(
            actor=actor, file_id=file_id, kind=kind, organisation_id=organisation_id, document=document, verified=verified,
            filename=name, size=size, digest=digest, asked_by=wire.actor_to_json(actor),
        )  # fmt: skip
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def read(file_id: UUID) -> ContestFile:
    """Read, stage and judge a whole file (проверить); a file that cannot be read is left refused. The file goes."""
    actor = asked_by(file_id)
    with scoped(actor):
        one = contests.begin(actor=actor, file_id=file_id)
    try:
        with scoped(actor), transaction.atomic():
            _read(one, actor)
    except KontingentError as refusal:
        with scoped(actor):
            contests.refuse(one, refusal.message)
    except BaseException:
        with scoped(WORKER):
            ContestFile.objects.filter(pk=file_id).update(state="uploaded")
        raise
    path_of(file_id).unlink(missing_ok=True)
    with scoped(actor):
        return ContestFile.objects.get(pk=file_id)


def _read(one: ContestFile, actor: Actor) -> None:
    contests.require(actor, one.organisation_id)
    profile = profile_of(FileKind(one.kind))
    sheets = reading.open_sheets(path_of(one.id), one.filename, max_bytes=settings.IMPORT_MAX_BYTES)
    headings: list[list[str]] = []
    rows = contests.stage(one, chain.from_iterable(_rows(one, profile, sheet, headings) for sheet in sheets))
    if not headings:
        raise FileRefused("no_table", f"Таблица не узнана: {profile.wanted} Проверьте, тот ли это файл.")
    if not rows:
        raise FileRefused("no_rows", "Таблица найдена, но строк в ней нет. Проверьте файл.")
    one.columns, one.state = headings, "checked"
    one.totals = {"rows": rows, **contests.judge(one, actor)}
    one.save(update_fields=["columns", "totals", "state"])


def _rows(
    one: ContestFile, profile: Profile, sheet: Sheet, headings: list[list[str]]
) -> Iterator[tuple[Any, ...]]:
    found = lines_under_headings(profile, sheet)
    if found is None:
        return
    mapping, own, lines = found
    if not headings:
        headings += own
    reader = RowReader(profile, mapping, clock.today(), one.document)
    for line, row in lines:
        if (staged := reader.read(sheet.name[:100], line, row)) is not None:
            yield staged


def apply(file_id: UUID) -> ContestFile:
    """Write a claimed file; a refusal gives it back with the reason."""
    actor = asked_by(file_id)
    try:
        with scoped(actor):
            return contests.apply(actor=actor, one=ContestFile.objects.get(pk=file_id))
    except KontingentError as refusal:
        with scoped(actor):
            contests.fail(file_id, refusal.message)
        raise
    except BaseException:
        with scoped(actor):
            contests.fail(file_id, "Применение прервано, ничего не записано. Примените ещё раз.")
        raise


def asked_by(file_id: UUID) -> Actor:
    """Return who sent or applied a file, with the rights of that moment."""
    with scoped(WORKER):
        return wire.actor_from_json(ContestFile.objects.only("actor").get(pk=file_id).actor)
