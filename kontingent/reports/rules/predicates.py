"""Predicates of forms: read from data, checked against the vocabulary, evaluated, told in Russian, written as SQL.

A predicate is a mapping of facts to what they must be, all at once: ``{grade: 5, sex: "2"}``. A value is a code, a number
or a flag; a list means any of them; ``{from: 2, to: 4}`` a span of numbers, both ends included; ``{not: …}`` the opposite.
``all``, ``any``, ``not`` combine predicates, ``is`` names one that the edition defines.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kontingent.kernel.errors import InvalidValue
from kontingent.reports.rules.vocabulary import FACTS, Fact, Kind, Source

#: Says whether a code belongs to a code list.
Has = Callable[[str, str], bool]
#: Gives the title of a code of a list.
TitleOf = Callable[[str, str], str]
Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OneOf:
    """A fact is one of some values."""

    fact: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Between:
    """A number lies in a span, both ends included; None is open."""

    fact: str
    low: int | None
    high: int | None


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds; of no parts, always."""

    parts: tuple[Predicate, ...] = ()


@dataclass(frozen=True, slots=True)
class Some:
    """Some part holds."""

    parts: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold. What is not known of somebody is not so, hence its opposite holds."""

    part: Predicate


Predicate = OneOf | Between | All | Some | Not
ALWAYS = All()


# -- reading -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads predicates of one edition; ``defined`` are those that it names."""

    has: Has
    defined: Mapping[str, Predicate]

    def read(self, data: Any, *, source: Source, place: str) -> Predicate:
        """Return the predicate; raise ``InvalidValue`` with the place of what cannot be."""
        if data is None:
            return ALWAYS
        if not isinstance(data, dict):
            raise fault(place, f"ожидается условие вида «факт: значение», а стоит «{data}»")
        return _all([self._part(str(key), value, source, f"{place}, {key}") for key, value in data.items()])

    def _part(self, key: str, value: Any, source: Source, place: str) -> Predicate:
        match key:
            case "all" | "any":
                if not isinstance(value, list) or not value:
                    raise fault(place, "ожидается список условий")
                parts = [self.read(one, source=source, place=place) for one in value]
                return _all(parts) if key == "all" else Some(tuple(parts))
            case "not":
                return Not(self.read(value, source=source, place=place))
            case "is":
                names = value if isinstance(value, list) else [value]
                return _all([self._defined(str(name), source, place) for name in names])
        fact = FACTS.get(key)
        if fact is None:
            raise fault(place, f"факта «{key}» нет в словаре; есть: {', '.join(sorted(FACTS))}")
        if source not in fact.sources:
            raise fault(place, f"факт «{key}» не известен о том, что здесь считают ({source.value})")
        return self._comparison(fact, value, place)

    def _defined(self, name: str, source: Source, place: str) -> Predicate:
        if name not in self.defined:
            raise fault(place, f"условие «{name}» не определено в разделе define")
        predicate = self.defined[name]
        for fact in facts_of(predicate):
            if source not in FACTS[fact].sources:
                raise fault(place, f"условие «{name}» спрашивает о «{fact}», что здесь не известно")
        return predicate

    def _comparison(self, fact: Fact, value: Any, place: str) -> Predicate:
        if isinstance(value, dict):
            if set(value) == {"not"}:
                return Not(self._comparison(fact, value["not"], place))
            if fact.kind is Kind.NUMBER and value and set(value) <= {"from", "to"}:
                low, high = value.get("from"), value.get("to")
                if low is not None and high is not None and low > high:
                    raise fault(place, f"промежуток перевёрнут: от {low} до {high}")
                return Between(fact.name, low, high)
            raise fault(place, f"непонятное условие {value}")
        values = value if isinstance(value, list) else [value]
        return OneOf(fact.name, tuple(self._value(fact, one, place) for one in values))

    def _value(self, fact: Fact, value: Any, place: str) -> Any:
        match fact.kind:
            case Kind.FLAG:
                good = isinstance(value, bool)
            case Kind.NUMBER:
                good = isinstance(value, int) and not isinstance(value, bool)
            case _:
                good = isinstance(value, str) and (value == "" or self._knows(fact, value))
        if not good:
            raise fault(place, f"значения «{value}» у факта «{fact.name}» не бывает")
        return value

    def _knows(self, fact: Fact, code: str) -> bool:
        return self.has(fact.code_list, code) if fact.code_list else code in dict(fact.codes)


def fault(place: str, what: str) -> InvalidValue:
    """Return the refusal of an edition: where, what, and that the file is to be corrected."""
    return InvalidValue("reports.edition", f"{place}: {what}. Исправьте файл редакции.", place=place)


def _all(parts: list[Predicate]) -> Predicate:
    return parts[0] if len(parts) == 1 else All(tuple(parts))


