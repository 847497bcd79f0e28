"""Writing: files of results and documents, the issue of documents, duplicates and what became of a document.

``deliveries``  a file comes in and is checked
``taking``      its rows are judged by set and written
``issuing``     final marks become a document, a duplicate takes its place
"""

from kontingent.achievements.attestation.actions.deliveries import (
    begin,
    claim,
    fail,
    give_back,
    receive,
    refuse,
    stage,
)
from kontingent.achievements.attestation.actions.issuing import (
    REASONS,
    Issue,
    issue,
    issue_duplicate,
    set_state,
)
from kontingent.achievements.attestation.actions.taking import apply, judge

__all__ = [
    "REASONS",
    "Issue",
    "apply",
    "begin",
    "claim",
    "fail",
    "give_back",
    "issue",
    "issue_duplicate",
    "judge",
    "receive",
    "refuse",
    "set_state",
    "stage",
]
