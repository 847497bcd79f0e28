"""What an actor may do with the journal."""

from enum import StrEnum


class AuditPermission(StrEnum):
    """Permissions of the room."""

    READ_JOURNAL = "access.journal"
