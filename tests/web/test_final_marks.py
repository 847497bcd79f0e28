"""Pages of completing closing marks: the grid of a class and of one learner, decisions, courses, by role, escaped, refusing without a trace."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.test import Client

from kontingent.achievements.attestation.models import BroughtMark
from kontingent.performance.models import PeriodMark
from tests import builders as b
from tests.attestation import town as t
from tests.performance import records
from tests.web.test_attestation import browser, subjects

pytestmark = pytest.mark.django_db


@pytest.fixture
def town() -> t.Town:
    made = t.built()
    t.graduated(made)
    records.closing(made.anna, made.nine, t.DAY, "s21", "5", kind="year", period="20")
    return made


def address(town: t.Town, who: Any = None) -> str:
    return f"/groups/{town.nine.id}/graduation/marks/" + (f"?person={who}" if who else "")


def cell(who: Any, subject: str = "s21", grade: int = 9, period: str = "20") -> str:
    return f"{who}.{grade}.{subject}.{period}"


def told(name: str, shown: str, typed: str, **other: str) -> dict[str, str]:
    known = {"source": "former", "document": "Справка № 3"}
    return {f"s-{name}": shown, f"v-{name}": typed} | known | other


def test_the_grid_of_a_class_offers_what_somebody_lacks(town: t.Town) -> None:
    answer = browser(town, "operator").get(address(town))
    text = answer.content.decode()
    assert f'name="v-{cell(town.oleg)}" value=""' in text, "music: Anna has it, Oleg has not"
    assert "Химия" not in text, "everybody has chemistry"
    assert subjects(answer) == {town.anna, town.oleg}
    everything = browser(town, "operator").get(address(town) + "?all=1&closing=8-20").content.decode()
    assert "Химия" in everything
    assert f'name="v-{cell(town.oleg, "s19", 8)}"' in everything


def test_a_mark_of_hundred_points_waits_in_a_cell_that_may_be_typed(town: t.Town) -> None:
    PeriodMark.objects.filter(person_id=town.anna, subject_code="s19").update(
        value="87", score=87, system_code=6
    )
    client, name = browser(town, "operator"), cell(town.anna, "s19")
    graduation = client.get(f"/groups/{town.nine.id}/graduation/").content.decode()
    assert "Химия: по стобалльной шкале – годовая за 9 класс 87/100" in graduation
    assert f'graduation/marks/?person={town.anna}">Отметки ученика</a>' in graduation
    grid = client.get(address(town)).content.decode()
    assert f'name="v-{name}" value=""' in grid
    assert "переведите 87/100" in grid
    client.post(address(town), told(name, "", "5", source="scale", document="Положение № 7"))
    assert "вместо 87/100 журнала" in client.get(address(town, town.anna)).content.decode()
    assert "по стобалльной шкале" not in client.get(f"/groups/{town.nine.id}/graduation/").content.decode()


def test_cells_are_kept_by_the_page_and_by_its_script(town: t.Town) -> None:
    client = browser(town, "operator")
    answer = client.post(address(town), told(cell(town.oleg), "", "4"))
    assert "Записано отметок: 1" in answer.content.decode()
    answer = client.post(
        address(town, town.oleg),
        told(cell(town.oleg, "s22"), "", "9"),
        headers={"Accept": "application/json"},
    )
    assert answer.status_code == 422
    assert "не бывает" in answer.json()["refused"][cell(town.oleg, "s22")]
    undo = told(cell(town.oleg), "4", "", act="undo")
    assert client.post(address(town), undo, headers={"Accept": "application/json"}).json()["saved"]
    assert not BroughtMark.objects.filter(superseded_at=None).exists()


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ({"document": ""}, "Укажите документ"),
        ({"source": "x"}, "откуда отметка"),
        ({"act": "overrule"}, "Откройте ученика"),
    ],
)
def test_a_refused_form_keeps_what_was_typed_and_changes_nothing(
    town: t.Town, sent: dict[str, str], message: str
) -> None:
    answer = browser(town, "operator").post(address(town), told(cell(town.oleg), "", "<b>4", **sent))
    text = answer.content.decode()
    assert answer.status_code == 422
    assert message in text
    assert "<b>4" not in text
    assert not BroughtMark.objects.exists()


def test_a_learner_s_page_decides_adds_courses_and_shows_what_stood_before(town: t.Town) -> None:
    client = browser(town, "operator")
    page = address(town, town.oleg)
    known = {"source": "retake", "document": "Протокол № 2 <i>", "reason": "долг ликвидирован"}
    wrong = client.post(page, known | {"act": "overrule", "slot": cell(town.anna, "s19"), "value": "3"})
    assert wrong.status_code == 422, "a mark of somebody else"
    assert client.post(page, known | {"act": "overrule", "slot": cell(town.oleg, "s19"), "value": "3"}).status_code == 302  # fmt: skip
    assert (
        client.post(page, known | {"act": "course", "title": "Черчение", "value": "зач"}).status_code == 302
    )
    text = client.get(page).content.decode()
    assert "вместо 2 журнала" in text
    assert "Черчение" in text
    assert "Протокол № 2 &lt;i&gt;" in text
    course = BroughtMark.objects.get(title="Черчение")
    gone = client.post(page, {"act": "take_back", "mark": str(course.id), "reason": "ошибка"})
    assert gone.status_code == 302
    text = client.get(page).content.decode()
    assert "Прежние записи (1)" in text
    graduation = client.get(f"/groups/{town.nine.id}/graduation/").content.decode()
    assert "вместо 2 из журнала: долг ликвидирован" in graduation


def test_a_clash_is_shown_with_both_marks_and_decided_on_the_page(town: t.Town) -> None:
    client = browser(town, "operator")
    client.post(address(town), told(cell(town.oleg), "", "4"))
    records.closing(town.oleg, town.nine, t.DAY, "s21", "3", kind="year", period="20")
    assert "Журнал и документ не согласны" in client.get(address(town)).content.decode()
    text = client.get(address(town, town.oleg)).content.decode()
    assert "В журнале <strong>3</strong>, внесено <strong>4</strong>" in text
    one = BroughtMark.objects.get()
    decided = {
        "act": "overrule", "slot": cell(town.oleg), "value": "4", "source": "former", "document": one.document, "reason": "верна справка",
    }  # fmt: skip
    assert client.post(address(town, town.oleg), decided).status_code == 302
    assert "Решите:" not in client.get(address(town, town.oleg)).content.decode()


@pytest.mark.parametrize(("role", "status"), [("operator", 200), ("head", 200), ("teacher", 403), ("health", 403), ("security", 403)])  # fmt: skip
def test_who_sees_the_marks(town: t.Town, role: str, status: int) -> None:
    answer = browser(town, role).get(address(town, town.anna))
    assert answer.status_code == status
    assert ("Мальцева" in answer.content.decode()) is (status == 200)


def test_whoever_may_look_alone_is_offered_nothing_to_type(town: t.Town) -> None:
    text = browser(town, "municipal").get(address(town)).content.decode()
    assert "readonly" in text
    assert "Записать" not in text


def test_a_stranger_s_class_and_a_stranger_in_the_class_are_not_shown(town: t.Town) -> None:
    t.opened()
    other = browser(town, "head", town.seven)
    assert other.get(address(town)).status_code in {403, 404}
    assert other.post(address(town), told(cell(town.anna), "", "4")).status_code in {403, 404, 422}
    assert browser(town, "head").get(address(town, town.stranger)).status_code == 404
    assert not BroughtMark.objects.exists()


def test_without_a_token_of_the_form_nothing_is_kept(town: t.Town) -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies = browser(town, "operator").cookies
    assert client.post(address(town), told(cell(town.oleg), "", "4")).status_code == 403
    assert not BroughtMark.objects.exists()


def test_the_page_costs_the_same_for_one_and_for_many(
    town: t.Town, django_assert_max_num_queries: Any
) -> None:
    client = browser(town, "operator")
    for number in range(6):
        who = b.person(f"Ученик{'абвгде'[number]} Иван", born=date(2009, 5, 20), sex="1")
        b.admitted(who, town.nine, on=date(2024, 9, 1))
    with django_assert_max_num_queries(45):
        client.get(address(town))
