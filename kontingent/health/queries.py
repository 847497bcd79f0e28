"""Reading: one person, a class, terms that end. Every reading is journaled with its purpose; who may not know gets None or a refusal."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet

from kontingent.audit import reads
from kontingent.audit.reads import ReadKind
from kontingent.enrolment import queries as enrolment
from kontingent.enrolment.queries import ListRow
from kontingent.enrolment.queries.scope import purpose_of
from kontingent.health import rules, texts
from kontingent.health.cipher import Damaged, LostKey, Sealed
from kontingent.health.codes import Kind
from kontingent.health.models import HealthRecord
from kontingent.health.permissions import HealthPermission
from kontingent.health.rules import SHAPES, Details, Known, Shape
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotFound
from kontingent.persons import queries as persons
from kontingent.stages import queries as stages
from kontingent.stages.rules import Gate
from kontingent.storage import scope

PURPOSE = "health"
#: A family reads its own by the right to know (152-ФЗ, art. 14).
OWN = "access.family"


@dataclass(frozen=True, slots=True)
class Shown:
    """A record with its details decrypted; ``fault`` says why they could not be."""

    record: HealthRecord
    shape: Shape
    details: Details
    fault: str = ""

    def holds(self, day: date) -> bool:
        """Say whether it holds on a day."""
        return self.record.starts_on <= day and (self.record.ends_on is None or day < self.record.ends_on)

    @property
    def is_expiring(self) -> bool:
        """True when the term ends soon or has ended."""
        return rules.is_expiring(self.record.ends_on, clock.today())


def may_look(actor: Actor) -> Gate | None:
    """Return the gate of where the actor works when something of health is open to them, else None; no value is read."""
    if not actor.may(HealthPermission.VIEW):
        return None
    gate = stages.gate_for(actor)
    return gate if any(gate.allows(kind) for kind in Kind) else None


def of_person(actor: Actor, person_id: UUID) -> list[Shown]:
    """Return what is known of a person's health, the newest first.

    Raises:
        NotAllowed: without the permission, or beyond the scope.
        RuleViolation: the stage is not open where the actor works.
    """
    actor.require(HealthPermission.VIEW)
    gate = stages.gate_for(actor)
    gate.require(Kind.HEALTH_GROUP)
    enrolment.require_visible(actor, person_id)
    whose = all_records(person_id)
    with scope.compartment(HealthPermission.VIEW.value):
        found = list(_current().filter(person_id__in=whose))
    reads.note(
        actor, ReadKind.HEALTH, [person_id], object_id=person_id, purpose=_purpose(actor, person_id), what="сведения о здоровье"
    )  # fmt: skip
    return [_shown(one) for one in _by_day(found) if gate.allows(one.kind)]


def of_own(actor: Actor, person_id: UUID) -> list[Shown]:
    """Return what is known of one's own child or of oneself, to the family."""
    if person_id not in actor.scope.persons or not actor.scope.is_family:
        raise NotFound("health.not_own", "Эти сведения не о вашем ребёнке. Вернитесь к списку.")
    gate = stages.gate_for(actor)
    if not any(gate.allows(kind) for kind in Kind):
        return []
    whose = all_records(person_id)
    with scope.compartment(OWN):
        found = list(_current().filter(person_id__in=whose))
    reads.note(actor, ReadKind.FAMILY, [person_id], object_id=person_id, what="сведения о здоровье")
    return [_shown(one) for one in _by_day(found)]


def of_class(
    actor: Actor, group_id: UUID, on: date, kinds: Collection[Kind]
) -> list[tuple[ListRow, dict[Kind, HealthRecord]]]:
    """Return a class by name with what holds of each kind on a day; texts stay encrypted."""
    actor.require(HealthPermission.VIEW)
    gate = stages.gate_for(actor)
    for kind in kinds:
        gate.require(kind)
    group, rows = enrolment.class_list(actor, group_id, on)
    whom = [row.person_id for row in rows]
    with scope.compartment(HealthPermission.VIEW.value):
        found = list(
            _current().filter(_on(on), person_id__in=whom, kind__in=list(kinds)).defer("sealed")
        )  # fmt: skip
    known: dict[UUID, dict[Kind, HealthRecord]] = {}
    for one in found:
        known.setdefault(one.person_id, {})[Kind(one.kind)] = one
    reads.note(
        actor, ReadKind.HEALTH, whom, object_id=group_id, organisation_id=group.organisation_id, purpose=PURPOSE,
        what=f"класс {group.title}, сведения о здоровье",
    )  # fmt: skip
    return [(row, known.get(row.person_id, {})) for row in rows]


