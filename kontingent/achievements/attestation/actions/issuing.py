"""Final marks become a document, a duplicate takes its place, a document is told to be lost or void."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from kontingent.achievements.attestation import queries
from kontingent.achievements.attestation.codes import DocumentForm, DocumentKind, DocumentState
from kontingent.achievements.attestation.events import DocumentsIssued, DocumentStateChanged, DuplicateIssued
from kontingent.achievements.attestation.issuers import require_issuer
from kontingent.achievements.attestation.models import EducationDocument, SupplementLine
from kontingent.achievements.attestation.permissions import AttestationPermission
from kontingent.achievements.attestation.queries.graduation import Graduate, Graduation
from kontingent.achievements.attestation.rules import numbers
from kontingent.audit import actions as audit
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import Conflict, InvalidValue, NotFound, RuleViolation
from kontingent.kernel.ids import new_id
from kontingent.organisations.models import Organisation
from kontingent.persons.models import Person

#: What of a document stands in each of its states.
_KEPT: Final = (
    "document_id", "person_id", "organisation_id", "kind_code", "form", "state_code", "with_honours", "medal", "series", "number",
    "registration_number", "issued_on", "programme_title", "speciality_code", "enrolled_in", "graduated_in", "family_name", "given_name",
    "patronymic", "birth_date", "sex", "country_code", "replaces_id", "basis", "organisation_name",
    "head_position", "head_name", "delivery_id",
)  # fmt: skip
#: Why a duplicate is issued: what becomes of the document it takes the place of.
REASONS: Final = {
    DocumentState.LOST: "утрачен",
    DocumentState.EXCHANGED: "обменян: ошибка или смена ФИО",
    DocumentState.DESTROYED: "испорчен и уничтожен",
}
MOST_NAMED: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """How documents are issued: the day, the first blank of the pack, the first number of the book, the decision.

    ``kind`` is the document where the class has several; its own without.
    """

    issued_on: date
    first_number: str
    first_registration: str
    basis: str
    kind: DocumentKind | None = None


@transaction.atomic
def issue(*, actor: Actor, group_id: UUID, person_ids: Collection[UUID], how: Issue) -> list[UUID]:
    """Issue the documents of graduates of a class (выдать), all or none; the blanks go in the order of the list.

    Raises:
        NotAllowed: without the permission, or for another organisation.
        RuleViolation: the stage is not open, a control does not hold, a document was issued before.
        InvalidValue: a number that no blank of the year carries, a day that cannot be.
    """
    one_at_a_time(group_id)
    found = queries.graduation(actor, group_id)
    where = found.group.organisation
    require_issuer(actor, where, "education_document")
    kind = found.kind if how.kind is None else how.kind
    chosen = [one for one in found.of(kind) if one.person_id in set(person_ids)]
    if set(person_ids) - {one.person_id for one in chosen}:
        raise InvalidValue(
            "attestation.not_theirs",
            "Кому-то из отмеченных этот документ не выдают: у него другая программа или другой класс. Обновите страницу и отметьте заново.",
        )
    _check(found, chosen, how)
    blanks = numbers.following(numbers.read(kind, how.first_number, issued_on=how.issued_on), len(chosen))
    registrations = _registrations(where, kind, how.first_registration, len(chosen), how.issued_on)
    people = Person.objects.in_bulk([one.person_id for one in chosen])
    made = [
        EducationDocument(
            document_id=new_id(), person_id=one.person_id, organisation_id=where.id, kind_code=kind, with_honours=one.outcome.honours.with_honours,
            medal=one.outcome.honours.medal, series=blank.series, number=blank.number, registration_number=registration,
            issued_on=how.issued_on, graduated_in=found.year, basis=how.basis.strip()[:300], recorded_at=clock.now(),
            recorded_by=actor.name[:200], **_printed(people[one.person_id]), **_signed(where),
        )
        for one, blank, registration in zip(chosen, blanks, registrations, strict=True)
    ]  # fmt: skip
    _write(made)
    SupplementLine.objects.bulk_create(
        SupplementLine(
            document_id=paper.document_id, organisation_id=where.id, person_id=one.person_id, position=position, subject_title=line.subject,
            value=line.value, steps=list(line.steps), is_additional=position > len(one.outcome.lines),
        )
        for paper, one in zip(made, chosen, strict=True)
        for position, line in enumerate((*one.outcome.lines, *one.outcome.additional), start=1)
    )  # fmt: skip
    audit.record(
        DocumentsIssued(
            subjects=tuple(one.person_id for one in chosen), object_id=group_id, organisation_id=where.id, basis=how.basis.strip()[:300],
            document_kind=kind.value, number=len(made),
        ),
        actor=actor,
    )  # fmt: skip
    return [one.document_id for one in made]


def one_at_a_time(group_id: UUID) -> None:
    """Two who issue documents of one class or complete its marks come one after the other, so that nobody gets two."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 6))", [str(group_id)])


