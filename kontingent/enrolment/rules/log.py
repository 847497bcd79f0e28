"""The log of one enrolment, and its fold (свёртка журнала движений).

A *stream* is the movements of one enrolment in order of effect, then of recording. The fold walks it
through the table ``TRANSITIONS`` and yields the period of the enrolment and its placements. Basis of
the table: 273-ФЗ art. 57, 58 (parts 8–10), 59–62; приказ Минобрнауки 455 of 13.06.2013 (academic leave).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple
from uuid import UUID

from kontingent.enrolment.codes import (
    CLOSING,
    MAIN_GENERAL_PROGRAMMES,
    OPENING,
    LearnerState,
    MovementKind,
)
from kontingent.kernel.errors import RuleViolation

_STAYS = (
    MovementKind.CLASS_FORMATION,
    MovementKind.PLACEMENT,
    MovementKind.STUDY_FORM,
    MovementKind.NAME_CHANGE,
)


def _learning(state: LearnerState) -> dict[MovementKind, LearnerState | None]:
    return {
        **dict.fromkeys(_STAYS, state),
        MovementKind.PROMOTION: LearnerState.STUDYING,
        MovementKind.CONDITIONAL_PROMOTION: LearnerState.CONDITIONAL,
        MovementKind.REPEAT: LearnerState.REPEATING,
        MovementKind.ACADEMIC_LEAVE: LearnerState.ON_LEAVE,
        **dict.fromkeys(sorted(CLOSING), None),
    }


_conditional = _learning(LearnerState.CONDITIONAL) | {MovementKind.DEBT_CLEARED: LearnerState.STUDYING}
# Art. 58 part 9: who has not cleared the debt repeats, changes programme or plan, but is not promoted again.
del _conditional[MovementKind.PROMOTION], _conditional[MovementKind.CONDITIONAL_PROMOTION]

#: From each state of a learner: what may happen, and the state it leads to; None closes the enrolment.
TRANSITIONS: dict[LearnerState, dict[MovementKind, LearnerState | None]] = {
    LearnerState.STUDYING: _learning(LearnerState.STUDYING),
    LearnerState.CONDITIONAL: _conditional,
    LearnerState.REPEATING: _learning(LearnerState.REPEATING),
    LearnerState.ON_LEAVE: {
        MovementKind.RETURN: LearnerState.STUDYING,
        MovementKind.NAME_CHANGE: LearnerState.ON_LEAVE,
        **dict.fromkeys(sorted(CLOSING), None),
    },
}


class MovementFacts(NamedTuple):
    """One movement as the fold sees it. ``None`` or an empty string means "as it was"."""

    id: int
    kind: str
    effective_on: date
    order_id: UUID
    group_id: UUID | None = None
    grade: int | None = None
    programme_id: UUID | None = None
    programme_kind_code: str = ""
    adaptation_code: str = ""
    study_form_code: str = ""
    funding_code: str = ""
    reason_code: str = ""
    destination_id: UUID | None = None
    destination_text: str = ""


class PlacementFacts(NamedTuple):
    """A part of an enrolment in which nothing that is counted changes.

    ``enters_level``: the first of its level within the enrolment, ``leaves_level``: the last, where it has ended. ``fold`` says so of
    finished parts only, so that flows between levels are read from the borders of levels, not from every change of a class.
    """

    starts_on: date
    ends_on: date | None
    group_id: UUID | None
    grade: int | None
    programme_id: UUID | None
    programme_kind_code: str
    adaptation_code: str
    study_form_code: str
    funding_code: str
    state: str
    enters_level: bool = False
    leaves_level: bool = False


class EnrolmentFacts(NamedTuple):
    """The period of belonging to an organisation."""

    starts_on: date
    ends_on: date | None
    is_main: bool
    level_code: str
    opened_by: UUID
    closed_by: UUID | None = None
    leaving_kind: str = ""
    reason_code: str = ""
    destination_id: UUID | None = None
    destination_text: str = ""


class Fold(NamedTuple):
    """What a stream comes to. An empty stream (all cancelled) has no enrolment."""

    enrolment: EnrolmentFacts | None
    placements: tuple[PlacementFacts, ...]
    state: LearnerState | None
    last: MovementFacts | None


EMPTY = Fold(None, (), None, None)


class ImpossibleSequence(RuleViolation):
    """A movement that may not follow what stands before it; facts name both."""

    def __init__(
        self, code: str, message: str, *, movement: MovementFacts, after: MovementFacts | None
    ) -> None:
        """Keep the movement that does not fit and the one before it."""
        super().__init__(f"enrolment.{code}", message, movement=movement.id, order=movement.order_id)
        self.movement = movement
        self.after = after


def fold(movements: Iterable[MovementFacts]) -> Fold:
    """Turn a stream into its periods; raise ``ImpossibleSequence`` at the first movement that does not fit.

    Movements may come in any order; cancelled ones must have been left out. A leaving movement takes effect
    on the first day on which the learner no longer counts (ADR 0004).
    """
    stream = sorted(movements, key=lambda m: (m.effective_on, m.id))
    if not stream:
        return EMPTY
    opening = stream[0]
    if opening.kind not in OPENING:
        raise _not_enrolled_yet(opening)
    current = _opened(opening)
    state: LearnerState | None = LearnerState.STUDYING
    done: list[PlacementFacts] = []
    closing: MovementFacts | None = None
    previous = opening
    for movement in stream[1:]:
        state = _next_state(state, movement, previous)
        previous = movement
        if state is None:
            closing = movement
            _close(done, current, movement.effective_on)
            continue
        changed = _changed(current, movement, state)
        if changed != current:
            _close(done, current, movement.effective_on)
            current = _resumed(done, changed._replace(starts_on=movement.effective_on))
    if closing is None:
        done.append(current)
    return Fold(_enrolment(opening, closing), tuple(_with_borders(done)), state, previous)


def _with_borders(parts: list[PlacementFacts]) -> Iterator[PlacementFacts]:
    """Say where a level begins and ends: parts of one enrolment follow each other without a break."""
    levels = [None, *(part.programme_kind_code for part in parts), None]
    for part, before, after in zip(parts, levels, levels[2:], strict=False):
        own = part.programme_kind_code
        yield part._replace(
            enters_level=before != own, leaves_level=part.ends_on is not None and after != own
        )


def _opened(movement: MovementFacts) -> PlacementFacts:
    return PlacementFacts(
        movement.effective_on, None, movement.group_id, movement.grade, movement.programme_id,
        movement.programme_kind_code, movement.adaptation_code, movement.study_form_code,
        movement.funding_code, LearnerState.STUDYING.value,
    )  # fmt: skip


def _changed(current: PlacementFacts, movement: MovementFacts, state: LearnerState) -> PlacementFacts:
    """Apply what the movement names. A new grade without a group leaves the learner without a class."""
    grade_changes = movement.grade is not None and movement.grade != current.grade
    group_id = movement.group_id or (None if grade_changes else current.group_id)
    if movement.programme_id is None:
        programme = (current.programme_id, current.programme_kind_code, current.adaptation_code)
    else:
        programme = (movement.programme_id, movement.programme_kind_code, movement.adaptation_code)
    return PlacementFacts(
        current.starts_on, None, group_id, current.grade if movement.grade is None else movement.grade,
        *programme, movement.study_form_code or current.study_form_code,
        movement.funding_code or current.funding_code, state.value,
    )  # fmt: skip


def _close(done: list[PlacementFacts], current: PlacementFacts, day: date) -> None:
    if current.starts_on < day:
        done.append(current._replace(ends_on=day))


def _resumed(done: list[PlacementFacts], current: PlacementFacts) -> PlacementFacts:
    """Moved away and back on one day: what had stood before goes on without a break."""
    if done and done[-1].ends_on == current.starts_on and done[-1][2:] == current[2:]:
        return done.pop()._replace(ends_on=None)
    return current


def _enrolment(opening: MovementFacts, closing: MovementFacts | None) -> EnrolmentFacts:
    level = opening.programme_kind_code
    facts = EnrolmentFacts(
        opening.effective_on, None, level in MAIN_GENERAL_PROGRAMMES, level, opening.order_id
    )
    if closing is None:
        return facts
    return facts._replace(
        ends_on=closing.effective_on,
        closed_by=closing.order_id,
        leaving_kind=closing.kind,
        reason_code=closing.reason_code,
        destination_id=closing.destination_id,
        destination_text=closing.destination_text,
    )


# -- refusals ------------------------------------------------------------------------------------


def _next_state(
    state: LearnerState | None, movement: MovementFacts, previous: MovementFacts
) -> LearnerState | None:
    if state is None:
        raise ImpossibleSequence(
            "left_already",
            f"К {movement.effective_on:%d.%m.%Y} ученик уже выбыл ({previous.effective_on:%d.%m.%Y}). "
            "Проверьте дату или сначала отмените приказ о выбытии.",
            movement=movement,
            after=previous,
        )
    kind = MovementKind(movement.kind)
    if kind not in TRANSITIONS[state]:
        code, message = _why_not(state, kind)
        raise ImpossibleSequence(code, message, movement=movement, after=previous)
    return TRANSITIONS[state][kind]


def _not_enrolled_yet(movement: MovementFacts) -> ImpossibleSequence:
    return ImpossibleSequence(
        "not_enrolled",
        f"На {movement.effective_on:%d.%m.%Y} ученик ещё не зачислен. "
        "Проверьте дату или сначала оформите приказ о зачислении.",
        movement=movement,
        after=None,
    )


def _why_not(state: LearnerState, kind: MovementKind) -> tuple[str, str]:
    if kind in OPENING:
        return (
            "opened_twice",
            "Ученик уже зачислен этим же обучением. Повторное зачисление не нужно.",
        )
    if state is LearnerState.ON_LEAVE:
        return (
            "on_leave",
            "Ученик в академическом отпуске. Сначала оформите приказ о выходе из отпуска.",
        )
    if state is LearnerState.CONDITIONAL:
        return (
            "debt_not_cleared",
            "Ученик переведён условно и не закрыл академическую задолженность (ст. 58 ч. 9 273-ФЗ). "
            "Сначала отметьте ликвидацию задолженности или оставьте его на повторное обучение.",
        )
    if kind is MovementKind.RETURN:
        return (
            "not_on_leave",
            "Ученик не в академическом отпуске, выходить не из чего. Уберите его из приказа.",
        )
    return (
        "no_debt",
        "У ученика нет условного перевода, ликвидировать нечего. Уберите его из приказа.",
    )
