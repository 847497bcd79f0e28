"""A question is the family's that asked it and theirs who answer for the organisation that looked."""

from kontingent.audit.permissions import AuditPermission
from kontingent.privacy.permissions import PrivacyPermission
from kontingent.storage.row_security import Rule, holds, in_scope

_ASKED = "{t}.asked_by = (SELECT scope.actor())"
_ANSWERS = f"{holds(PrivacyPermission.ANSWER.value)} AND ({in_scope()} OR {holds(AuditPermission.READ_JOURNAL.value)})"

RULES: tuple[Rule, ...] = (
    Rule(
        model="privacy.Question",
        about="кто спросил и о чьих данных",
        reads=f"{_ASKED} OR ({_ANSWERS})",
        adds=f"{_ASKED} AND scope.sees({{t}}.person_id)",
        writes=_ANSWERS,
    ),
)
