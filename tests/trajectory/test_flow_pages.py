"""The pages of flows: numbers, drawing and map say the same, files too; small numbers and strangers are kept back."""

from __future__ import annotations

import re
from datetime import date
from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from python_calamine import CalamineWorkbook

from kontingent.codelists import actions as codelists
from kontingent.trajectory.cases import finding
from kontingent.web import charts
from kontingent.web.templatetags.kontingent import territory
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


def test_the_overview_tells_what_the_pages_behind_it_tell(town: dict[str, Any]) -> None:  # noqa: F811
    """Who came and left, levels, places beyond the region, cases and coverage on one page; each number leads on."""
    ministry = b.browser(b.appointed("ministry"))
    finding.find()
    page = text_of(ministry, f"/flows/overview/?{PERIOD}")
    assert 'class="tiles"' in page
    perm = town["five"].municipality_id
    assert (
        f'href="/flows/?since=2025-09-01&amp;until=2026-08-31&amp;by=organisation&amp;municipality={perm}"'
        in page
    )
    assert re.search(
        r"Пермский городской округ</a></th><td class=\"num\">1</td><td class=\"num\">2</td>", page
    )
    assert "г. Уфа, Башкортостан" in page
    (address,) = re.findall(rf'href="(/flows/learners/\?[^"]*source={perm}[^"]*other_region[^"]*)"', page)
    assert "Кунгурцев" in text_of(ministry, address.replace("&amp;", "&"))
    levels = text_of(ministry, f"/flows/overview/levels/?{PERIOD}")
    assert "5–9 классы" in levels
    assert 'class="bars"' in levels
    covered = text_of(ministry, f"/flows/overview/coverage/?{PERIOD}")
    (address,) = re.findall(r'href="(/flows/coverage/learners/\?[^"]*state=other_region)"', covered)
    assert "Кунгурцев" in text_of(ministry, address.replace("&amp;", "&"))
    assert ministry.get("/flows/overview/nothing/").status_code == 404
    book = CalamineWorkbook.from_filelike(
        BytesIO(ministry.get(f"/flows/overview/file.xlsx?{PERIOD}").content)
    )
    assert book.sheet_names == [
        "По территориям", "По уровням", "Потоки", "Охват", "Куда выбыли из края", "Дела по правилам", "Дела по территориям",
    ]  # fmt: skip
    rows = {row[0]: row[1:4] for row in book.get_sheet_by_name("По территориям").to_python()}
    assert rows["Пермский городской округ"] == [1, 2, -1]
    assert [row[2] for row in book.get_sheet_by_name("Куда выбыли из края").to_python()[1:]] == [1]


def test_the_overview_of_a_municipality_is_its_own(town: dict[str, Any]) -> None:  # noqa: F811
    lysva = b.browser(b.appointed("municipal", where=town["lysva"].municipality))
    page = text_of(lysva, f"/flows/overview/?{PERIOD}")
    assert "За этот период из края никто не выбыл" in page
    assert "Школа № 7" not in page
    assert "Кунгурцев" not in page
    narrowed = text_of(
        b.browser(b.appointed("ministry")),
        f"/flows/overview/?{PERIOD}&municipality={town['lysva'].municipality_id}",
    )
    assert "Лысьвенский округ" in narrowed
    teacher = b.browser(b.appointed("teacher", at=town["five"]))
    assert teacher.get("/flows/overview/").status_code == 403


def test_a_square_of_the_map_is_named_shortly() -> None:
    assert [territory(one) for one in ("Гайнский муниципальный округ", "Пермский городской округ (г. Пермь)",
        "Муниципальный округ город Березники", "Городской округ ЗАТО Звёздный", "Городской округ")] == [
        "Гайнский", "Пермь", "Березники", "Звёздный", "Городской округ",
    ]  # fmt: skip
