"""Reading certificates: the family's, a school's register, the file, and what a stranger is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from kontingent.audit import reads
from kontingent.audit.reads import ReadKind
from kontingent.exchange.services import printing, rules
from kontingent.exchange.services.models import Certificate
from kontingent.exchange.services.permissions import CertificatePermission
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotAllowed, NotFound
from kontingent.organisations import queries as organisations
from kontingent.storage import scope

#: Rows of a register on a page.
PAGE = 100
PURPOSE = "certificate"
#: Whoever checks a certificate is nobody we know; the look is the check page's.
CHECKER = Actor("system:check", "Проверка справки на открытой странице", "Проверяющий", frozenset(), post="Проверяющий справку")  # fmt: skip


def require_own(actor: Actor, person_id: UUID) -> None:
    """Raise ``NotAllowed`` unless the actor is the family of the child, or the learner."""
    if not actor.scope.is_family or person_id not in actor.scope.persons:
        raise NotAllowed("access.not_own", "Эти сведения не о вашем ребёнке. Вернитесь к списку.")


def of_child(actor: Actor, person_id: UUID) -> list[Certificate]:
    """Return the certificates about one's own child or oneself, the latest first."""
    require_own(actor, person_id)
    return list(Certificate.objects.filter(person_id=person_id).select_related("organisation").order_by("-issued_at", "-id")[:PAGE])  # fmt: skip


def _visible(actor: Actor) -> QuerySet[Certificate]:
    if actor.scope.is_family:
        return Certificate.objects.filter(person_id__in=actor.scope.persons)
    actor.require(CertificatePermission.VIEW)
    found = Certificate.objects.all()
    return found if actor.scope.whole_region else found.filter(organisations.scope_condition(actor.scope))


class Register(NamedTuple):
    """A page of an organisation's register for a year."""

    rows: list[Certificate]
    total: int
    revoked: int
    years: list[int]


def register(actor: Actor, organisation_id: UUID, year: int, page: int) -> Register:
    """Return a page of the certificates an organisation issued in a year, the latest first; four statements."""
    actor.require(CertificatePermission.VIEW)
    of_organisation = _visible(actor).filter(organisation_id=organisation_id)
    years = sorted({year, *of_organisation.values_list("year", flat=True).distinct()}, reverse=True)
    of_year = of_organisation.filter(year=year)
    rows = list(of_year.order_by("-number")[page * PAGE : (page + 1) * PAGE])
    reads.note(
        actor, ReadKind.LIST, [one.person_id for one in rows], organisation_id=organisation_id,
        what=f"реестр справок об обучении за {year} год", purpose=PURPOSE,
    )  # fmt: skip
    return Register(rows, of_year.count(), of_year.filter(revoked_at__isnull=False).count(), years)


class File(NamedTuple):
    """A certificate as PDF; ``is_original`` says whether it is byte for byte what was issued."""

    name: str
    content: bytes
    is_original: bool


def file(actor: Actor, certificate_id: UUID) -> File:
    """Return a certificate as PDF, made of what was frozen at its issue.

    Raises:
        NotFound: no such certificate, or none the actor may know of.
    """
    found = _visible(actor).filter(pk=certificate_id).first()
    if found is None:
        raise NotFound("certificate.no_such", "Такой справки нет. Вернитесь к списку справок.")
    kind = ReadKind.FAMILY if actor.scope.is_family else ReadKind.EXPORT
    reads.note(
        actor, kind, [found.person_id], object_id=found.id, organisation_id=found.organisation_id,
        what=f"справка об обучении № {found.label}", purpose=PURPOSE,
    )  # fmt: skip
    content = printing.pdf_of_certificate(found.content)
    is_original = printing.digest_of(content) == found.digest
    if not is_original:
        content = printing.pdf_of_certificate(found.content, reprinted_on=clock.today())
    return File(f"spravka-{found.year}-{found.number}.pdf", content, is_original)


@dataclass(frozen=True, slots=True)
class Checked:
    """What a stranger who holds the paper is told of it: nothing that is not on it but whether it is valid."""

    number: str
    issued_on: date
    organisation: str
    masked_name: str
    revoked_on: date | None


def checked(code: str) -> Checked | None:
    """Return what the paper with this code is, to whoever asks; None where there is none. The family sees that somebody looked."""
    with scope.whole_register():
        found = (
            Certificate.objects.filter(code=code)
            .values_list("id", "person_id", "organisation_id", "number", "year", "issued_on", "organisation__short_name",
                         "masked_name", "revoked_at")
            .first()
        )  # fmt: skip
    if found is None:
        return None
    key, person_id, organisation_id, number, year, issued_on, organisation, masked_name, revoked_at = found
    label = rules.label(number, year)
    reads.note(
        CHECKER, ReadKind.CARD, [person_id], object_id=key, organisation_id=organisation_id,
        what=f"проверена справка об обучении № {label}: имя скрыто", purpose=PURPOSE,
    )  # fmt: skip
    revoked_on = revoked_at.astimezone(clock.REGION_ZONE).date() if revoked_at else None
    return Checked(label, issued_on, organisation, masked_name, revoked_on)
