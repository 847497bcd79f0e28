"""Who brings which files, and what must be open for it."""

from typing import Final

from kontingent.achievements.attestation.codes import DeliveryKind
from kontingent.achievements.attestation.permissions import AttestationPermission

#: The permission, and the field of ``stages/fields.toml``.
NEEDS: Final = {
    DeliveryKind.RESULTS: (AttestationPermission.IMPORT_EXAMS, "exam"),
    DeliveryKind.DOCUMENTS: (AttestationPermission.ISSUE, "education_document"),
}
TOLD: Final = {
    DeliveryKind.RESULTS: "результаты экзаменов",
    DeliveryKind.DOCUMENTS: "документы об образовании",
}
