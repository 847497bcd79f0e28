"""A child moves to another school whose old school never answers: the receiver waits for nobody beyond the term."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import from_menu, keep, sign_in
from tests.journeys.test_journeys import accessible

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.xdist_group("journeys")]


def test_a_silent_school_is_not_waited_for(page: Page) -> None:
    sign_in(page, "secretary")
    from_menu(page, "Переводы")
    accessible(page, "transfers")
    keep(page, "transfers", full=True)
    # The worker completes it by itself every hour, perhaps has done so already; whoever does not wait presses the button.
    late = (
        page.locator("tr", has_text="срок истёк").or_(page.locator("tr", has_text="не ответила в срок")).first
    )
    name = late.locator("th a").inner_text()
    late.locator("th a").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    keep(page, "transfer", full=True)
    now = page.get_by_role("button", name="Срок прежней школы вышел: завершить сейчас")
    done = page.get_by_text("Приказ о зачислении")
    expect(now.or_(done).first).to_be_visible()
    if now.is_visible():
        now.click()
    # The page tells by itself when it is done; nobody has to look again.
    expect(page.locator("main")).to_contain_text("Приказ о зачислении", timeout=60_000)
    expect(page.locator("main")).to_contain_text("прежняя организация не ответила в срок")
    accessible(page, "transfer")
    page.get_by_role("link", name="Личное дело", exact=True).click()
    expect(page.locator("main")).to_contain_text("Где учился")
    accessible(page, "personal-file")
    page.goto(f"/learners/?q={name.split()[0]}")
    expect(page.locator("main")).to_contain_text(name)


def test_a_school_takes_a_child_over_and_the_former_one_confirms(page: Page) -> None:
    sign_in(page, "secretary")
    page.goto("/transfers/")
    waiting = page.locator("tr", has_text="заявление принято").first
    waiting.locator("th a").click()
    page.get_by_label("Номер вашего приказа о зачислении").fill("119-з")
    page.get_by_role("button", name="Утвердить").click()
    expect(page.locator("main")).to_contain_text("Прежняя организация извещена")
    page.goto("/transfers/new/")
    page.get_by_label("Фамилия ребёнка").fill("Небывалов")
    page.get_by_label("Имя", exact=True).fill("Никто")
    page.get_by_label("Дата рождения").fill("2014-01-01")
    page.get_by_role("button", name="Найти").click()
    expect(page.locator("main")).to_contain_text("Такого ребёнка в реестре нет")
    accessible(page, "application")
    page.goto("/transfers/")
    page.locator("tr", has_text="рабочих дней осталось").filter(has_not_text="возражение").first.locator(
        "th a"
    ).click()
    keep(page, "transfer-answer", full=True)
