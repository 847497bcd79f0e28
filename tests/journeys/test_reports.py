"""A form from the first button to the ministry's sum, in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import from_menu, keep, sign_in
from tests.journeys.test_journeys import accessible

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.xdist_group("journeys")]


def test_a_school_s_form_goes_all_the_way(page: Page) -> None:
    sign_in(page, "secretary")
    from_menu(page, "Отчётность")
    expect(page.get_by_role("heading", name="Отчётность")).to_be_visible()
    accessible(page, "calendar of forms")
    keep(page, "reports-calendar")
    row = page.get_by_role("row").filter(has_text="ОО-1")
    if row.get_by_role("button", name="Сформировать").count():
        row.get_by_role("button", name="Сформировать").click()
        expect(page.get_by_role("status").first).to_contain_text("Форма сформирована")
    else:  # the ministry has been here before
        row.get_by_role("link", name="Открыть").click()
    page.select_option("#table", "2.1.1.1")
    page.get_by_role("button", name="Показать").click()
    expect(page.locator("caption")).to_contain_text("2.1.1.1")
    accessible(page, "a table of a form")
    keep(page, "report-table", full=True)

    cell = (
        page.get_by_role("row")
        .filter(has_text=re.compile(r"В них обучающихся \(сумма строк 02"))
        .locator("td a")
        .first
    )
    number = cell.inner_text()
    cell.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(number)
    expect(page.locator("tbody tr")).to_have_count(int(number))
    accessible(page, "behind a number")
    keep(page, "report-cell")

    page.go_back()
    page.get_by_role("link", name=re.compile("Контроли")).click()
    accessible(page, "controls")
    keep(page, "report-controls")
    page.go_back()
    page.select_option("#table", "1.4")
    page.get_by_role("button", name="Показать").click()
    page.get_by_label("строка 01, графа 3").fill("много")
    page.get_by_role("button", name="Записать введённое").click()
    page.get_by_label("строка 01, графа 3").fill("2")
    page.get_by_role("button", name="Записать введённое").click()
    expect(page.get_by_role("status").first).to_contain_text("Числа записаны")
    keep(page, "report-entered")
    page.get_by_role("button", name="Проверить").click()
    expect(page.get_by_role("status").first).to_contain_text("Ошибок нет")
    page.get_by_role("link", name="История").click()
    accessible(page, "history of a form")
    keep(page, "report-history")


def test_the_ministry_has_the_form_of_all_and_its_sum(page: Page) -> None:
    sign_in(page, "ministry")
    page.goto("/reports/")
    accessible(page, "progress of forms")
    keep(page, "reports-progress")
    page.get_by_role("link", name="ОО-1", exact=True).click()
    page.get_by_role("button", name="Сформировать для всех").click()
    expect(page.get_by_text(re.compile("готово, организаций"))).to_be_visible(timeout=60_000)
    accessible(page, "who fills a form")
    keep(page, "reports-board")
    page.get_by_role("link", name="Свод", exact=True).click()
    page.select_option("#table", "2.1.1.1")
    page.get_by_role("button", name="Показать").last.click()
    expect(page.locator("caption")).to_contain_text("2.1.1.1")
    accessible(page, "sum of forms")
    keep(page, "svod")
    page.locator("tbody td a:not(.nought)").first.click()
    accessible(page, "behind a number of a sum")
    keep(page, "svod-cell")
    page.locator("tbody td.num a").first.click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_an_officer_cuts_a_table_of_the_own_and_looks_at_the_territory(page: Page) -> None:
    sign_in(page, "ministry")
    page.goto("/reports/region/?on=2026-09-20")
    expect(page.locator(".tile").first).to_be_visible()
    accessible(page, "the territory")
    keep(page, "territory", full=True)
    page.goto("/reports/own/?on=2026-09-20")
    page.select_option("#rows", "grade")
    page.select_option("#columns", "sex")
    page.select_option("#fact0", "grade")
    page.fill("#value0", "1–4")
    page.get_by_role("button", name="Показать").click()
    expect(page.locator("tbody tr")).to_have_count(4)
    accessible(page, "a table of one's own")
    keep(page, "own-table")
    page.fill("#value0", "первый")
    page.get_by_role("button", name="Показать").click()
    expect(page.get_by_role("alert")).to_contain_text("не число")
    page.fill("#value0", "1–4")
    page.get_by_role("button", name="Показать").click()
    page.fill("#name", "Начальная школа по полу")
    page.get_by_role("button", name="Сохранить").click()
    expect(page.get_by_role("link", name="Начальная школа по полу")).to_be_visible()
    page.get_by_role("button", name="Удалить").click()
    expect(page.get_by_role("status").first).to_contain_text("удалён")


def test_the_security_officer_s_pages_are_fit_to_be_shown(page: Page) -> None:
    sign_in(page, "security")
    for address, name in (
        ("/appointments/", "appointments"), ("/machines/", "machines"), ("/emergencies/", "emergencies"), ("/sessions/", "sessions"),
    ):  # fmt: skip
        page.goto(address)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        accessible(page, name)
        keep(page, name)
