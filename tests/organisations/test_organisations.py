"""The registry: identifiers, registration, changes, proposals, statuses, history, municipalities."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kontingent.audit.models import Entry
from kontingent.kernel.errors import Conflict, InvalidValue, KontingentError, NotAllowed, RuleViolation
from kontingent.organisations import actions, queries, rules
from kontingent.organisations.models import (
    ChangeProposal,
    Municipality,
    MunicipalityCode,
    Organisation,
    OrganisationLink,
    OrganisationVersion,
)
from tests import builders as b

FACTS = {
    "full_name": "МАОУ «Средняя школа № 5»", "short_name": "СОШ № 5", "ogrn": "1025900000125", "inn": "5902293820",
    "kpp": "590201001", "type_code": "12", "okopf": "7 54 03",
}  # fmt: skip


def inn_of(number: int) -> str:
    head = f"59{number:07d}"
    weights = (2, 4, 10, 3, 5, 9, 4, 6, 8)
    return f"{head}{sum(int(d) * w for d, w in zip(head, weights, strict=True)) % 11 % 10}"


FACTS["inn"] = inn_of(1)


@given(st.integers(0, 9_999_999))
def test_control_digits_are_asked_for(number: int) -> None:
    good = b.ogrn(number)
    assert rules.normalise_ogrn(f" {good[:5]} {good[5:]} ") == good
    with pytest.raises(InvalidValue):
        rules.normalise_ogrn(good[:-1] + str((int(good[-1]) + 1) % 10))
    assert rules.normalise_inn(inn_of(number)) == inn_of(number)


@pytest.mark.parametrize(
    ("text", "kept"),
    [("590201001", "590201001"), ("5902 AB 001", "5902AB001"), ("5902ab001", "5902AB001"), ("", "")],
)
def test_kpp(text: str, kept: str) -> None:
    assert rules.normalise_kpp(text) == kept


@pytest.mark.parametrize("text", ["59020100", "5902А1001", "abcdefghi"])
def test_a_wrong_kpp_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="КПП"):
        rules.normalise_kpp(text)


def test_every_status_has_its_transitions() -> None:
    assert set(rules.STATUS_TRANSITIONS) == {str(code) for code in range(1, 10)}
    assert all(not rules.STATUS_TRANSITIONS[status] for status in rules.FINAL)
    reachable = set().union(*rules.STATUS_TRANSITIONS.values())
    assert reachable <= set(rules.STATUS_TRANSITIONS)


def registered() -> Organisation:
    return actions.register_organisation(
        actor=b.ROOT,
        municipality_id=b.municipality().id,
        attributes=FACTS,
        opened_on=date(2001, 9, 1),
        basis="Устав",
    )


def state() -> list[list[Any]]:
    models = (Organisation, OrganisationVersion, OrganisationLink, ChangeProposal, Entry)
    return [list(model._default_manager.order_by("pk").values()) for model in models]


@pytest.mark.django_db
def test_an_organisation_is_registered_once() -> None:
    made = registered()
    assert (made.okopf, made.status_code) == ("75403", "1")
    assert queries.by_ogrn("1025900000125") == made
    before = state()
    with pytest.raises(RuleViolation, match="уже есть"):
        registered()
    assert state() == before


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wrong", [{"ogrn": "1025900000126"}, {"inn": "1"}, {"short_name": ""}, {"type_code": "99"}, {"kpp": "1"}]
)
def test_a_wrong_attribute_is_refused_and_nothing_is_written(wrong: dict[str, str]) -> None:
    before = state()
    with pytest.raises(InvalidValue):
        actions.register_organisation(
            actor=b.ROOT,
            municipality_id=b.municipality().id,
            attributes=FACTS | wrong,
            opened_on=date(2001, 9, 1),
            basis="Устав",
        )
    assert state()[0] == before[0]


@pytest.mark.django_db
def test_the_registry_answers_for_any_day() -> None:
    school = registered()
    actions.change_organisation(
        actor=b.ROOT,
        organisation_id=school.id,
        changes={"head_name": "Попова А. И."},
        valid_from=date(2020, 9, 1),
        basis="приказ",
    )
    actions.change_organisation(
        actor=b.ROOT,
        organisation_id=school.id,
        changes={"head_name": "Орлов П. О."},
        valid_from=date(2024, 9, 1),
        basis="приказ",
    )
    on = {
        day: (queries.on(school.id, day) or {}).get("head_name")
        for day in (date(2000, 1, 1), date(2010, 1, 1), date(2021, 1, 1), date(2025, 1, 1))
    }
    assert list(on.values()) == [None, "", "Попова А. И.", "Орлов П. О."]
    assert [set(step.fields) for step in queries.history(school.id)][:2] == [{"head_name"}, {"head_name"}]


@pytest.mark.django_db
def test_a_change_that_changes_nothing_records_nothing() -> None:
    school = registered()
    before = state()
    actions.change_organisation(
        actor=b.ROOT,
        organisation_id=school.id,
        changes={"short_name": "СОШ № 5"},
        valid_from=date(2024, 1, 1),
        basis="",
    )
    assert state() == before


@pytest.mark.django_db
def test_proposals_are_confirmed_rejected_withdrawn_and_grow_stale() -> None:
    school = registered()
    operator = b.actor_of(school, "organisation.propose", "organisation.view")

    def proposed(phone: str) -> ChangeProposal:
        return actions.propose_change(
            actor=operator,
            organisation_id=school.id,
            changes={"phone": phone},
            valid_from=date(2026, 1, 1),
            basis="приказ",
        )

    first, second, third = proposed("+71"), proposed("+72"), proposed("+73")
    before = state()
    with pytest.raises(NotAllowed):
        actions.confirm_proposal(actor=operator, proposal_id=first.id)
    with pytest.raises(InvalidValue, match="что исправить"):
        actions.reject_proposal(actor=b.ROOT, proposal_id=first.id, remark="")
    assert state() == before
    actions.confirm_proposal(actor=b.ROOT, proposal_id=first.id)
    school.refresh_from_db()
    assert school.phone == "+71"
    for decided in (first, second):  # decided already; grown stale
        with pytest.raises(Conflict):
            actions.confirm_proposal(actor=b.ROOT, proposal_id=decided.id)
    actions.reject_proposal(actor=b.ROOT, proposal_id=second.id, remark="Уточните")
    actions.withdraw_proposal(actor=operator, proposal_id=third.id)
    assert sorted(ChangeProposal.objects.values_list("status", flat=True)) == [
        "confirmed",
        "rejected",
        "withdrawn",
    ]


@pytest.mark.django_db
def test_identity_is_not_for_the_organisation_to_change() -> None:
    school = registered()
    before = state()
    for changes, basis in (({"ogrn": b.ogrn(9)}, "x"), ({"phone": ""}, "x"), ({"phone": "1"}, "")):
        with pytest.raises(KontingentError):
            actions.propose_change(
                actor=b.ROOT,
                organisation_id=school.id,
                changes=changes,
                valid_from=date(2026, 1, 1),
                basis=basis,
            )
    assert state() == before


@pytest.mark.django_db
def test_joining_needs_a_successor_and_is_final() -> None:
    school, heir = registered(), b.school("Школа № 7")
    before = state()
    with pytest.raises(RuleViolation, match="правопреемника"):
        actions.change_status(
            actor=b.ROOT, organisation_id=school.id, status_code="9", since=date(2026, 1, 1), basis="x"
        )
    with pytest.raises(RuleViolation, match="раньше открытия"):
        actions.change_status(
            actor=b.ROOT, organisation_id=school.id, status_code="4", since=date(1999, 1, 1), basis="x"
        )
    assert state() == before
    actions.change_status(
        actor=b.ROOT,
        organisation_id=school.id,
        status_code="9",
        since=date(2026, 1, 1),
        basis="x",
        successor_id=heir.id,
    )
    assert OrganisationLink.objects.get().successor == heir
    with pytest.raises(RuleViolation):
        actions.change_status(
            actor=b.ROOT, organisation_id=school.id, status_code="1", since=date(2026, 2, 1), basis="x"
        )


@pytest.mark.django_db
def test_search_by_name_number_and_place() -> None:
    school = registered()
    b.school("Школа № 7", where=b.municipality("lysva", "Лысьвенский округ"))
    searches: list[dict[str, Any]] = [
        {"text": "сош 5"}, {"text": "1025900000125"}, {"text": FACTS["inn"]}, {"text": "средняя"},
        {"text": "сош", "municipality": "perm"},
    ]  # fmt: skip
    for asked in searches:
        assert queries.register(**asked).rows == [school], asked
    assert queries.register(text="нет такой").total == 0


@pytest.mark.django_db
def test_perm_krai_has_forty_eight_municipalities_then_and_forty_three_now() -> None:
    assert actions.load_municipalities() == actions.load_municipalities()
    assert MunicipalityCode.objects.filter(edition="pilot-2016").count() == 48
    assert queries.municipalities(date(2026, 11, 24)).count() == 43
    assert MunicipalityCode.objects.filter(edition="present-2026").values("oktmo").distinct().count() == 43
    usolye = Municipality.objects.get(code="usolsk")
    assert usolye.successions.get().successor.code == "berezniki"
    assert MunicipalityCode.objects.filter(confidence="check").count() == 3
