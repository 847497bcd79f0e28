"""The way of a file of rows in: received, its rows staged and judged, refused or claimed, applied in one transaction.

A room hands in its tables and what is its own: who may bring a file, what holds still while it is applied, what its rows mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from kontingent.achievements.incoming.models import IncomingFile, IncomingRow
from kontingent.achievements.incoming.reach import is_reached
from kontingent.audit import actions as audit
from kontingent.audit.event import Event
from kontingent.codelists import queries as codelists
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import Conflict, NotFound
from kontingent.organisations import queries as organisations
from kontingent.stages import queries as stages
from kontingent.storage import bulk

F = TypeVar("F", bound=IncomingFile)

#: The columns of a staged row, in the order in which a reader gives them.
STAGED: Final = (
    "sheet", "line", "raw", "family_name", "given_name", "patronymic", "name_key", "birth_date", "snils", "document_key", "ogrn",
    "day", "facts", "key", "outcome", "problems",
)  # fmt: skip
_WHY_NOT: Final = {
    "uploaded": "Файл ещё не проверен. Дождитесь конца проверки.",
    "reading": "Файл ещё проверяется. Дождитесь конца проверки.",
    "applying": "Файл уже применяется. Дождитесь окончания.",
    "applied": "Файл уже применён.",
    "undone": "Загрузка отменена. Загрузите исправленный файл заново.",
    "refused": "Файл не принят. Исправьте его и загрузите заново.",
}
_NEVER_APPLIED: Final = (
    "Файл не применили за {days} дней: его строки удалены по сроку хранения. Загрузите файл заново."
)
#: A file that is being applied is not touched; one that was refused has no rows.
_KEPT: Final = ("applying", "refused")
_INTERRUPTED: Final = "Применение было прервано. Ничего не записано: примените ещё раз."


@dataclass(frozen=True, slots=True)
class Intake(Generic[F]):
    """How a room takes files of rows.

    ``room``               how its refusals are named: ``portfolio.not_checked``
    ``needs``              of a kind of file the permission, and the field of ``stages/fields.toml``
    ``received, applied, purged`` the events that the journal keeps
    ``lock``               the advisory lock of applying: one file at a time
    ``hold``               locks what stands, so that nothing moves between judging and writing
    ``judge``              says of every staged row what would become of it; returns the numbers by outcome, may be repeated
    ``write``              writes what is new or corrected
    """

    room: str
    file: type[F]
    row: type[IncomingRow]
    needs: Callable[[str], tuple[StrEnum, str]]
    received: Callable[..., Event]
    applied: Callable[..., Event]
    purged: Callable[..., Event]
    lock: int
    judge: Callable[[F, Actor], dict[str, int]]
    write: Callable[[F, Actor], None]
    hold: Callable[[F], None] = lambda _: None

    def require(self, actor: Actor, kind: str, organisation_id: UUID | None) -> None:
        """Refuse whoever may not bring such a file, or where its stage is not open.

        Raises:
            NotAllowed: without the permission, or for another organisation.
            RuleViolation: ``stages.closed``, by the name of the field.
        """
        permission, field = self.needs(kind)
        if organisation_id is None:
            actor.require(permission)
            stages.gate_for(actor).require(field)
            return
        where = organisations.get(organisation_id)
        actor.require(permission, organisation_id=where.id, municipality_id=where.municipality_id)
        stages.gate(where.municipality).require(field)

    def receive(
        self,
        *,
        actor: Actor,
        file_id: UUID,
        kind: str,
        organisation_id: UUID | None,
        asked_by: dict[str, Any],
        **said: Any,
    ) -> F:
        """Take note of a file that lies ready (принять файл); nothing of it is read yet.

        ``said`` are the other columns of the file: its name, size and digest, what a room asks besides.
        """
        self.require(actor, kind, organisation_id)
        with transaction.atomic():
            one = self.file._default_manager.create(
                id=file_id, kind=kind, organisation_id=organisation_id, sent_by=actor.code, sent_by_name=actor.name[:200],
                actor=asked_by, created_at=clock.now(), **said,
            )  # fmt: skip
            audit.record(
                self.received(
                    object_id=one.id, organisation_id=organisation_id, what=kind, digest=one.digest
                ),
                actor=actor,
            )
        return one

    @transaction.atomic
    def begin(self, *, actor: Actor, file_id: UUID) -> F:
        """Take a file for reading; whoever comes second is told."""
        one = self.locked(actor, file_id)
        if one.state in {"applying", "applied", "undone"}:
            raise self._conflict("not_readable", "Файл уже применяется или применён. Загрузите его заново.")
        one.state, one.refusal = "reading", ""
        one.save(update_fields=["state", "refusal"])
        self.row.of(one).delete()
        return one

    def stage(self, one: F, rows: Iterable[Sequence[Any]]) -> int:
        """Write rows by ``COPY``, their values in the order of ``STAGED``; return how many."""
        return bulk.copy_rows(
            self.row._meta.db_table, ("delivery_id", *STAGED), ((one.id, *row) for row in rows)
        )

    def checked(self, one: F, actor: Actor, *, rows: int, headings: list[list[str]]) -> None:
        """Judge what was staged: the file waits for a human."""
        one.columns, one.state = headings, "checked"
        one.totals = {"rows": rows, **self.judge(one, actor)}
        one.save(update_fields=["columns", "totals", "state"])

    def refuse(self, one: F, message: str) -> None:
        """Leave a file refused, with the reason and without its rows."""
        self.row.of(one).delete()
        self.files(pk=one.pk).update(state="refused", refusal=message, totals={})

    @transaction.atomic
    def claim(self, *, actor: Actor, file_id: UUID, asked_by: dict[str, Any]) -> F:
        """Mark a checked file as being applied; of two who try, the second is told."""
        one = self.locked(actor, file_id)
        self.require(actor, one.kind, one.organisation_id)
        if one.state != "checked":
            raise self._conflict("not_checked", _WHY_NOT[one.state])
        if not one.has_work:
            raise self._conflict("nothing", "Применять нечего: новых и изменённых строк в файле нет.")
        one.state, one.actor, one.refusal = "applying", asked_by, ""
        one.save(update_fields=["state", "actor", "refusal"])
        return one

    @transaction.atomic
    def apply(self, *, actor: Actor, one: F) -> F:
        """Write the rows of a claimed file that are new or corrected, after judging them once more: the register may have moved."""
        one = self.locked(actor, one.id)
        self.require(actor, one.kind, one.organisation_id)
        if one.state != "applying":
            raise self._conflict("not_checked", "Файл сейчас применить нельзя. Обновите страницу.")
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [self.lock])
        self.hold(one)
        counted = dict.fromkeys(("create", "change", "same", "refused"), 0) | self.judge(one, actor)
        self.write(one, actor)
        one.state, one.finished_at, one.totals = "applied", clock.now(), one.totals | counted
        one.save(update_fields=["state", "finished_at", "totals"])
        audit.record(
            self.applied(
                object_id=one.id, organisation_id=one.organisation_id, what=one.kind, created=counted["create"],
                changed=counted["change"], unchanged=counted["same"], refused=counted["refused"],
            ),
            actor=actor,
        )  # fmt: skip
        return one

    def due(self) -> list[UUID]:
        """Return the files whose rows have been kept for their term: it counts from the last thing that happened to a file."""
        found = self.files(purged_at__isnull=True, created_at__lt=_kept_since()).exclude(state__in=_KEPT)
        return [one.id for one in found if one.last_touched_at < _kept_since()]

    @transaction.atomic
    def purge(self, *, actor: Actor, file_id: UUID) -> None:
        """Remove the rows of a file whose term has passed (очистить строки). What it brought stays, so do its numbers; a file that nobody applied is refused."""
        one = self.files(pk=file_id).select_for_update(of=("self",)).get()
        if one.last_touched_at >= _kept_since() or one.purged_at is not None or one.state in _KEPT:
            return
        rows, _ = self.row.of(one).delete()
        one.purged_at, one.actor = clock.now(), {}
        if one.is_waiting:
            one.state, one.refusal = "refused", _NEVER_APPLIED.format(days=_kept_days())
        one.save(update_fields=["purged_at", "actor", "state", "refusal"])
        audit.record(
            self.purged(
                object_id=one.id, organisation_id=one.organisation_id, what=one.kind, rows=rows, kept_days=_kept_days()
            ),
            actor=actor,
        )  # fmt: skip

    def fail(self, file_id: UUID, message: str) -> None:
        """Give a file back whose applying was refused: nothing of it is written."""
        self.files(pk=file_id, state="applying").update(state="checked", refusal=message)

    def give_back(self) -> tuple[int, list[UUID]]:
        """Give back what a killed worker had claimed; return how many were being applied and which are to be read."""
        interrupted = self.files(state="applying").update(state="checked", refusal=_INTERRUPTED)
        return interrupted, list(self.files(state="reading").values_list("id", flat=True))

    def locked(self, actor: Actor, file_id: UUID) -> F:
        """Return a file of the scope, locked."""
        one = self.files(pk=file_id).select_for_update(of=("self",)).first()
        if one is None or not is_reached(actor, one):
            raise NotFound(f"{self.room}.no_such_file", "Такой загрузки нет.")
        return one

    def files(self, **which: Any) -> QuerySet[F]:
        """Return the files of the room."""
        return self.file._default_manager.filter(**which)

    def _conflict(self, code: str, message: str) -> Conflict:
        return Conflict(f"{self.room}.{code}", message)


def _kept_days() -> int:
    return int(codelists.number("file_retention", "delivered_rows"))


def _kept_since() -> datetime:
    return clock.now() - timedelta(_kept_days())
