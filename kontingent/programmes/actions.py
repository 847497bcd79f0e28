"""Writing programmes."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.db import transaction

from kontingent.audit import actions as audit
from kontingent.kernel.actor import Actor
from kontingent.organisations import queries as organisations
from kontingent.programmes import rules
from kontingent.programmes.events import ProgrammeRegistered
from kontingent.programmes.models import Programme
from kontingent.programmes.permissions import ProgrammePermission


@transaction.atomic
def ensure_programme(
    *,
    actor: Actor,
    organisation_id: UUID,
    kind_code: str,
    valid_from: date,
    title: str = "",
    adaptation_code: str = "1",
) -> Programme:
    """Return the programme of an organisation, registering it first if there is none (завести программу)."""
    organisation = organisations.get(organisation_id)
    actor.require(
        ProgrammePermission.MANAGE,
        organisation_id=organisation.id,
        municipality_id=organisation.municipality_id,
    )
    title = title.strip() or rules.usual_title(kind_code)
    programme, created = Programme.objects.get_or_create(
        organisation_id=organisation_id,
        kind_code=kind_code,
        title=title,
        adaptation_code=adaptation_code,
        defaults={"valid_from": valid_from},
    )
    if created:
        audit.record(
            ProgrammeRegistered(
                object_id=programme.id, organisation_id=organisation_id, programme_kind=kind_code, name=title
            ),
            actor=actor,
        )
    return programme
