"""Writing: what families propose and schools decide, scans, files of results.

``deciding``  an achievement is proposed, accepted, entered, corrected, verified, revoked; scans come and go
``contests``  a file of results comes in, is judged by set, applied, undone
"""

from kontingent.achievements.portfolio.actions import contests
from kontingent.achievements.portfolio.actions.deciding import (
    LARGEST_TEAM,
    MOST_PROPOSALS,
    MOST_SCANS,
    accept,
    attach,
    correct,
    detach,
    enter,
    facts_of,
    propose,
    refuse,
    revoke,
    sweep,
    verify,
    withdraw,
)

__all__ = [
    "LARGEST_TEAM",
    "MOST_PROPOSALS",
    "MOST_SCANS",
    "accept",
    "attach",
    "contests",
    "correct",
    "detach",
    "enter",
    "facts_of",
    "propose",
    "refuse",
    "revoke",
    "sweep",
    "verify",
    "withdraw",
]
