"""What people come for, in a real browser against the product as `make demo` starts it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.journeys.conftest import keep, sign_in

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.xdist_group("journeys")]
LIST = Path(__file__).parents[1] / "exchange" / "data" / "spisok-klassov.xlsx"
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}


def accessible(page: Page, where: str) -> None:
    found = Axe().run(page, options=RULES).response["violations"]
    assert [(v["id"], [n["html"][:120] for n in v["nodes"][:3]]) for v in found] == [], where


def test_a_secretary_turns_a_class_list_into_learners_and_takes_it_back(page: Page) -> None:
    sign_in(page, "new-school")
    keep(page, "empty-school")
    page.goto("/imports/")
    page.set_input_files("#file", LIST)
    page.get_by_role("button", name="Проверить файл").click()
    expect(page.get_by_role("heading", name=re.compile("spisok-klassov"))).to_be_visible()
    expect(page.get_by_role("button", name="Применить")).to_be_visible()
    expect(page.locator(".numbers")).to_contain_text("Новые")
    accessible(page, "checked batch")
    keep(page, "import-checked")

    page.get_by_role("button", name="загрузить без значения").first.click()
    expect(page.get_by_text("без значения", exact=True)).to_be_visible()
    page.get_by_role("button", name="Применить").click()
    expect(page.get_by_role("button", name="Отменить загрузку")).to_be_visible()
    expect(page.locator("main")).to_contain_text("зачислено 53")
    keep(page, "import-applied")

    page.goto("/contingent/?on=2026-09-20")
    expect(page.locator("tfoot")).to_contain_text("53")
    keep(page, "contingent")
    page.locator("tbody td.num a").last.click()
    expect(page.get_by_role("heading", name="53 обучающихся")).to_be_visible()
    page.goto("/groups/")
    page.get_by_role("link", name="5А").click()
    keep(page, "class-list")

    page.goto("/imports/")
    page.get_by_role("link", name="spisok-klassov.xlsx").first.click()
    page.get_by_role("button", name="Отменить загрузку").click()
    expect(page.get_by_text("отменена")).to_be_visible()
    page.goto("/contingent/?on=2026-09-20")
    expect(page.locator("tbody")).to_contain_text("никого нет")


def test_a_child_leaves_by_an_order_that_is_then_cancelled(page: Page) -> None:
    sign_in(page, "secretary")
    page.goto("/orders/new/")
    page.get_by_role("link", name="Об отчислении в порядке перевода").click()
    page.locator("input[name=learner]").first.check()
    page.fill("#f-effective_on", "2026-11-20")
    page.get_by_role("button", name="Создать черновик").click()
    expect(page.locator("main")).to_contain_text("Не указана причина выбытия")
    keep(page, "order-refused")
    page.get_by_role("button", name="Удалить черновик").click()

    page.goto("/orders/new/?kind=transfer_out")
    page.locator("input[name=learner]").first.check()
    page.fill("#f-effective_on", "2026-11-20")
    page.select_option("#f-reason", "T3")
    page.fill("#f-destination", "г. Уфа, Башкортостан")
    page.get_by_role("button", name="Создать черновик").click()
    expect(page.locator("main")).to_contain_text("Отказов нет")
    accessible(page, "draft order")
    keep(page, "order-preview")
    page.fill("#f-number", "118-у")
    page.get_by_role("button", name="Подписать приказ").click()
    expect(page.locator("h1")).to_contain_text("подписан")
    page.get_by_text("Отменить приказ", exact=True).click()
    page.fill("#f-reason", "Родители передумали")
    page.get_by_role("button", name="Отменить приказ и пересчитать").click()
    expect(page.locator("h1")).to_contain_text("отменён")


def test_a_learner_is_found_by_keyboard_alone(page: Page) -> None:
    sign_in(page, "secretary")
    keep(page, "home")
    page.keyboard.press("/")
    page.keyboard.type("ива")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/learners/"))
    for _ in range(40):
        page.keyboard.press("Tab")
        if "/learners/" in (
            page.evaluate("document.activeElement.getAttribute('href')") or ""
        ) and page.evaluate("document.activeElement.closest('tbody') !== null"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Путь")).to_be_visible()
    keep(page, "card", full=True)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()


def test_a_change_of_the_organisation_is_proposed_and_confirmed(page: Page) -> None:
    sign_in(page, "secretary")
    page.goto("/organisations/?text=СОШ")
    page.get_by_role("link", name=re.compile("СОШ")).nth(0).click()
    page.goto("/")
    school = page.locator("h1").inner_text()
    page.goto(f"/organisations/?text={school.split(',')[0]}")
    page.get_by_role("link", name=school, exact=True).click()
    page.get_by_role("link", name="Предложить изменение").click()
    page.fill("#f-phone", "+73422222222")
    page.fill("#f-basis", "приказ № 7")
    page.get_by_role("button", name="Отправить").click()
    expect(page.get_by_role("status").first).to_contain_text("Предложение отправлено")
    page.get_by_role("button", name="Выйти").click()
    sign_in(page, "municipality")
    page.goto("/organisations/proposals/")
    expect(page.locator("main")).to_contain_text("+73422222222")
    page.get_by_role("button", name="Подтвердить").first.click()
    expect(page.get_by_role("status").first).to_contain_text("подтверждено")


def test_the_turn_over_of_a_year_is_shown_whole(page: Page) -> None:
    sign_in(page, "secretary")
    page.goto("/orders/turnover/?year=2026")
    expect(page.locator(".numbers")).to_contain_text("Выпуск")
    page.get_by_role("button", name="Проверить", exact=True).click()
    expect(page.locator("main")).to_contain_text(re.compile("Проверено|Замечания|Не сохранено"))
    keep(page, "turnover")


def enter_again(page: Page) -> tuple[str, str]:
    """Enter a learner of one's school once more, the birth date a day off; return the first one's name and address."""
    page.goto("/learners/school/")
    page.locator("tbody a").first.click()
    name, card = page.locator("h1").inner_text(), page.url
    page.get_by_role("link", name="Исправить данные").click()
    fields = ("family_name", "given_name", "patronymic", "birth_date", "sex")
    values = {field: page.input_value(f"#f-{field}") for field in fields}
    born, sex = values.pop("birth_date"), values.pop("sex")
    page.goto("/learners/add/")
    for field, value in values.items():
        page.fill(f"#f-{field}", value)
    page.fill("#f-birth_date", f"{born[:-2]}{int(born[-2:]) % 28 + 1:02d}")
    page.select_option("#f-sex", sex)
    page.get_by_role("button", name="Внести").click()
    expect(page.locator("main")).to_contain_text("Похожие люди уже есть в реестре")
    accessible(page, "candidates")
    keep(page, "candidates")
    page.get_by_label("Это другой человек, внести как нового").check()
    page.get_by_role("button", name="Внести").click()
    page.wait_for_url(re.compile("/orders/new/"))
    return name, card


def test_a_wrong_merge_is_undone(page: Page) -> None:
    sign_in(page, "secretary")
    name, card = enter_again(page)
    page.goto(card)
    page.get_by_role("link", name="Это дубль").click()
    page.fill("#f-name", name.split()[0])
    page.get_by_role("button", name="Найти", exact=True).click()
    accessible(page, "finding the other record")
    keep(page, "find-duplicate")
    page.goto("/duplicates/")
    page.get_by_role("link", name=re.compile("Сравнить")).first.click()
    expect(page.locator("main")).to_contain_text("Остальное скрыто")
    page.get_by_label("Это один человек").check()
    page.fill("#f-basis", "Мне так кажется")
    page.get_by_role("button", name="Отправить").click()
    expect(page.get_by_role("status").first).to_be_visible()
    page.get_by_role("button", name="Выйти").click()

    sign_in(page, "ministry")
    page.goto("/duplicates/")
    expect(page.locator("main")).to_contain_text("школа: один человек")
    accessible(page, "duplicates")
    keep(page, "duplicates")
    page.get_by_role("link", name=re.compile(f"Сравнить.*{name}")).first.click()
    accessible(page, "comparison")
    keep(page, "comparison", full=True)
    page.fill("#f-basis", "Свидетельство о рождении одно")
    page.get_by_role("button", name="Один человек: объединить").click()
    expect(page.get_by_role("status").first).to_contain_text("Записи объединены")
    expect(page.get_by_role("note").last).to_contain_text("С этой записью объединена другая")
    keep(page, "merged-card")
    page.get_by_role("button", name="Выйти").click()

    sign_in(page, "secretary")
    page.goto(card)
    page.get_by_text("Указать новый адрес").click()
    page.fill("#text", "614000, г. Пермь, ул. Мира, д. 1")
    page.get_by_role("button", name="Записать").click()
    expect(page.get_by_role("status").first).to_contain_text("Адрес записан")
    page.get_by_role("button", name="Выйти").click()

    sign_in(page, "ministry")
    page.goto(card)
    page.get_by_role("link", name="Это ошибка: отменить объединение").click()
    expect(page.locator("main")).to_contain_text("Адреса: 614000, г. Пермь, ул. Мира, д. 1")
    page.get_by_label("второй").check()
    page.fill("#f-basis", "Двоюродные братья")
    accessible(page, "undoing a merge")
    keep(page, "undo-merge", full=True)
    page.get_by_role("button", name="Отменить объединение").click()
    expect(page.get_by_role("status").first).to_contain_text("Записи разделены")
    assert page.url != card
    page.goto("/duplicates/")
    expect(page.locator("main")).not_to_contain_text(name)


def test_the_ministry_searches_the_region_for_duplicates(page: Page) -> None:
    sign_in(page, "ministry")
    page.goto("/duplicates/")
    page.get_by_role("button", name="Искать по всему региону").click()
    expect(page.locator("progress")).to_be_visible()
    keep(page, "duplicates-search")
    expect(page.locator("main")).to_contain_text("Последний поиск", timeout=90_000)


PAGES = [
    "/", "/learners/", "/learners/?q=а", "/learners/school/", "/learners/add/", "/groups/", "/groups/add/", "/orders/",
    "/orders/new/", "/orders/new/?kind=transfer_out", "/imports/", "/duplicates/", "/contingent/", "/organisations/", "/codelists/",
    "/codelists/leaving_reason/",
]  # fmt: skip


def test_every_page_is_accessible_and_fits_a_phone(page: Page) -> None:
    page.goto("/sign-in/")
    accessible(page, "sign-in")
    sign_in(page, "secretary")
    for address in PAGES:
        page.goto(address)
        accessible(page, address)
    page.set_viewport_size({"width": 360, "height": 740})
    for address in PAGES:
        page.goto(address)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, (address, wide)
    page.goto("/learners/school/")
    page.locator("tbody a").first.click()
    keep(page, "card-phone")
    page.emulate_media(media="print")
    assert page.locator(".menu").is_hidden()
