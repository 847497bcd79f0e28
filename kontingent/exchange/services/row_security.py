"""A certificate belongs to its organisation and to the family that it is about; numbers are nobody's data."""

from kontingent.exchange.services.permissions import CertificatePermission
from kontingent.storage.row_security import Rule, holds, in_scope, not_personal

_OWN = "{t}.person_id = ANY((SELECT scope.family())::uuid[])"
_VIEWS = f"({holds(CertificatePermission.VIEW.value)} AND {in_scope()})"
_ISSUES = f"({holds(CertificatePermission.ISSUE.value)} AND {in_scope()})"

RULES: tuple[Rule, ...] = (
    Rule(
        model="services.Certificate", about="справки об обучении: о ком, что в них сказано, отозваны ли",
        reads=f"{_OWN} OR {_VIEWS} OR {_ISSUES}", adds=f"{_OWN} OR {_ISSUES}", writes=_ISSUES,
    ),
    not_personal("services.Series", "сколько справок выдала организация за год"),
)  # fmt: skip
