"""Years of records: made when they are missing, destroyed when their term has passed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import time_machine
from django.db import connection

from kontingent.audit.models import Entry
from kontingent.kernel.errors import InvalidValue, NotAllowed
from kontingent.performance import actions
from kontingent.performance.actions.years import kept_years
from kontingent.performance.records import FORMER_TABLES, KINDS
from tests import builders as b

pytestmark = pytest.mark.django_db


def partitions(year: int) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relname ~ ('^performance_[a-z]+_' || %s || '$')", [str(year)]
        )
        return {row[0].removesuffix(f"_{year}") for row in cursor.fetchall()}


EVERY_TABLE = {one.table for one in KINDS.values()} | set(FORMER_TABLES)


def test_years_are_made_once() -> None:
    assert actions.make_years(2030, 2031) == 2 * len(EVERY_TABLE)
    assert partitions(2030) == partitions(2031) == EVERY_TABLE
    assert actions.make_years(2030) == 0


def test_this_year_and_the_next_are_made_ahead() -> None:
    with time_machine.travel(datetime(2032, 8, 31, 12, tzinfo=UTC), tick=False):
        actions.make_years()
    assert partitions(2031) == partitions(2032) == EVERY_TABLE
    assert partitions(2033) == set()


def test_the_term_is_the_code_lists() -> None:
    kept = kept_years()
    assert kept["performance_mark"] == kept["performance_lesson"] == kept["performance_attendance"] == 5
    assert kept["performance_periodmark"] == 25
    assert {kept[table] for table in FORMER_TABLES} == {25}


def test_a_journal_is_destroyed_after_five_years_its_summary_after_twenty_five() -> None:
    actions.make_years(2000, 2001)
    with pytest.raises(NotAllowed):
        actions.destroy_expired(actor=b.actor_of(b.school(), "performance.view"), basis="акт")
    with time_machine.travel(datetime(2006, 9, 1, 12, tzinfo=UTC), tick=False), pytest.raises(InvalidValue):
        actions.destroy_expired(actor=b.ROOT, basis=" ")
    assert partitions(2000) == EVERY_TABLE
    with time_machine.travel(datetime(2006, 8, 31, 12, tzinfo=UTC), tick=False):
        assert actions.destroy_expired(actor=b.ROOT, basis="акт № 1") == []
    with time_machine.travel(datetime(2006, 9, 1, 12, tzinfo=UTC), tick=False):
        assert actions.destroy_expired(actor=b.ROOT, basis="акт № 1") == [2000]
    summary = {"performance_periodmark", *FORMER_TABLES}
    assert partitions(2000) == summary
    assert partitions(2001) == EVERY_TABLE
    entry = Entry.objects.get(kind="performance.year_destroyed")
    assert (entry.data["school_year"], entry.data["kept_years"], entry.basis) == (2000, 5, "акт № 1")
    with time_machine.travel(datetime(2026, 9, 1, 12, tzinfo=UTC), tick=False):
        assert actions.destroy_expired(actor=b.ROOT, basis="акт № 2") == [2000, 2001]
    assert partitions(2000) == set()
    assert partitions(2001) == summary
