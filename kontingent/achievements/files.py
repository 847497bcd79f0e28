"""Whose a file that brings attainments is, for every kind of such file."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from kontingent.kernel.actor import Actor
from kontingent.organisations import queries as organisations


class Sent(Protocol):
    """A file on its way in: who sent it (``actor.code``), and for which organisation, if for one."""

    sent_by: str
    organisation_id: UUID | None


def is_reached(actor: Actor, one: Sent) -> bool:
    """Say whether a file is the actor's own or of an organisation of the scope."""
    if one.sent_by == actor.code or actor.scope.whole_region:
        return True
    if one.organisation_id is None:
        return False
    where = organisations.get(one.organisation_id)
    return actor.scope.covers(where.id, where.municipality_id)
