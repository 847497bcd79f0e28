"""Reading the registry: search, card, history, any day."""

from __future__ import annotations

import csv
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from kontingent.kernel import names
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotAllowed, NotFound
from kontingent.kernel.scope import Scope
from kontingent.organisations.models import ChangeProposal, Municipality, Organisation, OrganisationVersion
from kontingent.organisations.permissions import OrganisationPermission

PAGE = 50
TILES = Path(__file__).parent / "data" / "municipality_tiles.csv"


def get(organisation_id: UUID) -> Organisation:
    """Return one organisation, whoever asks: the registry of organisations is public information."""
    try:
        return Organisation.objects.select_related("municipality").get(pk=organisation_id)
    except Organisation.DoesNotExist:
        raise NotFound("organisations.no_such", "Такой организации в реестре нет.") from None


def by_ogrn(ogrn: str) -> Organisation:
    """Return the head organisation of an ОГРН."""
    try:
        return Organisation.objects.select_related("municipality").get(ogrn=ogrn, parent__isnull=True)
    except Organisation.DoesNotExist:
        raise NotFound(
            "organisations.no_such_ogrn", f"Организации с ОГРН {ogrn} в реестре нет. Проверьте номер."
        ) from None


def in_scope(actor: Actor, organisation_id: UUID) -> Organisation:
    """Return an organisation that the actor may act for."""
    organisation = get(organisation_id)
    if not actor.scope.covers(organisation.id, organisation.municipality_id):
        raise NotAllowed(
            "access.out_of_scope",
            f"«{organisation.short_name}» – другая организация, доступа к её данным у вас нет.",
        )
    return organisation


def short_names(organisation_ids: Collection[UUID]) -> dict[UUID, str]:
    """Return short names by id."""
    rows = Organisation.objects.filter(pk__in=list(organisation_ids)).values_list("id", "short_name")
    return dict(rows)


def scope_condition(
    scope: Scope,
    *,
    organisation: str = "organisation_id",
    municipality: str = "organisation__municipality_id",
) -> Q:
    """Return the condition "lies in the scope" on columns of another table."""
    if scope.whole_region:
        return Q()
    condition = Q(pk__in=[])
    if scope.organisations:
        condition |= Q(**{f"{organisation}__in": list(scope.organisations)})
    if scope.municipalities:
        condition |= Q(**{f"{municipality}__in": list(scope.municipalities)})
    return condition


def around_condition(scope: Scope) -> Q:
    """Return the condition "lies in the scope, or is a municipality its organisations belong to" on a table with both columns."""
    above = Organisation.objects.filter(pk__in=scope.organisations).values("municipality_id")
    return scope_condition(scope) | Q(municipality__in=scope.municipalities) | Q(municipality__in=above)


def own(scope: Scope) -> QuerySet[Organisation]:
    """Return the organisations of a scope in name order."""
    return Organisation.objects.filter(
        scope_condition(scope, organisation="id", municipality="municipality_id")
    ).order_by("name_key")


@dataclass(frozen=True, slots=True)
class Register:
    """One page of the registry."""

    rows: list[Organisation]
    total: int
    page: int

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.total // PAGE))


def register(
    *, text: str = "", municipality: str = "", type_code: str = "", status: str = "", page: int = 1
) -> Register:
    """Search the registry by a part of the name, ОГРН, ИНН; filter by municipality code, type and status."""
    found = Organisation.objects.select_related("municipality")
    for word in names.fold(text).split():
        found = found.filter(Q(name_key__contains=word) | Q(ogrn__startswith=word) | Q(inn__startswith=word))
    if municipality:
        found = found.filter(municipality__code=municipality)
    if type_code:
        found = found.filter(type_code=type_code)
    if status:
        found = found.filter(status_code=status)
    total = found.count()
    page = max(1, min(page, max(1, -(-total // PAGE))))
    return Register(list(found.order_by("name_key", "id")[(page - 1) * PAGE : page * PAGE]), total, page)


# -- history -----------------------------------------------------------------------------------


def on(organisation_id: UUID, day: date, *, known_at: datetime | None = None) -> dict[str, Any] | None:
    """Return what the registry said of an organisation for a day, as known at a moment; None before its first record."""
    versions = OrganisationVersion.objects.filter(organisation_id=organisation_id, valid_from__lte=day)
    if known_at is not None:
        versions = versions.filter(recorded_at__lte=known_at)
    last = versions.order_by("-valid_from", "-recorded_at", "-id").first()
    return last.data if last else None


@dataclass(frozen=True, slots=True)
class Change:
    """One step of the history: what became different, from which day, when and by whom recorded."""

    valid_from: date
    recorded_at: datetime
    actor_code: str
    basis: str
    fields: dict[str, tuple[Any, Any]]


def history(organisation_id: UUID) -> list[Change]:
    """Return the steps of an organisation's history, newest first."""
    versions = list(
        OrganisationVersion.objects.filter(organisation_id=organisation_id).order_by(
            "valid_from", "recorded_at", "id"
        )
    )
    steps = []
    before: dict[str, Any] = {}
    for version in versions:
        different = {
            name: (before.get(name), value)
            for name, value in version.data.items()
            if before.get(name) != value
        }
        steps.append(
            Change(version.valid_from, version.recorded_at, version.actor_code, version.basis, different)
        )
        before = version.data
    return steps[::-1]


def proposals(
    actor: Actor, *, status: str = "proposed", organisation_id: UUID | None = None
) -> QuerySet[ChangeProposal]:
    """Return proposals in the actor's scope, oldest first."""
    actor.require(OrganisationPermission.VIEW)
    found = ChangeProposal.objects.select_related("organisation").filter(scope_condition(actor.scope))
    if status:
        found = found.filter(status=status)
    if organisation_id is not None:
        found = found.filter(organisation_id=organisation_id)
    return found.order_by("proposed_at")


def proposal(actor: Actor, proposal_id: UUID) -> ChangeProposal:
    """Return one proposal in scope."""
    found = proposals(actor, status="").filter(pk=proposal_id).first()
    if found is None:
        raise NotFound("organisations.no_such_proposal", "Такого предложения нет.")
    return found


def municipalities(day: date) -> QuerySet[Municipality]:
    """Return the municipalities that exist on a day."""
    return Municipality.objects.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=day), valid_from__lte=day)


@lru_cache(maxsize=1)
def tiles() -> dict[str, tuple[int, int]]:
    """Return (column, row) of each municipality on a schematic map, by code (our own drawing, no boundaries needed)."""
    with TILES.open(encoding="utf-8") as file:
        return {row["code"]: (int(row["column"]), int(row["row"])) for row in csv.DictReader(file)}


def municipality(code: str) -> Municipality:
    """Return a municipality by its code."""
    try:
        return Municipality.objects.get(code=code)
    except Municipality.DoesNotExist:
        raise NotFound(
            "organisations.no_such_municipality", f"Муниципалитета «{code}» нет. Проверьте код."
        ) from None


def municipality_by_id(municipality_id: UUID) -> Municipality:
    """Return a municipality."""
    try:
        return Municipality.objects.get(pk=municipality_id)
    except Municipality.DoesNotExist:
        raise NotFound("organisations.no_such_municipality", "Такого муниципалитета нет.") from None


def municipality_names(municipality_ids: Collection[UUID]) -> dict[UUID, str]:
    """Return names by id."""
    return dict(Municipality.objects.filter(pk__in=list(municipality_ids)).values_list("id", "name"))
