"""What the registry records in the journal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from kontingent.audit.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationRegistered(Event):
    """An organisation entered the registry."""

    kind: ClassVar[str] = "organisations.registered"
    title: ClassVar[str] = "Организация внесена в реестр"
    ogrn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationChanged(Event):
    """Attributes changed: ``changes`` maps a field to [old, new]."""

    kind: ClassVar[str] = "organisations.changed"
    title: ClassVar[str] = "Изменены сведения об организации"
    changes: dict[str, list[Any]]
    valid_from: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeProposed(Event):
    """An organisation proposed a change of its data."""

    kind: ClassVar[str] = "organisations.change_proposed"
    title: ClassVar[str] = "Предложено изменение сведений"
    changes: dict[str, list[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalDecided(Event):
    """A proposal was confirmed, rejected or withdrawn."""

    kind: ClassVar[str] = "organisations.proposal_decided"
    title: ClassVar[str] = "Решение по предложенному изменению"
    decision: str
    remark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationStatusChanged(Event):
    """An organisation was suspended, closed, joined to another …"""

    kind: ClassVar[str] = "organisations.status_changed"
    title: ClassVar[str] = "Изменено состояние организации"
    old: str
    new: str
    since: date
