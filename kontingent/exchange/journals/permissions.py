"""What may be allowed in this room; delivering itself is ``performance``'s."""

from enum import StrEnum


class SourcePermission(StrEnum):
    """``VIEW`` shows the sources of one's place and how they fare; ``MANAGE`` makes, changes and runs them."""

    VIEW = "sources.view"
    MANAGE = "sources.manage"
