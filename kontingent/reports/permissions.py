"""What an actor may do with statistics."""

from enum import StrEnum


class ReportPermission(StrEnum):
    """Permissions of the room. To open a number into its children asks for the right to see persons besides."""

    VIEW = "report.view"
    PREPARE = "report.prepare"
    SIGN = "report.sign"
    ACCEPT = "report.accept"
    FREEZE = "report.freeze"
