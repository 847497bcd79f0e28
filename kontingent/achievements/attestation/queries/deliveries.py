"""Files on their way in (``incoming.queries``): whoever may bring a kind of file sees those of that kind."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from kontingent.achievements.attestation.bringing import NEEDS
from kontingent.achievements.attestation.codes import DeliveryKind
from kontingent.achievements.attestation.models import DeliveredRow, Delivery
from kontingent.achievements.incoming.queries import Files
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotAllowed

FILES: Final = Files(
    room="attestation",
    file=Delivery,
    row=DeliveredRow,
    field="exam",
    what="загрузка результатов и документов",
)


def may_bring(actor: Actor) -> list[DeliveryKind]:
    """Return which files the actor may bring."""
    return [kind for kind, (permission, _) in NEEDS.items() if actor.may(permission)]


def deliveries(actor: Actor) -> list[Delivery]:
    """Return the latest files of the actor and of the organisation they work in."""
    return FILES.latest(actor, _required(actor))


def delivery(actor: Actor, delivery_id: UUID) -> Delivery:
    """Return a file of the scope."""
    return FILES.one(actor, delivery_id, _required(actor))


def _required(actor: Actor) -> list[DeliveryKind]:
    if kinds := may_bring(actor):
        return kinds
    raise NotAllowed("access.no_permission", "Загрузка результатов и документов недоступна вашей роли.")
