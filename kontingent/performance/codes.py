"""Codes that the rules of this room branch on; titles are in the code lists."""

from enum import IntEnum, StrEnum


class MarkSystem(IntEnum):
    """Code list ``mark_system``: 1 and 6 are УФТТ's."""

    FIVE = 1
    HUNDRED = 6
    PASS = 90


class Word(StrEnum):
    """Marks that are no numbers."""

    PASSED = "зач"
    FAILED = "незач"
    EXEMPT = "осв"
    NOT_ATTESTED = "н/а"


class Absence(StrEnum):
    """Code list ``attendance_code``."""

    ABSENT = "н"
    ILL = "б"
    EXCUSED = "у"
    LATE = "о"


class FinalKind(StrEnum):
    """Code list ``final_kind``: what sort of mark closes something."""

    PERIOD = "period"
    YEAR = "year"
    EXAM = "exam"
    RETAKE = "retake"
    FINAL = "final"


#: Code list ``study_period`` (УФТТ): the whole year.
WHOLE_YEAR = "20"


class Outcome(StrEnum):
    """What became of one row of a delivery: one letter a row, kept as the receipt."""

    CREATED = "n"
    CHANGED = "c"
    WITHDRAWN = "d"
    UNCHANGED = "u"
    STALE = "s"
    LATE = "l"
    REFUSED = "r"


OUTCOME_NAMES = {
    Outcome.CREATED: "created",
    Outcome.CHANGED: "changed",
    Outcome.WITHDRAWN: "withdrawn",
    Outcome.UNCHANGED: "unchanged",
    Outcome.STALE: "stale",
    Outcome.LATE: "late",
    Outcome.REFUSED: "refused",
}


class Refusal(StrEnum):
    """Why a row is refused; what is told of it is in ``rules.TOLD``."""

    LEARNER_UNKNOWN = "learner_unknown"
    LEARNER_NOT_ENROLLED = "learner_not_enrolled"
    GRADE_ONE = "grade_one"
    CLASS_UNKNOWN = "class_unknown"
    SUBJECT_UNKNOWN = "subject_unknown"
    VALUE = "value"
    SYSTEM = "system"
    WEIGHT = "weight"
    WORK = "work_unknown"
    ABSENCE = "absence_unknown"
    FINAL_KIND = "kind_unknown"
    PERIOD = "period_unknown"
    DATE = "date"
    OUTSIDE_YEAR = "outside_year"
    FUTURE = "future"
    VERSION_REUSED = "version_reused"
    FIELD = "field"
    MALFORMED = "malformed"
    NOT_UTF8 = "not_utf8"
