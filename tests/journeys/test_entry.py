"""The grid of a class by keyboard: pasted from a spreadsheet, taken back, two who edit, a dropped line; then the wizard for one learner."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.conftest import keep, sign_in
from tests.journeys.test_journeys import accessible

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.xdist_group("journeys")]


@pytest.fixture
def colleague(chrome: Browser, site: str) -> Iterator[Page]:
    """Another window, of somebody else."""
    context = chrome.new_context(locale="ru-RU", viewport={"width": 1280, "height": 900}, base_url=site)
    opened = context.new_page()
    opened.set_default_timeout(20_000)
    yield opened
    context.close()


def paste(page: Page, text: str) -> None:
    """Paste into the cell that has the focus, as from a spreadsheet."""
    page.evaluate(
        """text => {
            const clipboardData = new DataTransfer();
            clipboardData.setData("text/plain", text);
            document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
        }""",
        text,
    )


def open_grid(page: Page) -> str:
    """Open the cards of the first class; a page that is left with something unsaved may ask."""
    page.on("dialog", lambda asked: asked.accept())
    sign_in(page, "secretary")
    page.goto("/groups/")
    page.locator("main table a[href^='/groups/']").first.click()
    page.get_by_role("link", name="Заполнить карточки").click()
    return page.url


def test_a_class_is_filled_by_keyboard(page: Page) -> None:
    open_grid(page)
    places = page.locator("input.cell[name$='-birth_place']")
    status = page.locator("#entry-status")
    before = [places.nth(row).input_value() for row in range(3)]
    accessible(page, "grid of a class")

    # a column of a spreadsheet, pasted into the first cell
    places.nth(0).focus()
    paste(page, "г. Чусовой\nг. Кудымкар\nг. Оса\n")
    expect(status).to_contain_text("Записано ячеек: 3")
    keep(page, "entry-grid")
    page.reload()
    assert [places.nth(row).input_value() for row in range(3)] == ["г. Чусовой", "г. Кудымкар", "г. Оса"]

    # a cell is typed, Enter goes down, Ctrl+Z takes the change back
    places.nth(0).focus()
    page.keyboard.type("г. Гремячинск")
    page.keyboard.press("Enter")
    expect(status).to_contain_text("Записано ячеек: 1")
    expect(places.nth(1)).to_be_focused()
    page.keyboard.press("Control+z")
    expect(status).to_contain_text("Возвращено ячеек: 1")
    expect(places.nth(0)).to_have_value("г. Чусовой")

    # and as it was
    places.nth(0).focus()
    paste(page, "\n".join(before) + "\n")
    expect(status).to_contain_text("Записано ячеек: 3")


def test_two_who_edit_and_a_dropped_line(page: Page, colleague: Page) -> None:
    address = open_grid(page)
    places = page.locator("input.cell[name$='-birth_place']")
    status = page.locator("#entry-status")

    # two who edit: the later one is told what stands there now, and nothing is overwritten
    sign_in(colleague, "head")
    colleague.goto(address)
    theirs = colleague.locator("input.cell[name$='-birth_place']")
    theirs.nth(0).fill("г. Добрянка")
    theirs.nth(0).press("Enter")
    expect(colleague.locator("#entry-status")).to_contain_text("Записано ячеек: 1")
    places.nth(0).fill("г. Очёр")
    places.nth(0).press("Enter")
    expect(page.locator(".refused").first).to_contain_text("уже записали другое: «г. Добрянка»")
    expect(status).to_contain_text("Не записано: 1")
    keep(page, "entry-conflict")
    colleague.reload()
    expect(theirs.nth(0)).to_have_value("г. Добрянка")
    page.reload()

    # the line drops: what was typed waits in the tab and is sent after a reload
    page.route(
        "**/entry/", lambda route: route.abort() if route.request.method == "POST" else route.continue_()
    )
    places.nth(1).fill("г. Нытва")
    places.nth(1).press("Enter")
    expect(status).to_contain_text("Нет связи")
    page.unroute("**/entry/")
    page.reload()
    expect(status).to_contain_text("Записано ячеек: ")
    colleague.reload()
    expect(theirs.nth(1)).to_have_value("г. Нытва")
    assert page.evaluate("Object.keys(sessionStorage).filter((key) => key.startsWith('entry:')).length") == 0


def test_one_learner_is_entered_step_by_step(page: Page) -> None:
    sign_in(page, "secretary")
    page.goto("/learners/wizard/")
    expect(page.locator("#f-family_name")).to_be_focused()
    accessible(page, "wizard")
    page.keyboard.type("Оборин")
    page.keyboard.press("Enter")
    expect(page.locator("#e-given_name")).to_contain_text("Укажите имя")
    expect(page.locator("#f-given_name")).to_be_focused()
    page.keyboard.type("Елисей")
    page.fill("#f-birth_date", "2018-04-05")
    page.select_option("#f-sex", "1")
    keep(page, "wizard-person")
    page.keyboard.press("Tab")
    page.locator("#f-snils").press("Enter")
    expect(page.locator("form.wizard h2")).to_contain_text("Представители")

    # the page is closed in the middle: the draft waits
    page.fill("#f-r1_family_name", "Оборина")
    page.goto("/learners/wizard/")
    expect(page.get_by_role("status").filter(has_text="остался черновик")).to_contain_text("Оборин Елисей")
    page.keyboard.press("Enter")
    expect(page.locator("#f-r1_family_name")).to_have_value("Оборина")
    page.fill("#f-r1_given_name", "Злата")
    page.select_option("#f-r1_sex", "2")
    page.fill("#f-r1_birth_date", "1991-02-03")
    page.fill("#f-r1_phone", "8 912 345-67-89")
    page.locator("#f-r1_phone").press("Enter")
    expect(page.locator("form.wizard h2")).to_contain_text("Адрес")
    page.fill("#f-registration", "г. Пермь, ул. Сибирская, 17")
    page.locator("#f-registration").press("Enter")
    expect(page.locator("form.wizard h2")).to_contain_text("Документ")
    page.fill("#f-paper_series", "II-ВГ")
    page.fill("#f-paper_number", "123456")
    page.locator("#f-paper_number").press("Enter")
    expect(page.locator("form.wizard h2")).to_contain_text("Зачисление")
    page.select_option("#f-group", index=1)
    page.locator("#f-order_number").press("Enter")
    expect(page.locator("form.wizard h2")).to_contain_text("Проверьте")
    accessible(page, "wizard, check")
    keep(page, "wizard-check", full=True)
    expect(page.get_by_role("button", name="Внести и сделать")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/orders/[0-9a-f-]+/$"))
    expect(page.locator("main")).to_contain_text("Оборин Елисей")
    page.goto("/learners/wizard/")
    expect(page.locator("[data-draft-found]")).to_be_hidden()


def stored(page: Page) -> str:
    """Whatever the browser keeps of this site."""
    kept: str = page.evaluate(
        "JSON.stringify([{ ...sessionStorage }, { ...localStorage }, document.cookie, history.state, location.href])"
    )
    return kept


def test_health_of_one_learner_lies_in_no_browser(page: Page) -> None:
    secrets = ("Осмотр 77-к", "health_group", "disability", "adapted_programme", "physical_group")
    sign_in(page, "secretary-nurse")
    page.goto("/learners/wizard/")
    heading = page.locator("form.wizard h2")
    for typed in (
        {"family_name": "Вотинова", "given_name": "Ульяна", "birth_date": "2018-06-07"},
        {"r1_family_name": "Вотинова", "r1_given_name": "Ирина", "r1_birth_date": "1990-01-02"},
        {},
        {},
    ):
        for name, text in typed.items():
            page.fill(f"#f-{name}", text)
        for sex in page.locator("select[name$=sex]").all()[:1]:
            sex.select_option("2")
        page.get_by_role("button", name="Дальше").click()
    expect(heading).to_contain_text("Зачисление")
    page.select_option("#f-group", index=1)
    page.get_by_role("button", name="Дальше").click()

    expect(heading).to_contain_text("Здоровье")
    accessible(page, "wizard, health")
    page.select_option("#f-health_group_code", "12")
    page.fill("#f-health_group_starts_on", "2026-09-01")
    page.fill("#f-health_group_document", "Осмотр 77-к")
    page.fill("#f-disability_document", "Осмотр 77-к")
    keep(page, "wizard-health", full=True)
    assert "Вотинова" in stored(page), "the rest waits in the tab"
    assert [one for one in secrets if one in stored(page)] == []
    page.get_by_role("button", name="Дальше").click()
    expect(page.locator("#e-disability_starts_on")).to_contain_text("укажите, с какого дня")
    page.fill("#f-disability_document", "")
    page.get_by_role("button", name="Дальше").click()
    expect(heading).to_contain_text("Проверьте")
    expect(page.locator("main")).to_contain_text("Осмотр 77-к")
    assert [one for one in secrets if one in stored(page)] == []

    # the page is left before the end: everything waits but health, which is asked again
    page.goto("/learners/wizard/")
    assert [one for one in secrets if one in stored(page)] == []
    page.get_by_role("button", name="Продолжить").click()
    expect(heading).to_contain_text("Здоровье")
    expect(page.locator("#f-health_group_document")).to_have_value("")
    page.select_option("#f-health_group_code", "12")
    page.fill("#f-health_group_starts_on", "2026-09-01")
    page.fill("#f-health_group_document", "Осмотр 77-к")
    page.get_by_role("button", name="Дальше").click()
    page.get_by_role("button", name="Внести и сделать").click()
    page.wait_for_url(re.compile(r"/orders/[0-9a-f-]+/$"))
    assert [one for one in secrets if one in stored(page)] == []

    # once the order is signed, it stands in the card
    page.fill("#f-number", "77-к")
    page.get_by_role("button", name="Подписать приказ").click()
    expect(page.locator("h1")).to_contain_text("подписан")
    page.get_by_role("link", name="Вотинова Ульяна").first.click()
    page.locator("main").get_by_role("link", name="Здоровье", exact=True).last.click()
    expect(page.locator("main")).to_contain_text("Осмотр 77-к")
