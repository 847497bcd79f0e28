"""Tables of РИС ГИА and of documents against PostgreSQL: matched by set, refused with place, idempotent, kept within scope and stage."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from kontingent.achievements.attestation.codes import DeliveryKind
from kontingent.achievements.attestation.models import DeliveredRow, Delivery, EducationDocument, ExamResult
from kontingent.kernel.errors import Conflict, KontingentError, NotAllowed, RuleViolation
from kontingent.persons import merging
from tests import builders as b
from tests.attestation import town as t

pytestmark = pytest.mark.django_db
DOCUMENTS = DeliveryKind.DOCUMENTS


def problems(one: Delivery) -> dict[int, tuple[str, str]]:
    """Line → (code, field)."""
    rows = DeliveredRow.objects.filter(delivery=one).exclude(problems=[])
    return {row.line: (row.problems[0][2], row.problems[0][0]) for row in rows}


def standing() -> list[tuple[Any, ...]]:
    found = ExamResult.objects.order_by("recorded_at", "subject_code", "superseded_at")
    return [(r.person_id, r.subject_code, r.mark, r.score, r.passed, r.superseded_at is None) for r in found]


def test_results_are_matched_checked_and_applied() -> None:
    town = t.built()
    rows = [
        t.exam(town.anna, "Русский язык", mark=5),
        t.exam(town.oleg, "2", mark=2, day=date(2025, 6, 6), snils=""),
        t.exam(town.anna, "", form="Итоговое собеседование", day=date(2025, 2, 12), mark="", passed="зачёт"),
    ]
    one = t.sent(t.region(), t.table(t.HEAD, rows))
    assert one.totals == {"rows": 3, "create": 3}
    assert not ExamResult.objects.exists(), "nothing is written before a human has seen it"
    one = t.applied(t.region(), one)
    assert one.totals["create"] == 3
    assert standing() == [
        (town.anna, "1", 5, None, True, True), (town.oleg, "2", 2, None, False, True), (town.anna, "70", None, None, True, True),
    ]  # fmt: skip
    assert {r.organisation_id for r in ExamResult.objects.all()} == {town.five.id}


def test_the_same_file_again_changes_nothing_and_a_correction_keeps_what_stood() -> None:
    town, actor = t.built(), t.region()
    t.applied(actor, t.sent(actor, t.table(t.HEAD, [t.exam(town.anna), t.exam(town.oleg, mark=3)])))
    again = t.sent(actor, t.table(t.HEAD, [t.exam(town.anna), t.exam(town.oleg, mark=3)]))
    assert again.totals == {"rows": 2, "same": 2}
    with pytest.raises(Conflict, match="нечего"):
        t.applied(actor, again)
    corrected = t.table(t.HEAD, [t.exam(town.anna), t.exam(town.oleg, mark=4, appeal="удовлетворена")])
    one = t.applied(actor, t.sent(actor, corrected))
    assert (one.totals["change"], one.totals["same"]) == (1, 1)
    assert [row for row in standing() if row[0] == town.oleg] == [
        (town.oleg, "1", 3, None, True, False), (town.oleg, "1", 4, None, True, True),
    ]  # fmt: skip
    assert t.sent(actor, corrected).totals == {"rows": 2, "same": 2}


def test_what_cannot_be_taken_is_refused_with_its_place() -> None:
    town, actor = t.built(), t.region()
    twin = b.person("Мальцева Анна Павловна", born=date(2009, 5, 20))
    b.admitted(twin, b.group(town.five, "9Б", year=2024), on=date(2024, 9, 1))
    rows = [
        t.exam(town.anna),
        t.exam(town.anna),  # 3: said twice
        t.exam(town.anna, "5", snils=""),  # 4: two of that name and day
        t.exam(town.oleg, "5", snils=b.snils_of(1)),  # 5: somebody else's СНИЛС
        t.exam(town.oleg, "6", snils=b.snils_of(77)),  # 6: known with another СНИЛС
        t.exam(town.oleg, "7", snils="112-233-445 00"),  # 7: no СНИЛС at all
        t.exam(town.oleg, "8", family="Неизвестный", snils=""),  # 8: nobody
        t.exam(town.stranger, "1"),  # 9: where the stage is closed
        t.exam(town.oleg, "99"),  # 10: no such subject
        t.exam(town.oleg, "12", mark=7),  # 11
        t.exam(town.oleg, "12", day=date(2023, 6, 3)),  # 12: studied nowhere then
        t.exam(town.oleg, "12", form="ЕГЭ", mark="", score=101),  # 13
        t.exam(town.oleg, "12", status="неявка"),  # 14: absent, and yet a mark
        t.exam(town.oleg, "12", form="ГВЭ"),  # 15
    ]
    one = t.sent(actor, t.table(t.HEAD, rows))
    assert problems(one) == {
        3: ("twice", "name"), 4: ("ambiguous", "name"), 5: ("snils_other", "snils"), 6: ("snils_differs", "snils"), 7: ("value", "snils"),
        8: ("stranger", "name"), 9: ("closed", "name"), 10: ("value", "subject"), 11: ("value", "mark"), 12: ("not_learner", "day"),
        13: ("value", "score"), 14: ("value", "status"), 15: ("value", "form"),
    }  # fmt: skip
    assert one.totals == {"rows": 14, "create": 1, "refused": 13}
    t.applied(actor, one)
    assert [row[:3] for row in standing()] == [(town.anna, "1", 4)]


def test_a_school_brings_only_its_own() -> None:
    town = t.built()
    t.opened()
    head = t.worker("head", town.five)
    one = t.sent(head, t.table(t.HEAD, [t.exam(town.anna), t.exam(town.stranger)]), at=town.five)
    assert problems(one) == {3: ("stranger", "name")}
    t.applied(head, one)
    assert [row[0] for row in standing()] == [town.anna]
    with pytest.raises(NotAllowed):
        t.sent(head, t.table(t.HEAD, [t.exam(town.stranger)]), at=town.seven)
    with pytest.raises(NotAllowed):
        t.sent(t.worker("teacher", town.five), t.table(t.HEAD, [t.exam(town.anna)]), at=town.five)
    assert Delivery.objects.count() == 1


def test_where_the_stage_is_closed_the_file_is_refused_by_name() -> None:
    town = t.built(open_here=False)
    for actor, at in ((t.region(), None), (t.worker("head", town.five), town.five)):
        with pytest.raises(RuleViolation, match=r"Результаты ГИА и ЕГЭ.*этап не открыт"):
            t.sent(actor, t.table(t.HEAD, [t.exam(town.anna)]), at=at)
    assert not Delivery.objects.exists()


def test_a_stage_that_closes_before_applying_leaves_nothing_written() -> None:
    town, actor = t.built(), t.worker
    head = actor("head", town.five)
    one = t.sent(head, t.table(t.HEAD, [t.exam(town.anna)]), at=town.five)
    t.opened(town.five, close=True)
    with pytest.raises(RuleViolation, match="не открыт"):
        t.applied(head, one)
    assert not ExamResult.objects.exists()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"%PDF-1.4 nothing", "не таблица"),
        (t.table(("Фамилия", "Имя", "Класс"), [("А", "Б", "9А")]), "Таблица не узнана"),
        (
            t.table(("Фамилия", "Имя", "СНИЛС", "Предмет", "Форма"), [("А", "Б", "", "1", "ОГЭ")]),
            "нет столбцов «Дата экзамена»",
        ),
        (t.table(t.HEAD, []), "строк в ней нет"),
    ],
)
def test_what_is_no_table_of_results_is_refused(content: bytes, told: str) -> None:
    t.built()
    try:
        refusal = t.sent(t.region(), content).refusal
    except KontingentError as refused:
        refusal = refused.message
    assert told in refusal
    assert not DeliveredRow.objects.exists()


def test_a_merged_child_s_result_is_known_again() -> None:
    town, actor = t.built(), t.region()
    other = b.person("Мальцева Анна Павловна", born=date(2009, 5, 20))
    t.applied(actor, t.sent(actor, t.table(t.HEAD, [t.exam(town.anna)])))
    merging.merge(actor=b.ROOT, survivor_id=other, merged_id=town.anna, basis="Паспорт")
    again = t.sent(actor, t.table(t.HEAD, [t.exam(other)]))
    assert again.totals == {"rows": 1, "same": 1}


def test_documents_are_taken_by_their_number() -> None:
    town, head = t.built(), None
    head = t.worker("head", town.five)
    number = "05904000123456"
    rows = [
        t.document(town.anna, number, at=town.five),
        t.document(town.oleg, number, at=town.five, registration="2"),  # 3: one number, two children
        t.document(town.oleg, "59АБ0012345", at=town.five, registration="3"),  # 4: a blank of 2007–2013
        t.document(town.oleg, "05904000123457", at=town.seven, registration="4"),  # 5: never studied there
        t.document(town.oleg, "05904000123458", at=town.five, registration=""),  # 6
        t.document(town.oleg, "05904000123459", at=town.five, day=date(2035, 1, 1)),  # 7
    ]
    one = t.sent(head, t.table(t.DOCUMENT_HEAD, rows), kind=DOCUMENTS, at=town.five)
    assert problems(one) == {
        3: ("twice", "name"), 4: ("value", "number"), 5: ("not_there", "ogrn"), 6: ("value", "registration_number"), 7: ("value", "issued_on"),
    }  # fmt: skip
    t.applied(head, one)
    kept = EducationDocument.objects.get()
    assert (kept.person_id, kept.number, kept.kind_code, kept.state_code) == (
        town.anna,
        number,
        "12",
        "active",
    )
    again = t.sent(head, t.table(t.DOCUMENT_HEAD, rows[:1]), kind=DOCUMENTS, at=town.five)
    assert again.totals == {"rows": 1, "same": 1}
    taken = t.sent(
        head,
        t.table(t.DOCUMENT_HEAD, [t.document(town.oleg, number, at=town.five)]),
        kind=DOCUMENTS,
        at=town.five,
    )
    assert problems(taken) == {2: ("number_taken", "number")}


def test_a_number_of_the_book_is_taken_once_and_two_may_change_places() -> None:
    town = t.built()
    head = t.worker("head", town.five)

    def sent(*rows: Any) -> Delivery:
        return t.sent(head, t.table(t.DOCUMENT_HEAD, rows), kind=DOCUMENTS, at=town.five)

    anna, oleg = "05904000123456", "05904000123457"
    one = sent(t.document(town.anna, anna, at=town.five), t.document(town.oleg, oleg, at=town.five))
    assert problems(one) == {3: ("registration_twice", "registration_number")}
    t.applied(head, one)
    second = sent(t.document(town.oleg, oleg, at=town.five))
    assert problems(second) == {2: ("registration_taken", "registration_number")}
    t.applied(head, sent(t.document(town.oleg, oleg, at=town.five, registration="2")))
    swapped = sent(
        t.document(town.anna, anna, at=town.five, registration="2"),
        t.document(town.oleg, oleg, at=town.five, registration="1"),
    )
    assert problems(swapped) == {}
    t.applied(head, swapped)
    found = EducationDocument.objects.filter(superseded_at=None).values_list("number", "registration_number")
    assert dict(found) == {anna: "2", oleg: "1"}


def test_a_duplicate_in_a_file_leads_to_its_original() -> None:
    town = t.built()
    head = t.worker("head", town.five)
    first = t.document(town.anna, "05904000123456", at=town.five)
    second = t.document(
        town.anna, "05904000999999", at=town.five, form="Дубликат", day=date(2025, 9, 9), registration="9"
    )
    content = t.table((*t.DOCUMENT_HEAD, "Номер оригинала"), [(*first, ""), (*second, "05904000123456")])
    t.applied(head, t.sent(head, content, kind=DOCUMENTS, at=town.five))
    original, duplicate = EducationDocument.objects.order_by("issued_on")
    assert duplicate.replaces_id == original.document_id
    assert (original.form, duplicate.form) == ("original", "duplicate")
