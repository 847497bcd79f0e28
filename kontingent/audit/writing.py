"""Puts rows into the journal; what every row takes from its actor and its request is added here."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from kontingent.audit import context
from kontingent.audit.models import Entry
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor


def actor_fields(actor: Actor, *, organisation_id: UUID | None = None) -> dict[str, Any]:
    """Return the columns that tell who acts, as what, for whom and what for."""
    return {
        "actor_code": actor.code,
        "actor_name": actor.name,
        "actor_role": actor.role,
        "actor_post": actor.post,
        "organisation_id": organisation_id or actor.organisation_id,
        "purpose": actor.purpose,
    }


def write(entries: list[Entry]) -> list[Entry]:
    """Insert rows of one moment, with the id and the address of the request under way."""
    if not entries:
        return entries
    moment, request = clock.now(), context.current()
    for entry in entries:
        entry.moment = moment
        if request is not None:
            entry.request_id, entry.address = request.id, request.address
    return Entry.objects.bulk_create(entries, batch_size=2000)
