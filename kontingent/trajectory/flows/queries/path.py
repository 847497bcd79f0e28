"""The path of one learner, read from a card that has already been opened."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from kontingent.codelists import queries as codelists
from kontingent.enrolment.codes import SECONDARY, VOCATIONAL, MovementKind
from kontingent.enrolment.queries import EnrolmentPart
from kontingent.trajectory.flows.codes import COUNTED
from kontingent.trajectory.flows.rules import Gap, Stay, gaps

#: Programmes after which nobody has to enter another.
_FINISHING = {SECONDARY} | VOCATIONAL


class Path(NamedTuple):
    """From kindergarten to diploma: stays and gaps, and both as rows in the order of days."""

    stays: list[Stay]
    gaps: list[Gap]
    rows: list[Stay | Gap]


def of(parts: Sequence[EnrolmentPart], today: date) -> Path:
    """Return the path of a card's enrolments; one of no day is left out."""
    stays = [_stay(part) for part in parts if part.enrolment.starts_on != part.enrolment.ends_on]
    between = gaps(stays, today)
    rows: list[Stay | Gap] = sorted([*stays, *between], key=lambda one: (one.starts_on, isinstance(one, Gap)))
    return Path(stays, between, rows)


def _stay(part: EnrolmentPart) -> Stay:
    one = part.enrolment
    places = sorted(part.placements, key=lambda place: place.starts_on)
    groups = [place.group.title for place in places if place.group is not None]
    titles = groups[:1] + groups[-1:] if len(groups) > 1 else groups
    level = codelists.title("education_programme", one.level_code)
    classes = " → ".join(dict.fromkeys(titles))
    finished = one.leaving_kind == MovementKind.GRADUATION and one.level_code in _FINISHING
    # The programme of the last placement tells how far somebody who began in grade 1 has come.
    last = places[-1].programme_kind_code if places else one.level_code
    return Stay(
        one.starts_on, one.ends_on, one.level_code in COUNTED, one.level_code, part.organisation.short_name,
        f"{level}{f', {classes}' if classes else ''}",
        finished or (one.leaving_kind == MovementKind.GRADUATION and last in _FINISHING),
    )  # fmt: skip
