"""Codes that rules branch on; their titles are in the code lists."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class ExamForm(StrEnum):
    """Code list ``exam_form``: an exam, or what admits to exams."""

    OGE = "oge"
    GVE_9 = "gve9"
    EGE = "ege"
    GVE_11 = "gve11"
    INTERVIEW = "interview"
    ESSAY = "essay"
    EXPOSITION = "exposition"


#: Exams after the ninth grade and after the last one; what admits to each.
BASIC_EXAMS: Final = frozenset({ExamForm.OGE, ExamForm.GVE_9})
SECONDARY_EXAMS: Final = frozenset({ExamForm.EGE, ExamForm.GVE_11})
ADMISSIONS: Final = frozenset({ExamForm.INTERVIEW, ExamForm.ESSAY, ExamForm.EXPOSITION})

RUSSIAN, RUSSIAN_GVE = "1", "51"
MATHEMATICS, MATHEMATICS_BASE, MATHEMATICS_GVE = "2", "22", "52"
#: What an admission is about, where the file does not say it.
SUBJECT_OF_ADMISSION: Final = {
    ExamForm.INTERVIEW: "70",
    ExamForm.ESSAY: "20",
    ExamForm.EXPOSITION: "21",
}


class ExamStatus(StrEnum):
    """Code list ``exam_status``."""

    VALID = "valid"
    RETAKE = "retake"
    ANNULLED = "annulled"
    EXCUSED = "excused"
    ABSENT = "absent"
    REMOVED = "removed"


class DocumentKind(StrEnum):
    """Code list ``education_document``."""

    BASIC = "12"
    SECONDARY = "11"
    VOCATIONAL = "21"
    STUDIES = "41"
    REFERENCE = "4"


#: Paper that a school makes and numbers itself; the others are blanks, whose number is one wherever they are issued.
OWN_PAPER: Final = (DocumentKind.REFERENCE, DocumentKind.STUDIES)
#: Adaptation of a programme (code list ``programme_adaptation``) whose learners are given a certificate of studies.
INTELLECTUAL: Final = frozenset({"209", "210", "214"})
#: The one of them that is taught without marks.
WITHOUT_MARKS: Final = "210"


class DocumentForm(StrEnum):
    """Whether a document is the first one or takes the place of another."""

    ORIGINAL = "original"
    DUPLICATE = "duplicate"


class DocumentState(StrEnum):
    """Code list ``document_state``."""

    ACTIVE = "active"
    LOST = "lost"
    EXCHANGED = "exchanged"
    DESTROYED = "destroyed"
    ANNULLED = "annulled"


class DeliveryKind(StrEnum):
    """What a file brings."""

    RESULTS = "results"
    DOCUMENTS = "documents"


class Word(StrEnum):
    """Closing marks that are no numbers, as performance keeps them."""

    PASSED = "зач"
    FAILED = "незач"
    EXEMPT = "осв"
    NOT_ATTESTED = "н/а"


DEBTS: Final = frozenset({"1", "2", Word.FAILED.value, Word.NOT_ATTESTED.value})