def _check(found: Graduation, chosen: list[Graduate], how: Issue) -> None:
    if not chosen:
        raise InvalidValue(
            "attestation.nobody", "Никто не выбран. Отметьте выпускников, которым выдаёте документы."
        )
    today = clock.today()
    if how.issued_on > today or how.issued_on < date(found.year, 5, 1):
        raise InvalidValue(
            "attestation.issued_on",
            f"Дата выдачи {how.issued_on:%d.%m.%Y}: документы выпуска {found.year} года выдают с 01.05.{found.year} и не будущим днём. Исправьте дату.",
        )
    if not how.basis.strip():
        raise InvalidValue(
            "attestation.basis", "Укажите решение о выдаче: протокол педагогического совета, номер и дату."
        )
    if issued := [one for one in chosen if one.issued]:
        raise RuleViolation(
            "attestation.issued_before",
            f"Документ уже выдан: {_named(issued)}. Снимите отметку; вместо утраченного выдают дубликат.",
        )
    if kept := [one for one in chosen if one.outcome.errors]:
        first = kept[0].outcome.errors[0]
        raise RuleViolation(
            "attestation.controls",
            f"Документ выдать нельзя: {_named(kept)}. {kept[0].row.family_name}: {first.message} Ничего не выдано.",
        )


def _named(those: list[Graduate]) -> str:
    names = ", ".join(f"{one.row.family_name} {one.row.given_name[:1]}." for one in those[:MOST_NAMED])
    return f"{names} и ещё {len(those) - MOST_NAMED}" if len(those) > MOST_NAMED else names


def _printed(person: Person) -> dict[str, Any]:
    """What a document prints of its bearer."""
    if person.birth_date is None:
        raise RuleViolation(
            "attestation.no_birth_date",
            f"У {person.full_name} нет даты рождения: документ не напечатать. Впишите её в карточку.",
        )
    return {
        "family_name": person.family_name, "given_name": person.given_name, "patronymic": person.patronymic, "birth_date": person.birth_date,
        "sex": person.sex, "country_code": person.country_code,
    }  # fmt: skip


def _signed(where: Organisation) -> dict[str, str]:
    """What a document prints of who issues it; a duplicate is signed by the head of its own day."""
    return {
        "organisation_name": where.full_name[:500], "head_position": where.head_position, "head_name": where.head_name,
    }  # fmt: skip


def _registrations(where: Organisation, kind: DocumentKind, first: str, count: int, on: date) -> list[str]:
    """The numbers of the book from the first on."""
    text = first.strip()
    if not text.isdecimal() or len(text) > 9:
        raise InvalidValue(
            "attestation.registration",
            f"Регистрационный номер «{text}»: нужно целое число, с которого продолжить книгу.",
        )
    wanted = [str(int(text) + step) for step in range(count)]
    _check_registered(where.id, kind, wanted, on)
    return wanted


def _check_registered(organisation_id: UUID, kind_code: str, wanted: Collection[str], on: date) -> None:
    """Refuse a number that the book of the year has already; say which is free."""
    taken = queries.registered(organisation_id, kind_code, on.year) & set(wanted)
    if taken:
        named = ", ".join(sorted(taken, key=lambda one: (len(one), one))[:MOST_NAMED])
        free = queries.next_registration(organisation_id, kind_code, on.year)
        raise InvalidValue(
            "attestation.registration",
            f"В книге {on.year} года уже есть № {named}. Начните со свободного номера: {free}. Ничего не выдано.",
        )


#: What PostgreSQL says where two wrote at one moment, and what people are told.
_TAKEN: Final = {
    "education_document_number_once": (
        "attestation.number_taken",
        "Бланк с таким номером уже выдан и записан в реестре. Сверьте номер первого бланка. Ничего не выдано.",
    ),
    "education_document_own_number_once": (
        "attestation.number_taken",
        "Документ этого вида с таким номером ваша школа уже выдала. Начните со следующего за последним. Ничего не выдано.",
    ),
    "education_document_registration_once": (
        "attestation.registration_taken",
        "Этот номер книги только что заняли. Обновите страницу и начните со свободного. Ничего не выдано.",
    ),
}


def _write(made: Collection[EducationDocument]) -> None:
    """Write documents; the register knows of every number whose it is, wherever it was issued."""
    try:
        with transaction.atomic():
            EducationDocument.objects.bulk_create(made)
    except IntegrityError as error:
        told = next((told for name, told in _TAKEN.items() if name in str(error)), None)
        if told is None:
            raise
        raise Conflict(*told) from error


# -- what becomes of a document ----------------------------------------------------------------------


