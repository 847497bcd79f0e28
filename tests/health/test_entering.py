"""A learner entered whole with what is known of health: all or nothing, by the right and the stage of health, before the order is signed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from kontingent.access.roles import ROLES
from kontingent.audit.models import Entry
from kontingent.enrolment.actions import LearnerEntry, LineDraft, add_lines, draft_order
from kontingent.enrolment.codes import MovementKind, OrderKind
from kontingent.enrolment.models import Order
from kontingent.health import actions, jobs
from kontingent.health.codes import Kind
from kontingent.health.models import HealthRecord
from kontingent.health.rules import Details, Record, RowsRefused
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue, KontingentError, NotAllowed, RuleViolation
from kontingent.kernel.scope import Scope
from kontingent.organisations.models import Organisation
from kontingent.persons import merging
from kontingent.persons.actions import PersonDraft
from kontingent.persons.models import Person
from kontingent.storage.scope import scoped
from tests import builders as b
from tests.health.test_health import START, group, opened, town, worker

__all__ = ["town"]
pytestmark = pytest.mark.django_db
PROGRAMME = Record(
    Kind.ADAPTED_PROGRAMME, "212", START, variant_code="8.4", details=Details("ПМПК № 7 от 01.09.2026")
)


def somebody(role: str, at: Organisation) -> Actor:
    one = ROLES[role]
    return Actor("test:1", "Вера", one.title, one.permissions, Scope.of_organisation(at.id), at.id, purpose=one.purpose)  # fmt: skip


def enter(town: dict[str, Any], *records: Record, role: str = "operator_health", at: str = "five") -> UUID:
    actor = somebody(role, town[at])
    entry = LearnerEntry(
        person=PersonDraft(family_name="Оборин", given_name="Елисей", sex="1", birth_date=date(2018, 4, 5)), group_id=town["mine"].id, effective_on=clock.today()
    )  # fmt: skip
    with scoped(actor):
        return actions.enter_learner(
            actor=actor, organisation_id=town[at].id, entry=entry, records=records
        ).person_id


def nothing_entered() -> bool:
    written = (
        Person.objects.filter(family_name="Оборин"), Order.objects.filter(status="draft"), HealthRecord.objects.all(),
        Entry.objects.filter(actor_code="test:1"),
    )  # fmt: skip
    return not any(rows.exists() for rows in written)


def test_health_is_written_with_the_learner_and_for_its_own_purpose(town: dict[str, Any]) -> None:
    opened()
    child = enter(town, group("12", document="Осмотр № 5"), PROGRAMME)
    kept = HealthRecord.objects.order_by("kind")
    assert [(one.person_id, one.organisation_id, one.kind, one.code) for one in kept] == [
        (child, town["five"].id, "adapted_programme", "212"),
        (child, town["five"].id, "health_group", "12"),
    ]
    assert all(one.key_id for one in kept), "documents are encrypted"
    written = Entry.objects.get(kind="health.recorded")
    assert (written.subjects, written.purpose, written.actor_name) == ([child], "health", "Вера")
    assert Entry.objects.get(kind="persons.registered", subjects=[child]).purpose == "contingent"
    assert Order.objects.get(status="draft").lines.get().person_id == child


@pytest.mark.parametrize(
    ("role", "open_there", "records", "refusal"),
    [
        ("operator_health", False, [group()], RuleViolation),
        ("operator", True, [group()], NotAllowed),
        ("head", True, [group()], NotAllowed),
        ("health", True, [group()], NotAllowed),
        ("operator_health", True, [group("99")], InvalidValue),
        ("operator_health", True, [group("16")], InvalidValue),
        ("operator_health", True, [replace(PROGRAMME, details=Details())], InvalidValue),
        ("operator_health", True, [group(), replace(PROGRAMME, starts_on=date(2199, 1, 1))], RowsRefused),
    ],
    ids=["closed", "operator", "head", "nurse", "no such code", "of adults", "no document", "one of two"],
)  # fmt: skip
def test_a_refusal_of_health_leaves_nothing_of_the_learner(
    town: dict[str, Any], role: str, open_there: bool, records: list[Record], refusal: type[KontingentError]
) -> None:
    if open_there:
        opened()
    with pytest.raises(refusal):
        enter(town, *records, role=role)
    assert nothing_entered()


def test_without_health_neither_its_right_nor_its_stage_is_asked_for(town: dict[str, Any]) -> None:
    assert enter(town, role="operator")
    assert not HealthRecord.objects.exists()


def drafted(town: dict[str, Any], who: UUID, at: str) -> None:
    order = draft_order(
        actor=b.ROOT, organisation_id=town[at].id, kind=OrderKind.ADMISSION, number="1", dated=clock.today()
    )
    here = b.group(town[at], "1А", year=2026)
    line = LineDraft(person_id=who, kind=MovementKind.ADMISSION, effective_on=clock.today(), group_id=here.id)
    add_lines(actor=b.ROOT, order_id=order.id, lines=[line])


def test_a_draft_lets_its_own_school_record_and_of_nobody_who_studies_elsewhere(town: dict[str, Any]) -> None:
    opened()
    child = b.person("Оборин Елисей Ильич", born=date(2018, 4, 5))
    drafted(town, child, "seven")
    drafted(town, town["oleg"], "five")
    for who in (child, town["oleg"]):
        actor = worker(town["five"])
        with scoped(actor), pytest.raises(RuleViolation, match="не числится в «Школа № 5»"):
            actions.record(actor=actor, organisation_id=town["five"].id, person_id=who, entered=group())
    assert not HealthRecord.objects.exists()
    actor = worker(town["seven"])
    with scoped(actor):
        actions.record(actor=actor, organisation_id=town["seven"].id, person_id=child, entered=group())
    assert HealthRecord.objects.get().person_id == child
    Order.objects.filter(status="draft", organisation=town["seven"]).delete()
    later = group("13", since=START + timedelta(days=1))
    with scoped(actor), pytest.raises(RuleViolation, match="не числится"):
        actions.record(actor=actor, organisation_id=town["seven"].id, person_id=child, entered=later)


def test_health_of_whoever_was_not_admitted_after_all_is_withdrawn_at_night(town: dict[str, Any]) -> None:
    opened()
    child = enter(town, group("12", document="Осмотр № 5"), PROGRAMME)
    nurse = worker(town["five"])
    with scoped(nurse):
        kept = actions.record(
            actor=nurse, organisation_id=town["five"].id, person_id=town["anna"], entered=group()
        )
    jobs.withdraw_not_admitted(0)
    assert HealthRecord.objects.filter(superseded_at=None).count() == 3, "the draft still admits the child"
    made = merging.merge(actor=b.ROOT, survivor_id=town["anna"], merged_id=child, basis="Один человек")
    Order.objects.filter(status="draft").delete()
    jobs.withdraw_not_admitted(0)
    assert HealthRecord.objects.filter(superseded_at=None).count() == 3, "one human being, who studies here"
    merging.unmerge(actor=b.ROOT, merge_id=made.id, basis="Разные люди")
    jobs.withdraw_not_admitted(0)
    assert list(HealthRecord.objects.filter(superseded_at=None).values_list("id", flat=True)) == [kept]
    told = Entry.objects.get(kind="health.recorded", actor_code="system:health")
    assert (told.subjects, told.purpose, told.data) == (
        [child],
        "health",
        {"change": "withdrawn", "records": 2},
    )
    jobs.withdraw_not_admitted(0)
    assert Entry.objects.filter(actor_code="system:health").count() == 1
