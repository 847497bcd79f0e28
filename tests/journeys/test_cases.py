"""A specialist of a municipality begins the day with the cases of the invented region and closes one with evidence."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import keep, sign_in
from tests.journeys.test_journeys import accessible

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.xdist_group("journeys")]


def test_a_municipality_closes_a_case_with_evidence(page: Page) -> None:
    sign_in(page, "municipality")
    morning = page.locator("section", has_text="Что требует внимания сегодня")
    expect(morning).to_contain_text("наших дел в работе")
    accessible(page, "morning")
    keep(page, "morning-of-municipality", full=True)
    page.get_by_role("link", name="наших дел в работе").click()
    accessible(page, "cases")
    keep(page, "cases", full=True)
    first = page.locator("tbody tr").first.get_by_role("link")
    name = first.inner_text()
    first.click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    address = page.url
    page.get_by_label("Что сделано или узнано").fill("Мать: учится в Уфе, пришлёт справку")
    page.get_by_role("button", name="Звонок").click()
    expect(page.locator("main")).to_contain_text("Мать: учится в Уфе")
    accessible(page, "case")
    keep(page, "case", full=True)
    page.get_by_label("Реквизиты документа").fill("Справка № 14 от 20.11.2026, школа № 3 г. Уфы")
    page.get_by_role("button", name="Закрыть дело").click()
    expect(page.locator("main")).to_contain_text("Закрыто с подтверждением")
    page.goto("/cases/?state=closed")
    expect(page.locator(f'a[href="{address[address.index("/cases/") :]}"]')).to_be_visible()
