"""Pages of the diary, the sheet, quality and attention: who sees what, what is refused, what it costs, what is printed."""

from __future__ import annotations

import io
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pypdf import PdfReader
from python_calamine import load_workbook

from kontingent.audit.models import Entry
from kontingent.performance.models import Mark
from kontingent.persons.models import Person
from tests import builders as b
from tests.performance import records as r
from tests.web.test_pages import MOST_STATEMENTS, signed_in, town

__all__ = ["town"]
pytestmark = pytest.mark.django_db
TUESDAY = date(2026, 11, 24)
MATHS, RUSSIAN = "s09", "s01"


@pytest.fixture
def school(town: dict[str, Any]) -> dict[str, Any]:
    """The town with a lesson, marks and a debt of Анна, and as much of Олег in the other school."""
    for who, at in ((town["anna"], town["mine"]), (town["oleg"], town["other"])):
        r.lesson(at, TUESDAY, 2, MATHS, "Дроби <b>", homework="№ 5 & 6", teacher_name="Тиунова В. П.")
        r.mark(
            who,
            at,
            TUESDAY,
            MATHS,
            "2",
            lesson_number=2,
            weight="1.5",
            work_code="test",
            comment="Не списывай",
        )
        r.absence(who, at, date(2026, 11, 25), RUSSIAN, "о", minutes=7)
        r.closing(who, at, date(2026, 10, 24), MATHS, "3")
        r.closing(who, at, date(2026, 5, 26), MATHS, "2", kind="year", period="20")
    return town


def text_of(answer: Any) -> str:
    return " ".join(
        " ".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages).split()
    )


def test_a_family_reads_a_week(school: dict[str, Any]) -> None:
    shown = signed_in(school, "representative").get(f"/diary/{school['anna']}/?on={TUESDAY}").content.decode()
    for told in (
        "Дроби &lt;b&gt;",
        "№ 5 &amp; 6",
        "Тиунова В. П.",
        "Тест, вес 1,5",
        "Не списывай",
        "Опоздание, 7 мин",
    ):
        assert told in shown, told
    empty = signed_in(school, "learner").get(f"/diary/{school['anna']}/?on=2026-12-20").content.decode()
    assert "Последняя неделя с отметками – 24.11.2026" in empty


@pytest.mark.parametrize("role", ["representative", "learner", "operator"])
def test_a_day_in_the_order_of_its_lessons(school: dict[str, Any], role: str) -> None:
    anna, client = school["anna"], signed_in(school, role)
    r.lesson(school["mine"], TUESDAY, 1, RUSSIAN, "Глагол", homework="Упр. 12")
    r.lesson(school["mine"], date(2026, 11, 25), 1, RUSSIAN, "Наречие")
    answer = client.get(f"/diary/{anna}/day/?on={TUESDAY}")
    shown = answer.content.decode()
    for told in (
        "Вторник, 24 ноября 2026",
        "Уроков: 2.",
        "«2» – 1",
        "Дроби &lt;b&gt;",
        "№ 5 &amp; 6",
        "Тест, вес 1,5",
        "Не списывай",
    ):
        assert told.lower() in shown.lower(), told
    assert shown.index("Глагол") < shown.index("Дроби")
    assert "Наречие" not in shown
    assert f"/diary/{anna}/?on=2026-11-24" in shown, "the week of the day"
    assert "?on=2026-11-23" in shown
    assert "?on=2026-11-25" in shown
    assert f"/diary/{anna}/day/?on=2026-11-24" in client.get(f"/diary/{anna}/?on={TUESDAY}").content.decode()
    late = client.get(f"/diary/{anna}/day/?on=2026-11-25").content.decode()
    assert "Опоздание, 7 мин" in late
    assert "Опоздание – 1." in late
    noted = Entry.objects.get(request_id=answer.headers["X-Request-Id"], kind__startswith="read.")
    assert (noted.subjects, noted.data["what"]) == ([anna], "дневник")


