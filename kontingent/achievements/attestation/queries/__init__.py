"""Reading: results of a learner, a class, a school; what a graduate's document would say; documents and their book; files.

``results``     exams as they stand and as they stood
``graduation``  a graduating class with every step of every final mark
``marks``       closing marks of such a class as somebody completes them
``documents``   the register of education documents
``deliveries``  files on their way in
"""

from kontingent.achievements.attestation.queries.deliveries import FILES, deliveries, delivery, may_bring
from kontingent.achievements.attestation.queries.documents import (
    BookRow,
    DocumentCard,
    book,
    document,
    lines_of,
    next_registration,
    own_documents,
    registered,
    supplement,
    years_of,
)
from kontingent.achievements.attestation.queries.graduation import (
    ClassRow,
    Graduate,
    Graduation,
    graduating_classes,
    graduation,
    note_printed,
    outcomes_of,
)
from kontingent.achievements.attestation.queries.marks import (
    MarkRow,
    MarkSheet,
    Place,
    former_marks,
    mark_sheet,
    slot_of,
)
from kontingent.achievements.attestation.queries.results import (
    By,
    LearnerResults,
    ResultRow,
    SummaryRow,
    may_look,
    of_class,
    of_learner,
    own_results,
    summary,
    years,
)

__all__ = [
    "FILES",
    "BookRow",
    "By",
    "ClassRow",
    "DocumentCard",
    "Graduate",
    "Graduation",
    "LearnerResults",
    "MarkRow",
    "MarkSheet",
    "Place",
    "ResultRow",
    "SummaryRow",
    "book",
    "deliveries",
    "delivery",
    "document",
    "former_marks",
    "graduating_classes",
    "graduation",
    "lines_of",
    "mark_sheet",
    "may_bring",
    "may_look",
    "next_registration",
    "note_printed",
    "of_class",
    "of_learner",
    "outcomes_of",
    "own_documents",
    "own_results",
    "registered",
    "slot_of",
    "summary",
    "supplement",
    "years",
    "years_of",
]
