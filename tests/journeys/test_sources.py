"""Sources in a browser: the ministry looks after the living school, a municipality brings in a journal from a sample."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from demo import living
from stands.journal import export
from stands.journal.school import Day
from tests.journeys.conftest import from_menu, keep, sign_in
from tests.journeys.test_journeys import accessible

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.xdist_group("journeys")]
TODAY = f"{datetime.now(ZoneInfo('Asia/Yekaterinburg')):%d.%m.%Y}"
MAPPING = """code = "city"
title = "Журнал города"
[[sheets]]
records = "marks"
learner_within_class = true
[sheets.columns]
learner = ["ФИО"]
class = ["Класс"]
date = ["Дата"]
subject = ["Предмет"]
value = ["Оценка"]
comment = ["Примечание"]
"""


def runs(page: Page) -> int:
    return page.locator("table", has_text="Запуски").locator("tbody .badge.yes").count()


def wait_for_a_run(page: Page, before: int) -> None:
    for _ in range(80):
        if runs(page) > before:
            return
        page.wait_for_timeout(400)
        page.reload()
    raise AssertionError("nobody has read the source")


def fits_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (
        "a phone scrolls down only"
    )
    page.set_viewport_size({"width": 1280, "height": 900})


def test_the_ministry_looks_after_the_living_school(page: Page, tmp_path: Path) -> None:
    sign_in(page, "ministry")
    from_menu(page, "Источники журналов")
    line = page.locator("tr", has_text="Журнал школы (стенд)")
    expect(line).to_contain_text("каждые 15 минут")
    expect(line).to_contain_text("назад")
    expect(line).to_contain_text("успешно")
    assert int(line.locator("td.num").inner_text()) > 0, "rows wait for repair"
    accessible(page, "sources")
    keep(page, "sources", full=True)
    line.get_by_role("link").click()
    refused = page.locator("table", has_text="Отклонённые строки")
    expect(refused).to_contain_text(
        re.compile("Вес отметки вне пределов|Такой отметки|Такого ученика|предмет")
    )
    before = runs(page)
    page.get_by_role("button", name="Прочитать сейчас").click()
    wait_for_a_run(page, before)
    accessible(page, "source")
    keep(page, "source", full=True)
    fits_a_phone(page)

    page.get_by_role("link", name="Описание файлов, версия 1").click()
    text = page.get_by_label("Описание (TOML)")
    assert text.input_value() == living.MAPPING.read_text(encoding="utf-8").replace("\r\n", "\n")
    absent = {"id": "a-1", "version": 1, "learner": "Орлов Пётр", "date": "2026-11-25", "number": 1, "lesson": "l", "subject": "Физика", "code": "б"}  # fmt: skip
    sample = export.write(tmp_path, "образец.xlsx", [], Day([], [], [absent]))
    text.fill(text.input_value().replace("Предмет", "Дисциплина"))
    page.set_input_files("#file", sample)
    page.get_by_role("button", name="Попробовать на образце").click()
    trial = page.locator("#trial")
    expect(trial).to_contain_text("Строка заголовка не найдена")
    text.fill(text.input_value().replace('["Дисциплина"]', '["Дисциплина", "Предмет"]'))
    page.set_input_files("#file", sample)
    page.get_by_role("button", name="Попробовать на образце").click()
    expect(trial).to_contain_text("Неясных мест: 0")
    expect(trial).to_contain_text("посещаемость")
    accessible(page, "mapping")
    keep(page, "source-mapping", full=True)
    page.get_by_role("button", name="Сохранить и читать по нему").click()
    page.get_by_role("link", name="Описание файлов, версия 2").click()
    page.get_by_role("button", name="Вернуться к версии 1").click()
    expect(page.locator("main")).to_contain_text("Файлы снова читаются по версии 1")
    expect(page.locator("tr", has_text="действует")).to_contain_text("Вымышленный регион")
    assert "Дисциплина" not in text.input_value()
    expect(page.locator("table", has_text="Версии").locator("tbody tr")).to_have_count(2)


def test_from_a_sample_to_the_diary(page: Page, tmp_path: Path) -> None:
    sign_in(page, "secretary")
    page.goto("/groups/")
    of_class = page.locator("main tbody th a", has_text=re.compile("^7")).first
    title = of_class.inner_text()
    of_class.click()
    child = page.locator("main a[href^='/learners/']").first
    name, card = child.inner_text(), str(child.get_attribute("href"))
    page.get_by_role("button", name="Выйти").click()

    sample = tmp_path / "выгрузка.csv"
    sample.write_text(
        f"ФИО;Класс;Дата;Предмет;Оценка;Примечание\n{name};{title};{TODAY};Технология;5;источник\n{name};{title};позавчера;Технология;5;\n",
        encoding="utf-8",
    )
    sign_in(page, "municipality")
    from_menu(page, "Источники журналов")
    page.get_by_label("Название журнала").fill("Журнал города")
    page.get_by_label("Код:").fill("city-journal")
    page.get_by_label("Муниципалитет").select_option(index=1)
    page.get_by_role("button", name="Создать").click()
    page.get_by_label("Описание (TOML)").fill(MAPPING)
    page.set_input_files("#file", sample)
    page.get_by_role("button", name="Попробовать на образце").click()
    expect(page.locator("#trial")).to_contain_text("узнаны по классу и имени: 1")
    expect(page.locator("#trial")).to_contain_text("ячейка C3")
    page.get_by_role("button", name="Сохранить и читать по нему").click()
    page.get_by_label("Файл считать готовым").fill("0")
    page.get_by_role("button", name="Сохранить", exact=True).click()
    page.set_input_files("#file", sample)
    page.get_by_role("button", name="Передать", exact=True).click()
    page.get_by_role("button", name="Прочитать сейчас").click()
    wait_for_a_run(page, 0)
    expect(page.locator("main")).to_contain_text("ячейка C3")
    fits_a_phone(page)
    page.get_by_role("button", name="Выйти").click()

    sign_in(page, "secretary")
    page.goto("/sources/")
    expect(page.locator("tr", has_text="Журнал города")).to_contain_text("только просмотр")
    page.goto(card.replace("/learners/", "/diary/"))
    expect(page.locator("main")).to_contain_text("источник")