@dataclass(frozen=True, slots=True)
class Ending:
    """A term that ends soon or has ended without another record."""

    person_id: UUID
    full_name: str
    group_title: str
    record: HealthRecord
    shape: Shape


def ending(actor: Actor, organisation_id: UUID) -> list[Ending]:
    """Return whose terms are to be renewed in a school, the most urgent first."""
    actor.require(HealthPermission.VIEW)
    gate = stages.gate_for(actor)
    gate.require(Kind.HEALTH_GROUP)
    today = clock.today()
    organisation, rows = enrolment.school_list(actor, organisation_id, today)
    by_id = {row.person_id: row for row in rows}
    with scope.compartment(HealthPermission.VIEW.value):
        found = list(
            _current()
            .filter(person_id__in=list(by_id), ends_on__lte=today + timedelta(days=rules.WARN_DAYS))
            .defer("sealed")
            .order_by("ends_on", "id")
        )
        later = set(
            _current()
            .filter(Q(ends_on__isnull=True) | Q(ends_on__gt=today + timedelta(days=rules.WARN_DAYS)), person_id__in=list(by_id))
            .values_list("person_id", "kind")
        )  # fmt: skip
    last = {(one.person_id, one.kind): one for one in found if (one.person_id, one.kind) not in later}
    shown = [one for one in sorted(last.values(), key=lambda one: (one.ends_on or today, str(one.id))) if gate.allows(one.kind)]  # fmt: skip
    reads.note(
        actor, ReadKind.HEALTH, [one.person_id for one in shown], object_id=organisation.id, organisation_id=organisation.id,
        purpose=PURPOSE, what="истекающие сроки сведений о здоровье",
    )  # fmt: skip
    return [
        Ending(
            one.person_id, by_id[one.person_id].full_name, by_id[one.person_id].group_title, one, SHAPES[Kind(one.kind)]
        )
        for one in shown
    ]  # fmt: skip


def known_of(person_ids: Collection[UUID], kind: Kind) -> dict[UUID, list[Known]]:
    """Return what is known of one kind, for placing a record beside it; part of an act that has entered the compartment."""
    found: dict[UUID, list[Known]] = {}
    for one in _current().filter(person_id__in=list(person_ids), kind=kind).defer("sealed"):
        found.setdefault(one.person_id, []).append(Known(one.id, one.code, one.starts_on, one.ends_on))
    return found


def codes_on(person_ids: Collection[UUID], kinds: Collection[str], on: date) -> dict[tuple[UUID, str], str]:
    """Return codes that hold on a day by person and kind; part of an act that has entered the compartment."""
    rows = _current().filter(_on(on), person_id__in=list(person_ids), kind__in=list(kinds))
    return {
        (person_id, kind): code for person_id, kind, code in rows.values_list("person_id", "kind", "code")
    }


def _on(day: date) -> Q:
    return Q(starts_on__lte=day) & (Q(ends_on__isnull=True) | Q(ends_on__gt=day))


def _current() -> QuerySet[HealthRecord]:
    return HealthRecord.objects.filter(superseded_at__isnull=True)


def all_records(person_id: UUID) -> list[UUID]:
    """Return the ids of all records of one human being; asked outside the compartment, which sees no persons."""
    return persons.records_of(person_id)


def _by_day(found: Iterable[HealthRecord]) -> list[HealthRecord]:
    return sorted(found, key=lambda one: (one.starts_on, str(one.id)), reverse=True)


def _purpose(actor: Actor, person_id: UUID) -> str:
    """An emergency is a purpose of its own; otherwise it is health, whatever the role is otherwise for."""
    return "emergency" if purpose_of(actor, person_id) == "emergency" else PURPOSE


def _shown(one: HealthRecord) -> Shown:
    shape = SHAPES[Kind(one.kind)]
    if one.sealed is None:
        return Shown(one, shape, Details())
    try:
        details = texts.unseal(Sealed(one.key_id, bytes(one.sealed)), person_id=one.person_id, kind=one.kind)
    except (LostKey, Damaged) as fault:
        return Shown(one, shape, Details(), fault.message)
    return Shown(one, shape, details)
