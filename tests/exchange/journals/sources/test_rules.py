"""When a source is read next; settings are checked by the kind's own declaration; names are sealed. No database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from hypothesis import given
from hypothesis import strategies as st

from kontingent.exchange.journals.adapters.sealing import PREFIX, is_name, sealer
from kontingent.exchange.journals.sources import registry, rules
from kontingent.exchange.journals.sources.folders import KIND, FolderSettings
from kontingent.kernel.errors import InvalidValue, NotFound

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("every", "failures", "minutes"),
    [(15, 0, 15), (1440, 0, 1440), (1440, 1, 2), (1440, 2, 4), (15, 5, 32), (5, 40, 360)],
)
def test_the_next_run(every: int, failures: int, minutes: int) -> None:
    assert rules.next_at(NOW, every_minutes=every, failures=failures) == NOW + timedelta(minutes=minutes)


def test_what_is_read_by_hand_is_never_due_and_never_late() -> None:
    assert rules.next_at(NOW, every_minutes=0, failures=0) is None
    assert rules.next_at(NOW, every_minutes=0, failures=3) is None
    assert not rules.is_late(NOW, since=NOW - timedelta(days=300), every_minutes=0)


@given(failures=st.integers(0, 1000), every=st.sampled_from([one for one in rules.SCHEDULES if one]))
def test_a_run_is_always_ahead_and_never_further_than_a_day(failures: int, every: int) -> None:
    found = rules.next_at(NOW, every_minutes=every, failures=failures)
    assert found is not None
    assert NOW < found <= NOW + timedelta(days=1)


def test_silence_is_late_after_two_turns() -> None:
    assert not rules.is_late(NOW, since=NOW - timedelta(minutes=30), every_minutes=15)
    assert rules.is_late(NOW, since=NOW - timedelta(minutes=31), every_minutes=15)


def test_settings_are_read_as_the_kind_declares_them() -> None:
    read = KIND.read_settings({"quiet_seconds": "5", "needs_marker": "true", "school_year": ""})
    assert read == FolderSettings(quiet_seconds=5, needs_marker=True)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"quiet_seconds": "долго"}, "Файл считать готовым"),
        ({"quiet_seconds": "-1"}, "«-1»"),
        ({"needs_marker": "может быть"}, "Ждать пометку"),
        ({"password": "12345"}, "password"),
    ],
)
def test_a_wrong_setting_is_told_by_its_label(said: dict[str, str], told: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        KIND.read_settings(said)
    assert told in refused.value.message


def test_a_kind_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(NotFound, match="folder"):
        registry.kind("web3")


def test_a_secret_is_read_by_its_name_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(django_settings, "JOURNAL_SECRETS", str(tmp_path))
    (tmp_path / "epos-token").write_text("тайна\n")
    (tmp_path / "link").symlink_to(tmp_path / "epos-token")
    assert registry.secret("epos-token") == "тайна"
    for name in ("none", "link", "../etc/passwd", "Ключ123!"):
        with pytest.raises(InvalidValue):
            registry.secret(name)


def test_the_same_child_of_the_same_class_keeps_its_key_and_no_name_is_in_it() -> None:
    seal = sealer("ключ", "web2edu")
    key = seal("5А", "Мальцева Анна")
    assert key == seal("5 а", "  МАЛЬЦЕВА  анна ")
    assert key.startswith(PREFIX)
    assert "альцев" not in key
    others = {seal("5Б", "Мальцева Анна"), seal("5А", "Мальцев Антон"), sealer("ключ", "epos")("5А", "Мальцева Анна"), sealer("иной", "web2edu")("5А", "Мальцева Анна")}  # fmt: skip
    assert len(others) == 4
    assert key not in others
    assert len(key) <= 80, "what a learner's key may be"


@pytest.mark.parametrize(
    ("key", "is_one"),
    [("Мальцева Анна", True), ("Салават Юлаев оглы", True), ("Петров-Водкин К. С.", True), ("У-2041", False), ("184467", False),
     ("Мальцева", False), (PREFIX + "0" * 40, False)],
)  # fmt: skip
def test_what_is_a_name(key: str, is_one: bool) -> None:
    assert is_name(key) == is_one


@pytest.mark.parametrize(
    ("ago", "told"),
    [(timedelta(0), "0 мин"), (timedelta(seconds=-5), "0 мин"), (timedelta(minutes=119, seconds=59), "119 мин"), (timedelta(hours=2), "2 ч"),
     (timedelta(hours=47, minutes=59), "47 ч"), (timedelta(days=2), "2 дн"), (timedelta(days=30), "30 дн")],
)  # fmt: skip
def test_a_lag_is_told_as_coarsely_as_it_matters(ago: timedelta, told: str) -> None:
    assert rules.lag(NOW, NOW - ago) == told
