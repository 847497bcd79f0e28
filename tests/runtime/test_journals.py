"""``kontingent journal`` prints what the journal needs, once, and what it prints lets it in."""

from __future__ import annotations

import argparse
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client

from kontingent.access.machines import actions as machines
from kontingent.exchange.journals.models import JournalBatch
from kontingent.kernel import clock
from kontingent.kernel.errors import Conflict, InvalidValue, NotAllowed
from kontingent.performance.models import Journal, Lesson
from runtime import journals
from tests import builders as b
from tests.api.machine import TOKEN, basic, posted
from tests.exchange.journals.journal import Sender

pytestmark = pytest.mark.django_db


def connected(code: str, ogrn: str, *, oneroster: bool = False) -> str:
    said: list[str] = []
    arguments = argparse.Namespace(
        code=code, title="ЭПОС.Школа", organisation=ogrn, municipality=None, region=False, contact="", oneroster=oneroster
    )  # fmt: skip
    assert journals.connect(arguments, out=said.append) == 0
    return "\n".join(said)


def test_a_journal_is_connected_and_let_in() -> None:
    school = b.school()
    said = connected("epos", school.ogrn)
    client_id, secret = (re.search(rf"{name} +(\S+)", said) for name in ("client_id", "client_secret"))
    assert client_id
    assert secret
    answer = posted(TOKEN, {"grant_type": "client_credentials"}, Authorization=basic(client_id[1], secret[1]))
    assert "journals.write" in answer.json()["scope"].split()
    assert Journal.objects.get().code == "epos"
    with pytest.raises(Conflict):
        connected("epos", school.ogrn)
    assert Journal.objects.count() == 1


def token_of(said: str) -> str:
    client_id, secret = (re.search(rf"{name} +(\S+)", said) for name in ("client_id", "client_secret"))
    assert client_id
    assert secret
    answer = posted(TOKEN, {"grant_type": "client_credentials"}, Authorization=basic(client_id[1], secret[1]))
    return str(answer.json()["access_token"])


@pytest.mark.parametrize("oneroster", [True, False])
def test_a_journal_that_speaks_oneroster_may_write_its_gradebook(oneroster: bool) -> None:
    token = token_of(connected("epos", b.school().ogrn, oneroster=oneroster))
    answer = Client().put(
        "/ims/oneroster/gradebook/v1p2/categories/k1", {"category": {"title": "Проект"}},
        content_type="application/json", headers={"Authorization": f"Bearer {token}"},
    )  # fmt: skip
    assert answer.status_code == (201 if oneroster else 403), answer.content.decode()


def test_closed_periods_are_opened_to_a_journal_up_to_a_day() -> None:
    sender, said = Sender(b.school()), list[str]()
    asked = argparse.Namespace(code=sender.journal.code, until=clock.today())
    assert journals.open_history(asked, out=said.append) == 0
    opened = Journal.objects.get().history_until
    assert opened == clock.today() + timedelta(days=1), "the day named is the last one"
    asked.until = clock.today() - timedelta(days=1)
    with pytest.raises(InvalidValue):
        journals.open_history(asked, out=said.append)
    assert Journal.objects.get().history_until == opened
    asked.until = None
    assert journals.open_history(asked, out=said.append) == 0
    assert Journal.objects.get().history_until is None
    assert len(said) == 2


def _file(path: Path) -> Path:
    path.write_text(
        "Класс;Дата;Предмет;Тема\n5А;05.09.2025;Математика;Дроби\n5А;35.09.2025;Математика;Дроби\n",
        encoding="utf-8",
    )
    return path


def test_a_file_is_shown_then_taken_and_repaired(tmp_path: Path) -> None:
    school = b.school()
    said: list[str] = []
    connected("web2edu", school.ogrn)
    asked = argparse.Namespace(
        code="web2edu", file=_file(tmp_path / "Уроки.csv"), profile="web2edu", year=2025, write=False
    )
    assert journals.take_file(asked, out=said.append) == 1
    assert any("ячейка B3" in one for one in said)
    assert any("восстановлен" in one for one in said)
    assert not JournalBatch.objects.exists()
    asked.write = True
    assert journals.take_file(asked, out=said.append) == 1
    assert JournalBatch.objects.get().outcomes == {"r": 1}, "the register has no such class yet"
    assert not Lesson.objects.exists()
    b.group(school, "5А")
    assert journals.repair(argparse.Namespace(code="web2edu"), out=said.append) == 0
    assert said[-1].endswith("1, исправлено 1.")
    assert Lesson.objects.get().topic == "Дроби"


def test_nothing_is_taken_in_the_name_of_a_stopped_client(tmp_path: Path) -> None:
    sender = Sender(b.school())
    machines.revoke_client(actor=b.ROOT, client_id=sender.client.client_id, reason="Договор окончен")
    asked = argparse.Namespace(
        code="epos", file=_file(tmp_path / "Уроки.csv"), profile="web2edu", year=2025, write=True
    )
    with pytest.raises(NotAllowed):
        journals.take_file(asked, out=print)
    assert not JournalBatch.objects.exists()


def test_an_unknown_profile_is_told(tmp_path: Path) -> None:
    Sender(b.school())
    asked = argparse.Namespace(
        code="epos", file=_file(tmp_path / "Уроки.csv"), profile="сэдиж", year=2025, write=True
    )
    with pytest.raises(InvalidValue, match="web2edu"):
        journals.take_file(asked, out=print)
