"""Setting the plan of a stage for a territory and withdrawing it; the former line stays as history."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.db import connection, transaction

from kontingent.audit import actions as audit
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue, RuleViolation
from kontingent.organisations import queries as organisations
from kontingent.organisations.models import Municipality
from kontingent.rollout import rules
from kontingent.rollout.events import PlanSet, PlanWithdrawn
from kontingent.rollout.models import PlanLine
from kontingent.stages.fields import STAGES, Stage
from kontingent.stages.permissions import StagePermission


@transaction.atomic
def set_plan(
    *, actor: Actor, stage: str, municipality_id: UUID | None, due_on: date | None, target: int | None, basis: str
) -> PlanLine:  # fmt: skip
    """Set until when what share of a stage is to be filled in a municipality or in the region (установить план)."""
    place, former = _standing(stage, municipality_id)
    actor.require(StagePermission.MANAGE)
    rules.check_plan(stage=stage, due_on=due_on, target=target, basis=basis, today=clock.today())
    assert due_on is not None  # noqa: S101 - checked above
    assert target is not None  # noqa: S101 - checked above
    if former is not None and (former.due_on, former.target, former.basis) == (due_on, target, basis.strip()):
        raise RuleViolation("rollout.same", "Такой план здесь уже стоит. Менять нечего.")
    made = _replace(former, actor, stage, place, due_on, target, basis)
    audit.record(
        PlanSet(
            object_id=made.id, stage=stage, municipality=place.code if place else "", due_on=due_on, target=target,
            basis=made.basis,
        ),
        actor=actor,
    )  # fmt: skip
    return made


@transaction.atomic
def withdraw_plan(*, actor: Actor, stage: str, municipality_id: UUID | None, basis: str) -> PlanLine:
    """Withdraw the plan of a stage for a territory (снять план); a municipality falls back to the region's."""
    place, former = _standing(stage, municipality_id)
    actor.require(StagePermission.MANAGE)
    rules.check_basis(basis)
    if former is None or former.target is None:
        raise RuleViolation("rollout.no_plan", "Здесь нет своего плана: снимать нечего.")
    made = _replace(former, actor, stage, place, None, None, basis)
    audit.record(
        PlanWithdrawn(
            object_id=made.id, stage=stage, municipality=place.code if place else "", basis=made.basis
        ),
        actor=actor,
    )
    return made


def _standing(stage: str, municipality_id: UUID | None) -> tuple[Municipality | None, PlanLine | None]:
    """Lock the plan and return the territory with the line that stands for it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('rollout.plan'))")
    place = organisations.municipality_by_id(municipality_id) if municipality_id else None
    former = PlanLine.objects.filter(stage=stage, municipality=place, superseded_at__isnull=True).first()
    return place, former


def _replace(
    former: PlanLine | None, actor: Actor, stage: str, place: Municipality | None, due_on: date | None, target: int | None, basis: str
) -> PlanLine:  # fmt: skip
    moment = clock.now()
    if former is not None:
        former.superseded_at = moment
        former.save(update_fields=["superseded_at"])
    return PlanLine.objects.create(
        stage=stage, municipality=place, due_on=due_on, target=target, basis=basis.strip(), recorded_at=moment,
        recorded_by=actor.name[:200],
    )  # fmt: skip


def stage_of(code: str) -> Stage:
    """Return the stage of a code; raise ``InvalidValue`` where there is none."""
    if code not in set(Stage):
        raise InvalidValue(
            "rollout.stage", f"Этапа «{code[:20]}» нет. Выберите: {', '.join(STAGES.values())}."
        )
    return Stage(code)
