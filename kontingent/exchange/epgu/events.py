"""What the room records in the journal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kontingent.audit.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class PerformanceAnswered(Event):
    """A citizen was told of a learner's performance through ЕПГУ; the subjects are the child and the applicant."""

    kind: ClassVar[str] = "epgu.answered"
    title: ClassVar[str] = "Сведения об успеваемости выданы через ЕПГУ"

    right: str
    content: str
    days: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PerformanceRefused(Event):
    """A request that came through ЕПГУ was refused."""

    kind: ClassVar[str] = "epgu.refused"
    title: ClassVar[str] = "Запрос успеваемости через ЕПГУ отклонён"

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferStateTold(Event):
    """A citizen was told of a child's transfers through ЕПГУ; the subjects are the child and the applicant."""

    kind: ClassVar[str] = "epgu.transfer_told"
    title: ClassVar[str] = "Состояние перевода сообщено через ЕПГУ"

    right: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferStateRefused(Event):
    """A question about a child's transfers that came through ЕПГУ was refused."""

    kind: ClassVar[str] = "epgu.transfer_refused"
    title: ClassVar[str] = "Запрос о переводе через ЕПГУ отклонён"

    reason: str
