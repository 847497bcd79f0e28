"""The year turn-over of a whole school in one preview, with exceptions."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from kontingent.enrolment import actions as enrolment
from kontingent.enrolment.actions import Decision
from kontingent.enrolment.check import check
from kontingent.enrolment.codes import MovementKind, OrderKind
from kontingent.enrolment.models import Enrolment, Group, Order, Placement
from kontingent.kernel.errors import RuleViolation
from kontingent.kernel.school_year import SchoolYear
from tests import builders as b
from tests.enrolment.test_orders import everything

pytestmark = pytest.mark.django_db
YEAR = SchoolYear(2025)
NUMBERS = {
    OrderKind.PROMOTION: "1-п",
    OrderKind.CONDITIONAL_PROMOTION: "2-п",
    OrderKind.REPEAT: "3-п",
    OrderKind.GRADUATION: "4-в",
}


@pytest.fixture
def school() -> dict[str, Any]:
    at = b.school()
    found: dict[str, Any] = {"school": at}
    for number, (title, name) in enumerate(
        (
            ("4А", "Волков Иван Ильич"),
            ("4А", "Волков Пётр Ильич"),
            ("9А", "Волков Олег Ильич"),
            ("11А", "Волков Лев Ильич"),
            ("5Б", "Волков Ян Ильич"),
        )
    ):
        group = Group.objects.filter(organisation=at, title=title).first() or b.group(at, title)
        found[name.split()[1]] = b.admitted(b.person(name, born=date(2010, 1, 1 + number)), group)
    return found


def place(stream: Any) -> tuple[str | None, str]:
    now = Placement.objects.get(enrolment_id=stream, superseded_at__isnull=True, ends_on__isnull=True)
    return (now.group.title if now.group else None), now.state


def test_a_plan_names_everybody_and_writes_nothing(school: dict[str, Any]) -> None:
    before = everything()
    plan = enrolment.plan_turnover(actor=b.ROOT, organisation_id=school["school"].id, year=YEAR)
    assert sorted((line.person_name.split()[1], str(line.kind), line.to_title) for line in plan.lines) == [
        ("Иван", "promotion", "5А"),
        ("Лев", "graduation", ""),
        ("Олег", "graduation", ""),
        ("Пётр", "promotion", "5А"),
        ("Ян", "promotion", "6Б"),
    ]
    assert set(plan.missing_groups) == {"5А", "6Б"}
    assert everything() == before


def test_a_whole_school_moves_on_with_exceptions(school: dict[str, Any]) -> None:
    decisions = {
        school["Пётр"]: Decision(MovementKind.REPEAT),
        school["Ян"]: Decision(MovementKind.CONDITIONAL_PROMOTION, "6В"),
        school["Олег"]: Decision(MovementKind.PROMOTION, "10А"),
    }
    at = school["school"].id
    before = everything()
    previews = enrolment.sign_turnover(
        actor=b.ROOT,
        organisation_id=at,
        year=YEAR,
        decisions=decisions,
        numbers=NUMBERS,
        dated=date(2026, 8, 28),
        dry_run=True,
    )
    assert all(isinstance(p, enrolment.Preview) and p.may_be_signed for p in previews)
    assert everything() == before

    enrolment.sign_turnover(
        actor=b.ROOT,
        organisation_id=at,
        year=YEAR,
        decisions=decisions,
        numbers=NUMBERS,
        dated=date(2026, 8, 28),
    )
    assert place(school["Иван"]) == ("5А", "studying")
    assert place(school["Пётр"]) == ("4А", "repeating")
    assert place(school["Ян"]) == ("6В", "conditional")
    assert place(school["Олег"]) == ("10А", "studying")
    left = Enrolment.objects.get(enrolment_id=school["Лев"], superseded_at__isnull=True)
    assert (left.ends_on, left.reason_code) == (date(2026, 9, 1), "G2")
    assert (
        Placement.objects.get(
            enrolment_id=school["Иван"], ends_on__isnull=True, superseded_at__isnull=True
        ).programme_kind_code
        == "13"
    )
    assert Group.objects.get(title="10А").programme.kind_code == "14"
    assert sorted(Order.objects.filter(dated=date(2026, 8, 28)).values_list("number", flat=True)) == sorted(
        NUMBERS.values()
    )
    assert check().is_clean
    with pytest.raises(RuleViolation, match="Переводить некого"):
        enrolment.sign_turnover(
            actor=b.ROOT,
            organisation_id=at,
            year=YEAR,
            decisions={},
            numbers=NUMBERS,
            dated=date(2026, 8, 28),
        )


def test_a_missing_number_refuses_all_of_it(school: dict[str, Any]) -> None:
    before = everything()
    with pytest.raises(RuleViolation, match="номера"):
        enrolment.sign_turnover(
            actor=b.ROOT,
            organisation_id=school["school"].id,
            year=YEAR,
            decisions={},
            numbers={OrderKind.PROMOTION: "1"},
            dated=date(2026, 8, 28),
        )
    assert everything() == before
