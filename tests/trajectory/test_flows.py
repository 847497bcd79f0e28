"""Flows balance: whatever happened, what arrived less what departed is the change of the contingent, day by day."""

from __future__ import annotations

import contextlib
from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kontingent.audit.reads import ReadKind
from kontingent.codelists import actions as codelists
from kontingent.enrolment import contingent
from kontingent.enrolment.codes import MovementKind
from kontingent.enrolment.contingent import Dimension
from kontingent.enrolment.models import Enrolment, Group, Movement, Order, Placement
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue, KontingentError, NotAllowed
from kontingent.kernel.scope import Scope
from kontingent.organisations.models import OrganisationLink
from kontingent.persons.models import Person
from kontingent.trajectory.cases import coverages
from kontingent.trajectory.cases.rules import Facts, Study
from kontingent.trajectory.cases.rules import coverage as coverage_of
from kontingent.trajectory.flows import rules
from kontingent.trajectory.flows.codes import COUNTED, By, Outside
from kontingent.trajectory.flows.queries.flows import Asked, flows, movers
from kontingent.trajectory.flows.rules import Flow
from kontingent.trajectory.transfers import moving
from tests import builders as b
from tests.enrolment.test_history_property import World, held

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures(held.__name__)]
YEAR = (date(2025, 9, 1), date(2026, 8, 31))


def change(by: Dimension, since: date, until: date) -> Counter[str]:
    """The change of the contingent from the eve of the first day to the last day, counted plainly."""
    found: Counter[str] = Counter()
    for on, sign in ((until, 1), (since - timedelta(days=1), -1)):
        rows = Placement.objects.filter(superseded_at__isnull=True, starts_on__lte=on)
        for row in rows.exclude(ends_on__lte=on).select_related("organisation"):
            if row.programme_kind_code not in COUNTED:
                continue
            key = {
                Dimension.ORGANISATION: row.organisation_id,
                Dimension.MUNICIPALITY: row.organisation.municipality_id,
                Dimension.LEVEL: row.programme_kind_code,
            }[by]
            found[str(key)] += sign
    return Counter({key: number for key, number in found.items() if number})


