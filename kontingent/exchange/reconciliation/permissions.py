"""What may be allowed in this room."""

from enum import StrEnum


class ReconciliationPermission(StrEnum):
    """``VIEW`` shows what does not agree, ``RESOLVE`` says what is meant or that it is no discrepancy."""

    VIEW = "reconciliation.view"
    RESOLVE = "reconciliation.resolve"
