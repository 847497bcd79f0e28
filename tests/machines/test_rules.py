"""Scopes: their grammar, what they need, how a token narrows them. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kontingent.access.machines import rules
from kontingent.access.machines.refusals import OAuthRefused
from kontingent.access.machines.rules import SCOPES, MachineScope, Reach, SecretTerm
from kontingent.kernel.errors import InvalidValue, RuleViolation

NOW = datetime(2026, 9, 1, tzinfo=UTC)
ID = UUID("018f0000-0000-7000-8000-000000000000")


def test_every_scope_is_in_the_catalogue_with_permissions_of_its_own() -> None:
    assert set(SCOPES) == set(MachineScope)
    # The scopes of OneRoster read the same in another form: they open nothing that two scopes of ours do not open.
    rosters = {MachineScope.ROSTER_CORE, MachineScope.ROSTER, MachineScope.ROSTER_DEMOGRAPHICS}
    ours = SCOPES[MachineScope.ORGANISATIONS].permissions | SCOPES[MachineScope.LEARNERS].permissions
    assert all(frozenset() < SCOPES[one].permissions <= ours for one in rosters)
    # The duty towards МВД reads documents and addresses too, of foreign minors alone.
    minors = SCOPES[MachineScope.FOREIGN_MINORS].permissions
    also = SCOPES[MachineScope.DOCUMENTS].permissions | SCOPES[MachineScope.ADDRESSES].permissions
    assert minors - also == {"feed.foreign_minors"}
    # So do those of its gradebook: an organisation, a learner, where they study, their marks; what they write is a journal's.
    books = {one for one in MachineScope if one.startswith("gradebook")}
    assert len(books) == 5
    for one in books:
        writes = not one.endswith("readonly")
        assert SCOPES[one].permissions - ours == {"performance.view"} | (
            {"performance.deliver"} if writes else set()
        )
    rosters |= books | {MachineScope.FOREIGN_MINORS}
    held = [entry.permissions for code, entry in SCOPES.items() if code not in rosters]
    assert all(held)
    assert sum(len(one) for one in held) == len(frozenset[str]().union(*held))


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "learners.read ",
        " learners.read",
        "learners.read  contingent.read",
        'a"b',
        "a\\b",
        "ученики",
        "a\nb",
    ],
)
def test_a_scope_that_is_not_well_formed_is_refused(text: str) -> None:
    with pytest.raises(OAuthRefused) as caught:
        rules.read_scope(text)
    assert (caught.value.error, caught.value.code) == ("invalid_scope", "machines.scope_grammar")


@given(st.text(max_size=600))
def test_reading_a_scope_either_gives_known_ones_or_refuses(text: str) -> None:
    try:
        assert rules.read_scope(text) <= set(MachineScope)
    except OAuthRefused as refusal:
        said = refusal
    else:
        return
    assert said.error == "invalid_scope"
    assert said.description.isascii()


@given(
    st.frozensets(st.sampled_from(MachineScope), min_size=1),
    st.frozensets(st.sampled_from(MachineScope), min_size=1),
)
def test_a_token_never_holds_more_than_its_client(
    wanted: frozenset[MachineScope], allowed: frozenset[MachineScope]
) -> None:
    try:
        held = rules.narrow(rules.as_parameter(wanted), [one.value for one in allowed])
    except OAuthRefused:
        assert wanted - allowed or rules.missing_needs(wanted)
    else:
        assert held == wanted <= allowed


def test_without_a_wish_a_token_holds_all_that_is_allowed() -> None:
    assert rules.narrow(None, ["contingent.read"]) == {MachineScope.CONTINGENT}


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ("learners.everything", "machines.scope_unknown"),
        ("contingent.read", "machines.scope_not_allowed"),
        ("learners.snils", "machines.scope_incomplete"),
    ],
)
def test_what_may_not_be_asked_for(wanted: str, code: str) -> None:
    with pytest.raises(OAuthRefused) as caught:
        rules.narrow(wanted, ["learners.read", "learners.snils"])
    assert caught.value.code == code


def test_documents_are_not_given_without_the_learner() -> None:
    with pytest.raises(InvalidValue, match=r"learners\.read"):
        rules.check_allowed(["learners.documents"])
    assert rules.check_allowed(["learners.documents", "learners.read"]) == [
        "learners.read",
        "learners.documents",
    ]


@pytest.mark.parametrize("scopes", [[], ["nothing"]])
def test_a_client_needs_known_scopes(scopes: list[str]) -> None:
    with pytest.raises(InvalidValue, match="Укажите из перечня"):
        rules.check_allowed(scopes)


@pytest.mark.parametrize(
    "reach", [Reach(), Reach(ID, ID), Reach(ID, None, whole_region=True), Reach(None, ID, True)]
)
def test_a_reach_is_exactly_one(reach: Reach) -> None:
    with pytest.raises(InvalidValue, match="ровно одно"):
        rules.check_reach(reach)


def test_no_more_than_two_secrets_live() -> None:
    live = SecretTerm(NOW + timedelta(days=1), None)
    dead = [SecretTerm(NOW, None), SecretTerm(NOW + timedelta(days=1), NOW)]
    rules.check_room_for_secret([live, *dead], NOW)
    with pytest.raises(RuleViolation, match="Отзовите прежний"):
        rules.check_room_for_secret([live, live], NOW)


@pytest.mark.parametrize("days", [0, 731])
def test_a_secret_lasts_a_sensible_time(days: int) -> None:
    with pytest.raises(InvalidValue):
        rules.check_secret_lasts(timedelta(days=days))


@pytest.mark.parametrize("days", [-1, 31])
def test_two_secrets_work_together_for_a_sensible_time(days: int) -> None:
    with pytest.raises(InvalidValue):
        rules.check_overlap(timedelta(days=days))


@pytest.mark.parametrize("rate", [0, -5, 6001])
def test_a_rate_is_sensible(rate: int) -> None:
    with pytest.raises(InvalidValue):
        rules.check_rate(rate)
