"""The ministry opens stage two in one more municipality: its schools see the fields from then on, an import is refused before."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import from_menu, keep, sign_in
from tests.journeys.test_journeys import accessible

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.xdist_group("journeys")]
TODAY = f"{datetime.now(UTC):%Y-%m-%d}"


def leave(page: Page) -> None:
    page.get_by_role("button", name="Выйти").click()


def test_a_stage_is_opened_by_order_and_only_there(page: Page, tmp_path: Path) -> None:
    listed = tmp_path / "5А.csv"
    listed.write_text(
        "ФИО;Дата рождения;Класс;Группа здоровья\nИванов Иван Иванович;01.02.2015;5А;II\n", encoding="utf-8"
    )

    # where it is closed: nothing to see, and a list with the column is refused by name
    sign_in(page, "nurse-nearby")
    page.goto("/health/terms/")
    expect(page.locator("main")).to_contain_text("этот этап не открыт")
    keep(page, "stage-closed")
    page.goto("/imports/")
    page.set_input_files("#file", listed)
    page.get_by_role("button", name="Проверить файл").click()
    expect(page.locator("main")).to_contain_text("Столбец D «Группа здоровья»", timeout=30_000)
    keep(page, "stage-import-refused")
    leave(page)

    # the ministry
    sign_in(page, "ministry")
    from_menu(page, "Этапы")
    accessible(page, "stages")
    before = page.request.get("/stages/matrix.pdf").body()
    page.select_option("#f-stage", "2")
    place = page.locator("#f-municipality option", has_text="Лысьв").get_attribute("value")
    page.select_option("#f-municipality", place)
    page.fill("#f-number", "26-01-06-900")
    page.fill("#f-dated", TODAY)
    page.get_by_role("button", name="Открыть этап").click()
    expect(page.get_by_role("status").first).to_contain_text("26-01-06-900")
    keep(page, "stages", full=True)
    page.get_by_role("link", name=re.compile("Состав сведений")).click()
    expect(page.locator("table")).to_contain_text("26-01-06-900")
    accessible(page, "matrix of data")
    keep(page, "matrix")
    assert page.request.get("/stages/matrix.pdf").body() != before
    leave(page)

    # its school sees the fields now
    sign_in(page, "nurse-nearby")
    page.goto("/health/terms/")
    expect(page.get_by_role("heading", name="Сроки сведений о здоровье")).to_be_visible()
    page.goto("/learners/school/")
    page.locator("tbody th a").first.click()
    page.locator("main").get_by_role("link", name="Здоровье", exact=True).last.click()
    page.select_option("#f-code", index=2)
    page.fill("#f-starts_on", TODAY)
    page.fill("#f-document", "Осмотр № 5")
    page.get_by_role("button", name="Записать").click()
    expect(page.locator("main")).to_contain_text("Осмотр № 5")
    accessible(page, "health of a learner")


def test_a_nurse_fills_a_class_and_looks_after_the_terms(page: Page) -> None:
    sign_in(page, "nurse")
    page.goto("/health/terms/")
    accessible(page, "terms of health")
    keep(page, "health-terms")
    page.goto("/groups/")
    page.locator("tbody a").first.click()
    page.locator("main").get_by_role("link", name="Здоровье", exact=True).click()
    accessible(page, "health of a class")
    keep(page, "health-class")
    page.locator("tbody th a").first.click()
    page.goto(page.url + "?kind=disability")
    expect(page.get_by_role("heading", name="Сведения о здоровье")).to_be_visible()
    keep(page, "health-learner", full=True)
    keep(page, "health-learner-top")


def test_a_nurse_enters_a_conclusion_for_a_class_and_loads_a_list(page: Page, tmp_path: Path) -> None:
    sign_in(page, "nurse")
    page.goto("/groups/")
    page.locator("tbody a").nth(1).click()
    page.locator("main").get_by_role("link", name="Здоровье", exact=True).click()
    page.get_by_role("link", name="Инвалидность и заключения ПМПК").click()
    row = page.locator("tbody tr").last
    name = row.locator("th").inner_text()
    # by keys alone: kind, variant, document, term
    row.locator('input[name^="adapted_programme-"]').focus()
    for index, text in enumerate(("ТНР", "5.1", "№ 14 от 01.09.2026", "01.09.2029")):
        if index:
            page.keyboard.press("Control+ArrowRight")
        page.keyboard.type(text)
    page.get_by_role("button", name="Записать").click()
    expect(page.get_by_role("status").first).to_contain_text("Записано значений: 1")
    expect(page.locator("tbody tr").last.locator('input[placeholder="записан"]')).to_have_count(1)
    kept = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert [one for one in ("ТНР", "№ 14", "entry:") if one in kept] == [], (
        "nothing typed stays in the browser"
    )
    accessible(page, "conclusions of a class")
    keep(page, "health-needs")

    page.locator("tbody th a").last.click()
    born = re.findall(r"\d\d\.\d\d\.\d{4}", page.locator(".lead-line").inner_text())[0]
    listed = tmp_path / "здоровье.csv"
    head = "ФИО;Дата рождения;Физкультурная группа;Физкультурная группа с"
    listed.write_text(f"{head}\n{name};{born};специальная Б;{datetime.now(UTC):%d.%m.%Y}\nНеизвестный Пётр Ильич;01.02.2015;основная;\n", encoding="utf-8")  # fmt: skip
    from_menu(page, "Загрузка")
    accessible(page, "what is loaded at which stage")
    keep(page, "imports-profiles", full=True)
    with page.expect_download() as template:
        page.locator("tr", has_text="Сведения о здоровье").get_by_role("link", name="Excel").click()
    assert template.value.suggested_filename == "template-health.xlsx"
    page.select_option("#f-purpose", "health")
    page.set_input_files("#file", listed)
    page.get_by_role("button", name="Проверить файл").click()
    expect(page.get_by_role("button", name="Применить")).to_be_visible(timeout=30_000)
    expect(page.locator("#rows")).to_contain_text("не числится в организации")
    expect(page.locator("main")).not_to_contain_text("специальная")
    accessible(page, "a checked list of health")
    keep(page, "health-list", full=True)
    page.get_by_role("button", name="Применить").click()
    expect(page.locator("main")).to_contain_text("сведений о здоровье записано 1", timeout=30_000)
    page.get_by_role("button", name="Отменить загрузку").click()
    expect(page.get_by_role("status").first).to_contain_text("отменена")
