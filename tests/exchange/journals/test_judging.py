"""Random deliveries against a plain model of what ought to come of them: outcomes row by row, what stands, what stood before."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from kontingent.performance.actions import taking
from kontingent.performance.models import FormerRecord, Mark
from tests import builders as b
from tests.exchange.journals.journal import Sender, mark

pytestmark = pytest.mark.django_db


@dataclass
class Oracle:
    """What a journal has said, row by row and without a database."""

    stands: dict[str, dict[str, Any]] = field(default_factory=dict)
    replaced: list[tuple[str, int]] = field(default_factory=list)

    def take(self, rows: list[dict[str, Any]]) -> list[str]:
        best: dict[str, int] = {}
        for place, row in enumerate(rows):
            if row["id"] not in best or row["version"] > rows[best[row["id"]]]["version"]:
                best[row["id"]] = place
        return [self._one(row) if best[row["id"]] == place else "stale" for place, row in enumerate(rows)]

    def _one(self, row: dict[str, Any]) -> str:
        held = self.stands.get(row["id"])
        if held is not None and held["version"] > row["version"]:
            return "stale"
        if held is not None:
            same = held | {"version": 0} == row | {"version": 0} or (held["deleted"] and row["deleted"])
            if same:
                self.stands[row["id"]] = held | {"version": row["version"]}
                return "unchanged"
            if held["version"] == row["version"]:
                return "refused"
        self.stands[row["id"]] = row
        if held is not None:
            self.replaced.append((row["id"], held["version"]))
        if row["deleted"]:
            return "withdrawn"
        return "created" if held is None else "changed"


@pytest.mark.parametrize("seed", range(3))
def test_a_journal_may_say_anything_in_any_order(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(seed)
    school = b.school()
    group = b.group(school, "5А")
    learners = [b.person("Носов Борис Ильич", born=date(2014, 2, 2 + n)) for n in range(3)]
    for who in learners:
        b.admitted(who, group)
    journal, oracle = Sender(school), Oracle()
    ways: Counter[str] = Counter()
    looked = taking._stretch

    def watched(*args: Any) -> taking.Stretch:
        found = looked(*args)
        ways["none" if not found.standing else "dense" if found.is_dense else "sparse"] += 1
        return found

    monkeypatch.setattr(taking, "_stretch", watched)
    for number in range(24):
        rows = _delivery(rng, number, learners)
        batch = journal.send(rows, key=f"k{number}")
        told = journal.get(f"batches/k{number}/receipts").json()["items"]
        assert [one["outcome"] for one in told] == oracle.take(rows)
        assert batch["taken_rows"] == len(rows)
    found = {
        one.external_id: (one.version, one.person_id, one.value, one.withdrawn_at is not None)
        for one in Mark.objects.all()
    }
    assert found == {
        key: (row["version"], UUID(row["learner"]), "" if row["deleted"] else row["value"], row["deleted"])
        for key, row in oracle.stands.items()
    }
    assert Counter(FormerRecord.objects.values_list("external_id", "version")) == Counter(oracle.replaced)
    assert min(ways[way] for way in ("none", "dense", "sparse")) > 0, ways


def _delivery(rng: random.Random, number: int, learners: list[UUID]) -> list[dict[str, Any]]:
    """New ids counted up, or a stretch of old ones again, or old ones from all over."""
    highest = 10 * (number // 3 + 1)
    match number % 3:
        case 0:
            ids = list(range(highest - 10, highest))
        case 1:
            start = rng.randrange(highest - 5)
            ids = [rng.randrange(start, start + 8) for _ in range(8)]
        case _:
            ids = [0, highest - 1, rng.randrange(highest)]
    return [
        mark(
            1000 + one, rng.choice(learners), version=rng.randint(1, 4), value=rng.choice("2345"), deleted=rng.random() < 0.15,
        )
        for one in ids
    ]  # fmt: skip
