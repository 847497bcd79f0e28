"""The register of education documents: the book of issue, one document with its supplement and its past."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from kontingent.achievements.attestation.codes import DocumentState
from kontingent.achievements.attestation.models import EducationDocument, SupplementLine
from kontingent.achievements.attestation.permissions import AttestationPermission
from kontingent.audit import reads
from kontingent.audit.reads import ReadKind
from kontingent.kernel import names
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotFound
from kontingent.organisations import queries as organisations
from kontingent.persons import queries as persons
from kontingent.stages import queries as stages

FIELD = "education_document"
MOST = 3000


class BookRow(NamedTuple):
    """A line of the book of issue."""

    document: EducationDocument
    marks: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class DocumentCard:
    """A document as it stands, its supplement, its former states, what it replaces and what has replaced it."""

    document: EducationDocument
    lines: list[SupplementLine]
    former: list[EducationDocument]
    replaces: EducationDocument | None
    replaced_by: EducationDocument | None


def book(
    actor: Actor, organisation_id: UUID, *, year: int, kind: str = "", text: str = "", what: str = "книга выдачи документов", kind_of_read: ReadKind = ReadKind.LIST, marks: bool = False,
) -> list[BookRow]:  # fmt: skip
    """Return the documents of a school of a year of graduation in the order of the book; two statements."""
    found = list(_of_school(actor, organisation_id, year, kind, text)[:MOST])
    lines: dict[UUID, list[tuple[str, str]]] = defaultdict(list)
    if marks:
        ids = [one.document_id for one in found]
        for one in SupplementLine.objects.filter(document_id__in=ids).order_by("position"):
            lines[one.document_id].append((one.subject_title, one.value))
    reads.note(
        actor, kind_of_read, [one.person_id for one in found], object_id=organisation_id, organisation_id=organisation_id, what=what
    )  # fmt: skip
    return sorted(
        (BookRow(one, tuple(lines[one.document_id])) for one in found),
        key=lambda row: (row.document.kind_code, _numeric(row.document.registration_number)),
    )


def _numeric(text: str) -> tuple[int, str]:
    return (int(text), "") if text.isdecimal() else (10**9, text)


def _of_school(
    actor: Actor, organisation_id: UUID, year: int, kind: str, text: str
) -> QuerySet[EducationDocument]:
    organisation = organisations.get(organisation_id)
    actor.require(
        AttestationPermission.VIEW_DOCUMENTS,
        organisation_id=organisation.id,
        municipality_id=organisation.municipality_id,
    )
    stages.gate(organisation.municipality).require(FIELD)
    found = EducationDocument.objects.filter(
        organisation_id=organisation_id, graduated_in=year, superseded_at__isnull=True
    )
    if kind:
        found = found.filter(kind_code=kind)
    if text.strip().isdecimal():
        found = found.filter(number__endswith=text.strip())
    elif text.strip():
        found = found.filter(family_name__startswith=names.tidy(text))
    return found.order_by("kind_code", "issued_on", "registration_number")


def registered(organisation_id: UUID, kind_code: str, year: int) -> set[str]:
    """Return the numbers that the book of a level has for a year; the caller has let the actor in."""
    found = EducationDocument.objects.filter(
        organisation_id=organisation_id, kind_code=kind_code, issued_on__year=year, superseded_at__isnull=True
    ).exclude(state_code=DocumentState.ANNULLED)
    return set(found.values_list("registration_number", flat=True))


def next_registration(organisation_id: UUID, kind_code: str, year: int) -> int:
    """Return the number after the last one of the book."""
    numbers = [int(one) for one in registered(organisation_id, kind_code, year) if one.isdecimal() and len(one) < 10]  # fmt: skip
    return max(numbers, default=0) + 1


def years_of(actor: Actor, organisation_id: UUID) -> list[int]:
    """Return the years of graduation that the register of a school knows, the newest first."""
    actor.require(AttestationPermission.VIEW_DOCUMENTS)
    found = EducationDocument.objects.filter(
        stages.where_open(FIELD), organisation_id=organisation_id, superseded_at__isnull=True
    )
    return list(found.order_by("-graduated_in").values_list("graduated_in", flat=True).distinct())


def document(actor: Actor, document_id: UUID) -> DocumentCard:
    """Return one document with everything that hangs on it.

    Raises:
        NotFound: no such document, or none the actor may know of.
    """
    card = _card(actor, document_id)
    _note(actor, ReadKind.CARD, card, "документ об образовании")
    return card


def supplement(actor: Actor, document_id: UUID) -> DocumentCard:
    """Return a document to print what was kept with it.

    Raises:
        NotFound: no such document, none the actor may know of, or one that came without its marks.
    """
    card = _card(actor, document_id)
    if not card.lines:
        raise NotFound(
            "attestation.no_supplement", "Приложения с отметками в реестре нет: документ загружен таблицей."
        )
    _note(actor, ReadKind.EXPORT, card, "приложение к документу, PDF")
    return card


def _note(actor: Actor, kind: ReadKind, card: DocumentCard, what: str) -> None:
    one = card.document
    reads.note(
        actor, kind, [one.person_id], object_id=one.document_id, organisation_id=one.organisation_id, what=what
    )  # fmt: skip


def _card(actor: Actor, document_id: UUID) -> DocumentCard:
    actor.require(AttestationPermission.VIEW_DOCUMENTS)
    found = list(
        EducationDocument.objects.select_related("organisation")
        .filter(document_id=document_id)
        .order_by("-recorded_at")
    )
    standing = next((one for one in found if one.superseded_at is None), None)
    if standing is None:
        raise NotFound("attestation.no_such_document", "Такого документа нет или он вам недоступен.")
    where = standing.organisation
    actor.require(
        AttestationPermission.VIEW_DOCUMENTS, organisation_id=where.id, municipality_id=where.municipality_id
    )
    stages.gate(where.municipality).require(FIELD)
    others = EducationDocument.objects.filter(stages.where_open(FIELD), superseded_at__isnull=True)
    return DocumentCard(
        standing,
        list(SupplementLine.objects.filter(document_id=document_id)),
        [one for one in found if one.superseded_at is not None],
        others.filter(document_id=standing.replaces_id).first() if standing.replaces_id else None,
        others.filter(replaces_id=document_id).order_by("-issued_on").first(),
    )


def lines_of(document_ids: Collection[UUID]) -> defaultdict[UUID, list[SupplementLine]]:
    """Return the lines kept with documents, in their order; the caller has let the actor in."""
    found: defaultdict[UUID, list[SupplementLine]] = defaultdict(list)
    for one in SupplementLine.objects.filter(document_id__in=list(document_ids)).order_by("position"):
        found[one.document_id].append(one)
    return found


def of_learner(actor: Actor, person_id: UUID) -> list[EducationDocument]:
    """Return the documents of a learner whom the caller has been let in to; nothing without the permission."""
    if not actor.may(AttestationPermission.VIEW_DOCUMENTS) or not stages.gate_for(actor).allows(FIELD):
        return []
    return _of_person(person_id)


def own_documents(actor: Actor, person_id: UUID) -> list[EducationDocument]:
    """Return the documents of one's own child or of oneself."""
    if person_id not in actor.scope.persons or not actor.scope.is_family:
        raise NotFound("attestation.not_own", "Эти сведения не о вашем ребёнке. Вернитесь к списку.")
    if not stages.gate_for(actor).allows(FIELD):
        return []
    found = _of_person(person_id)
    if found:
        reads.note(actor, ReadKind.FAMILY, [person_id], object_id=person_id, what="документы об образовании")
    return found


def _of_person(person_id: UUID) -> list[EducationDocument]:
    found = EducationDocument.objects.select_related("organisation").filter(
        stages.where_open(FIELD), person_id__in=persons.records_of(person_id), superseded_at__isnull=True
    )
    return list(found.order_by("-issued_on"))
