"""The pages of sources: a municipality makes one from a sample, tries, keeps, runs it and sees the marks in the diary."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from kontingent.audit.models import Entry
from kontingent.exchange.journals import jobs
from kontingent.exchange.journals.models import (
    JournalBatch,
    JournalSource,
    MappingVersion,
    RefusedRow,
    RunFinding,
    SourceRun,
)
from kontingent.exchange.journals.sources import running
from kontingent.kernel import clock
from kontingent.performance.codes import Refusal
from kontingent.performance.models import Mark
from kontingent.performance.rules import TOLD
from tests import builders as b
from tests.exchange.journals.sources.test_running import HEAD, MAPPING, row

pytestmark = pytest.mark.django_db


@pytest.fixture
def town(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    settings.JOURNAL_FOLDERS = str(tmp_path)
    asked: list[Any] = []
    monkeypatch.setattr(jobs, "ask", lambda *how: asked.append(how) or True)  # type: ignore[func-returns-value]
    monkeypatch.setattr(jobs.again, "defer", lambda **how: asked.append(how))
    school, far = b.school("Школа № 5"), b.school("Школа № 9", where=b.municipality("far", "Дальний округ"))
    anna = b.person("Мальцева Анна Павловна")
    b.admitted(anna, b.group(school, "5А"))
    return {
        "school": school, "anna": anna, "asked": asked,
        "municipal": b.browser(b.appointed("municipal", where=school.municipality)),
        "stranger": b.browser(b.appointed("municipal", where=far.municipality)),
        "operator": b.browser(b.appointed("operator", at=school)), "teacher": b.browser(b.appointed("teacher", at=school, groups=())),
    }  # fmt: skip


def told(client: Any, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, address
    return str(answer.content.decode())


def form(school: Any, **facts: str) -> dict[str, str]:
    usual = {
        "title": "Журнал школы",
        "code": "school-5",
        "adapter": "folder",
        "ogrn": school.ogrn,
        "every_minutes": "15",
    }
    return usual | facts


def sample(text: str) -> SimpleUploadedFile:
    return SimpleUploadedFile("выгрузка.csv", text.encode())


def made(town: dict[str, Any]) -> JournalSource:
    answer = town["municipal"].post("/sources/", form(town["school"]))
    source = JournalSource.objects.get()
    assert answer.headers["Location"] == f"/sources/{source.pk}/mapping/"
    return source


def test_from_a_sample_to_the_diary(town: dict[str, Any]) -> None:
    assert "Источников в вашей области нет" in told(town["municipal"], "/sources/")
    source, municipal = made(town), town["municipal"]
    address = f"/sources/{source.pk}/mapping/"
    assert "web2edu" in told(municipal, address)
    text = (
        HEAD
        + row()
        + f"Мальцева Анна;5А;{clock.today() + timedelta(days=400):%d.%m.%Y};Математика;5\n;5А;вчера;Математика;5\n"
    )
    answer = municipal.post(address, {"text": MAPPING, "act": "try", "file": sample(text)})
    shown = answer.content.decode()
    assert answer.status_code == 200
    assert "узнаны по классу и имени: 1" in shown
    assert "ячейка C4" in shown, "which is no date"
    assert "Мальцева Анна, 5А" in shown
    noted = Entry.objects.get(request_id=answer.headers["X-Request-Id"], kind="read.compare")
    assert noted.subjects == [town["anna"]]
    assert not MappingVersion.objects.exists(), "trying keeps nothing"
    assert municipal.post(address, {"text": MAPPING, "act": "keep"}).status_code == 302
    page = f"/sources/{source.pk}/"
    assert municipal.post(page, {"act": "file", "file": sample(text)}).status_code == 302
    assert municipal.post(page, {"act": "run"}).status_code == 302
    assert town["asked"][0][0] == source.pk
    JournalSource.objects.filter(pk=source.pk).update(settings={"quiet_seconds": 0})
    run = running.run(source.pk, asked_by_name="Специалист")
    assert run is not None
    assert (run.taken, run.unread) == (1, 1)
    seen = told(municipal, page)
    assert "успешно" in seen
    assert "ячейка C4" in seen
    assert "успешно" in told(town["operator"], page), "the school sees how its journal fares"
    assert Mark.objects.get().person_id == town["anna"]
    assert "Математика" in told(town["operator"], f"/diary/{town['anna']}/")


def test_a_stranger_sees_and_does_nothing(town: dict[str, Any]) -> None:
    source = made(town)
    run = SourceRun.objects.create(source=source, started_at=clock.now(), state="done")
    RunFinding.objects.create(run=run, place="ячейка B2", value="Тайна", code="x", message="Исправьте")
    assert "Тайна" in told(town["municipal"], f"/sources/{source.pk}/")
    assert "Журнал школы" not in told(town["stranger"], "/sources/")
    before = list(JournalSource.objects.values())
    for address in (f"/sources/{source.pk}/", f"/sources/{source.pk}/mapping/"):
        assert "Тайна" not in told(town["stranger"], address, 404)
        for act in ("run", "retake", "file", "change", "try", "keep", "take-up"):
            form_of = {"act": act, "text": MAPPING, "file": sample(HEAD), "number": "1"}
            assert town["stranger"].post(address, form_of).status_code == 404
            assert town["teacher"].post(address, {**form_of, "file": sample(HEAD)}).status_code == 403
    assert town["stranger"].post("/sources/", form(town["school"], code="mine")).status_code == 403
    assert town["teacher"].get("/sources/").status_code == 403
    assert list(JournalSource.objects.values()) == before
    assert not MappingVersion.objects.exists()
    assert town["asked"] == []


@pytest.mark.parametrize(
    ("act", "text"),
    [
        ({"act": "try", "text": MAPPING}, "Образец не выбран"), ({"act": "try", "text": "code ="}, "Образец не выбран"),
        ({"act": "keep", "text": "code = 5"}, "Описание файлов не читается"), ({"act": "keep", "text": ""}, "не читается"),
        ({"act": "x", "text": MAPPING}, "Попробовать"),
    ],
)  # fmt: skip
def test_a_refusal_keeps_what_was_typed_and_nothing_else(
    town: dict[str, Any], act: dict[str, str], text: str
) -> None:
    source = made(town)
    answer = town["municipal"].post(f"/sources/{source.pk}/mapping/", act)
    assert answer.status_code == 422
    assert text in answer.content.decode()
    assert not MappingVersion.objects.exists()


def test_refusals_of_the_card_and_of_making_change_nothing(town: dict[str, Any]) -> None:
    source, municipal = made(town), town["municipal"]
    page = f"/sources/{source.pk}/"
    before = list(JournalSource.objects.values())
    for said in ({"act": "file"}, {"act": "file", "file": sample(HEAD)}, {}, {"act": "change", "version": "1", "every_minutes": "7"},
                 {"act": "change", "version": "1", "every_minutes": "15", "setting-quiet_seconds": "<b>"},
                 {"act": "change", "version": "9", "every_minutes": "15"}):  # fmt: skip
        answer = municipal.post(page, said)
        assert answer.status_code == 422, said
        assert "<b>&lt;" not in answer.content.decode()
        assert "«<b>»" not in answer.content.decode()
    for said in (form(town["school"]), form(town["school"], code="два слова"), form(town["school"], code="b", adapter="web3"),
                 form(town["school"], code="b", every_minutes="x"), form(town["school"], code="b", title=" ")):  # fmt: skip
        assert municipal.post("/sources/", said).status_code in {404, 422}, said
    assert list(JournalSource.objects.values()) == before


def test_the_card_changes_the_schedule_and_the_list_is_flat(
    town: dict[str, Any], django_assert_max_num_queries: Any
) -> None:
    source, municipal = made(town), town["municipal"]
    change = {
        "act": "change",
        "version": "1",
        "every_minutes": "60",
        "is_on": "yes",
        "setting-quiet_seconds": "5",
    }
    assert municipal.post(f"/sources/{source.pk}/", change).status_code == 302
    source.refresh_from_db()
    assert (source.every_minutes, source.settings, source.version) == (
        60,
        {"quiet_seconds": 5, "needs_marker": False},
        2,
    )
    for number in range(5):
        municipal.post("/sources/", form(town["school"], code=f"more-{number}"))
    with django_assert_max_num_queries(22):
        page = told(municipal, "/sources/")
    assert page.count("не запускался") == 6


def test_a_school_looks_at_what_its_municipality_and_the_region_read_for_it(town: dict[str, Any]) -> None:
    municipal, operator = town["municipal"], town["operator"]
    municipal.post("/sources/", form(town["school"], ogrn="", municipality=town["school"].municipality.code, title="Журнал города"))  # fmt: skip
    city = JournalSource.objects.get()
    assert city.organisation_id is None
    run = SourceRun.objects.create(source=city, started_at=clock.now(), state="done", taken=41, refused=7)
    RunFinding.objects.create(run=run, place="ячейка B2", value="Тайна", code="x", message="Исправьте")
    listed = told(operator, "/sources/")
    assert "Журнал города" in listed
    assert "только просмотр" in listed
    assert "только просмотр" not in told(municipal, "/sources/")
    page = told(operator, f"/sources/{city.pk}/")
    assert "41" in page
    assert "Тайна" not in page, "what stands in a file of the whole town may be about anybody"
    assert "Прочитать сейчас" not in page
    assert "Сохранить" not in page
    assert "Тайна" in told(municipal, f"/sources/{city.pk}/")
    before = list(JournalSource.objects.values())
    for address in (f"/sources/{city.pk}/", f"/sources/{city.pk}/mapping/"):
        for act in ("run", "retake", "file", "change", "try", "keep", "take-up"):
            answer = operator.post(
                address, {"act": act, "text": MAPPING, "file": sample(HEAD), "number": "1"}
            )
            assert answer.status_code == 403, act
    assert "Этот источник ведёт" in told(operator, f"/sources/{city.pk}/mapping/", 403)
    assert list(JournalSource.objects.values()) == before
    assert not MappingVersion.objects.exists()
    assert town["asked"] == []
    assert "Журнал города" not in told(town["stranger"], "/sources/"), "of another municipality"
    JournalSource.objects.update(municipality=None)
    assert "весь регион" in told(town["stranger"], "/sources/")
    assert "Тайна" not in told(town["stranger"], f"/sources/{city.pk}/")


@pytest.mark.parametrize("code", ["subject", "learner", "value", "field"])
def test_what_to_do_about_refused_rows_is_said_to_a_person_not_to_a_program(
    town: dict[str, Any], code: str
) -> None:
    source, now = made(town), clock.now()
    refusal = next(one for one in Refusal if one.value.startswith(code))
    batch = JournalBatch.objects.create(
        journal=source.journal, key="k1", records="marks", school_year=2025, started_at=now, touched_at=now
    )  # fmt: skip
    RefusedRow.objects.create(
        batch=batch, journal=source.journal, records="marks", school_year=2025, number=1, code=refusal, refused_at=now
    )  # fmt: skip
    page = told(town["municipal"], f"/sources/{source.pk}/")
    assert TOLD[refusal].by_hand in page
    assert TOLD[refusal].remedy not in page
