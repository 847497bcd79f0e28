"""Working on cases: what may be done, by whom, what each refusal leaves as it was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from kontingent.audit.models import Entry
from kontingent.codelists import actions as codelists
from kontingent.enrolment import actions as enrolment
from kontingent.enrolment.actions import LineDraft
from kontingent.enrolment.codes import MovementKind, OrderKind
from kontingent.enrolment.models import Enrolment, Order
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
from kontingent.kernel.ids import new_id
from kontingent.kernel.school_year import SchoolYear
from kontingent.kernel.scope import Scope
from kontingent.storage.scope import scoped
from kontingent.trajectory.cases import actions, finding, jobs, queries
from kontingent.trajectory.cases.codes import State
from kontingent.trajectory.cases.models import Case, CaseStep, RuleEdition
from kontingent.trajectory.cases.queries import Sought
from kontingent.trajectory.transfers import actions as transfers
from kontingent.trajectory.transfers.actions import Application
from tests import builders as b

pytestmark = pytest.mark.django_db
TOMORROW = clock.today() + timedelta(days=1)


@pytest.fixture
def case() -> Case:
    """A child of school № 5 left nowhere; the municipality owns the case."""
    child = b.person("Лыкова Вера Ильинична", born=date(2014, 3, 3))
    stream = b.admitted(child, b.group(b.school(), "5А"))
    Enrolment.objects.filter(enrolment_id=stream, superseded_at=None).update(
        ends_on=date(2025, 11, 1), reason_code="E2"
    )
    finding.find()
    return Case.objects.get()


def municipal(case: Case, *permissions: str) -> Actor:
    """A specialist of the municipality."""
    assert case.municipality_id
    return Actor(
        "test:m", "Специалист", "Специалист", frozenset(permissions or {"case.view", "case.work"}),
        Scope(municipalities=frozenset({case.municipality_id})),
    )  # fmt: skip


def test_history_is_kept_and_journaled(case: Case) -> None:
    actor = municipal(case)
    with scoped(actor):
        actions.note(actor=actor, case_id=case.id, text=" Семья уехала. ")
        actions.note(actor=actor, case_id=case.id, text="Мать: вернутся в мае", is_call=True)
        actions.assign(actor=actor, case_ids=[case.id], worker="Петрова А. А.")
        actions.postpone(actor=actor, case_id=case.id, until=TOMORROW, reason="ждём справку")
        actions.resume(actor=actor, case_id=case.id, reason="справка пришла")
        actions.close(
            actor=actor, case_id=case.id, evidence="Справка № 1", comment="Уфа", evidence_until=TOMORROW
        )
    case.refresh_from_db()
    assert (case.state, case.outcome, case.evidence, case.evidence_until) == (
        "closed",
        "solved",
        "Справка № 1",
        TOMORROW,
    )
    assert case.closed_by_name == "Специалист"
    steps = list(CaseStep.objects.order_by("id").values_list("kind", "text"))
    assert steps == [
        ("opened", ""), ("note", "Семья уехала."), ("call", "Мать: вернутся в мае"), ("assigned", "Петрова А. А."),
        ("postponed", "ждём справку"), ("resumed", "справка пришла"), ("solved", "Справка № 1. Уфа"),
    ]  # fmt: skip
    kinds = list(Entry.objects.filter(kind__startswith="case.").order_by("id").values_list("kind", flat=True))
    assert kinds == [
        "case.noted",
        "case.noted",
        "case.handed",
        "case.postponed",
        "case.resumed",
        "case.closed",
    ]
    assert all(row.subjects == [case.person_id] for row in Entry.objects.filter(kind__startswith="case."))


Act = Callable[[Actor, UUID], Any]
REFUSED: list[tuple[str, Act, type[KontingentError]]] = [
    ("пустая запись", lambda a, c: actions.note(actor=a, case_id=c, text="  "), InvalidValue),
    ("длинная запись", lambda a, c: actions.note(actor=a, case_id=c, text="я" * 2001), InvalidValue),
    ("без реквизитов", lambda a, c: actions.close(actor=a, case_id=c, evidence=""), InvalidValue),
    (
        "истёкшее",
        lambda a, c: actions.close(actor=a, case_id=c, evidence="x", evidence_until=clock.today()),
        InvalidValue,
    ),
    (
        "в прошлое",
        lambda a, c: actions.postpone(actor=a, case_id=c, until=clock.today(), reason="x"),
        InvalidValue,
    ),
    ("без дня", lambda a, c: actions.postpone(actor=a, case_id=c, until=None, reason="x"), InvalidValue),
    (
        "без причины",
        lambda a, c: actions.postpone(actor=a, case_id=c, until=TOMORROW, reason=""),
        InvalidValue,
    ),
    ("открытое", lambda a, c: actions.resume(actor=a, case_id=c, reason="x"), Conflict),
    ("никому", lambda a, c: actions.hand_over(actor=a, case_ids=[c], to=c, reason="x"), NotFound),
    ("ничего", lambda a, c: actions.hand_over(actor=a, case_ids=[], to=c, reason="x"), InvalidValue),
    ("чужое среди своих", lambda a, c: actions.assign(actor=a, case_ids=[c, new_id()], worker="x"), NotFound),
]


@pytest.mark.parametrize(("name", "act", "refusal"), REFUSED, ids=[one[0] for one in REFUSED])
def test_a_refusal_changes_nothing(case: Case, name: str, act: Act, refusal: type[KontingentError]) -> None:
    before = (Case.objects.values().get(), CaseStep.objects.count(), Entry.objects.count())
    actor = municipal(case)
    with pytest.raises(refusal) as told, scoped(actor):
        act(actor, case.id)
    assert len(told.value.message) > 20
    assert (Case.objects.values().get(), CaseStep.objects.count(), Entry.objects.count()) == before


def test_a_closed_case_is_neither_closed_again_nor_handed_on(case: Case) -> None:
    actor = municipal(case)
    actions.close(actor=actor, case_id=case.id, evidence="Справка № 1")
    before = Case.objects.values().get()
    for act in (
        lambda: actions.close(actor=actor, case_id=case.id, evidence="Справка № 2"),
        lambda: actions.postpone(actor=actor, case_id=case.id, until=TOMORROW, reason="x"),
        lambda: actions.hand_over(
            actor=actor, case_ids=[case.id], to=case.organisation_id or case.id, reason="x"
        ),
    ):
        with pytest.raises(RuleViolation):
            act()
    assert Case.objects.values().get() == before


def test_others_neither_see_nor_touch_a_case(case: Case) -> None:
    stranger = b.actor_of(
        b.school("Школа № 9", where=b.municipality("lysva", "Лысьва")), "case.view", "case.work"
    )
    reader = municipal(case, "case.view")
    nobody = municipal(case, "person.view")
    with scoped(stranger):
        assert queries.queue(stranger, Sought(), 1).number == 0
        assert queries.counts(stranger).total == 0
        for act in (
            lambda: queries.card(stranger, case.id),
            lambda: actions.note(actor=stranger, case_id=case.id, text="x"),
        ):
            with pytest.raises(NotFound):
                act()
    with pytest.raises(NotAllowed), scoped(reader):
        actions.note(actor=reader, case_id=case.id, text="x")
    with pytest.raises(NotAllowed), scoped(nobody):
        queries.queue(nobody, Sought(), 1)
    assert CaseStep.objects.count() == 1


def test_a_case_is_handed_beyond_the_scope_and_its_child_named_there(case: Case) -> None:
    far = b.municipality("lysva", "Лысьвенский округ")
    actor = municipal(case)
    with scoped(actor):
        assert actions.hand_over(actor=actor, case_ids=[case.id], to=far.id, reason="семья живёт там") == 1
        assert queries.waiting(actor) == (0, 0)
        assert queries.queue(actor, Sought(), 1).number == 1
    receiver = Actor("test:f", "Ф", "Ф", frozenset({"case.view"}), Scope(municipalities=frozenset({far.id})))
    with scoped(receiver):
        (row,) = queries.queue(receiver, Sought(mine=True), 1).rows
    assert (row.name, row.owner) == ("Лыкова Вера Ильинична", "Лысьвенский округ")
    assert Entry.objects.filter(
        kind="read.list", subjects__contains=[case.person_id], actor_code="test:f"
    ).exists()
    finding.find()
    case.refresh_from_db()
    assert case.owner_municipality_id == far.id, "the nightly run leaves owners alone"


def test_the_school_sees_the_case_where_it_lies_and_the_counts_agree(case: Case) -> None:
    assert case.organisation is not None
    actor = b.actor_of(case.organisation, "case.view")
    with scoped(actor):
        counts = queries.counts(actor)
        assert (counts.total, [line.key for line in counts.rules]) == (1, ["left_nowhere"])
        assert queries.queue(actor, Sought(rule="left_nowhere", age=0), 1).number == 1
        assert queries.queue(actor, Sought(age=1), 1).number == 0
        assert {one.value: n for one, _, n in queries.coverage(actor, clock.today())}["sought"] == 1


def test_orders_are_followed_by_the_change_feed() -> None:
    """Leaving by order opens a case within a minute, being admitted elsewhere closes it; nobody else is gone through."""
    school = b.school()
    child = b.person("Лыкова Вера Ильинична", born=date(2014, 3, 3))
    stream = b.admitted(child, b.group(school, "5А"))
    jobs.find_everybody()
    assert jobs.follow() is None
    b.left(child, stream, school, on=date(2025, 11, 1), reason="T1")
    counted = jobs.follow()
    assert counted is not None
    assert (counted.opened, Case.objects.get().rule) == (1, "not_arrived")
    b.admitted(child, b.group(b.school("Школа № 7"), "5Б"), on=date(2025, 11, 20))
    counted = jobs.follow()
    assert counted is not None
    assert (counted.gone, Case.objects.get().state) == (1, State.CLOSED)
    assert jobs.follow() is None


def test_a_child_on_its_way_by_a_transfer_is_neither_lost_nor_claimed_twice() -> None:
    """The former school has signed the leaving before its term: while the receiver's approval stands, nobody looks for the child."""
    codelists.load_all()
    today = clock.today()
    former, receiver = b.school(), b.school("Школа № 7")
    year = SchoolYear.of(today)
    child = b.person("Лыкова Вера Ильинична", born=date(2014, 3, 3))
    stream = b.admitted(child, b.group(former, "5А", year=year.begins_in), on=year.starts_on)
    secretary = b.actor_of(
        receiver, "transfers.view", "transfers.register", "transfers.approve", "enrolment.edit_order"
    )
    application = Application(
        person_id=child, group_id=b.group(receiver, "5Б", year=year.begins_in).id, applicant="Лыкова О. И.",
        applied_on=today, arrives_on=today,
    )  # fmt: skip
    with scoped(secretary):
        asked = transfers.register(actor=secretary, receiver_id=receiver.id, application=application)
        transfers.approve(actor=secretary, transfer_id=asked.pk, number="17-з")
    b.left(child, stream, former, on=today - timedelta(days=30), reason="T1")
    Enrolment.objects.filter(person_id=child).update(destination_id=receiver.id)
    jobs.follow()
    assert not Case.objects.exists()
    with scoped(secretary):
        transfers.withdraw(actor=secretary, transfer_id=asked.pk, reason="Семья передумала")
    counted = jobs.follow()
    assert counted is not None
    assert (counted.opened, Case.objects.get().rule) == (1, "not_arrived")
    nightly = jobs.find_everybody()
    assert (nightly.opened, nightly.reopened, nightly.gone, nightly.standing) == (0, 0, 0, 1)


