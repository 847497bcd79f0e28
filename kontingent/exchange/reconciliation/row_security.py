"""Whose discrepancies: the school's and whoever watches over it. What names no school is seen by the region alone."""

from kontingent.exchange.reconciliation.permissions import ReconciliationPermission
from kontingent.storage.row_security import Rule, holds, in_scope, not_personal

RULES = (
    Rule(
        model="reconciliation.Discrepancy", about="ученики, о которых журнал и реестр не согласны",
        reads=f"{holds(ReconciliationPermission.VIEW.value)} AND {in_scope()}",
        writes=f"{holds(ReconciliationPermission.RESOLVE.value)} AND {in_scope()}",
    ),
    not_personal("reconciliation.Pulse", "как поспевает журнал школы: числа и дни"),
)  # fmt: skip
