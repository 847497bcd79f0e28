"""What an actor may do with performance."""

from enum import StrEnum


class PerformancePermission(StrEnum):
    """Permissions of the room. ``DELIVER`` is a journal's; people have the others."""

    VIEW = "performance.view"
    DELIVER = "performance.deliver"
    DECIDE = "performance.decide"
    NAME_CLASSES = "performance.classes"
    SET_PERIODS = "performance.periods"
    MANAGE_JOURNALS = "performance.journals"
    DESTROY = "performance.destroy"
