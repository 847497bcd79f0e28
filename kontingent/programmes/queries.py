"""Reading programmes."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db.models import QuerySet

from kontingent.programmes import rules
from kontingent.programmes.models import Programme


def of_organisation(organisation_id: UUID) -> QuerySet[Programme]:
    """Return the programmes an organisation runs."""
    return Programme.objects.filter(organisation_id=organisation_id, valid_to__isnull=True)


def kinds_of(programme_ids: Collection[UUID]) -> dict[UUID, tuple[str, str]]:
    """Return (kind, adaptation) of programmes by id."""
    rows = Programme.objects.filter(pk__in=list(programme_ids)).values_list(
        "id", "kind_code", "adaptation_code"
    )
    return {programme_id: (kind, adaptation) for programme_id, kind, adaptation in rows}


def adapted_of(organisation_id: UUID) -> list[tuple[UUID, str, str]]:
    """Return (id, kind, adaptation) of the adapted programmes an organisation runs."""
    rows = of_organisation(organisation_id).exclude(adaptation_code=rules.NOT_ADAPTED).order_by("title", "id")
    return list(rows.values_list("id", "kind_code", "adaptation_code"))


def for_grade(organisation_id: UUID, grade: int, *, like: UUID) -> UUID:
    """Return the programme of an organisation for a grade: the same if it fits, else one of the same adaptation."""
    kind = rules.kind_for_grade(grade)
    old = Programme.objects.get(pk=like)
    if old.kind_code in {kind, rules.WHOLE_SCHOOL}:
        return old.id
    same = of_organisation(organisation_id).filter(kind_code=kind).order_by("title")
    found = same.filter(adaptation_code=old.adaptation_code).first() or same.first()
    return found.id if found else old.id
