"""Expressions of controls and of computed cells, as the forms write them.

``r09 = r01 + r03`` is meant for every column, ``c3 = c4 + c5`` for every row; ``[2.1.1 r10 c3]`` is a cell of another table of
the same form of study; ``sum(r02..r29)`` and ``sum([2.1.1 r10 c4..c7])`` are sums; ``(r01 > 0) == (r02 > 0)`` says that both are there or neither. One text may
hold several, parted by ``;``. What the form leaves out of a reference (the column in ``[2.1.1 r10]``) is that of the place
where the control is evaluated.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kontingent.kernel.errors import InvalidValue

_TOKEN = re.compile(
    r"\s*(?:(?P<ref>\[[^\]]*\])|(?P<cell>[rc]\d+)|(?P<sum>sum)\b|(?P<number>\d+)|(?P<op>==|<=|>=|!=|\.\.|[=<>+\-*(),]))"
)
_REFERENCE = re.compile(
    r"(?:(?P<table>\d[\w.@]*?)\s+)?(?:r(?P<row>\d+)(?:\.\.r(?P<to_row>\d+))?)?\s*"
    r"(?:c(?P<column>\d+)(?:\.\.c(?P<to_column>\d+))?)?\s*"
)


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell; "" is that of the place where the expression is evaluated."""

    table: str = ""
    row: str = ""
    column: str = ""


@dataclass(frozen=True, slots=True)
class Number:
    """A constant."""

    value: int


@dataclass(frozen=True, slots=True)
class Sum:
    """Parts with the signs they are added by."""

    parts: tuple[tuple[int, Term], ...]


@dataclass(frozen=True, slots=True)
class Span:
    """All rows or all columns of a table from one to another."""

    first: Cell
    last: Cell


@dataclass(frozen=True, slots=True)
class Truth:
    """A comparison that is compared itself: both hold or neither."""

    comparison: Comparison


Term = Cell | Number | Sum | Span | Truth


@dataclass(frozen=True, slots=True)
class Comparison:
    """What must hold."""

    left: Term
    sign: str
    right: Term


SIGNS: dict[str, Callable[[int, int], bool]] = {
    "=": operator.eq, "==": operator.eq, "!=": operator.ne, "<=": operator.le, ">=": operator.ge, "<": operator.lt,
    ">": operator.gt,
}  # fmt: skip


def span(first: Cell, last: Cell, order: list[str]) -> list[Cell]:
    """Return the cells of a span; ``order`` are the rows or columns that it runs over."""
    if first.row != last.row:
        numbers = order[order.index(first.row) : order.index(last.row) + 1]
        return [Cell(first.table, number, first.column) for number in numbers]
    numbers = order[order.index(first.column) : order.index(last.column) + 1]
    return [Cell(first.table, first.row, number) for number in numbers]


#: Gives the value of a cell, and the cells of a span.
ValueOf = Callable[[Cell], int]
SpanOf = Callable[[Span], list[Cell]]


def evaluate(term: Term, value_of: ValueOf, span_of: SpanOf) -> int:
    """Return the value of a term."""
    match term:
        case Number(value=value):
            return value
        case Cell():
            return value_of(term)
        case Sum(parts=parts):
            return sum(sign * evaluate(part, value_of, span_of) for sign, part in parts)
        case Span():
            return sum(value_of(cell) for cell in span_of(term))
        case Truth(comparison=inner):
            return int(compare(inner, value_of, span_of))


def compare(comparison: Comparison, value_of: ValueOf, span_of: SpanOf) -> bool:
    """Say whether a comparison holds."""
    left = evaluate(comparison.left, value_of, span_of)
    return SIGNS[comparison.sign](left, evaluate(comparison.right, value_of, span_of))


def read(text: str) -> list[Comparison]:
    """Return the comparisons of a control; raise ``InvalidValue`` where the text is none."""
    return [_Parser(part).comparison() for part in text.split(";") if part.strip()]


def read_term(text: str) -> Term:
    """Return the term of a computed row or column."""
    parser = _Parser(text)
    term = parser.sum()
    parser.end()
    return term


