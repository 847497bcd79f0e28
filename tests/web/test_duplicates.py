"""The pages of duplicates: the queue, the comparison, the redirect of a merged record, a wrong merge taken back."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kontingent.audit.models import Entry
from kontingent.codelists import actions as codelists
from kontingent.persons import actions, duplicates
from kontingent.persons.models import Contact, DuplicatePair, DuplicateSearch, Merge, Person
from tests import builders as b

pytestmark = pytest.mark.django_db


@pytest.fixture
def town() -> dict[str, Any]:
    """A girl twice: in two schools of one municipality, first here, then there."""
    codelists.load_all()
    five, seven = b.school("Школа № 5"), b.school("Школа № 7")
    anna = b.person("Мальцева Анна Павловна", born=date(2014, 5, 20), birth_place="г. Пермь")
    again = b.person("Мальцова Анна Павловна", born=date(2014, 5, 20), snils=b.snils_of(7))
    stream = b.admitted(anna, b.group(five, "5А"))
    b.left(anna, stream, five, on=date(2025, 12, 1))
    b.admitted(again, b.group(seven, "5Б"), on=date(2026, 1, 10))
    return {
        "anna": anna, "again": again, "pair": DuplicatePair.objects.get().id, "officer": b.browser(b.appointed("municipal", where=five.municipality)),
        "secretary": b.browser(b.appointed("operator", at=five)), "ministry": b.browser(b.appointed("ministry")), "five": five,
    }  # fmt: skip


def merge(town: dict[str, Any], **data: str) -> Any:
    form = {"act": "merge", "stays": str(town["anna"]), "basis": "Одно свидетельство"} | data
    return town["officer"].post(f"/duplicates/{town['pair']}/", form)


def test_a_school_says_what_it_thinks_and_sees_of_a_stranger_only_what_was_compared(
    town: dict[str, Any],
) -> None:
    page = town["secretary"].get("/duplicates/").content.decode()
    assert "Мальцова Анна Павловна" in page
    assert "фамилия отличается опечаткой" in page
    page = town["secretary"].get(f"/duplicates/{town['pair']}/").content.decode()
    assert "Остальное скрыто" in page
    assert "100-000-007" not in page
    assert "Школа № 7" not in page
    refused = town["secretary"].post(
        f"/duplicates/{town['pair']}/", {"act": "merge", "stays": str(town["anna"]), "basis": "Да"}
    )
    assert refused.status_code == 422
    assert not Merge.objects.exists()
    sent = town["secretary"].post(
        f"/duplicates/{town['pair']}/", {"act": "propose", "proposal": "same", "basis": "Та же мама"}
    )
    assert sent.status_code == 302
    assert (
        "это один человек: Та же мама" in town["officer"].get(f"/duplicates/{town['pair']}/").content.decode()
    )


def test_fields_are_chosen_one_by_one_and_the_old_address_leads_on(town: dict[str, Any]) -> None:
    page = town["officer"].get(f"/duplicates/{town['pair']}/").content.decode()
    assert page.count("различается") == 3, "family name, birth place, СНИЛС"
    answer = merge(town, **{"field-snils": str(town["again"]), "field-family_name": str(town["anna"])})
    assert answer.headers["Location"] == f"/learners/{town['anna']}/"
    kept = Person.objects.get(pk=town["anna"])
    assert (kept.family_name, kept.snils, kept.birth_place) == ("Мальцева", b.snils_of(7), "г. Пермь")
    moved = town["officer"].get(f"/learners/{town['again']}/", follow=True)
    assert moved.redirect_chain == [(f"/learners/{town['anna']}/", 302)]
    shown = moved.content.decode()
    assert "объединена с этой" in shown
    assert "Это ошибка: отменить объединение" in shown
    assert "Школа № 7" in shown
    assert town["officer"].get(f"/learners/{town['again']}/edit/").status_code in {302, 403}
    assert (
        town["secretary"].get("/learners/?q=мальцова").content.decode().count("Мальцева Анна Павловна") == 1
    )


def test_a_wrong_merge_is_taken_back_with_what_came_since(town: dict[str, Any]) -> None:
    merge(town)
    actions.add_contact(actor=b.ROOT, person_id=town["anna"], kind_code="1", value="89120000009")
    actions.correct_person(
        actor=b.ROOT, person_id=town["anna"], changes={"birth_place": "г. Лысьва"}, basis="Свидетельство"
    )
    made = Merge.objects.get()
    page = town["officer"].get(f"/merges/{made.id}/undo/").content.decode()
    assert "Контакты: +79120000009" in page
    assert "г. Пермь → г. Лысьва" in page
    contact = f"to-persons_contact.person_id|{Contact.objects.get().pk}"
    form = {"basis": "Двоюродные сёстры", contact: "merged", "to-birth_place": "merged"}
    answer = town["officer"].post(f"/merges/{made.id}/undo/", form)
    assert answer.headers["Location"] == f"/learners/{town['again']}/"
    assert Contact.objects.get().person_id == town["again"]
    places = dict(
        Person.objects.filter(pk__in=[town["anna"], town["again"]]).values_list("id", "birth_place")
    )
    assert places == {town["anna"]: "г. Пермь", town["again"]: "г. Лысьва"}
    assert town["officer"].get(f"/learners/{town['again']}/").status_code == 200
    assert town["officer"].get("/duplicates/").content.decode().count("Сравнить:") == 0
    assert "разные люди" in town["officer"].get(f"/duplicates/{town['pair']}/").content.decode()


def test_refusals_keep_what_was_chosen(town: dict[str, Any]) -> None:
    answer = merge(town, basis=" ", stays=str(town["again"]))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Укажите основание" in page
    assert f'value="{town["again"]}" checked' in page
    assert not Merge.objects.exists()
    merge(town)
    answer = town["officer"].post(f"/merges/{Merge.objects.get().id}/undo/", {"basis": ""})
    assert answer.status_code == 422
    assert Merge.objects.get().undone_at is None


def test_a_municipality_decides_only_about_its_own(town: dict[str, Any]) -> None:
    other = b.browser(b.appointed("municipal", where=b.municipality("lysva", "Лысьвенский округ")))
    assert "Мальцева" not in other.get("/duplicates/").content.decode()
    assert other.get(f"/duplicates/{town['pair']}/").status_code == 404
    made = merge(town) and Merge.objects.get()
    assert other.get(f"/merges/{made.id}/undo/").status_code == 404
    assert other.post(f"/merges/{made.id}/undo/", {"basis": "Хочу"}).status_code == 404
    assert Merge.objects.get().undone_at is None


def test_a_number_of_two_is_said_on_the_page_and_settled(town: dict[str, Any]) -> None:
    answer = town["secretary"].post(
        f"/learners/{town['anna']}/edit/",
        {"family_name": "Мальцева", "given_name": "Анна", "patronymic": "Павловна", "sex": "2", "birth_date": "2014-05-20",
         "snils": b.snils_of(7), "citizenship_code": "0", "country_code": "643", "birth_place": "г. Пермь", "basis": "Карточка"},
        follow=True,
    )  # fmt: skip
    assert "записан за другим человеком, поэтому здесь не сохранён" in answer.content.decode()
    page = town["officer"].get(f"/duplicates/{town['pair']}/").content.decode()
    assert "указан для обоих" in page
    decided = town["officer"].post(
        f"/duplicates/{town['pair']}/",
        {"act": "distinct", "basis": "Карточки СНИЛС", "number": str(town["anna"])},
    )
    assert decided.status_code == 302
    assert dict(Person.objects.values_list("id", "snils")) == {
        town["anna"]: b.snils_of(7),
        town["again"]: None,
    }


def test_whoever_is_entered_although_alike_is_looked_at_once_more(town: dict[str, Any]) -> None:
    form = {
        "family_name": "Мальцева",
        "given_name": "Анна",
        "patronymic": "Павловна",
        "birth_date": "2014-05-21",
        "sex": "2",
    }
    asked = town["secretary"].post("/learners/add/", form).content.decode()
    assert "дата рождения отличается одной цифрой" in asked
    assert town["secretary"].post("/learners/add/", form | {"sure": "yes"}).status_code == 302
    assert duplicates.waiting(b.ROOT) >= 2


def test_the_pages_cost_as_much_whatever_the_length(town: dict[str, Any]) -> None:
    def cost(address: str) -> int:
        with CaptureQueriesContext(connection) as statements:
            assert town["ministry"].get(address).status_code == 200
        return len([q for q in statements.captured_queries if not b.is_bookkeeping(q["sql"])])

    before = cost("/duplicates/")
    for day in range(1, 8):
        b.person("Попова Вера Ильинична", born=date(2013, 1, day))
    assert duplicates.waiting(b.ROOT) > 10
    assert cost("/duplicates/") == before <= 8
    assert cost(f"/duplicates/{town['pair']}/") <= 32, "two cards"


def test_two_records_are_put_side_by_side_by_hand(town: dict[str, Any]) -> None:
    vera = b.person("Попова Вера Ильинична", born=date(2014, 1, 1))
    b.admitted(vera, b.group(town["five"], "6А"))
    address = f"/learners/{town['anna']}/duplicate/"
    page = town["secretary"].get(f"{address}?name=попова").content.decode()
    assert "Попова Вера Ильинична" in page
    answer = town["secretary"].post(address, {"other": str(vera)})
    pair = DuplicatePair.objects.get(found_by="person")
    assert answer.headers["Location"] == f"/duplicates/{pair.id}/"
    assert {pair.one_id, pair.other_id} == {town["anna"], vera}
    for other, status in ((str(town["again"]), 403), ("", 422), (str(town["anna"]), 422)):
        assert town["secretary"].post(address, {"other": other}).status_code == status
    assert DuplicatePair.objects.count() == 2


def test_looking_at_two_records_is_in_the_journal(town: dict[str, Any]) -> None:
    town["officer"].get(f"/duplicates/{town['pair']}/")
    compared = Entry.objects.filter(kind="read.compare", object_id=town["pair"]).get()
    assert set(compared.subjects) == {town["anna"], town["again"]}


def test_only_the_ministry_searches_the_region(town: dict[str, Any]) -> None:
    assert town["officer"].post("/duplicates/search/").status_code == 403
    assert town["officer"].get("/duplicates/progress/").status_code == 403
    assert not DuplicateSearch.objects.exists()
    assert town["ministry"].post("/duplicates/search/").status_code == 302
    page = town["ministry"].get("/duplicates/").content.decode()
    assert "В очереди: 0 %" in page
    assert town["ministry"].post("/duplicates/search/").status_code == 409
    DuplicateSearch.objects.update(state="done")
    assert town["ministry"].get("/duplicates/progress/").headers["HX-Refresh"] == "true"


def test_a_merge_that_is_not_there_is_not_found(town: dict[str, Any]) -> None:
    nobody = UUID("018f0000-0000-7000-8000-000000000000")
    assert town["ministry"].get(f"/merges/{nobody}/undo/").status_code == 404
    assert town["ministry"].get(f"/duplicates/{nobody}/").status_code == 404
