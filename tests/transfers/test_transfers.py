"""A child goes from school to school: confirmed, silent, objected, stopped, held up, cancelled; refusals change nothing."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from kontingent.audit.models import Entry
from kontingent.codelists import actions as codelists
from kontingent.enrolment import actions as enrolment
from kontingent.enrolment.codes import MovementKind, OrderKind
from kontingent.enrolment.models import Enrolment, Group, Movement, Order
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import (
    Conflict,
    InvalidValue,
    KontingentError,
    NotAllowed,
    NotFound,
    RuleViolation,
)
from kontingent.kernel.scope import Scope
from kontingent.organisations.models import Organisation
from kontingent.storage.scope import scoped
from kontingent.trajectory.transfers import actions, settling
from kontingent.trajectory.transfers.actions import Application
from kontingent.trajectory.transfers.models import ConfirmedDeparture, Transfer
from tests import builders as b
from tests.clocks import Ticking

pytestmark = pytest.mark.django_db
RIGHTS = ("transfers.view", "transfers.register", "transfers.approve", "person.edit")


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Ticking:
    ticking = Ticking()
    monkeypatch.setattr(clock, "now", ticking)
    return ticking


class Town:
    """Two schools of two municipalities, a learner in the first, classes in both."""

    def __init__(self) -> None:
        codelists.load_all()
        self.here, self.there = b.municipality(), b.municipality("lysva", "Лысьвенский округ")
        self.former: Organisation = b.school("Школа № 5", where=self.here)
        self.receiver: Organisation = b.school("Школа № 7", where=self.there)
        self.old: Group = b.group(self.former, "5А")
        self.new: Group = b.group(self.receiver, "5Б")
        self.anna: UUID = b.person("Мальцева Анна Павловна")
        b.admitted(self.anna, self.old)
        self.secretary: Actor = b.actor_of(self.receiver, *RIGHTS)
        self.head: Actor = b.actor_of(self.former, *RIGHTS)
        self.municipality = Actor(
            "account:m", "Муниципалитет", "Муниципалитет", frozenset({"transfers.view", "transfers.decide"}),
            Scope.of_municipality(self.here.id),
        )  # fmt: skip

    def asked(self, **facts: Any) -> Transfer:
        usual: dict[str, Any] = {
            "person_id": self.anna, "group_id": self.new.id, "applicant": "Мальцева Ольга Ивановна",
            "applied_on": date(2025, 10, 6), "arrives_on": date(2025, 10, 8),
        }  # fmt: skip
        return actions.register(
            actor=self.secretary, receiver_id=self.receiver.id, application=Application(**(usual | facts))
        )

    def approved(self, **facts: Any) -> Transfer:
        return actions.approve(actor=self.secretary, transfer_id=self.asked(**facts).pk, number="17-з")

    def places(self) -> list[tuple[UUID, date, date | None]]:
        found = Enrolment.objects.filter(person_id=self.anna, superseded_at=None).order_by("starts_on")
        return list(found.values_list("organisation_id", "starts_on", "ends_on"))


@pytest.fixture
def town(now: Ticking) -> Town:
    return Town()


def told(transfer: Transfer) -> str:
    return " | ".join(transfer.steps.values_list("told", flat=True))


def unchanged(act: Callable[[], object], error: type[KontingentError]) -> KontingentError:
    """The act is refused and leaves no trace but the refusal's own."""

    def everything() -> list[Any]:
        return [
            list(table.objects.order_by("pk").values())
            for table in (Transfer, Order, Movement, Enrolment, ConfirmedDeparture)
        ]

    before = everything()
    with pytest.raises(error) as refused:
        act()
    assert everything() == before
    return refused.value


# -- the way it should go ------------------------------------------------------------------------


