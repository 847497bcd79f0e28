"""Late corrections: who sees the queue, decides on one or several, and what of it stays in the history of a mark."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kontingent.audit.models import Entry
from kontingent.codelists import actions as codelists
from kontingent.performance import actions
from kontingent.performance.actions import GradingPeriodDraft
from kontingent.performance.models import FormerRecord, LateCorrection, Mark
from tests import builders as b
from tests.exchange.journals.journal import Sender, counted, mark

pytestmark = pytest.mark.django_db
CLOSED = [GradingPeriodDraft("1", date(2025, 9, 1), date(2025, 10, 27), date(2025, 11, 6))]


@pytest.fixture
def town() -> dict[str, Any]:
    """A mark that stood before the quarter was closed, its change and a new one after; another school beside."""
    codelists.load_all()
    school, other = b.school("Школа № 5"), b.school("Школа № 7")
    anna = b.person("Мальцева Анна Павловна")
    b.admitted(anna, b.group(school, "5А"))
    journal = Sender(school)
    journal.send([mark(1, anna, value="3", comment="тетрадь")])
    actions.set_periods(actor=b.ROOT, school_year=2025, periods=CLOSED)
    changed = mark(1, anna, version=2, value="5", weight=2)
    assert counted(journal.send([changed, mark(2, anna, value="4")], key="k2")) == {"late": 2}
    return {
        "anna": anna, "journal": journal, "school": school,
        "late": {one.external_id: one.id for one in LateCorrection.objects.all()},
        "secretary": b.browser(b.appointed("operator", at=school)), "stranger": b.browser(b.appointed("operator", at=other)),
        "ministry": b.browser(b.appointed("ministry")),
    }  # fmt: skip


def told(client: Any, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, answer.content.decode()
    return str(answer.content.decode())


def test_the_queue_says_who_what_and_what_would_change(town: dict[str, Any]) -> None:
    page = told(town["secretary"], "/late/")
    assert "Мальцева Анна Павловна, 5А" in page
    assert "Отметка: 3 → <strong>5</strong>" in page
    assert "Вес: 1 → <strong>2</strong>" in page
    assert "Комментарий: тетрадь → <strong>–</strong>" in page
    assert "Правки: ждут решения, 2" in page
    assert "Поздние правки журнала ждут решения: <strong>2</strong>" in told(town["secretary"], "/")
    assert Entry.objects.filter(kind="read.list", subjects__contains=[town["anna"]]).exists()


def test_a_school_decides_and_the_history_keeps_both_and_the_reason(town: dict[str, Any]) -> None:
    address = f"/late/{town['late']['m1']}/"
    assert "Передано" in told(town["secretary"], address)
    without = town["secretary"].post(address, {"act": "accept", "reason": " "})
    assert without.status_code == 422
    nothing = town["secretary"].post(address, {"act": "maybe", "reason": "приказ"})
    assert nothing.status_code == 422
    assert Mark.objects.get().value == "3"
    done = town["secretary"].post(address, {"act": "accept", "reason": "приказ № 7"})
    assert done.status_code == 302
    assert Mark.objects.get().value == "5"
    again = town["secretary"].post(address, {"act": "reject", "reason": "передумал"})
    assert again.status_code == 422
    assert Mark.objects.get().value == "5"
    page = told(
        town["secretary"], f"/learners/{town['anna']}/record/?records=marks&journal=epos&year=2025&id=m1"
    )
    assert page.index("приказ № 7") < page.index("Электронный журнал · версия 1")
    assert FormerRecord.objects.get().row["value"] == "3"
    assert "приказ № 7" in told(town["secretary"], "/late/?state=accepted")
    entry = Entry.objects.get(kind="performance.late_correction_decided")
    assert (entry.data["accepted"], entry.basis) == (True, "приказ № 7")


def test_several_are_decided_for_one_reason(town: dict[str, Any]) -> None:
    ids = [str(one) for one in town["late"].values()]
    for form in (
        {"late": ids, "act": "accept"},
        {"act": "accept", "reason": "приказ"},
        {"late": ids, "reason": "приказ"},
    ):
        assert town["secretary"].post("/late/", form).status_code == 422
    assert LateCorrection.objects.filter(state="waiting").count() == 2
    answer = town["secretary"].post(
        "/late/", {"late": [*ids, str(uuid4())], "act": "reject", "reason": "акт"}, follow=True
    )
    page = answer.content.decode()
    assert "Решено о правках: 2, отклонены" in page
    assert "Не решено о правках: 1. Такой поздней правки нет." in page
    assert {one.state for one in LateCorrection.objects.all()} == {"rejected"}
    assert Mark.objects.get().value == "3"
    history = told(
        town["secretary"], f"/learners/{town['anna']}/record/?records=marks&journal=epos&year=2025&id=m1"
    )
    assert "Отклонённые правки" in history


def test_a_stranger_sees_and_decides_nothing_and_a_reader_only_reads(town: dict[str, Any]) -> None:
    late = town["late"]["m1"]
    assert "Мальцева" not in told(town["stranger"], "/late/")
    told(town["stranger"], f"/late/{late}/", 404)
    form = {"late": [str(late)], "act": "accept", "reason": "приказ"}
    town["stranger"].post("/late/", form)
    assert town["stranger"].post(f"/late/{late}/", form).status_code == 404
    record = f"/learners/{town['anna']}/record/?records=marks&journal=epos&year=2025&id=m1"
    told(town["stranger"], record, 403)
    assert "Мальцева" in told(town["ministry"], "/late/")
    assert "Принять" not in told(town["ministry"], f"/late/{late}/")
    assert town["ministry"].post(f"/late/{late}/", form).status_code == 403
    assert LateCorrection.objects.get(pk=late).state == "waiting"
    assert Mark.objects.get().value == "3"


@pytest.mark.parametrize("wrong", ["id=none", "id=m1&records=lessons", "id=m1&journal=none", "id=m1&year=1"])
def test_what_was_never_written_has_no_history(town: dict[str, Any], wrong: str) -> None:
    asked = dict(part.split("=") for part in f"records=marks&journal=epos&year=2025&{wrong}".split("&"))
    answer = town["secretary"].get(f"/learners/{town['anna']}/record/", asked)
    assert answer.status_code == 404


def test_the_queue_costs_the_same_for_many(town: dict[str, Any]) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as asked:
            told(town["secretary"], "/late/")
        return len(asked)

    before = cost()
    town["journal"].send([mark(n, town["anna"]) for n in range(10, 40)], key="k3")
    assert cost() == before
