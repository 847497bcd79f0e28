"""A file of rows from upload to the register: kept privately, read once by its profile, judged, applied when a human has seen it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, Generic, Protocol, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import transaction

from kontingent.achievements.incoming.intake import Intake
from kontingent.achievements.incoming.models import IncomingFile
from kontingent.exchange.spreadsheets import reading
from kontingent.exchange.spreadsheets.problems import FileRefused
from kontingent.exchange.spreadsheets.profiles import Profile, lines_under_headings
from kontingent.exchange.spreadsheets.reading import Sheet
from kontingent.exchange.staging import wire
from kontingent.exchange.staging.papers import folder
from kontingent.exchange.staging.reading import WORKER, keep
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import KontingentError
from kontingent.kernel.ids import new_id
from kontingent.storage.scope import scoped

#: Seconds for which bytes without a record are left alone: the record may be on the way.
UNTOUCHED = 24 * 3600
F = TypeVar("F", bound=IncomingFile)


class RowReader(Protocol):
    """Reads the lines of one table."""

    def read(self, sheet: str, line: int, row: Sequence[Any]) -> tuple[Any, ...] | None:
        """Return the values of a staged row (``intake.STAGED``), None for a line with nothing in it."""


@dataclass(frozen=True, slots=True)
class Receiving(Generic[F]):
    """The files of a room: its own actions, the layout of a kind of file, what reads the lines of a table."""

    intake: Intake[F]
    profile_of: Callable[[str], Profile]
    reader: Callable[[F, Profile, Mapping[int, str]], RowReader]

    def receive(
        self,
        *,
        actor: Actor,
        kind: str,
        organisation_id: UUID | None,
        file: BinaryIO,
        filename: str,
        **said: Any,
    ) -> F:
        """Take a file in (принять файл): kept privately, looked at from outside, nothing else yet. ``said`` is what a room asks besides.

        Raises:
            RuleViolation: stage three is not open where it is sent for, by the name of the field; nothing is kept.
            FileRefused: no table, or one that is not safe to open.
        """
        self.intake.require(actor, kind, organisation_id)
        name = Path(filename.replace("\\", "/")).name[:255] or "таблица"
        file_id = new_id()
        path = self._path_of(file_id)
        try:
            size, digest = keep(file, path)
            reading.inspect(path, name, max_bytes=settings.IMPORT_MAX_BYTES)
            return self.intake.receive(
                actor=actor, file_id=file_id, kind=kind, organisation_id=organisation_id, filename=name, size=size, digest=digest,
                asked_by=wire.actor_to_json(actor), **said,
            )  # fmt: skip
        except BaseException:
            path.unlink(missing_ok=True)
            raise

    def read(self, file_id: UUID) -> F:
        """Read, stage and judge a whole file (проверить); a file that cannot be read is left refused. Its bytes go."""
        actor = self._asked_by(file_id)
        with scoped(actor):
            one = self.intake.begin(actor=actor, file_id=file_id)
        try:
            with scoped(actor), transaction.atomic():
                self._read(one, actor)
        except KontingentError as refusal:
            with scoped(actor):
                self.intake.refuse(one, refusal.message)
        except BaseException:
            with scoped(WORKER):
                self.intake.files(pk=file_id).update(state="uploaded")
            raise
        self._path_of(file_id).unlink(missing_ok=True)
        with scoped(actor):
            return self.intake.files().get(pk=file_id)

    def _read(self, one: F, actor: Actor) -> None:
        self.intake.require(actor, one.kind, one.organisation_id)
        profile = self.profile_of(one.kind)
        sheets = reading.open_sheets(self._path_of(one.id), one.filename, max_bytes=settings.IMPORT_MAX_BYTES)
        headings: list[list[str]] = []
        staged = chain.from_iterable(self._rows(one, profile, sheet, headings) for sheet in sheets)
        rows = self.intake.stage(one, staged)
        if not headings:
            raise FileRefused("no_table", f"Таблица не узнана: {profile.wanted} Проверьте, тот ли это файл.")
        if not rows:
            raise FileRefused("no_rows", "Таблица найдена, но строк в ней нет. Проверьте файл.")
        self.intake.checked(one, actor, rows=rows, headings=headings)

    def _rows(
        self, one: F, profile: Profile, sheet: Sheet, headings: list[list[str]]
    ) -> Iterator[tuple[Any, ...]]:
        found = lines_under_headings(profile, sheet)
        if found is None:
            return
        mapping, own, lines = found
        if not headings:
            headings += own
        reader = self.reader(one, profile, mapping)
        for line, row in lines:
            if (staged := reader.read(sheet.name[:100], line, row)) is not None:
                yield staged

    def apply(self, file_id: UUID) -> F:
        """Write a claimed file; a refusal gives it back with the reason."""
        actor = self._asked_by(file_id)
        try:
            with scoped(actor):
                return self.intake.apply(actor=actor, one=self.intake.files().get(pk=file_id))
        except KontingentError as refusal:
            with scoped(actor):
                self.intake.fail(file_id, refusal.message)
            raise
        except BaseException:
            with scoped(actor):
                self.intake.fail(file_id, "Применение прервано, ничего не записано. Примените ещё раз.")
            raise

    def purge(self) -> tuple[int, int]:
        """Remove rows whose term has passed and bytes that nobody waits for; return how many files and how many bytes' files.

        Bytes lie until they are read. Those of a file that was never recorded, or that will not be read any more, are left behind by a crash.
        """
        with scoped(WORKER):
            due = self.intake.due()
        for one in due:
            with scoped(WORKER):
                self.intake.purge(actor=WORKER, file_id=one)
        with scoped(WORKER):
            waiting = self.intake.files(state__in=["uploaded", "reading"])
            wanted = {str(one) for one in waiting.values_list("id", flat=True)}
        swept = 0
        for path in folder().glob(f"*.{self.intake.room}"):
            if path.stem not in wanted and path.stat().st_mtime < time.time() - UNTOUCHED:
                path.unlink(missing_ok=True)
                swept += 1
        return len(due), swept

    def _path_of(self, file_id: UUID) -> Path:
        """Where a file lies until it has been read; its name tells nothing of the user's."""
        return folder() / f"{file_id}.{self.intake.room}"

    def _asked_by(self, file_id: UUID) -> Actor:
        """Return who sent or applied a file, with the rights of that moment."""
        with scoped(WORKER):
            return wire.actor_from_json(self.intake.files().only("actor").get(pk=file_id).actor)
