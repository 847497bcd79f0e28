"""A secretary settles what the journal and the register do not agree on; the worker takes the marks; the ministry maps a subject."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import from_menu, keep, sign_in
from tests.journeys.test_journeys import accessible

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.xdist_group("journeys")]


def test_a_secretary_says_who_it_is_and_the_marks_come_in(page: Page) -> None:
    sign_in(page, "secretary")
    from_menu(page, "Сверка с журналом")
    unknown = page.locator("tr", has_text="У-2041")
    expect(unknown).to_contain_text("Электронный журнал (вымышленный)")
    accessible(page, "reconciliation")
    missing = page.locator("tr", has_text="1-я четверть").first.get_by_role("link", name="Журнал класса")
    box = missing.bounding_box()
    assert box
    assert box["x"] + box["width"] <= 1280, "however long the list of subjects, what to do stands in sight"
    page.set_viewport_size({"width": 390, "height": 800})
    box = missing.bounding_box()
    assert box
    assert box["x"] + box["width"] <= 390, "and on a phone"
    page.set_viewport_size({"width": 1280, "height": 900})
    keep(page, "reconciliation", full=True)
    button = unknown.get_by_role("button", name="Да, это")
    name = button.inner_text().removeprefix("Да, это ")
    button.click()
    expect(page.locator("main")).to_contain_text("Отложенные записи журнала сейчас принимаются")
    expect(page.locator("tr", has_text="У-2041")).to_have_count(0)
    latin = (
        page.locator("tr", has_text="Классный час")
        .or_(page.locator("section", has_text="Класса журнала нет в реестре"))
        .first
    )
    latin.get_by_role("button", name="Да, это").first.click()
    expect(page.get_by_role("heading", name="Класса журнала нет в реестре")).to_have_count(0)
    page.goto(f"/learners/?q={name.split()[0]}")
    page.get_by_role("link", name=name).first.click()
    page.get_by_role("link", name="Дневник").click()
    diary = page.url.split("?")[0]
    for _ in range(60):
        page.goto(f"{diary}results/")
        if page.locator("main tbody tr").count():
            break
        page.wait_for_timeout(500)
    expect(page.locator("main tbody tr").first).to_be_visible()


def test_the_ministry_sees_silent_journals_and_maps_a_subject(page: Page) -> None:
    sign_in(page, "ministry")
    from_menu(page, "Сверка с журналом")
    expect(page.locator("main")).to_contain_text("не передавал ничего")
    accessible(page, "journals")
    keep(page, "journals-of-schools")
    page.get_by_role("link", name="Расхождений, по которым не видно школы").click()
    row = page.locator("tr", has_text="Матем. (углубл.)")
    row.get_by_role("button", name="Да, это Математика").click()
    expect(page.locator("main")).to_contain_text("Сохранено")
    expect(page.locator("tr", has_text="Матем. (углубл.)")).to_have_count(0)
