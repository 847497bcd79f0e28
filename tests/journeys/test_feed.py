"""A system is registered, follows the feed over HTTP, and whoever watches sees how far it has come."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.api.machine import TOKEN, basic
from tests.journeys.conftest import from_menu, keep, sign_in
from tests.journeys.test_journeys import accessible

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.xdist_group("journeys")]


def register(page: Page, name: str, *scopes: str) -> tuple[str, str]:
    """A system of the whole region: its id and its first secret."""
    page.goto("/machines/")
    page.fill("#f-name", name)
    page.get_by_label("Весь регион").check()
    for scope in scopes:
        page.check(f"input[name=scope][value='{scope}']")
    page.get_by_role("button", name="Зарегистрировать").click()
    shown = page.get_by_role("status")
    expect(shown).to_contain_text("Новый секрет")
    client_id, secret = re.findall(r"</code>: <code>([^<]+)</code>", shown.inner_html())
    return client_id, secret


def test_a_subscriber_is_watched_from_its_first_page_on(page: Page) -> None:
    sign_in(page, "security")
    from_menu(page, "Лента изменений")
    expect(page.get_by_role("heading", name="Лента изменений")).to_be_visible()
    accessible(page, "feed-before")
    journal = register(page, "Журнал «Сфера»", "changes.read")
    register(page, "Обмен с МВД", "foreign-minors.read")

    page.goto("/sign-in/")
    page.context.clear_cookies()
    sign_in(page, "kindergarten")
    from_menu(page, "Классы")
    page.locator("tbody a").first.click()
    for name in ("Вотинова Елена Павловна", "Вотинова Елена Петровна"):
        page.goto(page.url.removesuffix("edit/") + "edit/")
        page.fill("#f-teacher_name", name)
        page.get_by_role("button", name="Записать").click()
        expect(page.locator("main")).to_contain_text(name)

    asked = page.request.post(
        TOKEN, form={"grant_type": "client_credentials"}, headers={"Authorization": basic(*journal)}
    )
    token = asked.json()["access_token"]
    told = page.request.get("/api/v1/changes?limit=1", headers={"Authorization": f"Bearer {token}"}).json()
    assert told["items"]
    assert told["more"]

    page.context.clear_cookies()
    sign_in(page, "security")
    from_menu(page, "Лента изменений")
    row = page.get_by_role("row").filter(has_text="Журнал «Сфера»")
    expect(row).to_contain_text("читает")
    expect(page.get_by_role("row").filter(has_text="Обмен с МВД")).to_contain_text("не обращалась")
    expect(page.get_by_role("row").filter(has_text="group.amended")).to_be_visible()
    accessible(page, "feed")
    keep(page, "feed", full=True)
    page.get_by_role("link", name="Отстаёт на").click()
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("Отстаёт на")
    expect(page.locator("tbody").last.locator("tr").first).to_contain_text("Журнал «Сфера»")
    row.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Журнал «Сфера»")
    page.goto("/feed/")
    page.set_viewport_size({"width": 390, "height": 840})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.emulate_media(media="print")
    expect(page.get_by_role("button", name="Печать")).to_be_hidden()
