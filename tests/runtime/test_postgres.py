"""The embedded server: private, password-protected, gone when asked."""

import shutil
import stat
import time
from pathlib import Path

import psycopg
import pytest

from runtime import postgres


def test_a_throwaway_server_is_private_and_leaves_nothing() -> None:
    with postgres.throwaway() as server:
        assert stat.S_IMODE(server.data.stat().st_mode) == 0o700
        assert stat.S_IMODE((server.folder / "connection.json").stat().st_mode) == 0o600
        with psycopg.connect(server.url) as connection:
            row = connection.execute("SELECT current_setting('listen_addresses')").fetchone()
        assert row == ("",)
        folder = server.folder
    assert not folder.exists()
    assert not server.is_running


def test_a_wrong_password_is_refused() -> None:
    with postgres.throwaway() as server:
        good = server.url
        start, rest = good.split(":", 2)[:2], good.split("@", 1)[1]
        bad = f"{':'.join(start)}:wrong@{rest}"
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(bad)


def test_the_server_s_log_holds_no_row_and_no_statement_that_was_refused() -> None:
    with postgres.throwaway() as server:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept (name text PRIMARY KEY)")
            connection.execute("INSERT INTO kept VALUES ('Мальцева')")
            with pytest.raises(psycopg.errors.UniqueViolation):
                connection.execute("INSERT INTO kept VALUES ('Мальцева')")
        log = server.log.read_text(encoding="utf-8")
    assert "duplicate key value" in log
    assert "Мальцева" not in log


def test_data_survive_an_immediate_stop(tmp_path: Path) -> None:
    server = postgres.EmbeddedPostgres(tmp_path / "cluster")
    try:
        server.start()
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        server.stop(at_once=True)
        again = postgres.EmbeddedPostgres(tmp_path / "cluster")
        again.start()
        with psycopg.connect(again.url) as connection:
            assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
        again.stop()
        assert not again.is_running
    finally:
        server.stop(at_once=True)


def test_a_folder_that_was_removed_and_made_anew_begins_with_a_new_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the account cannot reach the folder, the cluster lies elsewhere, but is still the folder's own."""
    monkeypatch.setattr(postgres, "_reachable", lambda *_: False)
    first = postgres.EmbeddedPostgres(tmp_path / "cluster").folder
    assert postgres.EmbeddedPostgres(tmp_path / "cluster").folder == first
    shutil.rmtree(tmp_path / "cluster")
    assert postgres.EmbeddedPostgres(tmp_path / "cluster").folder != first


def test_a_stale_lock_file_of_another_program_does_not_hinder(tmp_path: Path) -> None:
    server = postgres.EmbeddedPostgres(tmp_path / "cluster")
    server.start()
    server.stop()
    lock = server.data / "postmaster.pid"
    lock.write_text(f"1\n{server.data}\n{int(time.time())}\n0\n\n\n\n")
    try:
        server.start()
        assert server.is_running
    finally:
        server.stop()


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    server = postgres.EmbeddedPostgres(tmp_path / "cluster", options={"shared_buffers": "nonsense"})
    with pytest.raises(postgres.PostgresFailed, match="shared_buffers"):
        server.start()
    assert not server.is_running
