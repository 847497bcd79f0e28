"""Supplements as PDF: drafts marked as such with what keeps them, kept content after the issue, for one and for a class, in the journal of reads."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pytest
from pypdf import PdfReader

from kontingent.achievements.attestation.codes import DeliveryKind
from kontingent.achievements.attestation.models import EducationDocument
from kontingent.achievements.attestation.rules import final
from kontingent.audit.models import Entry
from kontingent.enrolment.models import Placement
from kontingent.performance.models import PeriodMark
from tests import builders as b
from tests.attestation import town as t
from tests.performance import records
from tests.web.test_attestation import browser, form, subjects

pytestmark = pytest.mark.django_db


@pytest.fixture
def town() -> t.Town:
    made = t.built()
    t.graduated(made)
    made.five.head_name, made.five.head_position = "Реутова В. П.", "Директор"
    made.five.save(update_fields=["head_name", "head_position"])
    return made


def pages(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [" ".join(one.extract_text().split()) for one in PdfReader(io.BytesIO(answer.content)).pages]


def test_a_mark_is_printed_in_words() -> None:
    assert [final.in_words(one) for one in ("5", "3", "зач", "осв", "н/а")] == [
        "5 (отлично)", "3 (удовлетворительно)", "зачтено", "освобождён(а)", "не аттестован(а)",
    ]  # fmt: skip


def test_a_class_is_printed_before_the_issue_as_drafts_with_what_keeps_them(town: t.Town) -> None:
    answer = browser(town, "operator").get(f"/groups/{town.nine.id}/graduation/supplements.pdf")
    anna, oleg = pages(answer)
    assert "Мальцева Анна Павловна" in anna
    assert "к аттестату об основном общем образовании с отличием" in anna
    assert "Русский язык 5 (отлично)" in anna
    assert "ПРОЕКТ" in anna
    assert "Выдать нельзя" not in anna
    assert "Директор" in anna
    assert "Реутова В. П." in anna
    assert "Выдать нельзя" in oleg
    assert "Документ выдают после её ликвидации" in oleg, "the remedy"
    assert "Химия 2" not in oleg
    assert subjects(answer) == {town.anna, town.oleg}
    printed = Entry.objects.get(request_id=answer.headers["X-Request-Id"], kind="read.export")
    assert printed.data["what"] == "класс 9А, приложения, PDF"


def test_one_is_printed_alone_and_the_journal_says_who_was(town: t.Town) -> None:
    answer = browser(town, "operator").get(
        f"/groups/{town.nine.id}/graduation/supplements.pdf?person={town.anna}"
    )
    assert len(pages(answer)) == 1
    printed = Entry.objects.get(request_id=answer.headers["X-Request-Id"], kind="read.export")
    assert printed.subjects == [town.anna]


def test_after_the_issue_the_kept_content_is_printed_whatever_changes(town: t.Town) -> None:
    client = browser(town, "head")
    assert client.post(f"/groups/{town.nine.id}/graduation/", form(person=str(town.anna))).status_code == 302
    paper = EducationDocument.objects.get()
    before = pages(client.get(f"/education-documents/{paper.document_id}/supplement.pdf"))
    PeriodMark.objects.filter(person_id=town.anna).update(value="3", score=3)
    town.five.full_name, town.five.head_name = "Иная школа", "Иной И. И."
    town.five.save(update_fields=["full_name", "head_name"])
    answer = client.get(f"/education-documents/{paper.document_id}/supplement.pdf")
    assert pages(answer) == before
    (told,) = before
    assert "ПРОЕКТ" not in told
    assert "05904000123456" in told
    assert "Реутова В. П." in told
    assert subjects(answer) == {town.anna}
    anna, _ = pages(client.get(f"/groups/{town.nine.id}/graduation/supplements.pdf"))
    assert anna == told, "the class prints the same"
    lost = form(
        act="duplicate",
        state="lost",
        issued_on="2025-09-09",
        first_number="05904000999999",
        first_registration="77",
    )
    client.post(f"/education-documents/{paper.document_id}/", lost)
    second = EducationDocument.objects.get(form="duplicate", superseded_at=None)
    (again,) = pages(client.get(f"/education-documents/{second.document_id}/supplement.pdf"))
    assert "(дубликат)" in again
    assert "Иной И. И." in again, "whoever is head on the day of the duplicate"
    assert "Русский язык 5 (отлично)" in again, "with the marks of the first"


def test_names_are_text_and_never_markup(town: t.Town) -> None:
    town.five.full_name = 'Школа #panic("x") *5* \\ "Луч"'
    town.five.save(update_fields=["full_name"])
    (anna, _) = pages(browser(town, "operator").get(f"/groups/{town.nine.id}/graduation/supplements.pdf"))
    assert '#panic("x") *5*' in anna


@pytest.mark.parametrize(("role", "status"), [("teacher", 403), ("health", 403), ("security", 403)])
def test_who_may_not_print(town: t.Town, role: str, status: int) -> None:
    answer = browser(town, role).get(f"/groups/{town.nine.id}/graduation/supplements.pdf")
    assert answer.status_code == status
    assert not Entry.objects.filter(kind="read.export").exists()


def test_a_stranger_gets_neither_a_class_nor_a_document(town: t.Town) -> None:
    t.opened()
    browser(town, "head").post(f"/groups/{town.nine.id}/graduation/", form(person=str(town.anna)))
    paper = EducationDocument.objects.get()
    other = browser(town, "head", town.seven)
    for address in (f"/groups/{town.nine.id}/graduation/supplements.pdf", f"/education-documents/{paper.document_id}/supplement.pdf"):  # fmt: skip
        assert other.get(address).status_code in {403, 404}
    mine = browser(town, "head")
    nobody = f"/groups/{town.nine.id}/graduation/supplements.pdf?person={town.stranger}"
    assert mine.get(nobody).status_code == 404


def test_a_document_that_came_in_a_table_has_no_supplement_to_print(town: t.Town) -> None:
    head = t.worker("head", town.five)
    one = t.sent(
        head,
        t.table(t.DOCUMENT_HEAD, [t.document(town.anna, "05904000777777", at=town.five)]),
        kind=DeliveryKind.DOCUMENTS,
        at=town.five,
    )
    t.applied(head, one)
    paper = EducationDocument.objects.get()
    answer = browser(town, "head").get(f"/education-documents/{paper.document_id}/supplement.pdf")
    assert answer.status_code == 404
    assert "загружен таблицей" in answer.content.decode()


def test_a_class_shows_each_document_by_itself_and_issues_it(town: t.Town) -> None:
    masha = b.person("Шилова Мария Петровна", born=date(2009, 1, 4))
    b.admitted(masha, town.nine, on=date(2024, 9, 1))
    Placement.objects.filter(person_id=masha).update(adaptation_code="209")
    for subject in ("s01", "s03", "s09", "s23"):
        records.closing(masha, town.nine, date(2025, 5, 24), subject, "4", kind="year", period="20")
    client = browser(town, "head")
    address = f"/groups/{town.nine.id}/graduation/"
    own = client.get(address).content.decode()
    assert "Свидетельство об обучении: 1" in own
    assert "Шилова" not in own
    studies = client.get(f"{address}?kind=41").content.decode()
    assert "Шилова" in studies
    assert "№ 1145" in studies
    assert "Мальцева" not in studies
    (draft,) = pages(client.get(f"{address}supplements.pdf?kind=41"))
    assert "Свидетельство об обучении" in draft
    assert "Обучение завершено в 2025 году" in draft
    wrong = client.post(address, form(person=str(masha)))
    assert wrong.status_code == 422
    assert "этот документ не выдают" in wrong.content.decode()
    sent = client.post(f"{address}?kind=41", form(person=str(masha), first_number="СО-1"))
    assert sent.status_code == 302
    assert EducationDocument.objects.get().kind_code == "41"
    reference = client.get(f"{address}?kind=4").content.decode()
    assert "ст. 60 ч. 12" in reference
    assert "Тиунов" in reference
    assert f'value="{town.oleg}" aria-label' in reference
    assert "checked" not in reference, "a reference is chosen by hand"