def test_confirmed_both_orders_are_signed_on_one_day(town: Town) -> None:
    asked = town.approved()
    assert not settling.settle(asked.pk)
    actions.confirm(actor=town.head, transfer_id=asked.pk, number="33-о")
    assert settling.settle(asked.pk)
    day = date(2025, 10, 8)
    assert town.places() == [(town.former.id, date(2025, 9, 1), day), (town.receiver.id, day, None)]
    asked.refresh_from_db()
    assert (asked.state, asked.ground) == ("completed", "confirmed")
    assert asked.leaving_order is not None
    assert asked.arriving_order is not None
    assert (asked.leaving_order.number, asked.arriving_order.number) == ("33-о", "17-з")
    assert asked.leaving_order.movements.get().destination_id == town.receiver.id
    assert asked.leaving_order.movements.get().reason_code == "T2"
    assert "прежняя организация подтвердила" in asked.leaving_order.basis
    assert Entry.objects.filter(kind="transfers.completed", subjects__contains=[town.anna]).exists()
    assert not settling.settle(asked.pk)


def test_a_school_that_never_answers_is_not_waited_for(town: Town, now: Ticking) -> None:
    asked = town.approved()
    assert asked.due_on == date(2025, 10, 9)
    now.pass_days(3)
    assert settling.settle_all() == 0, "Thursday is the last day of the term"
    now.pass_days(1)
    assert settling.settle_all() == 1
    asked.refresh_from_db()
    assert asked.ground == "term"
    assert "не ответила в срок" in told(asked)
    assert [place for place, _, _ in town.places()] == [town.former.id, town.receiver.id]


def test_an_objection_is_told_and_blocks_nothing(town: Town, now: Ticking) -> None:
    asked = town.approved()
    actions.object_to(actor=town.head, transfer_id=asked.pk, reason="долг по питанию")
    assert settling.settle_all() == 0
    assert "Возражение: долг по питанию" in told(asked)
    now.pass_days(4)
    assert settling.settle_all() == 1
    assert len(town.places()) == 2


def test_who_objected_may_confirm_after_all(town: Town) -> None:
    asked = town.approved()
    actions.object_to(actor=town.head, transfer_id=asked.pk, reason="ошибка")
    actions.confirm(actor=town.head, transfer_id=asked.pk, number="1")
    assert settling.settle(asked.pk)
    asked.refresh_from_db()
    assert (asked.ground, asked.objection) == ("confirmed", "")
    assert unchanged(
        lambda: actions.object_to(actor=town.head, transfer_id=asked.pk, reason="поздно"), RuleViolation
    )


def test_the_municipality_completes_or_stops(town: Town) -> None:
    asked = town.approved()
    actions.decide(actor=town.municipality, transfer_id=asked.pk, reason="семья переехала")
    assert settling.settle(asked.pk)
    asked.refresh_from_db()
    assert asked.ground == "decision"
    boris = b.person("Орлов Борис Ильич")
    b.admitted(boris, town.old)
    other = town.approved(person_id=boris)
    actions.stop(actor=town.municipality, transfer_id=other.pk, reason="спор родителей")
    assert not settling.settle(other.pk)
    assert Enrolment.objects.filter(person_id=boris, superseded_at=None).count() == 1


def test_withdrawn_it_frees_the_learner_for_another(town: Town) -> None:
    asked = town.asked()
    assert unchanged(town.asked, Conflict).code == "transfers.open_already"
    actions.withdraw(actor=town.secretary, transfer_id=asked.pk, reason="семья передумала")
    assert town.asked().state == "registered"


def test_a_family_withdraws_at_the_former_school_too(town: Town) -> None:
    """Once the former school has been told, the family need not go to the new one to stay; both sides see who took its word."""
    asked = town.approved()
    with scoped(town.head):
        actions.withdraw(
            actor=town.head, transfer_id=asked.pk, reason="Мальцева О. И., заявление от 07.10.2025"
        )
    asked.refresh_from_db()
    assert asked.state == "withdrawn"
    assert "через прежнюю организацию (Школа № 5): Мальцева О. И., заявление от 07.10.2025" in told(asked)
    assert not settling.settle(asked.pk)
    assert Entry.objects.filter(kind="transfers.decided", subjects__contains=[town.anna]).exists()
    unchanged(
        lambda: actions.withdraw(actor=town.head, transfer_id=asked.pk, reason="ещё раз"), RuleViolation
    )


