"""Issuing a certificate of study and revoking it."""

from __future__ import annotations

import secrets
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from kontingent.audit import actions as audit
from kontingent.enrolment import queries as enrolment
from kontingent.enrolment.queries.standing import Place, standing_of
from kontingent.exchange.services import printing, queries, rules
from kontingent.exchange.services.events import CertificateIssued, CertificateRevoked
from kontingent.exchange.services.models import Certificate
from kontingent.exchange.services.permissions import CertificatePermission
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import Conflict, NotFound, RuleViolation
from kontingent.organisations import queries as organisations
from kontingent.persons import queries as persons


def issue(*, actor: Actor, person_id: UUID, order_key: UUID, site: str, is_demo: bool) -> Certificate:
    """Issue a certificate of study to the family, or make one at school (выдать справку). The same order gives the same certificate.

    ``site`` is the address under which a stranger finds the check page.

    Raises:
        NotAllowed: neither one's own child nor a learner of an organisation that one issues for.
        RuleViolation: the learner studies nowhere today; the family has ordered too many.
        Conflict: the order's key was used for another learner.
    """
    if (made := _ordered(order_key, person_id)) is not None:
        return made
    try:
        with transaction.atomic():
            return _issued(actor, person_id, order_key, site, is_demo=is_demo)
    except IntegrityError:
        # The form was sent twice at once: the other one has issued; the number taken here is given back.
        if (made := _ordered(order_key, person_id)) is None:
            raise
        return made


def _ordered(order_key: UUID, person_id: UUID) -> Certificate | None:
    found = Certificate.objects.filter(order_key=order_key).first()
    if found is not None and found.person_id != person_id:
        raise Conflict(
            "certificate.form_reused",
            "Эта форма уже использована. Обновите страницу и закажите справку снова.",
        )
    return found


def _issued(actor: Actor, person_id: UUID, order_key: UUID, site: str, *, is_demo: bool) -> Certificate:
    by_family, today = actor.scope.is_family, clock.today()
    if by_family:
        queries.require_own(actor, person_id)
    else:
        actor.require(CertificatePermission.ISSUE)
        enrolment.require_visible(actor, person_id)
    place = _place(person_id)
    organisation = organisations.get(place.organisation_id)
    if by_family:
        ordered = Certificate.objects.filter(person_id=person_id, issued_on=today, by_family=True)
        rules.require_few(ordered.count())
    else:
        actor.require(
            CertificatePermission.ISSUE,
            organisation_id=organisation.id,
            municipality_id=organisation.municipality_id,
        )
    person = persons.get(person_id)
    code = rules.code_of(secrets.token_bytes(rules.CODE_BYTES))
    number = _next_number(organisation.id, today.year)
    content = {
        "number": rules.label(number, today.year), "issued_on": f"{today:%d.%m.%Y}", "organisation": organisation.full_name,
        "organisation_short": organisation.short_name, "ogrn": organisation.ogrn, "head": organisation.head_name,
        "name": person.full_name, "born": f"{person.birth_date:%d.%m.%Y}" if person.birth_date else "", "class": place.title,
        "since": f"{place.starts_on:%d.%m.%Y}", "code": code, "check_page": f"{site}/check/", "check_at": f"{site}/check/{code}/",
        "is_demo": is_demo,
    }  # fmt: skip
    made = Certificate.objects.create(
        organisation=organisation, person_id=person_id, year=today.year, number=number, code=code, order_key=order_key,
        content=content, digest=printing.digest_of(printing.pdf_of_certificate(content)),
        masked_name=rules.masked(person.family_name, person.given_name, person.patronymic), issued_on=today,
        issued_at=clock.now(), issued_by=actor.code, issued_by_name=actor.name, by_family=by_family,
    )  # fmt: skip
    event = CertificateIssued(
        object_id=made.id, subjects=(person_id,), organisation_id=organisation.id, number=made.label,
        ordered_by="семья" if by_family else "организация",
    )  # fmt: skip
    audit.record(event, actor=actor)
    return made


def _place(person_id: UUID) -> Place:
    today = clock.today()
    found = [one for one in standing_of([person_id], today).get(person_id, []) if one.starts_on <= today]
    if not found:
        raise rules.not_enrolled()
    return found[0]


def _next_number(organisation_id: UUID, year: int) -> int:
    """Take the next number; whoever comes at the same time waits for this transaction, so none is left out and none given twice."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO services_series AS s (organisation_id, year, last) VALUES (%s, %s, 1) "
            "ON CONFLICT (organisation_id, year) DO UPDATE SET last = s.last + 1 RETURNING last",
            [organisation_id, year],
        )
        (number,) = cursor.fetchone() or (0,)
    return int(number)


@transaction.atomic
def revoke(*, actor: Actor, certificate_id: UUID, reason: str) -> Certificate:
    """Revoke a certificate (отозвать справку); whoever checks it is told so from now on.

    Raises:
        NotAllowed: one issues no certificates for its organisation.
        NotFound: no such certificate.
        RuleViolation: it has been revoked already.
        InvalidValue: the reason is too short or too long.
    """
    actor.require(CertificatePermission.ISSUE)
    found = Certificate.objects.select_for_update(of=("self",)).select_related("organisation").filter(pk=certificate_id).first()  # fmt: skip
    if found is None:
        raise NotFound("certificate.no_such", "Такой справки нет. Вернитесь к реестру справок.")
    actor.require(
        CertificatePermission.ISSUE,
        organisation_id=found.organisation_id,
        municipality_id=found.organisation.municipality_id,
    )
    if not found.is_valid:
        raise RuleViolation("certificate.revoked_already", f"Справка № {found.label} уже отозвана.")
    found.revoke_reason = rules.reason_of(reason)
    found.revoked_at, found.revoked_by_name = clock.now(), actor.name
    found.save(update_fields=["revoke_reason", "revoked_at", "revoked_by_name"])
    audit.record(
        CertificateRevoked(
            object_id=found.id, subjects=(found.person_id,), organisation_id=found.organisation_id,
            basis=found.revoke_reason, number=found.label,
        ),
        actor=actor,
    )  # fmt: skip
    return found
