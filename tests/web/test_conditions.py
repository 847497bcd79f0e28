"""The pages of what no order says: the grid of a class, the form of a learner, classes, programmes, citizenship, categories."""

from __future__ import annotations

import json
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from kontingent.enrolment.models import Enrolment, Group, GroupVersion, StudyCondition
from kontingent.persons.models import CitizenshipPeriod, PersonCategory
from kontingent.programmes.models import Programme
from tests import builders as b

pytestmark = pytest.mark.django_db


@pytest.fixture
def school() -> dict[str, Any]:
    at = b.school("Школа № 5")
    mine, other = b.group(at, "5А", year=2026), b.group(at, "5Б", year=2026)
    anna, oleg = b.person("Мальцева Анна Павловна"), b.person("Тиунов Олег Игоревич")
    return {
        "at": at, "mine": mine, "other": other, "anna": anna,
        "a": b.admitted(anna, mine, on=date(2026, 9, 1)), "o": b.admitted(oleg, mine, on=date(2026, 9, 1)),
        "operator": b.browser(b.appointed("operator", at=at)),
        "teacher": b.browser(b.appointed("teacher", at=at, groups=(mine.id,))),
        "ministry": b.browser(b.appointed("ministry")),
    }  # fmt: skip


def sent(values: dict[tuple[UUID, str], str], *, seen: int = 0, **more: str) -> dict[str, str]:
    data = {f"v-{who}-{name}": text for (who, name), text in values.items()}
    data |= {f"seen-{who}": str(seen) for who, _ in values}
    return {**data, "since": "2026-09-01", **more}


def grid(
    client: Client, group: Group, values: dict[tuple[UUID, str], str], section: str = "day", **more: Any
) -> Any:
    return client.post(f"/groups/{group.id}/conditions/?section={section}", sent(values, **more))


def test_a_class_is_entered_in_the_grid(school: dict[str, Any]) -> None:
    page = (
        school["teacher"].get(f"/groups/{school['mine'].id}/conditions/?section=languages").content.decode()
    )
    assert "Мальцева Анна Павловна" in page
    assert f'id="v-{school["a"]}-foreign_languages"' in page
    answer = grid(
        school["teacher"], school["mine"], {(school["a"], "foreign_languages"): "англ, немецкий"}, "languages"
    )
    assert answer.status_code == 302
    again = school["teacher"].get(answer.headers["Location"]).content.decode()
    assert "Английский, Немецкий" in again
    assert StudyCondition.objects.get().starts_on == date(2026, 9, 1)


