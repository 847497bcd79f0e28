"""Writing persons, one by one and in bulk.

Who may do it is asked by permission; whether the actor may know of the person at all is asked by the caller through
``enrolment.queries.require_visible``, since this room knows of no organisation.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from kontingent.audit import actions as audit
from kontingent.codelists import queries as codelists
from kontingent.kernel import clock, names, snils
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import Conflict, InvalidValue, NotFound, RuleViolation
from kontingent.kernel.ids import new_id
from kontingent.persons import civil, duplicates, rules
from kontingent.persons.duplicates import Claim
from kontingent.persons.events import (
    AddressSet,
    ContactAdded,
    ContactRemoved,
    DocumentAdded,
    PersonCorrected,
    PersonRenamed,
    PersonsIntroduced,
    PersonsMarkedMistaken,
    PersonsRegistered,
    RepresentationChanged,
)
from kontingent.persons.models import (
    Address,
    Contact,
    IdentityDocument,
    Person,
    PersonName,
    Representation,
    SourceKey,
)
from kontingent.persons.permissions import PersonPermission
from kontingent.persons.rules import Document
from kontingent.storage import bulk

NAME_FIELDS = ("family_name", "given_name", "patronymic")
CORRECTABLE = frozenset(
    {*NAME_FIELDS, "sex", "birth_date", "birth_place", "snils", "citizenship_code", "country_code", "died_on"}
)
_IDENTIFYING = frozenset({*NAME_FIELDS, "birth_date", "snils"})
MISTAKEN = "3"
SUBJECTS_OF_AN_EVENT = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonDraft:
    """A person as they are to be entered, values already tidied."""

    family_name: str
    given_name: str
    patronymic: str = ""
    sex: str
    birth_date: date | None
    birth_place: str = ""
    snils: str | None = None
    citizenship_code: str = "0"
    country_code: str = "643"
    documents: tuple[Document, ...] = ()
    issued_on: tuple[date | None, ...] = ()
    addresses: Mapping[str, str] = field(default_factory=dict)
    contacts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RepresentationDraft:
    """An adult represents a child."""

    child_id: UUID
    adult_id: UUID
    kind_code: str = "1"
    kinship_code: str = ""
    document_kind_code: str = ""
    document_requisites: str = ""
    starts_on: date | None = None


# -- creating ----------------------------------------------------------------------------------


@transaction.atomic
def create_person(*, actor: Actor, draft: PersonDraft) -> UUID:
    """Enter one person (внести человека). The caller has matched first (ADR 0009); whom they resemble all the same, and a
    number that somebody else holds, goes into the queue of duplicates.
    """
    actor.require(PersonPermission.EDIT)
    tidy = _tidied(draft)
    try:
        with transaction.atomic():
            person_id = create_many(actor=actor, drafts=[tidy])[0]
            duplicates.recheck([person_id], found_by="entry")
            return person_id
    except IntegrityError as error:
        raise _snils_taken(error) from error


def _tidied(draft: PersonDraft) -> PersonDraft:
    """Check a draft typed by hand."""
    values = {name: names.tidy(getattr(draft, name)) for name in NAME_FIELDS}
    if not values["family_name"] or not values["given_name"]:
        raise InvalidValue("persons.name_missing", "Укажите фамилию и имя.")
    if draft.sex not in {"1", "2"}:
        raise InvalidValue("persons.sex_missing", "Укажите пол.")
    if draft.birth_date is not None:
        rules.check_birth_date(draft.birth_date, today=clock.today())
    return PersonDraft(
        **values,
        sex=draft.sex,
        birth_date=draft.birth_date,
        birth_place=draft.birth_place.strip(),
        snils=snils.normalise(draft.snils) if draft.snils else None,
        citizenship_code=draft.citizenship_code,
        country_code=draft.country_code,
        documents=draft.documents,
        issued_on=draft.issued_on,
        addresses=draft.addresses,
        contacts=draft.contacts,
    )


def _snils_taken(error: IntegrityError) -> Exception:
    if "snils_of_one_person" not in str(error):
        return error
    return RuleViolation(
        "persons.snils_taken",
        "Этот СНИЛС уже записан за другим человеком. Найдите его поиском по СНИЛС: возможно, это тот же ребёнок, "
        "либо в одной из записей опечатка.",
    )


@transaction.atomic
def create_many(*, actor: Actor, drafts: Sequence[PersonDraft], moment_note: str = "") -> list[UUID]:
    """Enter many persons by COPY, with what belongs to them; return their ids in the order given.

    A СНИЛС that another person holds is not written: a case is opened for a human.
    """
    actor.require(PersonPermission.EDIT)
    moment = clock.now()
    ids = [new_id() for _ in drafts]
    drafts, claims = _without_taken_numbers(ids, drafts)
    bulk.copy_rows(
        Person._meta.db_table,
        [
            "id", "family_name", "given_name", "patronymic", "name_key", "family_key", "given_key", "sex",
            "birth_date", "birth_place", "snils", "citizenship_code", "country_code", "status_code", "created_at",
            "updated_at", "version",
        ],
        (
            (
                person_id, d.family_name, d.given_name, d.patronymic,
                names.full_key(d.family_name, d.given_name, d.patronymic), names.fold(d.family_name),
                names.fold(d.given_name), d.sex, d.birth_date, d.birth_place, d.snils, d.citizenship_code,
                d.country_code, "1", moment, moment, 1,
            )
            for person_id, d in zip(ids, drafts, strict=True)
        ),
    )  # fmt: skip
    _introduce(actor, ids)
    civil.write_citizenships(
        ((person_id, d.citizenship_code, d.country_code) for person_id, d in zip(ids, drafts, strict=True)),
        moment,
    )
    add_documents(_documents(ids, drafts))
    add_addresses(
        (person_id, kind, text)
        for person_id, d in zip(ids, drafts, strict=True)
        for kind, text in d.addresses.items()
    )
    add_contacts(
        (person_id, kind, value)
        for person_id, d in zip(ids, drafts, strict=True)
        for kind, value in dict.fromkeys(d.contacts)
    )
    audit.record_all(
        (
            PersonsRegistered(
                subjects=tuple(ids[start : start + SUBJECTS_OF_AN_EVENT]),
                count=len(ids[start : start + SUBJECTS_OF_AN_EVENT]),
                basis=moment_note,
            )
            for start in range(0, len(ids), SUBJECTS_OF_AN_EVENT)
        ),
        actor=actor,
    )
    duplicates.claim(claims, actor=actor)
    return ids


def introduce(*, actor: Actor, person_ids: Collection[UUID], basis: str) -> int:
    """Let an organisation go on with persons of the register (познакомить) whom matching has shown to be meant.

    Return how many it did not know of. Part of a larger act, within whose transaction it belongs.
    """
    actor.require(PersonPermission.EDIT)
    new = _introduce(actor, person_ids)
    audit.record_all(
        (
            PersonsIntroduced(
                subjects=tuple(new[start : start + SUBJECTS_OF_AN_EVENT]), basis=basis, count=len(new)
            )
            for start in range(0, len(new), SUBJECTS_OF_AN_EVENT)
        ),
        actor=actor,
    )
    return len(new)


def _introduce(actor: Actor, person_ids: Collection[UUID]) -> list[UUID]:
    """Write who is known to the actor's organisation, and return who was not before; the region knows everybody."""
    if actor.organisation_id is None or not person_ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO persons_introduction (person_id, organisation_id) SELECT one, %s FROM unnest(%s::uuid[]) one "
            "ON CONFLICT DO NOTHING RETURNING person_id",
            [actor.organisation_id, list(person_ids)],
        )
        return [row[0] for row in cursor.fetchall()]


