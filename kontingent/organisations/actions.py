"""Writing the registry: registration, changes, proposals and their confirmation, statuses, municipalities."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from kontingent.audit import actions as audit
from kontingent.audit.event import plain
from kontingent.codelists import queries as codelists
from kontingent.kernel import clock, names
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import Conflict, InvalidValue, NotFound, RuleViolation
from kontingent.organisations import rules
from kontingent.organisations.events import (
    ChangeProposed,
    OrganisationChanged,
    OrganisationRegistered,
    OrganisationStatusChanged,
    ProposalDecided,
)
from kontingent.organisations.models import (
    ChangeProposal,
    Municipality,
    MunicipalityCode,
    MunicipalitySuccession,
    Organisation,
    OrganisationLink,
    OrganisationVersion,
)
from kontingent.organisations.permissions import OrganisationPermission

DATA = Path(__file__).parent / "data"
#: Attributes kept in versions and open to change, with the code list that a value must come from.
FIELDS: dict[str, str] = {
    "full_name": "", "short_name": "", "ogrn": "", "inn": "", "kpp": "", "type_code": "organisation_type",
    "founder_kind_code": "founder_kind", "okopf": "", "okfs": "", "okogu": "", "okved": "", "oktmo": "",
    "is_rural": "", "is_small": "", "legal_address": "", "actual_address": "", "phone": "", "email": "", "site": "",
    "head_name": "", "head_position": "", "founder_name": "", "capacity": "", "shifts_code": "organisation_shifts",
    "journal_name": "",
}  # fmt: skip
REQUIRED = frozenset({"full_name", "short_name", "ogrn", "inn", "type_code"})
#: What an organisation may propose to change of itself; identity is changed by the ministry.
PROPOSABLE = frozenset(FIELDS) - {"ogrn", "inn", "type_code", "founder_kind_code", "is_rural"}


def _normalised(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Check and tidy values; raise ``InvalidValue`` for the first that cannot be."""
    tidy: dict[str, Any] = {}
    for name, value in changes.items():
        if name not in FIELDS:
            raise ValueError(f"unknown attribute {name}")
        if isinstance(value, str):
            value = value.strip()
            value = rules.NORMALISERS[name](value) if name in rules.NORMALISERS else value
        if name in REQUIRED and not value:
            raise InvalidValue(
                "organisations.required", "Полное и краткое наименование, ОГРН, ИНН и тип обязательны."
            )
        if FIELDS[name] and value and not codelists.has(FIELDS[name], str(value)):
            raise InvalidValue(
                "organisations.unknown_code", f"Кода «{value}» нет в справочнике. Выберите из списка."
            )
        tidy[name] = value
    return tidy


def _attributes(organisation: Organisation) -> dict[str, Any]:
    """Everything a version keeps."""
    return {name: plain(getattr(organisation, name)) for name in FIELDS} | {
        "status_code": organisation.status_code,
        "municipality": organisation.municipality.code,
        "closed_on": plain(organisation.closed_on),
    }


def _version(organisation: Organisation, *, actor: Actor, valid_from: date, basis: str) -> None:
    OrganisationVersion.objects.create(
        organisation=organisation,
        valid_from=valid_from,
        recorded_at=clock.now(),
        actor_code=actor.code,
        basis=basis,
        data=_attributes(organisation),
    )


def _name_key(organisation: Organisation) -> str:
    return f"{names.fold(organisation.short_name)} {names.fold(organisation.full_name)}"[:700]


@transaction.atomic
def register_organisation(
    *,
    actor: Actor,
    municipality_id: UUID,
    attributes: Mapping[str, Any],
    opened_on: date,
    basis: str,
    parent_id: UUID | None = None,
    status_code: str = rules.WORKING,
) -> Organisation:
    """Enter an organisation or a branch into the registry (внести организацию в реестр)."""
    actor.require(OrganisationPermission.REGISTER, municipality_id=municipality_id)
    if missing := REQUIRED - {name for name, value in attributes.items() if value}:
        raise InvalidValue(
            "organisations.required", f"Не заполнено обязательное: {', '.join(sorted(missing))}."
        )
    organisation = Organisation(
        municipality_id=municipality_id, parent_id=parent_id, opened_on=opened_on, status_code=status_code,
        status_since=opened_on, **_normalised(attributes),
    )  # fmt: skip
    organisation.name_key = _name_key(organisation)
    try:
        with transaction.atomic():
            organisation.save(force_insert=True)
    except IntegrityError:
        raise RuleViolation(
            "organisations.ogrn_taken",
            f"Организация с ОГРН {organisation.ogrn} в реестре уже есть. Найдите её поиском; филиал вносится с головной организацией.",
        ) from None
    _version(organisation, actor=actor, valid_from=opened_on, basis=basis)
    audit.record(
        OrganisationRegistered(
            object_id=organisation.id, organisation_id=organisation.id, basis=basis, ogrn=organisation.ogrn
        ),
        actor=actor,
    )
    return organisation


