"""The page of study periods: the region's by the ministry, a school's own, read by others; what was typed is never lost."""

from __future__ import annotations

import re
from datetime import date
from html import unescape
from typing import Any

import pytest

from kontingent.codelists import actions as codelists
from kontingent.performance import actions, queries
from kontingent.performance.actions import GradingPeriodDraft
from tests import builders as b

pytestmark = pytest.mark.django_db
ADDRESS = "/periods/?year=2025"
FIRST = GradingPeriodDraft("1", date(2025, 9, 1), date(2025, 10, 27), date(2025, 11, 6), 1, 11)
LINE = ("1", "2025-09-01", "2025-10-26", "2025-11-06", "1", "11")


@pytest.fixture
def town() -> dict[str, Any]:
    codelists.load_all()
    school = b.school("Школа № 5")
    return {
        "school": school, "head": b.browser(b.appointed("head", at=school)), "ministry": b.browser(b.appointed("ministry")),
        "teacher": b.browser(b.appointed("teacher", at=school, groups=(b.group(school, "5А").id,))), "municipal": b.browser(b.appointed("municipal", where=school.municipality)),
    }  # fmt: skip


def told(client: Any, status: int = 200) -> str:
    answer = client.get(ADDRESS)
    assert answer.status_code == status, answer.content.decode()
    return str(answer.content.decode())


def sent(client: Any, *lines: tuple[str, ...], act: str = "save", seen: str | None = None) -> Any:
    """Send the table as the page would."""
    if seen is None:
        found = re.search(r'name="seen" value="([^"]*)"', told(client))
        seen = unescape(found[1]) if found else ""
    columns = zip(*lines, strict=True) if lines else [()] * 6
    names = ("code", "from", "last", "closes", "grade_from", "grade_to")
    form: dict[str, Any] = {name: list(column) for name, column in zip(names, columns, strict=True)}
    return client.post(ADDRESS, form | {"act": act, "seen": seen})


def test_the_ministry_says_the_regions_and_a_school_its_own(town: dict[str, Any]) -> None:
    assert "не заданы" in told(town["ministry"])
    assert sent(town["ministry"], LINE, ("", "", "", "", "1", "11")).status_code == 302
    assert queries.said_periods(2025, None) == [FIRST]
    page = told(town["head"])
    assert "действуют периоды региона" in page
    assert 'value="2025-10-26"' in page
    own = ("5", "2025-09-01", "2025-11-30", "", "1", "11")
    assert sent(town["head"], own).status_code == 302
    assert [(one.code, one.closes_on) for one in queries.said_periods(2025, town["school"].id)] == [
        ("5", date(2025, 12, 1))
    ]
    assert queries.said_periods(2025, None) == [FIRST]
    assert sent(town["head"], act="drop").status_code == 302
    assert queries.said_periods(2025, town["school"].id) == []


def test_others_read(town: dict[str, Any]) -> None:
    actions.set_periods(actor=b.ROOT, school_year=2025, periods=[FIRST])
    for who in ("teacher", "municipal"):
        page = told(town[who])
        assert "1-я четверть" in page
        assert "26.10.2025" in page
        assert "Сохранить периоды" not in page
        assert sent(town[who], LINE, seen="[]").status_code == 403
    assert queries.said_periods(2025, None) == [FIRST]


def test_a_new_year_is_proposed_from_the_last(town: dict[str, Any]) -> None:
    last = GradingPeriodDraft("1", date(2024, 9, 1), date(2024, 10, 27), date(2024, 11, 6))
    actions.set_periods(actor=b.ROOT, school_year=2024, periods=[last])
    page = told(town["ministry"])
    assert "дни прошлого года, сдвинутые на год" in page
    assert 'value="2025-10-26"' in page
    assert queries.said_periods(2025, None) == []


def test_what_is_wrong_is_said_and_what_was_typed_stays(town: dict[str, Any]) -> None:
    second = ("2", "2025-10-20", "2025-12-30", "", "1", "11")
    answer = sent(town["ministry"], LINE, second)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Период «2-я четверть» начинается 20.10.2025, раньше, чем кончился период «1-я четверть» (26.10.2025)" in page  # fmt: skip
    assert 'value="2025-10-20"' in page
    for line, why in (
        (("", "2025-09-01", "", "", "1", "11"), "период не выбран"),
        (("1", "", "2025-10-26", "", "1", "11"), "не указан первый день"),
        (("1", "01.09.25х", "2025-10-26", "", "1", "11"), "не дата"),
        (("1", "2025-09-01", "2025-10-26", "", "", ""), "классы"),
        (("", "", "", "", "1", "11"), "нет ни одного периода"),
    ):
        answer = sent(town["ministry"], line)
        assert answer.status_code == 422
        assert why in answer.content.decode()
    assert sent(town["ministry"], LINE, act="drop").status_code == 422
    assert queries.said_periods(2025, None) == []


def test_two_at_once(town: dict[str, Any]) -> None:
    actions.set_periods(actor=b.ROOT, school_year=2025, periods=[FIRST])
    for seen in ("[]", "{", '[{"code": 1}]', ""):
        answer = sent(town["ministry"], (*LINE[:5], "9"), seen=seen)
        assert answer.status_code == 422
        assert "сохранил кто-то другой" in answer.content.decode()
    assert queries.said_periods(2025, None) == [FIRST]