def test_wrong_cells_are_marked_and_what_was_typed_stays(school: dict[str, Any]) -> None:
    answer = grid(
        school["operator"],
        school["mine"],
        {
            (school["a"], "meals_code"): "ужин",
            (school["o"], "meals_code"): "Только обеды",
            (school["o"], "distance_km"): "1",
        },
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "«ужин» нет в списке" in page
    assert (
        'value="ужин" autocomplete="off" aria-label="Горячее питание: Мальцева Анна Павловна"'
        in page.replace("\n", " ")
    )
    assert page.count('aria-invalid="true"') == 1
    assert 'value="Только обеды"' in page
    assert not StudyCondition.objects.exists()


def test_an_untouched_row_does_not_quarrel_with_who_was_first(school: dict[str, Any]) -> None:
    assert (
        grid(school["operator"], school["mine"], {(school["a"], "meals_code"): "Только обеды"}).status_code
        == 302
    )
    shown = json.dumps({"meals_code": ""})
    late = {(school["a"], "meals_code"): "", (school["o"], "meals_code"): "Только завтраки"}
    extra = {f"shown-{school['a']}": shown}
    assert grid(school["teacher"], school["mine"], late, **extra).status_code == 302
    answer = grid(
        school["teacher"], school["mine"], {(school["a"], "meals_code"): "Только завтраки"}, **extra
    )
    assert answer.status_code == 422
    assert "изменил кто-то другой" in answer.content.decode()
    facts = {
        row.enrolment_id: row.meals_code for row in StudyCondition.objects.filter(superseded_at__isnull=True)
    }
    assert facts == {school["a"]: "lunch", school["o"]: "breakfast"}


def test_who_may_not_enter_may_look_or_not(school: dict[str, Any]) -> None:
    address = f"/groups/{school['mine'].id}/conditions/"
    page = school["ministry"].get(address)
    assert page.status_code == 200
    assert "Записать" not in page.content.decode()
    assert (
        grid(school["ministry"], school["mine"], {(school["a"], "meals_code"): "Только обеды"}).status_code
        == 422
    )
    assert school["teacher"].get(f"/groups/{school['other'].id}/conditions/").status_code == 403
    assert not StudyCondition.objects.exists()


def test_the_day_is_september_first_and_today_later(school: dict[str, Any]) -> None:
    address = f"/groups/{school['mine'].id}/conditions/"
    assert 'value="2026-09-01"' in school["operator"].get(address).content.decode()
    grid(school["operator"], school["mine"], {(school["a"], "meals_code"): "Только обеды"})
    assert (
        'id="since" name="since" value="2026-09-01"' not in school["operator"].get(address).content.decode()
    )


def test_one_learner_is_entered_in_a_form(school: dict[str, Any]) -> None:
    address = f"/learners/{school['anna']}/conditions/{school['a']}/"
    assert school["operator"].get(address).status_code == 200
    wrong = school["operator"].post(address, sent({(school["a"], "meals_benefit"): "да"}))
    assert (wrong.status_code, StudyCondition.objects.count()) == (422, 0)
    good = {(school["a"], "meals_benefit"): "да", (school["a"], "meals_code"): "Только обеды"}
    assert school["teacher"].post(address, sent(good)).status_code == 302
    page = school["operator"].get(address).content.decode()
    assert "01.09.2026 – сейчас" in page
    stranger = f"/learners/{school['anna']}/conditions/{UUID(int=7)}/"
    assert school["operator"].get(stranger).status_code == 404


def test_a_class_changes_in_the_middle_of_the_year(school: dict[str, Any]) -> None:
    group = school["mine"]
    values = {
        "since": "2027-01-11", "version": "1", "kind_code": "advanced", "advanced_profile_code": "science", "shift_code": "2",
        "language_code": "rus", "funding_code": "13", "title": "5А", "letter": "А", "teacher_name": "Учитель", "capacity": "25",
        "combined_key": "", "year_of_grade_code": "", "profile_code": "",
    }  # fmt: skip
    assert school["operator"].get(f"/groups/{group.id}/edit/").status_code == 200
    assert school["teacher"].get(f"/groups/{group.id}/edit/").status_code == 403
    refused = school["operator"].post(f"/groups/{group.id}/edit/", {**values, "profile_code": "other"})
    assert (refused.status_code, GroupVersion.objects.filter(group=group).count()) == (422, 1)
    assert school["operator"].post(f"/groups/{group.id}/edit/", values).status_code == 302
    assert (
        school["operator"].post(f"/groups/{group.id}/edit/", {**values, "capacity": "30"}).status_code == 422
    )
    now = GroupVersion.objects.filter(group=group, superseded_at__isnull=True).order_by("starts_on")
    assert list(now.values_list("starts_on", "kind_code", "capacity")) == [
        (date(2026, 9, 1), "ordinary", None),
        (date(2027, 1, 11), "advanced", 25),
    ]
    assert "11.01.2027" in school["operator"].get(f"/groups/{group.id}/edit/").content.decode()


def test_a_programme_is_registered(school: dict[str, Any]) -> None:
    values = {
        "kind": "13",
        "title": "ООО для детей с ЗПР",
        "adaptation": "208",
        "variant": "7.1",
        "years": "6",
    }
    assert school["operator"].get("/programmes/").status_code == 200
    before = Programme.objects.count()
    assert school["operator"].post("/programmes/", {**values, "years": "2"}).status_code == 422
    assert school["teacher"].post("/programmes/", values).status_code == 422
    assert Programme.objects.count() == before
    assert school["operator"].post("/programmes/", values).status_code == 302
    assert Programme.objects.get(title="ООО для детей с ЗПР").duration_months == 72
    assert "вариант 7.1" in school["operator"].get("/programmes/").content.decode()


def test_citizenship_changes_on_a_day(school: dict[str, Any]) -> None:
    address = f"/learners/{school['anna']}/citizenship/"
    values = {"citizenship_code": "3", "country_code": "860", "since": "2026-02-03"}
    assert school["operator"].get(address).status_code == 200
    assert school["teacher"].get(address).status_code == 403
    assert school["operator"].post(address, {**values, "since": ""}).status_code == 422
    assert not CitizenshipPeriod.objects.exists()
    assert school["operator"].post(address, values).status_code == 302
    assert CitizenshipPeriod.objects.get().starts_on == date(2026, 2, 3)


def test_categories_are_seen_by_few(school: dict[str, Any]) -> None:
    address = f"/learners/{school['anna']}/categories/"
    values = {"category": "orphan", "basis": "постановление № 5", "starts_on": "2026-02-03"}
    assert school["operator"].post(address, {**values, "basis": ""}).status_code == 422
    assert school["operator"].post(address, values).status_code == 302
    assert "постановление № 5" in school["operator"].get(address).content.decode()
    for client in (school["teacher"], school["ministry"]):
        assert client.get(address).status_code == 403
        assert "categories/" not in client.get(f"/learners/{school['anna']}/").content.decode()
    made = PersonCategory.objects.get()
    elsewhere = b.person("Носков Пётр Ильич")
    b.admitted(elsewhere, school["mine"], on=date(2026, 9, 1))
    wrong = school["operator"].post(f"/learners/{elsewhere}/categories/{made.id}/end/", {"act": "withdraw"})
    assert wrong.status_code == 404
    assert school["teacher"].post(f"{address}{made.id}/end/", {"act": "withdraw"}).status_code == 403
    assert PersonCategory.objects.filter(superseded_at__isnull=True).count() == 1
    ended = school["operator"].post(f"{address}{made.id}/end/", {"act": "end", "ends_on": "2026-10-01"})
    assert ended.status_code == 302
    assert PersonCategory.objects.get(superseded_at__isnull=True).ends_on == date(2026, 10, 1)


def test_strangers_do_not_show(school: dict[str, Any]) -> None:
    there = b.group(b.school("Чужая", where=b.municipality("lysva", "Лысьва")), "5А", year=2026)
    who = b.person("Чужая Ольга Петровна")
    enrolment_id = b.admitted(who, there, on=date(2026, 9, 1))
    for address in (
        f"/groups/{there.id}/conditions/", f"/groups/{there.id}/edit/", f"/learners/{who}/conditions/{enrolment_id}/",
        f"/learners/{who}/citizenship/", f"/learners/{who}/categories/",
    ):  # fmt: skip
        assert school["operator"].get(address).status_code == 403, address
    assert Enrolment.objects.filter(person_id=who).exists()
