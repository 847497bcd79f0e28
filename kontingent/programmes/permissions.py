"""What an actor may do with programmes."""

from enum import StrEnum


class ProgrammePermission(StrEnum):
    """Permissions of the room."""

    MANAGE = "programme.manage"