def _locked(organisation_id: UUID, version: int | None) -> Organisation:
    try:
        organisation = (
            Organisation.objects.select_for_update(of=("self",))
            .select_related("municipality")
            .get(pk=organisation_id)
        )
    except Organisation.DoesNotExist:
        raise NotFound("organisations.no_such", "Такой организации в реестре нет.") from None
    if version is not None and organisation.version != version:
        raise Conflict(
            "organisations.changed",
            "Сведения за это время изменил кто-то другой. Обновите карточку и повторите.",
        )
    return organisation


def _differences(organisation: Organisation, values: Mapping[str, Any]) -> dict[str, list[Any]]:
    return {
        name: [plain(getattr(organisation, name)), plain(value)]
        for name, value in values.items()
        if getattr(organisation, name) != value
    }


@transaction.atomic
def change_organisation(
    *,
    actor: Actor,
    organisation_id: UUID,
    changes: Mapping[str, Any],
    valid_from: date,
    basis: str,
    version: int | None = None,
) -> Organisation:
    """Change attributes from a day on (изменить сведения). A change that changes nothing records nothing."""
    organisation = _locked(organisation_id, version)
    actor.require(
        OrganisationPermission.CONFIRM,
        organisation_id=organisation.id,
        municipality_id=organisation.municipality_id,
    )
    return _change(organisation, actor=actor, changes=changes, valid_from=valid_from, basis=basis)


def _change(
    organisation: Organisation, *, actor: Actor, changes: Mapping[str, Any], valid_from: date, basis: str
) -> Organisation:
    values = _normalised(changes)
    different = _differences(organisation, values)
    if not different:
        return organisation
    if not basis.strip():
        raise InvalidValue(
            "organisations.basis_missing", "Укажите основание изменения: приказ, устав, лист записи ЕГРЮЛ."
        )
    for name in different:
        setattr(organisation, name, values[name])
    organisation.name_key = _name_key(organisation)
    organisation.version += 1
    organisation.save()
    _version(organisation, actor=actor, valid_from=valid_from, basis=basis)
    audit.record(
        OrganisationChanged(
            object_id=organisation.id,
            organisation_id=organisation.id,
            basis=basis,
            changes=different,
            valid_from=valid_from,
        ),
        actor=actor,
    )
    return organisation


# -- proposals ---------------------------------------------------------------------------------


@transaction.atomic
def propose_change(
    *, actor: Actor, organisation_id: UUID, changes: Mapping[str, Any], valid_from: date, basis: str
) -> ChangeProposal:
    """Propose a change of one's own organisation's data (предложить изменение)."""
    organisation = _locked(organisation_id, None)
    actor.require(
        OrganisationPermission.PROPOSE,
        organisation_id=organisation.id,
        municipality_id=organisation.municipality_id,
    )
    if forbidden := set(changes) - PROPOSABLE:
        raise RuleViolation(
            "organisations.not_proposable",
            f"Эти сведения меняет министерство: {', '.join(sorted(forbidden))}. Обратитесь туда с документом.",
        )
    different = _differences(organisation, _normalised(changes))
    if not different:
        raise RuleViolation(
            "organisations.nothing_changed", "Изменений нет: все значения совпадают с нынешними."
        )
    if not basis.strip():
        raise InvalidValue(
            "organisations.basis_missing", "Укажите основание изменения: приказ, устав, лист записи ЕГРЮЛ."
        )
    proposal = ChangeProposal.objects.create(
        organisation=organisation,
        changes=different,
        valid_from=valid_from,
        basis=basis.strip(),
        proposed_at=clock.now(),
        proposed_by=actor.code,
        proposed_by_name=actor.name,
    )
    audit.record(
        ChangeProposed(
            object_id=organisation.id, organisation_id=organisation.id, basis=basis, changes=different
        ),
        actor=actor,
    )
    return proposal


def _open_proposal(proposal_id: UUID) -> ChangeProposal:
    try:
        proposal = (
            ChangeProposal.objects.select_for_update(of=("self",))
            .select_related("organisation")
            .get(pk=proposal_id)
        )
    except ChangeProposal.DoesNotExist:
        raise NotFound("organisations.no_such_proposal", "Такого предложения нет.") from None
    if proposal.status != "proposed":
        raise Conflict(
            "organisations.proposal_decided",
            f"По этому предложению уже принято решение ({proposal.decided_by_name}). Обновите страницу.",
        )
    return proposal


def _decide(proposal: ChangeProposal, *, actor: Actor, status: str, remark: str = "") -> None:
    proposal.status, proposal.decided_at, proposal.remark = status, clock.now(), remark
    proposal.decided_by, proposal.decided_by_name = actor.code, actor.name
    proposal.save()
    audit.record(
        ProposalDecided(
            object_id=proposal.organisation_id,
            organisation_id=proposal.organisation_id,
            decision=status,
            remark=remark,
        ),
        actor=actor,
    )


