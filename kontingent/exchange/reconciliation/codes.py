"""Codes that the rules of this room branch on."""

from enum import StrEnum


class Kind(StrEnum):
    """What does not agree: of the first group the journal has it and the register has not, of the second the other way round."""

    LEARNER_UNKNOWN = "learner_unknown"
    LEARNER_ELSEWHERE = "learner_elsewhere"
    CLASS_UNKNOWN = "class_unknown"
    SUBJECT_UNKNOWN = "subject_unknown"
    LEARNER_SILENT = "learner_silent"
    CLASS_SILENT = "class_silent"
    SUBJECT_MISSING = "subject_missing"
    FINALS_MISSING = "finals_missing"
    FINALS_CONTRADICT = "finals_contradict"


class Outcome(StrEnum):
    """How a discrepancy ended: it is gone, somebody mended it here, or it is none."""

    GONE = "gone"
    MENDED = "mended"
    DISMISSED = "dismissed"


class Pace(StrEnum):
    """How a school's journal keeps up."""

    LIVE = "live"
    LATE = "late"
    SILENT = "silent"
    NEVER = "never"
