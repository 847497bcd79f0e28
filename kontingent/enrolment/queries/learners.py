"""Search, the learner's card with the whole path, lists of a class and of a school."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from kontingent.audit import reads
from kontingent.audit.reads import ReadKind
from kontingent.enrolment.models import Enrolment, Group, Movement, Placement
from kontingent.enrolment.permissions import EnrolmentPermission
from kontingent.enrolment.queries.scope import purpose_of, require_visible, visible
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotAllowed, NotFound
from kontingent.organisations import queries as organisations
from kontingent.organisations.models import Organisation
from kontingent.persons import queries as persons
from kontingent.persons.models import Address, Contact, IdentityDocument, Person, PersonName, Representation
from kontingent.persons.permissions import PersonPermission
from kontingent.persons.queries import Found
from kontingent.persons.search import SearchTerm

SEARCH_PAGE = 50


@dataclass(frozen=True, slots=True)
class Hit:
    """One found person with where they study now."""

    person: Found
    organisation: str
    group: str


def search_learners(actor: Actor, term: SearchTerm, *, limit: int = SEARCH_PAGE) -> tuple[list[Hit], bool]:
    """Return found persons in the actor's scope, and whether there are more than ``limit``."""
    actor.require(PersonPermission.VIEW)
    if term.document and not actor.may(PersonPermission.VIEW_DOCUMENTS):
        return [], False
    found = persons.search(term, limit=limit + 1, within=visible(actor))
    more, found = len(found) > limit, found[:limit]
    places = _where_now([one.id for one in found])
    reads.note(actor, ReadKind.SEARCH, [one.id for one in found])
    return [Hit(one, *places.get(one.id, ("", ""))) for one in found], more


def _where_now(person_ids: list[UUID]) -> dict[UUID, tuple[str, str]]:
    if not person_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.person_id, o.short_name, coalesce(g.title, '') FROM enrolment_placement p "
            "JOIN organisations_organisation o ON o.id = p.organisation_id "
            "LEFT JOIN enrolment_group g ON g.id = p.group_id "
            "WHERE p.person_id = ANY(%s) AND p.superseded_at IS NULL AND p.ends_on IS NULL "
            "ORDER BY p.is_main, p.starts_on",
            [person_ids],
        )
        return {row[0]: (row[1], row[2]) for row in cursor.fetchall()}


# -- card --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EnrolmentPart:
    """One enrolment of the path with its placements and movements."""

    enrolment: Enrolment
    organisation: Organisation
    placements: list[Placement]
    movements: list[Movement]


@dataclass(frozen=True, slots=True)
class LearnerCard:
    """Everything of one person that the actor may see; what they may not is None."""

    person: Person
    path: list[EnrolmentPart]
    former_names: list[PersonName]
    representatives: list[Representation]
    wards: list[Representation]
    contacts: list[Contact]
    documents: list[IdentityDocument] | None
    addresses: list[Address] | None

    @property
    def current(self) -> list[EnrolmentPart]:
        """Enrolments that go on."""
        return [part for part in self.path if part.enrolment.ends_on is None]


def person(actor: Actor, person_id: UUID, *, what: str) -> Person:
    """Return a person alone, for a page about them; ``what`` says in the journal what it is."""
    require_visible(actor, person_id)
    reads.note(
        actor,
        ReadKind.CARD,
        [person_id],
        object_id=person_id,
        what=what,
        purpose=purpose_of(actor, person_id),
    )
    return persons.get(person_id)


def part_of_path(
    actor: Actor, person_id: UUID, enrolment_id: UUID, *, what: str
) -> tuple[Person, EnrolmentPart]:
    """Return a person with one enrolment of theirs."""
    require_visible(actor, person_id)
    part = next((one for one in _path(person_id) if one.enrolment.enrolment_id == enrolment_id), None)
    if part is None:
        raise NotFound("enrolment.no_such_enrolment", "Такого обучения у этого человека нет.")
    return person(actor, person_id, what=what), part


def whole_path(actor: Actor, person_id: UUID, *, what: str) -> tuple[Person, list[EnrolmentPart]]:
    """Return a person with all enrolments, the latest first, and nobody of the family."""
    return person(actor, person_id, what=what), _path(person_id)


def card(actor: Actor, person_id: UUID) -> LearnerCard:
    """Return a person's card with the whole path, in at most a dozen statements."""
    require_visible(actor, person_id)
    person = persons.get(person_id)
    kin = persons.kin_of(person, contacts=True)
    found = LearnerCard(
        person=person,
        path=_path(person_id),
        former_names=persons.former_names_of(person_id),
        representatives=kin.representatives,
        wards=kin.wards,
        contacts=list(person.contacts.all()),
        documents=persons.documents_of(person_id) if actor.may(PersonPermission.VIEW_DOCUMENTS) else None,
        addresses=persons.addresses_of(person_id) if actor.may(PersonPermission.VIEW_ADDRESSES) else None,
    )
    _note(actor, ReadKind.CARD, found)
    return found


