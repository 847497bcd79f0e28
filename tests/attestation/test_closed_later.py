"""What was entered while stage three was open is shown to nobody once it is closed there, the ministry included."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest
from django.db import connection

from kontingent.achievements.attestation import queries
from kontingent.achievements.attestation.models import ExamResult
from kontingent.achievements.attestation.queries import By
from kontingent.achievements.attestation.queries.results import exams_of
from kontingent.achievements.portfolio import actions as portfolio
from kontingent.achievements.portfolio import queries as shown
from kontingent.achievements.portfolio.rules import Facts
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotFound
from kontingent.stages import queries as stages
from kontingent.stages.models import StageOrder
from kontingent.storage.scope import scoped
from tests import builders as b
from tests.attestation import town as t

pytestmark = pytest.mark.django_db
ON = date(2025, 5, 25)
FACTS = Facts("100", "Всероссийская олимпиада школьников", date(2025, 2, 3), "300", "winner", stage_code="regional", subject_code="s09")  # fmt: skip


def told(actor: Actor, town: t.Town) -> dict[str, object]:
    """Everything that is shown of Anna's exams."""
    with scoped(actor):
        _, columns, _ = queries.of_class(actor, town.nine.id, ON)
        return {
            "years": queries.years(actor),
            "by school": [row.title for row in queries.summary(actor, 2025, "oge", By.SCHOOL)],
            "learner": queries.of_learner(actor, town.anna).number,
            "class": columns,
            "graduation": dict(exams_of([town.anna])),
        }


def test_the_ministry_sees_results_only_where_the_stage_is_open_today() -> None:
    town = t.built()
    t.opened(town.seven)
    ministry = t.region()
    t.applied(ministry, t.sent(ministry, t.table(t.HEAD, [t.exam(town.anna), t.exam(town.stranger, "2")])))
    before = told(ministry, town)
    assert (before["learner"], before["class"]) == (1, ["oge:1"])
    assert before["by school"] == ["Школа № 5", "Школа № 7"]
    t.opened(town.five, close=True)
    assert told(ministry, town) == {
        "years": [(2025, "oge")], "by school": ["Школа № 7"], "learner": 0, "class": [], "graduation": {},
    }  # fmt: skip
    with scoped(ministry):
        assert queries.of_learner(ministry, town.stranger).number == 1, "where it stays open nothing changes"
    assert ExamResult.objects.count() == 2, "closing a stage destroys nothing"
    t.opened(town.five)
    assert told(ministry, town) == before


def test_a_portfolio_is_closed_with_its_stage_for_the_ministry_too() -> None:
    town = t.built()
    t.opened(town.seven)
    ministry, head = t.region("achievement.view"), t.worker("head", town.five)
    with scoped(head):
        (one,) = portfolio.enter(
            actor=head, organisation_id=town.five.id, person_ids=[town.anna], facts=FACTS, verified=False
        )
    with scoped(ministry):
        assert shown.portfolio(ministry, town.anna).accepted == [one]
        assert shown.attained(ministry, 2024).total == 1
    t.opened(town.five, close=True)
    with scoped(ministry):
        assert shown.portfolio(ministry, town.anna).accepted == []
        assert shown.attained(ministry, 2024).total == 0
        with pytest.raises(NotFound):
            shown.one(ministry, one.pk)


@pytest.mark.parametrize("seed", range(6))
def test_pages_and_policies_say_the_same_of_any_orders(seed: int) -> None:
    rng, today = random.Random(seed), clock.today()
    schools = [b.school(f"Школа {n}", where=b.municipality(f"m{n}", f"Округ {n}")) for n in range(4)]
    for n in range(rng.randint(0, 6)):
        StageOrder.objects.create(
            stage=rng.choice(["2", "3", "3"]), opens=rng.random() < 0.6, municipality_id=rng.choice([None, *(one.municipality_id for one in schools)]),
            starts_on=today + timedelta(rng.randint(-3, 1)), number=str(n), dated=today, recorded_at=clock.now(), recorded_by="Проверка",
        )  # fmt: skip
    gates = {one.pk for one in schools if stages.gate_of(one.pk).allows("exam")}
    with connection.cursor() as cursor:
        cursor.execute("SELECT unnest(scope.attestation_places())")
        assert {row[0] for row in cursor.fetchall()} & {one.pk for one in schools} == gates
    for place in schools:
        person = b.person("Иванов Иван", born=date(2009, 1, 1))
        ExamResult.objects.create(
            person_id=person, organisation=place, year=2025, form="oge", subject_code="1", stage_code="main", held_on=t.DAY, mark=4,
            status_code="valid", recorded_at=clock.now(), recorded_by="Проверка",
        )  # fmt: skip
    found = ExamResult.objects.filter(stages.where_open("exam")).values_list("organisation_id", flat=True)
    assert set(found) == gates
