"""The learners of an organisation that is no more go to its successor in one act: one order of leaving, one of enrolment.

Who succeeds whom and since when the registry of organisations says (``OrganisationLink``). The municipality looks at the plan and asks for
the act; the worker does it, as the system: it opens the classes that the successor lacks and signs both orders in one
transaction, or tells why it cannot and leaves everything as it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from kontingent.audit import actions as audit
from kontingent.audit import reads
from kontingent.audit.reads import ReadKind
from kontingent.enrolment import actions as enrolment
from kontingent.enrolment.actions import GroupDraft, LineDraft
from kontingent.enrolment.actions.groups import facts_of
from kontingent.enrolment.codes import MovementKind, OrderKind
from kontingent.enrolment.models import Group, Placement
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import Conflict, InvalidValue, KontingentError, NotFound, RuleViolation
from kontingent.kernel.school_year import SchoolYear
from kontingent.organisations.models import Organisation, OrganisationLink
from kontingent.programmes import actions as programmes
from kontingent.programmes.models import Programme
from kontingent.storage import scope
from kontingent.storage.scope import scoped
from kontingent.trajectory.transfers.events import LearnersMoved
from kontingent.trajectory.transfers.models import Succession
from kontingent.trajectory.transfers.permissions import TransferPermission
from kontingent.trajectory.transfers.settling import WORKER

LEFT_FOR_SUCCESSOR = "L1"


class ClassPlan(NamedTuple):
    """A class of the predecessor, how many go, and what it will be at the successor: a class there, or a new one of that title."""

    title: str
    learners: int
    there: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What one act would do: who goes where, class by class."""

    predecessor: Organisation
    successor: Organisation
    on: date
    classes: list[ClassPlan]
    learners: int


class Pending(NamedTuple):
    """An organisation that has a successor, and still learners on the day it ended."""

    link: OrganisationLink
    learners: int


def pending(actor: Actor) -> list[Pending]:
    """Return the organisations of the actor's territory whose learners have not gone to the successor yet."""
    actor.require(TransferPermission.DECIDE)
    links = OrganisationLink.objects.select_related("predecessor", "successor").order_by("-happened_on")
    found = []
    for link in links:
        if actor.scope.covers(link.predecessor_id, link.predecessor.municipality_id):
            count = _left(link).count()
            if count:
                found.append(Pending(link, count))
    return found


def plan(actor: Actor, link_id: int) -> Plan:
    """Return what the act would do; reads of the learners are journaled.

    Raises:
        NotFound: no such succession in the actor's territory.
    """
    link = _link(actor, link_id)
    placements = _standing(link)
    reads.note(
        actor,
        ReadKind.LIST,
        [one.person_id for one in placements],
        organisation_id=link.predecessor_id,
        what="перевод правопреемнику",
    )
    taken = _titles(link.successor_id, _year(link))
    sizes = Counter(one.group for one in placements if one.group is not None)
    rows = [
        ClassPlan(group.title, sizes[group], _title_there(group, taken, link.predecessor), is_new=True)
        for group in sorted(sizes, key=lambda group: group.title_key)
    ]
    if without := len([one for one in placements if one.group is None]):
        rows.append(ClassPlan("без класса", without, "без класса", is_new=False))
    return Plan(link.predecessor, link.successor, link.happened_on, rows, len(placements))


@transaction.atomic
def ask(*, actor: Actor, link_id: int, leaving_number: str, arriving_number: str, basis: str) -> Succession:
    """Ask for the act (перевести обучающихся правопреемнику).

    Raises:
        NotFound: no such succession in the actor's territory.
        InvalidValue: a number or the basis is missing.
        Conflict: it was asked for already.
        RuleViolation: nobody is left to go.
    """
    link = _link(actor, link_id)
    said = {
        "leaving_number": leaving_number.strip(),
        "arriving_number": arriving_number.strip(),
        "basis": " ".join(basis.split()),
    }
    for name, ask_for in (
        ("leaving_number", "Укажите номер приказа об отчислении."), ("arriving_number", "Укажите номер приказа о зачислении."),
        ("basis", "Укажите основание: постановление о реорганизации, номер и дату."),
    ):  # fmt: skip
        if not said[name]:
            raise InvalidValue(f"transfers.{name}", ask_for)
    if len(said["leaving_number"]) > 40 or len(said["arriving_number"]) > 40 or len(said["basis"]) > 300:
        raise InvalidValue(
            "transfers.succession_text", "Номер приказа – до 40 знаков, основание – до 300. Сократите."
        )
    if not _left(link).exists():
        raise RuleViolation(
            "transfers.nobody_left", "Обучающихся в этой организации не осталось: переводить некого."
        )
    try:
        with transaction.atomic():
            return Succession.objects.create(
                link=link, asked_at=clock.now(), asked_by_name=actor.name, **said
            )
    except IntegrityError as error:
        raise Conflict(
            "transfers.succession_asked", "Этот перевод уже запущен. Обновите страницу."
        ) from error


def run(succession_id: UUID) -> bool:
    """Do the act, by the worker; return whether it was done. What forbids it is kept as ``told``."""
    with scoped(WORKER):
        found = (
            Succession.objects.select_for_update()
            .select_related("link__predecessor", "link__successor")
            .get(pk=succession_id)
        )
        if found.state != "asked":
            return False
        try:
            with transaction.atomic():
                found.learners = _move(found)
        except KontingentError as refused:
            found.state, found.told = "failed", refused.message[:1000]
            found.save()
            return False
        found.state, found.done_at, found.told = "done", clock.now(), ""
        found.save()
        return True