def own_card(actor: Actor, person_id: UUID, *, brief: bool = False) -> LearnerCard:
    """Return the card of one's own child or of oneself: all but the contacts of others; ``brief`` is name and path."""
    if person_id not in actor.scope.persons:
        raise NotAllowed("access.not_own", "Эти сведения не о вашем ребёнке. Вернитесь к списку.")
    person = persons.get(person_id)
    found = LearnerCard(
        person=person,
        path=_path(person_id),
        former_names=[],
        representatives=[] if brief else persons.kin_of(person, contacts=False).representatives,
        wards=[],
        contacts=[],
        documents=None if brief else persons.documents_of(person_id),
        addresses=None if brief else persons.addresses_of(person_id),
    )
    _note(actor, ReadKind.FAMILY, found)
    return found


def _note(actor: Actor, kind: ReadKind, card: LearnerCard) -> None:
    """Note the person of a card, and the relatives whom it names."""
    person_id = card.person.id
    purpose = purpose_of(actor, person_id)
    reads.note(actor, kind, [person_id], object_id=person_id, purpose=purpose)
    relatives = [*(one.adult_id for one in card.representatives), *(one.child_id for one in card.wards)]
    reads.note(actor, ReadKind.RELATIVE, relatives, object_id=person_id, purpose=purpose)


def _path(person_id: UUID) -> list[EnrolmentPart]:
    enrolments = list(
        Enrolment.objects.filter(person_id=person_id, superseded_at__isnull=True)
        .select_related("organisation", "destination", "opened_by", "closed_by")
        .order_by("-starts_on")
    )
    placements: dict[UUID, list[Placement]] = {}
    rows = Placement.objects.filter(person_id=person_id, superseded_at__isnull=True).select_related(
        "group", "programme"
    )
    for placement in rows.order_by("-starts_on"):
        placements.setdefault(placement.enrolment_id, []).append(placement)
    movements: dict[UUID, list[Movement]] = {}
    log = Movement.objects.filter(person_id=person_id).select_related("order", "group")
    for movement in log.order_by("-effective_on", "-id"):
        movements.setdefault(movement.enrolment_id, []).append(movement)
    return [
        EnrolmentPart(
            one, one.organisation, placements.get(one.enrolment_id, []), movements.get(one.enrolment_id, [])
        )
        for one in enrolments
    ]


# -- lists -------------------------------------------------------------------------------------


class ListRow(NamedTuple):
    """One learner of a list, ready to be shown."""

    person_id: UUID
    enrolment_id: UUID
    family_name: str
    given_name: str
    patronymic: str
    sex: str
    birth_date: date
    snils: str | None
    group_id: UUID | None
    group_title: str
    grade: int | None
    state: str
    starts_on: date

    @property
    def full_name(self) -> str:
        """ФИО одной строкой."""
        return " ".join(part for part in (self.family_name, self.given_name, self.patronymic) if part)


_LIST = (
    "SELECT p.person_id, p.enrolment_id, h.family_name, h.given_name, h.patronymic, p.sex, p.birth_date, h.snils, "
    "p.group_id, coalesce(g.title, ''), p.grade, p.state, p.starts_on FROM enrolment_placement p "
    "JOIN persons_person h ON h.id = p.person_id LEFT JOIN enrolment_group g ON g.id = p.group_id "
    "WHERE p.superseded_at IS NULL AND p.starts_on <= %s AND (p.ends_on IS NULL OR p.ends_on > %s)"
)


def _list(condition: str, parameters: list[Any], on: date, order: str, limit: int) -> list[ListRow]:
    with connection.cursor() as cursor:
        cursor.execute(f"{_LIST} AND {condition} ORDER BY {order} LIMIT %s", [on, on, *parameters, limit])
        return [ListRow(*row) for row in cursor.fetchall()]


def class_list(actor: Actor, group_id: UUID, on: date) -> tuple[Group, list[ListRow]]:
    """Return a class and who is in it on a day, by name."""
    group = Group.objects.select_related("organisation", "programme").get(pk=group_id)
    actor.require(
        EnrolmentPermission.VIEW,
        organisation_id=group.organisation_id,
        municipality_id=group.organisation.municipality_id,
        group_id=group.id,
    )
    rows = _list("p.group_id = %s", [group_id], on, "h.name_key, h.birth_date", 500)
    reads.note(
        actor, ReadKind.LIST, [row.person_id for row in rows], object_id=group_id, organisation_id=group.organisation_id,
        what=f"класс {group.title}",
    )  # fmt: skip
    return group, rows


def school_list(
    actor: Actor, organisation_id: UUID, on: date, *, limit: int = 2000
) -> tuple[Organisation, list[ListRow]]:
    """Return an organisation and all its learners on a day, by class and name, in two statements."""
    organisation = organisations.get(organisation_id)
    actor.require(
        EnrolmentPermission.VIEW,
        organisation_id=organisation.id,
        municipality_id=organisation.municipality_id,
    )
    rows = _list("p.organisation_id = %s", [organisation_id], on, "g.title_key NULLS LAST, h.name_key", limit)
    reads.note(
        actor, ReadKind.LIST, [row.person_id for row in rows], object_id=organisation_id, organisation_id=organisation_id,
        what="вся организация",
    )  # fmt: skip
    return organisation, rows
