"""A parent orders a certificate, a stranger checks it, the school revokes it, and the check page says so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from tests.journeys.conftest import keep, sign_in
from tests.journeys.test_journeys import accessible

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.xdist_group("journeys")]


def test_a_certificate_from_its_order_to_its_revocation(page: Page, tmp_path: Path) -> None:
    sign_in(page, "parent")
    page.get_by_role("link", name="Все сведения").first.click()
    name = page.locator("h1").inner_text()
    page.get_by_role("button", name="Заказать справку об обучении").click()
    expect(page.get_by_role("status").first).to_contain_text("готова")
    accessible(page, "family")
    keep(page, "family-certificates", full=True)
    with page.expect_download() as saved:
        page.get_by_role("link", name=re.compile("Скачать PDF")).first.click()
    file = tmp_path / "spravka.pdf"
    saved.value.save_as(file)
    text = " ".join(" ".join(one.extract_text() for one in PdfReader(file).pages).split())
    assert name in text
    assert "вымышлены" in text
    printed = re.search(r"по коду ([0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4})", text)
    number = re.search(r"№ (\d+/\d{4})", text)
    assert printed
    assert number

    page.get_by_role("button", name="Выйти").click()
    page.context.clear_cookies()
    page.goto("/check/")
    expect(page.locator("main")).to_contain_text("не отозвана ли она")
    page.get_by_label("Код на справке").fill(printed.group(1).lower())
    page.get_by_role("button", name="Проверить").click()
    expect(page.locator("main")).to_contain_text("действительна")
    expect(page.locator("main")).to_contain_text(number.group(1))
    assert name.split()[0] not in page.content()
    accessible(page, "check")
    keep(page, "check-certificate")
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (
        "a phone scrolls down only"
    )
    page.set_viewport_size({"width": 1280, "height": 900})
    checked = page.url

    sign_in(page, "secretary")
    page.goto("/certificates/")
    row = page.get_by_role("row").filter(has_text=name).filter(has_text=number.group(1))
    row.get_by_text("Отозвать", exact=True).click()
    row.get_by_label("Причина").fill("Класс указан неверно")
    row.get_by_role("button", name="Отозвать справку").click()
    expect(page.get_by_role("status").first).to_contain_text("отозвана")
    accessible(page, "register")
    keep(page, "certificates-register")
    page.context.clear_cookies()
    page.goto(checked)
    expect(page.locator("main")).to_contain_text("отозвана")
    expect(page.locator("main")).not_to_contain_text("Класс указан неверно")
