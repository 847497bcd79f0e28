"""Who issues documents: completes the marks they are made of, gives them out, tells what has become of them."""

from __future__ import annotations

from kontingent.achievements.attestation.permissions import AttestationPermission
from kontingent.kernel.actor import Actor
from kontingent.organisations.models import Organisation
from kontingent.stages import queries as stages


def may_issue(actor: Actor, where: Organisation) -> bool:
    """Say whether an actor issues the documents of a school."""
    return actor.may(AttestationPermission.ISSUE) and actor.scope.covers(where.id, where.municipality_id)


def require_issuer(actor: Actor, where: Organisation, field: str) -> None:
    """Let in whoever issues the documents of a school, where the stage of the field is open.

    Raises:
        NotAllowed: without the permission, or for another organisation.
        RuleViolation: the stage is not open there.
    """
    actor.require(
        AttestationPermission.ISSUE, organisation_id=where.id, municipality_id=where.municipality_id
    )
    stages.gate(where.municipality).require(field)
