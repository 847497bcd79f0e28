"""The pages of reconciliation: a school settles, the ministry maps, others see nothing."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from kontingent.codelists import actions as codelists
from kontingent.exchange.reconciliation import jobs
from kontingent.exchange.reconciliation.models import Discrepancy
from kontingent.kernel import clock
from kontingent.persons.models import SourceKey
from tests import builders as b
from tests.exchange.journals.journal import Sender, mark
from tests.performance import records as r

pytestmark = pytest.mark.django_db


@pytest.fixture
def town(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    moments = itertools.count()
    start = datetime(2025, 11, 20, 7, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: start + timedelta(milliseconds=next(moments)))
    deferred: list[dict[str, Any]] = []
    monkeypatch.setattr(jobs.mended, "defer", lambda **how: deferred.append(how))
    monkeypatch.setattr(jobs.look, "defer", lambda **how: deferred.append(how))
    codelists.load_all()
    school, other = b.school("Школа № 5"), b.school("Школа № 7")
    at = b.group(school, "7А")
    anna, boris = (
        b.person("Мальцева Анна Павловна", born=date(2012, 3, 1)), b.person("Орлов Борис Ильич", born=date(2012, 3, 2)),
    )  # fmt: skip
    for one in (anna, boris):
        b.admitted(one, at)
    journal = Sender()
    r.mark(boris, at, date(2025, 11, 12), "s09")
    lesson = {"id": "l1", "version": 1, "class": str(at.id), "date": "2025-11-10", "subject": "s09"}
    journal.send([lesson], records="lessons")
    journal.send(
        [mark(1, "ученик-17", lesson="l1", date="2025-11-10"), mark(2, anna, subject="Ритмика")], key="k2"
    )
    jobs.find()
    return {
        "anna": anna, "boris": boris, "school": school, "deferred": deferred, "page": f"/reconciliation/{school.id}/",
        "secretary": b.browser(b.appointed("operator", at=school)), "stranger": b.browser(b.appointed("operator", at=other)),
        "ministry": b.browser(b.appointed("ministry")), "unknown": Discrepancy.objects.get(kind="learner_unknown"),
        "subject": Discrepancy.objects.get(kind="subject_unknown"),
    }  # fmt: skip


def told(client: Any, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, answer.content.decode()
    return str(answer.content.decode())


def test_the_school_is_told_what_is_meant_and_what_to_do(town: dict[str, Any]) -> None:
    page = told(town["secretary"], town["page"])
    assert "ученик журнала № ученик-17, уроки 7А" in page
    assert "Да, это Мальцева Анна Павловна" in page
    assert "Ритмика" not in page
    assert "Журнал и реестр не согласны: <strong>" in told(town["secretary"], "/")
    assert town["secretary"].get("/reconciliation/").headers["Location"] == town["page"]


def test_one_click_settles_and_the_rest_waits_for_the_worker(town: dict[str, Any]) -> None:
    form = {"id": town["unknown"].pk, "act": "recognise", "choice": str(town["anna"])}
    assert town["secretary"].post(town["page"], form).status_code == 302
    assert SourceKey.objects.get(external_id="ученик-17").person_id == town["anna"]
    assert town["deferred"] == [{"journal_code": "epos", "organisation_id": str(town["school"].id)}]
    assert town["secretary"].post(town["page"], form).status_code == 422
    assert len(town["deferred"]) == 1


@pytest.mark.parametrize(
    "form",
    [
        {"act": "recognise"}, {"act": "recognise", "choice": "кто-то"}, {"act": "name_class", "choice": ""}, {"act": "map_subject"},
        {"act": "dismiss", "reason": " "}, {"act": "dismiss", "reason": "я" * 501}, {"act": "delete"}, {}, {"act": "reopen"},
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_told_and_changes_nothing(town: dict[str, Any], form: dict[str, str]) -> None:
    answer = town["secretary"].post(town["page"], {"id": town["unknown"].pk, **form})
    assert answer.status_code == 422
    assert "Не сохранено." in answer.content.decode()
    town["unknown"].refresh_from_db()
    assert town["unknown"].closed_at is None
    assert not SourceKey.objects.exists()
    assert town["deferred"] == []


def test_dismissed_is_listed_with_its_reason_and_can_be_taken_back(town: dict[str, Any]) -> None:
    one = {"id": town["unknown"].pk}
    town["secretary"].post(town["page"], {**one, "act": "dismiss", "reason": "выбыл <в> октябре"})
    page = told(town["secretary"], town["page"])
    assert "выбыл &lt;в&gt; октябре" in page
    assert "Да, это Мальцева" not in page
    town["secretary"].post(town["page"], {**one, "act": "reopen"})
    assert "Да, это Мальцева" in told(town["secretary"], town["page"])


def test_the_ministry_maps_subjects(town: dict[str, Any]) -> None:
    assert "Расхождений, по которым не видно школы: 1" in told(town["ministry"], "/reconciliation/")
    assert "«Ритмика»" in told(town["ministry"], "/reconciliation/unattributed/")
    form = {"id": town["subject"].pk, "act": "map_subject", "choice": "s09"}
    assert town["ministry"].post("/reconciliation/unattributed/", form).status_code == 302
    assert town["deferred"] == [{"journal_code": "epos", "organisation_id": ""}]


def test_the_report_and_its_file(town: dict[str, Any]) -> None:
    page = told(town["ministry"], "/reconciliation/?pace=live")
    assert "Школа № 5" in page
    assert "1 из 2" in page
    assert "Школа № 5" not in told(town["ministry"], "/reconciliation/?pace=silent")
    assert "Школа № 5;поступает" in told(town["ministry"], "/reconciliation/file.csv").replace('"', "")


def test_look_again(town: dict[str, Any]) -> None:
    assert town["secretary"].post(f"{town['page']}look/").status_code == 302
    assert town["deferred"] == [{"organisation_id": str(town["school"].id)}]


def test_a_stranger_finds_no_such_school(town: dict[str, Any]) -> None:
    told(town["stranger"], town["page"], 404)
    told(town["secretary"], "/reconciliation/unattributed/", 404)
    for address, form in (
        (town["page"], {"id": town["unknown"].pk, "act": "dismiss", "reason": "так"}),
        (f"{town['page']}look/", {}),
    ):
        assert town["stranger"].post(address, form).status_code == 404
    town["unknown"].refresh_from_db()
    assert town["unknown"].closed_at is None
    assert town["deferred"] == []
