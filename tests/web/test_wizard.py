"""The wizard for one learner: each step says what is wrong, matching comes first, all is written or nothing."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest

from kontingent.audit.models import Entry
from kontingent.enrolment.models import Order, OrderLine
from kontingent.health.models import HealthRecord
from kontingent.kernel import clock
from kontingent.persons.models import Address, Contact, IdentityDocument, Person, Representation
from kontingent.stages import queries as stages
from tests import builders as b
from tests.health.test_health import opened

pytestmark = pytest.mark.django_db
ADDRESS = "/learners/wizard/"


@pytest.fixture
def school() -> dict[str, Any]:
    at = b.school("Школа № 5")
    group = b.group(at, "1А", year=clock.today().year if clock.today().month > 8 else clock.today().year - 1)
    return {"at": at, "group": group, "operator": b.browser(b.appointed("operator", at=at))}


def learner(school: dict[str, Any], **more: str) -> dict[str, str]:
    """A whole form, as the last step sends it."""
    return {
        "family_name": "тиунова", "given_name": "Вера", "patronymic": "Олеговна", "birth_date": "2019-03-01", "sex": "2",
        "snils": b.snils_of(501), "birth_place": "г. Лысьва", "r1_family_name": "Тиунова", "r1_given_name": "Анна", "r1_sex": "2",
        "r1_birth_date": "12.05.1990", "r1_kind": "1", "r1_phone": "8 912 345 67 89", "r1_paper": "II-ИГ 111111",
        "registration": "г. Лысьва, ул. Мира, 3", "paper_kind": "11", "paper_series": "II-ИГ", "paper_number": "417199",
        "paper_issued_on": "2019-03-12", "paper_issuer": "ЗАГС г. Лысьвы", "group": str(school["group"].id),
        "effective_on": f"{clock.today()}", "order_basis": "Заявление",
    } | more  # fmt: skip


def untouched() -> tuple[int, ...]:
    return tuple(
        model.objects.count()
        for model in (
            Person,
            Representation,
            Address,
            Contact,
            IdentityDocument,
            Order,
            OrderLine,
            HealthRecord,
        )
    )


def test_step_by_step_a_learner_is_entered_whole(school: dict[str, Any]) -> None:
    operator, whole = school["operator"], learner(school)
    assert 'data-fresh="yes"' in operator.get(ADDRESS).content.decode()
    before = untouched()
    sent: dict[str, str] = {}
    for step in ("person", "adults", "place", "paper", "order"):
        # what earlier steps have asked comes back from the page itself
        text = operator.post(ADDRESS, whole | sent | {"step": step, "act": "next"}).content.decode()
        sent = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', text))
        sent.pop("csrfmiddlewaretoken", None)
        assert not re.search(r'aria-invalid="true"', text), (step, text)
    assert untouched() == before, "nothing is written before the last step"
    assert "Проверьте" in text
    assert "ЗАГС г. Лысьвы" in text
    assert {name: sent[name] for name in whole} == whole, "the last step carries all of it"
    answer = operator.post(ADDRESS, sent | {"step": "check", "act": "finish"})
    order = Order.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/orders/{order.id}/?entered=wizard")
    child = Person.objects.get(snils=b.snils_of(501))
    link = Representation.objects.get(child=child)
    assert child.full_name == "Тиунова Вера Олеговна"
    assert (link.adult.given_name, link.document_requisites) == ("Анна", "II-ИГ 111111")
    assert Contact.objects.get(person=link.adult).value == "+79123456789"
    assert Address.objects.get(person=child).kind_code == "registration"
    assert IdentityDocument.objects.get(person=child).issuer == "ЗАГС г. Лысьвы"
    line = OrderLine.objects.get(order=order)
    assert (line.person_id, line.group_id, line.effective_on) == (child.id, school["group"].id, clock.today())
    assert order.status == "draft"
    page = operator.get(f"/orders/{order.id}/").content.decode()
    assert "Тиунова Вера Олеговна" in page
    kinds = set(Entry.objects.values_list("kind", flat=True))
    assert {"persons.registered", "persons.representation_changed", "persons.document_added"} <= kinds


@pytest.mark.parametrize(
    ("step", "more", "name", "told"),
    [
        ("person", {"family_name": " "}, "family_name", "Укажите фамилию."),
        ("person", {"birth_date": ""}, "birth_date", "Укажите дату рождения."),
        ("person", {"birth_date": "31.02.2019"}, "birth_date", "не дата"),
        ("person", {"birth_date": "2199-01-01"}, "birth_date", "ещё не наступила"),
        ("person", {"sex": "9"}, "sex", "Выберите пол"),
        ("person", {"snils": "123"}, "snils", "СНИЛС"),
        ("adults", {"r1_family_name": "", "r1_given_name": "", "r1_birth_date": "", "r1_phone": ""}, "r1_family_name", "нет 18 лет"),
        ("adults", {"r1_phone": "12"}, "r1_phone", "не похож на номер"),
        ("adults", {"r1_email": "мама"}, "r1_email", "не похожа на адрес"),
        ("adults", {"r1_birth_date": "2012-01-01"}, "r1_birth_date", "меньше чем на 14 лет"),
        ("adults", {"r2_family_name": "Тиунов"}, "r2_given_name", "Укажите имя."),
        ("adults", {"r1_kinship": "нет такого"}, "r1_kinship", "Выберите из списка"),
        ("place", {"registration": "1"}, "registration", "не похоже на адрес"),
        ("place", {"email": "a@b"}, "email", "не похожа на адрес"),
        ("paper", {"paper_number": "1"}, "paper_number", "нужны 6 цифр"),
        ("paper", {"paper_number": ""}, "paper_number", "уберите серию"),
        ("paper", {"paper_kind": "999"}, "paper_kind", "из списка"),
        ("paper", {"paper_issued_on": "2199-01-01"}, "paper_issued_on", "ещё не наступила"),
        ("order", {"group": ""}, "group", "Выберите класс."),
        ("order", {"group": "6d3f2c1e-0000-4000-8000-000000000000"}, "group", "вашей организации нет"),
        ("order", {"effective_on": ""}, "effective_on", "с какого дня"),
    ],
)  # fmt: skip
def test_a_step_says_what_is_wrong_and_finishing_leads_back_to_it(
    school: dict[str, Any], step: str, more: dict[str, str], name: str, told: str
) -> None:
    before = untouched()
    for act, at in (("next", step), ("finish", "check")):
        answer = school["operator"].post(ADDRESS, learner(school, **more) | {"step": at, "act": act})
        text = answer.content.decode()
        assert answer.status_code == 422
        assert f'name="step" value="{step}"' in text
        refused = re.search(rf'id="e-{name}">([^<]*)<', text)
        assert refused, (name, re.findall(r'id="e-\w+">[^<]*', text))
        assert told in refused.group(1)
        assert untouched() == before


def test_matching_comes_first_for_the_child_and_for_each_adult(school: dict[str, Any]) -> None:
    operator, before = school["operator"], None
    known = b.person("Тиунова Вера Олеговна", born=date(2019, 3, 1), sex="2", snils=b.snils_of(501))
    before = untouched()
    certain = operator.post(
        ADDRESS, learner(school, sure="yes") | {"step": "check", "act": "finish"}
    ).content.decode()
    assert "Этот человек уже в реестре" in certain
    assert untouched() == before
    Person.objects.filter(pk=known).update(snils=None, patronymic="", name_key="тиунова вера")
    maybe = operator.post(
        ADDRESS, learner(school, snils="") | {"step": "person", "act": "next"}
    ).content.decode()
    assert 'name="sure"' in maybe
    Person.objects.filter(pk=known).delete()
    mother = b.person("Тиунова Анна", born=date(1990, 5, 12), sex="2")
    before = untouched()
    asked = operator.post(ADDRESS, learner(school) | {"step": "check", "act": "finish"})
    assert asked.status_code == 422
    assert f'name="r1_is" value="{mother}"' in asked.content.decode()
    assert untouched() == before
    done = operator.post(ADDRESS, learner(school, r1_is=str(mother)) | {"step": "check", "act": "finish"})
    assert done.status_code == 302
    assert Representation.objects.get().adult_id == mother
    assert Person.objects.count() == 2, "the mother is not entered twice"


def test_a_refusal_in_the_middle_of_writing_leaves_nothing(
    school: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from kontingent.enrolment.actions import entering
    from kontingent.kernel.errors import RuleViolation

    def refuse(**_: Any) -> None:
        raise RuleViolation("test.refused", "Нельзя.")

    before = untouched()
    monkeypatch.setattr(entering, "draft_order", refuse)
    answer = school["operator"].post(ADDRESS, learner(school) | {"step": "check", "act": "finish"})
    assert answer.status_code == 422
    assert "Нельзя." in answer.content.decode()
    assert untouched() == before
    assert not Entry.objects.filter(kind="persons.registered").exists()


def test_going_back_and_going_on_with_a_draft_lose_nothing(school: dict[str, Any]) -> None:
    whole = learner(school, birth_date="не дата")
    back = school["operator"].post(ADDRESS, whole | {"step": "place", "act": "back"}).content.decode()
    assert 'name="step" value="adults"' in back
    again = school["operator"].post(ADDRESS, whole | {"step": "paper", "act": "resume"}).content.decode()
    assert 'name="step" value="paper"' in again
    assert 'value="417199"' in again
    assert 'name="birth_date" value="не дата"' in again


def test_only_who_enters_learners_here_may(school: dict[str, Any]) -> None:
    before = untouched()
    for role in ("teacher", "health", "ministry", "municipal", "security"):
        where = {"at": school["at"]} if role in {"teacher", "health"} else {}
        where |= {"where": school["at"].municipality} if role == "municipal" else {}
        stranger = b.browser(b.appointed(role, **where))
        assert stranger.get(ADDRESS).status_code == 403, role
        assert stranger.post(ADDRESS, learner(school) | {"step": "check", "act": "finish"}).status_code == 403
    assert untouched() == before


# -- health ----------------------------------------------------------------------------------------

HEALTH = {
    "health_group_code": "12", "health_group_starts_on": "2026-09-01", "health_group_document": "Осмотр № 5-к",
    "disability_code": "14", "disability_category_code": "21", "disability_starts_on": "01.09.2026", "disability_ends_on": "2028-01-01",
    "disability_document": "МСЭ-2026 № 0001",
}  # fmt: skip


@pytest.fixture
def keeper(school: dict[str, Any]) -> Any:
    """Who enters learners and answers for health in one person."""
    return b.browser(b.appointed("operator_health", at=school["at"]))


def asked(text: str) -> set[str]:
    """Names of fields of health in a page, hidden ones too."""
    kinds = "health_group|physical_group|disability|adapted_programme|long_treatment"
    return set(re.findall(rf'name="((?:{kinds})_\w+)"', text))


def test_health_is_asked_last_of_whoever_may_enter_it_where_its_stage_is_open(
    school: dict[str, Any], keeper: Any
) -> None:
    opened()
    order = learner(school) | {"step": "order", "act": "next"}
    text = keeper.post(ADDRESS, order).content.decode()
    assert 'name="step" value="health"' in text
    assert {*HEALTH, "physical_group_code", "adapted_programme_variant_code"} <= asked(text)
    assert '<option value="1">' not in text.split('id="f-adapted_programme_code"')[1].split("</select>")[0]
    unmarked = re.findall(r'name="((?:health|physical|disability|adapted)\w+)"(?! data-unkept| type)', text)
    assert unmarked == [], "the script keeps whatever is not marked"
    skipped = keeper.post(ADDRESS, learner(school) | {"step": "health", "act": "next"}).content.decode()
    assert 'name="step" value="check"' in skipped
    whole = keeper.post(ADDRESS, learner(school) | HEALTH | {"step": "health", "act": "next"})
    text = whole.content.decode()
    assert whole.headers["Cache-Control"] == "no-store"
    assert "<dd>МСЭ-2026 № 0001</dd>" in text
    assert 'name="disability_document" value="МСЭ-2026 № 0001" data-unkept>' in text
    assert (
        keeper.post(ADDRESS, learner(school) | HEALTH | {"step": "check", "act": "finish"}).status_code == 302
    )
    child = Person.objects.get(snils=b.snils_of(501))
    kept = HealthRecord.objects.filter(person_id=child.id).order_by("kind")
    assert [(one.kind, one.code, one.category_code) for one in kept] == [
        ("disability", "14", "21"),
        ("health_group", "12", ""),
    ]
    assert Entry.objects.get(kind="health.recorded").purpose == "health"


def test_a_draft_is_gone_on_with_from_health_since_nothing_of_it_was_kept(
    school: dict[str, Any], keeper: Any
) -> None:
    opened()
    for step, shown in (("check", "health"), ("health", "health"), ("paper", "paper")):
        text = keeper.post(ADDRESS, learner(school) | {"step": step, "act": "resume"}).content.decode()
        assert f'name="step" value="{shown}"' in text
    assert "кроме сведений о здоровье" in text


@pytest.mark.parametrize(
    ("more", "name", "told"),
    [
        ({"health_group_code": ""}, "health_group_code", "выберите значение"),
        ({"health_group_code": "99"}, "health_group_code", "выберите значение"),
        ({"health_group_code": "16"}, "health_group_code", "до 18 лет"),
        ({"health_group_starts_on": ""}, "health_group_starts_on", "укажите, с какого дня"),
        ({"health_group_starts_on": "31.02.2026"}, "health_group_starts_on", "не дата"),
        ({"health_group_starts_on": "2018-01-01"}, "health_group_starts_on", "раньше рождения"),
        ({"disability_starts_on": "2199-01-01"}, "disability_starts_on", "ещё не наступила"),
        ({"disability_ends_on": ""}, "disability_ends_on", "не позже"),
        ({"disability_document": " "}, "disability_document", "справка МСЭ"),
        ({"disability_category_code": "x"}, "disability_category_code", "Категория"),
        ({"adapted_programme_code": "1", "adapted_programme_starts_on": "2026-09-01"}, "adapted_programme_code", "выберите значение"),
    ],
)  # fmt: skip
def test_health_that_cannot_be_is_told_beside_its_field_and_nobody_is_entered(
    school: dict[str, Any], keeper: Any, more: dict[str, str], name: str, told: str
) -> None:
    opened()
    before = untouched()
    for act, at in (("next", "health"), ("finish", "check")):
        answer = keeper.post(ADDRESS, learner(school) | HEALTH | more | {"step": at, "act": act})
        text = answer.content.decode()
        assert answer.status_code == 422
        assert 'name="step" value="health"' in text
        refused = re.search(rf'id="e-{name}">([^<]*)<', text)
        assert refused, (name, re.findall(r'id="e-\w+">[^<]*', text))
        assert told in refused.group(1)
        assert untouched() == before


@pytest.mark.parametrize("act", ["next", "back", "resume", "finish"])
def test_where_the_stage_is_closed_health_is_not_asked_and_refused_by_name(
    school: dict[str, Any], keeper: Any, act: str
) -> None:
    opened(b.municipality("lysva", "Лысьвенский округ"))
    before = untouched()
    text = keeper.post(ADDRESS, learner(school) | {"step": "order", "act": "next"}).content.decode()
    assert 'name="step" value="check"' in text
    assert asked(text) == set()
    answer = keeper.post(ADDRESS, learner(school) | HEALTH | {"step": "check", "act": act})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "«Группа здоровья» относится к полям, которые открывает приказ" in text
    assert "Пермский городской округ" in text
    assert asked(text) == set()
    assert "Осмотр № 5-к" not in text, "what was refused is not sent back"
    assert untouched() == before
    kept = keeper.post(ADDRESS, learner(school) | {"step": "check", "act": "finish"})
    assert kept.status_code == 302, "without it the learner is entered"


@pytest.mark.parametrize("role", ["operator", "head"])
@pytest.mark.parametrize("act", ["next", "back", "finish"])
def test_without_the_right_health_is_not_asked_and_refused(
    school: dict[str, Any], role: str, act: str
) -> None:
    opened()
    before = untouched()
    other = b.browser(b.appointed(role, at=school["at"]))
    text = other.post(ADDRESS, learner(school) | {"step": "order", "act": "next"}).content.decode()
    assert 'name="step" value="check"' in text
    assert asked(text) == set()
    answer = other.post(ADDRESS, learner(school) | HEALTH | {"step": "check", "act": act})
    assert answer.status_code == 403
    assert "Осмотр № 5-к" not in answer.content.decode()
    assert untouched() == before
    refused = Entry.objects.get(kind="audit.refused")
    assert (refused.data["code"], refused.data["path"]) == ("access.no_permission", ADDRESS)


def test_a_stage_closed_between_the_step_and_the_end_leaves_nothing(
    school: dict[str, Any], keeper: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The door has let the values in; the action asks once more, and takes all of the learner back."""
    opened()
    gate = stages.gate_of(school["at"].id)
    opened(close=True)
    before = untouched()
    monkeypatch.setattr(stages, "gate_of", lambda _: gate)
    answer = keeper.post(ADDRESS, learner(school) | HEALTH | {"step": "check", "act": "finish"})
    assert answer.status_code == 422
    assert "относится к полям, которые открывает приказ" in answer.content.decode()
    assert untouched() == before
