"""Every citizen of the ЕСИА stand, from the button to the page or to the right refusal; GOST where the machine has it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from kontingent.access.esia import openssl
from tests.journeys.conftest import from_menu, keep, sign_in
from tests.journeys.test_journeys import accessible

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.xdist_group("journeys")]


def test_the_stand_signs_by_gost_where_it_can_and_says_that_it_is_a_stand(page: Page) -> None:
    page.goto("/")
    expect(page).to_have_url(re.compile("/sign-in/"))
    accessible(page, "door")
    keep(page, "sign-in")
    page.get_by_role("link", name="Войти через Госуслуги").click()
    expect(page.locator("body")).to_contain_text("СТЕНД", ignore_case=True)
    expect(page.locator("body")).to_contain_text("GOST3410_2012_256" if openssl.has_gost() else "RS256")
    accessible(page, "stand")
    keep(page, "stand")


@pytest.mark.parametrize(
    ("citizen", "heading"),
    [
        ("secretary", "СОШ"),
        ("kindergarten", "Детский сад"),
        ("head", "СОШ"),
        ("teacher", "СОШ"),
        ("municipality", "Муниципалитет"),
        ("ministry", "Пермский край"),
        ("security", "Безопасность"),
        ("parent", "Мои дети"),
        ("pupil", "Мои сведения"),
    ],
)
def test_who_has_a_right_comes_to_the_own_page(page: Page, citizen: str, heading: str) -> None:
    sign_in(page, citizen)
    expect(page.locator("h1")).to_contain_text(heading)
    accessible(page, citizen)
    keep(page, f"home-{citizen}")


@pytest.mark.parametrize(
    ("citizen", "title", "words", "code"),
    [
        ("simplified", "Войти пока нельзя", "не подтверждена", "access.account_not_confirmed"),
        ("standard", "Войти пока нельзя", "не подтверждена", "access.account_not_confirmed"),
        ("declines", "Вход отменён", "не разрешили передать данные", "access.esia.007004"),
        ("stranger", "Войти пока нельзя", "попросите школу", "access.nobody_here"),
        ("no-organisation", "Войти пока нельзя", "в её профиле на Госуслугах", "access.nobody_here"),
        ("young", "Войти пока нельзя", "с 14 лет", "access.child_under_14"),
    ],
)
def test_who_has_none_comes_to_a_page_that_says_what_to_do(
    page: Page, citizen: str, title: str, words: str, code: str
) -> None:
    page.goto("/sign-in/")
    page.get_by_role("link", name="Войти через Госуслуги").click()
    page.click(f"button[value={citizen}]")
    expect(page.locator("h1")).to_have_text(title)
    expect(page.locator("main")).to_contain_text(words)
    expect(page.locator("code")).to_have_text(code)
    accessible(page, citizen)
    keep(page, f"refused-{citizen}")
    page.goto("/learners/")
    expect(page).to_have_url(re.compile("/sign-in/"))


def test_an_employee_of_three_organisations_chooses_and_changes_over(page: Page) -> None:
    sign_in(page, "three-organisations")
    expect(page).to_have_url(re.compile("/capacity/"))
    accessible(page, "capacity")
    keep(page, "capacity")
    choices = page.locator("button[name=capacity]")
    expect(choices).to_have_count(3)
    first = choices.nth(0).locator("span").inner_text()
    choices.nth(0).click()
    expect(page.locator("h1")).to_have_text(first)
    page.goto("/capacity/")
    second = page.locator("button[name=capacity]").nth(1).locator("span").inner_text()
    page.locator("button[name=capacity]").nth(1).click()
    expect(page.locator("h1")).to_have_text(second)


def test_sessions_are_listed_and_ended_from_elsewhere(page: Page) -> None:
    sign_in(page, "municipality")
    other = page.context.browser.new_context(base_url=page.url, locale="ru-RU")  # type: ignore[union-attr]
    second = other.new_page()
    sign_in(second, "municipality")
    second.goto("/sessions/")
    keep(second, "sessions")
    accessible(second, "sessions")
    second.get_by_role("button", name="Завершить все остальные сеансы").click()
    expect(second.get_by_role("status").first).to_contain_text("Завершено других сеансов")
    page.goto("/contingent/")
    expect(page).to_have_url(re.compile("/sign-in/"))
    second.get_by_role("button", name="Выйти").click()
    expect(second).to_have_url(re.compile("/sign-in/"))
    other.close()


def test_a_family_sees_who_looked_asks_and_is_answered(page: Page) -> None:
    sign_in(page, "parent")
    page.locator("h2 a").first.click()
    child = page.locator("h1").inner_text()
    accessible(page, "child")
    keep(page, "family-child", full=True)
    page.get_by_role("button", name="Выйти").click()

    sign_in(page, "secretary")
    page.goto(f"/learners/?q={child}")
    page.locator("tbody a").first.click()
    expect(page.get_by_role("heading", name="Путь")).to_be_visible()
    page.get_by_role("button", name="Выйти").click()

    sign_in(page, "parent")
    page.get_by_role("link", name=child).click()
    page.get_by_role("link", name="Кто смотрел эти сведения").click()
    expect(page.locator("main")).to_contain_text("секретарь")
    expect(page.locator("main")).not_to_contain_text("Тиунова")
    accessible(page, "views")
    keep(page, "views", full=True)
    page.get_by_text("Спросить об этом просмотре").first.click()
    page.locator("textarea").first.fill("Зачем открывали карточку моего ребёнка?")
    page.get_by_role("button", name="Отправить вопрос").first.click()
    expect(page.get_by_role("status").first).to_contain_text("Вопрос отправлен")
    page.get_by_role("button", name="Выйти").click()

    sign_in(page, "head")
    from_menu(page, "Вопросы семей")
    expect(page.locator("main")).to_contain_text("Зачем открывали карточку моего ребёнка?")
    accessible(page, "questions")
    keep(page, "questions")
    page.get_by_label("Ответ").first.fill("Готовили справку по заявлению.")
    page.get_by_role("button", name="Ответить").first.click()
    expect(page.locator("main")).to_contain_text("отвечено")


def test_the_security_officer_finds_it_all_in_the_journal(page: Page) -> None:
    page.goto("/sign-in/")
    page.get_by_role("link", name="Войти через Госуслуги").click()
    page.click("button[value=declines]")
    expect(page.locator("h1")).to_have_text("Вход отменён")
    sign_in(page, "security")
    from_menu(page, "Журнал")
    page.select_option("#kind", "access.sign_in_refused")
    page.get_by_role("button", name="Найти").click()
    expect(page.locator("tbody")).to_contain_text("Отказ во входе")
    accessible(page, "journal")
    keep(page, "journal")
    from_menu(page, "Сигналы")
    expect(page.locator("main")).to_contain_text("Правила")
    accessible(page, "alerts")
    from_menu(page, "Назначения")
    accessible(page, "appointments")
    keep(page, "appointments")


def test_an_emergency_opens_one_card_and_is_reviewed(page: Page) -> None:
    sign_in(page, "municipality")
    from_menu(page, "Экстренный доступ")
    accessible(page, "emergency")
    page.fill("#snils", "112-233-445 95")
    page.fill("#reason", "мало")
    page.get_by_role("button", name="Открыть карточку на час").click()
    expect(page.get_by_role("alert")).to_contain_text("Опишите причину подробнее")
    keep(page, "emergency")