class Region(World):
    """Three schools, a college and a club, of which one may at any time be joined to another: its learners go in one act."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        codelists.load_all()
        self.schools[1].municipality = b.municipality("lysva", "Лысьвенский округ")
        self.schools[1].save()
        for title, group, kind in (
            ("Колледж", "П-21", "212"),
            ("Дворец творчества", "Кружок", "41"),
            ("Школа № 3", "4А", "12"),
        ):
            at = b.school(title)
            self.schools.append(at)
            self.groups.append(b.group(at, group, year=2024, kind=kind))
        self.moved = 0

    def step(self) -> None:
        """Mostly what an operator does; now and then an organisation is no more."""
        if self.random.random() < 0.12:
            with contextlib.suppress(KontingentError):
                self.succeed()
            self.moments.append(clock.now())
        else:
            super().step()

    def succeed(self) -> None:
        """Join an organisation to another, a club to a school as well: by a day on which it has learners, if any has."""
        stream = self._stream()
        former = stream.organisation
        successor = self.random.choice([one for one in self.schools if one.pk != former.pk])
        day = stream.starts_on + timedelta(days=self.random.randrange(1, 120))
        if OrganisationLink.objects.filter(predecessor=former, successor=successor).exists():
            raise KontingentError("test.again", "again")
        link = OrganisationLink.objects.create(
            predecessor=former,
            successor=successor,
            kind_code="joining",
            happened_on=day,
            basis="постановление",
        )
        municipality = Actor("m", "М", "М", frozenset({"transfers.view", "transfers.decide"}), Scope.region())
        asked = moving.ask(
            actor=municipality,
            link_id=link.pk,
            leaving_number="9-о",
            arriving_number="9-з",
            basis="постановление № 7",
        )
        if moving.run(asked.pk):
            asked.refresh_from_db()
            self.moved += asked.learners
            self.groups = list(Group.objects.select_related("organisation").order_by("pk"))


def covered_once(world: World, day: date) -> None:
    """Each child is in the one state of coverage that the rules name, whatever has happened to its schools."""
    with connection.cursor() as cursor:
        cursor.execute(coverages.statement("person_id, state"), coverages.parameters(day))
        rows = cursor.fetchall()
    assert len(rows) == len(world.people)
    told = dict(rows)
    for person_id in world.people:
        studies = [
            Study(
                key=str(one.enrolment_id), organisation=str(one.organisation_id), level=one.level_code, starts_on=one.starts_on,
                ends_on=one.ends_on, reason=one.reason_code, is_main=one.is_main,
            )
            for one in Enrolment.objects.filter(person_id=person_id, superseded_at=None, level_code__in=COUNTED)
        ]  # fmt: skip
        born = Person.objects.get(pk=person_id).birth_date
        assert born is not None
        assert told[person_id] == coverage_of(Facts(born=born, studies=tuple(studies)), day)


def test_most_histories_close_a_school(db: None) -> None:
    """The generator is worth its name: learners go to successors, and some orders of such acts are cancelled."""
    world = Region(7)
    for _ in range(140):
        world.step()
    assert world.moved > 3
    by_itself = Order.objects.filter(signatory="подписан автоматически при реорганизации")
    assert by_itself.filter(status="signed").exists()
    assert Movement.objects.filter(order__in=by_itself).count() > 3


@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 10**9))
def test_arrivals_less_departures_are_the_change_of_the_contingent_on_every_day(seed: int) -> None:
    mark = transaction.savepoint()
    try:
        world = Region(seed)
        for _ in range(30):
            world.step()
        days = {
            day
            for row in Enrolment.objects.filter(superseded_at__isnull=True)
            for day in (row.starts_on, row.ends_on)
            if day is not None
        }
        days |= set(Placement.objects.filter(superseded_at__isnull=True).values_list("starts_on", flat=True))
        spans = [(day, day) for day in days] + [(day, day + timedelta(days=1)) for day in days]
        spans += [tuple(sorted((world.day(), world.day()))) for _ in range(6)]  # type: ignore[misc]
        for since, until in world.random.sample(spans, min(len(spans), 16)):
            for by, dimension in (
                (By.ORGANISATION, Dimension.ORGANISATION),
                (By.MUNICIPALITY, Dimension.MUNICIPALITY),
                (By.LEVEL, Dimension.LEVEL),
            ):
                found = rules.balances(flows(b.ROOT, Asked(since, until, by)))
                changed = Counter({node: one.change for node, one in found.items() if one.change})
                assert changed == change(dimension, since, until), (since, until, by)
        for day in world.random.sample(sorted(days), min(len(days), 6)):
            covered_once(world, day)
        whole = rules.balances(flows(b.ROOT, Asked(min(days), max(days), By.REGION))) if days else {}
        assert sum(one.change for one in whole.values()) == contingent.total(
            b.ROOT, on=max(days, default=world.day())
        )
    finally:
        transaction.savepoint_rollback(mark)


@pytest.fixture
def town() -> dict[str, Any]:
    """Two schools in Пермь and one in Лысьва; one child for every way to come and to go."""
    five, seven = b.school("Школа № 5"), b.school("Школа № 7")
    lysva = b.school("Школа № 3", where=b.municipality("lysva", "Лысьвенский округ"))
    groups = {one.id: b.group(one, "5А") for one in (five, seven, lysva)}
    older = b.group(five, "4А", year=2024)
    names = ("Вяткин", "Зырянов", "Кунгурцев", "Лысьвин", "Осинцев", "Пермяков")
    moved, far, gone, new, back, stayed = (
        b.person(f"{name} Иван Ильич", born=date(2014, 1, number + 1)) for number, name in enumerate(names)
    )
    before = date(2024, 9, 1)
    streams = {who: b.admitted(who, older, on=before) for who in (moved, far, gone, back, stayed)}
    b.left(back, streams[back], five, on=date(2025, 3, 1))
    for who, to in ((moved, seven), (far, lysva)):
        b.moved(
            who,
            streams[who],
            five,
            MovementKind.TRANSFER_OUT,
            on=date(2025, 10, 1),
            reason_code="T1",
            destination_id=to.id,
        )
        b.admitted(who, groups[to.id], on=date(2025, 10, 3))
    b.left(gone, streams[gone], five, on=date(2025, 11, 1))
    b.admitted(new, groups[five.id], on=date(2025, 9, 1))
    b.admitted(back, groups[lysva.id], on=date(2025, 12, 1))
    return {"five": five, "seven": seven, "lysva": lysva, "moved": moved, "far": far, "gone": gone}


def test_each_way_is_told_apart(town: dict[str, Any]) -> None:
    five, seven, lysva = (str(town[name].id) for name in ("five", "seven", "lysva"))
    found = set(flows(b.ROOT, Asked(*YEAR, by=By.ORGANISATION)))
    assert found == {
        Flow(five, seven, 1),
        Flow(five, lysva, 1),
        Flow(five, Outside.OTHER_REGION, 1),
        Flow(Outside.FIRST, five, 1),
        Flow(Outside.RETURNED, lysva, 1),
    }
    perm = str(town["five"].municipality_id)
    by_place = flows(b.ROOT, Asked(*YEAR, by=By.MUNICIPALITY))
    assert Flow(perm, perm, 1) in by_place
    assert rules.balances(by_place)[perm] == rules.Balance(arrived=1, departed=2)


def test_who_is_on_the_way_when_a_period_ends_has_not_arrived_in_it(town: dict[str, Any]) -> None:
    day = date(2025, 10, 1)
    found = flows(b.ROOT, Asked(day, date(2025, 10, 2), By.ORGANISATION))
    assert found == [Flow(str(town["five"].id), Outside.NOT_ARRIVED, 2)]
    came = flows(b.ROOT, Asked(date(2025, 10, 3), date(2025, 10, 3), By.ORGANISATION))
    assert {one.source for one in came} == {Outside.RETURNED}


def test_a_scope_sees_what_touches_it_and_opens_its_own_children(town: dict[str, Any]) -> None:
    from kontingent.audit.models import Entry
    from kontingent.storage.scope import scoped

    asked = Asked(*YEAR, by=By.ORGANISATION)
    five, seven, lysva = (str(town[name].id) for name in ("five", "seven", "lysva"))
    assert set(flows(b.actor_of(town["seven"]), asked)) == {Flow(five, seven, 1)}
    assert len(flows(b.actor_of(town["lysva"]), asked)) == 2
    actor = b.actor_of(town["seven"])
    with scoped(actor):
        (one,) = movers(actor, asked, five, seven)
        assert (one.person_id, one.left, one.entered) == (town["moved"], "Школа № 5", "Школа № 7")
        assert (one.left_on, one.entered_on, one.reason_code) == (date(2025, 10, 1), date(2025, 10, 3), "T1")
        assert movers(actor, asked, five, lysva) == []
    assert not Entry.objects.filter(kind=ReadKind.LIST, subjects__contains=[town["far"]]).exists()
    narrowed = Asked(*YEAR, by=By.ORGANISATION, organisation_id=town["lysva"].id)
    assert {one.target for one in flows(b.ROOT, narrowed)} == {lysva}
    assert flows(b.actor_of(town["seven"]), narrowed) == []


def test_numbers_need_a_permission_and_children_another(town: dict[str, Any]) -> None:
    asked = Asked(*YEAR, by=By.ORGANISATION)
    with pytest.raises(NotAllowed):
        flows(b.actor_of(town["five"], "person.view"), asked)
    counting = b.actor_of(town["five"], "enrolment.count")
    assert len(flows(counting, asked)) == 4
    with pytest.raises(NotAllowed):
        movers(counting, asked, str(town["five"].id), Outside.OTHER_REGION)


def test_statements_do_not_grow_with_rows(town: dict[str, Any]) -> None:
    with CaptureQueriesContext(
        connection,
    ) as caught:
        flows(b.ROOT, Asked(*YEAR, by=By.MUNICIPALITY))
    assert len([one for one in caught if not b.is_bookkeeping(one["sql"])]) == 1


@pytest.mark.parametrize(
    ("since", "until", "code"),
    [
        (date(2026, 1, 2), date(2026, 1, 1), "flows.period"),
        (date(2010, 1, 1), date(2026, 1, 1), "flows.period_long"),
    ],
)
def test_a_period_must_be_one(since: date, until: date, code: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        rules.check_period(since, until)
    assert caught.value.code == code


NODES = st.sampled_from("abcd")


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.dictionaries(st.tuples(NODES, NODES), st.integers(1, 30)))
def test_no_hidden_number_can_be_had_by_subtraction(pairs: dict[tuple[str, str], int]) -> None:
    found = [Flow(*pair, number) for pair, number in pairs.items()]
    hidden = rules.kept_back(found)
    assert {(one.source, one.target) for one in found if one.number < rules.SMALL} <= hidden
    for end in (0, 1):
        for node in "abcd":
            members = [one for one in found if one[end] == node]
            unseen = [one for one in members if (one.source, one.target) in hidden]
            assert len(unseen) != 1 or len(members) == 1


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.dictionaries(st.tuples(NODES, NODES), st.integers(1, 30)), st.integers(1, 4))
def test_folding_for_a_drawing_loses_nobody(pairs: dict[tuple[str, str], int], most: int) -> None:
    found = [Flow(*pair, number) for pair, number in pairs.items()]
    drawn = rules.folded(found, most, "прочие")
    assert sum(one.number for one in drawn) == sum(one.number for one in found)
    assert len({one.source for one in drawn}) <= most + 1
    assert len({(one.source, one.target) for one in drawn}) == len(drawn)
