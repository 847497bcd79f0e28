"""Pages of the whole region are read along indexes: what a plan may not do, asked of PostgreSQL itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from kontingent.exchange.oneroster import books, queries
from kontingent.exchange.oneroster.queries import Asked, Page
from kontingent.exchange.oneroster.rules import Order, read_filter
from kontingent.performance import actions as performance
from tests import builders as b
from tests.oneroster.test_gradebook import DAY, autumn, town

__all__ = ["autumn", "town"]
pytestmark = [pytest.mark.django_db]
#: In tables as small as these everything is cheap: what takes the index where it can be taken would take it among millions.
FORCED = "; ".join(f"SET LOCAL enable_{one} = off" for one in ("seqscan", "sort", "hashjoin", "mergejoin"))


def plans(read: Callable[[], Page]) -> list[str]:
    """The plan of each statement that reads a page."""
    with CaptureQueriesContext(connection) as asked:
        assert read().rows
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(FORCED)
        found = []
        for one in asked:
            if " FROM " in one["sql"]:
                cursor.execute("EXPLAIN " + one["sql"].replace("%", "%%"))
                found.append("\n".join(row[0] for row in cursor.fetchall()))
    return found


def users(column: str, *, descending: bool = False, text: str = "") -> list[str]:
    wanted = read_filter(text, queries.USERS.columns)
    return plans(
        lambda: queries.page(b.ROOT, queries.USERS, Asked(wanted, Order(column, descending), limit=1), on=DAY)
    )


def results(column: str, *, descending: bool = False, text: str = "") -> list[str]:
    book = books.Book(b.ROOT, DAY, None)
    wanted = read_filter(text, books.RESULTS.comparable)
    return plans(lambda: books.page(book, books.RESULTS, Asked(wanted, Order(column, descending), limit=2)))


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize(
    ("column", "index"),
    [("sourcedId", "persons_person_pkey"), ("familyName", "person_family_listed"), ("dateLastModified", "person_changed")],
)  # fmt: skip
def test_users_are_read_along_an_index(
    column: str, index: str, descending: bool, town: dict[str, Any]
) -> None:
    page, *_ = users(column, descending=descending)
    way = "Index Scan Backward" if descending else "Index (Only )?Scan"
    assert re.search(rf"{way} using {index} on persons_person", page), page
    assert not re.search(r"^ *->  Sort .*\n *Sort Key: persons_person", page, re.MULTILINE), page


def test_users_changed_since_a_moment_are_found_by_it(town: dict[str, Any]) -> None:
    for plan in users("sourcedId", text="dateLastModified>'2020-01-01T00:00:00Z'"):
        assert "Seq Scan" not in plan
    page, *_ = users("dateLastModified", text="dateLastModified>'2020-01-01T00:00:00Z'")
    assert re.search(r"using person_changed on persons_person\b.*\n +Index Cond", page), page


@pytest.mark.parametrize("descending", [False, True])
def test_results_in_the_order_of_changes_are_read_along_an_index(
    descending: bool, town: dict[str, Any]
) -> None:
    page, *_ = results("dateLastModified", descending=descending)
    for table in ("mark", "periodmark"):
        assert f"using performance_{table}_2025_recorded_at_idx" in page, page
    assert "Seq Scan on performance_mark" not in page


def test_results_changed_since_a_moment_are_found_by_it(town: dict[str, Any]) -> None:
    page, *_ = results("dateLastModified", text="dateLastModified>'2020-01-01T00:00:00Z'")
    for table in ("mark", "periodmark"):
        assert re.search(rf"using performance_{table}_2025_recorded_at_idx.*\n +Index Cond", page), page


@pytest.mark.parametrize("column", ["sourcedId", "dateLastModified", "scoreDate", "score"])
def test_no_page_of_results_gathers_the_marks_of_a_year_to_tell_ids_apart(
    column: str, town: dict[str, Any]
) -> None:
    """Whether a final mark is called as a current one is asked of each by the key, in its own year."""
    performance.make_years(2023)
    for plan in results(column):
        assert "hashed SubPlan" not in plan, plan
        assert "performance_mark_2023" not in plan
