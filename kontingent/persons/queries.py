"""Reading persons: by id, by search, by likeness.

Persons have no scope of their own: whoever asks by name or id must have made sure through ``enrolment.queries`` that
the actor may know of them. ``within`` narrows a search to ids given by that room.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Q, prefetch_related_objects
from django.db.models.functions import Coalesce

from kontingent.kernel.errors import Moved, NotFound
from kontingent.persons.models import (
    Address,
    Contact,
    IdentityDocument,
    Merge,
    Person,
    PersonName,
    Representation,
)
from kontingent.persons.search import SearchTerm
from kontingent.storage import scope

VALID = "1"
#: How many infix hits are looked at before they are sorted: keeps a common fragment cheap.
INFIX_BOUND = 400
SHORTEST_INFIX = 3
#: How many former names are looked at before those out of scope are left out.
FORMER_BOUND = 1000


def get(person_id: UUID) -> Person:
    """Return a person; a record that was merged says where it went."""
    try:
        person = Person.objects.get(pk=person_id)
    except Person.DoesNotExist:
        raise NotFound("persons.no_such", "Такой записи о человеке нет.") from None
    if person.merged_into_id is not None:
        raise Moved(person.merged_into_id)
    return person


def lead_on(person_id: UUID) -> None:
    """Raise ``Moved`` where a record was merged into another; do nothing for any other id."""
    if (successor := successor_of(person_id)) is not None:
        raise Moved(successor)


def successor_of(person_id: UUID) -> UUID | None:
    """Return the record that answers for a merged one, None for any other id."""
    return Person.objects.filter(pk=person_id).values_list("merged_into_id", flat=True).first()


def facts_for_counting(
    person_ids: Collection[UUID],
) -> list[tuple[UUID, str, str, date | None, date | None]]:
    """Return (id, full name, sex, birth date, day of death) of valid persons: what enrolment copies and checks."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, concat_ws(' ', family_name, given_name, nullif(patronymic, '')), sex, birth_date, died_on "
            "FROM persons_person WHERE id = ANY(%s) AND status_code = %s",
            [list(person_ids), VALID],
        )
        return [tuple(row) for row in cursor.fetchall()]


# -- search ------------------------------------------------------------------------------------


class Found(NamedTuple):
    """One person found."""

    id: UUID
    family_name: str
    given_name: str
    patronymic: str
    birth_date: date | None
    sex: str
    snils: str | None
    name_key: str

    @property
    def full_name(self) -> str:
        """ФИО одной строкой."""
        return " ".join(part for part in (self.family_name, self.given_name, self.patronymic) if part)


_COLUMNS = "p.id, p.family_name, p.given_name, p.patronymic, p.birth_date, p.sex, p.snils, p.name_key"


class Within(NamedTuple):
    """A condition on ``p.id`` with its parameters, given by the room that knows the scope."""

    sql: str
    parameters: tuple[Any, ...]


EVERYBODY = Within("", ())


def search(term: SearchTerm, *, limit: int, within: Within = EVERYBODY) -> list[Found]:
    """Return up to ``limit`` persons, exact and prefix hits in name order first, then hits inside the name.

    The work is bounded whatever the size of the register: a range scan that stops, or an index probe. Those indexes serve
    nobody below a policy, so within a scope the whole register is looked through for ids, and the scope says which of
    them it shows.
    """
    if term.is_empty:
        return []
    if not within.sql:
        return _search(term, limit, within)
    with scope.whole_register():
        ids = [one.id for one in _search(term, limit, within)]
    shown = (
        {one.id: one for one in _rows(f"SELECT {_COLUMNS} FROM persons_person p WHERE p.id = ANY(%s)", [ids])}
        if ids
        else {}
    )
    return [shown[one] for one in ids if one in shown]


def _search(term: SearchTerm, limit: int, within: Within) -> list[Found]:
    if term.snils:
        return _select(
            "(p.snils = %s OR p.id = (SELECT m.merged_into_id FROM persons_person m WHERE m.snils = %s))",
            [term.snils] * 2, limit, within,
        )  # fmt: skip
    if term.document:
        if ":" in term.document:
            return _by_document("d.key = %s", term.document, limit, within)
        return _by_document("d.number = %s", term.document, limit, within)
    if not term.name:
        return _select("p.birth_date = %s", [term.birth_date], limit, within)
    birth = (" AND p.birth_date = %s", [term.birth_date]) if term.birth_date else ("", [])
    pattern = _escaped(term.name)
    found = _select(f"p.name_key LIKE %s{birth[0]}", [pattern + "%", *birth[1]], limit, within)
    if len(found) < limit:
        found += _former(term, limit - len(found), within, {one.id for one in found})
    if len(found) < limit and len(term.name) >= SHORTEST_INFIX:
        known = {one.id for one in found}
        inside = _infix(pattern, birth, within)
        found += [one for one in inside if one.id not in known][: limit - len(found)]
    return found


