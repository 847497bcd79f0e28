"""Amending a timeline, compared day by day with the plainest possible model."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kontingent.enrolment.rules import timeline
from kontingent.enrolment.rules.timeline import Span

FIRST = date(2026, 9, 1)
DAYS = [FIRST + timedelta(days=n) for n in range(30)]


class Facts(NamedTuple):
    meals: str = ""
    language: str = ""


BLANK = Facts()
#: The machine may be busy: that is no fault of what is tested.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
amendments = st.lists(
    st.tuples(
        st.integers(0, 24),
        st.dictionaries(st.sampled_from(Facts._fields), st.sampled_from(["", "а", "б"]), min_size=1),
    ),
    max_size=8,
)


def by_days(amended: list[tuple[int, dict[str, str]]]) -> list[Facts]:
    days = [BLANK] * len(DAYS)
    for since, changes in amended:
        for name, value in changes.items():
            was = getattr(days[since], name)
            for index in range(since, len(days)):
                if getattr(days[index], name) != was:
                    break
                days[index] = days[index]._replace(**{name: value})
    return days


@patient
@given(amendments)
def test_every_day_is_as_in_the_plain_model(amended: list[tuple[int, dict[str, str]]]) -> None:
    spans: list[Span[Facts]] = []
    for since, changes in amended:
        spans = timeline.amend(spans, since=DAYS[since], changes=changes, blank=BLANK)
    assert [timeline.at(spans, day, BLANK) for day in DAYS] == by_days(amended)


@patient
@given(amendments)
def test_spans_are_few_ordered_and_say_something(amended: list[tuple[int, dict[str, str]]]) -> None:
    spans: list[Span[Facts]] = []
    for since, changes in amended:
        spans = timeline.amend(spans, since=DAYS[since], changes=changes, blank=BLANK)
    assert BLANK not in [span.facts for span in spans]
    for one, following in pairwise(spans):
        assert one.ends_on is not None
        assert one.starts_on < one.ends_on <= following.starts_on
        assert one.ends_on < following.starts_on or one.facts != following.facts


def test_what_was_entered_for_later_on_purpose_stays() -> None:
    october = [Span(date(2026, 10, 1), None, Facts(meals="оба"))]
    spans = timeline.amend(october, since=FIRST, changes={"meals": "завтрак"}, blank=BLANK)
    assert spans == [
        Span(FIRST, date(2026, 10, 1), Facts(meals="завтрак")),
        Span(date(2026, 10, 1), None, Facts(meals="оба")),
    ]


def test_a_correction_of_one_fact_reaches_over_changes_of_others() -> None:
    spans = [
        Span(FIRST, date(2026, 10, 1), Facts("завтрак", "")),
        Span(date(2026, 10, 1), None, Facts("оба", "")),
    ]
    spans = timeline.amend(spans, since=FIRST, changes={"language": "eng"}, blank=BLANK)
    assert [span.facts.language for span in spans] == ["eng", "eng"]
