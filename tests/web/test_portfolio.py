"""The pages of achievements: a family proposes with a scan, a school decides, others find nothing."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from kontingent.achievements.portfolio import queries
from kontingent.achievements.portfolio.models import Achievement, ContestFile, Scan
from kontingent.codelists import actions as codelists
from kontingent.exchange.contests import receiving
from kontingent.kernel import clock
from kontingent.kernel.school_year import SchoolYear
from kontingent.persons.models import Person, Representation
from kontingent.stages.models import StageOrder
from tests import builders as b
from tests.portfolio.papers import EXE, png

pytestmark = pytest.mark.django_db


@pytest.fixture
def town(tmp_path: Path, settings: Any) -> dict[str, Any]:
    settings.FILES_DIR = tmp_path
    codelists.load_all()
    year = SchoolYear.of(clock.today())
    here = b.municipality()
    school, other = b.school("Школа № 5", where=here), b.school("Школа № 7", where=here)
    group = b.group(school, "5А", year=year.begins_in)
    anna = b.person("Мальцева Анна Павловна")
    b.admitted(anna, group, on=year.starts_on)
    mother = b.person("Мальцева Ольга Ивановна", born=date(1985, 1, 1), snils=b.snils_of(77))
    Representation.objects.create(child_id=anna, adult_id=mother, kind_code="1", starts_on=date(2014, 6, 1))
    StageOrder.objects.create(
        stage="3", opens=True, municipality=here, starts_on=date(2025, 9, 1), number="1", dated=date(2025, 9, 1),
        recorded_at=clock.now(), recorded_by="Проверка",
    )  # fmt: skip
    return {
        "anna": anna, "group": group, "family": b.client_of(b.snils_of(77), name="Мальцева Ольга Ивановна"),
        "secretary": b.browser(b.appointed("operator", at=school)), "stranger": b.browser(b.appointed("operator", at=other)),
        "teacher": b.browser(b.appointed("teacher", at=school, groups=(group.id,))),
    }  # fmt: skip


def told(client: Any, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, answer.content.decode()
    return str(answer.content.decode())


def form(**facts: Any) -> dict[str, Any]:
    usual = {
        "kind_code": "200", "title": "Конкурс <чтецов>", "happened_on": clock.today().isoformat(), "level_code": "400",
        "result_code": "winner", "place": "1",
    }  # fmt: skip
    return usual | facts


def test_from_the_family_to_the_printed_portfolio(town: dict[str, Any]) -> None:
    page = f"/portfolio/{town['anna']}/"
    paper = SimpleUploadedFile("диплом.png", png())
    assert town["family"].post(f"{page}propose/", form(scan=paper)).status_code == 302
    assert "Ждут решения школы: 1" in told(town["family"], page)
    assert "Конкурс &lt;чтецов&gt;" in told(town["secretary"], "/portfolio/inbox/")
    one = Achievement.objects.get()
    deeds = f"/portfolio/one/{one.pk}/"
    assert "снимок (png" in told(town["secretary"], deeds)
    assert "Забрать предложение" in told(town["family"], deeds)
    decision = form(act="accept", v_level_code="corrected", level_code="300", verified="on", version="1")
    refused = town["secretary"].post(deeds, decision)
    assert refused.status_code == 422
    assert "Уровень: напишите причину" in refused.content.decode()
    answer = town["secretary"].post(deeds, decision | {"r_level_code": "в дипломе <город>"})
    assert answer.status_code == 302
    assert "в дипломе &lt;город&gt;" in told(town["family"], page)
    assert "исправлено" in told(town["family"], deeds)
    assert "Предложила семья" in told(town["secretary"], deeds)
    assert "Прежде" in told(town["secretary"], deeds)
    assert "подлинник сверен" in told(town["family"], page)
    answer = town["family"].get(f"{page}portfolio.pdf")
    assert answer.content.startswith(b"%PDF")
    assert "Конкурс" in told(town["secretary"], "/portfolio/")
    assert "Конкурс" in told(town["secretary"], "/portfolio/file.csv")
    told(town["secretary"], "/portfolio/file.xls", 404)


def test_a_scan_is_saved_and_never_shown_in_a_page(town: dict[str, Any]) -> None:
    town["family"].post(f"/portfolio/{town['anna']}/propose/", form(scan=SimpleUploadedFile("a.png", png())))
    scan = f"/portfolio/scan/{Scan.objects.get().pk}/"
    answer = town["family"].get(scan)
    assert answer.content == png()
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Content-Security-Policy"].startswith("sandbox")
    assert answer["X-Content-Type-Options"] == "nosniff"
    told(town["stranger"], scan, 404)


def test_a_refused_scan_leaves_no_proposal(town: dict[str, Any], tmp_path: Path) -> None:
    page = f"/portfolio/{town['anna']}/propose/"
    answer = town["family"].post(page, form(scan=SimpleUploadedFile("диплом.pdf", EXE)))
    assert answer.status_code == 422
    assert "каким бы ни было имя файла" in answer.content.decode()
    assert "Конкурс &lt;чтецов&gt;" in answer.content.decode(), "what was typed stays"
    assert not Achievement.objects.exists()
    assert not list(tmp_path.glob("*/*"))
    assert town["family"].post(page, form(title="")).status_code == 422
    assert town["family"].post(page, form(place="первое")).status_code == 422
    assert town["family"].post(page, form(happened_on="")).status_code == 422
    assert not Achievement.objects.exists()


def test_500_megabytes_are_refused_before_they_are_read(town: dict[str, Any]) -> None:
    answer = town["family"].post(
        f"/portfolio/{town['anna']}/propose/",
        b"x",
        content_type="multipart/form-data; boundary=x",
        CONTENT_LENGTH=str(500_000_000),
    )
    assert answer.status_code in {400, 413}
    assert not Achievement.objects.exists()


def test_a_school_enters_for_a_team(town: dict[str, Any]) -> None:
    assert "Мальцева" in told(town["secretary"], f"/portfolio/new/?group={town['group'].id}")
    assert town["secretary"].post(f"/portfolio/new/?group={town['group'].id}", form()).status_code == 422
    assert (
        town["secretary"].post("/portfolio/new/", form(who=[str(town["anna"])], verified="on")).status_code
        == 302
    )
    one = Achievement.objects.get()
    assert (one.state, one.by_family) == ("accepted", False)
    deeds = f"/portfolio/one/{one.pk}/"
    for act, more in (("correct", form(place="2")), ("verify", {}), ("revoke", {"reason": "ошибка"})):
        assert town["secretary"].post(deeds, {"act": act, **more}).status_code == 302
    assert "Достижений пока нет" in told(town["family"], f"/portfolio/{town['anna']}/")


def test_strangers_and_viewers(town: dict[str, Any]) -> None:
    town["family"].post(f"/portfolio/{town['anna']}/propose/", form())
    deeds = f"/portfolio/one/{Achievement.objects.get().pk}/"
    told(town["stranger"], deeds, 404)
    told(town["stranger"], f"/portfolio/{town['anna']}/", 403)
    told(town["stranger"], f"/portfolio/{town['anna']}/portfolio.pdf", 403)
    assert "Конкурс" not in told(town["stranger"], "/portfolio/inbox/")
    for act in ("accept", "refuse", "correct", "verify", "revoke", "attach", "detach", "withdraw"):
        assert (
            town["stranger"]
            .post(
                deeds,
                form(
                    act=act, reason="так", scan=SimpleUploadedFile("a.png", png()), scan_id=str(town["anna"])
                ),
            )
            .status_code
            == 404
        )
    told(town["teacher"], f"/portfolio/{town['anna']}/")
    told(town["teacher"], "/portfolio/inbox/", 403)
    assert town["secretary"].post(deeds, {"act": "other"}).status_code == 422
    assert town["family"].post(deeds, {"act": "accept"}).status_code in {403, 404, 422}
    assert Achievement.objects.get().state == "proposed"
    assert not Scan.objects.exists()


def test_a_class_teacher_sees_the_class_and_its_papers(town: dict[str, Any]) -> None:
    town["family"].post(f"/portfolio/{town['anna']}/propose/", form(scan=SimpleUploadedFile("a.png", png())))
    one = Achievement.objects.get()
    town["secretary"].post(f"/portfolio/one/{one.pk}/", form(act="accept"))
    assert "Конкурс" in told(town["teacher"], "/portfolio/")
    told(town["teacher"], f"/portfolio/one/{one.pk}/")
    assert town["teacher"].get(f"/portfolio/scan/{Scan.objects.get().pk}/").content == png()


def test_a_file_holds_more_than_a_page(town: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "PAGE", 1)
    for title in ("Первый", "Второй", "Третий"):
        assert (
            town["secretary"].post("/portfolio/new/", form(title=title, who=[str(town["anna"])])).status_code
            == 302
        )
    assert all(
        title in told(town["secretary"], "/portfolio/file.csv") for title in ("Первый", "Второй", "Третий")
    )


def test_a_file_of_results_is_shown_applied_and_undone(town: dict[str, Any]) -> None:
    today = f"{clock.today():%d.%m.%Y}"
    content = (
        "ФИО;Дата рождения;Мероприятие;Дата;Уровень;Место\n"
        f"Мальцева Анна Павловна;{Person.objects.get(pk=town['anna']).birth_date:%d.%m.%Y};Конкурс <чтецов>;{today};краевой;1\n"
        f"Никто Иван Ильич;01.01.2012;Конкурс <чтецов>;{today};краевой;2\n"
    ).encode()

    def sent(client: Any, **other: Any) -> Any:
        file = SimpleUploadedFile("итоги.csv", content)
        return client.post("/portfolio/files/", {"kind": "contest", "file": file, "verified": "on"} | other)

    assert sent(town["secretary"], kind="").status_code == 422
    assert sent(town["teacher"]).status_code == 403
    assert not ContestFile.objects.exists()
    assert "Загрузить итоги таблицей" in told(town["secretary"], "/portfolio/")
    page = sent(town["secretary"]).headers["Location"]
    one = ContestFile.objects.get()
    assert "hx-get" in told(town["secretary"], page)
    receiving.read(one.id)
    shown = told(town["secretary"], page)
    assert "Конкурс &lt;чтецов&gt;, " in shown
    assert "Такого человека нет в реестре или он не учится в ваших организациях" in shown
    told(town["stranger"], page, 404)
    assert town["secretary"].get(f"{page}refused.xlsx").status_code == 200
    assert town["stranger"].post(f"{page}apply/").status_code == 404
    town["secretary"].post(f"{page}apply/")
    receiving.apply(one.id)
    assert Achievement.objects.get().person_id == town["anna"]
    assert town["secretary"].get(f"{page}progress/").status_code == 204
    assert "Конкурс" in told(town["family"], f"/portfolio/{town['anna']}/")
    town["stranger"].post(f"{page}undo/")
    assert Achievement.objects.exists()
    assert "убрано 1" in town["secretary"].post(f"{page}undo/", follow=True).content.decode()
    assert not Achievement.objects.exists()
