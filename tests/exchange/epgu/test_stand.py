"""The stand of ЕПГУ, a program of its own, examines a live server over HTTP and by files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection

from kontingent.access.machines.models import ApiClient
from kontingent.exchange.epgu import jobs
from kontingent.exchange.epgu.models import ServiceRequest
from kontingent.persons.models import Representation
from stands.epgu import contract
from tests.exchange.epgu.case import CHILD, MOTHER, STRANGER, Case
from tests.machines import clients as m

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def served(transactional_db: None, case: Case) -> ApiClient:
    """A child with a mother, and a client of ЕПГУ."""
    return ApiClient.objects.get()


@pytest.fixture
def worker(served: ApiClient, tmp_path: Path, settings: LazySettings) -> Iterator[Path]:
    """The job of the worker, over and over."""
    settings.EPGU_DROP = str(tmp_path / "drop")
    folder = tmp_path / "drop" / served.client_id
    folder.mkdir(parents=True)
    done = threading.Event()

    def work() -> None:
        while not done.wait(0.2):
            jobs.take_files(timestamp=0)
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    yield folder
    done.set()
    thread.join(20)


def examine(live_server: Any, client: ApiClient, tmp_path: Path, *more: str, secret: str = "") -> subprocess.CompletedProcess[str]:  # fmt: skip
    people = tmp_path / "people.json"
    numbers = {"applicant": MOTHER, "child": CHILD, "stranger": STRANGER}
    people.write_text(json.dumps({who: {"snils": number} for who, number in numbers.items()}))
    return subprocess.run(
        [sys.executable, "-m", "stands.epgu", "--site", live_server.url, "--client-id", client.client_id, "--people", str(people), "--patience", "20", *more],
        cwd=ROOT, env=os.environ | {"EPGU_STAND_SECRET": secret or m.secret_of(client)}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.enable_socket
def test_the_stand_is_content_over_http_and_by_files(served: ApiClient, worker: Path, live_server: Any, tmp_path: Path) -> None:  # fmt: skip
    done = examine(live_server, served, tmp_path, "--drop", str(worker))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Это не ЕПГУ" in done.stdout
    assert "Итог: шагов 11, не прошло 0." in done.stdout
    assert not any(number in done.stdout + done.stderr for number in (MOTHER, CHILD, STRANGER))
    assert {one.message_id.rpartition("-")[2] for one in ServiceRequest.objects.all()} == {"http", "stranger", "file"}  # fmt: skip


@pytest.mark.enable_socket
def test_the_stand_says_what_does_not_come_out(served: ApiClient, live_server: Any, tmp_path: Path) -> None:
    done = examine(live_server, served, tmp_path, secret="wrong")
    assert done.returncode == 1
    assert "НЕТ вход внешней системы: статус 401" in done.stdout
    Representation.objects.all().delete()
    done = examine(live_server, served, tmp_path)
    assert "НЕТ представитель получает сведения: отказ NOT_REPRESENTATIVE" in done.stdout
    assert "да  посторонний получает отказ" in done.stdout


def test_the_stand_believes_no_answer_that_breaks_the_contract() -> None:
    with pytest.raises(contract.Broken, match="additionalProperties"):
        contract.require_json({"resourceType": "OperationOutcome", "id": "1", "issue": [], "snils": "1"}, "OperationOutcome")  # fmt: skip
    with pytest.raises(contract.Broken, match="не по схеме"):
        contract.require_xml(b"<PerformanceResponse/>", contract.NAMESPACE)
