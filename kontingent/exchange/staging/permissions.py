"""What an actor may do with imports."""

from enum import StrEnum


class StagingPermission(StrEnum):
    """Permissions of the import."""

    IMPORT = "import.run"
    APPLY = "import.apply"
    UNDO = "import.undo"
