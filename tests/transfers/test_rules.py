"""Terms, states and days of a transfer."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kontingent.kernel.errors import RuleViolation
from kontingent.trajectory.transfers import rules
from kontingent.trajectory.transfers.codes import Answer, Ground, State
from kontingent.trajectory.transfers.rules import Facts

HOLIDAYS = frozenset({"01-01", "11-04", "2027-01-11"})
DAYS = st.dates(date(2020, 1, 1), date(2035, 12, 31))


@pytest.mark.parametrize(
    ("start", "number", "due"),
    [
        (date(2026, 9, 7), 3, date(2026, 9, 10)),  # Monday: Tuesday to Thursday
        (date(2026, 9, 10), 3, date(2026, 9, 15)),  # Thursday: over a weekend
        (date(2026, 11, 3), 1, date(2026, 11, 5)),  # over the fourth of November
        (date(2027, 1, 8), 1, date(2027, 1, 12)),  # over a day moved in one year
        (date(2026, 9, 12), 1, date(2026, 9, 14)),  # Saturday
    ],
)
def test_a_term_of_working_days(start: date, number: int, due: date) -> None:
    assert rules.after_working_days(start, number, HOLIDAYS) == due


@given(DAYS, st.integers(1, 30))
def test_a_term_ends_on_a_working_day_and_counts_itself(start: date, number: int) -> None:
    due = rules.after_working_days(start, number, HOLIDAYS)
    assert rules.is_working(due, HOLIDAYS)
    assert rules.working_days_left(start, due, HOLIDAYS) == number
    assert rules.working_days_left(due, due, HOLIDAYS) == 0


@given(
    st.sampled_from(State), st.sampled_from([None, *Answer]), st.one_of(st.none(), DAYS), st.booleans(), DAYS
)
def test_nothing_but_a_stop_keeps_an_approved_transfer_from_its_end(
    state: State, answer: Answer | None, due: date | None, decided: bool, today: date
) -> None:
    ground = rules.ground_of(Facts(state, answer, due, decided), today)
    if state is not State.APPROVED:
        assert ground is None
    elif due is not None and today > due:
        assert ground is not None
    elif ground is Ground.TERM:
        pytest.fail("the term is not over")
    if answer is Answer.OBJECTED and ground is not None:
        assert ground in {Ground.TERM, Ground.DECISION}


@pytest.mark.parametrize("act", ["approve", "answer", "withdraw", "stop", "decide", "cancel"])
@pytest.mark.parametrize("state", list(State))
def test_which_act_in_which_state(act: str, state: State) -> None:
    may = {
        "approve": {State.REGISTERED}, "answer": {State.APPROVED}, "withdraw": {State.REGISTERED, State.APPROVED},
        "stop": {State.APPROVED}, "decide": {State.APPROVED}, "cancel": {State.COMPLETED},
    }[act]  # fmt: skip
    if state in may:
        rules.check_may(act, state)
    else:
        with pytest.raises(RuleViolation):
            rules.check_may(act, state)


@pytest.mark.parametrize(
    ("applied", "arrives", "code"),
    [
        (1, 1, "transfers.applied_later"), (0, -1, "transfers.arrives_earlier"), (-31, -31, "transfers.applied_long_ago"),
    ],
)  # fmt: skip
def test_days_that_make_no_sense(applied: int, arrives: int, code: str) -> None:
    today = date(2026, 9, 10)
    with pytest.raises(RuleViolation) as refused:
        rules.check_days(
            applied_on=today + timedelta(days=applied),
            arrives_on=today + timedelta(days=arrives),
            today=today,
            back=30,
        )
    assert refused.value.code == code


def test_days_that_do() -> None:
    today = date(2026, 9, 10)
    rules.check_days(applied_on=today, arrives_on=today + timedelta(days=20), today=today, back=30)
    rules.check_days(applied_on=date(2026, 8, 20), arrives_on=date(2026, 9, 1), today=today, back=30)


def test_the_reason_of_leaving() -> None:
    assert rules.reason_of(same_municipality=True, evening=False) == "T1"
    assert rules.reason_of(same_municipality=False, evening=False) == "T2"
    assert rules.reason_of(same_municipality=True, evening=True) == "T6"


@pytest.mark.parametrize("kind", ["41", "411", "412", "413"])
def test_a_transfer_does_not_lead_into_a_circle(kind: str) -> None:
    with pytest.raises(RuleViolation) as caught:
        rules.check_class(kind, "Шахматы")
    assert caught.value.code == "transfers.additional_class"
    assert "приказом о зачислении" in caught.value.message


@pytest.mark.parametrize("kind", ["11", "12", "13", "14", "15", "21", "212"])
def test_a_transfer_leads_into_classes_of_schools_kindergartens_and_colleges(kind: str) -> None:
    rules.check_class(kind, "5А")
