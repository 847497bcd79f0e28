"""Facts that change in time without an order: how an amendment reshapes their periods.

A timeline is a list of spans that do not overlap; where there is none, the facts are blank. Used for the conditions of
a learner's studies and for the attributes of a class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Generic, NamedTuple, TypeVar

#: Any NamedTuple of facts.
Facts = TypeVar("Facts", bound=tuple[Any, ...])


class Span(NamedTuple, Generic[Facts]):
    """Facts that hold in the half-open period ``[starts_on, ends_on)``."""

    starts_on: date
    ends_on: date | None
    facts: Facts

    def holds(self, day: date) -> bool:
        """Say whether the day is inside."""
        return self.starts_on <= day and (self.ends_on is None or day < self.ends_on)


def at(spans: Sequence[Span[Facts]], day: date, blank: Facts) -> Facts:
    """Return the facts of a day."""
    return next((span.facts for span in spans if span.holds(day)), blank)


def amend(
    spans: Sequence[Span[Facts]], *, since: date, changes: Mapping[str, Any], blank: Facts
) -> list[Span[Facts]]:
    """Return the timeline in which ``changes`` hold from ``since`` on.

    Each changed fact holds until the next day on which it was recorded to change: entering in December what has been so
    since September leaves alone what was entered for October on purpose.
    """
    whole = _cut(_filled(spans, since, blank), since)
    before, after = [s for s in whole if s.starts_on < since], [s for s in whole if s.starts_on >= since]
    for name, value in changes.items():
        was = getattr(after[0].facts, name)
        for index, span in enumerate(after):
            if getattr(span.facts, name) != was:
                break
            after[index] = span._replace(facts=_with(span.facts, name, value))
    return _joined([*before, *after], blank)


def _with(facts: Facts, name: str, value: Any) -> Facts:
    return facts._replace(**{name: value})  # type: ignore[attr-defined,no-any-return]


def _filled(spans: Sequence[Span[Facts]], since: date, blank: Facts) -> list[Span[Facts]]:
    """Fill the gaps with blank spans, from the earliest day that matters to the end of time."""
    filled: list[Span[Facts]] = []
    day: date | None = min([since, *(span.starts_on for span in spans)])
    for span in sorted(spans, key=lambda s: s.starts_on):
        if day is not None and day < span.starts_on:
            filled.append(Span(day, span.starts_on, blank))
        filled.append(span)
        day = span.ends_on
    if day is not None:
        filled.append(Span(day, None, blank))
    return filled


def _cut(spans: Sequence[Span[Facts]], day: date) -> list[Span[Facts]]:
    """Cut the span in which the day lies, so that one starts on it."""
    cut: list[Span[Facts]] = []
    for span in spans:
        if span.starts_on < day and span.holds(day):
            cut += [span._replace(ends_on=day), span._replace(starts_on=day)]
        else:
            cut.append(span)
    return cut


def _joined(spans: Sequence[Span[Facts]], blank: Facts) -> list[Span[Facts]]:
    """Join neighbours that say the same and leave out what says nothing."""
    joined: list[Span[Facts]] = []
    for span in spans:
        if joined and joined[-1].ends_on == span.starts_on and joined[-1].facts == span.facts:
            joined[-1] = joined[-1]._replace(ends_on=span.ends_on)
        else:
            joined.append(span)
    return [span for span in joined if span.facts != blank]
