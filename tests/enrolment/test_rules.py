"""Rules of the log and of lines, pure: what may follow what, what a line must say."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kontingent.enrolment.codes import CLOSING, OPENING, LearnerState, MovementKind, OrderKind
from kontingent.enrolment.rules import (
    LINES_OF_ORDER,
    TRANSITIONS,
    GroupFacts,
    LineFacts,
    MovementFacts,
    OtherEnrolment,
    PersonFacts,
    PlacementFacts,
    Severity,
    examine,
    fold,
    turnover,
)
from kontingent.enrolment.rules.log import ImpossibleSequence

ORDER, SCHOOL = uuid4(), uuid4()
FIVE_A, FIVE_B = uuid4(), uuid4()
SEPTEMBER = date(2025, 9, 1)


def move(number: int, kind: str, day: date, **facts: Any) -> MovementFacts:
    return MovementFacts(number, kind, day, ORDER, **facts)


def admission(day: date = SEPTEMBER) -> MovementFacts:
    return move(
        1,
        "admission",
        day,
        group_id=FIVE_A,
        grade=5,
        programme_id=uuid4(),
        programme_kind_code="13",
        study_form_code="11",
    )


# -- the fold ------------------------------------------------------------------------------------


def test_an_empty_log_is_no_enrolment() -> None:
    assert fold([]).enrolment is None


def test_a_year_in_the_life_of_a_pupil() -> None:
    folded = fold(
        [
            admission(),
            move(2, "placement", date(2025, 11, 1), group_id=FIVE_B),
            move(3, "promotion", date(2026, 9, 1), grade=6),
            move(4, "transfer_out", date(2026, 10, 14), reason_code="T3"),
        ]
    )
    assert folded.enrolment is not None
    assert (folded.enrolment.starts_on, folded.enrolment.ends_on, folded.enrolment.is_main) == (
        SEPTEMBER,
        date(2026, 10, 14),
        True,
    )
    assert [(p.starts_on, p.ends_on, p.group_id, p.grade) for p in folded.placements] == [
        (SEPTEMBER, date(2025, 11, 1), FIVE_A, 5),
        (date(2025, 11, 1), date(2026, 9, 1), FIVE_B, 5),
        (date(2026, 9, 1), date(2026, 10, 14), None, 6),
    ]
    assert folded.state is None


def test_leaving_on_the_day_of_admission_leaves_no_placement() -> None:
    folded = fold([admission(), move(2, "expulsion", SEPTEMBER, reason_code="C1")])
    assert folded.placements == ()
    assert folded.enrolment is not None
    assert folded.enrolment.ends_on == SEPTEMBER


def test_a_level_begins_and_ends_within_an_enrolment() -> None:
    upwards = {"programme_id": uuid4(), "programme_kind_code": "14", "study_form_code": "11"}
    folded = fold(
        [
            admission(),
            move(2, "promotion", date(2026, 9, 1), grade=6),
            move(3, "placement", date(2027, 9, 1), group_id=FIVE_B, **upwards),
            move(4, "promotion", date(2028, 9, 1), grade=11),
        ]
    )
    assert [(p.programme_kind_code, p.enters_level, p.leaves_level) for p in folded.placements] == [
        ("13", True, False),
        ("13", False, True),
        ("14", True, False),
        ("14", False, False),
    ]


@given(st.lists(st.sampled_from(["", "12", "13"]), max_size=8), st.booleans())
def test_the_borders_of_levels_are_where_the_level_changes(levels: list[str], left: bool) -> None:
    moves = [
        move(2 + n, "placement", SEPTEMBER + timedelta(days=1 + n), group_id=uuid4(),
             **({"programme_id": uuid4(), "programme_kind_code": level} if level else {}))
        for n, level in enumerate(levels)
    ]  # fmt: skip
    if left:
        moves.append(move(99, "transfer_out", SEPTEMBER + timedelta(days=50), reason_code="T3"))
    parts = fold([admission(), *moves]).placements
    entered = [p for p in parts if p.enters_level]
    last = [p for n, p in enumerate(parts) if n + 1 == len(parts) or parts[n + 1].enters_level]
    assert entered[0] == parts[0]
    assert all(a.programme_kind_code != b.programme_kind_code for a, b in pairwise(entered))
    assert len(entered) == 1 + sum(a.programme_kind_code != b.programme_kind_code for a, b in pairwise(parts))
    assert [p for p in parts if p.leaves_level] == [p for p in last if p.ends_on is not None]


def test_what_changes_nothing_makes_no_new_placement() -> None:
    assert len(fold([admission(), move(2, "name_change", date(2025, 10, 1))]).placements) == 1


@pytest.mark.parametrize("state", list(LearnerState))
@pytest.mark.parametrize("kind", list(MovementKind))
def test_every_state_with_every_movement(state: LearnerState, kind: MovementKind) -> None:
    into = {
        LearnerState.STUDYING: [], LearnerState.CONDITIONAL: [move(2, "conditional_promotion", date(2025, 9, 2), grade=6)],
        LearnerState.REPEATING: [move(2, "repeat", date(2025, 9, 2))], LearnerState.ON_LEAVE: [move(2, "academic_leave", date(2025, 9, 2))],
    }[state]  # fmt: skip
    stream = [admission(), *into, move(3, kind, date(2025, 10, 1))]
    if kind not in TRANSITIONS[state]:
        with pytest.raises(ImpossibleSequence) as caught:
            fold(stream)
        assert caught.value.message.endswith(".")
        return
    folded = fold(stream)
    assert folded.state is TRANSITIONS[state][kind]
    assert (folded.enrolment is not None and folded.enrolment.ends_on is not None) == (kind in CLOSING)


@pytest.mark.parametrize("kind", sorted(set(MovementKind) - OPENING))
def test_nothing_but_an_opening_comes_first(kind: MovementKind) -> None:
    with pytest.raises(ImpossibleSequence, match="ещё не зачислен"):
        fold([move(1, kind, SEPTEMBER)])


@pytest.mark.parametrize("kind", sorted(MovementKind))
def test_nothing_follows_a_leaving(kind: MovementKind) -> None:
    with pytest.raises(ImpossibleSequence, match="уже выбыл"):
        fold([admission(), move(2, "expulsion", date(2025, 10, 1)), move(3, kind, date(2025, 10, 2))])


KINDS = st.sampled_from(sorted(set(MovementKind) - OPENING))


def test_moved_away_and_back_on_one_day_leaves_no_seam() -> None:
    day = SEPTEMBER + timedelta(days=1)
    away, back = (
        move(n, MovementKind.CLASS_FORMATION, day, group_id=g) for n, g in ((2, FIVE_B), (3, FIVE_A))
    )
    (placement,) = fold([admission(), away, back]).placements
    assert (placement.starts_on, placement.ends_on, placement.group_id) == (SEPTEMBER, None, FIVE_A)


@given(
    st.lists(
        st.tuples(
            KINDS, st.integers(0, 400), st.sampled_from([FIVE_A, FIVE_B, None]), st.sampled_from([None, 5, 6])
        ),
        max_size=8,
    ),
    st.randoms(),
)
def test_placements_fill_the_enrolment_without_gap_or_overlap(
    moves: list[tuple[str, int, UUID | None, int | None]], shuffler: Any
) -> None:
    stream = [
        admission(),
        *(
            move(n, kind, SEPTEMBER + timedelta(days=d), group_id=g, grade=grade)
            for n, (kind, d, g, grade) in enumerate(moves, 2)
        ),
    ]
    shuffled = list(stream)
    shuffler.shuffle(shuffled)
    try:
        folded = fold(stream)
    except ImpossibleSequence:
        with pytest.raises(ImpossibleSequence):
            fold(shuffled)
        return
    assert fold(shuffled) == folded
    assert folded.enrolment is not None
    edges = [folded.enrolment.starts_on]
    for placement in folded.placements:
        assert placement.starts_on == edges[-1]
        assert placement.ends_on is None or placement.ends_on > placement.starts_on
        edges.append(placement.ends_on or date.max)
    if folded.placements:
        assert folded.placements[-1].ends_on == folded.enrolment.ends_on
    for one, after in zip(folded.placements, folded.placements[1:], strict=False):
        assert one[2:] != after[2:]


# -- lines ---------------------------------------------------------------------------------------


def group(**changes: Any) -> GroupFacts:
    facts: dict[str, Any] = {
        "id": FIVE_A,
        "title": "5А",
        "organisation_id": SCHOOL,
        "school_year": 2025,
        "grade": 5,
        "programme_kind_code": "13",
        "closed_on": None,
        "capacity": 30,
        "size": 20,
    }
    return GroupFacts(**(facts | changes))


def before(**changes: Any) -> PlacementFacts:
    facts: dict[str, Any] = {
        "starts_on": SEPTEMBER,
        "ends_on": None,
        "group_id": FIVE_A,
        "grade": 5,
        "programme_id": None,
        "programme_kind_code": "13",
        "adaptation_code": "1",
        "study_form_code": "11",
        "funding_code": "",
        "state": "studying",
    }
    return PlacementFacts(**(facts | changes))


def line(kind: str, **changes: Any) -> LineFacts:
    facts: dict[str, Any] = {
        "order_kind": kind if kind in set(OrderKind) else "conditional_promotion", "organisation_id": SCHOOL, "dated": SEPTEMBER,
        "kind": kind, "effective_on": SEPTEMBER, "person": PersonFacts("Мальцева Анна", date(2014, 5, 20)),
    }  # fmt: skip
    return LineFacts(**(facts | changes))


CASES: list[tuple[LineFacts, set[str]]] = [
    (line("admission", group=group(), group_wanted=True), set()),
    (line("admission", group=None, group_wanted=True, programme_kind_code="13", grade=5), {"group_unknown"}),
    (line("admission"), {"programme_missing"}),
    (line("admission", programme_kind_code="13"), {"grade_missing"}),
    (line("admission", programme_kind_code="411"), set()),
    (line("admission", group=group(organisation_id=uuid4())), {"group_foreign"}),
    (line("admission", group=group(school_year=2024)), {"group_of_other_year"}),
    (line("admission", group=group(closed_on=SEPTEMBER)), {"group_closed"}),
    (line("admission", group=group(size=30)), {"group_full?"}),
    (line("admission", group=group(), person=PersonFacts("А", None)), {"birth_date_unknown"}),
    (line("admission", group=group(), person=PersonFacts("А", date(2026, 1, 1))), {"before_birth"}),
    (line("admission", group=group(), person=PersonFacts("А", date(2014, 1, 1), date(2025, 1, 1))), {"after_death"}),
    (line("admission", group=group(), dated=date(2025, 12, 1)), {"back_dated?"}),
    (line("admission", group=group(), order_kind="expulsion"), {"kind_unfit"}),
    (line("admission", group=group(), others=[OtherEnrolment("Школа № 7", date(2024, 9, 1), None)]), {"already_enrolled"}),
    (line("admission", group=group(), others=[OtherEnrolment("Школа № 7", date(2024, 9, 1), SEPTEMBER)]), set()),
    (line("admission", group=group(grade=1, programme_kind_code="12"), person=PersonFacts("А", date(2019, 5, 1))), {"too_young?"}),
    (line("admission", group=group(grade=1, programme_kind_code="12"), person=PersonFacts("А", date(2017, 5, 1))), {"too_old?"}),
    (line("admission", group=group(grade=1, programme_kind_code="12"), person=PersonFacts("А", date(2018, 9, 1))), set()),
    (line("promotion", before=before(), group=group(grade=6)), set()),
    (line("promotion", before=before(), group=group(grade=7)), {"grade_jump"}),
    (line("promotion", before=before(), group=group(grade=5)), {"grade_jump"}),
    (line("promotion", before=before()), {"grade_missing"}),
    (line("promotion", before=before(programme_kind_code="11", grade=None)), {"group_missing"}),
    (line("repeat", before=before(), group=group()), set()),
    (line("repeat", before=before(), group=group(grade=6)), {"repeat_other_grade"}),
    (line("repeat", before=before(state="conditional", grade=6), group=group(grade=5)), set()),
    (line("placement", before=before(), group=group(id=FIVE_B, title="5Б")), set()),
    (line("placement", before=before(), group=group()), {"same_group"}),
    (line("placement", before=before()), {"group_missing"}),
    (line("placement", before=before(), group=group(id=FIVE_B, grade=6)), {"placement_other_grade"}),
    (line("placement", before=before(), group=group(id=FIVE_B, programme_kind_code="411", grade=None)), {"main_to_additional"}),
    (line("class_formation", before=before(grade=None), group=group(programme_kind_code="41")), {"main_to_additional"}),
    (line("study_form", before=before(), programme_kind_code="413"), {"main_to_additional"}),
    (line("promotion", before=before(programme_kind_code="411", grade=None), group=group(id=FIVE_B)), {"additional_to_main"}),
    (line("placement", before=before(programme_kind_code="11", grade=None), group=group(id=FIVE_B, programme_kind_code="41", grade=None)), {"main_to_additional"}),
    (line("placement", before=before(programme_kind_code="212", grade=1), group=group(id=FIVE_B, programme_kind_code="412", grade=None)), {"main_to_additional"}),
    (line("placement", before=before(programme_kind_code="41", grade=None), group=group(id=FIVE_B, programme_kind_code="411", grade=None)), set()),
    (line("placement", before=before(), group=group(id=FIVE_B), programme_kind_code="411"), {"main_to_additional"}),
    (line("expulsion", before=before(programme_kind_code="411"), reason_code="E1"), set()),
    (line("academic_leave", before=before()), {"leave_only_vocational"}),
    (line("academic_leave", before=before(programme_kind_code="212")), set()),
    (line("transfer_out", before=before()), {"reason_missing"}),
    (line("transfer_out", before=before(), reason_code="E1"), {"reason_unfit"}),
    (line("transfer_out", before=before(), reason_code="T1"), {"destination_missing"}),
    (line("transfer_out", before=before(), reason_code="T1", destination_text="школа № 7"), set()),
    (line("transfer_out", before=before(), reason_code="T1", destination_id=SCHOOL), {"destination_is_here"}),
    (line("transfer_out", before=before(), reason_code="T3"), {"place_missing"}),
    (line("expulsion", before=before(), reason_code="T7"), set()),
    (line("graduation", before=before(grade=9), reason_code="G1"), set()),
    (line("graduation", before=before(grade=8), reason_code="G1"), {"grade_does_not_graduate"}),
    (line("graduation", before=before(grade=11, programme_kind_code="14"), reason_code="G2"), set()),
    (line("graduation", before=before(), reason_code="G3"), {"not_preschool"}),
    (line("graduation", before=before(programme_kind_code="11", grade=None), reason_code="G1"), {"preschool_graduation"}),
]  # fmt: skip


@pytest.mark.parametrize(("facts", "codes"), CASES)
def test_a_line_is_examined(facts: LineFacts, codes: set[str]) -> None:
    found = {
        f.code.removeprefix("enrolment.") + ("?" if f.severity is Severity.WARNING else "")
        for f in examine(facts)
    }
    assert found == codes
    assert all(f.message.endswith(".") for f in examine(facts))


def test_every_movement_belongs_to_some_order() -> None:
    assert set(MovementKind) == set().union(*LINES_OF_ORDER.values())
    assert set(LINES_OF_ORDER) == set(OrderKind)


@pytest.mark.parametrize(
    ("facts", "proposal"),
    [
        ({"grade": 1, "programme_kind_code": "12"}, ("promotion", "")), ({"grade": 4, "programme_kind_code": "12"}, ("promotion", "")),
        ({"grade": 9}, ("graduation", "G1")), ({"grade": 9, "stays_after_9": True}, ("promotion", "")), ({"grade": 11}, ("graduation", "G2")),
        ({"grade": 6, "state": "conditional"}, ("repeat", "")), ({"grade": 2, "state": "on_leave"}, None), ({"grade": None}, None),
        ({"grade": None, "programme_kind_code": "11", "age_on_first_of_september": 7}, ("graduation", "G3")),
        ({"grade": None, "programme_kind_code": "11", "age_on_first_of_september": 6}, None),
    ],
)  # fmt: skip
def test_the_turn_over_proposes(facts: dict[str, Any], proposal: tuple[str, str] | None) -> None:
    usual: dict[str, Any] = {
        "grade": 5,
        "programme_kind_code": "13",
        "state": "studying",
        "age_on_first_of_september": 11,
    }
    found = turnover.propose(**(usual | facts))
    assert (None if found is None else tuple(found)) == proposal
