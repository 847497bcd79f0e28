"""A file on its way in: received, its rows staged, refused, claimed for applying."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from kontingent.achievements.attestation.bringing import NEEDS
from kontingent.achievements.attestation.codes import DeliveryKind
from kontingent.achievements.attestation.events import ExamsDelivered
from kontingent.achievements.attestation.models import DeliveredRow, Delivery
from kontingent.achievements.files import is_reached
from kontingent.audit import actions as audit
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import Conflict, NotFound
from kontingent.organisations import queries as organisations
from kontingent.stages import queries as stages
from kontingent.storage import bulk

#: The columns of a staged row, in the order in which a reader gives them.
STAGED: Final = (
    "sheet", "line", "raw", "family_name", "given_name", "patronymic", "name_key", "birth_date", "snils", "document_key", "ogrn",
    "day", "facts", "key", "outcome", "problems",
)  # fmt: skip


def require(actor: Actor, kind: DeliveryKind, organisation_id: UUID | None) -> None:
    """Refuse whoever may not bring such a file, or where its stage is not open.

    Raises:
        NotAllowed: without the permission, or for another organisation.
        RuleViolation: ``stages.closed``, by the name of the field.
    """
    permission, field = NEEDS[kind]
    if organisation_id is None:
        actor.require(permission)
        stages.gate_for(actor).require(field)
        return
    organisation = organisations.get(organisation_id)
    actor.require(permission, organisation_id=organisation.id, municipality_id=organisation.municipality_id)
    stages.gate(organisation.municipality).require(field)


def receive(
    *,
    actor: Actor,
    delivery_id: UUID,
    kind: DeliveryKind,
    organisation_id: UUID | None,
    filename: str,
    size: int,
    digest: str,
    asked_by: dict[str, Any],
) -> Delivery:
    """Take note of a file that lies ready (принять файл); nothing of it is read yet."""
    require(actor, kind, organisation_id)
    with transaction.atomic():
        one = Delivery.objects.create(
            id=delivery_id, kind=kind, organisation_id=organisation_id, sent_by=actor.code, sent_by_name=actor.name[:200],
            actor=asked_by, filename=filename, size=size, digest=digest, created_at=clock.now(),
        )  # fmt: skip
        audit.record(
            ExamsDelivered(object_id=one.id, organisation_id=organisation_id, what=kind.value, digest=digest),
            actor=actor,
        )
    return one


@transaction.atomic
def begin(*, actor: Actor, delivery_id: UUID) -> Delivery:
    """Take a file for reading; whoever comes second is told."""
    one = locked(actor, delivery_id)
    if one.state in {"applying", "applied"}:
        raise Conflict("attestation.not_readable", "Файл уже применяется или применён. Загрузите его заново.")
    one.state, one.refusal = "reading", ""
    one.save(update_fields=["state", "refusal"])
    DeliveredRow.objects.filter(delivery=one).delete()
    return one


def stage(one: Delivery, rows: Iterable[Sequence[Any]]) -> int:
    """Write rows by ``COPY``, their values in the order of ``STAGED``; return how many."""
    return bulk.copy_rows(
        "attestation_deliveredrow", ("delivery_id", *STAGED), ((one.id, *row) for row in rows)
    )


def refuse(one: Delivery, message: str) -> None:
    """Leave a file refused, with the reason and without its rows."""
    DeliveredRow.objects.filter(delivery=one).delete()
    Delivery.objects.filter(pk=one.pk).update(state="refused", refusal=message, totals={})


@transaction.atomic
def claim(*, actor: Actor, delivery_id: UUID, asked_by: dict[str, Any]) -> Delivery:
    """Mark a checked file as being applied; of two who try, the second is told."""
    one = locked(actor, delivery_id)
    require(actor, DeliveryKind(one.kind), one.organisation_id)
    if one.state != "checked":
        raise Conflict("attestation.not_checked", _why_not(one))
    if not (one.totals.get("create") or one.totals.get("change")):
        raise Conflict("attestation.nothing", "Применять нечего: новых и изменённых строк в файле нет.")
    one.state, one.actor, one.refusal = "applying", asked_by, ""
    one.save(update_fields=["state", "actor", "refusal"])
    return one


def _why_not(one: Delivery) -> str:
    return {
        "uploaded": "Файл ещё не проверен. Дождитесь конца проверки.",
        "reading": "Файл ещё проверяется. Дождитесь конца проверки.",
        "applying": "Файл уже применяется. Дождитесь окончания.",
        "applied": "Файл уже применён.",
        "refused": "Файл не принят. Исправьте его и загрузите заново.",
    }.get(one.state, "Файл сейчас применить нельзя.")


def fail(delivery_id: UUID, message: str) -> None:
    """Give a file back whose applying was refused: nothing of it is written."""
    Delivery.objects.filter(pk=delivery_id, state="applying").update(state="checked", refusal=message)


def give_back() -> tuple[int, list[UUID]]:
    """Give back what a killed worker had claimed; return how many were being applied and which are to be read."""
    told = "Применение было прервано. Ничего не записано: примените ещё раз."
    interrupted = Delivery.objects.filter(state="applying").update(state="checked", refusal=told)
    return interrupted, list(Delivery.objects.filter(state="reading").values_list("id", flat=True))


def locked(actor: Actor, delivery_id: UUID) -> Delivery:
    """Return a file of the scope, locked."""
    one = Delivery.objects.select_for_update(of=("self",)).filter(pk=delivery_id).first()
    if one is None or not is_reached(actor, one):
        raise NotFound("attestation.no_such_delivery", "Такой загрузки нет.")
    return one
