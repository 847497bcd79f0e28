"""A parent proposes a diploma with a scan, the school corrects one field and accepts, the parent prints the portfolio."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from demo import contests
from tests.journeys.conftest import from_menu, keep, sign_in
from tests.journeys.test_journeys import accessible
from tests.portfolio.papers import png

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.xdist_group("journeys")]


def test_from_the_diploma_to_the_printed_portfolio(page: Page, tmp_path: Path) -> None:
    sign_in(page, "parent")
    page.get_by_role("link", name="Портфолио").first.click()
    page.get_by_role("link", name="Предложить достижение").click()
    accessible(page, "propose")
    page.get_by_label("Вид", exact=True).select_option(label="Конкурс")
    page.get_by_label("Название мероприятия").fill("Конкурс юных химиков «Соль земли»")
    page.get_by_label("Дата", exact=True).fill("2026-11-10")
    page.get_by_label("Уровень", exact=True).select_option(label="Россия")
    page.get_by_label("Результат", exact=True).select_option(label="Призёр")
    page.get_by_label("Снимок документа").set_input_files(
        {"name": "диплом.png", "mimeType": "image/png", "buffer": png(80, 60)}
    )
    page.get_by_role("button", name="Отправить в школу").click()
    expect(page.locator("main")).to_contain_text("Ждут решения школы")
    address = page.url
    page.get_by_role("button", name="Выйти").click()
    sign_in(page, "secretary")
    from_menu(page, "Достижения")
    accessible(page, "achievements")
    keep(page, "achievements", full=True)
    page.get_by_role("link", name="Предложены семьями").click()
    page.locator("tr", has_text="Соль земли").get_by_role("link").click()
    page.get_by_label("Уровень: решение").select_option(label="исправить")
    page.get_by_label("Уровень: исправить на").select_option(label="Регион")
    page.get_by_label("Уровень: причина").fill("в дипломе – краевой конкурс")
    page.get_by_label("Подлинник документа сверен").check()
    accessible(page, "achievement")
    keep(page, "achievement", full=True)
    page.get_by_role("button", name="Принять").click()
    expect(page.locator("main")).to_contain_text("Принято: достижение в портфолио")
    page.get_by_role("button", name="Выйти").click()
    sign_in(page, "parent")
    page.goto(address)
    expect(page.locator("tr", has_text="Соль земли")).to_contain_text("в дипломе – краевой конкурс")
    accessible(page, "portfolio")
    keep(page, "portfolio", full=True)
    with page.expect_download() as saved:
        page.get_by_role("link", name="PDF").click()
    file = tmp_path / "portfolio.pdf"
    saved.value.save_as(file)
    text = " ".join(" ".join(one.extract_text() for one in PdfReader(file).pages).split())
    assert "Портфолио обучающегося" in text
    assert "Соль земли" in text


def test_a_protocol_of_an_olympiad_is_looked_through_applied_and_undone(page: Page) -> None:
    sign_in(page, "secretary")
    from_menu(page, "Достижения")
    page.get_by_role("link", name="Загрузить итоги таблицей").click()
    accessible(page, "contest-files")
    page.get_by_role("link", name=contests.NAME).first.click()
    expect(page.locator("main")).to_contain_text("Почему строки отклонены")
    accessible(page, "contest-file")
    keep(page, "contest-file", full=True)
    page.get_by_role("button", name="Применить").click()
    expect(page.locator("main")).to_contain_text("Отменить можно 90 дней после применения", timeout=60_000)
    accessible(page, "contest-file-applied")
    page.get_by_role("button", name="Отменить загрузку").click()
    expect(page.locator("main")).to_contain_text("Загрузка отменена: убрано")
