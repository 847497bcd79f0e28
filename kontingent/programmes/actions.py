"""Writing programmes."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.db import IntegrityError, transaction

from kontingent.audit import actions as audit
from kontingent.codelists import queries as codelists
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue, RuleViolation
from kontingent.organisations import queries as organisations
from kontingent.programmes import rules
from kontingent.programmes.events import ProgrammeRegistered
from kontingent.programmes.models import Programme
from kontingent.programmes.permissions import ProgrammePermission
from kontingent.programmes.rules import ProgrammeFacts

_LISTS = {
    "kind_code": "education_programme",
    "adaptation_code": "programme_adaptation",
    "variant_code": "adaptation_variant",
    "base_code": "admission_base",
    "direction_code": "additional_direction",
    "language_code": "language_of_instruction",
}


@transaction.atomic
def register_programme(
    *, actor: Actor, organisation_id: UUID, facts: ProgrammeFacts, valid_from: date
) -> Programme:
    """Register a programme of an organisation (завести программу). It never changes; a changed one is a new one."""
    organisation = organisations.get(organisation_id)
    actor.require(
        ProgrammePermission.MANAGE,
        organisation_id=organisation.id,
        municipality_id=organisation.municipality_id,
    )
    facts = facts._replace(title=facts.title.strip())
    for name, list_code in _LISTS.items():
        code = getattr(facts, name)
        if code and not codelists.has(list_code, code):
            raise InvalidValue(
                f"programmes.{name}", f"Значения «{code}» нет в справочнике. Выберите из списка.", field=name
            )
    rules.check(facts)
    try:
        with transaction.atomic():
            programme = Programme.objects.create(
                organisation_id=organisation_id, valid_from=valid_from, **facts._asdict()
            )
    except IntegrityError as error:
        if "programme_once" not in str(error):
            raise
        raise RuleViolation(
            "programmes.exists",
            f"Программа «{facts.title}» этого вида и адаптации уже есть. Выберите её или дайте другое название.",
        ) from error
    audit.record(_registered(programme), actor=actor)
    return programme


def _registered(programme: Programme) -> ProgrammeRegistered:
    return ProgrammeRegistered(
        object_id=programme.id,
        organisation_id=programme.organisation_id,
        programme_kind=programme.kind_code,
        name=programme.title,
    )


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
        audit.record(_registered(programme), actor=actor)
    return programme
