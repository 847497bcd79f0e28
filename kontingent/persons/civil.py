"""Citizenship and social categories: facts of a person with days on which they hold and moments in which we knew them.

``Person`` carries the citizenship of today; a report of a past day asks the periods here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from kontingent.audit import actions as audit
from kontingent.codelists import queries as codelists
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue, NotFound, RuleViolation
from kontingent.persons.events import CategoryChanged, CitizenshipChanged
from kontingent.persons.models import CitizenshipPeriod, Person, PersonCategory
from kontingent.persons.permissions import PersonPermission
from kontingent.persons.rules import RUSSIA, RUSSIAN, check_citizenship
from kontingent.storage import bulk

#: person, citizenship, country
Foreigner = tuple[UUID, str, str]


# -- citizenship -------------------------------------------------------------------------------


def write_citizenships(rows: Iterable[Foreigner], moment: datetime) -> None:
    """Write the citizenship of persons who have just been entered, since birth; part of a larger act."""
    bulk.copy_rows(
        CitizenshipPeriod._meta.db_table,
        ["person_id", "citizenship_code", "country_code", "recorded_at"],
        ((person_id, code, country, moment) for person_id, code, country in rows if code != RUSSIAN),
    )


def rewrite_citizenship(person: Person, moment: datetime) -> None:
    """Say that a person has always been what the record says now: the citizenship was entered wrongly before."""
    CitizenshipPeriod.objects.filter(person=person, superseded_at__isnull=True).update(superseded_at=moment)
    write_citizenships([(person.id, person.citizenship_code, person.country_code)], moment)


def follow_records(person_ids: Collection[UUID]) -> None:
    """Rewrite the citizenship of persons whose periods say otherwise for today than their record."""
    today = {
        row.person_id: (row.citizenship_code, row.country_code)
        for row in CitizenshipPeriod.objects.filter(
            person_id__in=list(person_ids), superseded_at__isnull=True, ends_on__isnull=True
        )
    }
    moment = clock.now()
    for person in Person.objects.filter(pk__in=list(person_ids)):
        record = (person.citizenship_code, person.country_code)
        if today.get(person.id, (RUSSIAN, RUSSIA)) != record and (person.id in today or record[0] != RUSSIAN):
            rewrite_citizenship(person, moment)


@transaction.atomic
def change_citizenship(
    *, actor: Actor, person_id: UUID, citizenship_code: str, country_code: str, since: date
) -> None:
    """Record that a person took another citizenship on a day (сменить гражданство с даты); earlier days stay as they were.

    A citizenship entered by mistake is corrected by ``actions.correct_person``.
    """
    person = _locked(person_id)
    actor.require(PersonPermission.EDIT)
    check_citizenship(citizenship_code, country_code, has=codelists.has)
    if since > clock.today():
        raise InvalidValue(
            "persons.citizenship_in_future", "Дата смены гражданства ещё не наступила. Исправьте её."
        )
    if person.birth_date is not None and since <= person.birth_date:
        raise InvalidValue(
            "persons.citizenship_before_birth",
            "Дата смены гражданства не позже рождения. Если гражданство записано ошибочно, исправьте личные данные.",
        )
    if (person.citizenship_code, person.country_code) == (citizenship_code, country_code):
        raise RuleViolation("persons.citizenship_same", "Это гражданство у человека уже записано.")
    moment = clock.now()
    for period in CitizenshipPeriod.objects.filter(person=person, superseded_at__isnull=True).filter(
        Q(ends_on__isnull=True) | Q(ends_on__gt=since)
    ):
        _supersede(period, moment)
        if period.starts_on is None or period.starts_on < since:
            CitizenshipPeriod.objects.create(
                person=person, citizenship_code=period.citizenship_code, country_code=period.country_code,
                starts_on=period.starts_on, ends_on=since, recorded_at=moment,
            )  # fmt: skip
    if citizenship_code != RUSSIAN:
        CitizenshipPeriod.objects.create(
            person=person, citizenship_code=citizenship_code, country_code=country_code, starts_on=since,
            recorded_at=moment,
        )  # fmt: skip
    person.citizenship_code, person.country_code = citizenship_code, country_code
    person.updated_at, person.version = moment, person.version + 1
    person.save(update_fields=["citizenship_code", "country_code", "updated_at", "version"])
    audit.record(CitizenshipChanged(subjects=(person.id,), object_id=person.id, since=since), actor=actor)


# -- social categories -------------------------------------------------------------------------


@transaction.atomic
def add_category(
    *,
    actor: Actor,
    person_id: UUID,
    category_code: str,
    basis: str,
    starts_on: date | None = None,
    ends_on: date | None = None,
) -> PersonCategory:
    """Record a social category of a person with its basis (указать социальную категорию)."""
    person = _locked(person_id)
    actor.require(PersonPermission.EDIT_CATEGORIES)
    if not codelists.has("social_category", category_code):
        raise InvalidValue("persons.category", "Такой категории нет в справочнике. Выберите из списка.")
    if not basis.strip():
        raise InvalidValue("persons.category_basis", "Укажите документ, по которому установлена категория.")
    if starts_on is not None and ends_on is not None and ends_on <= starts_on:
        raise InvalidValue(
            "persons.category_period", "Срок категории перевёрнут: окончание не позже начала. Исправьте даты."
        )
    try:
        with transaction.atomic():
            made = PersonCategory.objects.create(
                person=person, category_code=category_code, basis=basis.strip()[:300], starts_on=starts_on,
                ends_on=ends_on, recorded_at=clock.now(),
            )  # fmt: skip
    except IntegrityError as error:
        if "category_once_at_a_time" not in str(error):
            raise
        raise RuleViolation(
            "persons.category_exists",
            f"Категория «{codelists.title('social_category', category_code)}» на эти дни уже записана. "
            "Завершите прежнюю запись или исправьте даты.",
        ) from error
    audit.record(CategoryChanged(subjects=(person.id,), object_id=person.id, change="added"), actor=actor)
    return made


@transaction.atomic
def end_category(*, actor: Actor, category_id: int, ends_on: date) -> None:
    """Record that a category ceased to hold on a day (завершить)."""
    category = _locked_category(category_id)
    actor.require(PersonPermission.EDIT_CATEGORIES)
    if category.starts_on is not None and ends_on <= category.starts_on:
        raise InvalidValue(
            "persons.category_period",
            f"Категория действует с {category.starts_on:%d.%m.%Y}: завершить её раньше нельзя. Исправьте дату или отзовите запись.",
        )
    moment = clock.now()
    _supersede(category, moment)
    PersonCategory.objects.create(
        person_id=category.person_id, category_code=category.category_code, basis=category.basis,
        starts_on=category.starts_on, ends_on=ends_on, recorded_at=moment,
    )  # fmt: skip
    _record_category(actor, category, "ended")


@transaction.atomic
def withdraw_category(*, actor: Actor, category_id: int) -> None:
    """Say that a category was entered by mistake (отозвать): from now on we know that it never held."""
    category = _locked_category(category_id)
    actor.require(PersonPermission.EDIT_CATEGORIES)
    _supersede(category, clock.now())
    _record_category(actor, category, "withdrawn")


def categories_of(actor: Actor, person_id: UUID) -> list[PersonCategory] | None:
    """Return the categories of a person as we know them; None to who may not know them."""
    if not actor.may(PersonPermission.VIEW_CATEGORIES):
        return None
    return list(
        PersonCategory.objects.filter(person_id=person_id, superseded_at__isnull=True).order_by("-starts_on")
    )


def person_of_category(category_id: int) -> UUID:
    """Return whose category it is, so that the caller can ask whether the actor may know of them."""
    return _category(PersonCategory.objects.filter(pk=category_id).first()).person_id


def _record_category(actor: Actor, category: PersonCategory, change: str) -> None:
    audit.record(
        CategoryChanged(subjects=(category.person_id,), object_id=category.person_id, change=change),
        actor=actor,
    )


def _locked(person_id: UUID) -> Person:
    person = Person.objects.select_for_update().filter(pk=person_id).first()
    if person is None:
        raise NotFound("persons.no_such", "Такой записи о человеке нет.")
    return person


def _locked_category(category_id: int) -> PersonCategory:
    return _category(
        PersonCategory.objects.select_for_update().filter(pk=category_id, superseded_at__isnull=True).first()
    )


def _category(found: PersonCategory | None) -> PersonCategory:
    if found is None:
        raise NotFound("persons.no_such_category", "Этой записи о категории уже нет. Обновите страницу.")
    return found


def _supersede(row: CitizenshipPeriod | PersonCategory, moment: datetime) -> None:
    row.superseded_at = moment
    row.save(update_fields=["superseded_at"])
