"""A specialist of a municipality begins the day with the cases of the invented region and closes one with evidence."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import keep, sign_in
from tests.journeys.test_journeys import accessible
from tests.portfolio import papers

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
    page.get_by_label("Снимок документа").set_input_files(
        {"name": "spravka.png", "mimeType": "image/png", "buffer": papers.png()}
    )
    page.get_by_role("button", name="Закрыть дело").click()
    expect(page.locator("main")).to_contain_text("Закрыто с подтверждением")
    with page.expect_download() as paper:
        page.get_by_role("link", name="снимок (png").click()
    assert paper.value.path().read_bytes() == papers.png()
    accessible(page, "closed case")
    keep(page, "case-closed", full=True)
    page.goto("/cases/?state=closed")
    expect(page.locator(f'a[href="{address[address.index("/cases/") :]}"]')).to_be_visible()
    with page.expect_download() as act:
        page.get_by_role("button", name="Скачать PDF").click()
    assert act.value.suggested_filename.startswith("akt-")
    assert act.value.path().read_bytes().startswith(b"%PDF")


def test_two_schools_claim_one_child(page: Page) -> None:
    """One school teaches the child, another prepares to enrol it; the municipality sees it, and the case ends with the draft."""
    sign_in(page, "secretary")
    page.goto("/cases/?rule=claimed_twice")
    claimed = page.locator("form[action='/cases/many/'] tbody th a").first
    name = claimed.inner_text()
    claimed.click()
    page.get_by_label("Что сделано или узнано").fill("Ребёнок учится у нас, семья о переводе не говорила")
    page.get_by_role("button", name="Запись").click()
    expect(page.locator("main")).to_contain_text("семья о переводе не говорила")
    page.get_by_role("button", name="Выйти").click()

    sign_in(page, "nearby-school")
    page.get_by_role("link", name="Приказы ждут подписи").click()
    page.locator("main tbody a").first.click()
    expect(page.locator("main")).to_contain_text(name)
    keep(page, "claim-draft", full=True)
    draft = page.url
    page.get_by_role("button", name="Выйти").click()

    sign_in(page, "municipality")
    page.goto("/cases/?rule=claimed_twice")
    page.get_by_role("link", name=name).click()
    address = page.url
    expect(page.locator("main")).to_contain_text("семья о переводе не говорила")
    page.get_by_label("Что сделано или узнано").fill(
        "Школа соседнего округа удалит черновик: семья никуда не переходит"
    )
    page.get_by_role("button", name="Звонок").click()
    expect(page.locator("main")).to_contain_text("удалит черновик")
    accessible(page, "claimed case")
    keep(page, "case-claimed", full=True)
    page.get_by_role("button", name="Выйти").click()

    sign_in(page, "nearby-school")
    page.goto(draft)
    page.get_by_role("button", name="Удалить черновик").click()
    expect(page).not_to_have_url(draft)
    page.get_by_role("button", name="Выйти").click()

    sign_in(page, "municipality")
    for _ in range(45):  # the worker looks each minute
        page.goto(address)
        if page.get_by_text("Закрыто само").count():
            break
        page.wait_for_timeout(2000)
    expect(page.locator("main")).to_contain_text("Закрыто само: причины в реестре больше нет")
    keep(page, "case-gone", full=True)
