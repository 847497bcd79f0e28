"""The living school: its source has run once when the demonstration opens, and its stand goes on from there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from demo import living, region
from kontingent.exchange.journals.models import RefusedRow
from kontingent.exchange.journals.sources import queries, running
from kontingent.kernel.actor import system_actor
from kontingent.organisations import actions as organisations
from kontingent.performance.models import Attendance, Lesson, Mark
from stands.journal import __main__ as stand

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def test_the_page_of_sources_has_something_to_tell_and_the_stand_goes_on(
    tmp_path: Path, settings: Any
) -> None:
    settings.JOURNAL_FOLDERS = str(tmp_path)
    organisations.load_municipalities()
    assert living.command(tmp_path / "lists.json") == [], "nobody lives here yet"
    region.load("XS")
    line = queries.sources(system_actor("test", "Проверка"))[0]
    journal = line.source.journal_id
    assert line.source.journal.code == living.CODE
    assert line.last is not None
    assert (line.last.state, line.last.pieces, line.last.unread) == ("done", 1, 0), line.last.error
    assert line.last.taken > 100
    assert line.last.named > 5
    assert 0 < line.open_refusals == RefusedRow.objects.filter(journal=journal).count() < line.last.taken / 4
    assert not line.is_late
    for table in (Lesson, Mark, Attendance):
        assert table.objects.filter(journal_id=journal).values("organisation_id").distinct().count() == 1, (
            table
        )
    assert {one.weekday() for one in Lesson.objects.filter(journal_id=journal).values_list("held_on", flat=True)} <= set(range(5))  # fmt: skip

    before = set(Mark.objects.filter(journal_id=journal).values_list("external_id", flat=True))
    arguments = living.command(tmp_path / "lists.json")[2:-2]
    assert stand.main(arguments, say=lambda _text: None) == 0
    again = running.run(line.source.pk)
    assert again is not None
    assert (again.state, again.pieces) == ("done", 1)
    # A lesson may have ended between the two; nothing that was said before is said anew.
    assert again.taken < line.last.taken / 2
    assert again.unchanged > line.last.taken / 2
    assert before <= set(Mark.objects.filter(journal_id=journal).values_list("external_id", flat=True))
