"""Codes that the rules of this room branch on."""

from enum import StrEnum


class State(StrEnum):
    """Where an achievement is."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    REVOKED = "revoked"
    WITHDRAWN = "withdrawn"


class Verdict(StrEnum):
    """What a school decides about one field of a proposal."""

    ACCEPTED = "accepted"
    CORRECTED = "corrected"
    REFUSED = "refused"


class FileKind(StrEnum):
    """What a file of results brings: each has its own layout."""

    OLYMPIAD = "olympiad"
    CONTEST = "contest"


OLYMPIAD = "100"
GTO = "410"
