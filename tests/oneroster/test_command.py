"""The command line writes a set of one moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from kontingent.exchange.oneroster import cli as sets
from runtime import cli


def test_a_set_is_read_in_one_snapshot_and_other_acts_are_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    opened: list[bool] = []

    @contextmanager
    def installation(*, snapshot: bool = False, **_: Any) -> Iterator[None]:
        opened.append(snapshot)
        yield

    monkeypatch.setattr(cli, "_installation", installation)
    for name in ("export_set", "check_set", "load_set"):
        monkeypatch.setattr(sets, name, lambda *_, **__: 0)
    file = str(tmp_path / "set.zip")
    for words in (["export", file], ["check", file], ["load", file, "--journal", "epos"]):
        assert cli.main(["oneroster", *words]) == 0
    assert opened == [True, False, False]
