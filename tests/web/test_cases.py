"""The pages of cases, as a municipality, two schools and the ministry use them."""

from __future__ import annotations

import os
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from kontingent.enrolment import actions as enrolment
from kontingent.enrolment.codes import MovementKind, OrderKind
from kontingent.enrolment.models import Order
from kontingent.kernel import clock
from kontingent.trajectory.cases import actions, finding
from kontingent.trajectory.cases.models import Case, CaseDocument, CaseStep, RuleEdition
from tests import builders as b
from tests.portfolio import papers

pytestmark = pytest.mark.django_db


@pytest.fixture
def town() -> dict[str, Any]:
    """Вера left for a school of the town and is nowhere; school № 7 is about to enrol Борис, who studies in № 5."""
    school, other = b.school("Школа № 5"), b.school("Школа № 7")
    at = b.group(school, "5А")
    vera, boris = (
        b.person("Лыкова Вера Ильинична", born=date(2014, 3, 3)),
        b.person("Орлов Борис Ильич", born=date(2014, 3, 4)),
    )
    stream = b.admitted(vera, at)
    b.admitted(boris, at)
    b.left(vera, stream, school, on=date(2025, 11, 1), reason="T1")
    draft = enrolment.draft_order(actor=b.ROOT, organisation_id=other.id, kind=OrderKind.ADMISSION)
    line = enrolment.LineDraft(
        person_id=boris,
        kind=MovementKind.ADMISSION,
        effective_on=clock.today(),
        group_id=b.group(other, "5Б").id,
    )
    enrolment.add_lines(actor=b.ROOT, order_id=draft.id, lines=[line])
    Order.objects.filter(pk=draft.id).update(created_at=clock.now() - timedelta(days=6))
    finding.find()
    return {
        "municipal": b.browser(b.appointed("municipal", where=school.municipality)), "school": b.browser(b.appointed("operator", at=school)),
        "other": b.browser(b.appointed("operator", at=other)), "ministry": b.browser(b.appointed("ministry")), "draft": draft,
        "teacher": b.browser(b.appointed("teacher", at=school, groups=(at.id,))),
        "lost": Case.objects.get(person_id=vera), "claimed": Case.objects.get(person_id=boris), "schools": (school, other),
    }  # fmt: skip


