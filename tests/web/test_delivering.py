"""Journals that deliver by themselves, on the page of sources: who sees which, connecting a system, opening closed periods."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from kontingent.codelists import actions as codelists
from kontingent.kernel import clock
from kontingent.performance import actions
from kontingent.performance.actions import GradingPeriodDraft
from kontingent.performance.models import Journal
from tests import builders as b
from tests.exchange.journals.journal import Sender, counted, mark
from tests.machines import clients as m

pytestmark = pytest.mark.django_db
CLOSED = [GradingPeriodDraft("1", date(2025, 9, 1), date(2025, 10, 27), date(2025, 11, 6))]


@pytest.fixture
def town() -> dict[str, Any]:
    codelists.load_all()
    school, far = b.school("Школа № 5"), b.school("Школа № 9", where=b.municipality("far", "Дальний округ"))
    anna = b.person("Мальцева Анна Павловна")
    b.admitted(anna, b.group(school, "5А"))
    return {
        "anna": anna, "sender": Sender(school), "ministry": b.browser(b.appointed("ministry")), "school": b.browser(b.appointed("operator", at=school)),
        "municipal": b.browser(b.appointed("municipal", where=school.municipality)),
        "far": b.browser(b.appointed("operator", at=far)),
    }  # fmt: skip


def told(client: Any, status: int = 200) -> str:
    answer = client.get("/sources/")
    assert answer.status_code == status
    return str(answer.content.decode())


def test_a_journal_is_seen_by_its_place_and_those_above(town: dict[str, Any]) -> None:
    assert "ещё не передавал" in told(town["ministry"])
    town["sender"].send([mark(1, town["anna"]), mark(2, town["anna"], value="6")])
    for who in ("ministry", "municipal", "school"):
        page = told(town[who])
        assert "строк 2, отклонено 1" in page
        assert ("Ждут исправления</th>" in page.split("передают сами")[1]) == (who == "ministry")
    assert "Таких журналов у вас нет" in told(town["far"])
    Sender(code="region")
    assert "весь регион" in told(town["far"]), "the region's journal is everybody's"


def test_closed_periods_are_opened_for_a_time_by_the_ministry_alone(town: dict[str, Any]) -> None:
    actions.set_periods(actor=b.ROOT, school_year=2025, periods=CLOSED)
    sender, anna = town["sender"], town["anna"]
    assert counted(sender.send([mark(1, anna, date="2025-10-06")], key="k1")) == {"late": 1}
    until = clock.today() + timedelta(days=3)
    wish = {"act": "open-history", "journal": "epos", "until": until.isoformat()}
    for who in ("municipal", "school", "far"):
        assert town[who].post("/sources/", wish).status_code == 403
    for bad in ("", "вчера", (clock.today() - timedelta(days=1)).isoformat()):
        assert town["ministry"].post("/sources/", wish | {"until": bad}).status_code == 422
    assert town["ministry"].post("/sources/", wish | {"journal": "нет"}).status_code in {404, 422}
    assert Journal.objects.get().history_until is None
    assert town["ministry"].post("/sources/", wish).status_code == 302
    assert f"открыты по {until:%d.%m.%Y}" in told(town["ministry"])
    assert counted(sender.send([mark(2, anna, date="2025-10-06")], key="k2")) == {"created": 1}
    assert town["ministry"].post("/sources/", {"act": "close-history", "journal": "epos"}).status_code == 302
    assert "открыты по" not in told(town["ministry"])
    assert counted(sender.send([mark(3, anna, date="2025-10-06")], key="k3")) == {"late": 1}


def test_a_registered_system_is_connected_as_a_journal(town: dict[str, Any]) -> None:
    fresh = m.client(scopes=("journals.write", "learners.read"))
    form = {"act": "connect", "client": f"client:{fresh.id}", "journal_title": "web2edu", "journal_code": "web2edu"}  # fmt: skip
    assert "Подключить систему как журнал" in told(town["ministry"])
    assert "Подключить систему как журнал" not in told(town["municipal"])
    for who in ("municipal", "school"):
        assert town[who].post("/sources/", form).status_code == 403
    reader = m.client(scopes=("learners.read",))
    for wrong in ({"client": f"client:{reader.id}"}, {"client": ""}, {"journal_code": "epos"}, {"journal_code": "Ё"}, {"journal_title": " "}):  # fmt: skip
        answer = town["ministry"].post("/sources/", form | wrong)
        assert answer.status_code == 422, wrong
        assert "web2edu" in answer.content.decode(), "what was typed stays"
    assert list(Journal.objects.values_list("code", flat=True)) == ["epos"]
    assert town["ministry"].post("/sources/", form).status_code == 302
    assert Journal.objects.get(code="web2edu").client_code == f"client:{fresh.id}"
    page = told(town["ministry"])
    assert "Подключить систему как журнал" not in page, "nothing is left to connect"
    assert "<code>web2edu</code>" in page