def cells_of(what: Comparison | Term) -> Iterator[Cell]:
    """Yield the references of an expression, spans by their ends."""
    match what:
        case Comparison(left=left, right=right):
            yield from cells_of(left)
            yield from cells_of(right)
        case Truth(comparison=inner):
            yield from cells_of(inner)
        case Sum(parts=parts):
            for _, part in parts:
                yield from cells_of(part)
        case Span(first=first, last=last):
            yield first
            yield last
        case Cell():
            yield what


class _Parser:
    """Recursive descent over one comparison."""

    def __init__(self, text: str) -> None:
        self.text, self.position = text, 0
        self.tokens = list(self._tokens())
        self.index = 0
        self.former = Cell()

    def _tokens(self) -> Iterator[tuple[str, str]]:
        position, text = 0, self.text.rstrip()
        while position < len(text):
            found = _TOKEN.match(text, position)
            if found is None:
                raise self._fault(f"непонятно с места «{text[position:].strip()[:20]}»")
            yield str(found.lastgroup), str(found[str(found.lastgroup)])
            position = found.end()

    def _fault(self, what: str) -> InvalidValue:
        return InvalidValue(
            "reports.expression", f"Выражение «{self.text.strip()}»: {what}.", place=self.text
        )

    def _peek(self) -> tuple[str, str]:
        return self.tokens[self.index] if self.index < len(self.tokens) else ("end", "")

    def _next(self) -> tuple[str, str]:
        token = self._peek()
        self.index += 1
        return token

    def _take(self, text: str) -> bool:
        if self._peek()[1] == text and self._peek()[0] in {"op", "sum"}:
            self.index += 1
            return True
        return False

    def end(self) -> None:
        if self._peek()[0] != "end":
            raise self._fault(f"лишнее: «{self._peek()[1]}»")

    def comparison(self) -> Comparison:
        found = self._comparison()
        self.end()
        return found

    def _comparison(self) -> Comparison:
        left = self.sum()
        kind, sign = self._next()
        if kind != "op" or sign not in SIGNS:
            raise self._fault("нет знака сравнения")
        return Comparison(left, sign, self.sum())

    def sum(self) -> Term:
        sign, parts = (-1 if self._take("-") else 1), []
        parts.append((sign, self._operand()))
        while self._peek()[1] in {"+", "-"}:
            sign = 1 if self._next()[1] == "+" else -1
            parts.append((sign, self._operand()))
        return parts[0][1] if len(parts) == 1 and parts[0][0] == 1 else Sum(tuple(parts))

    def _operand(self) -> Term:
        kind, text = self._next()
        match kind:
            case "ref":
                return self._reference(text[1:-1].strip())
            case "cell":
                return Cell(row=text[1:]) if text[0] == "r" else Cell(column=text[1:])
            case "number":
                return Number(int(text))
            case "sum":
                return self._span()
        if text == "(":
            return self._parenthesis()
        raise self._fault("ожидается строка, графа или число")

    def _parenthesis(self) -> Term:
        start = self.index
        inner = self.sum()
        if self._take(")"):
            return inner
        self.index = start
        comparison = self._comparison()
        if not self._take(")"):
            raise self._fault("скобка не закрыта")
        return Truth(comparison)

    def _span(self) -> Span:
        if not self._take("("):
            raise self._fault("после sum ожидается скобка")
        first = self._operand()
        if isinstance(first, Span) and self._take(")"):
            return first
        if not self._take(".."):
            raise self._fault("в сумме ожидается «..»")
        last = self._operand()
        if not self._take(")"):
            raise self._fault("скобка не закрыта")
        if not isinstance(first, Cell) or not isinstance(last, Cell):
            raise self._fault("сумма берётся от строки до строки или от графы до графы")
        return Span(first, last)

    def _reference(self, text: str) -> Cell | Span:
        found = _REFERENCE.fullmatch(text)
        if found is None or not (found["row"] or found["column"]):
            raise self._fault(f"непонятная ссылка «[{text}]»")
        # «[2.14.2 r01 c4] + [c7]»: what names only a column is of the row named before it
        near = Cell() if found["table"] or found["row"] else self.former
        first = Cell(found["table"] or near.table, found["row"] or near.row, found["column"] or "")
        self.former = first
        if not (found["to_row"] or found["to_column"]):
            return first
        return Span(
            first, Cell(first.table, found["to_row"] or first.row, found["to_column"] or first.column)
        )
