"""Reading access: appointments in force, in which qualities one may act, sessions, emergencies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, Q, QuerySet

from kontingent.access.models import Account, Appointment, EmergencyAccess, SignIn
from kontingent.access.permissions import AccessPermission
from kontingent.access.roles import ROLES, Level
from kontingent.access.rules import is_minor, may_act_for_oneself
from kontingent.enrolment import queries as enrolment
from kontingent.kernel.actor import Actor
from kontingent.persons import queries as persons


def in_force(on: date) -> QuerySet[Appointment]:
    """Return appointments that work on a day (``rules.is_in_force`` as a condition)."""
    holds = Q(revoked_at__isnull=True, starts_on__lte=on) & (Q(ends_on__isnull=True) | Q(ends_on__gt=on))
    stand_ins = Appointment.objects.filter(holds, substitutes=OuterRef("pk"))
    return Appointment.objects.filter(holds).exclude(Exists(stand_ins))


@dataclass(frozen=True, slots=True)
class Capacity:
    """A quality in which a person may act: ``key`` for the form, what it is, where."""

    key: str
    title: str
    place: str
    appointment_id: UUID | None = None


def capacities(session: SignIn, on: date) -> list[Capacity]:
    """Return in which qualities the person of a session may act on a day."""
    found = [
        Capacity(f"appointment:{one.id}", ROLES[one.role_code].title, place_of(one), one.id)
        for one in in_force(on)
        .filter(snils=session.account.snils)
        .select_related("organisation", "municipality")
        .order_by("starts_on", "id")
        if one.role_code in ROLES and is_employed(session, one)
    ]
    person_id = persons.id_by_snils(session.account.snils)
    if person_id is None or (session.is_child_account and not _old_enough(person_id, on)):
        return found
    if not session.is_child_account and wards(person_id, on):
        found.append(Capacity("family", ROLES["representative"].title, "мои дети"))
    if _old_enough(person_id, on) and enrolment.has_studied(person_id):
        found.append(Capacity("self", ROLES["learner"].title, "мои данные"))
    return found


def is_employed(session: SignIn, appointment: Appointment) -> bool:
    """Say whether ЕСИА names the appointee as an employee of the organisation; other levels do not need it."""
    if ROLES[appointment.role_code].level not in {Level.ORGANISATION, Level.GROUPS}:
        return True
    return appointment.organisation is not None and appointment.organisation.ogrn in session.employers


def place_of(appointment: Appointment) -> str:
    """Return where an appointment works, for people."""
    if appointment.organisation is not None:
        return appointment.organisation.short_name
    return appointment.municipality.name if appointment.municipality is not None else "Пермский край"


def wards(adult_id: UUID, on: date) -> frozenset[UUID]:
    """Return the children whom an adult represents on a day with full rights, under 18."""
    return frozenset(
        child_id for child_id, born in persons.represented_on(adult_id, on) if is_minor(born, on)
    )


def _old_enough(person_id: UUID, on: date) -> bool:
    return may_act_for_oneself(persons.birth_date_of(person_id), on)


@dataclass(frozen=True, slots=True)
class Standing:
    """A session with all that building its actor takes; ``emergencies`` are persons open to it just now."""

    session: SignIn
    is_in_force: bool
    emergencies: frozenset[UUID]


def standing(session_id: UUID, on: date, now: datetime) -> Standing | None:
    """Return a session as it stands, in one statement."""
    emergencies = EmergencyAccess.objects.filter(
        account_id=OuterRef("account_id"), until__gt=now, closed_at__isnull=True
    )
    found = (
        SignIn.objects.select_related("account", "appointment__organisation", "appointment__municipality")
        .annotate(
            is_in_force=Exists(in_force(on).filter(pk=OuterRef("appointment_id"))),
            emergencies=ArraySubquery(emergencies.values("person_id")),
        )
        .filter(pk=session_id)
        .first()
    )
    return None if found is None else Standing(found, found.is_in_force, frozenset(found.emergencies))


def sessions_of(account: Account, *, limit: int = 20) -> list[SignIn]:
    """Return the last sessions of an account, newest first."""
    rows = (
        SignIn.objects.filter(account=account)
        .select_related("appointment__organisation")
        .order_by("-started_at")
    )
    return list(rows[:limit])


def previous_sign_in(current: SignIn) -> SignIn | None:
    """Return the session before this one, so that the person may notice a stranger."""
    earlier = SignIn.objects.filter(account_id=current.account_id, started_at__lt=current.started_at)
    return earlier.order_by("-started_at").first()


def appointments(actor: Actor) -> QuerySet[Appointment]:
    """Return the appointments that an actor may see and change: of the own organisation, or all."""
    actor.require(AccessPermission.APPOINT)
    rows = Appointment.objects.select_related("organisation", "municipality", "substitutes").order_by(
        "full_name", "starts_on"
    )
    if actor.scope.whole_region or actor.organisation_id is None:
        return rows
    return rows.filter(organisation_id__in=actor.scope.organisations)


def emergencies(actor: Actor) -> QuerySet[EmergencyAccess]:
    """Return emergencies for review, those not reviewed first."""
    actor.require(AccessPermission.REVIEW)
    return EmergencyAccess.objects.select_related(
        "account", "appointment__organisation", "appointment__municipality"
    ).order_by("-reviewed_at", "-opened_at")
