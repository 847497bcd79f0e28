"""The state of a transfer: to the family on its page, to ЕПГУ by the right of the day."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID
from xml.etree import ElementTree  # reads our own answers

import pytest

from kontingent.audit.models import Entry
from kontingent.exchange.epgu import dropping
from kontingent.persons.models import Person, Representation
from kontingent.trajectory.transfers import actions
from kontingent.trajectory.transfers.actions import Application
from tests import builders as b
from tests.exchange.epgu.case import CHILD, MOTHER, STRANGER, Case, fits
from tests.exchange.epgu.test_dropping import IN_NS, SCHEMA, Drop, about_transfers
from tests.machines import clients as m

pytestmark = pytest.mark.django_db
RIGHTS = ("transfers.view", "transfers.register", "transfers.approve", "person.edit")


@pytest.fixture
def moving(case: Case) -> UUID:
    """The child of the case has applied to another school."""
    new = b.group(b.school("Школа № 7", where=b.municipality("lysva", "Лысьвенский округ")), "5Б")
    application = Application(
        person_id=case.child, group_id=new.id, applicant="Мальцева Ольга Ивановна", applied_on=date(2026, 3, 18),
        arrives_on=date(2026, 3, 23),
    )  # fmt: skip
    made = actions.register(actor=b.actor_of(new.organisation, *RIGHTS), receiver_id=new.organisation_id, application=application)  # fmt: skip
    return made.pk


def approve(transfer: UUID) -> None:
    from kontingent.trajectory.transfers.models import Transfer

    receiver = Transfer.objects.get(pk=transfer).receiver
    actions.approve(actor=b.actor_of(receiver, *RIGHTS), transfer_id=transfer, number="17-з")


def ask(
    case: Case, *, applicant: str = MOTHER, child: str = CHILD, token: str | None = None, **more: Any
) -> Any:
    from django.test import Client

    body = {"applicant": {"snils": applicant}, "child": {"snils": child}} | more
    headers = {"Authorization": f"Bearer {token or case.token}"}
    return Client().post("/api/epgu/v1/transfers", json.dumps(body), content_type="application/json", headers=headers)  # fmt: skip


def test_a_mother_learns_where_the_transfer_is_and_the_journal_knows(case: Case, moving: UUID) -> None:
    told = ask(case).json()
    fits(told, "TransferStates")
    (found,) = told["transfers"]
    assert (told["right"], found["id"], found["state"], found["title"]) == (
        "representative", str(moving), "registered", "заявление принято",
    )  # fmt: skip
    approve(moving)
    (found,) = ask(case).json()["transfers"]
    assert (found["state"], found["formerAnswer"]) == ("approved", None)
    assert found["answerDueOn"] > "2026-03-18"
    event = Entry.objects.filter(kind="epgu.transfer_told").last()
    assert event
    assert set(event.subjects) == {case.child, case.mother}
    assert Entry.objects.filter(kind="read.api", purpose="epgu_transfer", subjects=[case.child]).count() == 2


@pytest.mark.parametrize(("applicant", "child"), [(STRANGER, CHILD), (MOTHER, STRANGER), (MOTHER, b.snils_of(999)), (CHILD, CHILD)])  # fmt: skip
def test_whoever_has_no_right_is_told_nothing(case: Case, moving: UUID, applicant: str, child: str) -> None:
    told = ask(case, applicant=applicant, child=child).json()
    fits(told, "TransferStates")
    assert (told["refusal"], told["reason"], told["transfers"]) == ("NOT_REPRESENTATIVE", "ACCESS_DENIED", [])
    assert not Entry.objects.filter(purpose="epgu_transfer").exists()
    assert Entry.objects.filter(kind="epgu.transfer_refused").count() == 1


def test_a_right_that_has_ended_and_a_foreign_system_show_nothing(case: Case, moving: UUID) -> None:
    foreign = m.token_of(m.client(b.school("Школа № 9")))
    assert ask(case, token=foreign).json()["transfers"] == []
    poor = m.token_of(m.client(scopes=("learners.read",)))
    assert ask(case, token=poor).status_code == 403
    bad = ask(case, color=1)
    assert (bad.status_code, bad.json()["code"]) == (400, "epgu.structure")
    assert "TransferStateRequest" in bad.json()["detail"]
    assert ask(case, child=CHILD[:-1] + "0").json()["code"] == "epgu.snils"
    Representation.objects.update(ends_on=date(2026, 3, 18))
    assert ask(case).json()["refusal"] == "NOT_REPRESENTATIVE"


def test_a_mother_learns_the_state_by_file_as_over_http(case: Case, moving: UUID, tmp_path: Path) -> None:
    drop = Drop(tmp_path)
    approve(moving)
    drop.put("m-1.xml", about_transfers())
    drop.put("m-2.xml", about_transfers("m-2", applicant=STRANGER))
    assert drop.take() == dropping.Taken(answered=2)
    told, refused = drop.fetched
    for answer in (told, refused):
        SCHEMA.validate(answer.decode())
        assert MOTHER not in answer.decode()
    (over_http,) = ask(case).json()["transfers"]
    root = ElementTree.fromstring(told)  # noqa: S314 - our own
    assert (root.tag, root.get("messageId")) == (f"{IN_NS}TransferStateResponse", "m-1")
    (states,) = root
    assert states.get("right") == "representative"
    assert [one.attrib for one in states] == [
        {name: value for name, value in over_http.items() if value is not None}
    ]
    (rejected,) = ElementTree.fromstring(refused)  # noqa: S314 - our own
    assert rejected.get("refusal") == "NOT_REPRESENTATIVE"
    assert rejected.findtext(f"{IN_NS}RejectionReasonCode") == "ACCESS_DENIED"
    assert drop.left() == set()
    assert Entry.objects.filter(kind="read.api", purpose="epgu_transfer", subjects=[case.child]).count() == 2
    assert Entry.objects.filter(kind="epgu.transfer_refused").count() == 1


def test_killed_before_its_answer_stands_the_state_is_told_once_more(
    case: Case, moving: UUID, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop = Drop(tmp_path)
    drop.put("m-1.xml", about_transfers())
    with monkeypatch.context() as killed:
        killed.setattr(dropping, "_write", lambda *_: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            drop.take()
    approve(moving)
    assert drop.take() == dropping.Taken(answered=1)
    (told,) = drop.fetched
    assert 'state="approved"' in told.decode(), "as it is by then"
    assert Entry.objects.filter(kind="epgu.transfer_told").count() == 2


def test_the_family_sees_the_state_and_its_change_first_of_all(case: Case, moving: UUID) -> None:
    mother = b.client_of(MOTHER)
    assert "заявление принято" in mother.get("/").content.decode()
    approve(moving)
    for page in ("/", f"/family/{case.child}/"):
        text = mother.get(page).content.decode()
        assert "ждёт прежнюю школу" in text, page
        assert "Школа № 7" in text
    assert Entry.objects.filter(kind="read.family", data__what="переводы", subjects=[case.child]).exists()
    Person.objects.filter(pk=case.child).update(birth_date=date(2011, 5, 20))
    assert "ждёт прежнюю школу" in b.client_of(CHILD).get(f"/family/{case.child}/").content.decode()
    from kontingent.trajectory.transfers.models import Transfer

    actions.withdraw(actor=b.actor_of(Transfer.objects.get(pk=moving).receiver, *RIGHTS), transfer_id=moving, reason="Передумали")  # fmt: skip
    assert "Перевод в" not in mother.get("/").content.decode()
    assert "отозвано" in mother.get(f"/family/{case.child}/").content.decode()
