"""A graduating class from its marks to the printed book of issue; a table of results from its check to the register."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from pypdf import PdfReader

from tests.journeys.conftest import from_menu, keep, sign_in
from tests.journeys.test_journeys import accessible

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.xdist_group("journeys")]


def _row(page: Page, name: str) -> Locator:
    return page.locator("form > section tbody > tr", has=page.get_by_role("link", name=name, exact=True))


def test_a_deputy_completes_a_mark_sees_honours_change_prints_and_issues(page: Page) -> None:
    """An excellent pupil learnt geography elsewhere: the journal has no mark of it, so nothing can be issued."""
    sign_in(page, "secretary")
    page.goto("/graduation/?year=2025")
    page.locator("tbody th a", has_text=re.compile("^9")).last.click()
    kept = page.locator("form > section tbody > tr", has_text="География: в журнале нет годовых отметок")
    name = kept.locator("th a").inner_text()
    expect(_row(page, name).locator("input[name=person]")).to_have_count(0)
    _brings(page, name)
    _corrects(page, name)
    expect(_row(page, name)).to_contain_text("с отличием")
    _previews_and_issues(page, name)


def test_a_mark_of_hundred_points_is_converted_in_its_cell(page: Page) -> None:
    """The class says who has one; the cell asks for what it comes to; with the school's rules as the document nothing is left to do."""
    sign_in(page, "secretary")
    page.goto("/graduation/?year=2025")
    page.locator("tbody th a", has_text=re.compile("^9")).last.click()
    kept = page.locator(
        "form > section tbody > tr", has_text="Химия: по стобалльной шкале – годовая за 9 класс 87/100"
    )
    name = kept.locator("th a").inner_text()
    page.get_by_role("link", name="Недостающие отметки").click()
    expect(page.get_by_text("переведите 87/100")).to_be_visible()
    cell = page.get_by_label(f"{name}, Химия")
    expect(cell).to_have_value("")
    page.select_option("#source", "scale")
    page.fill("#document", "Положение о шкалах № 7 от 01.09.2025")
    cell.fill("5")
    cell.press("Enter")
    expect(page.locator("#entry-status")).to_contain_text("Записано ячеек: 1")
    page.reload()
    expect(page.get_by_text("вместо 87/100 журнала")).to_be_visible()
    accessible(page, "a converted mark")
    keep(page, "converted-mark")
    page.get_by_role("link", name=re.compile("итоговые отметки")).click()
    expect(page.get_by_text("по стобалльной шкале")).to_have_count(0)
    more = _row(page, name).locator("xpath=following-sibling::tr[1]")
    more.locator("summary").click()
    expect(more).to_contain_text("внесена вместо 87/100 из журнала: перевод из стобалльной шкалы")


def _brings(page: Page, name: str) -> None:
    """In the grid of the class, with a document; a good mark takes the honours away and says so."""
    page.get_by_role("link", name="Недостающие отметки").click()
    expect(page.get_by_role("heading", name=re.compile("Недостающие отметки"))).to_be_visible()
    accessible(page, "missing marks")
    cell = page.get_by_label(f"{name}, География")
    cell.fill("4")
    cell.press("Enter")  # without a document nothing is kept, and what was typed stays
    expect(page.locator("#entry-status")).to_contain_text("Укажите документ")
    expect(cell).to_have_value("4")
    page.select_option("#source", "credited")
    page.fill("#document", "Справка лицея № 9 от 30.05.2026 № 12")
    page.get_by_role("button", name="Записать").click()
    expect(page.get_by_role("status").first).to_contain_text("Записано отметок: 1")
    keep(page, "missing-marks")
    page.get_by_role("link", name=re.compile("итоговые отметки")).click()
    steps = page.locator("tr", has=page.locator("details")).filter(has_text="Справка лицея № 9")
    steps.locator("summary").click()
    expect(steps).to_contain_text("внесена; зачёт результатов другой организации")
    expect(steps).to_contain_text("Без отличия: не «отлично» по 1 предм.: География")


def _corrects(page: Page, name: str) -> None:
    """On the page of the learner: the paper was read wrongly, what stood before is kept."""
    _row(page, name).locator("xpath=following-sibling::tr[1]").get_by_role(
        "link", name="Отметки ученика по годам"
    ).click()
    expect(page.get_by_role("heading", name=f"Отметки: {name}")).to_be_visible()
    page.select_option("#source", "credited")
    page.fill("#document", "Справка лицея № 9 от 30.05.2026 № 12")
    mark = page.get_by_label("География, 9 класс, год", exact=True)
    mark.fill("5")
    mark.press("Enter")
    expect(page.locator("#entry-status")).to_contain_text("Записано ячеек: 1")
    page.reload()
    expect(page.get_by_text("Прежние записи (1)")).to_be_visible()
    accessible(page, "marks of a learner")
    keep(page, "marks-of-a-learner", full=True)
    page.get_by_role("link", name=re.compile("итоговые отметки")).click()


