"""Pages of exams, graduating classes and documents: by role, within scope, behind the stage, noted in the journal, refusing without a trace."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pytest
from django.test import Client
from pypdf import PdfReader

from kontingent.achievements.attestation.models import Delivery, EducationDocument, ExamResult
from kontingent.audit.models import Entry
from tests import builders as b
from tests.attestation import town as t

pytestmark = pytest.mark.django_db


@pytest.fixture
def town() -> t.Town:
    made = t.built()
    t.graduated(made)
    return made


def browser(town: t.Town, role: str, at: Any = None) -> Client:
    where = (at or town.five).municipality if role == "municipal" else None
    school = None if role in {"municipal", "ministry", "security"} else at or town.five
    groups = (town.nine.id,) if role == "teacher" else ()
    return b.browser(b.appointed(role, at=school, where=where, groups=groups))


def form(**other: Any) -> dict[str, Any]:
    return {
        "issued_on": "2025-06-25",
        "first_number": "05904000123456",
        "first_registration": "1",
        "basis": "Протокол № 9",
    } | other


def subjects(answer: Any) -> set[Any]:
    """Who the journal says was shown by an answer."""
    rows = Entry.objects.filter(request_id=answer.headers["X-Request-Id"], kind__startswith="read.")
    return {one for row in rows for one in row.subjects}


def test_a_class_is_explained_issued_and_printed(town: t.Town) -> None:
    client = browser(town, "head")
    address = f"/groups/{town.nine.id}/graduation/"
    answer = client.get(address)
    text = answer.content.decode()
    assert "(5 + 5) / 2 = 5,00, округлено до 5" in text
    assert "не ликвидирована задолженность" in text
    assert "текст восстановлен, сверьте" in text
    assert subjects(answer) == {town.anna, town.oleg}
    assert client.post(address, form(person=str(town.anna))).status_code == 302
    paper = EducationDocument.objects.get()
    answer = client.get("/education-documents/book.pdf?year=2025")
    told = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages)
    assert "Мальцева" in told
    assert subjects(answer) == {town.anna}
    assert "05904000123456" in client.get("/education-documents/frdo.csv?year=2025").content.decode()
    page = client.get(f"/education-documents/{paper.document_id}/")
    assert "Приложение: итоговые отметки" in page.content.decode()
    assert subjects(page) == {town.anna}


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"person": []}, "Никто не выбран"),
        ({"issued_on": ""}, "Укажите дату выдачи"),
        ({"issued_on": "завтра"}, "не дата"),
        ({"first_number": "<b>1</b>"}, "14 цифр"),
        ({"basis": ""}, "решение о выдаче"),
    ],
)
def test_a_refused_form_says_what_to_do_keeps_what_was_typed_and_changes_nothing(
    town: t.Town, wrong: dict[str, Any], told: str
) -> None:
    answer = browser(town, "head").post(
        f"/groups/{town.nine.id}/graduation/", form(person=str(town.anna)) | wrong
    )
    text = answer.content.decode()
    assert answer.status_code == 422
    assert told in text
    assert "<b>1</b>" not in text
    assert not EducationDocument.objects.exists()


@pytest.mark.parametrize(
    ("role", "sees"),
    [("operator", True), ("head", True), ("teacher", False), ("health", False), ("security", False)],
)
def test_who_sees_a_graduating_class(town: t.Town, role: str, sees: bool) -> None:
    answer = browser(town, role).get(f"/groups/{town.nine.id}/graduation/")
    assert answer.status_code == (200 if sees else 403)
    assert ("Мальцева" in answer.content.decode()) is sees


def test_a_teacher_sees_results_of_the_own_class_alone(town: t.Town) -> None:
    client = browser(town, "teacher")
    answer = client.get(f"/groups/{town.nine.id}/exams/")
    assert "Мальцева" in answer.content.decode()
    assert subjects(answer) == {town.anna, town.oleg}
    other = b.group(town.five, "9В", year=2024)
    assert client.get(f"/groups/{other.id}/exams/").status_code == 403


def test_a_stranger_s_school_gets_nothing_by_any_address(town: t.Town) -> None:
    t.opened()
    browser(town, "head").post(f"/groups/{town.nine.id}/graduation/", form(person=str(town.anna)))
    paper = EducationDocument.objects.get()
    client = browser(town, "head", town.seven)
    for address in (
        f"/groups/{town.nine.id}/graduation/", f"/groups/{town.nine.id}/exams/", f"/learners/{town.anna}/exams/",
        f"/education-documents/{paper.document_id}/", f"/education-documents/?organisation={town.five.id}",
        f"/education-documents/book.pdf?organisation={town.five.id}", f"/education-documents/frdo.csv?organisation={town.five.id}",
    ):  # fmt: skip
        answer = client.get(address)
        assert answer.status_code in {403, 404}, address
        assert "Мальцева" not in answer.content.decode(errors="replace"), address
    lost = form(act="duplicate", state="lost", issued_on="2025-09-09", first_number="05904000999999")
    assert client.post(f"/education-documents/{paper.document_id}/", lost).status_code in {403, 404, 422}
    assert EducationDocument.objects.filter(superseded_at__isnull=True).count() == 1
    assert client.post(f"/groups/{town.nine.id}/graduation/", form(person=str(town.oleg))).status_code in {
        403,
        404,
    }


def test_where_the_stage_is_closed_no_page_shows_anything(town: t.Town) -> None:
    client = browser(town, "head")
    t.opened(town.five, close=True)
    for address in (
        "/exams/", "/graduation/", "/education-documents/", f"/groups/{town.nine.id}/graduation/", f"/groups/{town.nine.id}/exams/",
        f"/learners/{town.anna}/exams/",
    ):  # fmt: skip
        text = client.get(address).content.decode()
        assert "не открыт" in text, address
        assert "Мальцева" not in text, address
    assert "exams/" not in client.get(f"/learners/{town.anna}/").content.decode().partition("<main")[2]
    sent = client.post(
        "/exams/files/", {"kind": "results", "file": io.BytesIO(t.table(t.HEAD, [t.exam(town.anna)]))}
    )
    assert sent.status_code == 422
    assert "Результаты ГИА и ЕГЭ" in sent.content.decode()
    assert not Delivery.objects.exists()


def test_small_numbers_are_not_told_beyond_the_school(town: t.Town) -> None:
    """Two children of the school sat the exam: the school knows, the municipality is told «fewer than five»."""
    own = browser(town, "head").get("/exams/?year=2025&form=oge").content.decode()
    assert "5,00" in own
    beyond = browser(town, "municipal").get("/exams/?year=2025&form=oge").content.decode()
    assert "меньше 5" in beyond
    assert "5,00" not in beyond


def test_the_family_sees_results_and_documents_of_its_child(town: t.Town) -> None:
    from kontingent.persons.models import Representation

    browser(town, "head").post(f"/groups/{town.nine.id}/graduation/", form(person=str(town.anna)))
    mother = b.person("Мальцева Ольга Андреевна", born=date(1985, 1, 1), snils=b.snils_of(7002))
    Representation.objects.create(child_id=town.anna, adult_id=mother)
    answer = b.client_of(b.snils_of(7002)).get(f"/family/{town.anna}/")
    text = answer.content.decode()
    assert "Результаты экзаменов" in text
    assert "05904000123456" in text
    assert town.oleg not in subjects(answer)


def test_a_wrong_file_is_refused_on_the_page_and_an_applied_one_writes(town: t.Town) -> None:
    client = browser(town, "head")
    refused = client.post(
        "/exams/files/", {"kind": "results", "file": io.BytesIO(b"MZ\x90\x00 an executable")}
    )
    assert refused.status_code == 422
    before = ExamResult.objects.count()
    one = t.sent(
        t.worker("head", town.five),
        t.table(t.HEAD, [t.exam(town.anna, "5"), t.exam(town.oleg, "99")]),
        at=town.five,
    )
    page = client.get(f"/exams/files/{one.id}/").content.decode()
    assert "Предмет (столбец 9)" in page
    assert "Применить" in page
    assert ExamResult.objects.count() == before
    book = client.get(f"/exams/files/{one.id}/refused.xlsx")
    assert book.status_code == 200
    assert client.post(f"/exams/files/{one.id}/apply/").status_code == 302
    assert Delivery.objects.get().state == "applying", "the worker goes on from here"
    assert client.post(f"/exams/files/{one.id}/apply/").status_code == 302
    other = browser(town, "head", town.seven)
    assert other.get(f"/exams/files/{one.id}/").status_code == 404
    assert other.post(f"/exams/files/{one.id}/apply/").status_code == 404