def _without_taken_numbers(
    ids: Sequence[UUID], drafts: Sequence[PersonDraft]
) -> tuple[list[PersonDraft], list[Claim]]:
    """Return the drafts without the numbers that others hold, and who claims them."""
    held = duplicates.holders([draft.snils for draft in drafts if draft.snils])
    free, claims = [], []
    for person_id, draft in zip(ids, drafts, strict=True):
        if draft.snils:
            holder = held.setdefault(draft.snils, person_id)
            if holder != person_id:
                claims.append(Claim(draft.snils, person_id, holder))
                draft = replace(draft, snils=None)
        free.append(draft)
    return free, claims


def _documents(
    ids: Sequence[UUID], drafts: Sequence[PersonDraft]
) -> Iterable[tuple[UUID, Document, date | None]]:
    for person_id, draft in zip(ids, drafts, strict=True):
        seen = set()
        for index, document in enumerate(draft.documents):
            if document.key not in seen:
                seen.add(document.key)
                yield person_id, document, draft.issued_on[index] if index < len(draft.issued_on) else None


def add_documents(rows: Iterable[tuple[UUID, Document, date | None]]) -> int:
    """Add documents (person, document, day of issue) by COPY; part of a larger act, which records the event."""
    return bulk.copy_rows(
        IdentityDocument._meta.db_table,
        [
            "id",
            "person_id",
            "kind_code",
            "series",
            "number",
            "key",
            "issued_on",
            "issuer",
            "issuer_code",
            "is_current",
        ],
        (
            (new_id(), person_id, d.kind_code, d.series, d.number, d.key, issued_on, d.issuer, "", True)
            for person_id, d, issued_on in rows
        ),
    )