def test_a_circle_is_no_class_to_be_transferred_to(town: Town) -> None:
    circle = b.group(town.receiver, "Шахматы", kind="411")
    asked = town.approved()
    unchanged(
        lambda: actions.amend(actor=town.secretary, transfer_id=asked.pk, group_id=circle.id, number="18-з"),
        RuleViolation,
    )
    wish = Application(
        person_id=town.anna, group_id=circle.id, applicant="Мальцева О. И.", applied_on=date(2025, 10, 6), arrives_on=date(2025, 10, 7)
    )  # fmt: skip
    unchanged(
        lambda: actions.register(actor=town.secretary, receiver_id=town.receiver.id, application=wish),
        RuleViolation,
    )
    Transfer.objects.filter(pk=asked.pk).update(group=circle, answer="confirmed")
    assert not settling.settle(asked.pk)
    asked.refresh_from_db()
    assert "дополнительная программа" in asked.held_up
    assert len(town.places()) == 1


# -- held up -------------------------------------------------------------------------------------


def test_what_the_rules_forbid_is_told_once_and_tried_again(town: Town) -> None:
    asked = town.approved()
    enrolment.close_group(actor=b.ROOT, group_id=town.new.id, closed_on=date(2025, 10, 7))
    actions.confirm(actor=town.head, transfer_id=asked.pk, number="1")
    for _ in range(3):
        assert not settling.settle(asked.pk)
    asked.refresh_from_db()
    assert "расформирован" in asked.held_up
    assert told(asked).count("Не выполнено") == 1
    assert len(town.places()) == 1
    assert Order.objects.filter(status="draft").count() == 0
    Group.objects.filter(pk=town.new.id).update(closed_on=None)
    assert settling.settle(asked.pk)
    asked.refresh_from_db()
    assert asked.held_up == ""


def test_a_transfer_held_up_by_its_class_is_amended_and_goes_through(town: Town, now: Ticking) -> None:
    """The class was closed meanwhile: another one and another number, no new approval, the former school's term as it was."""
    asked = town.approved()
    enrolment.close_group(actor=b.ROOT, group_id=town.new.id, closed_on=date(2025, 10, 7))
    now.pass_days(10)
    assert not settling.settle(asked.pk)
    asked.refresh_from_db()
    due, held_up = asked.due_on, asked.held_up
    assert "расформирован" in held_up
    other = b.group(town.receiver, "5В")
    change: dict[str, Any] = {"actor": town.secretary, "transfer_id": asked.pk, "number": "18-з"}
    unchanged(lambda: actions.amend(**change, group_id=town.new.id), RuleViolation)
    actions.amend(**change, group_id=other.id)
    asked.refresh_from_db()
    assert (asked.state, asked.held_up, asked.due_on) == ("approved", "", due)
    assert "класс 5Б → 5В, приказ № 17-з → № 18-з" in told(asked)
    assert settling.settle(asked.pk)
    asked.refresh_from_db()
    assert asked.arriving_order is not None
    assert asked.arriving_order.number == "18-з"
    assert Movement.objects.get(order=asked.arriving_order).group_id == other.id
    unchanged(lambda: actions.amend(**change, group_id=other.id), RuleViolation)