def test_a_day_without_lessons_leads_on(school: dict[str, Any]) -> None:
    client = signed_in(school, "learner")
    saturday = client.get(f"/diary/{school['anna']}/day/?on=2026-11-28").content.decode()
    assert "ничего нет" in saturday
    assert "Последний день с отметками – 24.11.2026" in saturday
    assert "?on=2026-11-30" in saturday, "Sunday is left out"
    monday = client.get(f"/diary/{school['anna']}/day/?on=2026-11-30").content.decode()
    assert "?on=2026-11-28" in monday


@pytest.mark.parametrize("page", ["", "day/", "results/", "vedomost.pdf", "spravka.pdf"])
def test_nobody_reads_a_stranger(school: dict[str, Any], page: str) -> None:
    before = Mark.objects.count()
    for role, said in (
        ("representative", "не о вашем ребёнке"),
        ("operator", "карточка вам недоступна"),
        ("security", "Действие недоступно"),
    ):
        answer = signed_in(school, role).get(f"/diary/{school['oleg']}/{page}")
        assert answer.status_code == 403, role
        assert said in answer.content.decode(), role
        assert "Тиунов Олег" not in answer.content.decode()
    assert not Entry.objects.filter(subjects=[school["oleg"]], kind__startswith="read.").exists()
    assert Mark.objects.count() == before


@pytest.mark.parametrize("asked", ["on=0001-01-01", "on=9999-12-31", "year=0", "year=999999999", "year=x"])
def test_odd_days_and_years_are_bounded(school: dict[str, Any], asked: str) -> None:
    client = signed_in(school, "operator")
    for address in (
        f"/diary/{school['anna']}/",
        f"/diary/{school['anna']}/day/",
        f"/diary/{school['anna']}/results/",
        "/performance/",
        "/performance/attention/",
        f"/groups/{school['mine'].id}/performance/",
        f"/groups/{school['mine'].id}/sheet/",
    ):
        assert client.get(f"{address}?{asked}").status_code == 200, address


def test_the_year_and_its_documents(school: dict[str, Any]) -> None:
    client = signed_in(school, "representative")
    shown = client.get(f"/diary/{school['anna']}/results/?year=2026").content.decode()
    for told in (
        "требует внимания",
        "взвешенное среднее",
        "ниже 2,50",
        "1-я четверть",
        "2025/26",
        "Опоздание: 1",
    ):
        assert told in shown, told
    statement = text_of(client.get(f"/diary/{school['anna']}/vedomost.pdf?year=2026"))
    for told in (
        "Ведомость успеваемости",
        "Мальцева Анна Павловна",
        "2026/27",
        "Математика",
        "2,00",
        "МАОУ «Школа № 5»",
        "класс 5А",
    ):
        assert told in statement, told
    certificate = text_of(client.get(f"/diary/{school['anna']}/spravka.pdf?year=2026"))
    assert "Справка об успеваемости" in certificate
    assert "Текущие отметки" not in certificate
    assert "класс 5А, имеет за 2026/27 учебный год следующие отметки" in certificate
    empty = text_of(client.get(f"/diary/{school['anna']}/spravka.pdf?year=2019"))
    assert "Отметок за этот год в журнале нет" in empty
    assert "следующие отметки" not in empty
    assert set(Entry.objects.filter(kind="read.family").values_list("data__what", flat=True)) >= {
        "ведомость успеваемости", "справка об успеваемости",
    }  # fmt: skip


def test_markup_in_a_name_is_only_text_in_a_document(school: dict[str, Any]) -> None:
    Person.objects.filter(pk=school["anna"]).update(given_name="#panic() *Анна* $x$")
    assert "#panic() *Анна* $x$" in text_of(
        signed_in(school, "operator").get(f"/diary/{school['anna']}/vedomost.pdf")
    )