def add_addresses(rows: Iterable[tuple[UUID, str, str]]) -> int:
    """Add addresses (person, kind, text) by COPY; part of a larger act."""
    return bulk.copy_rows(
        Address._meta.db_table,
        ["id", "person_id", "kind_code", "text", "postal_code", "oktmo"],
        (
            (new_id(), person_id, kind, text[:500], text[:6] if text[:6].isdigit() else "", "")
            for person_id, kind, text in rows
        ),
    )


def add_contacts(rows: Iterable[tuple[UUID, str, str]]) -> int:
    """Add contacts (person, kind, value) by COPY; part of a larger act."""
    return bulk.copy_rows(Contact._meta.db_table, ["person_id", "kind_code", "value"], rows)


# -- correcting --------------------------------------------------------------------------------


def _locked(person_id: UUID, version: int | None) -> Person:
    try:
        person = Person.objects.select_for_update().get(pk=person_id)
    except Person.DoesNotExist:
        raise NotFound("persons.no_such", "Такой записи о человеке нет.") from None
    if version is not None and person.version != version:
        raise Conflict(
            "persons.changed",
            "Карточку за это время изменил кто-то другой. Обновите её и посмотрите, что изменилось.",
        )
    return person


@transaction.atomic
def correct_person(
    *, actor: Actor, person_id: UUID, changes: Mapping[str, Any], basis: str, version: int | None = None
) -> bool:
    """Correct personal data (исправить данные); a changed name is kept as a former one. Say whether anything changed.

    A СНИЛС that another person holds is not written: a case is opened (``duplicates.open_claims_of``). What identifies a
    person is matched anew, so that a provisional record finds its other half.

    Use ``enrolment.actions.correct_learner`` for sex and birth date of learners: their placements follow.
    """
    person = _locked(person_id, version)
    actor.require(PersonPermission.EDIT)
    values = _checked(changes)
    different = {name for name, value in values.items() if getattr(person, name) != value}
    if not different:
        return False
    if not basis.strip():
        raise InvalidValue("persons.basis_missing", "Укажите основание исправления: документ или заявление.")
    if "snils" in different and _claims_number(actor, person, values["snils"]):
        different.remove("snils")
    if not different:
        return False
    if different & set(NAME_FIELDS):
        _keep_former_name(person, basis)
    for name in different:
        setattr(person, name, values[name])
    _refresh_keys(person)
    person.updated_at, person.version = clock.now(), person.version + 1
    try:
        with transaction.atomic():
            person.save()
    except IntegrityError as error:
        raise _snils_taken(error) from error
    _remember_edited(person.id, different)
    if different & {"citizenship_code", "country_code"}:
        civil.rewrite_citizenship(person, clock.now())
    if different & set(NAME_FIELDS):
        audit.record(PersonRenamed(subjects=(person.id,), object_id=person.id, basis=basis), actor=actor)
    if rest := sorted(different - set(NAME_FIELDS)):
        audit.record(
            PersonCorrected(subjects=(person.id,), object_id=person.id, basis=basis, fields=rest), actor=actor
        )
    if different & _IDENTIFYING:
        duplicates.recheck([person.id], found_by="entry")
    return True


