"""What an actor may do with the special categories: nothing of it follows from any other permission."""

from enum import StrEnum


class HealthPermission(StrEnum):
    """Permissions of the room."""

    VIEW = "health.view"
    EDIT = "health.edit"
