"""Codes that the rules of this room branch on."""

from enum import StrEnum


class State(StrEnum):
    """Where an achievement is."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    REVOKED = "revoked"


OLYMPIAD = "100"
GTO = "410"
