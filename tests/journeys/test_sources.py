"""A municipality's specialist makes a source from a sample, tries the mapping, runs it and sees the mark in the diary."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import keep, sign_in
from tests.journeys.test_journeys import accessible

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.xdist_group("journeys")]
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
    today = f"{datetime.now(UTC):%d.%m.%Y}"
    sample.write_text(
        f"ФИО;Класс;Дата;Предмет;Оценка;Примечание\n{name};{title};{today};Технология;5;источник\n{name};{title};позавчера;Технология;5;\n",
        encoding="utf-8",
    )
    sign_in(page, "municipality")
    page.get_by_role("link", name="Источники журналов").first.click()
    page.get_by_label("Название журнала").fill("Журнал города")
    page.get_by_label("Код:").fill("city-journal")
    page.get_by_label("Муниципалитет").select_option(index=1)
    page.get_by_role("button", name="Создать").click()
    page.get_by_label("Описание (TOML)").fill(MAPPING)
    page.set_input_files("#file", sample)
    page.get_by_role("button", name="Попробовать на образце").click()
    trial = page.locator("#trial")
    expect(trial).to_contain_text("узнаны по классу и имени: 1")
    expect(trial).to_contain_text("ячейка C3")
    accessible(page, "mapping")
    keep(page, "source-mapping", full=True)
    page.get_by_role("button", name="Сохранить и читать по нему").click()
    page.get_by_label("Файл считать готовым").fill("0")
    page.get_by_role("button", name="Сохранить", exact=True).click()
    page.set_input_files("#file", sample)
    page.get_by_role("button", name="Передать", exact=True).click()
    page.get_by_role("button", name="Прочитать сейчас").click()
    done = page.get_by_text("успешно", exact=True)
    for _ in range(60):
        if done.count():
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(done.first).to_be_visible()
    expect(page.locator("main")).to_contain_text("ячейка C3")
    accessible(page, "source")
    keep(page, "source", full=True)
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (
        "a phone scrolls down only"
    )
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto("/sources/")
    expect(page.locator("tr", has_text="Журнал города")).to_contain_text("успешно")
    accessible(page, "sources")
    keep(page, "sources", full=True)
    page.goto(f"{card.replace('/learners/', '/diary/')}results/")
    expect(page.locator("main")).to_contain_text("Труд (технология)")