def test_a_learner_gone_meanwhile_is_not_taken_from_where_he_went(town: Town) -> None:
    asked = town.approved()
    [(_, _, _)] = town.places()
    line = enrolment.LineDraft(
        person_id=town.anna, kind=MovementKind.TRANSFER_OUT, effective_on=date(2025, 10, 7), reason_code="T3",
        destination_text="г. Тюмень, Тюменская область",
        enrolment_id=Enrolment.objects.get(person_id=town.anna, superseded_at=None).enrolment_id,
    )  # fmt: skip
    b.signed(town.former, OrderKind.TRANSFER_OUT, [line])
    actions.confirm(actor=town.head, transfer_id=asked.pk, number="1")
    assert not settling.settle(asked.pk)
    asked.refresh_from_db()
    assert "уже не числится" in asked.held_up
    assert town.places()[-1][2] == date(2025, 10, 7)


# -- cancelled -----------------------------------------------------------------------------------


def test_cancelled_both_orders_go_and_the_child_is_where_it_was(town: Town) -> None:
    before = town.places()
    asked = town.approved()
    actions.confirm(actor=town.head, transfer_id=asked.pk, number="1")
    settling.settle(asked.pk)
    actions.ask_to_cancel(actor=town.secretary, transfer_id=asked.pk, reason="ошиблись ребёнком")
    assert settling.settle(asked.pk)
    assert town.places() == before
    assert set(Order.objects.exclude(kind="admission").values_list("status", flat=True)) == {"cancelled"}
    assert Entry.objects.filter(kind="transfers.cancelled").exists()


def test_what_stands_on_it_keeps_it_from_being_cancelled(town: Town) -> None:
    asked = town.approved()
    actions.confirm(actor=town.head, transfer_id=asked.pk, number="1")
    settling.settle(asked.pk)
    here = Enrolment.objects.get(person_id=town.anna, superseded_at=None, organisation=town.receiver)
    line = enrolment.LineDraft(
        person_id=town.anna, kind=MovementKind.PLACEMENT, effective_on=date(2025, 10, 20), enrolment_id=here.enrolment_id,
        group_id=b.group(town.receiver, "5В").id,
    )  # fmt: skip
    b.signed(town.receiver, OrderKind.PLACEMENT, [line], dated=date(2025, 10, 6))
    actions.ask_to_cancel(actor=town.secretary, transfer_id=asked.pk, reason="ошибка")
    assert not settling.settle(asked.pk)
    asked.refresh_from_db()
    assert (asked.state, asked.cancel_reason) == ("completed", "")
    assert "Отменить перевод не удалось" in asked.held_up
    assert len(town.places()) == 2


# -- who may not, and what may not be ----------------------------------------------------------------


def test_refusals_of_an_application(town: Town) -> None:
    foreign = b.group(town.former, "5Г")
    last_year = b.group(town.receiver, "4Б", year=2024)
    nobody = b.person("Орлов Пётр Ильич")
    own = b.person("Орлов Иван Ильич")
    b.admitted(own, town.new)
    for facts, error in (
        ({"group_id": foreign.id}, NotFound), ({"group_id": uuid4()}, NotFound), ({"person_id": uuid4()}, NotFound),
        ({"group_id": last_year.id}, RuleViolation), ({"person_id": nobody}, RuleViolation), ({"person_id": own}, RuleViolation),
        ({"applicant": "  "}, InvalidValue), ({"applicant": "я" * 201}, InvalidValue),
        ({"arrives_on": date(2025, 10, 5)}, RuleViolation), ({"applied_on": date(2025, 10, 7)}, RuleViolation),
    ):  # fmt: skip
        unchanged(lambda facts=facts: town.asked(**facts), error)  # type: ignore[misc]


