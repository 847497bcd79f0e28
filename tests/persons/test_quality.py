"""Precision and recall of the check before creating, on the synthetic region as ``bench.corruption`` spoils it.

The same measure as `make bench ONLY=match_online`, on a small region.
"""

from __future__ import annotations

import ast
import random
from datetime import date
from pathlib import Path

import pytest

from bench import corruption, matching
from bench.corruption import RATES, Record, corrupt
from demo import region
from kontingent.codelists import actions as codelists
from kontingent.organisations import actions as organisations

RECORD = Record("Семёнов", "Даниил", "Петрович", date(2015, 3, 4), "1", "10000000211", ("11:IIВГ:464423",))


@pytest.mark.django_db
@pytest.mark.slow
def test_what_is_certain_is_right_and_little_is_missed() -> None:
    codelists.load_all()
    organisations.load_municipalities()
    region.load("XS")
    quality = matching.measure(matching.questions(600))
    assert quality.precision >= matching.PRECISION, list(quality.lines())
    assert quality.recall >= matching.RECALL, list(quality.lines())
    assert quality.certain > quality.asked * 0.8, "and most need no human"


def test_the_corrupting_knows_nothing_of_the_matching() -> None:
    tree = ast.parse(Path(corruption.__file__).read_text(encoding="utf-8"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name for name in imported if name and name.startswith("kontingent")} == {"kontingent.kernel"}


def test_every_error_comes_about() -> None:
    rng = random.Random(1)
    seen = {error for _ in range(3000) for error in corrupt(RECORD, rng).errors}
    assert seen == set(RATES)
