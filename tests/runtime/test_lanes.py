"""The worker's two lanes: what a person waits for is done while something long is being done."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from kontingent.reports import jobs as reports
from kontingent.trajectory.transfers import jobs as transfers
from runtime import lanes


@pytest.mark.django_db(transaction=True)
def test_a_press_is_answered_while_a_long_job_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, pressed = threading.Event(), threading.Event()
    held_up: list[bool] = []

    def long_one(run_id: str) -> None:
        begun.set()
        held_up.append(not pressed.wait(30))
        os.kill(os.getpid(), signal.SIGTERM)
        # By then the other lane, which has nothing to do, has long ended: this job is finished none the less.
        time.sleep(0.5)

    def short_one(transfer_id: str) -> None:
        assert begun.wait(30)
        pressed.set()

    monkeypatch.setattr(app.periodic_registry, "periodic_tasks", {})
    monkeypatch.setattr(reports.run, "func", long_one)
    monkeypatch.setattr(transfers.settle, "func", short_one)
    reports.run.defer(run_id="1")
    transfers.settle.defer(transfer_id="2")
    lanes.run()
    assert held_up == [False]
    ended = ProcrastinateJob.objects.order_by("pk").values_list("task_name", "status")
    assert list(ended) == [("reports.run", "succeeded"), ("transfers.settle", "succeeded")]


def test_every_job_has_a_lane() -> None:
    app.perform_import_paths()  # type: ignore[no-untyped-call]
    queues = {task.queue for task in app.tasks.values()}
    assert lanes.AT_ONCE in queues
    assert queues == {lanes.AT_ONCE, *lanes.other_queues()}
