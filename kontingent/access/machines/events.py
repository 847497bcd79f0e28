"""What the room records in the journal. Never a secret, a token or their digests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from kontingent.audit.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientRegistered(Event):
    """An outside system was registered."""

    kind: ClassVar[str] = "machines.client_registered"
    title: ClassVar[str] = "Зарегистрирована внешняя система"

    client: str
    name: str
    scopes: list[str]
    reach: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientChanged(Event):
    """A client may have other data or ask more often; what it might before and what it may now."""

    kind: ClassVar[str] = "machines.client_changed"
    title: ClassVar[str] = "Изменено, что доступно внешней системе"

    client: str
    scopes_before: list[str]
    scopes: list[str]
    rate_before: int
    rate: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientRevoked(Event):
    """A client lost its access with everything it held."""

    kind: ClassVar[str] = "machines.client_revoked"
    title: ClassVar[str] = "Доступ внешней системы отозван"

    client: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSuspended(Event):
    """A client may do nothing until it is resumed; what it holds is kept."""

    kind: ClassVar[str] = "machines.client_suspended"
    title: ClassVar[str] = "Доступ внешней системы приостановлен"

    client: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientResumed(Event):
    """A suspended client may go on."""

    kind: ClassVar[str] = "machines.client_resumed"
    title: ClassVar[str] = "Доступ внешней системы возобновлён"

    client: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretIssued(Event):
    """A secret was issued; ``rotated`` when it takes the place of another."""

    kind: ClassVar[str] = "machines.secret_issued"
    title: ClassVar[str] = "Выпущен секрет внешней системы"

    client: str
    expires_at: datetime
    rotated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretRevoked(Event):
    """A secret ceased to work."""

    kind: ClassVar[str] = "machines.secret_revoked"
    title: ClassVar[str] = "Секрет внешней системы отозван"

    client: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyAdded(Event):
    """A public key was added."""

    kind: ClassVar[str] = "machines.key_added"
    title: ClassVar[str] = "Добавлен ключ внешней системы"

    client: str
    key: str
    algorithm: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRevoked(Event):
    """A public key ceased to be believed."""

    kind: ClassVar[str] = "machines.key_revoked"
    title: ClassVar[str] = "Ключ внешней системы отозван"

    client: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenIssued(Event):
    """A client proved who it is and got a token."""

    kind: ClassVar[str] = "machines.token_issued"
    title: ClassVar[str] = "Внешней системе выдан токен"

    client: str
    method: str
    scopes: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRevoked(Event):
    """A client gave its token back."""

    kind: ClassVar[str] = "machines.token_revoked"
    title: ClassVar[str] = "Внешняя система вернула токен"

    client: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRefused(Event):
    """Somebody who calls himself a known client was refused a token; ``code`` says why."""

    kind: ClassVar[str] = "machines.token_refused"
    title: ClassVar[str] = "Внешней системе отказано в токене"

    client: str
    method: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalDataGiven(Event):
    """Personal data of the subjects went to a client: which field groups, for which day."""

    kind: ClassVar[str] = "machines.personal_data_given"
    title: ClassVar[str] = "Персональные данные переданы внешней системе"

    scopes: list[str]
    on: date
    count: int
