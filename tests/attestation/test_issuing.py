"""Documents against PostgreSQL: previewed with every step, issued all or none, replaced, kept in the book, exported and taken back."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, transaction

from kontingent.achievements.attestation import actions, queries
from kontingent.achievements.attestation.codes import DeliveryKind, DocumentState
from kontingent.achievements.attestation.models import EducationDocument, ExamResult, SupplementLine
from kontingent.audit.models import Entry
from kontingent.exchange.attestation import frdo
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
from kontingent.storage.scope import scoped
from tests import builders as b
from tests.attestation import town as t
from tests.performance import records

pytestmark = pytest.mark.django_db


@pytest.fixture
def town() -> t.Town:
    made = t.built()
    t.graduated(made)
    return made


def issued(town: t.Town, *whom: UUID, actor: Actor | None = None, **how: Any) -> list[UUID]:
    actor = actor or t.worker("head", town.five)
    with scoped(actor):
        return actions.issue(
            actor=actor, group_id=town.nine.id, person_ids=whom or (town.anna,), how=t.how(**how)
        )


def test_the_preview_explains_every_mark_and_what_keeps_a_document(town: t.Town) -> None:
    actor = t.worker("operator", town.five)
    with scoped(actor):
        found = queries.graduation(actor, town.nine.id)
    anna, oleg = found.graduates
    assert anna.may_be_issued
    assert anna.outcome.honours.with_honours
    russian = anna.outcome.lines[0]
    assert (russian.subject, russian.value) == ("Русский язык", "5")
    assert russian.steps == ("годовая за 9 класс 5", "экзамен 5", "(5 + 5) / 2 = 5,00, округлено до 5")
    assert [one.code for one in oleg.outcome.errors] == ["debt"]
    assert "Химия" in oleg.outcome.errors[0].message
    looked = Entry.objects.filter(kind="read.list", data__what="класс 9А, итоговые отметки").get()
    assert set(looked.subjects) == {town.anna, town.oleg}


def test_the_preview_costs_the_same_for_one_and_for_many(
    town: t.Town, django_assert_max_num_queries: Any
) -> None:
    actor = t.worker("operator", town.five)
    for number in range(6):
        who = b.person(f"Ученик{'абвгде'[number]} Иван", born=date(2009, 1, 1), sex="1")
        b.admitted(who, town.nine, on=date(2024, 9, 1))
        t.finished(town, who)
    with scoped(actor), django_assert_max_num_queries(30):
        assert len(queries.graduation(actor, town.nine.id).graduates) == 8


def test_a_document_is_issued_with_its_supplement_and_written_in_the_journal(town: t.Town) -> None:
    (document_id,) = issued(town)
    paper = EducationDocument.objects.get()
    assert (paper.document_id, paper.person_id, paper.kind_code, paper.with_honours) == (
        document_id,
        town.anna,
        "12",
        True,
    )
    assert (paper.number, paper.registration_number, paper.graduated_in) == ("05904000123456", "1", 2025)
    lines = SupplementLine.objects.filter(document_id=document_id)
    assert [(one.subject_title, one.value) for one in lines][:2] == [
        ("Русский язык", "5"),
        ("Литература", "5"),
    ]
    assert all(one.steps for one in lines)
    entry = Entry.objects.get(kind="attestation.issued")
    assert (entry.subjects, entry.data) == ([town.anna], {"document_kind": "12", "number": 1})


@pytest.mark.parametrize(
    ("how", "error", "told"),
    [
        ({}, RuleViolation, "не ликвидирована задолженность"),  # Oleg is among them
        ({"first_number": "59АБ0012345"}, InvalidValue, "14 цифр"),
        ({"first_registration": "девятый"}, InvalidValue, "целое число"),
        ({"issued_on": date(2025, 4, 1)}, InvalidValue, "выдают с 01.05.2025"),
        ({"issued_on": date(2031, 6, 1)}, InvalidValue, "не будущим днём"),
        ({"basis": " "}, InvalidValue, "решение о выдаче"),
    ],
)
def test_what_is_not_in_order_is_refused_and_nothing_is_issued(
    town: t.Town, how: dict[str, Any], error: type[KontingentError], told: str
) -> None:
    whom = (town.anna, town.oleg) if not how else (town.anna,)
    with pytest.raises(error, match=told):
        issued(town, *whom, **how)
    assert not EducationDocument.objects.exists()
    assert not SupplementLine.objects.exists()
    assert not Entry.objects.filter(kind="attestation.issued").exists()


def test_nobody_gets_two_and_no_blank_is_given_twice(town: t.Town) -> None:
    issued(town)
    with pytest.raises(RuleViolation, match="уже выдан"):
        issued(town)
    ExamResult.objects.filter(person_id=town.oleg).delete()
    records.closing(town.oleg, town.nine, date(2025, 6, 1), "s19", "3", kind="retake", period="20", version=2)
    t.finished(town, town.oleg, mark="4")
    with pytest.raises(
        InvalidValue, match=r"В книге 2025 года уже есть № 1\. Начните со свободного номера: 2"
    ):
        issued(town, town.oleg)
    with pytest.raises(Conflict, match="уже выдан и записан"):
        issued(town, town.oleg, first_registration="2")
    issued(town, town.oleg, first_registration="2", first_number="05904000123457")
    assert EducationDocument.objects.count() == 2


@pytest.mark.parametrize("role", ["teacher", "municipal", "ministry", "health"])
def test_only_the_school_issues(town: t.Town, role: str) -> None:
    t.opened()
    actor = t.worker(role, town.five)
    with pytest.raises(NotAllowed):
        issued(town, actor=actor)
    with pytest.raises(NotAllowed):
        issued(town, actor=t.worker("head", town.seven))
    assert not EducationDocument.objects.exists()


def test_where_the_stage_is_closed_nothing_is_shown_or_issued(town: t.Town) -> None:
    (document_id,) = issued(town)
    t.opened(town.five, close=True)
    head = t.worker("head", town.five)
    with scoped(head):
        with pytest.raises(RuleViolation, match="не открыт"):
            queries.graduation(head, town.nine.id)
        with pytest.raises(RuleViolation, match="не открыт"):
            queries.of_learner(head, town.anna)
        with pytest.raises(RuleViolation, match="не открыт"):
            queries.book(head, town.five.id, year=2025)
        with pytest.raises((NotFound, RuleViolation)):
            queries.document(head, document_id)
        assert not EducationDocument.objects.exists(), "the policies say the same"
        assert not ExamResult.objects.exists()


def test_a_duplicate_takes_the_place_of_the_lost_one(town: t.Town) -> None:
    (document_id,) = issued(town)
    head = t.worker("head", town.five)
    how = t.how(
        issued_on=date(2025, 9, 9),
        first_number="05904000999999",
        first_registration="1д",
        basis="Заявление № 3",
    )
    with scoped(head):
        made = actions.issue_duplicate(
            actor=head, document_id=document_id, reason=DocumentState.LOST, how=how
        )
        card, original = queries.document(head, made), queries.document(head, document_id)
    assert card.document.is_duplicate
    assert card.replaces is not None
    assert card.replaces.state_code == "lost"
    assert len(card.lines) == len(t.REQUIRED)
    assert [one.state_code for one in original.former] == ["active"], "what stood before stays"
    assert original.replaced_by is not None
    with scoped(head), pytest.raises(RuleViolation, match="Дубликат уже выдан"):
        actions.issue_duplicate(actor=head, document_id=document_id, reason=DocumentState.LOST, how=how)
    assert EducationDocument.objects.filter(superseded_at__isnull=True).count() == 2


def test_the_book_of_a_year_has_a_number_once_for_duplicates_too(town: t.Town) -> None:
    (document_id,) = issued(town)
    head = t.worker("head", town.five)
    good = {"first_number": "05904000999999", "first_registration": "1", "basis": "Заявление № 3"}

    def duplicate(**told: Any) -> UUID:
        with scoped(head):
            return actions.issue_duplicate(
                actor=head, document_id=document_id, reason=DocumentState.LOST, how=t.how(**(good | told))
            )

    with pytest.raises(InvalidValue, match="В книге 2025 года уже есть № 1"):
        duplicate(issued_on=date(2025, 9, 9))
    paper = EducationDocument.objects.get()
    assert paper.state_code == "active", "nothing is said of the first one"
    assert not Entry.objects.filter(kind="attestation.duplicate_issued").exists()
    twin = {name: getattr(paper, name) for name in ("person_id", "organisation_id", "kind_code", "registration_number", "issued_on", "graduated_in", "family_name", "given_name", "birth_date", "sex", "recorded_at", "recorded_by")}  # fmt: skip
    with pytest.raises(IntegrityError, match="registration_once"), transaction.atomic():
        EducationDocument.objects.create(**twin, document_id=uuid4(), number="05904000555555")
    EducationDocument.objects.create(
        **(twin | {"kind_code": "11"}), document_id=uuid4(), number="05904000555555"
    )  # the book of another level
    duplicate(issued_on=date(2026, 1, 12))  # the book of another year
    assert EducationDocument.objects.filter(form="duplicate").count() == 1


def test_a_duplicate_is_refused_without_its_day_number_or_reason(town: t.Town) -> None:
    (document_id,) = issued(town)
    head = t.worker("head", town.five)
    good = {
        "issued_on": date(2025, 9, 9),
        "first_number": "05904000999999",
        "first_registration": "1д",
        "basis": "Заявление № 3",
    }
    for wrong in (
        {"issued_on": date(2025, 6, 1)},
        {"first_number": "1"},
        {"basis": ""},
        {"first_number": "05904000123456"},
    ):
        with scoped(head), pytest.raises(KontingentError):
            actions.issue_duplicate(
                actor=head, document_id=document_id, reason=DocumentState.LOST, how=t.how(**(good | wrong))
            )
    with scoped(head), pytest.raises(InvalidValue, match="что стало"):
        actions.issue_duplicate(
            actor=head, document_id=document_id, reason=DocumentState.ACTIVE, how=t.how(**good)
        )
    with scoped(t.worker("head", town.seven)), pytest.raises(NotFound):
        actions.issue_duplicate(
            actor=t.worker("head", town.seven),
            document_id=document_id,
            reason=DocumentState.LOST,
            how=t.how(**good),
        )
    assert [(one.state_code, one.superseded_at) for one in EducationDocument.objects.all()] == [
        ("active", None)
    ]


def test_the_state_of_a_document_changes_for_a_reason_and_what_is_void_stays_void(town: t.Town) -> None:
    (document_id,) = issued(town)
    head = t.worker("head", town.five)
    with scoped(head):
        with pytest.raises(InvalidValue, match="основание"):
            actions.set_state(actor=head, document_id=document_id, state=DocumentState.ANNULLED, basis="")
        actions.set_state(
            actor=head, document_id=document_id, state=DocumentState.ANNULLED, basis="Акт № 1: бланк испорчен"
        )
        with pytest.raises(RuleViolation, match="не возвращают"):
            actions.set_state(
                actor=head, document_id=document_id, state=DocumentState.ACTIVE, basis="Акт № 2"
            )
    issued(town, first_registration="2")  # the graduate gets another; the number of a void one may come again
    states = EducationDocument.objects.filter(superseded_at__isnull=True).order_by("recorded_at")
    assert [one.state_code for one in states] == ["annulled", "active"]


def test_the_book_is_in_order_and_prints(town: t.Town) -> None:
    from kontingent.achievements.attestation.documents import book_pdf

    issued(town)
    head = t.worker("head", town.five)
    with scoped(head):
        rows = queries.book(head, town.five.id, year=2025, marks=True)
        assert [one.document.registration_number for one in rows] == ["1"]
        assert dict(rows[0].marks)["Русский язык"] == "5"
        assert queries.years_of(head, town.five.id) == [2025]
        assert not queries.book(head, town.five.id, year=2025, text="Тиунов")
        assert len(queries.book(head, town.five.id, year=2025, text="мальцева")) == 1
        pdf = book_pdf(rows, town.five, 2025, on=date(2025, 6, 26), is_demo=False)
    assert pdf.startswith(b"%PDF")


def test_a_correction_by_a_table_keeps_who_signed(town: t.Town) -> None:
    town.five.head_name = "Реутова В. П."
    town.five.save(update_fields=["head_name"])
    issued(town)
    town.five.head_name = "Иной И. И."
    town.five.save(update_fields=["head_name"])
    head = t.worker("head", town.five)
    row = t.document(town.anna, "05904000123456", at=town.five, registration="17", honours="да")
    sent = t.sent(head, t.table(t.DOCUMENT_HEAD, [row]), kind=DeliveryKind.DOCUMENTS, at=town.five)
    t.applied(head, sent)
    one = EducationDocument.objects.get(superseded_at=None)
    assert (one.registration_number, one.head_name) == ("17", "Реутова В. П.")
    assert one.organisation_name == town.five.full_name


def test_what_is_exported_for_frdo_is_taken_back_unchanged(town: t.Town) -> None:
    """The layout is one: what the book of one installation writes, the import of another reads."""
    issued(town)
    head = t.worker("head", town.five)
    with scoped(head):
        documents = [one.document for one in queries.book(head, town.five.id, year=2025)]
        content = t.table(frdo.HEAD, frdo.lines(documents))
    again = t.sent(head, content, kind=DeliveryKind.DOCUMENTS, at=town.five)
    assert (again.refusal, again.totals) == ("", {"rows": 1, "same": 1})


def test_a_family_sees_its_own_and_nobody_else_s(town: t.Town) -> None:
    issued(town)
    parent = Actor(
        "test:parent",
        "Мать",
        "Представитель",
        frozenset({"access.family"}),
        Scope(persons=frozenset({town.anna})),
    )
    with scoped(parent):
        assert queries.own_results(parent, town.anna).number == 3
        assert len(queries.own_documents(parent, town.anna)) == 1
        with pytest.raises(NotFound):
            queries.own_results(parent, town.oleg)
        assert set(ExamResult.objects.values_list("person_id", flat=True)) == {town.anna}
