"""The register of documents in the layout of ФИС ФРДО: the same profile by which documents are taken in."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Final
from uuid import UUID

from kontingent.achievements.attestation.codes import DeliveryKind, DocumentKind, DocumentState
from kontingent.achievements.attestation.models import EducationDocument
from kontingent.codelists import queries as codelists
from kontingent.exchange.attestation.profiles import profile_of
from kontingent.kernel import snils
from kontingent.organisations.models import Organisation
from kontingent.persons.models import Person
from kontingent.stages import queries as stages

#: The columns in the order of the profile, without the name in one cell: it is written in three.
FIELDS: Final = tuple(one for one in profile_of(DeliveryKind.DOCUMENTS).columns if one != "full_name")
HEAD: Final = tuple(profile_of(DeliveryKind.DOCUMENTS).title_of(one) for one in FIELDS)
LEVELS: Final = {
    DocumentKind.BASIC: "Основное общее образование",
    DocumentKind.SECONDARY: "Среднее общее образование",
    DocumentKind.VOCATIONAL: "Среднее профессиональное образование",
    DocumentKind.STUDIES: "Не предусмотрен",
}
MEDALS: Final = {"": "", "1": "I степени", "2": "II степени"}


def lines(documents: Collection[EducationDocument]) -> Iterator[list[Any]]:
    """Yield the cells of each document, as a query has let the actor see them and noted it."""
    numbers = dict(
        Person.objects.filter(pk__in=[one.person_id for one in documents]).values_list("id", "snils")
    )
    places = Organisation.objects.in_bulk([one.organisation_id for one in documents])
    originals = {
        one.document_id: one
        for one in EducationDocument.objects.filter(
            stages.where_open("education_document"),
            document_id__in=[one.replaces_id for one in documents if one.replaces_id],
            superseded_at__isnull=True,
        )
    }
    for one in documents:
        told = _told(
            one,
            numbers.get(one.person_id),
            places[one.organisation_id],
            originals.get(one.replaces_id or UUID(int=0)),
        )
        yield [told[name] for name in FIELDS]


def _told(
    one: EducationDocument, number: str | None, where: Organisation, original: EducationDocument | None
) -> dict[str, Any]:
    def is_so(state: DocumentState) -> str:
        return "да" if one.state_code == state else "нет"

    return {
        "kind": codelists.title("education_document", one.kind_code), "form": "Дубликат" if one.is_duplicate else "Оригинал",
        "lost": is_so(DocumentState.LOST), "exchanged": is_so(DocumentState.EXCHANGED), "destroyed": is_so(DocumentState.DESTROYED),
        "level": LEVELS[DocumentKind(one.kind_code)], "series": one.series, "number": one.number,
        "issued_on": f"{one.issued_on:%d.%m.%Y}", "registration_number": one.registration_number, "speciality_code": one.speciality_code,
        "programme_title": one.programme_title, "with_honours": "да" if one.with_honours else "нет", "medal": MEDALS[one.medal],
        "enrolled_in": one.enrolled_in or "", "graduated_in": one.graduated_in, "family_name": one.family_name,
        "given_name": one.given_name, "patronymic": one.patronymic, "birth_date": f"{one.birth_date:%d.%m.%Y}",
        "sex": {"1": "муж", "2": "жен"}.get(one.sex, ""), "snils": snils.format_snils(number) if number else "", "country": one.country_code,
        "ogrn": where.ogrn or "", "kpp": getattr(where, "kpp", "") or "", "organisation": where.full_name,
        "replaces_series": original.series if original else "", "replaces_number": original.number if original else "",
    }  # fmt: skip