@transaction.atomic
def issue_duplicate(*, actor: Actor, document_id: UUID, reason: DocumentState, how: Issue) -> UUID:
    """Issue a duplicate (выдать дубликат): the document it takes the place of ceases to hold for the reason said."""
    former = _locked(actor, document_id)
    if former.state_code == DocumentState.ANNULLED:
        raise RuleViolation("attestation.annulled", "Документ аннулирован: дубликата у него не бывает.")
    if EducationDocument.objects.filter(
        replaces_id=document_id, superseded_at__isnull=True, state_code=DocumentState.ACTIVE
    ).exists():
        raise RuleViolation(
            "attestation.has_duplicate",
            "Дубликат уже выдан. Если утрачен и он, выдайте новый на странице дубликата.",
        )
    if not how.issued_on or how.issued_on > clock.today() or how.issued_on < former.issued_on:
        raise InvalidValue(
            "attestation.issued_on",
            f"Дубликат выдают не раньше документа ({former.issued_on:%d.%m.%Y}) и не будущим днём. Исправьте дату.",
        )
    if reason not in REASONS:
        raise InvalidValue("attestation.reason", "Выберите, что стало с документом.")
    if not how.basis.strip() or not how.first_registration.strip():
        raise InvalidValue(
            "attestation.basis", "Укажите регистрационный номер и основание: заявление, его номер и дату."
        )
    blank = numbers.read(former.kind_code, how.first_number, issued_on=how.issued_on)
    number = how.first_registration.strip()[:40]
    _check_registered(former.organisation_id, former.kind_code, [number], how.issued_on)
    if former.state_code == DocumentState.ACTIVE:
        _restate(actor, former, state_code=reason.value)
    made = EducationDocument(
        **{name: getattr(former, name) for name in _KEPT}
        | _printed(Person.objects.get(pk=_survivor(former.person_id)))
        | _signed(former.organisation)
        | {
            "document_id": new_id(), "form": DocumentForm.DUPLICATE.value, "state_code": DocumentState.ACTIVE.value, "series": blank.series,
            "number": blank.number, "registration_number": number, "issued_on": how.issued_on,
            "replaces_id": document_id, "basis": how.basis.strip()[:300], "delivery_id": None, "recorded_at": clock.now(),
            "recorded_by": actor.name[:200],
        }
    )  # fmt: skip
    _write([made])
    lines = SupplementLine.objects.filter(document_id=document_id)
    SupplementLine.objects.bulk_create(
        SupplementLine(
            document_id=made.document_id, organisation_id=made.organisation_id, person_id=made.person_id, position=one.position,
            subject_title=one.subject_title, value=one.value, steps=one.steps, is_additional=one.is_additional,
        )
        for one in lines
    )  # fmt: skip
    audit.record(
        DuplicateIssued(
            subjects=(made.person_id,), object_id=made.document_id, organisation_id=made.organisation_id, basis=made.basis,
            document_kind=made.kind_code, reason=reason.value,
        ),
        actor=actor,
    )  # fmt: skip
    return made.document_id


def _survivor(person_id: UUID) -> UUID:
    merged: UUID | None = Person.objects.values_list("merged_into_id", flat=True).get(pk=person_id)
    return merged or person_id


@transaction.atomic
def set_state(*, actor: Actor, document_id: UUID, state: DocumentState, basis: str) -> None:
    """Say what has become of a document (изменить состояние): lost, exchanged, destroyed, void, or after all there."""
    former = _locked(actor, document_id)
    if former.state_code == state:
        raise RuleViolation("attestation.state_same", "Это состояние уже записано.")
    if former.state_code == DocumentState.ANNULLED:
        raise RuleViolation(
            "attestation.annulled", "Аннулированный документ не возвращают: его номер может быть выдан снова."
        )
    if not basis.strip():
        raise InvalidValue("attestation.basis", "Укажите основание: заявление или акт, номер и дату.")
    _restate(actor, former, state_code=state.value, basis=basis.strip()[:300])
    audit.record(
        DocumentStateChanged(
            subjects=(former.person_id,), object_id=document_id, organisation_id=former.organisation_id, basis=basis.strip()[:300],
            state=state.value, before=former.state_code,
        ),
        actor=actor,
    )  # fmt: skip


def _locked(actor: Actor, document_id: UUID) -> EducationDocument:
    """Return the standing state of a document that the actor may change, locked."""
    found = (
        EducationDocument.objects.select_for_update(of=("self",))
        .select_related("organisation")
        .filter(document_id=document_id, superseded_at__isnull=True)
        .first()
    )
    actor.require(AttestationPermission.ISSUE)
    if found is None:
        raise NotFound("attestation.no_such_document", "Такого документа нет или он вам недоступен.")
    require_issuer(actor, found.organisation, "education_document")
    return found


def _restate(actor: Actor, former: EducationDocument, **changes: Any) -> None:
    """Let another state of a document take the place of this one."""
    moment = clock.now()
    EducationDocument.objects.filter(pk=former.pk).update(superseded_at=moment)
    values = {name: getattr(former, name) for name in _KEPT} | changes
    EducationDocument.objects.create(**values, recorded_at=moment, recorded_by=actor.name[:200])
