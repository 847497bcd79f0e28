"""What an actor may do with the contingent."""

from enum import StrEnum


class EnrolmentPermission(StrEnum):
    """Permissions of the room, stored by value."""

    VIEW = "enrolment.view"
    COUNT = "enrolment.count"
    MANAGE_GROUPS = "enrolment.groups"
    CONDITIONS = "enrolment.conditions"
    DRAFT_ORDER = "enrolment.draft"
    SIGN_ORDER = "enrolment.sign"
    CANCEL_ORDER = "enrolment.cancel"
