"""A school is joined to another: its learners go in one act, or nobody does."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from kontingent.codelists import actions as codelists
from kontingent.enrolment.codes import MovementKind
from kontingent.enrolment.models import Enrolment, Group, Order, Placement
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import Conflict, InvalidValue, KontingentError, NotFound, RuleViolation
from kontingent.kernel.scope import Scope
from kontingent.organisations.models import OrganisationLink
from kontingent.persons.models import Person
from kontingent.trajectory.transfers import moving
from kontingent.trajectory.transfers.models import Succession
from tests import builders as b

pytestmark = pytest.mark.django_db
ENDED = date(2025, 11, 1)
SAID = {"leaving_number": "9-о", "arriving_number": "9-з", "basis": "постановление № 7 от 01.10.2025"}


class Town:
    """A school of two classes and a circle; one learner studies in both; its successor has a 5А already."""

    def __init__(self) -> None:
        codelists.load_all()
        here = b.municipality()
        self.old, self.new = b.school("Школа № 5", where=here), b.school("Школа № 7", where=here)
        self.groups = {title: b.group(self.old, title) for title in ("5А", "5Б")}
        self.circle = b.group(self.old, "Кружок", kind="411")
        b.group(self.new, "5А")
        self.children = [
            b.person(f"Мальцев {'АБВГД'[n]}ндрей Павлович", born=date(2014, 1 + n, 3)) for n in range(5)
        ]
        for number, child in enumerate(self.children):
            b.admitted(child, self.groups["5А" if number < 3 else "5Б"])
        b.admitted(self.children[0], self.circle)
        self.link = OrganisationLink.objects.create(
            predecessor=self.old,
            successor=self.new,
            kind_code="joining",
            happened_on=ENDED,
            basis="постановление",
        )
        self.officer = Actor(
            "account:m",
            "М",
            "М",
            frozenset({"transfers.view", "transfers.decide"}),
            Scope.of_municipality(here.id),
        )


@pytest.fixture
def town() -> Town:
    return Town()


def now(town: Town) -> dict[str, Any]:
    current = Enrolment.objects.filter(superseded_at=None, ends_on=None)
    return {
        name: current.filter(organisation=at).count() for name, at in (("old", town.old), ("new", town.new))
    }


def test_the_plan_says_who_goes_where(town: Town) -> None:
    [waiting] = moving.pending(town.officer)
    assert (waiting.link, waiting.learners) == (town.link, 6)
    plan = moving.plan(town.officer, town.link.pk)
    assert [(one.title, one.learners, one.there) for one in plan.classes] == [
        ("5А", 3, "5А (Школа № 5)"), ("5Б", 2, "5Б"), ("Кружок", 1, "Кружок"),
    ]  # fmt: skip


def test_everybody_goes_in_one_act(town: Town) -> None:
    asked = moving.ask(actor=town.officer, link_id=town.link.pk, **SAID)
    assert moving.run(asked.pk)
    assert now(town) == {"old": 0, "new": 6}
    for child in town.children:
        main = Enrolment.objects.filter(person_id=child, superseded_at=None, is_main=True).order_by(
            "starts_on"
        )
        assert [(one.organisation_id, one.ends_on) for one in main] == [
            (town.old.id, ENDED),
            (town.new.id, None),
        ]
    placed = Placement.objects.get(person_id=town.children[4], superseded_at=None, organisation=town.new)
    assert (placed.group.title, placed.grade) == ("5Б", 5)  # type: ignore[union-attr]
    assert set(Order.objects.filter(organisation=town.new).values_list("number", flat=True)) == {"9-з"}
    asked.refresh_from_db()
    assert (asked.state, asked.learners) == ("done", 5)
    assert not moving.run(asked.pk)
    assert moving.pending(town.officer) == []


def test_learners_of_a_club_stay_in_additional_programmes_of_the_school_it_is_joined_to(town: Town) -> None:
    """They are nobody's pupils there: their enrolment goes on in a circle, and no order makes it a class."""
    club = b.school("Дворец творчества", where=town.old.municipality)
    child = b.person("Орлов Борис Ильич")
    b.admitted(child, b.group(club, "Шахматы", kind="411"))
    link = OrganisationLink.objects.create(
        predecessor=club, successor=town.new, kind_code="joining", happened_on=ENDED, basis="п"
    )
    asked = moving.ask(
        actor=town.officer, link_id=link.pk, leaving_number="9-о", arriving_number="9-з", basis="№ 7"
    )
    assert moving.run(asked.pk)
    there = Enrolment.objects.get(person_id=child, superseded_at=None, ends_on=None)
    assert (there.organisation_id, there.level_code, there.is_main) == (town.new.id, "411", False)
    placed = Placement.objects.get(enrolment_id=there.enrolment_id, superseded_at=None)
    assert (placed.programme_kind_code, placed.programme.organisation_id) == ("411", town.new.id)
    five = Group.objects.get(organisation=town.new, title="5А")
    with pytest.raises(RuleViolation):
        b.moved(child, there.enrolment_id, town.new, MovementKind.PLACEMENT, on=ENDED, group_id=five.id)
    assert Placement.objects.get(enrolment_id=there.enrolment_id, superseded_at=None).pk == placed.pk


def test_what_is_forbidden_moves_nobody_and_may_be_asked_again(town: Town) -> None:
    Person.objects.filter(pk=town.children[2]).update(died_on=date(2025, 10, 1))
    asked = moving.ask(actor=town.officer, link_id=town.link.pk, **SAID)
    before = now(town), Group.objects.count(), Order.objects.count()
    assert not moving.run(asked.pk)
    assert (now(town), Group.objects.count(), Order.objects.count()) == before
    asked.refresh_from_db()
    assert asked.state == "failed"
    assert "дата смерти" in asked.told
    Person.objects.filter(pk=town.children[2]).update(died_on=None)
    assert moving.run(moving.ask(actor=town.officer, link_id=town.link.pk, **SAID).pk)


@pytest.mark.parametrize("lacking", list(SAID))
def test_refusals(town: Town, lacking: str) -> None:
    stranger = Actor(
        "account:x",
        "М",
        "М",
        town.officer.permissions,
        Scope.of_municipality(b.municipality("lysva", "Л").id),
    )

    def refused(actor: Actor, error: type[KontingentError], **said: str) -> None:
        with pytest.raises(error):
            moving.ask(actor=actor, link_id=town.link.pk, **(SAID | said))

    refused(town.officer, InvalidValue, **{lacking: " "})
    refused(town.officer, InvalidValue, **{lacking: "я" * 301})
    refused(stranger, NotFound)
    with pytest.raises(NotFound):
        moving.plan(stranger, town.link.pk)
    assert moving.pending(stranger) == []
    assert not Succession.objects.exists()
    moving.ask(actor=town.officer, link_id=town.link.pk, **SAID)
    refused(town.officer, Conflict)
    assert Succession.objects.count() == 1