# -- asking ------------------------------------------------------------------------------------


def facts_of(predicate: Predicate) -> set[str]:
    """Return the names of the facts that a predicate asks for."""
    return set(_facts(predicate))


def _facts(predicate: Predicate) -> Iterator[str]:
    match predicate:
        case OneOf(fact=fact) | Between(fact=fact):
            yield fact
        case Not(part=part):
            yield from _facts(part)
        case All(parts=parts) | Some(parts=parts):
            for part in parts:
                yield from _facts(part)


def awaited(predicate: Predicate, closed: Collection[str] = ()) -> str:
    """Return what must be collected before the predicate can be counted where fields are closed, "" when it can be."""
    found = (FACTS[name].awaited_where(closed) for name in sorted(facts_of(predicate)))
    return next((one for one in found if one), "")


def standing_in(predicate: Predicate, closed: Collection[str]) -> Predicate:
    """Return the predicate as it is asked where fields are closed: of a fact that has a stand-in, by the stand-in."""
    match predicate:
        case OneOf(fact=name, values=values):
            fact = FACTS[name]
            return OneOf(fact.stand_in, values) if fact.stand_in and fact.opens in closed else predicate
        case Between():
            return predicate
        case Not(part=part):
            return Not(standing_in(part, closed))
        case All(parts=parts):
            return All(tuple(standing_in(part, closed) for part in parts))
        case Some(parts=parts):
            return Some(tuple(standing_in(part, closed) for part in parts))


def holds(predicate: Predicate, facts: Facts) -> bool:
    """Say whether a predicate holds of one thing."""
    match predicate:
        case OneOf(fact=name, values=values):
            own = facts[name]
            if FACTS[name].kind is Kind.CODES:
                return any(one in values for one in own or ())
            return own in values
        case Between(fact=name, low=low, high=high):
            own = facts[name]
            return own is not None and (low is None or own >= low) and (high is None or own <= high)
        case Not(part=part):
            return not holds(part, facts)
        case All(parts=parts):
            return all(holds(part, facts) for part in parts)
        case Some(parts=parts):
            return any(holds(part, facts) for part in parts)


def sql(predicate: Predicate, parameters: list[Any]) -> str:
    """Write a predicate over columns named like the facts; its values are appended to ``parameters``."""
    match predicate:
        case OneOf(fact=name, values=values):
            parameters.append(list(values))
            return f"{name} && %s" if FACTS[name].kind is Kind.CODES else f"coalesce({name} = ANY(%s), false)"
        case Between(fact=name, low=low, high=high):
            parameters += [low, low, high, high]
            return f"({name} IS NOT NULL AND (%s::int IS NULL OR {name} >= %s) AND (%s::int IS NULL OR {name} <= %s))"
        case Not(part=part):
            return f"NOT {sql(part, parameters)}"
        case All(parts=()):
            return "true"
        case All(parts=parts):
            return "(" + " AND ".join(sql(part, parameters) for part in parts) + ")"
        case Some(parts=parts):
            return "(" + " OR ".join(sql(part, parameters) for part in parts) + ")"


# -- telling -----------------------------------------------------------------------------------


def told(predicate: Predicate, title_of: TitleOf) -> str:
    """Return the rule in plain Russian, for the tooltip of a cell; "" when it asks for nothing."""
    match predicate:
        case OneOf(fact=name, values=values):
            fact = FACTS[name]
            if fact.kind is Kind.FLAG:
                return _within(fact.title) if values == (True,) else f"не: {_within(fact.title)}"
            said = ", ".join(value_told(fact, one, title_of) for one in values)
            return f"{_within(fact.title)}: {said}"
        case Between(fact=name, low=low, high=high):
            title = _within(FACTS[name].title)
            if low is not None and high is not None:
                return f"{title}: от {low} до {high}"
            return f"{title}: {f'от {low}' if low is not None else f'до {high}'}"
        case Not(part=part):
            return f"кроме ({told(part, title_of)})"
        case All(parts=parts):
            return "; ".join(filter(None, (told(part, title_of) for part in parts)))
        case Some(parts=parts):
            return " или ".join(f"({told(part, title_of)})" for part in parts)


def _within(title: str) -> str:
    """Return a title as it stands within a sentence; ОВЗ stays ОВЗ."""
    return title if title[:2].isupper() else title[:1].lower() + title[1:]


def value_told(fact: Fact, value: Any, title_of: TitleOf) -> str:
    """Return a value of a fact in Russian."""
    if value is None or value == "":
        return "не указано"
    if fact.kind is Kind.FLAG:
        return "да" if value else "нет"
    if fact.code_list:
        return title_of(fact.code_list, value)
    return dict(fact.codes).get(value, str(value))
