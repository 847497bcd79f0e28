"""Rules of enrolment, pure: facts in, verdict out. No database, no clock.

``log``      what may follow what, and the fold of a log into periods
``lines``    what may be said of one learner in one order
``reasons``  which reasons of leaving fit which act
"""

from kontingent.enrolment.rules.findings import Finding, Severity
from kontingent.enrolment.rules.lines import GroupFacts, LineFacts, OtherEnrolment, PersonFacts, examine
from kontingent.enrolment.rules.log import (
    TRANSITIONS,
    EnrolmentFacts,
    Fold,
    MovementFacts,
    PlacementFacts,
    fold,
)
from kontingent.enrolment.rules.orders import LINES_OF_ORDER, check_may_cancel, check_may_sign

__all__ = [
    "LINES_OF_ORDER",
    "TRANSITIONS",
    "EnrolmentFacts",
    "Finding",
    "Fold",
    "GroupFacts",
    "LineFacts",
    "MovementFacts",
    "OtherEnrolment",
    "PersonFacts",
    "PlacementFacts",
    "Severity",
    "check_may_cancel",
    "check_may_sign",
    "examine",
    "fold",
]
