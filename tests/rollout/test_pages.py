"""The pages of the rollout: league, map, trend, the plan and its refusals, reminders on the first page, a workbook."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from python_calamine import load_workbook

from kontingent.kernel import clock
from kontingent.rollout import jobs
from kontingent.rollout.models import PlanLine
from tests import builders as b
from tests.reports.test_completeness import region

__all__ = ["region"]
pytestmark = pytest.mark.django_db


def test_the_ministry_sets_a_plan_and_sees_who_is_late(region: dict[str, Any]) -> None:
    today, lysva = clock.today(), region["lysva"]
    ministry = b.browser(b.appointed("ministry"))
    empty = ministry.get("/stages/rollout/").content.decode()
    assert "Счёта на этот день ещё нет" in empty
    jobs.count(today - timedelta(1))
    jobs.count(today)
    asked = {
        "stage": "1",
        "municipality": lysva.id,
        "target": 100,
        "due_on": today,
        "basis": "Приказ <b>№ 1</b>",
        "act": "set",
    }
    refused = ministry.post("/stages/rollout/plan/", asked | {"target": "много"})
    assert refused.status_code == 422
    assert "от 1 до 100" in refused.content.decode()
    assert not PlanLine.objects.exists()
    assert ministry.post("/stages/rollout/plan/", asked).status_code == 302
    PlanLine.objects.update(due_on=today - timedelta(3))
    told = ministry.get("/stages/rollout/plan/").content.decode()
    assert "Приказ &lt;b&gt;№ 1" in told
    assert "срок прошёл" in told
    league = ministry.get("/stages/rollout/").content.decode()
    assert 'class="badge no">просрочено' in league
    assert league.count('class="tile ') == 2
    assert "trend-line" in league
    assert f"municipality={lysva.id}" in league
    inside = ministry.get(f"/stages/rollout/?municipality={lysva.id}").content.decode()
    assert "Школа № 3" in inside
    assert "Школа № 1" not in inside
    first = ministry.get("/").content.decode()
    assert "просрочено" in first
    saved = ministry.get("/stages/rollout/file.xlsx")
    rows = load_workbook(io.BytesIO(saved.content)).get_sheet_by_index(0).to_python()
    assert rows[0][0] == "Муниципалитет"
    assert {row[0] for row in rows[1:]} == {lysva.name, region["schools"][0].municipality.name}
    assert next(row for row in rows if row[0] == lysva.name)[10] == "просрочено"
    assert ministry.get("/stages/rollout/file.exe").status_code == 404
    withdrawn = ministry.post("/stages/rollout/plan/", asked | {"act": "withdraw"})
    assert withdrawn.status_code == 302
    assert "просрочено" not in ministry.get("/stages/rollout/").content.decode()


def test_a_school_sees_itself_is_reminded_and_may_not_plan(region: dict[str, Any]) -> None:
    today, school = clock.today(), region["schools"][0]
    jobs.count(today)
    PlanLine.objects.create(
        stage="1",
        due_on=today + timedelta(3),
        target=100,
        basis="Приказ № 1",
        recorded_at=clock.now(),
        recorded_by="М",
    )
    operator = b.browser(b.appointed("operator", at=school))
    page = operator.get("/stages/rollout/").content.decode()
    assert "Школа № 1" in page
    assert "Школа № 2" not in page
    assert f"/stages/missing/?organisation={school.id}" in page
    first = operator.get("/").content.decode()
    assert "срок подходит" in first
    assert 'href="/stages/missing/?stage=1"' in first
    assert "Место рождения –" in first
    for_all = operator.get("/stages/rollout/plan/").content.decode()
    assert "Приказ № 1" in for_all
    assert "Записать план" not in for_all
    posted = operator.post(
        "/stages/rollout/plan/", {"stage": "1", "target": 1, "due_on": today, "basis": "П", "act": "set"}
    )
    assert posted.status_code == 403
    assert PlanLine.objects.count() == 1
    security = b.browser(b.appointed("security"))
    assert security.get("/stages/rollout/").status_code == 403
    assert security.get("/stages/rollout/file.csv").status_code == 403
