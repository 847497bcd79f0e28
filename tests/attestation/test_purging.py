"""Rows of files go when their term has passed: what they brought and the numbers stay, the journal says so, undoing is refused in words."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from kontingent.achievements.attestation.models import DeliveredRow, Delivery, ExamResult
from kontingent.achievements.portfolio.actions import contests
from kontingent.achievements.portfolio.codes import FileKind
from kontingent.achievements.portfolio.models import Achievement, ContestFile, ContestRow
from kontingent.audit.models import Entry
from kontingent.codelists import queries as codelists
from kontingent.exchange.attestation import receiving as exams
from kontingent.exchange.contests import receiving
from kontingent.exchange.staging.papers import folder
from kontingent.kernel import clock
from kontingent.kernel.errors import Conflict
from kontingent.storage.scope import scoped
from tests import builders as b
from tests.attestation import town as t
from tests.portfolio import test_contests as c

pytestmark = pytest.mark.django_db
TERM = timedelta(int(codelists.number("file_retention", "delivered_rows")))


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> t.Town:
    monkeypatch.setattr(settings, "VAR_DIR", tmp_path)
    return t.built()


def aged(one: Any, by: timedelta) -> None:
    """Let everything of a file have happened so long ago."""
    moved = {
        name: value - by
        for name in ("created_at", "finished_at", "undone_at")
        if (value := getattr(one, name, None)) is not None
    }
    type(one).objects.filter(pk=one.pk).update(**moved)


def exam_file(town: t.Town) -> Delivery:
    one = t.sent(t.region(), t.table(t.HEAD, [t.exam(town.anna), t.exam(town.oleg, "99")]))
    return t.applied(t.region(), one)


def test_rows_of_exams_go_and_results_and_numbers_stay(town: t.Town) -> None:
    one, later = exam_file(town), t.sent(t.region(), t.table(t.HEAD, [t.exam(town.oleg)]))
    t.applied(t.region(), later)
    results = list(ExamResult.objects.order_by("pk").values())
    aged(one, TERM + timedelta(minutes=1))
    aged(later, TERM - timedelta(minutes=1))
    assert exams.FILES.purge() == (1, 0)
    assert set(DeliveredRow.objects.values_list("delivery_id", flat=True)) == {later.pk}
    kept = Delivery.objects.get(pk=one.pk)
    assert (kept.state, kept.totals, kept.actor) == ("applied", one.totals, {})
    assert kept.purged_at is not None
    assert list(ExamResult.objects.order_by("pk").values()) == results
    said = Entry.objects.get(kind="attestation.purged")
    assert (said.data["rows"], said.data["kept_days"], said.object_id) == (2, TERM.days, one.pk)
    assert exams.FILES.purge() == (0, 0), "a night later there is nothing left to do"
    assert Entry.objects.filter(kind="attestation.purged").count() == 1
    client = b.browser(b.appointed("ministry"))
    page = client.get(f"/exams/files/{one.pk}/").content.decode()
    assert "по сроку хранения: остались итоги" in page
    assert "refused.xlsx" not in page
    assert "Тиунов" not in page
    told = client.get(f"/exams/files/{one.pk}/refused.xlsx", follow=True).content.decode()
    assert "их нет и в выгрузке" in told


def test_a_file_of_contests_can_be_undone_until_its_rows_go(town: t.Town) -> None:
    head = t.worker("head", town.five)
    early, late = (c.applied(head, c.sent(head, [row])) for row in (c.line(), c.line(c.OLEG)))
    aged(early, TERM - timedelta(minutes=1))
    aged(late, TERM + timedelta(minutes=1))
    assert receiving.FILES.purge() == (1, 0)
    before = list(Achievement.objects.order_by("pk").values())
    with pytest.raises(Conflict, match=r"удалены .* отменить её целиком уже нельзя"):
        c.undone(head, late)
    assert list(Achievement.objects.order_by("pk").values()) == before
    assert ContestFile.objects.get(pk=late.pk).state == "applied"
    client = b.browser(b.appointed("head", at=town.five))
    page = client.get(f"/portfolio/files/{late.pk}/").content.decode()
    assert "Отменить загрузку целиком уже нельзя" in page
    assert "undo/" not in page
    assert f"Отменить можно {TERM.days} дней" in client.get(f"/portfolio/files/{early.pk}/").content.decode()
    c.undone(head, early)
    assert Achievement.objects.count() == 1
    aged(ContestFile.objects.get(pk=early.pk), timedelta(2))
    assert receiving.FILES.purge() == (0, 0), "the term counts from undoing"


def test_a_file_that_nobody_applied_is_refused_with_what_to_do(town: t.Town) -> None:
    head = t.worker("head", town.five)
    one = c.sent(head, [c.line()])
    aged(one, TERM + timedelta(1))
    assert receiving.FILES.purge() == (1, 0)
    one.refresh_from_db()
    assert one.state == "refused"
    assert "не применили за" in one.refusal
    assert not ContestRow.objects.exists()
    with scoped(head), pytest.raises(Conflict, match="Файл не принят"):
        contests.INTAKE.claim(actor=head, file_id=one.pk, asked_by={})
    assert not Achievement.objects.exists()


def test_what_is_being_applied_is_not_touched(town: t.Town) -> None:
    head = t.worker("head", town.five)
    one = c.sent(head, [c.line()])
    with scoped(head):
        contests.INTAKE.claim(actor=head, file_id=one.pk, asked_by={})
    aged(one, TERM * 2)
    assert receiving.FILES.purge() == (0, 0)
    assert ContestRow.objects.count() == 1


def test_a_failure_amid_the_night_leaves_a_file_whole_and_the_next_night_mends(
    town: t.Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = exam_file(town)
    aged(one, TERM + timedelta(1))
    rows, entries = DeliveredRow.objects.count(), Entry.objects.count()
    with monkeypatch.context() as killed:
        killed.setattr("kontingent.achievements.incoming.intake.audit.record", killed_amid)
        with pytest.raises(SystemExit):
            exams.FILES.purge()
    assert (DeliveredRow.objects.count(), Entry.objects.count()) == (rows, entries)
    assert Delivery.objects.get().purged_at is None
    assert exams.FILES.purge() == (1, 0)


def killed_amid(*_: Any, **__: Any) -> None:
    raise SystemExit


def test_bytes_that_nobody_waits_for_are_swept(town: t.Town) -> None:
    head, old = t.worker("head", town.five), time.time() - 25 * 3600
    with scoped(head):
        waiting = receiving.receive(actor=head, kind=FileKind.OLYMPIAD, organisation_id=town.five.id, file=BytesIO(c.table(c.HEAD, [c.line()])), filename="a.csv")  # fmt: skip
    of_crash, fresh = folder() / f"{town.anna}.portfolio", folder() / f"{town.oleg}.portfolio"
    stranger = folder() / f"{town.oleg}.file"
    for path in (of_crash, fresh, stranger):
        path.write_bytes(b"x")
    for path in (of_crash, stranger, folder() / f"{waiting.pk}.portfolio"):
        os.utime(path, (old, old))
    assert receiving.FILES.purge() == (0, 1)
    assert exams.FILES.purge() == (0, 0), "each room sweeps its own"
    assert not of_crash.exists()
    assert fresh.exists()
    assert stranger.exists()
    assert receiving.read(waiting.pk).state == "checked"
    assert clock.now() > waiting.created_at
