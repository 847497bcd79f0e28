"""The journal against PostgreSQL: append-only, sealed without locking writers, and no tampering passes."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import time_machine
from django.db import connection, connections
from django.db.utils import DatabaseError

from kontingent.audit import archive, keys, reads, sealing
from kontingent.audit.models import Anchor, Entry, Seal
from kontingent.audit.reads import ReadKind
from kontingent.kernel import clock
from kontingent.kernel.actor import system_actor
from kontingent.kernel.errors import NotFound, RuleViolation

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
ACTOR = system_actor("test", "Проверка")
#: How many random tamperings the suite makes; the issue's thousand, twenty in a hurry.
TAMPERINGS = 1000


@pytest.fixture(autouse=True)
def outside(settings: Any, tmp_path: Path) -> Path:
    """A folder of its own for key, heads and anchors."""
    settings.JOURNAL_DIR = tmp_path
    return tmp_path


def write(number: int, *, subjects: int = 2) -> None:
    for index in range(number):
        reads.note(ACTOR, ReadKind.CARD, [uuid4() for _ in range(subjects)], what=f"№ {index}")


def seal() -> int:
    """Seal until nothing is left: other tests on the same server hold transactions open, the longest for minutes."""
    sealed, deadline = 0, time.monotonic() + 600
    while True:
        sealed += sealing.seal()
        if sealing.verify().unsealed == 0:
            return sealed
        assert time.monotonic() < deadline, "some transaction never ends"
        time.sleep(0.1)


@contextmanager
def tampering() -> Iterator[Any]:
    """What a database administrator with every right can do: the triggers are switched off for the time."""
    tables = ("audit_entry", "audit_seal", "audit_anchor")
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        try:
            yield cursor
        finally:
            for table in tables:
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def test_the_trigger_and_the_verifier_take_the_same_digest() -> None:
    write(3)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM audit_entry e WHERE digest = {sealing.DIGEST}")
        assert cursor.fetchone()[0] == 3


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_entry SET actor_name = 'x'", "DELETE FROM audit_entry", "DELETE FROM audit_seal"],
)
def test_nobody_changes_or_removes_a_row(statement: str) -> None:
    write(2)
    seal()
    with connection.cursor() as cursor, pytest.raises(DatabaseError, match="append-only"):
        cursor.execute(statement)
    assert Entry.objects.count() == 2
    assert sealing.verify().faults == ()


def test_sealing_goes_on_where_it_stopped_and_verifies() -> None:
    write(5)
    assert seal() == 5
    assert seal() == 0
    write(4)
    assert sealing.verify().unsealed == 4
    assert seal() == 4
    verdict = sealing.verify()
    assert (verdict.rows, verdict.unsealed, verdict.faults) == (9, 0, ())
    assert sum(Seal.objects.values_list("rows", flat=True)) == 9


def test_rows_of_an_unfinished_transaction_wait_for_the_next_seal() -> None:
    write(1)
    with psycopg.connect(_address()) as slow:
        slow.execute(
            "INSERT INTO audit_entry (moment, kind, actor_code, actor_name, actor_role, subjects, basis, data) "
            "VALUES (now(), 'read.card', 'system:slow', 'x', 'x', '{}', '', '{}')"
        )
        write(1)
        sealing.seal()
        before = sealing.verify()
        slow.commit()
    assert before.faults == ()
    seal()
    after = sealing.verify()
    assert (after.rows, after.faults) == (3, ())


def test_many_writers_and_a_sealer_at_once_lose_nothing() -> None:
    stop = threading.Event()
    failures: list[BaseException] = []

    def worker(act: Any) -> None:
        try:
            act()
        except Exception as failure:  # noqa: BLE001 - a thread's failure is the test's
            failures.append(failure)
        finally:
            connections.close_all()

    def seals() -> None:
        while not stop.is_set():
            sealing.seal()

    sealer = threading.Thread(target=worker, args=(seals,))
    writers = [threading.Thread(target=worker, args=(lambda: write(25),)) for _ in range(4)]
    for thread in (sealer, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    sealer.join()
    seal()
    verdict = sealing.verify()
    assert (failures, verdict.rows, verdict.faults) == ([], 100, ())


def test_an_anchor_is_signed_once_a_day_and_copied_outside(outside: Path) -> None:
    write(3)
    seal()
    made = sealing.anchor(date(2026, 11, 24))
    assert sealing.anchor(date(2026, 11, 24)).pk == made.pk
    line = json.loads((outside / sealing.ANCHORS_FILE).read_text())
    assert line["hash"] == bytes(made.hash).hex()
    assert keys.is_signed(line["key"], bytes.fromhex(line["signature"]), bytes.fromhex(line["hash"]))
    assert oct((outside / keys.KEY_FILE).stat().st_mode & 0o777) == "0o600"


# -- tampering ---------------------------------------------------------------------------------

_COLUMNS = {
    "moment": "moment + interval '1 second'", "kind": "'read.list'", "actor_code": "'account:other'", "actor_name": "'Другой'",
    "actor_role": "'Другая роль'", "actor_post": "'Другая должность'", "organisation_id": "gen_random_uuid()",
    "subjects": "ARRAY[gen_random_uuid()]", "object_id": "gen_random_uuid()", "purpose": "'other'", "basis": "'иное'",
    "data": "'{\"what\": \"иное\"}'", "request_id": "gen_random_uuid()", "address": "'192.0.2.1'",
}  # fmt: skip
_COPY = (
    "INSERT INTO audit_entry (id, moment, kind, actor_code, actor_name, actor_role, subjects, basis, data, transaction, "
    "digest) SELECT 999999, moment, kind, actor_code, actor_name, actor_role, subjects, basis, data, transaction, digest "
    "FROM audit_entry WHERE id = %(at)s"
)
#: What changes one row, which must be named.
_OF_A_ROW = {
    **{
        column: f"UPDATE audit_entry SET {column} = {value} WHERE id = %(at)s"
        for column, value in _COLUMNS.items()
    },
    "forged": "UPDATE audit_entry SET actor_name = 'Никто' WHERE id = %(at)s; "
    f"UPDATE audit_entry e SET digest = {sealing.DIGEST} WHERE id = %(at)s",
    "removed": "DELETE FROM audit_entry WHERE id = %(at)s",
    "inserted": _COPY,
    "swapped": "UPDATE audit_entry SET id = -1 WHERE id = %(at)s; UPDATE audit_entry SET id = %(at)s WHERE id = %(other)s; "
    "UPDATE audit_entry SET id = %(other)s WHERE id = -1",
    "digest": "UPDATE audit_entry SET digest = sha256('x') WHERE id = %(at)s",
}


def _turned(column: str, number: int) -> str:
    turned = f"set_byte({column}, 9, (get_byte({column}, 9) + 1) %% 256)"
    return f"UPDATE audit_seal SET {column} = {turned} WHERE number = {number}"


#: What changes seals and anchors, or hides which row it was: some fault must be found.
_OF_THE_CHAIN = {
    "renumbered": "UPDATE audit_entry SET id = 888888 WHERE id = %(at)s",
    "seal contents": _turned("contents", 1),
    "seal hash": _turned("hash", 2),
    "seal signature": _turned("signature", 2),
    "seal previous": _turned("previous", 2),
    "seal removed": "DELETE FROM audit_seal WHERE number = 1",
    "tail cut": "DELETE FROM audit_seal WHERE number = 2; DELETE FROM audit_entry WHERE id > %(middle)s",
    "anchor heads": "UPDATE audit_anchor SET heads = '{}'",
    "anchor signature": "UPDATE audit_anchor SET signature = sha256('x')",
    "anchor removed": "DELETE FROM audit_anchor",
}


def _tamper(chance: random.Random, ids: list[int]) -> tuple[str, int | None]:
    """Do one thing that must be found; return what it was and the row that must be named (None: any fault will do)."""
    at, other = chance.sample(ids, 2)
    what = chance.choice([*_OF_A_ROW, *_OF_THE_CHAIN])
    statements = (_OF_A_ROW | _OF_THE_CHAIN)[what]
    with connection.cursor() as cursor:
        for statement in statements.split("; "):
            cursor.execute(statement, {"at": at, "other": other, "middle": ids[len(ids) // 2 - 1]})
    named = {"inserted": 999999, "swapped": min(at, other)}.get(what, at)
    return what, named if what in _OF_A_ROW else None


def test_a_thousand_tamperings_are_a_thousand_found() -> None:
    """Every tampering is made in a savepoint that is taken back after the verdict."""
    from django.db import transaction

    write(12)
    seal()
    write(12)
    seal()
    sealing.anchor(clock.today())
    ids = list(Entry.objects.order_by("id").values_list("id", flat=True))
    chance, missed, kinds = random.Random(20261125), [], set()
    with transaction.atomic(), tampering():
        for _ in range(TAMPERINGS):
            point = transaction.savepoint()
            what, expected = _tamper(chance, ids)
            faults = sealing.verify().faults
            named = [fault.entry_id for fault in faults]
            if not faults or (expected is not None and expected not in named):
                missed.append((what, expected, [str(fault) for fault in faults]))
            kinds.add(what)
            transaction.savepoint_rollback(point)
        assert sealing.verify().faults == ()
    assert missed == []
    assert len(kinds) > 25


def test_who_has_no_key_cannot_seal_what_was_changed(outside: Path) -> None:
    """All rows and seals made anew with another key: the chain is whole, the signature is not ours."""
    write(4)
    seal()
    own = (outside / keys.KEY_FILE).read_bytes()
    with tampering() as cursor:
        cursor.execute("DELETE FROM audit_entry WHERE id = (SELECT min(id) FROM audit_entry)")
        cursor.execute("DELETE FROM audit_seal")
        cursor.execute("UPDATE audit_horizon SET transaction = 0")
    (outside / keys.KEY_FILE).unlink()
    seal()
    (outside / keys.KEY_FILE).write_bytes(own)
    faults = sealing.verify().faults
    assert any("не нашим ключом" in str(fault) for fault in faults)


def test_a_database_from_another_server_is_told_of() -> None:
    write(1)
    seal()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE audit_horizon SET transaction = transaction + 1000000")
    with pytest.raises(RuleViolation, match="pg_resetwal"):
        sealing.seal()


# -- months and the archive --------------------------------------------------------------------


def test_a_month_of_no_table_goes_into_the_default_one_and_is_sealed_there() -> None:
    with time_machine.travel(datetime(2031, 5, 5, tzinfo=clock.REGION_ZONE), tick=False):
        write(2)
    assert seal() == 2
    assert set(sealing.heads()) == {"audit_entry_default"}
    with connection.cursor() as cursor:
        cursor.execute("SELECT audit_ensure_partition('2031-05-01'), audit_ensure_partition('2031-06-01')")
        assert cursor.fetchone() == (False, True)
        cursor.execute("DROP TABLE audit_entry_2031_06")
    assert sealing.verify().faults == ()


def test_a_finished_month_is_archived_and_verified_without_the_database(tmp_path: Path) -> None:
    past = clock.now() - timedelta(days=40)
    with time_machine.travel(past, tick=False):
        write(7)
    month, file = past.date().replace(day=1), tmp_path / "month.gz"
    with pytest.raises(RuleViolation, match="опечатано 0"):
        archive.export(actor=ACTOR, month=month, to=file)
    assert not file.exists()
    seal()
    done = archive.export(actor=ACTOR, month=month, to=file)
    fingerprint = keys.load(tmp_path).fingerprint
    assert done.rows == 7
    assert archive.verify(file, fingerprint) is None
    assert archive.verify(file, "00" * 32) is not None
    assert Entry.objects.filter(kind="audit.month_archived").count() == 1


def test_a_spoilt_archive_names_its_row(tmp_path: Path) -> None:
    import gzip

    past = clock.now() - timedelta(days=40)
    with time_machine.travel(past, tick=False):
        write(3)
    seal()
    file = tmp_path / "month.gz"
    archive.export(actor=ACTOR, month=past.date().replace(day=1), to=file)
    head, *rows = gzip.decompress(file.read_bytes()).decode().splitlines()
    spoilt = rows[1].replace("№ 1", "№ 9")
    file.write_bytes(gzip.compress("\n".join([head, rows[0], spoilt, rows[2]]).encode()))
    fault = archive.verify(file, keys.load(tmp_path).fingerprint)
    assert fault is not None
    assert fault.entry_id == json.loads(rows[1])[0]


def test_the_present_month_and_an_unknown_one_are_not_archived(tmp_path: Path) -> None:
    with pytest.raises(RuleViolation, match="ещё идёт"):
        archive.export(actor=ACTOR, month=clock.today(), to=tmp_path / "x.gz")
    with pytest.raises(NotFound):
        archive.export(actor=ACTOR, month=date(2001, 1, 1), to=tmp_path / "x.gz")
    assert list(tmp_path.glob("*.gz*")) == []
    assert Anchor.objects.count() == 0


def _address() -> str:
    settings = connection.settings_dict
    return psycopg.conninfo.make_conninfo(
        host=settings["HOST"], dbname=settings["NAME"], user=settings["USER"], password=settings["PASSWORD"]
    )
