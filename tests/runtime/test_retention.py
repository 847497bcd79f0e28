"""``kontingent retention``: says what is due, destroys it by an act and nothing without one."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import uuid4

import pytest
import time_machine

from kontingent.audit.models import Entry
from kontingent.exchange.journals.models import ChunkReceipt, JournalBatch, RefusedRow
from kontingent.kernel import clock
from kontingent.performance import actions, jobs
from kontingent.performance.models import Journal, LateCorrection
from runtime.retention import retention
from tests import builders as b
from tests.performance.test_years import EVERY_TABLE, partitions

pytestmark = pytest.mark.django_db


def test_years_go_by_an_act_with_what_was_kept_of_their_intake() -> None:
    actions.make_years(2000, 2025)
    journal = actions.connect_journal(actor=b.ROOT, code="epos", title="Журнал", client_code="client:1")
    for year in (2000, 2025):
        for records in ("marks", "finals"):
            _intake(journal, year, records)
    said: list[str] = []
    with time_machine.travel(datetime(2006, 9, 2, 12, tzinfo=UTC), tick=False):
        jobs.tell_expired.func(timestamp=0)
        assert retention("", out=said.append) == 0
        assert partitions(2000) == EVERY_TABLE
        assert LateCorrection.objects.count() == 4
        assert retention("акт № 1", out=said.append) == 0
        assert retention("акт № 2", out=said.append) == 0
    assert "Ничего не уничтожено" in said[3]
    assert "порций журналов: 1" in said[-2]
    assert said[-1] == "Сроки хранения не истекли: уничтожать нечего."
    assert "performance_periodmark" in partitions(2000)
    assert "performance_mark" not in partitions(2000)
    kept = {(2000, "finals"), (2025, "marks"), (2025, "finals")}
    assert set(LateCorrection.objects.values_list("school_year", "records")) == kept
    assert set(JournalBatch.objects.values_list("school_year", "records")) == kept
    assert set(RefusedRow.objects.values_list("school_year", "records")) == kept
    assert ChunkReceipt.objects.count() == 3
    assert [one.basis for one in Entry.objects.filter(kind="performance.year_destroyed")] == ["акт № 1"]
    assert Entry.objects.get(kind="performance.year_expired").data["kept_years"] == 5


def _intake(journal: Journal, year: int, records: str) -> None:
    now = clock.now()
    batch = JournalBatch.objects.create(
        journal=journal,
        key=f"{records}-{year}",
        records=records,
        school_year=year,
        started_at=now,
        touched_at=now,
    )
    ChunkReceipt.objects.create(batch=batch, first_row=0, rows=1, outcomes="r", digest=b"")
    RefusedRow.objects.create(
        batch=batch,
        journal=journal,
        records=records,
        school_year=year,
        number=1,
        code="value",
        refused_at=now,
    )
    LateCorrection.objects.create(
        journal=journal, records=records, school_year=year, external_id="1", person_id=uuid4(), organisation_id=uuid4(),
        day=date(year, 10, 1), staged={}, batch_id=batch.pk, received_at=now,
    )  # fmt: skip