def test_the_class_teacher(school: dict[str, Any]) -> None:
    client, mine = signed_in(school, "teacher"), school["mine"].id
    assert client.get("/performance/").headers["Location"] == f"/groups/{mine}/performance/"
    results = client.get(f"/groups/{mine}/performance/").content.decode()
    assert "Мальцева Анна Павловна" in results
    assert "Правило: средний балл ниже 2,50" in results
    sheet = client.get(
        f"/groups/{mine}/sheet/?subject={MATHS}&from=2026-11-01&to=2026-11-30"
    ).content.decode()
    assert "24.11" in sheet
    assert 'title="Тест, вес 1,5">2</span>' in sheet
    assert '<td class="num slip">2,00</td>' in sheet
    assert client.get(f"/groups/{school['other'].id}/sheet/").status_code == 403
    assert client.get("/performance/attention/").status_code == 403
    book = load_workbook(
        io.BytesIO(client.get(f"/groups/{mine}/sheet/file.xlsx?subject={MATHS}&from=2026-11-01").content)
    )
    rows = book.get_sheet_by_index(0).to_python()
    assert rows[0][:2] == ["Ученик", "24.11"]
    assert rows[1][:3] == ["Мальцева Анна Павловна", "2", 2.0]
    assert client.get(f"/groups/{mine}/performance/file.pdf").status_code == 404


def test_the_head_teacher(school: dict[str, Any]) -> None:
    client = signed_in(school, "head")
    attention = client.get("/performance/attention/").content.decode()
    assert "Мальцева Анна Павловна" in attention
    assert "Академическая задолженность (1)" in attention
    assert "Задолженностей нет" in client.get("/performance/attention/?grade=11").content.decode()
    lines = client.get("/performance/attention/file.csv").content.decode("utf-8-sig").splitlines()
    assert [line.split(";")[3] for line in lines[1:]] == ["требует внимания", "задолженность"]
    refused = client.get(f"/performance/attention/?organisation={school['seven'].id}")
    assert refused.status_code == 403
    assert "Тиунов" not in refused.content.decode()
    assert (
        "Тиунов"
        not in client.get(f"/performance/?organisation={school['seven'].id}&by=class").content.decode()
    )


def test_quality_goes_up_to_the_region_and_hides_the_few(school: dict[str, Any]) -> None:
    from demo.marks import periods
    from kontingent.performance import actions

    actions.set_periods(actor=b.ROOT, school_year=2026, periods=periods(2026))
    own = signed_in(school, "head").get("/performance/?column=1").content.decode()
    assert f"/groups/{school['mine'].id}/performance/" in own
    assert "мало учеников" not in own
    for role in ("municipal", "ministry"):
        shown = signed_in(school, role).get("/performance/?column=1").content.decode()
        assert "мало учеников, не показано" in shown, role
        assert "Всего" not in shown
    file = signed_in(school, "ministry").get("/performance/file.csv?column=1").content.decode("utf-8-sig")
    assert "скрыто;скрыто;скрыто" in file
    for letter in "абвгде":
        who: UUID = b.person(f"Гилёв Пётр{letter} Ильич")
        for at in (school["mine"], school["other"]):
            r.closing(who, at, date(2026, 10, 24), MATHS, "4")
    region = signed_in(school, "ministry").get("/performance/?column=1").content.decode()
    assert region.count('class="level-fill-1"') == 2
    assert "Всего" in region


def test_pages_cost_few_statements(school: dict[str, Any]) -> None:
    client: Client = signed_in(school, "operator")
    for address in (
        f"/diary/{school['anna']}/",
        f"/diary/{school['anna']}/day/",
        f"/diary/{school['anna']}/results/",
        f"/groups/{school['mine'].id}/sheet/",
        f"/groups/{school['mine'].id}/performance/",
        "/performance/",
        "/performance/attention/",
    ):
        with CaptureQueriesContext(connection) as asked:
            assert client.get(address).status_code == 200, address
        number = len([one for one in asked.captured_queries if not b.is_bookkeeping(one["sql"])])
        assert number <= MOST_STATEMENTS, (address, number)
