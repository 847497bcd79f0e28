"""Numbers kept each night equal a plain look at each child; plan, league, trend and reminders go by them."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kontingent.achievements.attestation.models import EducationDocument, ExamResult, SupplementLine
from kontingent.audit.models import Entry
from kontingent.enrolment.models import Placement
from kontingent.health.models import HealthRecord
from kontingent.kernel import clock
from kontingent.kernel.errors import InvalidValue, NotAllowed, RuleViolation
from kontingent.organisations.models import Organisation
from kontingent.persons.models import Address, IdentityDocument, Person, Representation
from kontingent.reports.completeness import REQUIRED, by_organisation
from kontingent.rollout import actions, jobs, queries
from kontingent.rollout.codes import State
from kontingent.rollout.models import CompletenessCount, PlanLine
from kontingent.stages.fields import Stage
from kontingent.stages.models import StageOrder
from kontingent.storage.scope import scoped
from tests import builders as b
from tests.reports.test_completeness import DAY, region

__all__ = ["region"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def whole(region: dict[str, Any]) -> dict[str, Any]:
    """The region of ``test_completeness``, with documents, terms, exams and open stages of every kind of fault."""
    rng = random.Random(5)
    now = clock.now()
    for stage in ("2", "3"):
        StageOrder.objects.create(
            stage=stage, opens=True, municipality=region["schools"][0].municipality, starts_on=date(2025, 9, 1), number="1",
            dated=date(2025, 8, 1), recorded_at=now, recorded_by="Проверка",
        )  # fmt: skip
    for school in region["schools"]:
        for who in region["people"][school.id]:
            person = Person.objects.get(pk=who)
            person.birth_place = rng.choice(["г. Пермь", "-", "", "нет"])
            person.updated_at = rng.choice([person.updated_at, person.updated_at.replace(year=2021)])
            person.save(update_fields=["birth_place", "updated_at"])
            IdentityDocument.objects.filter(person=person).update(
                issued_on=rng.choice([None, date(2020, 1, 1)]), issuer=rng.choice(["", "УМВД"]),
                valid_to=rng.choice([None, DAY - timedelta(1), DAY]), kind_code=rng.choice(["11", "12"]),
            )  # fmt: skip
            Address.objects.filter(person=person).update(
                starts_on=rng.choice([None, date(2021, 1, 1), date(2024, 1, 1)]),
                text=rng.choice(["Лысьва", "–"]),
            )
            Representation.objects.filter(child=person).update(
                rights_limited=rng.random() < 0.3, document_kind_code=rng.choice(["", "1"])
            )
            HealthRecord.objects.filter(person=person, kind="health_group").update(
                starts_on=rng.choice([date(2024, 9, 1), date(2025, 9, 1)]), sealed=rng.choice([None, b"x"])
            )
            if rng.random() < 0.6:
                Placement.objects.filter(person=person).update(programme_kind_code="14")
            _attested(rng, who, school)
    return region


def _attested(rng: random.Random, who: UUID, school: Organisation) -> None:
    now = clock.now()
    for subject in rng.sample(["1", "2", "3", "51"], rng.randint(0, 4)):
        ExamResult.objects.create(
            person_id=who, organisation=school, year=2025, form=rng.choice(["oge", "gve9", "ege"]), stage_code="main",
            subject_code=subject, held_on=date(2025, 6, 1), status_code=rng.choice(["valid", "valid", "annulled"]),
            delivery_id=rng.choice([None, uuid4()]), recorded_at=now, recorded_by="Проверка",
        )  # fmt: skip
    if rng.random() < 0.6:
        made = EducationDocument.objects.create(
            document_id=uuid4(), person_id=who, organisation=school, kind_code=rng.choice(["12", "12", "41"]),
            state_code=rng.choice(["active", "lost", "annulled"]), number=str(rng.randint(0, 10**13)), registration_number=str(rng.randint(0, 10**13)),
            issued_on=date(2025, 6, 20), graduated_in=2025, family_name="А", given_name="Б", birth_date=date(2009, 1, 1), sex="1",
            recorded_at=now, recorded_by="Проверка",
        )  # fmt: skip
        if rng.random() < 0.5:
            SupplementLine.objects.create(
                document_id=made.document_id, organisation=school, person_id=who, position=1, subject_title="Химия", value="5",
            )  # fmt: skip


Told = tuple[bool, bool | None, bool | None, bool | None]


def plainly(who: UUID) -> dict[str, Told]:
    """Look at one child: of each field that is asked of it whether it is filled, valid, confirmed, fresh."""
    one = Person.objects.get(pk=who)
    found: dict[str, Told] = {}
    born = one.birth_date
    assert born is not None
    found["snils"] = (bool(one.snils), bool(one.snils), None, None)
    found["birth_place"] = (
        bool(one.birth_place),
        len([c for c in one.birth_place if c.isalpha()]) > 2,
        None,
        None,
    )
    papers = list(IdentityDocument.objects.filter(person=one))
    in_force = [p for p in papers if p.is_current and (p.valid_to is None or p.valid_to >= DAY)]
    # who was born on 3 July 2011 has had 90 days for a passport since the fourteenth birthday
    needs_passport = born <= date(2011, 7, 3)
    found["document"] = (
        bool(papers), bool(in_force) and (not needs_passport or any(p.kind_code == "12" for p in papers if p.is_current)),
        any(p.is_current and p.issued_on and p.issuer for p in papers), None,
    )  # fmt: skip
    address = list(Address.objects.filter(person=one, ends_on=None))
    found["address"] = (
        bool(address), any(a.text == "Лысьва" for a in address), None,
        any((a.starts_on or date.min) > date(2022, 10, 1) or one.updated_at.year > 2021 for a in address),
    )  # fmt: skip
    links = list(Representation.objects.filter(child=one, ends_on=None))
    adult = born <= date(2007, 10, 1)
    found["representative"] = (
        adult or bool(links), adult or any(not r.rights_limited for r in links), adult or any(r.document_kind_code for r in links), None,
    )  # fmt: skip
    for kind in ("health_group", "physical_group"):
        held = [
            r for r in HealthRecord.objects.filter(person=one, kind=kind)
            if r.starts_on <= DAY and (r.ends_on is None or r.ends_on > DAY)
        ]  # fmt: skip
        found[kind] = (
            bool(held),
            None,
            any(r.sealed for r in held),
            any(r.starts_on > date(2024, 10, 1) for r in held),
        )
    if Placement.objects.get(person=one).programme_kind_code == "14":
        taken = [
            r
            for r in ExamResult.objects.filter(person=one, form__in=("oge", "gve9"))
            if r.status_code != "annulled"
        ]
        both = {r.subject_code for r in taken} & {"1", "51"} and {r.subject_code for r in taken} & {"2", "52"}
        found["exam"] = (bool(both), None, None, None)
        given = [
            d
            for d in EducationDocument.objects.filter(person=one, kind_code="12")
            if d.state_code != "annulled"
        ]
        found["education_document"] = (bool(given), any(d.state_code == "active" for d in given), None, None)
        lines = any(SupplementLine.objects.filter(document_id=d.document_id).exists() for d in given)
        found["final_mark"] = (lines, None, None, None)
    return found


def plain_counts(people: list[UUID], stage: Stage) -> dict[str, list[int | None]]:
    codes = {one.code for one in REQUIRED[stage]}
    sums: dict[str, list[int | None]] = {}
    for who in people:
        for code, (filled, *others) in plainly(who).items():
            if code not in codes:
                continue
            row = sums.setdefault(code, [0, 0, *(None if one is None else 0 for one in others)])
            for index, holds in enumerate(
                (True, filled, *(filled and one if one is not None else None for one in others))
            ):
                if holds is not None:
                    row[index] = (row[index] or 0) + holds
    return sums


@pytest.mark.parametrize("stage", list(Stage))
def test_the_numbers_of_a_night_are_a_plain_count(whole: dict[str, Any], stage: Stage) -> None:
    jobs.count(DAY)
    seen = 0
    for school in whole["schools"]:
        kept = {
            one.field: [one.required, one.filled, one.valid, one.confirmed, one.fresh]
            for one in CompletenessCount.objects.filter(organisation=school, on=DAY, stage=stage)
        }
        if stage is not Stage.PERSONAL and school.municipality_id == whole["lysva"].id:
            assert kept == {}, "nothing is counted where the stage is not open"
            continue
        assert kept == plain_counts(whole["people"][school.id], stage), school
        seen += len(kept)
    assert seen >= len(REQUIRED[stage])
    if stage is not Stage.ACHIEVEMENTS:
        with scoped(b.ROOT):
            live = {one.id: one.filled for one in by_organisation(b.ROOT, stage, DAY) if one.is_open}
        for school_id, filled in live.items():
            rows = CompletenessCount.objects.filter(organisation_id=school_id, stage=stage)
            assert filled == tuple(rows.get(field=one.code).filled for one in REQUIRED[stage])


def test_a_night_counted_again_takes_the_place_of_the_first_and_old_ones_are_thinned(
    whole: dict[str, Any],
) -> None:
    first = jobs.count(DAY)
    assert jobs.count(DAY) == first == CompletenessCount.objects.count()
    later = DAY + timedelta(200)
    for days in range(1, 120):
        CompletenessCount.objects.create(
            on=DAY + timedelta(days),
            organisation=whole["schools"][0],
            stage="1",
            field="snils",
            required=1,
            filled=1,
        )
    jobs.count(later)
    left = sorted(CompletenessCount.objects.values_list("on", flat=True).distinct())
    assert left == [day for n in range(201) if (day := DAY + timedelta(n)) in left]
    assert all(day.weekday() == 0 for day in left if day <= later - timedelta(92))
    assert Counter((later - day).days < 92 for day in left)[True] >= 12


# -- the plan ------------------------------------------------------------------------------------


def ministry(*more: str) -> Any:
    from kontingent.kernel.actor import Actor
    from kontingent.kernel.scope import Scope

    return Actor(
        "t", "Министерство", "Проверка", frozenset({"stage.view", "stage.manage", "enrolment.count", *more}), Scope.region()
    )  # fmt: skip


def test_a_plan_is_set_changed_and_withdrawn_with_its_history(whole: dict[str, Any]) -> None:
    actor, due = ministry(), clock.today() + timedelta(30)
    place = whole["lysva"].id
    with scoped(actor):
        actions.set_plan(
            actor=actor, stage="1", municipality_id=None, due_on=due, target=95, basis="Приказ № 1"
        )
        actions.set_plan(
            actor=actor, stage="1", municipality_id=place, due_on=due, target=80, basis="Приказ № 2"
        )
        assert {(one.municipality_id, one.target) for one in queries.plan()} == {(None, 95), (place, 80)}
        actions.set_plan(
            actor=actor, stage="1", municipality_id=place, due_on=due, target=85, basis="Приказ № 3"
        )
        actions.withdraw_plan(actor=actor, stage="1", municipality_id=place, basis="Приказ № 4")
        assert {(one.municipality_id, one.target) for one in queries.plan()} == {(None, 95)}
        assert [one.basis[-1] for one in queries.history(Stage.PERSONAL)] == ["4", "3", "2", "1"]
    told = list(
        Entry.objects.filter(kind__startswith="rollout.").order_by("id").values_list("kind", flat=True)
    )
    assert told == ["rollout.plan_set"] * 3 + ["rollout.plan_withdrawn"]


def test_what_cannot_be_planned_changes_nothing(whole: dict[str, Any]) -> None:
    actor, due = ministry(), clock.today() + timedelta(30)
    good: dict[str, Any] = {"stage": "1", "municipality_id": None, "due_on": due, "target": 95, "basis": "П"}
    with scoped(actor):
        actions.set_plan(actor=actor, **good)
        with pytest.raises(RuleViolation, match="Менять нечего"):
            actions.set_plan(actor=actor, **good)
        with pytest.raises(InvalidValue):
            actions.set_plan(actor=actor, **(good | {"target": 101}))
        with pytest.raises(RuleViolation, match="снимать нечего"):
            actions.withdraw_plan(actor=actor, stage="2", municipality_id=None, basis="П")
        with pytest.raises(InvalidValue):
            actions.withdraw_plan(actor=actor, stage="1", municipality_id=None, basis=" ")
    operator = b.actor_of(whole["schools"][0], "stage.view", "enrolment.count")
    with scoped(operator):
        with pytest.raises(NotAllowed):
            actions.set_plan(actor=operator, **(good | {"target": 10}))
        with pytest.raises(NotAllowed):
            actions.withdraw_plan(actor=operator, stage="1", municipality_id=None, basis="П")
    assert PlanLine.objects.count() == 1
    assert Entry.objects.filter(kind__startswith="rollout.").count() == 1


# -- league, trend, reminders --------------------------------------------------------------------


def test_league_trend_and_reminders_go_by_the_numbers_of_the_scope(whole: dict[str, Any]) -> None:
    jobs.count(DAY)
    jobs.count(DAY + timedelta(7))
    schools, today = whole["schools"], DAY + timedelta(8)
    PlanLine.objects.create(
        stage="1", municipality=whole["lysva"], due_on=DAY, target=100, basis="П", recorded_at=clock.now(), recorded_by="М"
    )  # fmt: skip
    PlanLine.objects.create(
        stage="1",
        due_on=today + timedelta(3),
        target=100,
        basis="П",
        recorded_at=clock.now(),
        recorded_by="М",
    )
    actor = ministry()
    with scoped(actor), CaptureQueriesContext(connection) as few:
        on = queries.counted_on(actor, today)
        assert on == DAY + timedelta(7)
        found = {one.id: one for one in queries.by_municipality(actor, Stage.PERSONAL, on, DAY, today)}
        points = queries.trend(actor, Stage.PERSONAL, today)
        told = queries.reminders(actor, today)
    assert len([one for one in few.captured_queries if not b.is_bookkeeping(one["sql"])]) <= 14
    lysva, perm = found[whole["lysva"].id], found[schools[0].municipality_id]
    counted = plain_counts(whole["people"][schools[2].id], Stage.PERSONAL)
    assert lysva.numbers.required == sum(row[0] or 0 for row in counted.values())
    assert lysva.numbers.filled == sum(row[1] or 0 for row in counted.values())
    assert (lysva.state, lysva.overdue_organisations, perm.state) == (State.OVERDUE, 1, State.SOON)
    assert lysva.change == 0.0
    assert [one.on for one in points] == [DAY, DAY + timedelta(7)]
    (one,) = told
    assert (one.stage, one.state, one.overdue, one.municipalities) == (Stage.PERSONAL, State.OVERDUE, 1, 2)
    everybody = [who for school in schools for who in whole["people"][school.id]]
    lacking = {
        code: (row[0] or 0) - (row[1] or 0) for code, row in plain_counts(everybody, Stage.PERSONAL).items()
    }
    assert {code: number for code, _, number in one.lacking} == {code: n for code, n in lacking.items() if n}
    own = b.actor_of(schools[2], "enrolment.count")
    with scoped(own):
        (mine,) = queries.by_organisation(own, Stage.PERSONAL, on, DAY, today)
        (reminded,) = queries.reminders(own, today)
    assert mine.id == schools[2].id
    assert reminded.values == sum((row[0] or 0) - (row[1] or 0) for row in counted.values())
    blind = b.actor_of(schools[2], "person.view")
    with scoped(blind):
        assert queries.reminders(blind, today) == []
        assert not CompletenessCount.objects.exists(), "nor by a query that forgot"
        with pytest.raises(NotAllowed):
            queries.by_organisation(blind, Stage.PERSONAL, on, None, today)
