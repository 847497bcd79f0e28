"""What access records in the journal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from kontingent.audit.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn(Event):
    """Somebody came in through ЕСИА."""

    kind: ClassVar[str] = "access.signed_in"
    title: ClassVar[str] = "Вход через ЕСИА"

    method: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInRefused(Event):
    """Somebody was not let in; ``code`` says why, in full."""

    kind: ClassVar[str] = "access.sign_in_refused"
    title: ClassVar[str] = "Отказ во входе"

    code: str
    detail: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityChosen(Event):
    """The session goes on in this quality."""

    kind: ClassVar[str] = "access.capacity_chosen"
    title: ClassVar[str] = "Выбрано, в каком качестве работать"

    capacity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOut(Event):
    """A session ended; ``reason`` is left, idle, absolute, elsewhere or revoked."""

    kind: ClassVar[str] = "access.signed_out"
    title: ClassVar[str] = "Сеанс завершён"

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointed(Event):
    """A role was given."""

    kind: ClassVar[str] = "access.appointed"
    title: ClassVar[str] = "Назначение"

    appointee: str
    role_code: str
    starts_on: date
    ends_on: date | None
    is_substitution: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentRevoked(Event):
    """A role was taken back."""

    kind: ClassVar[str] = "access.appointment_revoked"
    title: ClassVar[str] = "Назначение отозвано"

    appointee: str
    role_code: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyOpened(Event):
    """A child outside the scope was opened in an emergency."""

    kind: ClassVar[str] = "access.emergency_opened"
    title: ClassVar[str] = "Экстренный доступ"

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyReviewed(Event):
    """The security officer judged an emergency."""

    kind: ClassVar[str] = "access.emergency_reviewed"
    title: ClassVar[str] = "Экстренный доступ рассмотрен"

    is_justified: bool
    review: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertResolved(Event):
    """The security officer looked into an alert."""

    kind: ClassVar[str] = "access.alert_resolved"
    title: ClassVar[str] = "Сигнал рассмотрен"

    rule: str
    note: str
