"""What an actor may do with exam results and education documents."""

from enum import StrEnum


class AttestationPermission(StrEnum):
    """Permissions of the room; ``stages/fields.toml`` names the same."""

    VIEW_EXAMS = "exam.view"
    IMPORT_EXAMS = "exam.import"
    VIEW_DOCUMENTS = "education_document.view"
    ISSUE = "education_document.issue"
