"""The grammar of filter, sort and fields: by table, and by property against a naive reading."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kontingent.exchange.oneroster import model, rules
from kontingent.exchange.oneroster.model import Edition
from kontingent.exchange.oneroster.rules import Filter, QueryRefused, Term

COLUMNS = model.FILES[Edition.V12]["classes"].columns


@pytest.mark.parametrize(
    ("text", "terms", "either"),
    [
        ("", (), False),
        ("title='5А'", (Term("title", "=", "5А"),), False),
        ("title != 'О''Нил'", (Term("title", "!=", "О'Нил"),), False),
        ("school.sourcedId='s1'", (Term("schoolSourcedId", "=", "s1"),), False),
        ("title~'5' AND status='active'", (Term("title", "~", "5"), Term("status", "=", "active")), False),
        ("title='a AND b' OR title='c'", (Term("title", "=", "a AND b"), Term("title", "=", "c")), True),
        (
            "dateLastModified>='2026-09-01'",
            (Term("dateLastModified", ">=", datetime(2026, 9, 1, tzinfo=UTC)),),
            False,
        ),
    ],
)
def test_a_filter_is_read(text: str, terms: tuple[Term, ...], either: bool) -> None:
    assert rules.read_filter(text, COLUMNS) == Filter(terms, either)


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("name='x'", "invalid_filter_field"),
        ("snils='x'", "invalid_filter_field"),
        ("title=x", "invalid_data"),
        ("title='x", "invalid_data"),
        ("title=='x'", "invalid_data"),
        ("title='x' AND", "invalid_data"),
        ("title='x' AND title='y' AND title='z'", "invalid_data"),
        ("title='x' XOR title='y'", "invalid_data"),
        ("(title='x')", "invalid_data"),
        ("dateLastModified>'yesterday'", "invalid_data"),
        ("dateLastModified~'2026-09-01'", "invalid_data"),
        ("title='\0'", "invalid_data"),
        ("title='" + "x" * 1000 + "'", "invalid_data"),
    ],
)
def test_another_filter_is_refused(text: str, minor: str) -> None:
    with pytest.raises(QueryRefused) as refused:
        rules.read_filter(text, COLUMNS)
    assert refused.value.minor == minor
    assert refused.value.message


def test_order_and_selection() -> None:
    assert rules.read_order("", "", COLUMNS) == rules.Order("sourcedId")
    assert rules.read_order("school.sourcedId", "desc", COLUMNS) == rules.Order("schoolSourcedId", True)
    assert rules.read_selection(None, ["a", "b"]) == {"a", "b"}
    assert rules.read_selection("b", ["a", "b"]) == {"b"}
    for call, minor in (
        (lambda: rules.read_order("x", "", COLUMNS), "invalid_sort_field"),
        (lambda: rules.read_order("", "up", COLUMNS), "invalid_data"),
        (lambda: rules.read_selection("a,x", ["a"]), "invalid_selection_field"),
        (lambda: rules.read_selection("a,", ["a"]), "invalid_blank_selection_field"),
        (lambda: rules.read_selection("", ["a"]), "invalid_blank_selection_field"),
        (lambda: rules.read_whole("-1", "limit", usual=1, least=1, most=9), "invalid_data"),
        (lambda: rules.read_whole("²", "limit", usual=1, least=1, most=9), "invalid_data"),
    ):
        with pytest.raises(QueryRefused) as refused:
            call()
        assert refused.value.minor == minor


WORD = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
OPERATOR = st.sampled_from(["=", "!=", ">", ">=", "<", "<=", "~"])
TERM = st.tuples(st.sampled_from(["title", "location"]), OPERATOR, WORD)


@given(TERM, TERM, st.booleans(), WORD, WORD)
def test_what_is_written_is_what_is_meant(one: Any, other: Any, either: bool, title: str, place: str) -> None:
    told = [f"{name}{operator}'" + value.replace("'", "''") + "'" for name, operator, value in (one, other)]
    read = rules.read_filter((" OR " if either else " AND ").join(told), COLUMNS)
    assert [(term.column, term.operator, term.value) for term in read.terms] == [one, other]
    row = {"title": title, "location": place}
    naive = {
        "=": str.__eq__,
        "!=": str.__ne__,
        ">": str.__gt__,
        ">=": str.__ge__,
        "<": str.__lt__,
        "<=": str.__le__,
    }
    said = [
        value.casefold() in row[name].casefold() if operator == "~" else naive[operator](row[name], value)
        for name, operator, value in (one, other)
    ]  # fmt: skip
    assert rules.holds(read, row) is (any(said) if either else all(said))


@given(WORD)
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(QueryRefused):
        assert rules.read_filter(text, COLUMNS).terms or not text
