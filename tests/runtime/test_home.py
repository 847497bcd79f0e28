"""Which installation a command works on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runtime import home


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(home, "repository", lambda: tmp_path)
    for name in ("DATABASE_URL", "KONTINGENT_VAR", "KONTINGENT_DEMO"):
        monkeypatch.setenv(name, "")  # so that it is put back afterwards
        monkeypatch.delenv(name)
    return tmp_path


def test_nothing_there_says_what_to_do(checkout: Path) -> None:
    with pytest.raises(home.NoInstallation, match=r"kontingent migrate.*make demo"):
        home.find_installation()
    assert list(checkout.iterdir()) == []


def test_the_demo_alone_is_taken_and_named(checkout: Path) -> None:
    (checkout / "var/demo/postgres").mkdir(parents=True)
    assert home.find_installation() == checkout / "var/demo"
    assert os.environ["KONTINGENT_DEMO"] == "yes"
    assert home.var() == checkout / "var/demo"


def test_own_data_come_before_the_demo(checkout: Path) -> None:
    (checkout / "var/demo/postgres").mkdir(parents=True)
    (checkout / "var/postgres").mkdir()
    assert home.find_installation() is None
    assert "KONTINGENT_DEMO" not in os.environ


@pytest.mark.parametrize("name", ["DATABASE_URL", "KONTINGENT_VAR"])
def test_what_is_said_comes_first(checkout: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (checkout / "var/demo/postgres").mkdir(parents=True)
    monkeypatch.setenv(name, "elsewhere")
    assert home.find_installation() is None
