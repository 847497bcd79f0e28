"""What may be allowed in this room."""

from enum import StrEnum


class CasePermission(StrEnum):
    """``VIEW`` shows cases, ``WORK`` keeps their history and closes them, ``RULES`` makes editions of the rules."""

    VIEW = "case.view"
    WORK = "case.work"
    RULES = "case.rules"
