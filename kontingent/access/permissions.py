"""What an actor may do with access itself."""

from enum import StrEnum


class AccessPermission(StrEnum):
    """Permissions of the room."""

    APPOINT = "access.appoint"
    EMERGENCY = "access.emergency"
    REVIEW = "access.review"
    JOURNAL = "access.journal"
    OWN_FAMILY = "access.family"