def test_everybody_keeps_to_his_own(town: Town) -> None:
    asked = town.asked()
    stranger = b.actor_of(b.school("Школа № 9", where=town.here), *RIGHTS)
    viewer = b.actor_of(town.receiver, "transfers.view")
    elsewhere = Actor(
        "account:x",
        "М",
        "М",
        frozenset({"transfers.view", "transfers.decide"}),
        Scope.of_municipality(b.municipality("kungur", "К").id),
    )
    one: dict[str, Any] = {"transfer_id": asked.pk}
    unchanged(lambda: actions.approve(actor=stranger, number="1", **one), NotFound)
    unchanged(lambda: actions.approve(actor=town.head, number="1", **one), NotAllowed)
    unchanged(lambda: actions.withdraw(actor=town.head, reason="рано", **one), NotFound)
    unchanged(
        lambda: actions.amend(actor=town.secretary, group_id=town.new.id, number="1", **one), RuleViolation
    )
    unchanged(lambda: actions.approve(actor=viewer, number="1", **one), NotAllowed)
    unchanged(lambda: actions.approve(actor=town.secretary, number=" ", **one), InvalidValue)
    unchanged(lambda: actions.approve(actor=town.secretary, number="1", version=7, **one), Conflict)
    unchanged(lambda: actions.confirm(actor=town.head, number="1", **one), RuleViolation)
    actions.approve(actor=town.secretary, number="1", **one)
    unchanged(lambda: actions.confirm(actor=town.secretary, number="1", **one), NotAllowed)
    unchanged(lambda: actions.confirm(actor=town.head, number="", **one), InvalidValue)
    unchanged(lambda: actions.object_to(actor=town.head, reason="", **one), InvalidValue)
    reader = b.actor_of(town.former, "transfers.view")
    unchanged(lambda: actions.withdraw(actor=reader, reason="нет", **one), NotAllowed)
    new: dict[str, Any] = {"group_id": town.new.id, "number": "2"}
    unchanged(lambda: actions.amend(actor=town.head, **new, **one), NotAllowed)
    unchanged(lambda: actions.amend(actor=stranger, **new, **one), NotFound)
    unchanged(lambda: actions.amend(actor=town.secretary, **(new | {"number": "1"}), **one), RuleViolation)
    unchanged(lambda: actions.amend(actor=town.secretary, **(new | {"number": " "}), **one), InvalidValue)
    unchanged(
        lambda: actions.amend(actor=town.secretary, **(new | {"group_id": town.old.id}), **one), NotFound
    )
    unchanged(lambda: actions.stop(actor=town.secretary, reason="нет", **one), NotAllowed)
    unchanged(lambda: actions.stop(actor=elsewhere, reason="нет", **one), NotFound)
    unchanged(lambda: actions.decide(actor=town.head, reason="да", **one), NotAllowed)
    unchanged(lambda: actions.ask_to_cancel(actor=town.secretary, reason="нет", **one), RuleViolation)
    unchanged(lambda: actions.ask_to_cancel(actor=town.head, reason="нет", **one), NotAllowed)


def test_a_departure_is_confirmed_once_with_evidence(town: Town) -> None:
    left = Enrolment.objects.get(person_id=town.anna, superseded_at=None).enrolment_id
    b.left(town.anna, left, town.former, on=date(2025, 9, 20), reason="T3")
    who = town.head
    known: dict[str, Any] = {
        "enrolment_id": left,
        "arrived_on": date(2025, 10, 1),
        "evidence": "письмо школы № 3 г. Тюмени № 7",
    }
    unchanged(lambda: actions.confirm_departure(actor=who, **(known | {"evidence": ""})), InvalidValue)
    unchanged(
        lambda: actions.confirm_departure(actor=who, **(known | {"arrived_on": date(2025, 9, 1)})),
        InvalidValue,
    )
    unchanged(
        lambda: actions.confirm_departure(actor=who, **(known | {"arrived_on": date(2025, 11, 1)})),
        InvalidValue,
    )
    unchanged(lambda: actions.confirm_departure(actor=town.secretary, **known), NotFound)
    actions.confirm_departure(actor=who, **known)
    unchanged(lambda: actions.confirm_departure(actor=who, **known), Conflict)


