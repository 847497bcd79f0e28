"""What an actor may do with the special categories: nothing of it follows from any other permission."""

from enum import StrEnum


class HealthPermission(StrEnum):
    """Permissions of the room."""

    VIEW = "health.view"
    EDIT = "health.edit"
    #: Of the system alone: encrypting anew goes on where the stage has been closed, too. It shows nothing on any page.
    KEYS = "health.keys"
