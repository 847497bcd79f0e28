"""Forms count the disabled without showing them; where stage two is closed the same cells are entered by hand."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from django.db import Error, connection, transaction

from kontingent.access.roles import ROLES
from kontingent.audit import context
from kontingent.codelists import actions as codelists
from kontingent.health.codes import Kind
from kontingent.health.models import HealthRecord
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue, NotAllowed
from kontingent.kernel.scope import Scope
from kontingent.organisations.models import Organisation
from kontingent.persons import merging
from kontingent.reports import actions, editions, engine, openings, own, queries
from kontingent.reports.rules.counting import Key
from kontingent.storage import scope
from kontingent.storage.scope import scoped
from tests import builders as b
from tests.health.test_health import opened
from tests.reports import test_other_forms as o
from tests.reports.test_counting import for_disabled

pytestmark = pytest.mark.django_db
#: (grade, sex, adapted, code of disability): counted below by hand.
CHILDREN = (
    ("5А", "1", False, "14"), ("5А", "2", False, "14"), ("5А", "1", False, ""), ("7Г", "2", True, "14"),
    ("7Г", "1", True, ""), ("11А", "1", False, "12"),
)  # fmt: skip


#: Worked out from the blank. Графы: 2.1.1 – 8 is grade 5, 14 is grade 11; 2.1.2 – 22 is grade 7, 50 is «дети-инвалиды с ОВЗ».
BY_HAND = {
    "2.1.1.1/20/3": 1, "2.1.1.1/20/14": 1,  # a grown-up invalid without ОВЗ, in 11А
    "2.1.1.1/21/3": 2, "2.1.1.1/21/8": 2,  # two disabled children without ОВЗ, in 5А
    # the disabled girl of 7Г, a class for ЗПР: by programme, in the total, among girls; and as a disabled child with ОВЗ
    "2.1.2.1/16/50": 1, "2.1.2.1/24/50": 1, "2.1.2.1/26/50": 1, "2.1.2.1/29/3": 1, "2.1.2.1/29/22": 1,
    "2.3.1/01/7": 1, "2.3.1/01/8": 2, "2.3.1/01/12": 1,  # the same by kind of class
}  # fmt: skip
KEY = "2.1.1.1/21/3"


@pytest.fixture
def school() -> dict[str, Any]:
    codelists.load_all()
    five = b.school("Школа № 5")
    groups = {
        "5А": b.group(five, "5А"), "7Г": for_disabled(five, "7Г", "13", "208"), "11А": b.group(five, "11А"),
    }  # fmt: skip
    people: list[UUID] = []
    for number, (title, sex, _, code) in enumerate(CHILDREN):
        born = date(2007, 3, 1) if code == "12" else date(2013, 1, 1)
        who = b.person(f"Ученик{'абвгде'[number]} Иван", born=born, sex=sex)
        b.admitted(who, groups[title], on=date(2025, 9, 1))
        people.append(who)
        if code:
            HealthRecord.objects.create(
                person_id=who, organisation=five, kind=Kind.DISABILITY, code=code, starts_on=date(2025, 9, 10),
                ends_on=date(2027, 1, 1), recorded_at=clock.now(), recorded_by="Проверка",
            )  # fmt: skip
    return {"five": five, "people": people}


def cells(school: Organisation) -> dict[str, int]:
    edition = editions.in_force("oo-1", 2025)
    found = engine.count(edition, engine.asked(edition, 2025, organisations=[school.id])).of(school.id)
    return {str(key): number for key, number in found.items() if number}


def actor(role: str, at: Organisation, *more: str) -> Actor:
    return Actor(
        f"test:{role}",
        "Кто-то",
        role,
        ROLES[role].permissions | set(more),
        Scope.of_organisation(at.id),
        at.id,
    )


def asks_for_health() -> set[tuple[str, str, str]]:
    """The cells of the form that ask about disability: table, row, column."""
    edition = editions.where_closed(editions.in_force("oo-1", 2025).code, frozenset({"disability"}))
    return {
        (variant.code, row.number, column.number)
        for table in edition.tables
        for variant in table.variants
        for row, column in table.cells()
        if table.manual_of(row, column).startswith("сведения о здоровье")
    }


def test_disabled_learners_are_counted_as_by_hand(school: dict[str, Any]) -> None:
    """Every cell of ОО-1 that asks about disability, none left out."""
    opened()
    asked = asks_for_health()
    found = {key: n for key, n in cells(school["five"]).items() if tuple(key.split("/")) in asked}
    assert len(asked) > 500
    assert found == BY_HAND, "; ".join(f"{k}={n}" for k, n in sorted(found.items()))


def test_who_became_disabled_after_the_day_of_the_form_is_not_counted(school: dict[str, Any]) -> None:
    opened()
    HealthRecord.objects.update(starts_on=date(2025, 9, 21))
    assert {tuple(key.split("/")) for key in cells(school["five"])} & asks_for_health() == set()


def test_no_role_but_the_region_s_may_ask_who_is_disabled(school: dict[str, Any]) -> None:
    for role in (scope.APPLICATION, scope.DOOR, scope.JOURNAL, scope.HEALTH):
        with pytest.raises(Error, match="permission denied"):
            _ask_as(role)


def _ask_as(role: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {role}")
        cursor.execute("SELECT * FROM scope.health_counted(current_date, NULL)")


def test_where_the_stage_is_closed_the_same_cells_are_entered_by_hand(school: dict[str, Any]) -> None:
    five = school["five"]
    opened(b.municipality("lysva", "Лысьвенский округ"))
    report = actions.prepare(actor=b.ROOT, organisation_id=five.id, form="oo-1", year=2025)
    report = actions.enter(actor=b.ROOT, report_id=report.id, values={KEY: 9})
    assert report.version is not None
    assert report.version.cells[KEY] == 9
    with pytest.raises(InvalidValue, match="введено вручную"):
        queries.listed(b.ROOT, report, _key(KEY))
    opened()
    report = actions.prepare(actor=b.ROOT, organisation_id=five.id, form="oo-1", year=2025)
    assert report.version is not None
    assert report.version.cells[KEY] == 2, "counted from now on; what was entered gives way"
    with pytest.raises(InvalidValue, match="считает реестр"):
        actions.enter(actor=b.ROOT, report_id=report.id, values={KEY: 7})


def test_the_number_is_everybody_s_and_the_list_behind_it_is_not(school: dict[str, Any]) -> None:
    five = school["five"]
    opened()
    report = actions.prepare(actor=b.ROOT, organisation_id=five.id, form="oo-1", year=2025)
    operator = actor("operator", five)
    with scoped(operator):
        seen = queries.report(operator, report.id)
        assert queries.version(seen).cells[KEY] == 2
        with pytest.raises(NotAllowed, match="сведения о здоровье"):
            queries.listed(operator, seen, _key(KEY))
        question = own.read({"rows": "disability", "on": "2025-09-20"})
        with pytest.raises(NotAllowed, match="сведения о здоровье"):
            own.count(operator, question)
    head = actor("head", five)
    with scoped(head), context.within(context.Request(report.id, None)) as request:
        _, members = queries.listed(head, queries.report(head, report.id), _key(KEY))
        assert {one.person_id for one in members} == set(school["people"][:2])
        assert [(read.kind, read.purpose) for read in request.reads][-1] == ("read.health", "health")


def test_a_pupil_whose_record_was_merged_is_counted_by_the_one_that_stayed(school: dict[str, Any]) -> None:
    opened()
    before = cells(school["five"])
    other = b.person("Ученика Иван", born=date(2013, 1, 1), sex="1")
    merging.merge(actor=b.ROOT, survivor_id=other, merged_id=school["people"][0], basis="Паспорт")
    assert cells(school["five"]) == before


def _key(text: str) -> Key:
    return Key(*text.split("/"))


# -- ОВЗ by the conclusion of ПМПК ---------------------------------------------------------------


def concluded(
    who: UUID, at: Organisation, code: str = "207", *, since: date = date(2025, 9, 10)
) -> HealthRecord:
    return HealthRecord.objects.create(
        person_id=who, organisation=at, kind=Kind.ADAPTED_PROGRAMME, code=code, starts_on=since, ends_on=date(2027, 1, 1),
        recorded_at=clock.now(), recorded_by="Проверка",
    )  # fmt: skip


def of_the_limited(school: dict[str, Any]) -> dict[str, int]:
    return {
        key: n for key, n in cells(school["five"]).items() if key.startswith(("2.1.1.1/17/", "2.2.1/", "2.1.1.1/19/"))
    }  # fmt: skip


#: One of the two disabled children of 5А has a conclusion about speech; графа 8 is grade 5, 18 – «дети-инвалиды».
WITH_CONCLUSION = {
    "2.1.1.1/17/3": 1, "2.1.1.1/17/8": 1, "2.1.1.1/19/3": 1, "2.1.1.1/19/8": 1,
    "2.2.1/01/3": 1, "2.2.1/01/8": 1, "2.2.1/02/3": 3, "2.2.1/02/8": 3,
    "2.2.1/08/3": 1, "2.2.1/08/8": 1, "2.2.1/08/18": 1,
}  # fmt: skip


def test_who_has_a_conclusion_is_limited_whatever_the_programme(school: dict[str, Any]) -> None:
    opened()
    assert of_the_limited(school) == {}
    concluded(school["people"][0], school["five"])
    assert of_the_limited(school) == WITH_CONCLUSION
    # in 7Г, a class for ЗПР, nothing is said by ПМПК: both count by the programme
    assert cells(school["five"])["2.1.2.1/27/3"] == 2
    HealthRecord.objects.filter(kind=Kind.ADAPTED_PROGRAMME).update(ends_on=date(2025, 9, 20))
    assert of_the_limited(school) == {}, "a conclusion that has ended says nothing"


def test_where_the_stage_is_closed_conclusions_are_not_counted_and_the_page_says_by_what(
    school: dict[str, Any],
) -> None:
    five, key = school["five"], Key("2.1.2.1", "27", "3")
    opened(b.municipality("lysva", "Лысьвенский округ"))
    concluded(school["people"][0], five)
    assert of_the_limited(school) == {}
    report = actions.prepare(actor=b.ROOT, organisation_id=five.id, form="oo-1", year=2025)
    operator = actor("operator", five)
    assert "(адаптация программы ученика: Не адаптирована)" in queries.rule(openings.edition_of(report), *key)
    with scoped(operator), context.within(context.Request(report.id, None)) as request:
        _, members = queries.listed(operator, report, key)
        assert len(members) == 2, "the programme is of the first stage"
        assert [read.kind for read in request.reads] == ["read.list"]
    opened()
    assert "(ОВЗ: заключение ПМПК или адаптированная программа: Не" in queries.rule(
        openings.edition_of(report), *key
    )
    with scoped(operator), pytest.raises(NotAllowed, match="сведения о здоровье"):
        queries.listed(operator, report, key)


def test_who_has_a_conclusion_is_listed_by_the_right_alone(school: dict[str, Any]) -> None:
    five = school["five"]
    opened()
    concluded(school["people"][0], five)
    report = actions.prepare(actor=b.ROOT, organisation_id=five.id, form="oo-1", year=2025)
    assert report.version is not None
    assert report.version.cells["2.2.1/08/3"] == 1
    for key in (Key("2.2.1", "08", "3"), Key("2.1.1.1", "17", "3"), Key("2.2.1", "01", "3")):
        operator = actor("operator", five)
        with scoped(operator):
            assert queries.version(queries.report(operator, report.id)).cells[str(key)] == 1
            with pytest.raises(NotAllowed, match="сведения о здоровье"):
                queries.listed(operator, report, key)
    head = actor("head", five)
    with scoped(head), context.within(context.Request(report.id, None)) as request:
        _, members = queries.listed(head, report, Key("2.2.1", "08", "3"))
        assert [one.person_id for one in members] == school["people"][:1]
        assert [(read.kind, read.purpose) for read in request.reads] == [("read.health", "health")]
    with scoped(operator := actor("operator", five)):
        for cut in ("special_needs", "inclusive"):
            with pytest.raises(NotAllowed, match="сведения о здоровье"):
                own.count(operator, own.read({"rows": cut, "on": "2025-09-20"}))


def of_form(at: Organisation, form: str, *keys: str) -> list[int]:
    edition = editions.in_force(form, 2025)
    found = engine.count(edition, engine.asked(edition, 2025, organisations=[at.id])).of(at.id)
    return [found.get(_key(key), 0) for key in keys]


def test_the_other_forms_count_conclusions_too() -> None:
    """85-К, 1-ДОД, СПО-1: one with a conclusion on an ordinary programme, and the same one disabled."""
    codelists.load_all()
    opened()
    asked = {
        # 7: of them; 6: графы 9 and 10 of row 601
        "85-k": ("11", "11", ("6/601/9", "6/601/10", "6/601/11")),
        # графы 7 and 11 of the technical direction
        "1-dod": ("15", "411", ("3/06/7", "3/06/11", "3/06/15")),
        # строки 13–15, 22–24 of 2.3, графа 4; and графа 47 of 2.1.2
        "spo-1": ("13", "212", ("2.3.1/13/4", "2.3.1/14/4", "2.3.1/15/4", "2.3.1/22/4", "2.3.1/23/4", "2.1.2.1/01/47", "2.1.2.1/01/49")),
    }  # fmt: skip
    for number, (form, (kind, of, keys)) in enumerate(asked.items()):
        at = o.organisation(kind)
        made = o.programme(at, of, "Программа", **({"direction_code": "technical"} if of == "411" else {"base_code": "basic"} if of == "212" else {}))  # fmt: skip
        group = o.group(made, f"Группа {number}", grade=1 if of == "212" else None)
        who = b.person(f"Один{'абв'[number]} Иван", born=date(2009, 5, 20) if of == "212" else date(2021, 5, 20) if of == "11" else date(2014, 5, 20))  # fmt: skip
        b.admitted(who, group)
        assert of_form(at, form, *keys) == [0] * len(keys), form
        concluded(who, at)
        HealthRecord.objects.create(
            person_id=who, organisation=at, kind=Kind.DISABILITY, code="14", starts_on=date(2025, 9, 10), ends_on=date(2027, 1, 1),
            recorded_at=clock.now(), recorded_by="Проверка",
        )  # fmt: skip
        expected = {"85-k": [1, 1, 0], "1-dod": [1, 1, 0], "spo-1": [1, 0, 1, 0, 1, 1, 1]}[form]
        assert of_form(at, form, *keys) == expected, form