def _select(condition: str, parameters: list[Any], limit: int, within: Within) -> list[Found]:
    return _rows(
        f"SELECT {_COLUMNS} FROM persons_person p WHERE {condition} AND p.status_code = '1'{within.sql} "
        "ORDER BY p.name_key, p.birth_date, p.id LIMIT %s",
        [*parameters, *within.parameters, limit],
    )


def _infix(pattern: str, birth: tuple[str, list[Any]], within: Within) -> list[Found]:
    return _rows(
        f"SELECT * FROM (SELECT {_COLUMNS} FROM persons_person p WHERE p.name_key LIKE %s{birth[0]} "
        f"AND p.status_code = '1'{within.sql} LIMIT {INFIX_BOUND}) hits ORDER BY name_key, birth_date, id",
        [f"%{pattern}%", *birth[1], *within.parameters],
    )


def _former(term: SearchTerm, limit: int, within: Within, known: set[UUID]) -> list[Found]:
    """Names borne before, and those of records merged since."""
    rows = _rows(
        f"SELECT DISTINCT {_COLUMNS} FROM ((SELECT person_id, name_key FROM persons_personname f WHERE f.name_key LIKE %s "
        "ORDER BY f.name_key LIMIT %s) UNION ALL (SELECT merged_into_id, name_key FROM persons_person m "
        "WHERE m.name_key LIKE %s AND m.merged_into_id IS NOT NULL ORDER BY m.name_key LIMIT %s)) f "
        f"JOIN persons_person p ON p.id = f.person_id WHERE p.status_code = '1'{within.sql} ORDER BY p.name_key LIMIT %s",
        [*[_escaped(term.name) + "%", FORMER_BOUND] * 2, *within.parameters, limit],
    )
    return [
        one
        for one in rows
        if one.id not in known and (term.birth_date is None or one.birth_date == term.birth_date)
    ]


def _by_document(condition: str, value: str, limit: int, within: Within) -> list[Found]:
    return _rows(
        f"SELECT DISTINCT {_COLUMNS} FROM persons_identitydocument d JOIN persons_person p ON p.id = d.person_id "
        f"WHERE {condition} AND p.status_code = '1'{within.sql} ORDER BY p.name_key LIMIT %s",
        [value, *within.parameters, limit],
    )


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")


def _rows(statement: str, parameters: list[Any]) -> list[Found]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return [Found(*row) for row in cursor.fetchall()]


# -- all that is known of some persons -----------------------------------------------------------


@dataclass(slots=True)
class PersonFacts:
    """A person with everything that belongs to them, for cards and for comparing with an import."""

    person: Person
    documents: list[IdentityDocument] = field(default_factory=list)
    addresses: list[Address] = field(default_factory=list)
    contacts: list[Contact] = field(default_factory=list)
    representations: list[Representation] = field(default_factory=list)


def snapshot(person_ids: Collection[UUID]) -> Mapping[UUID, PersonFacts]:
    """Return present facts of persons by id: five statements, however many persons."""
    ids = list(person_ids)
    facts = {person.id: PersonFacts(person) for person in Person.objects.filter(pk__in=ids)}
    for document in IdentityDocument.objects.filter(person_id__in=ids).order_by("-is_current", "-issued_on"):
        facts[document.person_id].documents.append(document)
    for address in Address.objects.filter(person_id__in=ids, ends_on__isnull=True):
        facts[address.person_id].addresses.append(address)
    for contact in Contact.objects.filter(person_id__in=ids):
        facts[contact.person_id].contacts.append(contact)
    current = Representation.objects.filter(_OF_TWO, child_id__in=ids, ends_on__isnull=True).select_related(
        "adult"
    )
    for representation in current:
        facts[representation.child_id].representations.append(representation)
    return facts


def documents_of(person_id: UUID) -> list[IdentityDocument]:
    """Return a person's documents, current ones first."""
    return list(IdentityDocument.objects.filter(person_id=person_id).order_by("-is_current", "-issued_on"))


def addresses_of(person_id: UUID) -> list[Address]:
    """Return a person's addresses, present ones first."""
    return list(Address.objects.filter(person_id=person_id).order_by("-ends_on", "kind_code"))


#: A representation that both merged records had stays with the merged one and is told by the survivor's.
_OF_TWO = Q(adult__merged_into__isnull=True, child__merged_into__isnull=True)


class Kin(NamedTuple):
    """Who represents a person or did, and whom the person represents today (представители и подопечные)."""

    representatives: list[Representation]
    wards: list[Representation]


