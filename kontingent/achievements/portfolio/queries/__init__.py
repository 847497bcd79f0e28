"""Reading: achievements as people see them (``shown``), files of results on their way in (``contests``)."""

from kontingent.achievements.portfolio.queries import contests
from kontingent.achievements.portfolio.queries.shown import (
    PAGE,
    Attained,
    Line,
    Portfolio,
    attained,
    choices,
    decided,
    detached,
    inbox,
    may_decide,
    one,
    portfolio,
    scan,
    scans_kept_until,
    shown,
    told,
    waiting,
)

__all__ = [
    "PAGE",
    "Attained",
    "Line",
    "Portfolio",
    "attained",
    "choices",
    "contests",
    "decided",
    "detached",
    "inbox",
    "may_decide",
    "one",
    "portfolio",
    "scan",
    "scans_kept_until",
    "shown",
    "told",
    "waiting",
]
