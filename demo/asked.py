"""The school whose journal is asked: by OneRoster REST the register gives it its lists and takes what its teachers write.

Both ways lead through the doors that a real journal has: the stand (``stands.journal --serve``) is a machine of the school that reads its lists,
and a source of the municipality asks the stand for marks. All of it is made when a demonstration starts, since the stand's port and secrets are of
that start alone; ``runtime.stand`` runs it.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from django.conf import settings

from demo import living
from demo.personas import snils_of
from kontingent.access.machines import actions as machines
from kontingent.access.machines.actions import ClientDraft
from kontingent.access.machines.models import ApiClient
from kontingent.access.machines.rules import MachineScope, Reach
from kontingent.access.models import Appointment
from kontingent.enrolment.models import Placement
from kontingent.exchange.journals.models import JournalSource
from kontingent.exchange.journals.sources import actions
from kontingent.exchange.journals.sources.actions import SourceDraft
from kontingent.exchange.oneroster.consuming.rest import KIND
from kontingent.kernel import clock
from kontingent.kernel.actor import system_actor
from kontingent.organisations.models import Organisation
from kontingent.performance.models import Lesson

CODE: Final = "asked-journal"
HOST, FACE_CLIENT = "127.0.0.1", "kontingent"
DAYS, SEED = 5, 83
#: The register begins to ask when its own web server and the stand are surely up.
FIRST_READING = timedelta(minutes=1)
#: It reads lists, and marks as any system of the school may.
SCOPES: Final = (
    MachineScope.ROSTER_CORE, MachineScope.ROSTER, MachineScope.GRADEBOOK_CORE, MachineScope.GRADEBOOK
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stand:
    """How the stand is run: what follows the interpreter, and the secrets of its environment."""

    arguments: list[str]
    environment: dict[str, str]


def school() -> Organisation | None:
    """Return the school whose journal is asked: of the municipality that the demonstration begins in, if it has one besides that school and the living one."""
    home = Appointment.objects.filter(snils=snils_of("secretary")).select_related("organisation").first()
    if home is None or home.organisation is None:
        return None
    source = JournalSource.objects.filter(journal__code=living.CODE).first()
    taken = {home.organisation.pk}
    if source is not None:
        taken |= set(
            Lesson.objects.filter(journal_id=source.journal_id).values_list("organisation_id", flat=True)
        )
    with_classes = Placement.objects.filter(
        superseded_at=None, ends_on=None, is_main=True, group__isnull=False, grade__gte=2
    ).values_list("organisation_id", flat=True)
    others = Organisation.objects.filter(pk__in=with_classes, municipality=home.organisation.municipality_id)
    return others.exclude(pk__in=taken).order_by("ogrn").first()


def prepare(where: Organisation, port: int) -> Stand:
    """Make the machine and the source, or renew what they are told of each other; return how the stand is run."""
    actor, address, hush = system_actor("demo", "Вымышленный регион"), f"http://{HOST}:{port}", secrets.token_urlsafe(24)  # fmt: skip
    folder = Path(settings.JOURNAL_SECRETS)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(folder / CODE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(f"{address} {hush}\n")
    said = {"address": address, "client_id": FACE_CLIENT, "secret": CODE}
    source = JournalSource.objects.filter(journal__code=CODE).first()
    if source is None:
        draft = SourceDraft(
            code=CODE, title=f"Журнал по OneRoster (стенд): {where.short_name}"[:200], adapter=KIND.code,
            municipality_id=where.municipality_id, every_minutes=15, settings=said,
        )  # fmt: skip
        source = actions.make_source(actor=actor, draft=draft)
    else:
        source = actions.change_source(
            actor=actor, source_id=source.pk, version=source.version, every_minutes=source.every_minutes, is_on=source.is_on,
            settings={**source.settings, **said},
        )  # fmt: skip
    JournalSource.objects.filter(pk=source.pk, next_at__isnull=False).update(
        next_at=clock.now() + FIRST_READING
    )
    name = f"Электронный журнал (стенд): {where.short_name}"[:200]
    client = ApiClient.objects.filter(name=name, organisation=where).first()
    if client is None:
        client = machines.register_client(
            actor=actor, draft=ClientDraft(name=name, reach=Reach(organisation_id=where.pk), scopes=[one.value for one in SCOPES])
        )  # fmt: skip
    given = machines.rotate(actor=actor, client_id=client.client_id, overlap=timedelta(0))
    return Stand(
        ["-m", "stands.journal", "--rosters", "--client-id", client.client_id, "--serve", str(port), "--face-client-id", FACE_CLIENT,
         "--days", str(DAYS), "--seed", str(SEED)],
        {"JOURNAL_STAND_SECRET": given.value, "JOURNAL_STAND_FACE_SECRET": hush},
    )  # fmt: skip
