"""The check before creating one person: its time beside one indexed probe, its precision and recall on corrupted records.

Each question is a person of the register as ``corruption`` has spoilt it, asked twice: with the register as it is (the
answer is known) and with the person taken out of it (every answer is a mistake), for a tenth of them.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from bench.corruption import Record, corrupt
from bench.measure import OUT, Result, interleaved
from kontingent.kernel import names
from kontingent.persons import likeness
from kontingent.persons.likeness import Candidate
from kontingent.persons.matching import Fingerprint, Level

ASKED = 20_000
STRANGERS = 0.1
CHUNK = 2000
PRECISION, RECALL = 0.999, 0.98


class Question(NamedTuple):
    """A spoilt record, and whom it is about."""

    person_id: UUID
    record: Record


def run(size: str) -> Iterator[Result]:
    """Ask for people of the register: one by one for the time, many for precision and recall."""
    asked = questions(ASKED)
    quality = measure(asked)
    (OUT / f"match_curve.{size}.json").write_text(
        json.dumps(quality.as_json(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    for line in quality.lines():
        print(f"  {line}", flush=True)

    def ours(i: int) -> None:
        likeness.match_one(fingerprint(asked[i % len(asked)].record))

    def floor(i: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id FROM persons_person WHERE birth_date = %s AND family_key = %s",
                [asked[i % len(asked)].record.born, "x"],
            )
            cursor.fetchall()

    mine, raw = interleaved(ours, floor, repeat=400)
    yield Result("match_online", size, mine.p50, "ms", raw.p50, mine.p50 / raw.p50, mine.p50, mine.p95)


def questions(count: int, *, seed: int = 11) -> list[Question]:
    """Take people of the register by chance and spoil what is known of them."""
    rng = random.Random(seed)
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.5)")
        cursor.execute(
            "SELECT p.id, family_name, given_name, patronymic, birth_date, sex, snils, "
            "ARRAY(SELECT d.key FROM persons_identitydocument d WHERE d.person_id = p.id ORDER BY d.key) "
            "FROM persons_person p WHERE status_code = '1' AND birth_date IS NOT NULL ORDER BY random() LIMIT %s",
            [count],
        )
        return [
            Question(
                one, corrupt(Record(family, given, patronymic, born, sex, number, tuple(documents)), rng)
            )
            for one, family, given, patronymic, born, sex, number, documents in cursor.fetchall()
        ]


def fingerprint(record: Record) -> Fingerprint:
    """What the door would ask about the record."""
    return Fingerprint.of(
        *(names.tidy(part) for part in (record.family, record.given, record.patronymic)),
        birth_date=record.born, sex=record.sex, snils=record.snils, documents=frozenset(record.documents),
    )  # fmt: skip


@dataclass(slots=True)
class Quality:
    """What came of the questions."""

    asked: int = 0
    strangers: int = 0
    certain: int = 0
    certain_right: int = 0
    certain_about_strangers: int = 0
    found: int = 0
    review: int = 0
    missed: Counter[str] = field(default_factory=Counter)
    scores: list[tuple[int, bool]] = field(default_factory=list)

    @property
    def precision(self) -> float:
        """Of what was called certain, the share that was right; strangers weigh as if they were all."""
        wrong = self.certain - self.certain_right + self.certain_about_strangers
        return self.certain_right / max(1, self.certain_right + wrong)

    @property
    def recall(self) -> float:
        """Of the known, the share whose record was certain or among the possible."""
        return self.found / max(1, self.asked)

    def curve(self) -> list[tuple[int, float, float]]:
        """(score, precision, recall) of calling everything from that score on the same person."""
        points = []
        for score in range(50, 101, 5):
            passed = [right for value, right in self.scores if value >= score]
            right = sum(passed)
            points.append((score, right / max(1, len(passed)), right / max(1, self.asked)))
        return points

    def as_json(self) -> dict[str, Any]:
        """The figures for the record."""
        return {
            "asked": self.asked, "strangers": self.strangers, "certain": self.certain,
            "precision_certain": round(self.precision, 6), "recall_certain_or_possible": round(self.recall, 6),
            "recall_certain": round(self.certain_right / max(1, self.asked), 6), "sent_to_a_human": round(self.review / max(1, self.asked), 4),
            "curve": [[score, round(p, 5), round(r, 5)] for score, p, r in self.curve()], "missed": dict(self.missed.most_common(12)),
        }  # fmt: skip

    def lines(self) -> Iterator[str]:
        """The figures for people."""
        yield (
            f"«точно»: точность {self.precision:.5f} (должно быть ≥ {PRECISION}); «точно или возможно»: "
            f"полнота {self.recall:.5f} (≥ {RECALL}); спрошено {self.asked}, из них чужих {self.strangers}"
        )
        yield f"сразу «точно» {self.certain_right / max(1, self.asked):.3f}, человеку {self.review / max(1, self.asked):.3f}"
        yield "порог: точность / полнота  " + "  ".join(f"{s}: {p:.4f}/{r:.4f}" for s, p, r in self.curve())
        yield f"не найдены: {dict(self.missed.most_common(6))}"


def measure(asked: Sequence[Question]) -> Quality:
    """Ask all and count."""
    quality = Quality()
    for start in range(0, len(asked), CHUNK):
        chunk = asked[start : start + CHUNK]
        found = likeness.match_many((index, fingerprint(one.record)) for index, one in enumerate(chunk))
        for index, question in enumerate(chunk):
            _count(quality, question, found.get(index, []))
            if index < len(chunk) * STRANGERS:
                quality.strangers += 1
                others = [one for one in found.get(index, []) if one.person_id != question.person_id]
                quality.certain_about_strangers += bool(certain(others))
    return quality


def certain(candidates: Sequence[Candidate]) -> Candidate | None:
    """Whom an import would take without asking."""
    sure = [one for one in candidates if one.verdict.level is Level.CERTAIN]
    return sure[0] if len(sure) == 1 else None


def _count(quality: Quality, question: Question, candidates: Sequence[Candidate]) -> None:
    quality.asked += 1
    sure = certain(candidates)
    if sure is not None:
        quality.certain += 1
        quality.certain_right += sure.person_id == question.person_id
    elif candidates:
        quality.review += 1
    if any(one.person_id == question.person_id for one in candidates):
        quality.found += 1
    else:
        quality.missed["+".join(question.record.errors)] += 1
    quality.scores += [(one.verdict.score, one.person_id == question.person_id) for one in candidates]
