"""The fold of orders as a table and as a property; the declaration holds together."""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kontingent.kernel.errors import InvalidValue, RuleViolation
from kontingent.stages import fields, rules
from kontingent.stages.fields import FIELDS, Stage
from kontingent.stages.rules import Gate, Said

LYSVA, PERM = UUID(int=1), UUID(int=2)
DAY = date(2026, 9, 1)
HEALTH = Stage.HEALTH


def said(
    opens: bool, where: UUID | None = LYSVA, day: date = DAY, at: int = 0, stage: Stage = HEALTH
) -> Said:
    return Said(stage, opens, where, day, datetime(2026, 8, 1, tzinfo=UTC) + timedelta(hours=at), "5-э", DAY)


@pytest.mark.parametrize(
    ("orders", "where", "day", "expected"),
    [
        ([], LYSVA, DAY, False),
        ([said(True)], LYSVA, DAY, True),
        ([said(True)], LYSVA, date(2026, 8, 31), False),
        ([said(True)], PERM, DAY, False),
        ([said(True, None)], PERM, DAY, True),
        ([said(True), said(False, day=date(2026, 10, 1))], LYSVA, date(2026, 9, 30), True),
        ([said(True), said(False, day=date(2026, 10, 1))], LYSVA, date(2026, 10, 1), False),
        ([said(True), said(False, at=1)], LYSVA, DAY, False),  # undone by another order of the same day
        ([said(False, at=1), said(True)], LYSVA, DAY, False),  # whatever the order of the list
        ([said(True, None), said(False, LYSVA, at=1)], LYSVA, DAY, False),
        ([said(True, None), said(False, LYSVA, at=1)], PERM, DAY, True),
        ([said(False, LYSVA), said(True, None, day=date(2026, 10, 1))], LYSVA, date(2026, 10, 1), True),
        ([said(True, stage=Stage.ACHIEVEMENTS)], LYSVA, DAY, False),
    ],
)  # fmt: skip
def test_the_last_word_counts(orders: list[Said], where: UUID, day: date, expected: bool) -> None:
    assert rules.is_open(orders, HEALTH, where, day) is expected


def test_the_first_stage_needs_no_order() -> None:
    assert rules.is_open([], Stage.PERSONAL, LYSVA, date(1999, 1, 1))


_ORDERS = st.lists(
    st.builds(
        said, st.booleans(), st.sampled_from([None, LYSVA, PERM]),
        st.dates(date(2026, 9, 1), date(2026, 9, 10)), st.integers(0, 5), st.sampled_from(list(Stage)),
    ),
    max_size=8,
)  # fmt: skip


@given(_ORDERS, st.sampled_from([LYSVA, PERM]), st.dates(date(2026, 8, 30), date(2026, 9, 12)))
def test_a_later_order_never_changes_an_earlier_day_and_a_neighbour_never_changes_ours(
    orders: list[Said], where: UUID, day: date
) -> None:
    other = PERM if where == LYSVA else LYSVA
    before = rules.is_open(orders, HEALTH, where, day)
    more = [*orders, said(not before, where, day + timedelta(days=1), 9), said(not before, other, day, 9)]
    assert rules.is_open(more, HEALTH, where, day) is before
    # of one day, the order recorded last has the word
    undone = [*orders, said(not before, where, day, 9)]
    assert rules.is_open(undone, HEALTH, where, day) is not before


def test_a_closed_field_is_refused_by_name() -> None:
    gate = Gate("Лысьвенский округ", frozenset({Stage.PERSONAL}))
    gate.require("name")
    with pytest.raises(RuleViolation) as refused:
        gate.require("health_group")
    assert refused.value.code == "stages.closed"
    assert "«Группа здоровья»" in refused.value.message
    assert "Лысьвенский округ" in refused.value.message
    assert {one.stage for one in gate.shown()} == {Stage.PERSONAL}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"number": " "}, "stages.no_number"),
        ({"dated": None}, "stages.order_date"),
        ({"dated": date(2026, 9, 3)}, "stages.order_date"),
        ({"starts_on": date(2026, 8, 31)}, "stages.before_order"),
        ({"stage": Stage.PERSONAL}, "stages.from_start"),
        ({"opens": False}, "stages.already"),
        ({"municipality_id": LYSVA}, "stages.already"),
    ],
)
def test_orders_that_say_nothing_or_say_it_wrongly(change: dict[str, object], code: str) -> None:
    word = dataclasses.replace(said(True, PERM), **change)  # type: ignore[arg-type]
    with pytest.raises((RuleViolation, InvalidValue)) as refused:
        rules.check_order([said(True, LYSVA)], word, today=date(2026, 9, 2))
    assert refused.value.code == code


def test_every_field_says_what_for_by_which_law_who_and_how_long() -> None:
    """What the bill of 2016 was refused for lacking."""
    for one in FIELDS.values():
        assert re.search("[а-я]", one.data), one.code
        assert re.search(r"\d+-ФЗ", one.purpose.basis), one.code
        assert one.retention.title, one.code
        assert one.enters, one.code
        assert one.sees, one.code
        assert one.subject_titles, one.code
    assert {one.stage for one in FIELDS.values()} == set(Stage)
    assert {one.code for one in FIELDS.values() if one.is_special} == {
        one.code for one in fields.of_stage(HEALTH)
    }


def test_a_faulty_declaration_is_refused() -> None:
    text = fields.PATH.read_text(encoding="utf-8")
    with pytest.raises(KeyError):
        fields.read(text.replace('purpose = "health_care"', 'purpose = "no_such"'))
    with pytest.raises(ValueError, match="no such subject"):
        fields.read(text.replace('subjects = ["child"]', 'subjects = ["neighbour"]'))
