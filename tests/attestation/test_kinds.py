"""Other documents of a graduating class: a certificate of studies for an adapted programme, a reference for whoever did not pass."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from kontingent.achievements.attestation import actions, documents, queries
from kontingent.achievements.attestation.codes import DeliveryKind, DocumentKind
from kontingent.achievements.attestation.models import (
    DeliveredRow,
    EducationDocument,
    ExamResult,
    SupplementLine,
)
from kontingent.achievements.attestation.queries import Graduate, Graduation
from kontingent.achievements.attestation.rules import final
from kontingent.achievements.attestation.rules.final import Exam
from kontingent.achievements.attestation.rules.marks import Given, Slot
from kontingent.enrolment.models import Placement
from kontingent.kernel.errors import Conflict, InvalidValue, RuleViolation
from kontingent.performance.models import PeriodMark
from kontingent.storage.scope import scoped
from tests import builders as b
from tests.attestation import town as t
from tests.performance import records

STUDIES, BASIC = final.declared()[1]["41"], final.declared()[1]["12"]


def year(subject: str, value: str, grade: int = 9) -> Given:
    return Given(grade, subject, "year", "20", value)


# -- rules -------------------------------------------------------------------------------------------


def test_a_certificate_of_studies_asks_for_no_exam_and_carries_last_marks() -> None:
    marks = [year("s01", "3"), year("s03", "4"), year("s09", "3"), year("s23", "5"), year("s37", "4", grade=4), year("s24", "осв")]  # fmt: skip
    outcome = final.compute(STUDIES, marks, [])
    assert outcome.controls == ()
    told = {one.subject: one.value for one in outcome.lines}
    assert told["Чтение (литературное чтение)"] == "4"
    assert told["Мир природы и человека"] == "4"
    assert told["Адаптивная физическая культура"] == "осв"
    assert not outcome.honours.with_honours
    assert "1145" in STUDIES.order
    assert "восстановлен" in STUDIES.order


@pytest.mark.parametrize("missing", ["s01", "s03", "s09", "s23"])
def test_a_required_subject_of_an_adapted_programme_is_asked_for(missing: str) -> None:
    marks = [year(one, "3") for one in ("s01", "s03", "s09", "s23") if one != missing]
    assert [one.code for one in final.compute(STUDIES, marks, []).errors] == ["missing"]


def test_a_reference_tells_marks_as_they_are_debts_included() -> None:
    marks = [year("s01", "4"), year("s19", "2"), year("s18", "н/а")]
    exams = [Exam("oge", "1", "valid", None, 2, passed=False)]
    outcome = final.compute(final.reference_of(BASIC), marks, exams)
    assert outcome.errors == []
    assert [(one.subject, one.value) for one in outcome.lines] == [
        ("Русский язык", "4"), ("Физика", "н/а"), ("Химия", "2"),
    ]  # fmt: skip
    assert outcome.lines[0].steps == ("годовая за 9 класс 4", "единственная отметка переносится: 4"), (
        "no exam is averaged in"
    )
    assert not outcome.honours.with_honours


def test_a_reference_without_a_single_mark_says_what_to_do() -> None:
    (control,) = final.compute(final.reference_of(BASIC), [], []).errors
    assert "внесите по документу" in control.message


# -- a class -----------------------------------------------------------------------------------------


@pytest.fixture
def town(db: None) -> t.Town:
    """Anna is excellent and has everything, Oleg has a debt, Masha studies by an adapted programme in the same class."""
    made = t.built()
    t.graduated(made)
    masha = b.person("Шилова Мария Петровна", born=date(2009, 1, 4))
    b.admitted(masha, made.nine, on=date(2024, 9, 1))
    Placement.objects.filter(person_id=masha).update(adaptation_code="209")
    for subject in ("s01", "s03", "s09", "s23"):
        records.closing(masha, made.nine, date(2025, 5, 24), subject, "4", kind="year", period="20")
    made.more["masha"] = masha
    return made


def of_class(town: t.Town) -> Graduation:
    actor = t.worker("operator", town.five)
    with scoped(actor):
        return queries.graduation(actor, town.nine.id)


def given(town: t.Town, kind: DocumentKind | None, *whom: UUID, **told: Any) -> list[UUID]:
    head = t.worker("head", town.five)
    with scoped(head):
        return actions.issue(
            actor=head, group_id=town.nine.id, person_ids=whom, how=t.how(**({"kind": kind} | told))
        )


def only(found: list[Graduate], who: UUID) -> Graduate:
    return next(one for one in found if one.person_id == who)


def test_one_class_has_the_documents_that_its_learners_are_given(town: t.Town) -> None:
    found = of_class(town)
    assert found.kinds == [DocumentKind.BASIC, DocumentKind.STUDIES, DocumentKind.REFERENCE]
    assert [one.person_id for one in found.of(DocumentKind.BASIC)] == [town.anna, town.oleg]
    masha = only(found.of(DocumentKind.STUDIES), town.more["masha"])
    assert masha.may_be_issued, "no exam, no admission"
    assert [one.person_id for one in found.of(DocumentKind.REFERENCE)] == [town.oleg], "Anna needs none"


def test_a_certificate_of_studies_is_issued_and_printed(town: t.Town) -> None:
    masha = town.more["masha"]
    (document_id,) = given(town, DocumentKind.STUDIES, masha, first_number="СО-0001")
    paper = EducationDocument.objects.get()
    assert (paper.kind_code, paper.number, paper.with_honours) == ("41", "СО0001", False)
    lines = list(SupplementLine.objects.filter(document_id=document_id))
    assert [one.value for one in lines] == ["4", "4", "4", "4"]
    printed = documents.kept(paper, lines)
    assert printed.heading == "Свидетельство об обучении"
    assert "2025" in printed.said
    assert of_class(town).of(DocumentKind.STUDIES)[0].issued == paper


@pytest.mark.parametrize(
    ("kind", "who"), [(None, "masha"), (DocumentKind.STUDIES, "anna"), (DocumentKind.REFERENCE, "anna")]
)
def test_nobody_is_given_the_document_of_another_programme(
    town: t.Town, kind: DocumentKind | None, who: str
) -> None:
    whom = town.more["masha"] if who == "masha" else town.anna
    with pytest.raises(InvalidValue, match="этот документ не выдают"):
        given(town, kind, whom, first_number="05904000123456")
    assert not EducationDocument.objects.exists()


def test_whoever_did_not_pass_is_given_a_reference_and_the_document_when_passed(town: t.Town) -> None:
    found = only(of_class(town).of(DocumentKind.REFERENCE), town.oleg)
    assert ("Химия", "2") in [(one.subject, one.value) for one in found.outcome.lines]
    assert ("ОГЭ: русский язык", "5") in [(one.subject, one.value) for one in found.outcome.additional]
    with pytest.raises(RuleViolation, match="задолженность"):
        given(town, None, town.oleg)
    given(town, DocumentKind.REFERENCE, town.oleg, first_number="С1")
    paper = EducationDocument.objects.get()
    assert paper.kind_code == "4"
    assert SupplementLine.objects.filter(document_id=paper.document_id, is_additional=True).exists()
    with pytest.raises(RuleViolation, match="уже выдан"):
        given(town, DocumentKind.REFERENCE, town.oleg, first_number="С2", first_registration="2")
    PeriodMark.objects.filter(person_id=town.oleg, subject_code="s19").update(value="3", score=3)
    given(town, None, town.oleg)
    assert set(EducationDocument.objects.values_list("kind_code", flat=True)) == {"4", "12"}


def test_what_a_school_numbers_itself_is_once_in_it_and_may_be_the_same_elsewhere(town: t.Town) -> None:
    t.opened(town.seven)
    elsewhere = b.group(town.seven, "9А", year=2024)
    vera = b.person("Вяткина Вера Олеговна", born=date(2009, 8, 8))
    b.admitted(vera, elsewhere, on=date(2024, 9, 1))
    Placement.objects.filter(person_id=vera).update(adaptation_code="209")
    for subject in ("s01", "s03", "s09", "s23"):
        records.closing(vera, elsewhere, date(2025, 5, 24), subject, "4", kind="year", period="20")
    given(town, DocumentKind.STUDIES, town.more["masha"], first_number="1")
    head = t.worker("head", town.seven)
    with scoped(head):
        how = t.how(kind=DocumentKind.STUDIES, first_number="1")
        actions.issue(actor=head, group_id=elsewhere.id, person_ids=[vera], how=how)
    assert set(EducationDocument.objects.values_list("organisation_id", "kind_code", "number")) == {
        (town.five.id, "41", "1"), (town.seven.id, "41", "1"),
    }  # fmt: skip
    sasha = b.person("Юшков Александр Ильич", born=date(2009, 3, 3))
    b.admitted(sasha, town.nine, on=date(2024, 9, 1))
    Placement.objects.filter(person_id=sasha).update(adaptation_code="209")
    for subject in ("s01", "s03", "s09", "s23"):
        records.closing(sasha, town.nine, date(2025, 5, 24), subject, "3", kind="year", period="20")
    with pytest.raises(Conflict, match="ваша школа уже выдала"):
        given(town, DocumentKind.STUDIES, sasha, first_number="1", first_registration="2")
    assert EducationDocument.objects.count() == 2
    given(town, DocumentKind.REFERENCE, town.oleg, first_number="1")  # a number of another kind
    given(town, DocumentKind.STUDIES, sasha, first_number="2", first_registration="2")
    assert EducationDocument.objects.count() == 4


@pytest.mark.parametrize(
    ("kind", "number"), [("Свидетельство об обучении", "7"), ("Справка об обучении", "7")]
)
def test_files_bring_numbers_of_schools_by_school(town: t.Town, kind: str, number: str) -> None:
    t.opened(town.seven)
    region = t.region("education_document.issue")

    def row(who: UUID, at: Any, **other: Any) -> tuple[Any, ...]:
        return t.document(who, number, at=at, kind=kind, **other)

    two_schools = [row(town.anna, town.five), row(town.stranger, town.seven)]
    one = t.applied(
        region, t.sent(region, t.table(t.DOCUMENT_HEAD, two_schools), kind=DeliveryKind.DOCUMENTS)
    )
    assert one.totals["create"] == 2
    again = t.sent(region, t.table(t.DOCUMENT_HEAD, two_schools), kind=DeliveryKind.DOCUMENTS)
    assert again.totals == {"rows": 2, "same": 2}, "each is known by its own school"
    twice = [row(town.oleg, town.five, registration="2")]
    refused = t.sent(region, t.table(t.DOCUMENT_HEAD, twice), kind=DeliveryKind.DOCUMENTS)
    assert refused.totals == {"rows": 1, "refused": 1}
    assert DeliveredRow.objects.get(delivery=refused).problems[0][2] == "number_taken"
    lost = [(*row(town.stranger, town.seven), "да")]
    corrected = t.applied(
        region, t.sent(region, t.table((*t.DOCUMENT_HEAD, "Подтверждение утраты"), lost), kind=DeliveryKind.DOCUMENTS)
    )  # fmt: skip
    assert corrected.totals["change"] == 1
    standing = EducationDocument.objects.filter(superseded_at=None)
    assert dict(standing.values_list("organisation_id", "state_code")) == {
        town.five.id: "active", town.seven.id: "lost",
    }, "the correction is of the school it names"  # fmt: skip


def test_the_number_of_a_blank_is_one_in_the_region(town: t.Town) -> None:
    t.opened(town.seven)
    region = t.region("education_document.issue")
    blanks = [t.document(town.anna, "05904000123456", at=town.five), t.document(town.stranger, "05904000123456", at=town.seven)]  # fmt: skip
    one = t.sent(region, t.table(t.DOCUMENT_HEAD, blanks), kind=DeliveryKind.DOCUMENTS)
    assert one.totals == {"rows": 2, "create": 1, "refused": 1}
    t.applied(region, t.sent(region, t.table(t.DOCUMENT_HEAD, blanks[:1]), kind=DeliveryKind.DOCUMENTS))
    one = t.sent(region, t.table(t.DOCUMENT_HEAD, blanks[1:]), kind=DeliveryKind.DOCUMENTS)
    assert one.totals == {"rows": 1, "refused": 1}


def test_without_marks_nothing_is_required_and_courses_are_told(town: t.Town) -> None:
    masha, actor = town.more["masha"], t.worker("operator", town.five)
    Placement.objects.filter(person_id=masha).update(adaptation_code="210")
    PeriodMark.objects.filter(person_id=masha).delete()
    with scoped(actor):
        actions.bring_course(
            actor=actor, group_id=town.nine.id, person_id=masha, title="Домоводство", value="зач",
            basis=actions.Basis(source_code="elective", document="СИПР, 2024/25"),
        )  # fmt: skip
    found = only(of_class(town).of(DocumentKind.STUDIES), masha)
    assert found.may_be_issued
    assert [one.subject for one in found.outcome.additional] == ["Домоводство"]


def test_an_exam_that_was_not_passed_leads_to_a_reference_too(town: t.Town) -> None:
    ExamResult.objects.filter(person_id=town.anna, subject_code="2").update(mark=2, passed=False)
    found = only(of_class(town).of(DocumentKind.REFERENCE), town.anna)
    assert found.may_be_issued
    assert any(one.value == "2" for one in found.outcome.additional)


def test_marks_of_an_adapted_programme_are_completed_by_its_own_subjects(town: t.Town) -> None:
    actor = t.worker("operator", town.five)
    masha = town.more["masha"]
    life, chemistry = Slot(9, "s35"), Slot(9, "s19")
    with scoped(actor):
        kept = actions.bring(
            actor=actor,
            group_id=town.nine.id,
            cells=[
                actions.MarkCell(masha, life, "", "5"),
                actions.MarkCell(masha, chemistry, "", "5"),
                actions.MarkCell(town.anna, life, "", "5"),
            ],
            basis=actions.Basis(source_code="paper", document="Сводная ведомость"),
        )
    assert list(kept.saved) == [(masha, life)]
    assert set(kept.refused) == {(masha, chemistry), (town.anna, life)}
