"""What an exam is called where people read it: the form once, the subject as an exam of this form has it."""

from __future__ import annotations

from typing import Final

from kontingent.achievements.attestation.codes import (
    ADMISSIONS,
    MATHEMATICS,
    MATHEMATICS_BASE,
    MATHEMATICS_GVE,
    RUSSIAN_GVE,
    ExamForm,
)

#: Levels («базовая», «профильная») belong to mathematics of ЕГЭ alone; files of ОГЭ name it by the same code.
_LEVELLED: Final = frozenset({MATHEMATICS, MATHEMATICS_BASE})
#: Subjects whose title says the form again.
_SAYS_FORM: Final = frozenset({RUSSIAN_GVE, MATHEMATICS_GVE})


def subject_title(form: str, subject_code: str, title: str) -> str:
    """Return what a subject of the code list is called among exams of a form."""
    if subject_code in _SAYS_FORM or (subject_code in _LEVELLED and form != ExamForm.EGE):
        return title.partition(" (")[0]
    return title


def exam_title(form: str, form_title: str, subject_code: str, title: str) -> str:
    """Return form and subject as one: «ОГЭ: математика»; what admits to exams has one subject and is called by its form."""
    return (
        form_title
        if form in ADMISSIONS
        else f"{form_title}: {subject_title(form, subject_code, title).lower()}"
    )
