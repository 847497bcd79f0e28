"""The ministry sees who went where and what is expected; a secretary sees a learner's path."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import from_menu, keep, sign_in
from tests.journeys.test_journeys import accessible

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.xdist_group("journeys")]


def test_the_ministry_follows_flows_cohorts_and_the_forecast(page: Page) -> None:
    sign_in(page, "ministry")
    from_menu(page, "Потоки")
    page.locator("#since").fill("2025-09-01")
    page.locator("#until").fill("2026-08-31")
    page.get_by_role("button", name="Показать").click()
    expect(page.locator("svg.flow-chart")).to_be_visible()
    expect(page.locator(".tiles")).to_be_visible()
    accessible(page, "flows")
    keep(page, "flows", full=True)
    page.goto(page.url.replace("by=municipality", "by=level"))
    expect(page.locator("main")).to_contain_text("Выпуск")
    keep(page, "flows-levels", full=True)
    page.get_by_role("link", name="Когорты и выпуск").click()
    expect(page.locator("svg.stacks")).to_be_visible()
    accessible(page, "cohorts")
    keep(page, "cohorts", full=True)
    page.get_by_role("link", name="Охват").click()
    expect(page.locator("main")).to_contain_text("ровно в одном состоянии")
    accessible(page, "coverage")
    keep(page, "coverage", full=True)
    page.get_by_role("link", name="Прогноз").click()
    page.locator("#municipality").select_option(index=0)
    page.get_by_role("button", name="Показать").click()
    expect(page.locator("svg.fan")).to_be_visible()
    accessible(page, "forecast")
    keep(page, "forecast", full=True)


def test_a_secretary_opens_a_flow_down_to_a_child_and_its_path(page: Page) -> None:
    sign_in(page, "secretary")
    page.goto("/flows/?since=2025-09-01&until=2026-10-31")
    page.locator("main a[href^='learners/']").first.click()
    keep(page, "flow-learners")
    page.locator("main tbody a").first.click()
    expect(page.locator("svg.path-line")).to_be_visible()
    page.get_by_text("Таблицей").click()
    page.locator("svg.path-line").scroll_into_view_if_needed()
    accessible(page, "path")
    keep(page, "path", full=True)


def test_a_head_sees_results_on_the_path_of_a_graduate(page: Page) -> None:
    sign_in(page, "head")
    page.goto("/exams/?year=2026&form=oge")
    page.locator("main a[href^='/groups/'][href$='/exams/']").first.click()
    page.locator("main tbody th a").first.click()
    page.goto(page.url.replace("/exams/", "/"))
    page.get_by_role("link", name="Путь с результатами").click()
    expect(page.locator("svg.path-line")).to_be_visible()
    expect(page.locator("main")).to_contain_text("итоги года")
    expect(page.locator("main")).to_contain_text("Аттестат о")
    accessible(page, "path-results")
    keep(page, "path-results", full=True)
    page.set_viewport_size({"width": 390, "height": 844})
    page.reload()
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390, "on a phone the line is scrolled within its card, not the page"
    keep(page, "path-results-phone")
