"""A secretary pastes a column of twenty СНИЛС: two are refused by name, she mends them, takes one back, loses the connection and signs out."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from kontingent.kernel.snils import format_snils
from tests import builders as b
from tests.journeys.conftest import keep, sign_in
from tests.journeys.test_journeys import accessible

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.xdist_group("journeys")]
PASTE = """([cell, text]) => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  cell.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
}"""


def slip(number: str) -> str:
    return number[:-1] + str((int(number[-1]) + 1) % 10)


def test_a_secretary_pastes_a_column(page: Page) -> None:
    sign_in(page, "secretary")
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("/groups/")
    classes = [one.get_attribute("href") for one in page.locator("main table a[href^='/groups/']").all()]
    for address in classes:
        page.goto(f"{address}entry/")
        column = page.locator("input.cell[id$='-snils']")
        if column.count() >= 20:
            break
    count = min(20, column.count())
    assert count == 20, "the demo has a class of twenty"
    accessible(page, "class-entry")
    status = page.locator("#entry-status")
    numbers = [b.snils_of(5_550_000 + one) for one in range(count)]
    typed = [slip(one) if index in {3, 7} else one for index, one in enumerate(numbers)]

    page.evaluate(PASTE, [column.first.element_handle(), "\r\n".join(typed)])
    expect(status).to_contain_text("Записано ячеек: 18. Не записано: 2", timeout=30_000)
    expect(page.locator("input.cell[aria-invalid]")).to_have_count(2)
    expect(column.nth(3)).to_have_value(typed[3])
    expect(column.nth(0)).to_have_value(format_snils(numbers[0]))
    keep(page, "class-entry")

    for index in (3, 7):
        column.nth(index).fill(numbers[index])
        column.nth(index).press("Enter")
        expect(column.nth(index)).to_have_value(format_snils(numbers[index]))
    expect(page.locator("input.cell[aria-invalid]")).to_have_count(0)

    page.keyboard.press("Control+z")
    expect(status).to_contain_text("Возвращено ячеек: 1")
    page.reload()
    expect(column.nth(7)).not_to_have_value(format_snils(numbers[7]))
    expect(column.nth(3)).to_have_value(format_snils(numbers[3]))

    place = page.locator("input.cell[id$='-birth_place']").first
    page.context.set_offline(True)
    place.fill("г. Кудымкар")
    place.press("Enter")
    expect(status).to_contain_text("Нет связи")
    assert "Кудымкар" in page.evaluate("Object.values(sessionStorage).join()")
    page.context.set_offline(False)
    expect(status).to_contain_text("Записано ячеек: 1", timeout=30_000)

    page.context.set_offline(True)
    place.fill("г. Чердынь")
    place.press("Enter")
    expect(status).to_contain_text("Нет связи")
    page.context.set_offline(False)
    page.get_by_role("button", name="Выйти").click()
    expect(page).to_have_url(re.compile("sign-in"))
    assert page.evaluate("Object.values(sessionStorage).join()") == ""
