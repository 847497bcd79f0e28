"""Forms count exams and documents where stage three is open; where it is closed the same cells are entered by hand."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from kontingent.achievements.attestation.models import EducationDocument, ExamResult
from kontingent.codelists import actions as codelists
from kontingent.enrolment.codes import MovementKind
from kontingent.kernel import clock
from kontingent.kernel.errors import InvalidValue, NotAllowed
from kontingent.organisations.models import Organisation
from kontingent.persons import merging
from kontingent.reports import actions, editions, engine, queries
from kontingent.reports.rules.counting import Key
from kontingent.storage.scope import scoped
from tests import builders as b
from tests.attestation import town as t

pytestmark = pytest.mark.django_db
#: (class, admitted, results: form, subject, passed; document: kind, day, honours): counted below by hand.
Told = tuple[str, bool, tuple[tuple[str, str, bool], ...], tuple[str, date, bool] | None]
JUNE, SEPTEMBER = date(2025, 6, 24), date(2025, 9, 10)
GRADUATES: tuple[Told, ...] = (
    ("9А", True, (("oge", "1", True), ("oge", "2", True)), ("12", JUNE, True)),
    ("9А", True, (("oge", "1", True), ("oge", "2", False), ("oge", "2", True)), ("12", SEPTEMBER, False)),
    ("9А", True, (("oge", "1", True), ("oge", "2", False)), None),
    ("9А", True, (), None),
    ("9А", False, (), None),  # not admitted
    ("9А", True, (("oge", "1", True), ("oge", "2", True)), None),  # passed, and no document yet
    ("11А", True, (("ege", "1", True), ("ege", "2", True)), ("11", JUNE, True)),
    ("11А", True, (("ege", "1", True), ("ege", "22", False)), None),
    ("11А", True, (("gve11", "51", True), ("gve11", "52", True)), ("11", JUNE, False)),
    ("11А", True, (), None),
)
#: Row → how many, of the ordinary classes (графы 3, 9 and 18 of 2.6.1); worked out from the blank.
BY_HAND = {
    "01": 4, "02": 2, "03": 1, "04": 1, "05": 1, "06": 1, "08": 1,
    "09": 4, "10": 2, "11": 1, "12": 1, "13": 1, "16": 2, "17": 2, "18": 2, "19": 2, "20": 1, "21": 1,
}  # fmt: skip


@pytest.fixture
def school() -> dict[str, Any]:
    codelists.load_all()
    five = b.school("Школа № 5")
    groups = {title: b.group(five, title, year=2024) for title in ("9А", "11А")}
    people: list[UUID] = []
    for number, (title, is_admitted, results, paper) in enumerate(GRADUATES):
        born = date(2009, 3, 1) if title == "9А" else date(2007, 3, 1)
        who = b.person(f"Ученик{'абвгдежзик'[number]} Иван", born=born, sex="1")
        stream = b.admitted(who, groups[title], on=date(2024, 9, 1))
        b.moved(
            who,
            stream,
            five,
            MovementKind.GRADUATION,
            on=date(2025, 6, 25),
            reason_code="G1" if title == "9А" else "G2",
        )
        people.append(who)
        _attested(five, who, title, is_admitted=is_admitted, results=results, paper=paper)
    # one goes on in the tenth grade here, another elsewhere; so does one here who has got no аттестат
    here, elsewhere = b.group(five, "10А"), b.group(b.school("Школа № 6"), "10А")
    for number, group in ((0, here), (1, elsewhere), (5, here)):
        b.admitted(people[number], group, on=date(2025, 9, 1))
    return {"five": five, "people": people}


def _attested(
    at: Organisation, who: UUID, title: str, *, is_admitted: bool, results: Any, paper: Any
) -> None:
    of: dict[str, Any] = {
        "person_id": who,
        "organisation": at,
        "recorded_at": clock.now(),
        "recorded_by": "Проверка",
    }
    exam = {**of, "year": 2025, "stage_code": "main", "status_code": "valid"}
    if is_admitted:
        form, subject, day = (
            ("interview", "70", date(2025, 2, 12)) if title == "9А" else ("essay", "20", date(2024, 12, 4))
        )
        ExamResult.objects.create(**exam, form=form, subject_code=subject, held_on=day, passed=True)
    for index, (form, subject, passed) in enumerate(results):
        ExamResult.objects.create(
            **exam,
            form=form,
            subject_code=subject,
            held_on=date(2025, 6, 1 + index),
            mark=4 if passed else 2,
            passed=passed,
        )
    if paper:
        kind, day, honours = paper
        EducationDocument.objects.create(
            **of, document_id=uuid4(), kind_code=kind, number=f"05904{EducationDocument.objects.count():09d}", registration_number=str(EducationDocument.objects.count()), issued_on=day,
            graduated_in=2025, family_name="Проверка", given_name="Иван", birth_date=date(2009, 1, 1), sex="1", with_honours=honours,
        )  # fmt: skip


def cells(at: Organisation) -> dict[str, int]:
    edition = editions.in_force("oo-1", 2025)
    found = engine.count(edition, engine.asked(edition, 2025, organisations=[at.id])).of(at.id)
    return {
        str(key): number
        for key, number in found.items()
        if number and str(key).startswith(("2.6.", "2.14.3"))
    }


def test_exams_and_documents_are_counted_as_by_hand(school: dict[str, Any]) -> None:
    """Every cell of 2.6 and 2.14.3, none left out."""
    t.opened()
    expected = {f"2.6.1/{row}/{column}": number for row, number in BY_HAND.items() for column in (3, 9, 18)}
    assert cells(school["five"]) == expected


def test_who_goes_on_here_stands_behind_the_number(school: dict[str, Any]) -> None:
    t.opened()
    five = school["five"]
    report = actions.prepare(actor=b.ROOT, organisation_id=five.id, form="oo-1", year=2025)
    _, members = queries.listed(b.ROOT, report, Key("2.6.1", "03", "3"))
    assert [one.person_id for one in members] == [school["people"][0]]


def test_a_graduate_whose_record_was_merged_is_counted_by_the_one_that_stayed(school: dict[str, Any]) -> None:
    t.opened()
    before = cells(school["five"])
    other = b.person("Ученика Иван", born=date(2009, 3, 1), sex="1")
    merging.merge(actor=b.ROOT, survivor_id=other, merged_id=school["people"][0], basis="Паспорт")
    assert cells(school["five"]) == before


def test_where_the_stage_is_closed_the_cells_are_entered_and_where_it_is_open_they_give_way(
    school: dict[str, Any],
) -> None:
    five, key = school["five"], "2.6.1/02/3"
    assert cells(five) == {}
    report = actions.prepare(actor=b.ROOT, organisation_id=five.id, form="oo-1", year=2025)
    report = actions.enter(actor=b.ROOT, report_id=report.id, values={key: 9})
    assert report.version is not None
    assert report.version.cells[key] == 9
    t.opened()
    report = actions.prepare(actor=b.ROOT, organisation_id=five.id, form="oo-1", year=2025)
    assert report.version is not None
    assert report.version.cells[key] == 2
    with pytest.raises(InvalidValue, match="считает реестр"):
        actions.enter(actor=b.ROOT, report_id=report.id, values={key: 7})


def test_the_list_behind_a_number_asks_for_the_right_to_see_exams(school: dict[str, Any]) -> None:
    t.opened()
    five = school["five"]
    report = actions.prepare(actor=b.ROOT, organisation_id=five.id, form="oo-1", year=2025)
    officer = b.actor_of(five, "report.view", "report.prepare", "person.view", "enrolment.view")
    with scoped(officer), pytest.raises(NotAllowed, match="результаты экзаменов"):
        queries.listed(officer, queries.report(officer, report.id), Key("2.6.1", "02", "3"))
    head = t.worker("head", five)
    with scoped(head):
        _, members = queries.listed(head, queries.report(head, report.id), Key("2.6.1", "02", "3"))
    assert {one.person_id for one in members} == set(school["people"][:2])
