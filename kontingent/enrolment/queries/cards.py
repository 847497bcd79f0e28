"""The cards of a class for filling in: what stands in each of the columns of ``rules.cards``."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from kontingent.enrolment.models import Group
from kontingent.enrolment.queries.learners import class_list
from kontingent.enrolment.queries.orders import group as group_of
from kontingent.enrolment.rules import cards
from kontingent.kernel.actor import Actor
from kontingent.kernel.snils import format_snils
from kontingent.persons.models import Address, Contact, IdentityDocument, Person, Representation
from kontingent.persons.permissions import PersonPermission
from kontingent.persons.rules import EMAIL, PHONE

#: The address the grid fills; the others are kept on the card.
RESIDENCE = "residence"


@dataclass(frozen=True, slots=True)
class CardRow:
    """A learner with what stands in each column, as it is shown."""

    person_id: UUID
    full_name: str
    values: dict[str, str]


def class_cards(actor: Actor, group_id: UUID, on: date) -> tuple[Group, list[CardRow]]:
    """Return a class and the cards of its learners on a day, by name, in a flat number of statements."""
    named = group_of(actor, group_id)
    for permission in (
        PersonPermission.EDIT,
        PersonPermission.VIEW_DOCUMENTS,
        PersonPermission.VIEW_ADDRESSES,
    ):
        actor.require(
            permission,
            organisation_id=named.organisation_id,
            municipality_id=named.organisation.municipality_id,
            group_id=named.id,
        )
    group, rows = class_list(actor, group_id, on)
    values = values_of([row.person_id for row in rows])
    return group, [CardRow(row.person_id, row.full_name, values[row.person_id]) for row in rows]


def values_of(person_ids: Collection[UUID]) -> dict[UUID, dict[str, str]]:
    """Return what stands in each column by person; whether the actor may know is asked by the caller."""
    found: dict[UUID, dict[str, str]] = {}
    for person_id, snils, birth_place in Person.objects.filter(pk__in=list(person_ids)).values_list(
        "id", "snils", "birth_place"
    ):
        found[person_id] = dict.fromkeys(cards.BY_CODE, "") | {
            cards.SNILS: format_snils(snils) if snils else "",
            cards.BIRTH_PLACE: birth_place,
        }
    documents = IdentityDocument.objects.filter(person_id__in=list(found), is_current=True)
    for document in documents.order_by("kind_code", "id"):
        found[document.person_id][cards.DOCUMENT] = str(document)
    for address in Address.objects.filter(
        person_id__in=list(found), kind_code=RESIDENCE, ends_on__isnull=True
    ):
        found[address.person_id][cards.ADDRESS] = address.text
    spoken_for = representatives_of(found)
    kinds = {PHONE: cards.PHONE, EMAIL: cards.EMAIL}
    contacts: dict[tuple[UUID, str], str] = {}
    for contact in Contact.objects.filter(
        person_id__in=set(spoken_for.values()), kind_code__in=list(kinds)
    ).order_by("-id"):
        contacts[contact.person_id, kinds[contact.kind_code]] = contact.value
    for child_id, adult_id in spoken_for.items():
        for column in kinds.values():
            found[child_id][column] = contacts.get((adult_id, column), "")
    return found


def representatives_of(child_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Return whose contacts the grid fills by child: the first representative of today, one of full rights before others."""
    links = Representation.objects.filter(
        child_id__in=list(child_ids), ends_on__isnull=True, adult__merged_into__isnull=True
    ).order_by("-rights_limited", "-starts_on", "-id")
    return dict(links.values_list("child_id", "adult_id"))
