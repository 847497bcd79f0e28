"""The year turn-over, pure: what becomes of each learner by default on 1 September.

Basis: 273-ФЗ art. 58 (promotion, conditional promotion, repeating), 59 (final attestation after 9 and 11).
"""

from __future__ import annotations

from typing import NamedTuple

from kontingent.enrolment.codes import PRESCHOOL, LearnerState, MovementKind

LAST_GRADES = frozenset({9, 11, 12})
PRESCHOOL_LEAVING_AGE = 7


class Proposal(NamedTuple):
    """The act proposed for a learner, and the reason of a graduation."""

    kind: MovementKind
    reason_code: str = ""


#: What an operator may choose instead of the proposal.
CHOICES: tuple[MovementKind, ...] = (
    MovementKind.PROMOTION,
    MovementKind.CONDITIONAL_PROMOTION,
    MovementKind.REPEAT,
    MovementKind.GRADUATION,
)


def propose(
    *,
    grade: int | None,
    programme_kind_code: str,
    state: str,
    age_on_first_of_september: int,
    stays_after_9: bool = False,
) -> Proposal | None:
    """Return what happens to a learner unless the operator says otherwise; None leaves them where they are.

    Grades 9, 11 and 12 graduate (``stays_after_9`` promotes a ninth-grader into the tenth grade instead), preschool
    children of seven leave for school, everybody else is promoted. A learner with an uncleared debt is proposed for
    repeating (art. 58 part 9).
    """
    if programme_kind_code == PRESCHOOL:
        leaves = age_on_first_of_september >= PRESCHOOL_LEAVING_AGE
        return Proposal(MovementKind.GRADUATION, "G3") if leaves else None
    if grade is None or state == LearnerState.ON_LEAVE:
        return None
    if state == LearnerState.CONDITIONAL:
        return Proposal(MovementKind.REPEAT)
    if grade >= 11 or (grade == 9 and not stays_after_9):
        return Proposal(MovementKind.GRADUATION, "G1" if grade == 9 else "G2")
    return Proposal(MovementKind.PROMOTION)
