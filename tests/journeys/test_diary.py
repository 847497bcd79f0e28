"""A parent reads the diary of both children and prints the ведомость; a class teacher finds who needs attention."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from tests.journeys.conftest import keep, sign_in
from tests.journeys.test_journeys import accessible

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.xdist_group("journeys")]


#: A sheet of A4 lying, between its margins, in the browser's pixels.
PAPER = 1047


def within(page: Page, cells: str, width: int) -> bool:
    """Say whether everything found ends before the right edge."""
    right = "found => found.map(one => one.getBoundingClientRect().right)"
    edges: list[float] = page.locator(cells).evaluate_all(right)
    assert edges
    return max(edges) <= width


def test_a_parent_reads_the_diary_and_prints_the_statement(page: Page, tmp_path: Path) -> None:
    sign_in(page, "parent")
    children = page.get_by_role("link", name="Дневник")
    assert children.count() >= 2, "the persona has two children"
    names = []
    for number in range(2):
        page.goto("/")
        page.get_by_role("link", name="Дневник").nth(number).click()
        names.append(page.locator("h1").inner_text())
        expect(page.locator("main")).to_contain_text("Неделя")
    assert len(set(names)) == 2
    page.goto("/")
    page.get_by_role("link", name="Дневник").first.click()
    page.goto(f"{page.url.split('?')[0]}?on=2026-11-18")
    name = page.locator("h1").inner_text()
    expect(page.locator(".day").first).to_contain_text("16 ноября")
    expect(page.locator(".lesson").first).to_contain_text(re.compile("Задание|Урок|[А-Я]"))
    accessible(page, "week")
    keep(page, "diary-week", full=True)
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (
        "a phone scrolls down only"
    )
    keep(page, "diary-phone")
    page.get_by_role("link", name="среда, 18 ноября").click()
    expect(page.locator("#this-day")).to_contain_text("18 ноября 2026")
    expect(page.locator(".lesson").first).to_contain_text(re.compile("Задание|Урок|[А-Я]"))
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (
        "a phone scrolls down only"
    )
    keep(page, "diary-day-phone", full=True)
    page.set_viewport_size({"width": 1280, "height": 900})
    accessible(page, "day")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#this-day")).to_contain_text("19 ноября")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#this-day")).to_contain_text("18 ноября")
    keep(page, "diary-day", full=True)
    page.get_by_role("link", name="Вся неделя").click()
    expect(page.locator("main")).to_contain_text("Неделя 16.11.2026")
    page.get_by_role("link", name="Успеваемость и итоги").click()
    expect(page.locator("main")).to_contain_text("взвешенное среднее")
    accessible(page, "results")
    keep(page, "diary-results", full=True)
    page.set_viewport_size({"width": 390, "height": 800})
    assert within(page, ".stacking td:visible", 390), (
        "averages, trends and marks are read without scrolling aside"
    )
    keep(page, "diary-results-phone", full=True)
    page.set_viewport_size({"width": 1280, "height": 900})
    with page.expect_download() as saved:
        page.get_by_role("link", name="Ведомость (PDF)").click()
    file = tmp_path / "vedomost.pdf"
    saved.value.save_as(file)
    text = " ".join(" ".join(one.extract_text() for one in PdfReader(file).pages).split())
    assert "Ведомость успеваемости" in text
    assert name in text
    assert "вымышлены" in text


def test_a_class_teacher_finds_who_needs_attention(page: Page) -> None:
    sign_in(page, "teacher")
    page.get_by_role("link", name="успеваемость", exact=True).first.click()
    expect(page.locator("main")).to_contain_text("Правило: средний балл ниже 2,50")
    accessible(page, "class")
    keep(page, "class-results", full=True)
    page.get_by_role("link", name="Журнал по предметам").click()
    expect(page.locator("table.journal tbody tr").first).to_be_visible()
    accessible(page, "sheet")
    keep(page, "class-sheet")
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (
        "the list of subjects is no wider than a phone"
    )
    page.emulate_media(media="print")
    page.set_viewport_size({"width": PAPER, "height": 700})
    assert within(page, "table.journal th", PAPER), (
        "the last lesson, the average and the absences are on the paper"
    )
    printed = PdfReader(BytesIO(page.pdf(prefer_css_page_size=True))).pages[0].mediabox
    assert printed.width > printed.height
    page.set_viewport_size({"width": 1280, "height": 900})
    page.emulate_media(media="screen")
    with page.expect_download() as saved:
        page.get_by_role("link", name="Excel").click()
    assert saved.value.suggested_filename.endswith(".xlsx")
    page.locator("table.journal tbody th a").first.click()
    expect(page.get_by_role("link", name="Дневник")).to_be_visible()
    page.goto("/performance/attention/")
    expect(page.locator("main")).to_contain_text("Нет доступа")


def test_the_ministry_compares_municipalities_on_a_phone(page: Page) -> None:
    sign_in(page, "ministry")
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto("/performance/")
    expect(page.locator("tfoot")).to_contain_text("Всего")
    assert within(page, ".stacking tr:not(thead tr) :visible", 390), "quality too, without scrolling aside"
    page.goto("/epgu/")
    assert within(page, ".stacking tr:not(thead tr) :visible", 390), "how long it took and who was refused"
