"""The codes that rules and acts branch on."""

from enum import StrEnum

from kontingent.enrolment import codes as enrolment


class RuleCode(StrEnum):
    """What a case is about (правило); titles, terms and owners are in ``rules.toml`` and in the ministry's editions."""

    NOT_ARRIVED = "not_arrived"
    LEFT_NOWHERE = "left_nowhere"
    NOT_ENROLLED = "not_enrolled"
    CLAIMED_TWICE = "claimed_twice"
    NOT_STARTED = "not_started"
    AFTER_NINE = "after_nine"
    EXPELLED_15 = "expelled_15"
    ABSENCE = "absence"
    FAMILY_UNATTESTED = "family_unattested"
    FOREIGN_UNREGISTERED = "foreign_unregistered"
    FOREIGN_UNTESTED = "foreign_untested"
    PRESCHOOLER_SEVEN = "preschooler_seven"
    SNILS_TWICE = "snils_twice"


class State(StrEnum):
    """The life of a case."""

    OPEN = "open"
    POSTPONED = "postponed"
    CLOSED = "closed"


class Outcome(StrEnum):
    """Why a case is closed."""

    GONE = "gone"  # причины больше нет: закрыто само
    SOLVED = "solved"  # закрыто человеком, с подтверждением


class StepKind(StrEnum):
    """What happened to a case (строка истории)."""

    OPENED = "opened"
    REOPENED = "reopened"
    NOTE = "note"
    CALL = "call"
    HANDED = "handed"
    ASSIGNED = "assigned"
    POSTPONED = "postponed"
    RESUMED = "resumed"
    DOCUMENT = "document"
    GONE = "gone"
    SOLVED = "solved"


class Owner(StrEnum):
    """Who works on it."""

    ORGANISATION = "organisation"
    MUNICIPALITY = "municipality"
    REGION = "region"


class Coverage(StrEnum):
    """In which state of coverage a child is on a day: exactly one (охват, shared/domain §12.4)."""

    DEAD = "dead"
    NOT_DUE = "not_due"
    STUDYING = "studying"
    FAMILY = "family"
    VOCATIONAL = "vocational"
    OTHER_REGION = "other_region"
    ABROAD = "abroad"
    HEALTH = "health"
    FINISHED = "finished"
    SOUGHT = "sought"
    UNKNOWN = "unknown"


# The programmes of enrolment in a fixed order, as statements are given them.
STUDIES = tuple(sorted(enrolment.STUDIES))
VOCATIONAL = tuple(sorted(enrolment.VOCATIONAL))
GENERAL = tuple(sorted(enrolment.MAIN_GENERAL_PROGRAMMES))
PRESCHOOL = enrolment.PRESCHOOL
OUT_OF_SCHOOL_FORMS = ("21", "22")
FOREIGN = ("1", "2")

# Reasons of leaving (code list leaving_reason) that rules tell apart.
OTHER_REGION, ABROAD, FAMILY, HEALTH, DEATH, MISTAKE = "T3", "T4", "T7", "H1", "D1", "C1"
EXPELLED, NOT_STARTED = "E1", "E3"
AFTER_NINE = "G1"
#: Leaving by which compulsory education is over, or goes on where the register does not reach.
FINISHED = ("G2", "G4", "G5")
#: Absences that nobody has explained; illness is no cause.
UNEXPLAINED = ("н", "у")
