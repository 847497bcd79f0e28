"""Making a source, changing it, keeping versions of its mapping, asking for a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from django.db import transaction

from kontingent.audit import actions as audit
from kontingent.exchange.journals.adapters.mapping import read_mapping
from kontingent.exchange.journals.deliverers import SOURCE
from kontingent.exchange.journals.events import FileLeft, MappingKept, RunAsked, SourceChanged, SourceMade
from kontingent.exchange.journals.models import JournalSource, MappingVersion
from kontingent.exchange.journals.permissions import SourcePermission
from kontingent.exchange.journals.sources import folders, queries, registry, rules
from kontingent.exchange.journals.sources.running import WORKER
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import Conflict, InvalidValue, NotAllowed, NotFound, RuleViolation
from kontingent.kernel.ids import new_id
from kontingent.organisations.models import Municipality, Organisation
from kontingent.performance import actions as performance

LONGEST_MAPPING = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceDraft:
    """A source to be made. With neither organisation nor municipality it is the region's."""

    code: str
    title: str
    adapter: str
    organisation_id: UUID | None = None
    municipality_id: UUID | None = None
    every_minutes: int = 0
    settings: Mapping[str, Any]


@transaction.atomic
def make_source(*, actor: Actor, draft: SourceDraft) -> JournalSource:
    """Make a source (создать источник): a journal of its own, which delivers within the source's place and no further.

    Connecting a journal is else the ministry's; here whoever may manage sources of a place connects what stays within it.

    Raises:
        NotAllowed: the place is another's. Conflict: the code is taken.
    """
    actor.require(SourcePermission.MANAGE)
    _require_place(actor, draft.organisation_id, draft.municipality_id)
    settings, every = _checked(draft.adapter, draft.settings, draft.every_minutes)
    key = new_id()
    journal = performance.connect_journal(
        actor=WORKER, code=draft.code.strip(), title=draft.title, client_code=f"{SOURCE}{key}"
    )
    now = clock.now()
    made = JournalSource.objects.create(
        id=key, journal=journal, adapter=draft.adapter, settings=settings, every_minutes=every,
        organisation_id=draft.organisation_id, municipality_id=draft.municipality_id,
        next_at=rules.next_at(now, every_minutes=every, failures=0), made_at=now, made_by_name=actor.name[:200],
    )  # fmt: skip
    audit.record(
        SourceMade(object_id=made.pk, organisation_id=made.organisation_id, source=journal.code, adapter=made.adapter),
        actor=actor,
    )  # fmt: skip
    return made


@transaction.atomic
def change_source(
    *,
    actor: Actor,
    source_id: UUID,
    version: int,
    every_minutes: int,
    is_on: bool,
    settings: Mapping[str, Any],
) -> JournalSource:
    """Change when and how a source is read (изменить источник).

    Raises:
        Conflict: somebody changed it meanwhile.
    """
    found = _locked(actor, source_id)
    if found.version != version:
        raise Conflict(
            "sources.changed_meanwhile",
            "Источник изменил кто-то другой, пока страница была открыта. Обновите её и повторите правку.",
        )
    said, every = _checked(found.adapter, settings, every_minutes)
    wanted = {"settings": said, "every_minutes": every, "is_on": is_on}
    changed = sorted(name for name, value in wanted.items() if getattr(found, name) != value)
    if not changed:
        return found
    for name in changed:
        setattr(found, name, wanted[name])
    found.version, found.failures = found.version + 1, 0
    found.next_at = rules.next_at(clock.now(), every_minutes=every, failures=0)
    found.save(update_fields=[*changed, "version", "failures", "next_at"])
    audit.record(
        SourceChanged(
            object_id=found.pk, organisation_id=found.organisation_id, source=found.journal.code, fields=changed
        ),
        actor=actor,
    )  # fmt: skip
    return found


@transaction.atomic
def keep_mapping(*, actor: Actor, source_id: UUID, text: str) -> MappingVersion:
    """Keep a mapping as the newest version, which is read by from now on (сохранить описание).

    Raises:
        InvalidValue: what is wrong, place by place.
    """
    found = _locked(actor, source_id)
    if len(text) > LONGEST_MAPPING:
        raise InvalidValue(
            "sources.mapping_too_long",
            f"Описание длиннее {LONGEST_MAPPING} знаков. Уберите лишнее: листы можно назвать образцом, например «*».",
        )
    read_mapping(text)
    newest = found.mappings.order_by("-number").first()
    if newest is not None and newest.text == text and found.mapping_number == newest.number:
        return newest
    made = MappingVersion.objects.create(
        source=found, number=newest.number + 1 if newest else 1, text=text, made_at=clock.now(),
        made_by_name=actor.name[:200],
    )  # fmt: skip
    _read_by(actor, found, made.number)
    return made


