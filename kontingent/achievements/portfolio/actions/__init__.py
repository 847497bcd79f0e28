"""Writing: what families propose and schools decide, scans, files of results.

``deciding``  an achievement is proposed, accepted, entered, corrected, verified, revoked
``scans``     supporting documents come and go
``contests``  a file of results comes in, is judged by set, applied, undone
"""

from kontingent.achievements.portfolio.actions import contests
from kontingent.achievements.portfolio.actions.deciding import (
    LARGEST_TEAM,
    MOST_PROPOSALS,
    accept,
    correct,
    enter,
    facts_of,
    propose,
    refuse,
    revoke,
    verify,
    withdraw,
)
from kontingent.achievements.portfolio.actions.scans import (
    MOST_SCANS,
    attach,
    destroy,
    detach,
    due_scans,
    remove_strays,
    tell_strays,
)

__all__ = [
    "LARGEST_TEAM",
    "MOST_PROPOSALS",
    "MOST_SCANS",
    "accept",
    "attach",
    "contests",
    "correct",
    "destroy",
    "detach",
    "due_scans",
    "enter",
    "facts_of",
    "propose",
    "refuse",
    "remove_strays",
    "revoke",
    "tell_strays",
    "verify",
    "withdraw",
]