@transaction.atomic
def confirm_proposal(*, actor: Actor, proposal_id: UUID) -> ChangeProposal:
    """Confirm a proposal: the change takes effect (подтвердить)."""
    proposal = _open_proposal(proposal_id)
    organisation = _locked(proposal.organisation_id, None)
    actor.require(
        OrganisationPermission.CONFIRM,
        organisation_id=organisation.id,
        municipality_id=organisation.municipality_id,
    )
    stale = [n for n, (old, _) in proposal.changes.items() if plain(getattr(organisation, n)) != old]
    if stale:
        raise Conflict(
            "organisations.proposal_stale",
            "Сведения изменились после предложения. Верните его организации: пусть предложит заново.",
            fields=stale,
        )
    values = {name: new for name, (_, new) in proposal.changes.items()}
    _change(organisation, actor=actor, changes=values, valid_from=proposal.valid_from, basis=proposal.basis)
    _decide(proposal, actor=actor, status="confirmed")
    return proposal


@transaction.atomic
def reject_proposal(*, actor: Actor, proposal_id: UUID, remark: str) -> ChangeProposal:
    """Return a proposal with a remark (отклонить)."""
    proposal = _open_proposal(proposal_id)
    actor.require(
        OrganisationPermission.CONFIRM,
        organisation_id=proposal.organisation_id,
        municipality_id=proposal.organisation.municipality_id,
    )
    if not remark.strip():
        raise InvalidValue(
            "organisations.remark_missing", "Напишите, что исправить: замечание увидит организация."
        )
    _decide(proposal, actor=actor, status="rejected", remark=remark.strip())
    return proposal


@transaction.atomic
def withdraw_proposal(*, actor: Actor, proposal_id: UUID) -> ChangeProposal:
    """Take one's own proposal back (отозвать)."""
    proposal = _open_proposal(proposal_id)
    actor.require(
        OrganisationPermission.PROPOSE,
        organisation_id=proposal.organisation_id,
        municipality_id=proposal.organisation.municipality_id,
    )
    _decide(proposal, actor=actor, status="withdrawn")
    return proposal


# -- status ------------------------------------------------------------------------------------


@transaction.atomic
def change_status(
    *,
    actor: Actor,
    organisation_id: UUID,
    status_code: str,
    since: date,
    basis: str,
    successor_id: UUID | None = None,
    version: int | None = None,
) -> Organisation:
    """Suspend, close, join … an organisation (изменить состояние)."""
    organisation = _locked(organisation_id, version)
    actor.require(OrganisationPermission.REGISTER, municipality_id=organisation.municipality_id)
    rules.check_status_change(
        old=organisation.status_code,
        new=status_code,
        since=since,
        opened_on=organisation.opened_on,
        has_successor=successor_id is not None,
    )
    old, organisation.status_code = organisation.status_code, status_code
    organisation.status_since = since
    if status_code in rules.FINAL:
        organisation.closed_on = since
    organisation.version += 1
    organisation.save()
    if successor_id is not None:
        OrganisationLink.objects.create(
            predecessor=organisation,
            successor_id=successor_id,
            kind_code="joining",
            happened_on=since,
            basis=basis,
        )
    _version(organisation, actor=actor, valid_from=since, basis=basis)
    audit.record(
        OrganisationStatusChanged(
            object_id=organisation.id,
            organisation_id=organisation.id,
            basis=basis,
            old=old,
            new=status_code,
            since=since,
        ),
        actor=actor,
    )
    return organisation


# -- municipalities ----------------------------------------------------------------------------


@transaction.atomic
def load_municipalities() -> int:
    """Bring the municipalities of Perm Krai to what the data files say; idempotent. Return how many there are."""
    rows = _read("municipalities.csv")
    for row in rows:
        Municipality.objects.update_or_create(
            code=row["code"],
            defaults={
                "name": row["name"],
                "kind": row["kind"],
                "valid_from": row["valid_from"],
                "valid_to": row["valid_to"] or None,
                "note": row["note"],
                "sort_key": names.fold(row["name"]),
            },
        )
    ids = dict(Municipality.objects.values_list("code", "id"))
    for row in _read("municipality_codes.csv"):
        MunicipalityCode.objects.update_or_create(
            municipality_id=ids[row["municipality"]],
            oktmo=row["oktmo"],
            edition=row["edition"],
            defaults={
                "valid_from": row["valid_from"],
                "valid_to": row["valid_to"] or None,
                "confidence": row["confidence"],
                "source": row["source"],
            },
        )
    for row in _read("municipality_successions.csv"):
        MunicipalitySuccession.objects.update_or_create(
            predecessor_id=ids[row["predecessor"]],
            successor_id=ids[row["successor"]],
            defaults={"happened_on": row["happened_on"]},
        )
    return len(rows)


def _read(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_first_versions(rows: Iterable[Organisation], *, actor: Actor, basis: str) -> None:
    """Write the first version of organisations entered in bulk (a loader's act, which records nothing else)."""
    moment = clock.now()
    OrganisationVersion.objects.bulk_create(
        [
            OrganisationVersion(
                organisation=row,
                valid_from=row.opened_on or moment.date(),
                recorded_at=moment,
                actor_code=actor.code,
                basis=basis,
                data=_attributes(row),
            )
            for row in rows
        ],
        batch_size=500,
    )
