"""A new key over 100,000 texts while people read and write: nobody waits long, nothing is lost, no text is left to the old key."""

from __future__ import annotations

import statistics
import sys
import threading
import time
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, connections

from kontingent.health import actions, cipher, queries, texts
from kontingent.health.codes import Kind
from kontingent.health.models import HealthRecord
from kontingent.health.rules import Details, Record
from kontingent.kernel import clock
from kontingent.kernel.ids import new_id
from kontingent.storage.scope import scoped
from tests import builders as b
from tests.health.test_health import opened, town, worker

__all__ = ["town"]
RECORDS = 100_000
SLOWEST = 2.0


def _fill(organisation_id: UUID) -> None:
    moment = clock.now()
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY health.record (id, person_id, organisation_id, kind, code, category_code, reason_code, variant_code, starts_on, key_id, "
            "sealed, recorded_at, recorded_by) FROM STDIN"
        ) as copy,
    ):
        for number in range(RECORDS):
            whom = new_id()
            sealed = texts.seal(Details(note=f"текст {number}"), person_id=whom, kind="prevention")
            assert sealed is not None
            copy.write_row(
                (new_id(), whom, organisation_id, "prevention", "school", "", "", "", date(2026, 9, 1), sealed.key_id, sealed.blob,
                 moment, "Проверка")
            )  # fmt: skip


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_key_changes_under_the_feet_of_those_who_work(
    town: dict[str, Any], settings: Any, tmp_path: Any, capsys: Any
) -> None:
    settings.HEALTH_KEYS = tmp_path / "health.keys"
    opened()
    _fill(town["seven"].id)
    opened(town["seven"].municipality, close=True)  # what is closed is encrypted anew all the same
    used = cipher.cipher()
    assert isinstance(used, cipher.AesGcm)
    actor = worker(town["five"])
    with scoped(actor):
        actions.record(
            actor=actor, organisation_id=town["five"].id, person_id=town["anna"],
            entered=Record(Kind.HEALTH_GROUP, "12", date(2026, 9, 1), details=Details(note="прежний ключ")),
        )  # fmt: skip
    old, new = used.current(), used.ring.add()
    outcome: list[tuple[int, int]] = []

    def rotate() -> None:
        try:
            outcome.append(actions.rotate(actor=b.ROOT))
        finally:
            connections.close_all()

    rotation = threading.Thread(target=rotate)
    started = time.monotonic()
    rotation.start()
    waited: list[float] = []
    day = 1
    while rotation.is_alive():
        before = time.monotonic()
        with scoped(actor):
            shown = queries.of_person(actor, town["anna"])
            if day <= 28:
                actions.record(
                    actor=actor, organisation_id=town["five"].id, person_id=town["anna"],
                    entered=Record(Kind.PHYSICAL_GROUP, "2" + "12"[day % 2], date(2026, 10, day), details=Details(note=f"{day}")),
                )  # fmt: skip
                day += 1
        waited.append(time.monotonic() - before)
        assert "прежний ключ" in {one.details.note for one in shown}
        assert not any(one.fault for one in shown)
    rotation.join()
    took = time.monotonic() - started
    again, lost = actions.rotate(actor=b.ROOT)
    with capsys.disabled():
        sys.stdout.write(
            f"\nперешифровано {outcome[0][0]} за {took:.1f} с ({outcome[0][0] / took:.0f}/с), тем временем {len(waited)} чтений и "
            f"{day - 1} записей: медиана {statistics.median(waited) * 1000:.0f} мс, дольше всего {max(waited) * 1000:.0f} мс\n"
        )
    assert outcome[0][1] == lost == 0
    assert outcome[0][0] + again >= RECORDS + 1
    assert len(waited) > 5
    assert max(waited) < SLOWEST
    assert set(actions.key_counts(actor=b.ROOT)) == {new}
    used.ring.forget(old)
    some = HealthRecord.objects.filter(kind="prevention").order_by("?")[:200]
    for one in some:
        sealed = cipher.Sealed(one.key_id, bytes(one.sealed or b""))
        assert texts.unseal(sealed, person_id=one.person_id, kind=one.kind).note.startswith("текст")
