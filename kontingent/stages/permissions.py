"""What an actor may do with stages. Which data are kept, and why, everybody may know."""

from enum import StrEnum


class StagePermission(StrEnum):
    """Permissions of the room."""

    VIEW = "stage.view"
    MANAGE = "stage.manage"