def _move(found: Succession) -> int:
    link = found.link
    placements = _standing(link)
    there = _classes_there(link, [one.group for one in placements if one.group is not None])
    own = {one.programme_id: one.programme for one in placements}
    programmes_there = {
        pk: _programme_there(link.successor_id, one, link.happened_on) for pk, one in own.items()
    }
    leaving = [
        LineDraft(
            person_id=one.person_id, kind=MovementKind.EXPULSION, effective_on=link.happened_on, enrolment_id=one.enrolment_id,
            reason_code=LEFT_FOR_SUCCESSOR, destination_id=link.successor_id,
        )
        for one in placements
    ]  # fmt: skip
    arriving = [
        LineDraft(
            person_id=one.person_id, kind=MovementKind.ADMISSION_BY_TRANSFER, effective_on=link.happened_on,
            group_id=there[one.group_id] if one.group_id else None,
            programme_id=None if one.group_id else programmes_there[one.programme_id].id, grade=None if one.group_id else one.grade,
            study_form_code=one.study_form_code, funding_code=one.funding_code,
        )
        for one in placements
    ]  # fmt: skip
    for organisation_id, kind, number, lines in (
        (link.predecessor_id, OrderKind.EXPULSION, found.leaving_number, leaving),
        (link.successor_id, OrderKind.ADMISSION_BY_TRANSFER, found.arriving_number, arriving),
    ):
        for batch in _once_each(lines):
            draft = enrolment.draft_order(
                actor=WORKER, organisation_id=organisation_id, kind=kind, number=number, dated=clock.today(), basis=found.basis,
                signatory="подписан автоматически при реорганизации",
            )  # fmt: skip
            enrolment.add_lines(actor=WORKER, order_id=draft.id, lines=batch)
            enrolment.sign_order(actor=WORKER, order_id=draft.id)
    audit.record(
        LearnersMoved(
            object_id=found.pk, organisation_id=link.predecessor_id, basis=found.basis, successor=link.successor.short_name,
            learners=len({one.person_id for one in placements}),
        ),
        actor=WORKER,
    )  # fmt: skip
    return len({one.person_id for one in placements})


def _once_each(lines: Sequence[LineDraft]) -> list[list[LineDraft]]:
    """Divide lines so that an order names a learner once; who studies two programmes is in two orders."""
    batches: list[list[LineDraft]] = []
    seen: Counter[UUID] = Counter()
    for line in lines:
        at = seen[line.person_id]
        seen[line.person_id] += 1
        if at == len(batches):
            batches.append([])
        batches[at].append(line)
    return batches


@scope.whole_register()
def _standing(link: OrganisationLink) -> list[Placement]:
    """Return where the learners of an organisation stand on its last day and after, class by class."""
    rows = _left(link).select_related("group", "programme")
    return list(rows.order_by("group__title_key", "person_id", "-is_main"))


def _left(link: OrganisationLink) -> QuerySet[Placement]:
    """Who is still there when the organisation has ended; its municipality sees them within its scope."""
    day = link.happened_on
    return Placement.objects.filter(
        Q(ends_on__isnull=True) | Q(ends_on__gt=day),
        organisation_id=link.predecessor_id,
        superseded_at__isnull=True,
        starts_on__lte=day,
    )


def _link(actor: Actor, link_id: int) -> OrganisationLink:
    link = OrganisationLink.objects.select_related("predecessor", "successor").filter(pk=link_id).first()
    if link is None or not actor.scope.covers(link.predecessor_id, link.predecessor.municipality_id):
        raise NotFound("transfers.no_such_succession", "Такого правопреемства в вашей области доступа нет.")
    actor.require(TransferPermission.DECIDE)
    return link


def _year(link: OrganisationLink) -> int:
    return SchoolYear.of(link.happened_on).begins_in


def _titles(organisation_id: UUID, school_year: int) -> set[str]:
    return set(
        Group.objects.filter(organisation_id=organisation_id, school_year=school_year).values_list(
            "title_key", flat=True
        )
    )


def _title_there(group: Group, taken: set[str], predecessor: Organisation) -> str:
    """A class keeps its title, unless the successor has one of it: then the former school's name goes with it."""
    return group.title if group.title_key not in taken else f"{group.title} ({predecessor.short_name})"[:100]


def _classes_there(link: OrganisationLink, groups: Sequence[Group]) -> Mapping[UUID, UUID]:
    taken = _titles(link.successor_id, _year(link))
    ours = {group.pk: group for group in groups}
    drafts = [
        GroupDraft(
            school_year=group.school_year, programme_id=_programme_there(link.successor_id, group.programme, link.happened_on).id,
            grade=group.grade, letter=group.letter, title=_title_there(group, taken, link.predecessor),
            study_form_code=group.study_form_code, teacher_name=group.teacher_name, facts=facts_of(group),
        )
        for group in ours.values()
    ]  # fmt: skip
    made = enrolment.open_groups(actor=WORKER, organisation_id=link.successor_id, drafts=drafts)
    return {group_id: one.pk for group_id, one in zip(ours, made, strict=True)}


def _programme_there(organisation_id: UUID, like: Programme, on: date) -> Programme:
    there = Programme.objects.filter(
        organisation_id=organisation_id,
        kind_code=like.kind_code,
        adaptation_code=like.adaptation_code,
        title=like.title,
    ).first()
    return there or programmes.ensure_programme(
        actor=WORKER, organisation_id=organisation_id, kind_code=like.kind_code, valid_from=on, title=like.title,
        adaptation_code=like.adaptation_code,
    )  # fmt: skip
