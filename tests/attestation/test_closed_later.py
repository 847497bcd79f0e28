"""What was entered while stage three was open is shown to nobody once it is closed there, the ministry included."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection

from kontingent.achievements.attestation import actions, queries
from kontingent.achievements.attestation.models import EducationDocument, ExamResult
from kontingent.achievements.attestation.queries import By
from kontingent.achievements.attestation.queries.documents import of_learner as documents_of
from kontingent.achievements.attestation.queries.graduation import brought_of, issued_to
from kontingent.achievements.attestation.queries.results import exams_of
from kontingent.achievements.portfolio import actions as portfolio
from kontingent.achievements.portfolio import queries as shown
from kontingent.achievements.portfolio.models import Achievement
from kontingent.achievements.portfolio.rules import Facts
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotFound, RuleViolation
from kontingent.kernel.scope import Scope
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


def papers(actor: Actor, town: t.Town) -> dict[str, object]:
    """Everything that is shown of the documents of Anna and her class."""

    def shown(what: Any) -> object:
        try:
            found = what()
        except RuleViolation as refusal:
            return refusal.code
        return len(found) if isinstance(found, list | dict) else True

    class_, school = town.nine.id, town.five.id
    (issued,) = set(EducationDocument.objects.values_list("document_id", flat=True))
    with scoped(actor):
        return {
            "learner": shown(lambda: documents_of(actor, town.anna)),
            "years": shown(lambda: queries.years_of(actor, school)),
            "book": shown(lambda: queries.book(actor, school, year=2025)),
            "card": shown(lambda: queries.document(actor, issued)),
            "class": shown(lambda: queries.graduation(actor, class_)),
            "marks": shown(lambda: queries.mark_sheet(actor, class_)),
            "issued": shown(lambda: issued_to([town.anna])),
            "brought": shown(lambda: brought_of([town.oleg])),
        }


def test_documents_and_what_they_are_made_of_are_closed_with_their_stage_for_the_ministry_too() -> None:
    town = t.built()
    t.opened(town.seven)
    t.graduated(town)
    ministry, head = t.region(), t.worker("head", town.five)
    with scoped(head):
        actions.issue(actor=head, group_id=town.nine.id, person_ids=[town.anna], how=t.how())
        actions.bring_course(
            actor=head, group_id=town.nine.id, person_id=town.oleg, title="Черчение", value="зач",
            basis=actions.Basis(source_code="elective", document="Приказ № 1"),
        )  # fmt: skip
    open_ = {
        "learner": 1,
        "years": 1,
        "book": 1,
        "card": True,
        "class": True,
        "marks": True,
        "issued": 1,
        "brought": 1,
    }
    assert papers(ministry, town) == papers(head, town) == open_
    t.opened(town.five, close=True)
    closed = "stages.closed"
    assert papers(ministry, town) == {
        "learner": 0, "years": 0, "book": closed, "card": closed, "class": closed, "marks": closed, "issued": 0, "brought": 0,
    }  # fmt: skip
    parent = Actor("test:parent", "Мать", "Представитель", frozenset({"access.family"}), Scope(persons=frozenset({town.anna})))  # fmt: skip
    with scoped(parent):
        assert queries.own_documents(parent, town.anna) == [], "the stage is open elsewhere, not there"
    t.opened(town.five)
    assert papers(ministry, town) == papers(head, town) == open_
    with scoped(parent):
        assert len(queries.own_documents(parent, town.anna)) == 1


def test_proposals_and_rows_of_files_are_closed_with_their_stage_too() -> None:
    town = t.built()
    t.opened(town.seven)
    ministry = t.region("achievement.view", "achievement.edit")
    rows = [t.exam(town.anna), t.exam(town.stranger, "2"), t.exam(town.anna, "99")]
    delivery = t.applied(ministry, t.sent(ministry, t.table(t.HEAD, rows)))
    Achievement.objects.create(
        person_id=town.anna, organisation=town.five, title_key="робофест", state="proposed", by_family=True, entered_at=clock.now(),
        entered_by_name="Мать", **FACTS._asdict(),
    )  # fmt: skip

    def seen() -> tuple[int, int, list[tuple[int, str]]]:
        with scoped(ministry):
            told = queries.FILES.rows(ministry, delivery)
            return (
                len(shown.inbox(ministry)),
                shown.waiting(ministry),
                [(row.line, row.outcome) for row in told],
            )

    before = seen()
    assert before == (1, 1, [(2, "create"), (3, "create"), (4, "unread")])
    t.opened(town.five, close=True)
    assert seen() == (0, 0, [(3, "create"), (4, "unread")]), (
        "what is wrong with a line its sender is told still"
    )
    t.opened(town.five)
    assert seen() == before


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
