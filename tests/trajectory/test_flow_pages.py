"""The pages of flows: numbers, drawing and map say the same, files too; small numbers and strangers are kept back."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from django.test import Client

from kontingent.codelists import actions as codelists
from kontingent.web import charts
from tests import builders as b
from tests.trajectory.test_flows import town  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db
PERIOD = "since=2025-09-01&until=2026-08-31"


@pytest.fixture(autouse=True)
def lists(db: None) -> None:
    codelists.load_all()


def text_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return re.sub(r"\s+", " ", answer.content.decode())


def test_a_head_sees_the_flows_of_the_school_and_opens_them(town: dict[str, Any]) -> None:  # noqa: F811
    client = b.browser(b.appointed("head", at=town["five"]))
    page = text_of(client, f"/flows/?{PERIOD}")
    assert 'class="flow-chart"' in page
    assert "Школа № 5 → Школа № 7: 1" in page
    assert "Другой регион" in page
    (address,) = re.findall(rf'href="(learners/\?[^"]*target={town["seven"].id})"', page)
    opened = text_of(client, "/flows/" + address.replace("&amp;", "&"))
    assert "Вяткин Иван Ильич" in opened
    assert "03.10.2025" in opened
    assert "Зырянов" not in opened


def test_a_file_says_what_the_page_says(town: dict[str, Any]) -> None:  # noqa: F811
    client = b.browser(b.appointed("head", at=town["five"]))
    told = client.get(f"/flows/file.csv?{PERIOD}").content.decode("utf-8-sig")
    assert re.search(r"Школа № 5;Школа № 7;1\b", told), told
    assert client.get(f"/flows/file.xlsx?{PERIOD}").content[:2] == b"PK"
    assert client.get("/flows/file.exe").status_code == 404


def test_whoever_may_not_see_children_sees_no_small_number(town: dict[str, Any]) -> None:  # noqa: F811
    from django.test import RequestFactory

    from kontingent.kernel.actor import Actor
    from kontingent.kernel.scope import Scope
    from kontingent.web import flows

    counting = Actor("test:count", "Аналитик", "Аналитик", frozenset({"enrolment.count"}), Scope.region())
    request: Any = RequestFactory().get(f"/flows/file.csv?{PERIOD}&by=organisation")
    request.actor = counting
    told = flows.table_file(request, "csv").content.decode("utf-8-sig")
    assert told.count("скрыто") == 5
    request = RequestFactory().get(f"/flows/?{PERIOD}&by=organisation")
    request.actor = counting
    page = flows.index(request).content.decode()
    assert "меньше 5" in page
    assert 'class="flow-chart"' not in page
    assert "learners/?" not in page


def test_an_empty_period_and_a_wrong_one_say_so(town: dict[str, Any]) -> None:  # noqa: F811
    client = b.browser(b.appointed("head", at=town["five"]))
    assert "никто не прибыл" in text_of(client, "/flows/?since=2020-01-01&until=2020-02-01")
    answer = client.get("/flows/?since=2026-02-01&until=2026-01-01")
    assert answer.status_code == 422
    assert "Период перевёрнут" in answer.content.decode()


def test_a_drawing_loses_nobody_and_its_bands_fill_its_ends() -> None:
    flows = [("А", "В", 30), ("А", "Г", 10), ("Б", "В", 20)]
    chart = charts.flow_chart(flows)
    assert chart is not None
    assert {(node.name, node.number) for node in chart.nodes} == {("А", 40), ("Б", 20), ("В", 50), ("Г", 10)}
    heights = {node.name: float(node.height) for node in chart.nodes}
    assert abs(heights["А"] - 2 * heights["Б"]) < 0.2
    assert sorted(band.title for band in chart.bands) == ["А → В: 30", "А → Г: 10", "Б → В: 20"]
    assert charts.flow_chart([]) is None


def test_the_region_has_a_map_of_tiles(town: dict[str, Any]) -> None:  # noqa: F811
    client = b.browser(b.appointed("ministry"))
    page = text_of(client, f"/flows/?{PERIOD}")
    assert 'class="tiles"' in page
    assert date(2025, 9, 1).strftime("%d.%m.%Y") in page
