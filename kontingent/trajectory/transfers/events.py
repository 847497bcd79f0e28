"""What the room records in the journal of acts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from kontingent.audit.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRegistered(Event):
    """A family's application was entered by the receiving organisation."""

    kind: ClassVar[str] = "transfers.registered"
    title: ClassVar[str] = "Принято заявление о переводе"
    former: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferApproved(Event):
    """The receiver decided to enrol; the former organisation is told, its term runs."""

    kind: ClassVar[str] = "transfers.approved"
    title: ClassVar[str] = "Утверждено зачисление в порядке перевода"
    number: str
    arrives_on: date
    due_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferAmended(Event):
    """The receiver changed class or number of an approved transfer that is not completed yet."""

    kind: ClassVar[str] = "transfers.amended"
    title: ClassVar[str] = "Изменены класс или номер приказа утверждённого перевода"
    number: str
    group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferAnswered(Event):
    """The former organisation confirmed or objected."""

    kind: ClassVar[str] = "transfers.answered"
    title: ClassVar[str] = "Прежняя организация ответила о переводе"
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferClosed(Event):
    """A transfer was withdrawn, stopped, or is to be completed by the municipality's word."""

    kind: ClassVar[str] = "transfers.decided"
    title: ClassVar[str] = "Решено о переводе"
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferCompleted(Event):
    """Both orders were signed by the system in one act, or cancelled."""

    kind: ClassVar[str] = "transfers.completed"
    title: ClassVar[str] = "Перевод исполнен: подписаны оба приказа"
    ground: str
    leaving: str
    arriving: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferCancelled(Event):
    """Both orders of a transfer were cancelled in one act."""

    kind: ClassVar[str] = "transfers.cancelled"
    title: ClassVar[str] = "Перевод отменён: отменены оба приказа"
    leaving: str
    arriving: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalConfirmed(Event):
    """It became known that a learner who left the region has arrived."""

    kind: ClassVar[str] = "transfers.arrival_confirmed"
    title: ClassVar[str] = "Подтверждено прибытие в другой регион"
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnersMoved(Event):
    """The learners of an organisation that is no more went to its successor in one act."""

    kind: ClassVar[str] = "transfers.learners_moved"
    title: ClassVar[str] = "Обучающиеся переведены правопреемнику"
    successor: str
    learners: int
