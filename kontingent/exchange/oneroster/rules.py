"""The grammar of OneRoster's query: ``filter``, ``sort``, ``fields``; and what it means on rows in memory. Pure.

``<field><op>'<value>'``, at most one ``AND`` or ``OR`` between two of them; a quote within a value is written twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from kontingent.exchange.oneroster.model import Column, Kind
from kontingent.kernel.errors import InvalidValue

Value = str | date | datetime | Decimal
Row = Mapping[str, Any]
LONGEST_FILTER = 1000
USUAL_ROWS, MOST_ROWS, DEEPEST = 100, 1000, 10_000_000
_TERM = re.compile(r"([A-Za-z][A-Za-z.]{0,60})\s*(!=|>=|<=|=|>|<|~)\s*'((?:[^']|'')*)'")
_NUMBER = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,6})?")
_BETWEEN = re.compile(r"\s+(AND|OR)\s+")
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    "~": lambda one, other: other.casefold() in one.casefold(),
}


@dataclass(frozen=True, slots=True)
class Term:
    """One comparison of a column."""

    column: str
    operator: str
    value: Value


@dataclass(frozen=True, slots=True)
class Filter:
    """One term, or two with a logical operator between."""

    terms: tuple[Term, ...] = ()
    either: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """By which column, and whether from the highest down."""

    column: str
    descending: bool = False


class QueryRefused(InvalidValue):
    """A parameter cannot be understood; ``minor`` is the code of the standard."""

    def __init__(self, minor: str, message: str) -> None:
        super().__init__(f"oneroster.{minor}", message)
        self.minor = minor


def rest_name(column: Column) -> str:
    """Return how a column is called in JSON: a reference loses its suffix."""
    if column.kind is Kind.REFERENCE:
        return column.name.removesuffix("SourcedId")
    if column.kind is Kind.REFERENCES:
        return column.name.removesuffix("SourcedIds") + "s"
    return column.name


def names_of(columns: Sequence[Column]) -> list[str]:
    """Return what one may ask for alone: what is our own goes as one, ``metadata``."""
    return list(dict.fromkeys(rest_name(one).partition(".")[0] for one in columns))


def fields_of(columns: Sequence[Column]) -> dict[str, Column]:
    """Return columns by the name one filters and sorts by: ``school.sourcedId`` for a reference."""
    linked = (Kind.REFERENCE, Kind.REFERENCES)
    return {
        rest_name(one) + (".sourcedId" if one.kind in linked else ""): one for one in columns
    }  # fmt: skip


def read_filter(text: str, columns: Sequence[Column]) -> Filter:
    """Return what a filter says of these columns.

    Raises:
        QueryRefused: it does not follow the grammar, names an unknown field, or compares with what is no such value.
    """
    if not text:
        return Filter()
    if len(text) > LONGEST_FILTER:
        raise QueryRefused("invalid_data", f"filter длиннее {LONGEST_FILTER} знаков. Сократите его.")
    first = _TERM.match(text.strip())
    rest = text.strip()[first.end() :] if first else text
    between = _BETWEEN.match(rest)
    second = _TERM.fullmatch(rest, between.end()) if between else None
    if first is None or (rest and second is None):
        raise QueryRefused(
            "invalid_data",
            "filter не читается. Запишите его как поле='значение', не больше одного AND или OR, например "
            "status='active' AND dateLastModified>'2026-09-01T00:00:00Z'.",
        )
    fields = fields_of(columns)
    terms = tuple(_term(one, fields) for one in (first, second) if one)
    return Filter(terms, bool(between and between.group(1) == "OR"))


def _term(found: re.Match[str], fields: Mapping[str, Column]) -> Term:
    name, operator, text = found.group(1), found.group(2), found.group(3).replace("''", "'")
    column = fields.get(name)
    if column is None:
        raise QueryRefused("invalid_filter_field", f"Поля «{name}» нет. Есть: {', '.join(sorted(fields))}.")
    value = _value(column, name, text)
    if operator == "~" and not isinstance(value, str):
        raise QueryRefused("invalid_data", f"«{name}» – дата или число; по части (~) их не ищут. Сравните.")
    return Term(column.name, operator, value)


def _value(column: Column, name: str, text: str) -> Value:
    if "\0" in text:
        raise QueryRefused("invalid_data", f"В значении «{name}» нулевой символ. Уберите его.")
    if column.kind in (Kind.NUMBER, Kind.WHOLE):
        if not _NUMBER.fullmatch(text):
            raise QueryRefused(
                "invalid_data",
                f"«{text[:40]}» в «{name}» – не число. Запишите его цифрами, дробь – через точку.",
            )
        return Decimal(text)
    try:
        if column.kind is Kind.DAY:
            return date.fromisoformat(text)
        if column.kind is Kind.MOMENT:
            moment = datetime.fromisoformat(text if "T" in text else f"{text}T00:00:00Z")
            if moment.tzinfo is None:
                raise ValueError(text)
            return moment
    except ValueError:
        raise QueryRefused(
            "invalid_data",
            f"«{text[:40]}» в «{name}» не читается. Запишите день как 2026-09-01, момент – как 2026-09-01T08:00:00Z.",
        ) from None
    return text


def read_order(sort: str, direction: str, columns: Sequence[Column]) -> Order:
    """Return the order asked for, by id without one."""
    if direction not in {"", "asc", "desc"}:
        raise QueryRefused("invalid_data", "orderBy – это asc или desc. Исправьте его.")
    fields = fields_of(columns)
    if sort and sort not in fields:
        raise QueryRefused(
            "invalid_sort_field", f"Поля «{sort[:40]}» нет. Есть: {', '.join(sorted(fields))}."
        )
    return Order(fields[sort].name if sort else "sourcedId", direction == "desc")


def read_selection(text: str | None, names: Sequence[str]) -> frozenset[str]:
    """Return which fields are wanted, all of them where nothing was said."""
    if text is None:
        return frozenset(names)
    wanted = [one.strip() for one in text.split(",")]
    if not all(wanted):
        raise QueryRefused(
            "invalid_blank_selection_field", "В fields пустое имя. Перечислите поля через запятую."
        )
    unknown = sorted(set(wanted) - set(names))
    if unknown:
        raise QueryRefused(
            "invalid_selection_field", f"Поля «{unknown[0][:40]}» нет. Есть: {', '.join(sorted(names))}."
        )
    return frozenset(wanted)


def read_whole(text: str, name: str, *, usual: int, least: int, most: int) -> int:
    """Return ``limit`` or ``offset``."""
    if not text:
        return usual
    if not re.fullmatch(r"[0-9]{1,8}", text) or not least <= int(text) <= most:
        raise QueryRefused("invalid_data", f"{name} – целое число от {least} до {most}. Исправьте его.")
    return int(text)


def holds(wanted: Filter, row: Row) -> bool:
    """Tell whether a row is wanted; what is not known compares with nothing."""
    told = [
        row[one.column] is not None and _COMPARE[one.operator](row[one.column], one.value)
        for one in wanted.terms
    ]
    return not told or (any(told) if wanted.either else all(told))


def in_order(rows: Sequence[Row], order: Order) -> list[Row]:
    """Return rows in order, equal ones by id."""
    by_id = sorted(rows, key=lambda row: str(row["sourcedId"]))
    return sorted(
        by_id,
        key=lambda row: (row[order.column] is not None, row[order.column] or ""),
        reverse=order.descending,
    )