def test_two_schools_claim_a_child_until_one_throws_its_draft_away() -> None:
    """A draft of a third school is a claim; one of the receiver of a transfer is not; its end closes the case within a minute."""
    child = b.person("Лыкова Вера Ильинична", born=date(2014, 3, 3))
    b.admitted(child, b.group(b.school(), "5А"))
    other = b.school("Школа № 7")
    group = b.group(other, "5Б")
    draft = enrolment.draft_order(
        actor=b.ROOT, organisation_id=other.id, kind=OrderKind.ADMISSION, number="1", dated=clock.today()
    )
    line = LineDraft(
        person_id=child, kind=MovementKind.ADMISSION, effective_on=clock.today(), group_id=group.id
    )
    enrolment.add_lines(actor=b.ROOT, order_id=draft.id, lines=[line])
    jobs.find_everybody()
    assert not Case.objects.exists()
    Order.objects.filter(pk=draft.id).update(created_at=clock.now() - timedelta(days=6))
    jobs.find_everybody()
    assert (Case.objects.get().rule, Case.objects.get().state) == ("claimed_twice", State.OPEN)
    enrolment.discard_draft(actor=b.ROOT, order_id=draft.id)
    counted = jobs.follow()
    assert counted is not None
    assert (counted.gone, Case.objects.get().outcome) == (1, "gone")
    assert jobs.follow() is None


def test_the_ministry_amends_a_rule_from_a_day_on(case: Case) -> None:
    ministry = Actor("test:min", "М", "М", frozenset({"case.rules"}), Scope.region())
    values: dict[str, Any] = {
        "rule": "left_nowhere", "on": True, "wait": 900, "term": 5, "share": 0, "severity": 1, "owner": "organisation", "basis": "Приказ № 1",
    }  # fmt: skip
    for wrong in (
        {"term": 0},
        {"wait": 1001},
        {"severity": 4},
        {"owner": "x"},
        {"basis": ""},
        {"starts_on": date(2020, 1, 1)},
    ):
        with pytest.raises(InvalidValue):
            actions.amend_rule(actor=ministry, **{**values, **wrong})
    with pytest.raises(NotFound):
        actions.amend_rule(actor=ministry, **{**values, "rule": "x"})
    with pytest.raises(NotAllowed):
        actions.amend_rule(actor=municipal(case), **values)
    assert not RuleEdition.objects.exists()
    actions.amend_rule(actor=ministry, **values, starts_on=TOMORROW)
    assert finding.find().standing == 1
    assert finding.find(day=TOMORROW).gone == 1
    assert Entry.objects.filter(kind="case.rule_amended").count() == 1
