"""A secretary takes the school's lists out, shows a spoilt file, and compares a set with the register."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import from_menu, keep, sign_in
from tests.journeys.test_journeys import accessible

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.xdist_group("journeys")]


def _changed(packed: bytes, name: str, old: str, new: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as source, zipfile.ZipFile(made, "w") as target:
        for one in source.namelist():
            text = source.read(one).decode()
            if one == name:
                assert old in text
                text = text.replace(old, new, 2)
            target.writestr(one, text)
    return made.getvalue()


def test_lists_go_out_a_spoilt_set_is_told_and_a_right_one_is_compared(page: Page, tmp_path: Path) -> None:
    sign_in(page, "secretary")
    from_menu(page, "OneRoster")
    expect(page.get_by_role("heading", name="OneRoster", exact=True)).to_be_visible()
    accessible(page, "oneroster")
    with page.expect_download() as download:
        page.get_by_role("button", name="Выгрузить zip").click()
    packed = Path(download.value.path()).read_bytes()
    spoilt = tmp_path / "набор с ошибками.zip"
    spoilt.write_bytes(_changed(packed, "users.csv", ",true,", ",да,"))
    page.set_input_files("input[name=file]", spoilt)
    page.get_by_role("button", name="Проверить").click()
    expect(page.locator("#checked")).to_contain_text("enabledUser")
    accessible(page, "oneroster-defects")
    keep(page, "oneroster", full=True)
    right = tmp_path / "набор.zip"
    right.write_bytes(packed)
    page.set_input_files("input[name=file]", right)
    page.get_by_role("button", name="Проверить").click()
    expect(page.locator("#checked")).to_contain_text("верен")
    page.set_input_files("input[name=file]", right)
    page.get_by_role("button", name="Сверить с реестром").click()
    expect(page.get_by_text("Классы набора")).to_be_visible(timeout=60_000)
    expect(page.locator("main")).to_contain_text("останется проектом приказа")
    accessible(page, "oneroster-compare")
    keep(page, "oneroster-compare")
    page.set_viewport_size({"width": 390, "height": 840})
    page.goto("/oneroster/")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_changes_that_a_journal_sends_back_are_compared(page: Page, tmp_path: Path) -> None:
    """Somebody left by the journal, somebody is spelt otherwise: both are seen, and nobody is moved."""
    sign_in(page, "secretary")
    from_menu(page, "OneRoster")
    page.get_by_label("Только изменения с момента").fill("2026-09-01T00:00")
    with page.expect_download() as download:
        page.get_by_role("button", name="Выгрузить zip").click()
    packed = Path(download.value.path()).read_bytes()
    with zipfile.ZipFile(io.BytesIO(packed)) as found:
        enrolments = found.read("enrollments.csv").decode().split("\r\n")
    line = next(one for one in enrolments if ",active," in one)
    changes = tmp_path / "изменения.zip"
    changes.write_bytes(_changed(packed, "enrollments.csv", line, line.replace(",active,", ",tobedeleted,")))
    page.set_input_files("input[name=file]", changes)
    page.get_by_role("button", name="Сверить с реестром").click()
    expect(page.get_by_text("Журнал сообщает, что выбыли")).to_be_visible(timeout=60_000)
    expect(page.locator("main")).to_contain_text("кого в них нет, у того ничего не изменилось")
    expect(page.locator("main")).to_contain_text("Загрузка никого не отчисляет")
    accessible(page, "oneroster-changes")
    keep(page, "oneroster-changes", full=True)
    page.set_viewport_size({"width": 390, "height": 840})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
