"""``kontingent journal``: registers a client that may deliver, and connects it as a journal."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from django.db import transaction

from kontingent.access.machines import actions as machines
from kontingent.access.machines.actions import ClientDraft
from kontingent.access.machines.rules import MachineScope, Reach
from kontingent.kernel import clock
from kontingent.kernel.actor import system_actor
from kontingent.organisations import queries as organisations
from kontingent.performance import actions as performance

#: A journal asks for its learners, then delivers; small batches come every few minutes.
SCOPES = (MachineScope.ORGANISATIONS, MachineScope.LEARNERS, MachineScope.JOURNALS)


def connect(arguments: argparse.Namespace, *, out: Callable[[str], None]) -> int:
    """Register, connect, print the secret once."""
    operator = system_actor("cli", "Командная строка")
    reach = Reach(
        organisations.by_ogrn(arguments.organisation).id if arguments.organisation else None,
        organisations.municipality(arguments.municipality).id if arguments.municipality else None,
        whole_region=arguments.region,
    )
    draft = ClientDraft(name=arguments.title, reach=reach, scopes=SCOPES, contact=arguments.contact)
    with transaction.atomic():
        client = machines.register_client(actor=operator, draft=draft)
        secret = machines.issue_secret(actor=operator, client_id=client.client_id)
        journal = performance.connect_journal(
            actor=operator, code=arguments.code, title=arguments.title, client_code=f"client:{client.id}"
        )
    out(f"Журнал «{journal.title}» подключён: POST /api/v1/journals/{journal.code}/batches")
    out(f"  client_id         {client.client_id}")
    out(f"  client_secret     {secret.value}")
    out(f"  действует до      {secret.expires_at.astimezone(clock.REGION_ZONE):%d.%m.%Y}")
    out("Секрет показан один раз и нигде не хранится: передайте его журналу по защищённому каналу.")
    return 0