def told(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, answer.content.decode()[:2000]
    return str(answer.content.decode())


def test_a_municipality_closes_a_case_with_evidence(town: dict[str, Any]) -> None:
    """From the morning page to the closed case: it stays closed while the cause stands, and the act counts it."""
    client, address = town["municipal"], f"/cases/{town['lost'].id}/"
    morning = told(client, "/")
    assert "наших дел в работе: <strong>2</strong>" in morning
    assert f'href="{address}"' in morning
    assert client.post(address, {"act": "call", "text": "Мать: учится в Уфе"}).status_code == 302
    refused = client.post(address, {"act": "close", "evidence": " ", "text": "Уфа"})
    assert refused.status_code == 422
    assert "Реквизиты документа" in refused.content.decode()
    assert Case.objects.get(pk=town["lost"].pk).state == "open"
    form = {"act": "close", "evidence": "Справка № 14 школы № 3 г. Уфы", "text": "Зачислена с 05.11.2025"}
    assert client.post(address, form).status_code == 302
    page = told(client, address)
    assert "Справка № 14 школы № 3 г. Уфы" in page
    assert "Мать: учится в Уфе" in page
    assert finding.find().reopened == 0
    assert "Лыкова" not in told(client, "/cases/")
    assert "выбыл и нигде не учится" in told(client, "/cases/?coverage=1")
    assert "Лыкова" in told(client, "/cases/?state=closed")
    today = clock.today()
    act = client.get(f"/cases/act.pdf?quarter={today.year}-{(today.month - 1) // 3 + 1}")
    assert act.content.startswith(b"%PDF")


def test_evidence_lies_with_the_case_as_a_scan(town: dict[str, Any], tmp_path: Path, settings: Any) -> None:
    """A scan that may not be taken leaves the case open; a good one is kept with it, once, and given to whoever sees the case."""
    settings.FILES_DIR = tmp_path
    client, address = town["municipal"], f"/cases/{town['lost'].id}/"
    form = {"act": "close", "evidence": "Справка № 14 школы № 3 г. Уфы"}
    bad = client.post(address, {**form, "scan": SimpleUploadedFile("spravka.pdf", b"<html>")})
    assert bad.status_code == 422
    assert (Case.objects.get(pk=town["lost"].pk).state, CaseDocument.objects.count()) == ("open", 0)
    assert client.post(address, {"act": "attach"}).status_code == 422
    paper = papers.png()
    assert client.post(address, {**form, "scan": SimpleUploadedFile("spravka.png", paper)}).status_code == 302
    assert (
        client.post(address, {"act": "attach", "scan": SimpleUploadedFile("again.png", paper)}).status_code
        == 302
    )
    document = CaseDocument.objects.get()
    assert Case.objects.get(pk=town["lost"].pk).state == "closed"
    assert list(CaseStep.objects.filter(case=town["lost"]).order_by("id").values_list("kind", flat=True)) == [
        "opened",
        "document",
        "solved",
    ]
    found = client.get(f"{address}documents/{document.id}/")
    assert (found.content, found["Content-Type"]) == (paper, "image/png")
    assert "sandbox" in found["Content-Security-Policy"]
    told(town["other"], f"{address}documents/{document.id}/", 404)
    told(client, f"/cases/{town['claimed'].id}/documents/{document.id}/", 404)
    os.utime(next(tmp_path.glob("cases/??/*")), (0, 0))
    assert actions.sweep() == 0
    CaseDocument.objects.all().delete()
    assert actions.sweep() == 1


def test_two_schools_claim_one_child(town: dict[str, Any]) -> None:
    """The school where the child studies sees the case; when the other throws its draft away the case closes by itself."""
    address = f"/cases/{town['claimed'].id}/"
    page = told(town["school"], address)
    assert "претендуют две организации" in page
    assert "Школа № 5 и Школа № 7" in page
    told(town["other"], address, 404)
    handed = town["municipal"].post(
        address, {"act": "hand", "to": str(town["schools"][1].id), "text": "Подтвердите зачисление"}
    )
    assert handed.status_code == 302
    assert "Подтвердите зачисление" in told(town["other"], address)
    enrolment.discard_draft(actor=b.ROOT, order_id=town["draft"].id)
    assert finding.find().gone == 1
    assert "Закрыто само" in told(town["other"], address)


def test_the_queue_is_narrowed_saved_and_handed_in_bulk(town: dict[str, Any]) -> None:
    client = town["municipal"]
    assert "Орлов" not in told(client, "/cases/?rule=not_arrived")
    assert client.get("/cases/file.xlsx?rule=claimed_twice").content.startswith(b"PK")
    lines = client.get("/cases/file.csv?rule=claimed_twice").content.decode("utf-8-sig").splitlines()
    assert [line.split(";")[0] for line in lines] == ["Ребёнок", "Орлов Борис Ильич"]
    both = [str(town["lost"].id), str(town["claimed"].id)]
    for form in (
        {"act": "hand", "case": both},
        {"act": "hand", "case": both, "to": str(town["schools"][0].id)},
        {"act": "x", "case": both},
    ):
        assert client.post("/cases/many/", form).status_code == 422
    assert not Case.objects.filter(owner_organisation__isnull=False).exists()
    form = {"act": "hand", "case": both, "to": str(town["schools"][0].id), "reason": "Сходите домой"}
    assert client.post("/cases/many/", form).status_code == 302
    assert Case.objects.filter(owner_organisation=town["schools"][0]).count() == 2
    assert "дел в работе: <strong>2</strong>" in told(town["school"], "/")


def test_rules_are_the_ministrys(town: dict[str, Any]) -> None:
    form = {
        "rule": "not_arrived",
        "on": "yes",
        "wait": "30",
        "term": "10",
        "share": "0",
        "severity": "3",
        "owner": "municipality",
        "basis": "Приказ № 1",
    }
    assert town["municipal"].post("/cases/rules/", form).status_code == 403
    assert town["ministry"].post("/cases/rules/", {**form, "wait": "много"}).status_code == 422
    assert not RuleEdition.objects.exists()
    assert town["ministry"].post("/cases/rules/", form).status_code == 302
    assert "Приказ № 1, с" in told(town["school"], "/cases/rules/")
    told(town["teacher"], "/cases/", 403)
    told(town["municipal"], "/cases/act.pdf?quarter=1999-1", 404)


def test_the_queue_costs_the_same_for_two_cases_and_for_fifty(
    town: dict[str, Any], django_assert_max_num_queries: Any
) -> None:
    child = town["lost"].person_id
    Case.objects.bulk_create(
        Case(
            rule="left_nowhere", person_id=child, key=str(n), organisation=town["schools"][0], severity=1, since=date(2025, 9, 1),
            opened_on=clock.today(), due_on=clock.today(),
        )
        for n in range(50)
    )  # fmt: skip
    with django_assert_max_num_queries(45):
        told(town["school"], "/cases/")
