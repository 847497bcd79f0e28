"""The grid of a class's cards: good cells are kept, wrong ones say why, two who edit do not overwrite, a change is taken back."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from kontingent.audit.models import Entry
from kontingent.enrolment.actions import CardCell, fill_cards
from kontingent.enrolment.rules import cards
from kontingent.kernel import clock
from kontingent.kernel.errors import NotAllowed, NotFound
from kontingent.kernel.snils import format_snils
from kontingent.persons.models import (
    Address,
    Contact,
    DuplicatePair,
    IdentityDocument,
    Person,
    Representation,
)
from kontingent.storage.scope import scoped
from tests import builders as b

pytestmark = pytest.mark.django_db


@pytest.fixture
def school() -> dict[str, Any]:
    at = b.school("Школа № 5")
    group = b.group(at, "5А", year=2026)
    people = [b.person(f"Ученик{letter} Иван") for letter in "абвг"]
    for one in people:
        b.admitted(one, group, on=date(2026, 9, 1))
    return {"at": at, "group": group, "people": people, "operator": b.browser(b.appointed("operator", at=at))}


def sent(
    values: dict[tuple[UUID, str], str], shown: dict[tuple[UUID, str], str] | None = None
) -> dict[str, str]:
    told = {f"v-{who}-{code}": text for (who, code), text in values.items()}
    told |= {f"s-{who}-{code}": (shown or {}).get((who, code), "") for who, code in values}
    return told | {"basis": "Документы"}


def numbers(school: dict[str, Any]) -> list[str | None]:
    return [Person.objects.get(pk=one).snils for one in school["people"]]


def test_a_column_is_pasted_and_only_slips_are_refused(school: dict[str, Any]) -> None:
    people, address = school["people"], f"/groups/{school['group'].id}/entry/"
    taken = b.snils_of(77)
    b.person("Чужая Вера Ильинична", snils=taken)
    good = [b.snils_of(1), b.snils_of(2)]
    slip = good[0][:-1] + str((int(good[0][-1]) + 1) % 10)
    typed = [format_snils(good[0]), good[1], slip, taken]
    answer = school["operator"].post(
        address, sent({(who, "snils"): text for who, text in zip(people, typed, strict=True)})
    )
    text = answer.content.decode()
    assert answer.status_code == 422
    assert numbers(school) == [*good, None, None]
    assert "Записано ячеек: 2." in text
    assert "Не записано ячеек: 2." in text
    assert f"Ученикв Иван, СНИЛС</a>: Контрольное число СНИЛС «{slip}» не сходится" in text
    assert "уже записан за другим человеком" in text
    assert f'value="{slip}"' in text, "what was typed stays"
    assert text.count('aria-invalid="true"') == 2
    assert DuplicatePair.objects.get(claimed_snils=taken).claimant_id == people[3]
    told = Entry.objects.filter(kind="persons.corrected")
    assert {tuple(one.subjects) for one in told} == {(people[0],), (people[1],)}
    assert "Чужая" not in text


def test_every_column_goes_to_the_card(school: dict[str, Any]) -> None:
    who, address = school["people"][0], f"/groups/{school['group'].id}/entry/"
    cells = {
        (who, "birth_place"): "г. Лысьва", (who, "document"): "II-ИГ № 417199 от 12.03.2015", (who, "address"): "г. Пермь, ул. Ленина, 1",
    }  # fmt: skip
    answer = school["operator"].post(address, sent(cells))
    assert answer.status_code == 200, answer.content.decode()
    assert Person.objects.get(pk=who).birth_place == "г. Лысьва"
    document = IdentityDocument.objects.get(person_id=who)
    assert (document.kind_code, document.number, document.issued_on) == ("11", "417199", date(2015, 3, 12))
    assert Address.objects.get(person_id=who, ends_on=None).text == "г. Пермь, ул. Ленина, 1"
    page = school["operator"].get(address).content.decode()
    assert 'value="г. Пермь, ул. Ленина, 1"' in page


@pytest.mark.parametrize(
    ("code", "text", "told"),
    [
        ("document", "бумага", "Не удалось прочесть документ"),
        ("document", "II-ИГ № 417199 от 32.13.2015", "не дата"),
        ("birth_place", "а" * 301, "не длиннее 300"),
        ("snils", "12", "нужны 11 цифр"),
    ],
)
def test_a_refused_cell_changes_nothing(school: dict[str, Any], code: str, text: str, told: str) -> None:
    who, address = school["people"][0], f"/groups/{school['group'].id}/entry/"
    before = Person.objects.get(pk=who).version
    answer = school["operator"].post(address, sent({(who, code): text}))
    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert Person.objects.get(pk=who).version == before
    assert not IdentityDocument.objects.filter(person_id=who).exists()
    nothing = school["operator"].post(address, sent({(who, "birth_place"): "Пермь"}) | {"basis": " "})
    assert nothing.status_code == 422
    assert 'value="Пермь"' in nothing.content.decode()
    assert Person.objects.get(pk=who).birth_place == ""


def test_two_who_edit_one_cell_do_not_overwrite(school: dict[str, Any]) -> None:
    who, address = school["people"][0], f"/groups/{school['group'].id}/entry/"
    first = school["operator"].post(address, sent({(who, "birth_place"): "Пермь"}))
    assert first.status_code == 200
    late = school["operator"].post(address, sent({(who, "birth_place"): "Лысьва"}))
    text = late.content.decode()
    assert late.status_code == 422
    assert "уже записали другое: «Пермь»" in text
    assert 'value="Лысьва"' in text
    assert Person.objects.get(pk=who).birth_place == "Пермь"
    again = school["operator"].post(
        address, sent({(who, "birth_place"): "Лысьва"}, {(who, "birth_place"): "Пермь"})
    )
    assert again.status_code == 200
    assert Person.objects.get(pk=who).birth_place == "Лысьва"


def test_the_last_change_is_taken_back_with_a_trace(school: dict[str, Any]) -> None:
    who, address = school["people"][0], f"/groups/{school['group'].id}/entry/"
    text = school["operator"].post(address, sent({(who, "snils"): b.snils_of(1)})).content.decode()
    now = format_snils(b.snils_of(1))
    assert f'name="s-{who}-snils" value="{now}"><input type="hidden" name="v-{who}-snils" value=""' in text
    undone = school["operator"].post(
        address, sent({(who, "snils"): ""}, {(who, "snils"): now}) | {"act": "undo"}
    )
    assert undone.status_code == 200
    assert "Возвращено ячеек: 1." in undone.content.decode()
    assert Person.objects.get(pk=who).snils is None
    assert Entry.objects.filter(kind="persons.corrected", basis__startswith="Отмена").count() == 1


def test_a_script_is_told_cell_by_cell(school: dict[str, Any]) -> None:
    one, two = school["people"][:2]
    answer = school["operator"].post(
        f"/groups/{school['group'].id}/entry/", sent({(one, "snils"): b.snils_of(1), (two, "snils"): "1"}),
        headers={"Accept": "application/json"},
    )  # fmt: skip
    told = answer.json()
    assert answer.status_code == 422
    assert told["saved"] == {f"{one}-snils": {"before": "", "now": format_snils(b.snils_of(1)), "back": True}}
    assert list(told["refused"]) == [f"{two}-snils"]


def test_only_who_fills_cards_here_may(school: dict[str, Any]) -> None:
    address, who = f"/groups/{school['group'].id}/entry/", school["people"][0]
    other = b.school("Школа № 7")
    stranger = b.person("Чужой Олег Олегович")
    b.admitted(stranger, b.group(other, year=2026), on=date(2026, 9, 1))
    for client in (
        b.browser(b.appointed("teacher", at=school["at"], groups=(school["group"].id,))),
        b.browser(b.appointed("operator", at=other)),
        b.browser(b.appointed("ministry")),
    ):
        assert client.get(address).status_code in {403, 404}
        assert client.post(address, sent({(who, "birth_place"): "Пермь"})).status_code in {403, 404}
    actor = b.actor_of(school["at"])
    cell = CardCell(stranger, cards.BIRTH_PLACE, "", "Пермь")
    with scoped(actor), pytest.raises(NotFound):
        fill_cards(
            actor=actor, group_id=school["group"].id, cells=[cell], basis="Документы", on=clock.today()
        )
    reader = b.actor_of(school["at"], "enrolment.view", "person.view", "person.documents", "person.addresses")
    with scoped(reader), pytest.raises(NotAllowed):
        fill_cards(
            actor=reader, group_id=school["group"].id, basis="Документы",
            cells=[CardCell(who, cards.BIRTH_PLACE, "", "Пермь")],
        )  # fmt: skip
    assert set(Person.objects.values_list("birth_place", flat=True)) == {""}


def test_contacts_go_to_the_representative(school: dict[str, Any]) -> None:
    child, alone = school["people"][:2]
    limited, mother = (
        b.person("Лишённый Пётр", born=date(1980, 1, 1)),
        b.person("Мама Вера", born=date(1981, 1, 1)),
    )
    for adult, is_limited in ((limited, True), (mother, False)):
        Representation.objects.create(child_id=child, adult_id=adult, rights_limited=is_limited)
    address = f"/groups/{school['group'].id}/entry/"
    cells = {(child, "phone"): "8 912 345 67 89", (child, "email"): "мама", (alone, "phone"): "89123456789"}
    answer = school["operator"].post(address, sent(cells))
    text = answer.content.decode()
    assert answer.status_code == 422
    assert [(one.person_id, one.value) for one in Contact.objects.all()] == [(mother, "+79123456789")]
    assert "Почта «мама» не похожа на адрес" in text
    assert "Представитель не указан" in text
    assert Entry.objects.filter(kind="persons.contact_added", subjects=[mother]).count() == 1
    shown = {(child, "phone"): "+79123456789"}
    ok = school["operator"].post(address, sent({(child, "phone"): "+7 342 200-00-00"}, shown))
    assert ok.status_code == 200
    assert list(Contact.objects.values_list("value", flat=True)) == ["+73422000000"]
    late = school["operator"].post(address, sent({(child, "phone"): "+7 342 200-00-01"}, shown))
    assert "уже записали другое: «+73422000000»" in late.content.decode()
    assert list(Contact.objects.values_list("value", flat=True)) == ["+73422000000"]
    gone = school["operator"].post(address, sent({(child, "phone"): ""}, {(child, "phone"): "+73422000000"}))
    assert gone.status_code == 200
    assert not Contact.objects.exists()
    assert Entry.objects.filter(kind="persons.contact_removed", subjects=[mother]).count() == 2
