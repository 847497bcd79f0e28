"""Controls: the look at filled lines alone finds exactly what a look at every line finds."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from kontingent.codelists import actions as codelists
from kontingent.reports import editions
from kontingent.reports.rules.controls import failures
from kontingent.reports.rules.counting import Key
from kontingent.reports.rules.editions import Edition


def looking_everywhere(edition: Edition) -> Edition:
    """The same edition, whose controls never sleep."""
    tables = tuple(
        replace(table, controls=tuple(replace(one, sleeps_on_noughts=False) for one in table.controls))
        for table in edition.tables
    )
    return replace(edition, tables=tables, by_number={table.number: table for table in tables})


@pytest.mark.django_db
@pytest.mark.parametrize("code", ["oo-1.2019", "spo-1.2022", "85-k.2024"])
def test_empty_lines_hide_no_failure(code: str) -> None:
    codelists.load_all()
    edition, found = editions.get(code), 0
    rng, everywhere = random.Random(code), looking_everywhere(edition)
    cells = [
        Key(variant.code, row.number, column.number)
        for table in edition.tables for variant in table.variants for row, column in table.cells()
    ]  # fmt: skip
    for number in (0, 1, 3, 40, 400):
        values = {key: rng.randint(0, 4) for key in rng.sample(cells, min(number, len(cells)))}
        expected = failures(everywhere, values)
        assert failures(edition, values) == [
            replace(one, control=replace(one.control, sleeps_on_noughts=mine.control.sleeps_on_noughts))
            for one, mine in zip(expected, failures(edition, values), strict=True)
        ]
        found += len(expected)
    assert found > 20