def _claims_number(actor: Actor, person: Person, number: str | None) -> bool:
    """Open a case where another person holds the number that this one is to get."""
    holder = duplicates.holders([number]).get(number) if number else None
    if number is None or holder is None or holder == person.id:
        return False
    duplicates.claim([Claim(number, person.id, holder)], actor=actor)
    return True


def _checked(changes: Mapping[str, Any]) -> dict[str, Any]:
    if unknown := set(changes) - CORRECTABLE:
        raise ValueError(f"not correctable: {sorted(unknown)}")
    values: dict[str, Any] = {}
    for name, value in changes.items():
        if name in NAME_FIELDS:
            value = names.tidy(value)
            if not value and name != "patronymic":
                raise InvalidValue("persons.name_missing", "Укажите фамилию и имя.")
        elif name == "snils":
            value = snils.normalise(value) if value else None
        elif name == "sex" and value not in {"1", "2"}:
            raise InvalidValue("persons.sex_missing", "Укажите пол.")
        elif name == "birth_date" and value is not None:
            rules.check_birth_date(value, today=clock.today())
        elif name == "citizenship_code" and not codelists.has("citizenship", value):
            raise InvalidValue(
                "persons.citizenship", "Такого гражданства нет в справочнике. Выберите из списка."
            )
        elif name == "country_code" and not codelists.has("country", value):
            raise InvalidValue("persons.country", "Такой страны нет в справочнике. Выберите из списка.")
        elif isinstance(value, str):
            value = value.strip()
        values[name] = value
    return values


def _remember_edited(person_id: UUID, fields: Collection[str]) -> None:
    """A record that others were merged into remembers what was corrected since: whose it was may be asked one day."""
    bulk.execute(
        "UPDATE persons_merge SET edited = ARRAY(SELECT DISTINCT unnest(edited || %s::varchar[])) "
        "WHERE survivor_id = %s AND undone_at IS NULL",
        [sorted(fields), person_id],
    )


def _keep_former_name(person: Person, basis: str) -> None:
    PersonName.objects.create(
        person=person,
        family_name=person.family_name,
        given_name=person.given_name,
        patronymic=person.patronymic,
        family_key=person.family_key,
        name_key=person.name_key,
        valid_to=clock.today(),
        basis=basis[:300],
        recorded_at=clock.now(),
    )


def _refresh_keys(person: Person) -> None:
    person.family_key, person.given_key = names.fold(person.family_name), names.fold(person.given_name)
    person.name_key = names.full_key(person.family_name, person.given_name, person.patronymic)


@transaction.atomic
def add_document(
    *,
    actor: Actor,
    person_id: UUID,
    kind_code: str,
    series: str,
    number: str,
    issued_on: date | None,
    issuer: str,
) -> IdentityDocument:
    """Add an identity document (добавить документ); others of the kind cease to be current."""
    person = _locked(person_id, None)
    actor.require(PersonPermission.EDIT)
    if not codelists.has("identity_document", kind_code):
        raise InvalidValue("document.kind", "Такого вида документа нет в справочнике. Выберите из списка.")
    document = rules.normalise_document(kind_code, series, number)
    if issued_on is not None and issued_on > clock.today():
        raise InvalidValue(
            "document.issued_in_future", "Дата выдачи документа ещё не наступила. Исправьте её."
        )
    if IdentityDocument.objects.filter(person=person, key=document.key).exists():
        raise RuleViolation("document.exists", "Этот документ у человека уже записан.")
    IdentityDocument.objects.filter(person=person, kind_code=kind_code, is_current=True).update(
        is_current=False
    )
    made = IdentityDocument.objects.create(
        person=person, kind_code=kind_code, series=document.series, number=document.number, key=document.key,
        issued_on=issued_on, issuer=issuer.strip()[:300],
    )  # fmt: skip
    audit.record(
        DocumentAdded(subjects=(person.id,), object_id=person.id, document_kind=kind_code), actor=actor
    )
    duplicates.recheck([person.id], found_by="entry")
    return made


