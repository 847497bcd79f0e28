"""Opening and closing stages by order."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.db import connection, transaction

from kontingent.audit import actions as audit
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue
from kontingent.organisations import queries as organisations
from kontingent.stages import queries, rules
from kontingent.stages.events import StageClosed, StageOpened
from kontingent.stages.fields import Stage
from kontingent.stages.models import StageOrder
from kontingent.stages.permissions import StagePermission
from kontingent.stages.rules import Said


def open_stage(
    *,
    actor: Actor,
    stage: str,
    municipality_id: UUID | None,
    starts_on: date,
    number: str,
    dated: date | None,
) -> StageOrder:
    """Open a stage for a municipality or the whole region from a day on (открыть этап)."""
    return _order(actor, stage, municipality_id, starts_on, number, dated, opens=True)


def close_stage(
    *,
    actor: Actor,
    stage: str,
    municipality_id: UUID | None,
    starts_on: date,
    number: str,
    dated: date | None,
) -> StageOrder:
    """Close a stage from a day on (закрыть этап): what was entered stays kept, but is neither shown nor added to.

    This is also how an order given by mistake is undone: by another, from the same day.
    """
    return _order(actor, stage, municipality_id, starts_on, number, dated, opens=False)


@transaction.atomic
def _order(
    actor: Actor, stage: str, municipality_id: UUID | None, starts_on: date, number: str, dated: date | None, *, opens: bool
) -> StageOrder:  # fmt: skip
    with connection.cursor() as cursor:  # two orders at once would not see one another
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('stages.order'))")
    place = organisations.municipality_by_id(municipality_id) if municipality_id else None
    actor.require(StagePermission.MANAGE)
    if stage not in set(Stage):
        raise InvalidValue("stages.no_such", "Такого этапа нет. Выберите из списка.")
    moment = clock.now()
    word = Said(Stage(stage), opens, municipality_id, starts_on, moment, number.strip()[:60], dated)
    rules.check_order(queries.said(), word, today=clock.today())
    assert dated is not None  # noqa: S101 - checked above
    made = StageOrder.objects.create(
        stage=stage, opens=opens, municipality=place, starts_on=starts_on, number=word.number, dated=dated,
        recorded_at=moment, recorded_by=actor.name[:200],
    )  # fmt: skip
    event = StageOpened if opens else StageClosed
    audit.record(
        event(
            object_id=made.id, stage=stage, municipality=place.code if place else "", starts_on=starts_on,
            order_number=word.number, order_date=dated, basis=word.order,
        ),
        actor=actor,
    )  # fmt: skip
    return made
