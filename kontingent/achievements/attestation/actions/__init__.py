"""Writing: files of results and documents, the issue of documents, duplicates and what became of a document.

``taking``   what the rows of a file mean: judged by set and written; ``INTAKE`` is the way of such files in
``marks``    closing marks that the journal lacks are brought with a document
``issuing``  final marks become a document, a duplicate takes its place
"""

from kontingent.achievements.attestation.actions.issuing import (
    REASONS,
    Issue,
    issue,
    issue_duplicate,
    set_state,
)
from kontingent.achievements.attestation.actions.marks import (
    CONVERTED,
    Basis,
    MarkCell,
    MarksKept,
    bring,
    bring_course,
    overrule,
    take_back,
)
from kontingent.achievements.attestation.actions.taking import INTAKE

__all__ = [
    "CONVERTED",
    "INTAKE",
    "REASONS",
    "Basis",
    "Issue",
    "MarkCell",
    "MarksKept",
    "bring",
    "bring_course",
    "issue",
    "issue_duplicate",
    "overrule",
    "set_state",
    "take_back",
]
