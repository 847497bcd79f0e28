"""Codes that rules branch on."""

from enum import StrEnum


class Measure(StrEnum):
    """What is counted of a required field; the value is the column of ``CompletenessCount``."""

    FILLED = "filled"
    VALID = "valid"
    CONFIRMED = "confirmed"
    FRESH = "fresh"


class State(StrEnum):
    """How a territory stands to its plan on a day."""

    NO_PLAN = "no_plan"
    REACHED = "reached"
    ON_THE_WAY = "on_the_way"
    SOON = "soon"
    OVERDUE = "overdue"