# -- random histories --------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_every_child_is_in_exactly_one_school_on_every_day(now: Ticking, seed: int) -> None:
    """Random transfers, answers, silences, stops and cancellations over two months."""
    rng = random.Random(seed)
    codelists.load_all()
    schools = [b.school(f"Школа № {n}") for n in range(3)]
    groups = {one.id: [b.group(one, title) for title in ("5А", "5Б")] for one in schools}
    heads = {one.id: b.actor_of(one, *RIGHTS) for one in schools}
    region = Actor("account:r", "М", "М", frozenset({"transfers.view", "transfers.decide"}), Scope.region())
    children = [b.person(f"Мальцев {'АБВГДЕ'[n]}ндрей Павлович", born=date(2014, 1 + n, 3)) for n in range(6)]
    for child in children:
        b.admitted(child, rng.choice(groups[rng.choice(schools).id]))
    first, codes = clock.today(), set[str]()
    for _ in range(45):
        for transfer in Transfer.objects.filter(state__in=["registered", "approved", "completed"]).order_by(
            "pk"
        ):
            _live(rng, transfer, heads, region, codes)
        child, school = rng.choice(children), rng.choice(schools)
        applied = clock.today()
        wish = Application(
            person_id=child, group_id=rng.choice(groups[school.id]).id, applicant="Родитель", applied_on=applied,
            arrives_on=applied + timedelta(days=rng.randint(0, 5)),
        )  # fmt: skip
        try:
            actions.register(actor=heads[school.id], receiver_id=school.id, application=wish)
        except KontingentError as refused:
            codes.add(refused.code)
        settling.settle_all()
        now.pass_days(rng.randint(1, 4))
    assert codes <= {"transfers.open_already", "transfers.studies_here", "transfers.confirmed_already"}
    assert Transfer.objects.exclude(completed_at=None).count() >= 3
    _balanced(children, first, clock.today() + timedelta(days=10))


def _nothing() -> None:
    pass


def _live(
    rng: random.Random, transfer: Transfer, heads: dict[UUID, Actor], region: Actor, codes: set[str]
) -> None:
    one: dict[str, Any] = {"transfer_id": transfer.pk}
    receiver, former = heads[transfer.receiver_id], heads[transfer.former_id]
    deeds: dict[str, list[Callable[[], object]]] = {
        "registered": [
            lambda: actions.approve(actor=receiver, number="1", **one), lambda: actions.approve(actor=receiver, number="2", **one),
            lambda: actions.withdraw(actor=receiver, reason="раздумали", **one),
        ],
        "approved": [
            lambda: actions.confirm(actor=former, number="3", **one), lambda: actions.object_to(actor=former, reason="нет", **one),
            lambda: actions.stop(actor=region, reason="спор", **one), lambda: actions.decide(actor=region, reason="да", **one),
            _nothing,
        ],
        "completed": [*[_nothing] * 5, lambda: actions.ask_to_cancel(actor=region, reason="ошибка", **one)],
    }  # fmt: skip
    try:
        rng.choice(deeds[transfer.state])()
    except KontingentError as refused:
        codes.add(refused.code)


def _balanced(children: list[UUID], first: date, last: date) -> None:
    periods = list(
        Enrolment.objects.filter(superseded_at=None, is_main=True).values_list(
            "person_id", "organisation_id", "starts_on", "ends_on"
        )
    )
    day = first
    before: Counter[UUID] | None = None
    while day <= last:
        where = [
            (who, place) for who, place, start, end in periods if start <= day and (end is None or day < end)
        ]
        assert Counter(who for who, _ in where) == Counter(children), day
        count = Counter(place for _, place in where)
        if before is not None:
            arrived = Counter(place for _, place, start, _ in periods if start == day)
            left = Counter(place for _, place, _, end in periods if end == day)
            for place in count | before:
                assert count[place] - before[place] == arrived[place] - left[place], (day, place)
        before, day = count, day + timedelta(days=1)
