"""Counting: every number is as long as the list behind it, one pass counts all, and a past form comes out the same again."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import pytest

from kontingent.access.roles import ROLES
from kontingent.audit import context
from kontingent.codelists import actions as codelists
from kontingent.enrolment import actions as enrolment
from kontingent.enrolment.actions import ConditionChange
from kontingent.enrolment.codes import MovementKind
from kontingent.enrolment.models import Enrolment, Group, Movement, Order
from kontingent.enrolment.rules.classes import ClassFacts
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue, NotAllowed
from kontingent.kernel.scope import Scope
from kontingent.organisations.models import Organisation
from kontingent.persons import civil
from kontingent.programmes.models import Programme
from kontingent.reports import actions, editions, engine, openings, queries
from kontingent.reports.engine import Cells
from kontingent.reports.models import Report
from kontingent.reports.rules.counting import Key
from kontingent.reports.rules.vocabulary import FACTS, OF_PEOPLE, Source
from tests import builders as b

pytestmark = pytest.mark.django_db
YEAR, FORM = 2025, "oo-1"


@pytest.fixture(autouse=True)
def lists() -> None:
    codelists.load_all()


def for_disabled(school: Organisation, title: str, kind: str, adaptation: str) -> Group:
    """A class for disabled children by a programme adapted for them."""
    programme = Programme.objects.create(
        organisation=school, kind_code=kind, title=f"АООП {adaptation}", adaptation_code=adaptation, valid_from=date(2000, 1, 1)
    )  # fmt: skip
    draft = enrolment.GroupDraft(
        school_year=YEAR, programme_id=programme.id, grade=int(title[:-1]), letter=title[-1], title=title,
        facts=ClassFacts(kind_code="correctional"),
    )  # fmt: skip
    return enrolment.open_group(actor=b.ROOT, organisation_id=school.id, draft=draft)


def random_school(rng: random.Random, number: int = 1) -> Organisation:
    """A school whose classes and children differ in whatever the form asks about."""
    school = b.school(f"Школа № {number}", is_rural=rng.random() < 0.5)
    former = [b.group(school, title, year=2024) for title in ("3А", "9Б", "10А")]
    classes = [
        b.group(school, "1А", kind_code=rng.choice(["ordinary", "gymnasium"]), shift_code=rng.choice("12")),
        b.group(school, "4Б", combined_key="1"), b.group(school, "2Б", combined_key="1"),
        for_disabled(school, "7Г", "13", "208"), for_disabled(school, "6Д", "15", "209"),
        b.group(school, "10А", profile_code="arts"),
        b.group(school, "11А", study_form=rng.choice(["11", "12"])),
    ]  # fmt: skip
    for index in range(rng.randint(12, 22)):
        word = "".join(rng.choice("бвгджзк") + rng.choice("аеио") for _ in range(4)).capitalize()
        child = b.person(
            f"{word} Иван", born=date(2008, 1, 1) + timedelta(days=rng.randrange(3600)), sex=rng.choice("12")
        )
        stream = b.admitted(child, rng.choice(classes), on=date(2025, 9, rng.choice([1, 5])))
        if rng.random() < 0.5:
            told = {
                "foreign_languages": rng.choice(["", "английский", "английский, немецкий"]),
                "boarding": rng.choice(["да", ""]), "extended_day": rng.choice(["", "ГПД 1"]),
            }  # fmt: skip
            enrolment.record_conditions(
                actor=b.ROOT,
                organisation_id=school.id,
                since=date(2025, 9, 5),
                changes=[ConditionChange(stream, told)],
            )
        if rng.random() < 0.2:
            civil.add_category(actor=b.ROOT, person_id=child, category_code="orphan", basis="Решение суда")
        if index % 5 == 0:
            other = b.person(f"{word}ин Пётр", born=date(2009, 5, 5), sex="1")
            was = b.admitted(other, rng.choice(former), on=date(2024, 9, 1))
            b.left(other, was, school, on=date(2025, 3, 1), reason=rng.choice(["T1", "T3", "T4"]))
    return school


def counted(school: Organisation, **asked: Any) -> Cells:
    edition = editions.in_force(FORM, YEAR)
    return engine.count(edition, engine.asked(edition, YEAR, organisations=[school.id], **asked)).of(
        school.id
    )


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_every_number_is_as_long_as_the_list_behind_it(seed: int) -> None:
    rng = random.Random(seed)
    school = random_school(rng)
    report = actions.prepare(actor=b.ROOT, organisation_id=school.id, form=FORM, year=YEAR)
    edition = openings.edition_of(report)
    cells = counted(school)
    assert sum(cells.values()) > 200
    chosen = [key for key, number in cells.items() if number]
    empty = [Key(variant.code, row.number, column.number) for table in edition.tables for variant in table.variants
             for row, column in table.cells() if not table.manual_of(row, column)]  # fmt: skip
    for key in [*rng.sample(chosen, min(60, len(chosen))), *rng.sample(empty, 20)]:
        with context.within(context.Request(report.id, None)):
            _, members = queries.listed(b.ROOT, report, key)
        assert len(members) == cells.get(key, 0), key


def test_all_schools_in_one_pass_are_each_school_by_itself() -> None:
    rng = random.Random(5)
    schools = [random_school(rng, number) for number in (1, 2, 3)]
    edition = editions.in_force(FORM, YEAR)
    together = engine.count(edition, engine.asked(edition, YEAR))
    for school in schools:
        assert dict(together.of(school.id)) == dict(counted(school))


def test_the_pass_costs_the_same_however_many_schools(django_assert_max_num_queries: Any) -> None:
    rng = random.Random(6)
    edition = editions.in_force(FORM, YEAR)
    random_school(rng, 1)
    most = 80
    with django_assert_max_num_queries(most):
        engine.count(edition, engine.asked(edition, YEAR))
    random_school(rng, 2)
    with django_assert_max_num_queries(most):
        engine.count(edition, engine.asked(edition, YEAR))


@pytest.mark.slow
def test_a_version_comes_out_the_same_after_fifty_back_dated_orders() -> None:
    rng = random.Random(7)
    school = random_school(rng)
    before, moment = dict(counted(school)), clock.now()
    streams = list(Enrolment.objects.filter(organisation=school, superseded_at=None, ends_on=None))
    rng.shuffle(streams)
    done = 0
    while done < 50:
        choice = rng.random()
        if choice < 0.4 and streams:
            one = streams.pop()
            b.left(one.person_id, one.enrolment_id, school, on=date(2025, 9, 10), reason="T1")
        elif choice < 0.5:
            order = Order.objects.filter(organisation=school, status="signed", kind="admission").last()
            if (
                order is None
                or Movement.objects.filter(enrolment_id__in=order.movements.values("enrolment_id"))
                .exclude(order=order)
                .exists()
            ):
                continue
            enrolment.cancel_order(actor=b.ROOT, order_id=order.id, reason="проверка")
        else:
            late = b.person(
                f"Поздний Иван{'ов' * (done % 7)}", born=date(2015, 1, 1) + timedelta(days=done), sex="1"
            )
            b.admitted(late, Group.objects.get(organisation=school, title="4Б"), on=date(2025, 9, 2))
        done += 1
    assert dict(counted(school, known_at=moment)) == before
    assert dict(counted(school)) != before


# -- who may open a number -----------------------------------------------------------------------


def of_role(role: str, school: Organisation) -> Actor:
    return Actor(
        "account:x", "Кто-то", role, ROLES[role].permissions, Scope.of_organisation(school.id), school.id
    )


def test_whoever_may_not_know_of_orphans_does_not_open_their_number() -> None:
    school = b.school()
    child = b.person()
    b.admitted(child, b.group(school), on=date(2025, 9, 1))
    civil.add_category(actor=b.ROOT, person_id=child, category_code="orphan", basis="Решение суда")
    report = actions.prepare(actor=b.ROOT, organisation_id=school.id, form=FORM, year=YEAR)
    key = Key("2.1.1.1", "22", "3")
    with context.within(context.Request(report.id, None)) as request:
        _, members = queries.listed(of_role("operator", school), report, key)
        assert [one.person_id for one in members] == [child]
        assert [read.subjects for read in request.reads] == [(child,)]
        curious = Actor(
            "account:x",
            "Кто-то",
            "x",
            frozenset({"person.view", "report.view"}),
            Scope.of_organisation(school.id),
        )
        with pytest.raises(NotAllowed, match="социальные категории"):
            queries.listed(curious, report, key)
        assert len(request.reads) == 1


def test_a_number_entered_by_hand_has_nobody_behind_it() -> None:
    school = b.school()
    report = actions.prepare(actor=b.ROOT, organisation_id=school.id, form=FORM, year=YEAR)
    with pytest.raises(InvalidValue, match="введено вручную"):
        queries.listed(b.ROOT, report, Key("2.6.1", "01", "3"))
    assert Report.objects.count() == 1


def test_the_vocabulary_is_what_the_tables_of_facts_hold() -> None:
    from django.db import connection

    from kontingent.reports import facts

    edition = editions.in_force(FORM, YEAR)
    with facts.built(engine.asked(edition, YEAR), set(Source)):
        for source in Source:
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT * FROM {facts.table_of(source)} LIMIT 0")
                columns = {column.name for column in cursor.description or ()}
            named = {name for name, fact in FACTS.items() if source in fact.sources and fact.is_known}
            assert named - columns == set(), source
            assert {"organisation_id", "municipality_id"} <= columns
            if source in OF_PEOPLE:
                assert {"person_id", "enrolment_id", "group_id"} <= columns
    assert MovementKind.GRADUATION in set(MovementKind)
