"""«Кто смотрел» against PostgreSQL: what a family sees, what stays hidden, and the life of a question."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from kontingent.audit import reads
from kontingent.audit.models import Entry
from kontingent.audit.reads import ReadKind
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue, NotAllowed, NotFound, RuleViolation
from kontingent.kernel.scope import Scope
from kontingent.persons.models import Representation
from kontingent.privacy import actions, queries
from kontingent.privacy.models import Question
from tests import builders as b

pytestmark = pytest.mark.django_db


@pytest.fixture
def family() -> dict[str, Any]:
    five, nine = b.school("Школа № 5"), b.school("Школа № 9")
    anna = b.person("Мальцева Анна Павловна", snils=b.snils_of(7001), born=date(2010, 1, 1))
    other = b.person("Тиунов Олег Игоревич", born=date(2012, 1, 1))
    mother = b.person("Мальцева Ольга Андреевна", snils=b.snils_of(7002), born=date(1985, 1, 1))
    Representation.objects.create(child_id=anna, adult_id=mother)
    b.admitted(anna, b.group(five, "5А", year=2026), on=date(2026, 9, 1))
    return {
        "five": five, "nine": nine, "anna": anna, "other": other,
        "secretary": Actor("account:s", "Тиунова Вера Павловна", "Оператор", frozenset(), organisation_id=five.id,
                           post="секретарь", purpose="contingent"),
        "mother": Actor("account:m", "Мальцева Ольга Андреевна", "Законный представитель", frozenset({"privacy.ask"}),
                        Scope(persons=frozenset({anna})), post="Законный представитель", purpose="family"),
        "head": Actor("account:h", "Радостева Нина", "Руководитель", frozenset({"privacy.answer"}),
                      Scope.of_organisation(five.id), organisation_id=five.id, post="директор", purpose="contingent"),
    }  # fmt: skip


def entry_about(person_id: UUID) -> Entry:
    return (
        Entry.objects.filter(subjects__contains=[person_id], kind__startswith="read.")
        .exclude(purpose="family")
        .latest("id")
    )


def test_a_family_sees_post_and_place_never_the_name(family: dict[str, Any]) -> None:
    reads.note(family["secretary"], ReadKind.LIST, [family["anna"], family["other"]])
    (view,) = queries.views(family["mother"], family["anna"])
    assert (view.post, view.place, view.action) == ("секретарь", "Школа № 5", "Показан список")
    assert "273-ФЗ" in view.basis
    assert "Тиунова" not in repr(view)


def test_own_looks_and_what_the_law_hides_are_left_out(family: dict[str, Any]) -> None:
    from dataclasses import replace

    reads.note(family["mother"], ReadKind.FAMILY, [family["anna"]])
    reads.note(replace(family["secretary"], purpose="investigation"), ReadKind.CARD, [family["anna"]])
    reads.note(family["secretary"], ReadKind.CARD, [family["other"]])
    assert queries.views(family["mother"], family["anna"]) == []


def test_what_went_to_an_outside_system_is_told_with_its_name(family: dict[str, Any]) -> None:
    client = Actor("client:1", "Электронный журнал", "Внешняя система", frozenset(), post="Электронный журнал",
                   purpose="обмен сведениями с информационной системой")  # fmt: skip
    reads.note(client, ReadKind.API, [family["anna"]])
    (view,) = queries.views(family["mother"], family["anna"])
    assert view.post == "Электронный журнал"
    assert view.basis == "соглашение об информационном обмене"


def test_somebody_else_s_child_is_not_told_of(family: dict[str, Any]) -> None:
    reads.note(family["secretary"], ReadKind.CARD, [family["other"]])
    entry = entry_about(family["other"])
    with pytest.raises(NotAllowed):
        queries.views(family["mother"], family["other"])
    with pytest.raises(NotAllowed):
        actions.ask(
            actor=family["mother"], person_id=family["other"], entry_id=entry.id, text="Зачем смотрели?"
        )
    with pytest.raises(NotFound):
        actions.ask(
            actor=family["mother"], person_id=family["anna"], entry_id=entry.id, text="Зачем смотрели?"
        )
    assert not Question.objects.exists()


def test_a_question_lives_from_asking_to_the_answer(family: dict[str, Any]) -> None:
    reads.note(family["secretary"], ReadKind.CARD, [family["anna"]])
    entry = entry_about(family["anna"])
    asked = actions.ask(
        actor=family["mother"], person_id=family["anna"], entry_id=entry.id, text="Зачем смотрели вечером?"
    )
    assert "секретарь" in asked.about
    assert list(queries.to_answer(family["head"])) == [asked]
    with pytest.raises(RuleViolation, match="уже спросили"):
        actions.ask(
            actor=family["mother"],
            person_id=family["anna"],
            entry_id=entry.id,
            text="Зачем смотрели ещё раз?",
        )
    with pytest.raises(InvalidValue):
        actions.answer(actor=family["head"], question_id=asked.id, text="да")
    actions.answer(actor=family["head"], question_id=asked.id, text="Сверяли личные дела по приказу № 7.")
    with pytest.raises(RuleViolation, match="директор"):
        actions.answer(actor=family["head"], question_id=asked.id, text="Сверяли личные дела.")
    (told,) = queries.asked(family["mother"], family["anna"])
    assert told.answer == "Сверяли личные дела по приказу № 7."
    kinds = list(
        Entry.objects.filter(kind__startswith="privacy.").order_by("id").values_list("kind", flat=True)
    )
    assert kinds == ["privacy.question_asked", "privacy.question_answered"]


def test_another_organisation_neither_sees_nor_answers(family: dict[str, Any]) -> None:
    from dataclasses import replace

    reads.note(family["secretary"], ReadKind.CARD, [family["anna"]])
    asked = actions.ask(
        actor=family["mother"],
        person_id=family["anna"],
        entry_id=entry_about(family["anna"]).id,
        text="Зачем смотрели?",
    )
    stranger = replace(family["head"], organisation_id=family["nine"].id)
    assert list(queries.to_answer(stranger)) == []
    with pytest.raises(NotFound):
        actions.answer(actor=stranger, question_id=asked.id, text="Не ваше дело, простите.")
    asked.refresh_from_db()
    assert asked.answered_at is None


def test_the_pages_of_both_sides(family: dict[str, Any]) -> None:
    reads.note(family["secretary"], ReadKind.CARD, [family["anna"]])
    parent = b.client_of(b.snils_of(7002))
    address = f"/family/{family['anna']}/views/"
    page = parent.get(address).content.decode()
    assert "секретарь" in page
    assert "Тиунова" not in page
    entry = entry_about(family["anna"])
    assert parent.post(address, {"view": entry.id, "text": "мало"}).status_code == 422
    assert parent.post(address, {"view": entry.id, "text": "Зачем открывали карточку?"}).status_code == 302
    head = b.browser(
        b.appointed("head", at=family["five"], full_name="Радостева Нина Петровна", post="директор")
    )
    assert "Зачем открывали карточку?" in head.get("/questions/").content.decode()
    question = Question.objects.get()
    assert (
        head.post("/questions/", {"question": question.id, "text": "Готовили приказ о переводе."}).status_code
        == 302
    )
    assert "Готовили приказ о переводе." in parent.get(address).content.decode()
