"""Codes that the rules of this room branch on."""

from enum import StrEnum


class State(StrEnum):
    """Where a transfer is."""

    REGISTERED = "registered"  # заявление зарегистрировано
    APPROVED = "approved"  # зачисление утверждено, прежняя организация извещена
    COMPLETED = "completed"  # оба приказа подписаны
    WITHDRAWN = "withdrawn"  # отозвано
    STOPPED = "stopped"  # остановлено муниципалитетом
    CANCELLED = "cancelled"  # оба приказа отменены


OPEN = frozenset({State.REGISTERED, State.APPROVED})


class Answer(StrEnum):
    """What the former organisation said."""

    CONFIRMED = "confirmed"
    OBJECTED = "objected"


class Ground(StrEnum):
    """Why a transfer was completed."""

    CONFIRMED = "confirmed"
    TERM = "term"
    DECISION = "decision"
