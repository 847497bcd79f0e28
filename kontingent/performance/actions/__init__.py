"""Writing: connecting journals, saying study periods, taking their records in, deciding on late corrections, making and destroying years."""

from kontingent.performance.actions.journals import (
    connect_journal,
    map_subject,
    name_class,
    open_history,
)
from kontingent.performance.actions.late import decide_late
from kontingent.performance.actions.periods import set_periods
from kontingent.performance.actions.taking import (
    Delivery,
    Span,
    Taken,
    still_stands,
    take_copied,
    take_staged,
)
from kontingent.performance.actions.years import Expired, destroy_expired, expired, make_years, tell_expired
from kontingent.performance.periods import GradingPeriodDraft

__all__ = [
    "Delivery",
    "Expired",
    "GradingPeriodDraft",
    "Span",
    "Taken",
    "connect_journal",
    "decide_late",
    "destroy_expired",
    "expired",
    "make_years",
    "map_subject",
    "name_class",
    "open_history",
    "set_periods",
    "still_stands",
    "take_copied",
    "take_staged",
    "tell_expired",
]