def kin_of(person: Person, *, contacts: bool) -> Kin:
    """Return the relations of a person both ways; ``contacts`` loads those of the person and of the representatives."""
    both_ways = Q(child_id=person.id) | Q(adult_id=person.id, ends_on__isnull=True)
    rows = Representation.objects.filter(_OF_TWO, both_ways).select_related("adult", "child")
    kin = Kin(
        [one for one in rows if one.child_id == person.id], [one for one in rows if one.adult_id == person.id]
    )
    if contacts:
        prefetch_related_objects([person, *(one.adult for one in kin.representatives)], "contacts")
    return kin


def records_of(person_id: UUID) -> list[UUID]:
    """Return the record of a person and those that were merged into it: the journal keeps the ids of its time."""
    return [person_id, *Person.objects.filter(merged_into_id=person_id).values_list("id", flat=True)]


def names_of(person_ids: Collection[UUID]) -> dict[UUID, str]:
    """Return full names by id."""
    return {one.id: one.full_name for one in Person.objects.filter(pk__in=list(person_ids))}


def merged_among(person_ids: Collection[UUID]) -> list[UUID]:
    """Return those of these records that take part in a merge in force, as the merged one or as the one that stayed."""
    ids = list(person_ids)
    found = Merge.objects.filter(Q(survivor__in=ids) | Q(merged__in=ids), undone_at__isnull=True)
    return sorted({one for pair in found.values_list("survivor_id", "merged_id") for one in pair} & set(ids))


def id_by_snils(number: str) -> UUID | None:
    """Return the valid person with this СНИЛС, or the one into whom its bearer was merged."""
    found = Person.objects.filter(Q(status_code=VALID) | Q(merged_into__isnull=False), snils=number)
    return found.values_list(Coalesce("merged_into_id", "id"), flat=True).first()


def birth_date_of(person_id: UUID) -> date | None:
    """Return a birth date alone: all that the door may know of it."""
    return Person.objects.filter(pk=person_id).values_list("birth_date", flat=True).first()


def represented_on(adult_id: UUID, on: date) -> list[tuple[UUID, date | None]]:
    """Return (child, birth date) of those whom an adult represents on a day, no court having limited the rights."""
    rows = Representation.objects.filter(
        Q(starts_on__isnull=True) | Q(starts_on__lte=on),
        Q(ends_on__isnull=True) | Q(ends_on__gt=on),
        adult_id=adult_id,
        rights_limited=False,
        child__status_code=VALID,
        child__died_on__isnull=True,
    )
    return list(rows.values_list("child_id", "child__birth_date"))


def former_names_of(person_id: UUID) -> list[PersonName]:
    """Return the names a person bore before, newest first."""
    return list(PersonName.objects.filter(person_id=person_id).order_by("-valid_to"))


# -- families in bulk ----------------------------------------------------------------------------


def representatives_by_name(child_ids: Collection[UUID]) -> set[tuple[UUID, str]]:
    """Return (child, folded name of a present representative) of these children."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.child_id, p.name_key FROM persons_representation r JOIN persons_person p ON p.id = r.adult_id "
            "WHERE r.child_id = ANY(%s) AND r.ends_on IS NULL",
            [list(child_ids)],
        )
        return {(row[0], row[1]) for row in cursor.fetchall()}


def adults_by_keys(
    *, snils: Collection[str], phones: Collection[tuple[str, str]], births: Collection[tuple[str, date]]
) -> dict[str, UUID]:
    """Return valid persons known by СНИЛС, by name with phone, by name with birth date; keys as imports write them.

    Keys are ``snils:<number>``, ``<name>|<phone>`` and ``<name>|<birth date>``. Where several fit, the first wins.
    """
    found: dict[str, UUID] = {}
    with scope.whole_register(), connection.cursor() as cursor:
        if snils:
            cursor.execute(
                "SELECT 'snils:' || snils, id FROM persons_person WHERE snils = ANY(%s) AND status_code = '1'",
                [list(snils)],
            )
            found |= dict(cursor.fetchall())
        if phones:
            cursor.execute(
                "SELECT p.name_key || '|' || c.value, p.id FROM persons_contact c JOIN persons_person p ON p.id = c.person_id "
                'JOIN unnest(%s::text[], %s::text[]) w(name, phone) ON c.value = w.phone AND p.name_key = w.name COLLATE "C" '
                "WHERE p.status_code = '1' ORDER BY p.id DESC",
                [[name for name, _ in phones], [phone for _, phone in phones]],
            )
            found |= dict(cursor.fetchall())
        if births:
            cursor.execute(
                "SELECT p.name_key || '|' || p.birth_date, p.id FROM persons_person p "
                'JOIN unnest(%s::text[], %s::date[]) w(name, born) ON p.birth_date = w.born AND p.name_key = w.name COLLATE "C" '
                "WHERE p.status_code = '1' ORDER BY p.id DESC",
                [[name for name, _ in births], [born for _, born in births]],
            )
            found |= dict(cursor.fetchall())
    return found
