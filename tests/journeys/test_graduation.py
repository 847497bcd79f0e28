"""A graduating class from its marks to the printed book of issue; a table of results from its check to the register."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from tests.journeys.conftest import from_menu, keep, sign_in
from tests.journeys.test_journeys import accessible

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.xdist_group("journeys")]


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
