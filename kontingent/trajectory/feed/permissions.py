"""What an actor may do with the feed."""

from enum import StrEnum


class FeedPermission(StrEnum):
    """Permissions of the room, stored by value."""

    FOLLOW = "feed.follow"
    FOREIGN_MINORS = "feed.foreign_minors"
    #: How the feed works and which systems follow it, of any reach: numbers and names of systems, no change itself.
    WATCH = "feed.watch"