@transaction.atomic
def take_up_mapping(*, actor: Actor, source_id: UUID, number: int) -> JournalSource:
    """Read by an earlier version again (вернуть описание); the later ones stay."""
    found = _locked(actor, source_id)
    if not found.mappings.filter(number=number).exists():
        raise NotFound(
            "sources.no_such_version", f"Версии {number} у описания нет. Обновите страницу и выберите снова."
        )
    if found.mapping_number != number:
        _read_by(actor, found, number)
    return found


def _read_by(actor: Actor, found: JournalSource, number: int) -> None:
    found.mapping_number, found.version = number, found.version + 1
    found.save(update_fields=["mapping_number", "version"])
    audit.record(
        MappingKept(
            object_id=found.pk, organisation_id=found.organisation_id, source=found.journal.code, number=number
        ),
        actor=actor,
    )  # fmt: skip


@transaction.atomic
def ask(*, actor: Actor, source_id: UUID, what: str) -> JournalSource:
    """Record that somebody wants a source read now (``run``), or its refused rows taken again (``retake``); the door tells the worker."""
    found = _locked(actor, source_id)
    audit.record(
        RunAsked(
            object_id=found.pk, organisation_id=found.organisation_id, source=found.journal.code, what=what
        ),
        actor=actor,
    )
    return found


@transaction.atomic
def leave_file(*, actor: Actor, source_id: UUID, filename: str, content: Iterator[bytes]) -> JournalSource:
    """Put a file into the source's folder (передать файл), as if the journal had."""
    found = _locked(actor, source_id)
    kind = registry.kind(found.adapter)
    if not kind.takes_files:
        raise RuleViolation("sources.takes_no_files", "Этот источник читает журнал сам, файлов он не принимает.")  # fmt: skip
    if kind.needs_mapping and not found.mapping_number:
        raise RuleViolation(
            "sources.no_mapping",
            "Сначала сохраните описание столбцов: без него файл прочесть нельзя. Откройте «Описание файлов».",
        )
    digest = folders.leave(found.journal.code, filename, content, endings=kind.endings or folders.TABLES)
    audit.record(
        FileLeft(
            object_id=found.pk, organisation_id=found.organisation_id, source=found.journal.code, sha256=digest
        ),
        actor=actor,
    )  # fmt: skip
    return found


# -- common ----------------------------------------------------------------------------------------


def _locked(actor: Actor, source_id: UUID) -> JournalSource:
    """Load and lock a source that the actor manages; what is beyond the scope is not there."""
    found = (
        JournalSource.objects.select_for_update(of=("self",))
        .select_related("journal", "organisation")
        .filter(pk=source_id)
        .first()
    )
    if found is None or not queries.is_own(actor, found):
        raise queries.no_such()
    actor.require(SourcePermission.MANAGE)
    return found


def _require_place(actor: Actor, organisation_id: UUID | None, municipality_id: UUID | None) -> None:
    if organisation_id is not None and municipality_id is not None:
        raise InvalidValue(
            "sources.place", "Выберите что-то одно: организацию, муниципалитет или весь регион."
        )
    organisation = Organisation.objects.filter(pk=organisation_id).first() if organisation_id else None
    if organisation_id is not None and organisation is None:
        raise NotFound("sources.place", "Такой организации нет. Проверьте ОГРН.")
    if municipality_id is not None and not Municipality.objects.filter(pk=municipality_id).exists():
        raise NotFound("sources.place", "Такого муниципалитета нет. Выберите его из списка.")
    if not queries.lies_in(actor, organisation, municipality_id):
        raise NotAllowed(
            "access.out_of_scope",
            "Источник можно создать для своей организации или своего муниципалитета. Выберите место в своей области.",
        )


def _checked(adapter: str, settings: Mapping[str, Any], every_minutes: int) -> tuple[dict[str, Any], int]:
    said: dict[str, Any] = msgspec.to_builtins(registry.kind(adapter).read_settings(settings))
    if every_minutes not in rules.SCHEDULES:
        raise InvalidValue(
            "sources.schedule", f"Расписания «{every_minutes} мин» нет. Выберите его из списка."
        )
    return {name: value for name, value in said.items() if value is not None}, every_minutes
