"""Writing acts: always inside the transaction of the act itself. Refusals: in a transaction of their own."""

from collections.abc import Collection, Iterable
from uuid import UUID

from django.db import connection, transaction

from kontingent.audit import writing
from kontingent.audit.event import Event
from kontingent.audit.events import Refused
from kontingent.audit.models import Entry
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import KontingentError


def record(event: Event, *, actor: Actor) -> None:
    """Write one event."""
    record_all([event], actor=actor)


def record_all(events: Iterable[Event], *, actor: Actor) -> None:
    """Write many events of one actor at one moment; refuses to do so outside a transaction."""
    if not connection.in_atomic_block:
        raise RuntimeError("an event is recorded in the transaction of its act")
    writing.write(
        [
            Entry(
                kind=event.kind,
                **writing.actor_fields(actor, organisation_id=event.organisation_id),
                subjects=list(event.subjects),
                object_id=event.object_id,
                basis=event.basis,
                data=event.data(),
            )
            for event in events
        ]
    )


def refused(refusal: KontingentError, *, actor: Actor, path: str, subjects: Collection[UUID] = ()) -> None:
    """Write that an actor was refused something; call it after the refused act has been rolled back.

    Only the code and the address of the page are kept, with the persons it names: a message may hold what was typed.
    """
    with transaction.atomic():
        record(Refused(subjects=tuple(subjects), code=refusal.code, path=path[:200]), actor=actor)