@transaction.atomic
def set_address(
    *, actor: Actor, person_id: UUID, kind_code: str, text: str, starts_on: date | None = None
) -> Address:
    """Set the present address of a kind (указать адрес); the former one is closed, not lost."""
    person = _locked(person_id, None)
    actor.require(PersonPermission.EDIT)
    if not text.strip():
        raise InvalidValue(
            "address.empty", "Адрес пуст. Впишите его одной строкой: индекс, город, улица, дом."
        )
    day = starts_on or clock.today()
    Address.objects.filter(person=person, kind_code=kind_code, ends_on__isnull=True).update(ends_on=day)
    postal = text.strip()[:6]
    address = Address.objects.create(
        person=person,
        kind_code=kind_code,
        text=text.strip()[:500],
        postal_code=postal if postal.isdigit() else "",
        starts_on=day,
    )
    audit.record(AddressSet(subjects=(person.id,), object_id=person.id, address_kind=kind_code), actor=actor)
    return address


@transaction.atomic
def add_contact(*, actor: Actor, person_id: UUID, kind_code: str, value: str) -> Contact:
    """Add a phone or an e-mail (добавить контакт)."""
    person = _locked(person_id, None)
    actor.require(PersonPermission.EDIT)
    value = rules.normalise_contact(kind_code, value)
    contact, created = Contact.objects.get_or_create(person=person, kind_code=kind_code, value=value.strip())
    if created:
        audit.record(ContactAdded(subjects=(person.id,), object_id=person.id), actor=actor)
    return contact


@transaction.atomic
def replace_contact(
    *, actor: Actor, person_id: UUID, kind_code: str, former: str, value: str
) -> Contact | None:
    """Put a phone or an e-mail in the place of another (заменить контакт); an empty value takes the former away."""
    person = _locked(person_id, None)
    actor.require(PersonPermission.EDIT)
    value = rules.normalise_contact(kind_code, value) if value.strip() else ""
    if former and former != value:
        gone, _ = Contact.objects.filter(person=person, kind_code=kind_code, value=former).delete()
        if gone:
            audit.record(ContactRemoved(subjects=(person.id,), object_id=person.id), actor=actor)
    return add_contact(actor=actor, person_id=person_id, kind_code=kind_code, value=value) if value else None


# -- representation ----------------------------------------------------------------------------


@transaction.atomic
def add_representation(*, actor: Actor, draft: RepresentationDraft) -> Representation:
    """Record that an adult represents a child (добавить представителя)."""
    child, adult = _locked(draft.child_id, None), _locked(draft.adult_id, None)
    actor.require(PersonPermission.EDIT)
    if child.id == adult.id:
        raise RuleViolation("persons.represents_itself", "Человек не может быть своим представителем.")
    if (
        child.birth_date
        and adult.birth_date
        and rules.age(adult.birth_date, child.birth_date) < rules.PASSPORT_AGE
    ):
        raise RuleViolation(
            "persons.representative_too_young",
            "Представитель моложе ребёнка или старше его меньше чем на 14 лет. Проверьте даты рождения обоих.",
        )
    if Representation.objects.filter(child=child, adult=adult, ends_on__isnull=True).exists():
        raise RuleViolation("persons.represents_already", "Этот человек уже записан представителем ребёнка.")
    made = Representation.objects.create(
        child=child, adult=adult, kind_code=draft.kind_code, kinship_code=draft.kinship_code,
        document_kind_code=draft.document_kind_code, document_requisites=draft.document_requisites[:300],
        starts_on=draft.starts_on,
    )  # fmt: skip
    audit.record(
        RepresentationChanged(subjects=(child.id, adult.id), object_id=child.id, change="added"), actor=actor
    )
    return made


