"""Rules of access: when an appointment is in force, who may give which role, how long a session lasts. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from kontingent.access.roles import ROLES, Level, Role
from kontingent.kernel.errors import InvalidValue, RuleViolation

#: 273-ФЗ and the Civil Code, art. 26, 28: at 14 one acts for oneself, at 18 representation ends.
OWN_ACCESS_FROM_AGE = 14
REPRESENTATION_UNTIL_AGE = 18
EMERGENCY_LASTS = timedelta(hours=1)
SHORTEST_REASON = 20


@dataclass(frozen=True, slots=True)
class Term:
    """The time of an appointment as the rule sees it: half-open, perhaps cut off by a revocation."""

    starts_on: date
    ends_on: date | None
    is_revoked: bool

    def holds(self, on: date) -> bool:
        """Say whether the day lies in it."""
        return not self.is_revoked and self.starts_on <= on and (self.ends_on is None or on < self.ends_on)


def is_in_force(term: Term, substitutions: Iterable[Term], on: date) -> bool:
    """Say whether an appointment works on a day: it holds, and nobody stands in for the holder that day."""
    return term.holds(on) and not any(one.holds(on) for one in substitutions)


@dataclass(frozen=True, slots=True)
class ScopeWanted:
    """What a new appointment is to be bound to."""

    organisation_id: UUID | None
    municipality_id: UUID | None
    groups: tuple[UUID, ...]


def check_scope(role: Role, wanted: ScopeWanted) -> None:
    """Raise unless the scope is of the kind the role asks for."""
    fits = {
        Level.REGION: wanted == ScopeWanted(None, None, ()),
        Level.MUNICIPALITY: wanted.municipality_id is not None
        and not wanted.organisation_id
        and not wanted.groups,
        Level.ORGANISATION: wanted.organisation_id is not None
        and not wanted.municipality_id
        and not wanted.groups,
        Level.GROUPS: wanted.organisation_id is not None
        and not wanted.municipality_id
        and bool(wanted.groups),
        Level.OWN: False,
    }[role.level]
    if not fits:
        asked = {
            Level.REGION: "Эта роль действует во всём регионе: не указывайте ни организацию, ни муниципалитет.",
            Level.MUNICIPALITY: "Для этой роли укажите муниципалитет.",
            Level.ORGANISATION: "Для этой роли укажите организацию.",
            Level.GROUPS: "Для этой роли укажите организацию и хотя бы один её класс.",
            Level.OWN: "На эту роль не назначают: она следует из сведений о семье.",
        }[role.level]
        raise RuleViolation("access.scope_of_role", asked)


def check_appointer(appointer: str, role_code: str) -> None:
    """Raise unless somebody in the role ``appointer`` may give a role."""
    if appointer not in ROLES or role_code not in ROLES[appointer].appoints:
        raise RuleViolation(
            "access.may_not_give_role",
            "Эту роль даёт администратор безопасности региона. Обратитесь к нему с приказом.",
        )


def check_term(starts_on: date, ends_on: date | None, *, is_substitution: bool) -> None:
    """Raise unless the days make a period; a substitution always ends."""
    if ends_on is not None and ends_on <= starts_on:
        raise InvalidValue("access.term", "Последний день раньше первого. Исправьте даты.")
    if is_substitution and ends_on is None:
        raise InvalidValue(
            "access.substitution_term", "Замещение всегда на срок: укажите его последний день."
        )


def role_of(code: str) -> Role:
    """Return a role that one may be appointed to."""
    role = ROLES.get(code)
    if role is None or role.level is Level.OWN:
        known = ", ".join(one.code for one in ROLES.values() if one.level is not Level.OWN)
        raise InvalidValue("access.no_such_role", f"Роли «{code}» нет. Есть: {known}.")
    return role


def may_act_for_oneself(birth_date: date | None, on: date) -> bool:
    """Say whether a learner is old enough to see their own record (14 years)."""
    return birth_date is not None and _birthday(birth_date, OWN_ACCESS_FROM_AGE) <= on


def is_minor(birth_date: date | None, on: date) -> bool:
    """Say whether representation goes on: the child is under 18 that day."""
    return birth_date is not None and on < _birthday(birth_date, REPRESENTATION_UNTIL_AGE)


def _birthday(birth_date: date, age: int) -> date:
    try:
        return birth_date.replace(year=birth_date.year + age)
    except ValueError:
        return date(birth_date.year + age, 3, 1)


def why_over(
    *, started_at: datetime, seen_at: datetime, now: datetime, idle: timedelta, absolute: timedelta
) -> str | None:
    """Return ``idle`` or ``absolute`` when a session has reached its limit, None while it goes on."""
    if now - started_at >= absolute:
        return "absolute"
    return "idle" if now - seen_at >= idle else None


def check_reason(reason: str) -> str:
    """Return the reason of an emergency, tidied; it must say something."""
    tidy = " ".join(reason.split())
    if len(tidy) < SHORTEST_REASON:
        raise InvalidValue(
            "access.reason_too_short",
            f"Опишите причину подробнее: что случилось и зачем нужны сведения (не короче {SHORTEST_REASON} знаков).",
        )
    return tidy[:1000]
