"""``kontingent journal``: registers a client that may deliver, and connects it as a journal; ``kontingent journal-history`` opens closed periods to it.

``kontingent journal-file`` takes a journal's file by a mapping, ``kontingent journal-repair`` takes refused rows again: both as
the journal's own client, within its reach, and never when that client is stopped.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from kontingent.access.machines import actions as machines
from kontingent.access.machines.actions import ClientDraft
from kontingent.access.machines.rules import MachineScope, Reach
from kontingent.exchange.journals.adapters import feeding
from kontingent.exchange.journals.adapters.boundary import Asked, Finding
from kontingent.exchange.journals.adapters.mapped_file import MappedFile
from kontingent.exchange.journals.adapters.mapping import Mapping, read_mapping, shipped
from kontingent.exchange.journals.adapters.sealing import sealer
from kontingent.exchange.journals.deliverers import deliverer_of
from kontingent.exchange.journals.queries import counts
from kontingent.exchange.journals.repairing import retake
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor, system_actor
from kontingent.kernel.errors import InvalidValue
from kontingent.kernel.school_year import SchoolYear
from kontingent.organisations import queries as organisations
from kontingent.performance import actions as performance
from kontingent.performance import queries as journals

#: A journal asks for its learners, then delivers; small batches come every few minutes.
SCOPES = (MachineScope.ORGANISATIONS, MachineScope.LEARNERS, MachineScope.JOURNALS)
#: One that speaks OneRoster too reads lists and writes the gradebook: only a journal may, so it is given these when it is connected.
ONEROSTER = (
    MachineScope.ROSTER, MachineScope.GRADEBOOK, MachineScope.GRADEBOOK_PUT, MachineScope.GRADEBOOK_POST, MachineScope.GRADEBOOK_DELETE,
)  # fmt: skip


def connect(arguments: argparse.Namespace, *, out: Callable[[str], None]) -> int:
    """Register, connect, print the secret once."""
    operator = system_actor("cli", "Командная строка")
    reach = Reach(
        organisations.by_ogrn(arguments.organisation).id if arguments.organisation else None,
        organisations.municipality(arguments.municipality).id if arguments.municipality else None,
        whole_region=arguments.region,
    )
    scopes = (*SCOPES, *ONEROSTER) if arguments.oneroster else SCOPES
    draft = ClientDraft(name=arguments.title, reach=reach, scopes=scopes, contact=arguments.contact)
    with transaction.atomic():
        client = machines.register_client(actor=operator, draft=draft)
        secret = machines.issue_secret(actor=operator, client_id=client.client_id)
        journal = performance.connect_journal(
            actor=operator, code=arguments.code, title=arguments.title, client_code=client.actor_code
        )
    out(f"Журнал «{journal.title}» подключён: POST /api/v1/journals/{journal.code}/batches")
    if arguments.oneroster:
        out(
            "По OneRoster: /ims/oneroster/rostering/v1p2 (чтение), /ims/oneroster/gradebook/v1p2 (чтение и запись)"
        )
    out(f"  client_id         {client.client_id}")
    out(f"  client_secret     {secret.value}")
    out(f"  действует до      {secret.expires_at.astimezone(clock.REGION_ZONE):%d.%m.%Y}")
    out("Секрет показан один раз и нигде не хранится: передайте его журналу по защищённому каналу.")
    return 0


def open_history(arguments: argparse.Namespace, *, out: Callable[[str], None]) -> int:
    """Let a journal deliver closed periods up to a day, or no longer."""
    operator = system_actor("cli", "Командная строка")
    journal = performance.open_history(actor=operator, journal_code=arguments.code, until=arguments.until)
    if arguments.until is None:
        out(f"Журнал «{journal.title}»: закрытые периоды закрыты, правки в них снова решает школа.")
    else:
        out(
            f"Журнал «{journal.title}» по {arguments.until:%d.%m.%Y} включительно передаёт и закрытые периоды, без решения школы."
        )
    return 0


#: So many findings are printed; all are counted.
_PRINTED = 30


def take_file(arguments: argparse.Namespace, *, out: Callable[[str], None]) -> int:
    """Show what a mapping makes of a file; with ``--write`` take it. Exit code 1 when anything could not be read."""
    path: Path = arguments.file
    if not path.is_file():
        raise InvalidValue("file.missing", f"Файла {path} нет. Проверьте путь.")
    actor, mapping = _deliverer(arguments.code), _mapping(arguments.profile)
    year = SchoolYear(arguments.year) if arguments.year else SchoolYear.of(clock.today())
    made_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    adapter = MappedFile(
        path=path, filename=path.name, mapping=mapping, made_at=made_at, school_year=year,
        seal=sealer(settings.JOURNAL_NAMES_KEY, arguments.code),
    )  # fmt: skip
    asked = Asked(school_year=year, since=year.starts_on, until=clock.today())
    out(mapping.title)
    if mapping.reconstructed:
        out(f"Профиль восстановлен, не взят из описания. {mapping.note}")
    if not arguments.write:
        return _show(adapter, asked, out)
    said = hashlib.sha256(path.read_bytes() + repr((mapping, made_at, year)).encode()).hexdigest()[:32]
    made = feeding.run(
        actor=actor, journal_code=arguments.code, adapter=adapter, asked=asked, key=f"file:{said}"
    )
    for batch in made.batches:
        told = ", ".join(f"{name} {count}" for name, count in counts(batch).items() if count)
        out(f"  {batch.records:<12} строк {batch.taken_rows}: {told}")
    for one in made.findings[:_PRINTED]:
        out(f"✗ {one.place}: {one.message}")
    out(f"Не прочитано мест: {made.unread}." if made.unread else "Прочитано всё.")
    return 1 if made.unread else 0


def repair(arguments: argparse.Namespace, *, out: Callable[[str], None]) -> int:
    """Take a journal's refused rows again."""
    done = retake(actor=_deliverer(arguments.code), journal_code=arguments.code)
    out(f"Отклонённых строк, которые мог исправить реестр: {done.looked_at}, исправлено {done.repaired}.")
    return 0


def _show(adapter: MappedFile, asked: Asked, out: Callable[[str], None]) -> int:
    found = adapter.preview(asked)
    for kind, row in found[: 4 * _PRINTED]:
        out(f"✗ {row.place}: {row.message}" if isinstance(row, Finding) else f"  {kind:<12} {row}")
    out("Ничего не записано. Чтобы принять, добавьте --write.")
    return 1 if any(isinstance(row, Finding) for _, row in found) else 0


def _mapping(profile: str) -> Mapping:
    if (found := shipped().get(profile)) is not None:
        return found
    path = Path(profile)
    if not path.is_file():
        raise InvalidValue(
            "journals.no_profile",
            f"Профиля «{profile}» нет. Есть {', '.join(shipped())}; свой – файл TOML по образцу docs/how-to/connect-journal.md.",
        )
    return read_mapping(path.read_text(encoding="utf-8"))


def _deliverer(code: str) -> Actor:
    """Return the journal's own client as the actor."""
    return deliverer_of(journals.journal(code))
