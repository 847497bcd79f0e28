"""Writing the journal: always inside the transaction of the act itself."""

from collections.abc import Iterable

from django.db import connection

from kontingent.audit.event import Event
from kontingent.audit.models import Entry
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor


def record(event: Event, *, actor: Actor) -> Entry:
    """Write one event."""
    return record_all([event], actor=actor)[0]


def record_all(events: Iterable[Event], *, actor: Actor) -> list[Entry]:
    """Write many events of one actor at one moment; refuses to do so outside a transaction."""
    if not connection.in_atomic_block:
        raise RuntimeError("an event is recorded in the transaction of its act")
    moment = clock.now()
    return Entry.objects.bulk_create(
        [
            Entry(
                moment=moment,
                kind=event.kind,
                actor_code=actor.code,
                actor_name=actor.name,
                actor_role=actor.role,
                organisation_id=event.organisation_id or actor.organisation_id,
                subjects=list(event.subjects),
                object_id=event.object_id,
                basis=event.basis,
                data=event.data(),
            )
            for event in events
        ],
        batch_size=2000,
    )
