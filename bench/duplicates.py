"""The search of the whole region for duplicates: time, memory, precision and recall on a corrupted copy of the region.

Copies of people, spoilt by ``corruption``, are added to what the search reads, never to the register.
"""

from __future__ import annotations

import csv
import json
import random
import resource
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from bench.corruption import Record, corrupt
from bench.matching import PRECISION, RECALL
from bench.measure import OUT, Result
from kontingent.kernel import names
from kontingent.persons import regional
from kontingent.persons.matching import Level

SHARE = 0.03
SECONDS, MEGABYTES = 180, 2000


def run(size: str) -> Iterator[Result]:
    """Search once; the floor is one pass of PostgreSQL that groups everybody by name and birth date."""
    with regional.private_folder(Path(settings.VAR_DIR)) as folder:
        path = Path(folder) / "people.csv"
        began = time.perf_counter()
        regional.extract(path)
        extracted = time.perf_counter() - began
        truth = add_copies(path)
        began = time.perf_counter()
        pairs = list(regional.find(path, Path(folder), report=lambda _stage, _done: None))
        taken = extracted + time.perf_counter() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    measured = quality(pairs, truth)
    (OUT / f"duplicates_curve.{size}.json").write_text(
        json.dumps(measured, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    print(
        f"  «точно»: точность {measured['precision_certain']} (≥ {PRECISION}); «точно или возможно»: полнота "
        f"{measured['recall']} (≥ {RECALL}); копий {len(truth)}, пар {len(pairs)}, лишних «возможно» {measured['review']}"
    )
    print("  вес: точность / полнота  " + "  ".join(f"{w}: {p}/{r}" for w, p, r in measured["curve"]))
    yield Result(
        "duplicates", size, taken, "s (whole region)", floor := _floor(), taken / floor, rss_mb=memory
    )


def _floor() -> float:
    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT 1 FROM persons_person GROUP BY name_key, birth_date HAVING count(*) > 1) d"
        )
    return time.perf_counter() - began


def add_copies(path: Path, *, share: float = SHARE) -> dict[str, str]:
    """Append spoilt copies; return whose each is. The file goes by row by row, so that only the search fills memory."""
    rng = random.Random(17)
    with path.open(encoding="utf-8", newline="") as file:
        chosen = [row for row in csv.reader(file) if row[5] and rng.random() < share]
    truth = {}
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for number, row in enumerate(chosen):
            copy = f"copy-{number}"
            truth[copy] = row[1]
            writer.writerow([copy, copy, *_spoilt(row, rng)])
    return truth


def _spoilt(row: list[str], rng: random.Random) -> list[str]:
    record = corrupt(
        Record(
            row[2].title(), row[3].title(), row[4], date.fromisoformat(row[5]), row[6], row[7] or None,
            tuple(row[8].split("|")) if row[8] else (),
        ),
        rng,
    )  # fmt: skip
    family, given, patronymic = (
        names.tidy(part) for part in (record.family, record.given, record.patronymic)
    )
    return [
        names.fold(family), names.fold(given), patronymic, record.born.isoformat(), record.sex, record.snils or "",
        "|".join(record.documents),
    ]  # fmt: skip


def quality(pairs: list[regional.Pair], truth: dict[str, str]) -> dict[str, Any]:
    """Pairs of two people of the register itself are not counted: some may be true, nobody knows."""
    copies = [pair for pair in pairs if pair.person in truth or pair.other_person in truth]
    right = [_is_right(pair, truth) for pair in copies]
    certain = [ok for pair, ok in zip(copies, right, strict=True) if pair.verdict.level is Level.CERTAIN]
    found = {_copy_of(pair, truth) for pair, ok in zip(copies, right, strict=True) if ok}
    curve = []
    for weight in (-5, 0, 5, 10, 15, 20, 25, 30):
        passed = [(pair, ok) for pair, ok in zip(copies, right, strict=True) if pair.weight >= weight]
        hit = {_copy_of(pair, truth) for pair, ok in passed if ok}
        good = sum(ok for _, ok in passed)
        curve.append((weight, round(good / max(1, len(passed)), 5), round(len(hit) / max(1, len(truth)), 5)))
    return {
        "copies": len(truth), "precision_certain": round(sum(certain) / max(1, len(certain)), 6), "certain": len(certain),
        "recall": round(len(found) / max(1, len(truth)), 6), "review": len(right) - sum(right), "curve": curve,
    }  # fmt: skip


def _copy_of(pair: regional.Pair, truth: dict[str, str]) -> str:
    return pair.person if pair.person in truth else pair.other_person


def _is_right(pair: regional.Pair, truth: dict[str, str]) -> bool:
    """A copy with its original, or two copies of one."""
    owners = [truth.get(one, one) for one in (pair.person, pair.other_person)]
    return owners[0] == owners[1]
