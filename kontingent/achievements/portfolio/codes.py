"""Codes that the rules of this room branch on."""

from enum import StrEnum


class State(StrEnum):
    """Where an achievement is."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    REVOKED = "revoked"


class FileKind(StrEnum):
    """What a file of results brings: each has its own layout."""

    OLYMPIAD = "olympiad"
    CONTEST = "contest"


OLYMPIAD = "100"
GTO = "410"