@transaction.atomic
def end_representation(*, actor: Actor, representation_id: UUID, ends_on: date) -> Representation:
    """Record that somebody ceases to represent a child (прекратить представительство)."""
    actor.require(PersonPermission.EDIT)
    try:
        found = Representation.objects.select_for_update().get(pk=representation_id, ends_on__isnull=True)
    except Representation.DoesNotExist:
        raise NotFound(
            "persons.no_such_representation", "Такого действующего представительства нет."
        ) from None
    if found.starts_on and ends_on < found.starts_on:
        raise InvalidValue("persons.representation_period", "Дата окончания раньше начала. Исправьте дату.")
    found.ends_on = ends_on
    found.save()
    audit.record(
        RepresentationChanged(
            subjects=(found.child_id, found.adult_id), object_id=found.child_id, change="ended"
        ),
        actor=actor,
    )
    return found


def add_representations(drafts: Sequence[RepresentationDraft]) -> list[UUID]:
    """Add representations by COPY and return their ids; part of a larger act, which records the event."""
    ids = [new_id() for _ in drafts]
    bulk.copy_rows(
        Representation._meta.db_table,
        [
            "id", "child_id", "adult_id", "kind_code", "kinship_code", "document_kind_code", "document_requisites",
            "starts_on", "rights_limited",
        ],
        (
            (
                link_id, d.child_id, d.adult_id, d.kind_code, d.kinship_code, d.document_kind_code,
                d.document_requisites[:300], d.starts_on, False,
            )
            for link_id, d in zip(ids, drafts, strict=True)
        ),
    )  # fmt: skip
    return ids


def withdraw_documents(person_id: UUID, keys: Collection[str]) -> int:
    """Take documents back that an import added; part of a larger act."""
    return IdentityDocument.objects.filter(person_id=person_id, key__in=list(keys)).delete()[0]


def reopen_address(person_id: UUID, kind_code: str) -> None:
    """Take the present address of a kind back and reopen the one before it; part of a larger act."""
    Address.objects.filter(person_id=person_id, kind_code=kind_code, ends_on__isnull=True).delete()
    former = (
        Address.objects.filter(person_id=person_id, kind_code=kind_code).order_by("-ends_on", "-id").first()
    )
    if former is not None:
        former.ends_on = None
        former.save(update_fields=["ends_on"])


def remove_representations(ids: Collection[UUID]) -> int:
    """Take representations back that an import added; part of a larger act."""
    return Representation.objects.filter(pk__in=list(ids)).delete()[0]


# -- sources and mistakes ----------------------------------------------------------------------


def remember_source_keys(source: str, keys: Mapping[str, UUID]) -> None:
    """Remember how a source calls persons; a key that is known is moved to the person named now."""
    SourceKey.objects.bulk_create(
        [
            SourceKey(source=source, external_id=external, person_id=person_id)
            for external, person_id in keys.items()
        ],
        update_conflicts=True,
        unique_fields=["source", "external_id"],
        update_fields=["person"],
    )


@transaction.atomic
def mark_mistaken(*, actor: Actor, person_ids: Collection[UUID], basis: str) -> int:
    """Mark records as entered by mistake (внесено по ошибке): out of search and matching, СНИЛС released.

    Nothing is deleted: a cancelled order still names them. Their representations end.
    """
    actor.require(PersonPermission.EDIT)
    ids = list(person_ids)
    count = Person.objects.filter(pk__in=ids, status_code="1").update(
        status_code=MISTAKEN, snils=None, updated_at=clock.now()
    )
    Representation.objects.filter(child_id__in=ids).delete()
    Representation.objects.filter(adult_id__in=ids).delete()
    SourceKey.objects.filter(person_id__in=ids).delete()
    audit.record_all(
        (
            PersonsMarkedMistaken(
                subjects=tuple(ids[start : start + SUBJECTS_OF_AN_EVENT]),
                basis=basis,
                details={"count": len(ids)},
            )
            for start in range(0, len(ids), SUBJECTS_OF_AN_EVENT)
        ),
        actor=actor,
    )
    return count