def _previews_and_issues(page: Page, name: str) -> None:
    """A draft as PDF, a number of the book that is taken, the issue, what was kept as PDF."""
    more = _row(page, name).locator("xpath=following-sibling::tr[1]")
    more.locator("summary").click()
    draft = more.get_by_role("link", name="Приложение (PDF, проект)").get_attribute("href") or ""
    told = _pdf(page, draft)
    assert "ПРОЕКТ" in told
    assert "География 5 (отлично)" in told
    chosen = page.locator("input[name=person]:checked")
    while chosen.count():
        chosen.first.uncheck()
    _row(page, name).locator("input[name=person]").check()
    page.fill("#f-issued_on", "2026-06-24")
    page.fill("#f-first_number", "05904008000199")
    page.fill("#f-basis", "Протокол педсовета № 10 от 23.06.2026")
    page.fill("#f-first_registration", "1")  # the book has it: refused with the number that is free
    page.get_by_role("button", name="Выдать документы").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Начните со свободного номера")
    free = re.search(r"свободного номера: (\d+)", alert.inner_text())
    assert free
    page.fill("#f-first_registration", free.group(1))
    page.get_by_role("button", name="Выдать документы").click()
    expect(page.get_by_role("status").first).to_contain_text("Выдано документов: 1")
    _row(page, name).get_by_role("link", name="№ 05904008000199").click()
    kept_as = page.get_by_role("link", name="Приложение (PDF)").get_attribute("href") or ""
    told = _pdf(page, kept_as)
    assert "ПРОЕКТ" not in told
    assert "География 5 (отлично)" in told
    assert "05904008000199" in told


def _pdf(page: Page, address: str) -> str:
    pdf = PdfReader(io.BytesIO(page.request.get(address).body()))
    return " ".join(" ".join(one.extract_text().split()) for one in pdf.pages)


def test_a_class_goes_from_final_marks_to_the_book_of_issue(page: Page) -> None:
    sign_in(page, "head")
    from_menu(page, "Экзамены и документы")
    expect(page.get_by_role("heading", name="Результаты экзаменов")).to_be_visible()
    accessible(page, "exams")
    keep(page, "exams")
    page.get_by_label("Экзамены и документы").get_by_role("link", name="Выпуск").click()
    page.fill("#year", "2025")
    page.get_by_role("button", name="Показать").click()
    accessible(page, "graduating classes")
    # the last of the ninth classes has its results and not yet its documents
    page.locator("tbody th a", has_text=re.compile("^9")).last.click()
    expect(page.get_by_role("heading", name=re.compile("Итоговые отметки"))).to_be_visible()
    keep(page, "graduation")
    page.locator("summary", has_text="Отметки и как они найдены").first.click()
    expect(page.locator("details[open]")).to_contain_text("годовая за 9 класс")
    accessible(page, "final marks")
    keep(page, "graduation-steps")
    chosen = page.locator("input[name=person]:checked").count()
    assert chosen > 0
    page.fill("#f-issued_on", "2026-06-24")
    page.fill("#f-first_number", "59АБ0012345")  # a blank of other years: refused, nothing is issued
    page.fill("#f-first_registration", "201")
    page.fill("#f-basis", "Протокол педсовета № 10 от 23.06.2026")
    page.get_by_role("button", name="Выдать документы").click()
    expect(page.get_by_role("alert")).to_contain_text("14 цифр")
    page.fill("#f-first_number", "05904008000201")
    page.get_by_role("button", name="Выдать документы").click()
    expect(page.get_by_role("status").first).to_contain_text(f"Выдано документов: {chosen}")
    page.get_by_role("link", name="Книга выдачи").click()
    accessible(page, "register of documents")
    keep(page, "education-documents")
    book = page.get_by_role("link", name="Книга выдачи (PDF)").get_attribute("href")
    pdf = PdfReader(io.BytesIO(page.request.get(f"/education-documents/{book}").body()))
    told = "".join(one.extract_text() for one in pdf.pages)
    assert "Книга регистрации выданных документов" in told
    assert "05904008000201" in told.replace(" ", "").replace("\n", "")
    # a lost one: a duplicate takes its place
    page.locator("tbody th a").first.click()
    accessible(page, "education document")
    page.select_option("#f-state", "lost")
    page.fill("#f-issued_on", "2026-09-14")
    page.fill("#f-first_number", "05904008009999")
    page.fill("#f-first_registration", "999")
    page.fill("#f-basis", "Заявление № 3 от 10.09.2026")
    page.get_by_role("button", name="Выдать дубликат").click()
    expect(page.locator("main")).to_contain_text("Дубликат документа")
    keep(page, "education-document", full=True)


def test_a_table_of_results_is_checked_seen_and_applied(page: Page, tmp_path: Path) -> None:
    sign_in(page, "head")
    page.goto("/graduation/?year=2026")
    page.locator("tbody th a").first.click()
    page.goto(page.url.replace("/graduation/", "/"))
    row = page.locator("tbody tr").first
    name, born = row.locator("th").inner_text(), row.locator("td").nth(1).inner_text()
    table = tmp_path / "результаты.csv"
    table.write_text(
        "ФИО;Дата рождения;Форма;Предмет;Дата экзамена;Зачёт;Отметка\n"
        f"{name};{born};Итоговое сочинение;20;05.11.2026;зачёт;\n"
        "Неизвестнов Пётр Ильич;01.02.2009;ОГЭ;Русский язык;05.06.2026;;4\n"
        f"{name};{born};ОГЭ;Русский язык;05.06.2026;;7\n",
        encoding="utf-8",
    )
    page.goto("/exams/files/")
    accessible(page, "files of results")
    keep(page, "exam-files")
    page.select_option("#f-kind", "results")
    page.set_input_files("#file", table)
    page.get_by_role("button", name="Проверить файл").click()
    expect(page.locator("main")).to_contain_text("Почему строки отклонены", timeout=30_000)
    expect(page.locator("main")).to_contain_text("Отметка (столбец 7)")
    accessible(page, "a checked file")
    keep(page, "exam-file", full=True)
    page.get_by_role("button", name="Применить").click()
    expect(page.locator("main")).to_contain_text(
        "Прежние значения исправленных строк сохранены", timeout=30_000
    )
    page.locator("#rows tbody th a").first.click()
    expect(page.locator("main")).to_contain_text("зачёт")
    keep(page, "learner-exams")
